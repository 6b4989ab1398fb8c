// 16-bit floats run as float32: they are widened where they enter a network, and rounded where they leave it.

import type { DataType, HostTensor, TypedArray } from "../dtype.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { MORE } from "./operators/index.ts";

export type HalfType = "float16" | "bfloat16";

export function isHalf(type: DataType): type is HalfType {
  return type === "float16" || type === "bfloat16";
}

/** The type of the elements that stand in memory for those of `type`. */
export function carriedType(type: DataType): DataType {
  return isHalf(type) ? "float32" : type;
}

/** The elements of a tensor as float32; those of other types are for networks that have `MORE`. */
export function floats(tensor: HostTensor): Float32Array {
  return tensor.data instanceof Float32Array ? tensor.data : MORE.loaded.HALF_VALUES.toFloat32(tensor);
}

/** A constant as it is carried. */
export function carried(tensor: HostTensor): HostTensor {
  return isHalf(tensor.type) ? MORE.loaded.HALF_VALUES.widened(tensor) : tensor;
}

/** What a user feeds to an input of 16-bit floats, as values of that precision: their bits, or numbers. */
export function widenedFeed(type: HalfType, data: ArrayLike<number> | TypedArray): TypedArray {
  return MORE.loaded.HALF_VALUES.widenedFeed(type, data);
}

/** What is carried, for the user, who knows it as a tensor of `type`. */
export function fetched(tensor: HostTensor, type: DataType): HostTensor {
  return isHalf(type) ? MORE.loaded.HALF_VALUES.fetched(tensor, type) : tensor;
}

/** The 16-bit type that output `i` of a node has in the file, given the types that the node's inputs have there. */
export function halfOutput(
  { op, inputs, attributes }: GraphNode,
  i: number,
  { type }: TensorType,
  halves: ReadonlyMap<string, HalfType>,
): HalfType | undefined {
  if (isHalf(type)) return type;
  const named = op === "Cast" || attributes["output_dtype"] || (op === "LayerNormalization" && i > 0);
  if (type !== "float32" || named) return undefined;
  if (op === "CastLike") return halves.get(inputs[1]);
  return inputs.map((name) => halves.get(name)).find(Boolean);
}
