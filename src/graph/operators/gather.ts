import { allocate, bytesPerElement, type HostTensor, toIntegers } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import { gatherMovement, gatherShape, indexError, outsideIndex, prepareGather } from "../../ops/gather.ts";
import { elementCount, type Shape } from "../../shape.ts";
import { lowerMovement } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { axisOf } from "./movement.ts";

/** Inputs x and indices of any shape: y is x with `axis` replaced by the axes of the indices. */
const Gather: Operator = {
  infer(node) {
    const { x, axis, indices } = gathering(node);
    const known = node.constant(1);
    if (known) checkIndices(node, known, x.shape[axis]);
    return [{ type: x.type, shape: gatherShape(x.shape, axis, indices.shape) }];
  },
  lower(node) {
    const { x, axis, indices } = gathering(node);
    if (bytesPerElement(x.type) !== 4) return undefined;
    const known = node.constant(1);
    const movement = known && gatherMovement(x.shape, axis, toIntegers(known), indices.shape);
    if (movement) return lowerMovement(node, movement);
    const type = indices.type as "int32" | "int64";
    return { prepared: prepareGather(node.where, x.shape, axis, indices.shape, type), inputs: [0, 1] };
  },
  evaluate(node, inputs) {
    const [x, indices] = inputs as [HostTensor, HostTensor];
    const { axis } = gathering(node);
    return [gatherOnHost(x, axis, checkIndices(node, indices, x.shape[axis]), indices.shape)];
  },
};

function gathering(node: NodeView) {
  const x = node.input(0);
  return { x, axis: axisOf(node, 0, x.shape.length), indices: indexInput(node, 1) };
}

/** The lines of x that the indices, counted from the front, name. */
export function gatherOnHost(x: HostTensor, axis: number, indices: readonly number[], indicesShape: Shape): HostTensor {
  const shape = gatherShape(x.shape, axis, indicesShape);
  const inner = elementCount(x.shape.slice(axis + 1));
  const line = x.shape[axis] * inner;
  const data = allocate(x.type, elementCount(shape));
  let to = 0;
  for (let start = 0; start < x.data.length; start += line) {
    for (const index of indices) {
      const from = start + index * inner;
      data.set(x.data.subarray(from, from + inner) as never, to);
      to += inner;
    }
  }
  return { type: x.type, shape, data };
}

/** The type of an input of integers. */
export function indexInput(node: NodeView, index: number) {
  const indices = node.input(index);
  if (indices.type !== "int32" && indices.type !== "int64") {
    throw new ArgumentError(expected(node.where, "indices", "type int32 or int64", indices.type));
  }
  return indices;
}

/** Indices counted from the front; throws if one is outside. */
export function checkIndices(node: NodeView, indices: HostTensor, extent: number): number[] {
  const values = toIntegers(indices);
  const outside = outsideIndex(values, extent);
  if (outside !== undefined) throw indexError(node.where, extent, outside);
  return values.map((index) => (index < 0 ? index + extent : index));
}

export const GATHER = { Gather };
