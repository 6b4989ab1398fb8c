// Values computed on the host: small integer arithmetic on shapes, and the rare operator on types that no kernel takes.

import { allocate, type DataType, type HostTensor } from "../dtype.ts";
import { elementCount, type Shape, stridesOf } from "../shape.ts";

type Scalar = number | bigint;

/** Steps in elements that walk a tensor of `shape` as if it had shape `target`: 0 where it is stretched. */
export function broadcastSteps(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** Calls `visit` for each element of `shape` in row-major order with its index in the result and in each walked array. */
export function walk(
  shape: Shape,
  steps: readonly (readonly number[])[],
  visit: (at: number, from: number[]) => void,
): void {
  const count = elementCount(shape);
  const index = new Array<number>(shape.length).fill(0);
  const from = steps.map(() => 0);
  for (let at = 0; at < count; at++) {
    visit(at, from);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      for (let j = 0; j < from.length; j++) from[j] += steps[j][axis];
      if (index[axis] < shape[axis]) break;
      for (let j = 0; j < from.length; j++) from[j] -= steps[j][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/** Applies a function of one element. Float results are rounded and integers wrap as `type` stores them. */
export function mapHost(x: HostTensor, type: DataType, f: (value: Scalar) => Scalar): HostTensor {
  const data = allocate(type, x.data.length);
  for (let i = 0; i < x.data.length; i++) data[i] = f(x.data[i]) as never;
  return { type, shape: x.shape, data };
}

/** Applies a function of two elements with broadcasting to `shape`. */
export function zipHost(
  a: HostTensor,
  b: HostTensor,
  type: DataType,
  shape: Shape,
  f: (a: Scalar, b: Scalar) => Scalar,
): HostTensor {
  const data = allocate(type, elementCount(shape));
  walk(shape, [broadcastSteps(a.shape, shape), broadcastSteps(b.shape, shape)], (at, [i, j]) => {
    data[at] = f(a.data[i], b.data[j]) as never;
  });
  return { type, shape, data };
}

/** Elements of `x` picked by a walk: the result's element `at` is x's element `offset` + the walk's position. */
export function pickHost(x: HostTensor, shape: Shape, steps: readonly number[], offset = 0): HostTensor {
  const data = allocate(x.type, elementCount(shape));
  const source = x.data;
  const last = shape.length - 1;
  const [count, step] = last < 0 ? [1, 1] : [shape[last], steps[last]];
  // The innermost axis is a loop of its own: weights have millions of elements.
  walk(shape.slice(0, Math.max(0, last)), [steps.slice(0, Math.max(0, last))], (row, [start]) => {
    const to = row * count;
    let from = offset + start;
    if (step === 1) data.set(source.subarray(from, from + count) as never, to);
    else for (let i = to; i < to + count; i++, from += step) data[i] = source[from] as never;
  });
  return { type: x.type, shape, data };
}

/** The same elements under another shape. */
export function reshapeHost(x: HostTensor, shape: Shape): HostTensor {
  return { type: x.type, shape, data: x.data };
}

/** An int64 vector. */
export function int64Vector(values: readonly number[]): HostTensor {
  return { type: "int64", shape: [values.length], data: BigInt64Array.from(values, (value) => BigInt(value)) };
}
