// 16-bit floats run as float32: they are widened where they enter a network, and rounded where they leave it.

import { type DataType, type HostTensor, holds, type TypedArray } from "../dtype.ts";
import { toFloat32 } from "../half.ts";
import { rounded } from "../ops/convert.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { LazyTensor } from "./lazy.ts";

export type HalfType = "float16" | "bfloat16";

export function isHalf(type: DataType): type is HalfType {
  return type === "float16" || type === "bfloat16";
}

/** The type of the elements that stand in memory for those of `type`. */
export function carriedType(type: DataType): DataType {
  return isHalf(type) ? "float32" : type;
}

/** A constant of float32 that stays in 16 bits until its elements are asked for. */
export class Widened extends LazyTensor {
  readonly stored: HostTensor;

  constructor(stored: HostTensor) {
    super("float32", stored.shape, () => toFloat32(stored));
    this.stored = stored;
  }
}

/** A constant as it is carried. */
export function carried(tensor: HostTensor): HostTensor {
  return isHalf(tensor.type) ? new Widened(tensor) : tensor;
}

/** What a user feeds to an input of 16-bit floats, as values of that precision: their bits, or numbers. */
export function widenedFeed(type: HalfType, data: ArrayLike<number> | TypedArray): TypedArray {
  const shape = [data.length];
  if (holds(type, data)) return toFloat32({ type, shape, data });
  const values = data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
  return toFloat32(rounded(values as Float32Array<ArrayBuffer>, { type, shape }));
}

/** What is carried, for the user, who knows it as a tensor of `type`. */
export function fetched(tensor: HostTensor, type: DataType): HostTensor {
  if (!isHalf(type)) return tensor;
  return rounded(tensor.data as Float32Array<ArrayBuffer>, { type, shape: tensor.shape });
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
