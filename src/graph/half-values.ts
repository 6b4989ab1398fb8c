// The elements of 16-bit floats as float32 and back: for networks that have any, with `MORE`.

import { type DataType, type HostTensor, holds, type TypedArray } from "../dtype.ts";
import { toFloat32 } from "../half.ts";
import { rounded } from "../ops/convert.ts";
import { LazyTensor } from "./lazy.ts";

/** A constant of float32 that stays in 16 bits until its elements are asked for. */
function widened(stored: HostTensor): HostTensor {
  return new LazyTensor("float32", stored.shape, () => toFloat32(stored), stored);
}

/** What a user feeds to an input of 16-bit floats, as values of that precision: their bits, or numbers. */
function widenedFeed(type: DataType, data: ArrayLike<number> | TypedArray): TypedArray {
  const shape = [data.length];
  if (holds(type, data)) return toFloat32({ type, shape, data });
  const values = data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
  return toFloat32(rounded(values as Float32Array<ArrayBuffer>, { type, shape }));
}

/** What is carried, for the user, who knows it as a tensor of 16-bit floats. */
function fetched({ data, shape }: HostTensor, type: DataType): HostTensor {
  return rounded(data as Float32Array<ArrayBuffer>, { type, shape });
}

export const HALF_VALUES = { toFloat32, widened, widenedFeed, fetched };
