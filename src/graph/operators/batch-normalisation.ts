import { expected, ShapeError } from "../../errors.ts";
import { prepareBatchNorm } from "../../ops/batch-norm.ts";
import { elementCount, formatShape, type Shape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { FLOATS, floatKernel, typedInput } from "./types.ts";

/** By given statistics, as after training: y = (x - mean) / sqrt(variance + epsilon) * scale + bias for each channel. */
const BatchNormalization: Operator = {
  infer(node) {
    for (let i = 1; i < 5; i++) node.input(i);
    const { type, shape } = typedInput(node, 0, FLOATS);
    if (node.number("training_mode", 0)) throw node.unsupported("training mode is not supported");
    if (node.number("spatial", 1) !== 1) throw node.unsupported("statistics for each place are not supported");
    // Without training the others would only repeat inputs.
    if (node.node.outputs.slice(1).some((name) => name))
      throw node.unsupported("more than one output is not supported");
    const [channels] = channelsOf(node, shape);
    for (const [i, name] of ["scale", "bias", "mean", "variance"].entries()) checkVector(node, i + 1, name, channels);
    return [{ type, shape }];
  },
  lower(node) {
    const { shape } = node.input(0);
    const [C, inner] = channelsOf(node, shape);
    const outer = shape.length > 1 ? shape[0] : 1;
    const prepare = () => prepareBatchNorm([outer, C, inner], [C, 1], node.number("epsilon", 1e-5));
    return floatKernel(node, [0, 1, 2, 3, 4], prepare);
  },
};

/** Channels, and elements behind each; a vector is one channel, as is the batch of a vector's elements. */
function channelsOf(node: NodeView, shape: Shape): [C: number, inner: number] {
  if (shape.length === 0) throw new ShapeError(expected(node.where, "input 0", "a batch of rank 1 or more", "[]"));
  return shape.length === 1 ? [1, shape[0]] : [shape[1], elementCount(shape.slice(2))];
}

/** Throws unless an input is a vector of so many floats. */
export function checkVector(node: NodeView, index: number, name: string, length: number): void {
  const { shape } = typedInput(node, index, FLOATS);
  if (shape.length === 1 && shape[0] === length) return;
  throw new ShapeError(expected(node.where, name, `shape [${length}]`, formatShape(shape)));
}

export const BATCH_NORMALISATION = { BatchNormalization };
