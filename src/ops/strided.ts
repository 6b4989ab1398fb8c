import { type Shape, stridesOf } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** A walk over two arrays of 4-byte elements at once: extents, and the steps of each array in elements. */
export interface Walk {
  readonly shape: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Axes that copyStrided has loops for. */
const LOOPS = 6;

/** The same walk with axes of extent 1 dropped and axes that run on into each other joined. */
export function collapse({ shape, from, to }: Walk): Walk {
  const axes: { extent: number; from: number; to: number }[] = [];
  shape.forEach((extent, i) => {
    if (extent === 1) return;
    const last = axes.at(-1);
    if (last && last.from === from[i] * extent && last.to === to[i] * extent) {
      last.extent *= extent;
      last.from = from[i];
      last.to = to[i];
    } else axes.push({ extent, from: from[i], to: to[i] });
  });
  return { shape: axes.map((a) => a.extent), from: axes.map((a) => a.from), to: axes.map((a) => a.to) };
}

/** Makes a walk ready: the result copies from address x to address y. */
export function prepareWalk(walk: Walk): (kernels: Kernels, x: number, y: number) => void {
  const { shape, from, to } = collapse(walk);
  if (shape.length > LOOPS) return outerLoop({ shape, from, to });
  const pad = <T>(values: readonly T[], fill: T) => [...new Array<T>(LOOPS - values.length).fill(fill), ...values];
  const d = pad(shape, 1);
  const f = pad(from, 0).map((step) => step * 4);
  const t = pad(to, 0).map((step) => step * 4);
  return (k, x, y) =>
    // biome-ignore format: extents, steps of x, steps of y
    k.copyStrided(x, y, d[0], d[1], d[2], d[3], d[4], d[5],
      f[0], f[1], f[2], f[3], f[4], f[5], t[0], t[1], t[2], t[3], t[4], t[5]);
}

function outerLoop({ shape, from, to }: Walk): (kernels: Kernels, x: number, y: number) => void {
  const inner = prepareWalk({ shape: shape.slice(1), from: from.slice(1), to: to.slice(1) });
  return (k, x, y) => {
    for (let i = 0; i < shape[0]; i++) inner(k, x + i * from[0] * 4, y + i * to[0] * 4);
  };
}

/** The walk that reads a dense array of shape `shape` with its axes in the order of `permutation`, and writes densely. */
export function transposeWalk(shape: Shape, permutation: readonly number[]): Walk {
  const strides = stridesOf(shape);
  const result = permutation.map((axis) => shape[axis]);
  return { shape: result, from: permutation.map((axis) => strides[axis]), to: stridesOf(result) };
}
