// Operators that ONNX had in its first years and dropped; files of that time still have them.

import type { HostTensor } from "../../dtype.ts";
import type { GraphNode } from "../../graph/graph.ts";
import { integersAttribute, refuse, type Upgrade, withAttributes } from "./context.ts";
import { Rewriting } from "./rewriting.ts";

function numberAttribute(node: GraphNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  return typeof value === "number" ? value : fallback;
}

/** y = alpha * x + beta */
const Affine: Upgrade = (node, context) => {
  const rewriting = new Rewriting(node, context);
  const scaled = rewriting.op("Mul", [node.inputs[0], rewriting.float(numberAttribute(node, "alpha", 1))]);
  rewriting.op("Add", [scaled, rewriting.float(numberAttribute(node, "beta", 0))], {}, node.outputs[0]);
  return rewriting.nodes;
};

/** y = scale * x */
const Scale: Upgrade = (node, context) => {
  const rewriting = new Rewriting(node, context);
  rewriting.op("Mul", [node.inputs[0], rewriting.float(numberAttribute(node, "scale", 1))], {}, node.outputs[0]);
  return rewriting.nodes;
};

/** y = alpha * tanh(beta * x) */
const ScaledTanh: Upgrade = (node, context) => {
  const rewriting = new Rewriting(node, context);
  const inner = rewriting.op("Mul", [node.inputs[0], rewriting.float(numberAttribute(node, "beta", 1))]);
  const tanh = rewriting.op("Tanh", [inner]);
  rewriting.op("Mul", [tanh, rewriting.float(numberAttribute(node, "alpha", 1))], {}, node.outputs[0]);
  return rewriting.nodes;
};

/** y = scale * x + bias, with one bias a channel. x [N, C, H, W] */
const ImageScaler: Upgrade = (node, context) => {
  const rewriting = new Rewriting(node, context);
  const biases = node.attributes["bias"];
  const data = Float32Array.from(Array.isArray(biases) ? (biases as number[]) : [0]);
  const bias: HostTensor = { type: "float32", shape: [data.length, 1, 1], data };
  const scaled = rewriting.op("Mul", [node.inputs[0], rewriting.float(numberAttribute(node, "scale", 1))]);
  rewriting.op("Add", [scaled, context.add(`${node.outputs[0]}:bias`, bias)], {}, node.outputs[0]);
  return rewriting.nodes;
};

/** Cuts `border` [left, top, right, bottom] off x [N, C, H, W]; with `scale` [height, width] that size from the corner. */
const Crop: Upgrade = (node, context) => {
  const [left, top, right, bottom] = integersAttribute(node, "border") ?? [0, 0, 0, 0];
  const size = integersAttribute(node, "scale");
  const end = (cut: number) => (cut > 0 ? -cut : Number.MAX_SAFE_INTEGER);
  const ends = size ? [top + size[0], left + size[1]] : [end(bottom), end(right)];
  const rewriting = new Rewriting(node, context);
  const bounds = [rewriting.integers(top, left), rewriting.integers(...ends), rewriting.integers(2, 3)];
  rewriting.op("Slice", [node.inputs[0], ...bounds], {}, node.outputs[0]);
  return rewriting.nodes;
};

/** A tensor of one value, of a shape that an attribute or the input gives. */
const ConstantFill: Upgrade = (node, context) => {
  if (numberAttribute(node, "dtype", 1) !== 1) refuse(node, "types other than float32 are not supported");
  if (integersAttribute(node, "extra_shape")) refuse(node, "extra_shape is not supported");
  const rewriting = new Rewriting(node, context);
  const [input] = node.inputs;
  let shape = rewriting.integers(...(integersAttribute(node, "shape") ?? []));
  if (input) shape = numberAttribute(node, "input_as_shape", 0) ? input : rewriting.op("Shape", [input]);
  const value: HostTensor = { type: "float32", shape: [1], data: Float32Array.of(numberAttribute(node, "value", 0)) };
  rewriting.op("ConstantOfShape", [shape], { value }, node.outputs[0]);
  return rewriting.nodes;
};

/** alpha * ln(1 + exp(beta * x)) is Softplus where both are 1. */
const ParametricSoftplus: Upgrade = (node) => {
  const factors = [numberAttribute(node, "alpha", 1), numberAttribute(node, "beta", 1)];
  if (factors.some((factor) => factor !== 1)) refuse(node, "alpha and beta other than 1 are not supported");
  return [{ ...withAttributes(node, { alpha: undefined, beta: undefined }), op: "Softplus" }];
};

export const EXPERIMENTAL = {
  Affine,
  ConstantFill,
  Crop,
  ImageScaler,
  ParametricSoftplus,
  Scale,
  ScaledTanh,
};
