import { lanes } from "./move.ts";
import { axisOf, blank, coordinates, count, exact, flatten, numbers, type Plain, type Reference } from "./plain.ts";

export type Reduction = "sum" | "mean" | "max" | "min" | "prod" | "l1" | "l2" | "sumSquare" | "logSum" | "logSumExp";

export interface ReduceOptions {
  /** Default: all. */
  axes?: readonly number[];
  /** Keep the reduced axes, of extent 1. Default true, as in ONNX. */
  keepDims?: boolean;
}

const total = (values: readonly number[], f: (value: number) => number): number =>
  values.reduce((sum, value) => sum + f(value), 0);
const same = (value: number): number => value;

/** The value and its magnitude. Of no elements: 0 for sums, 1 for the product, -infinity and infinity for max and min. */
const FOLDS: Record<Reduction, (xs: readonly number[]) => [value: number, magnitude: number]> = {
  sum: (xs) => [total(xs, same), total(xs, Math.abs)],
  mean: (xs) => [total(xs, same) / xs.length, total(xs, Math.abs) / xs.length],
  max: (xs) => selfSized(xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  min: (xs) => selfSized(xs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)),
  prod: (xs) => selfSized(xs.reduce((a, b) => a * b, 1)),
  l1: (xs) => selfSized(total(xs, Math.abs)),
  l2: (xs) => selfSized(Math.sqrt(total(xs, (x) => x * x))),
  sumSquare: (xs) => selfSized(total(xs, (x) => x * x)),
  logSum: (xs) => {
    const sum = total(xs, same);
    return [Math.log(sum), Math.abs(Math.log(sum)) + total(xs, Math.abs) / Math.abs(sum)];
  },
  logSumExp: (xs) => {
    const m = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    // Infinities would meet themselves in x - m.
    if (!Number.isFinite(m)) return selfSized(m);
    const value = m + Math.log(total(xs, (x) => Math.exp(x - m)));
    return [value, 1 + Math.abs(m) + Math.abs(value)];
  },
};

function selfSized(value: number): [value: number, magnitude: number] {
  return [value, Math.abs(value)];
}

export function reduce(x: Plain, kind: Reduction, options: ReduceOptions = {}): Reference {
  const rank = x.shape.length;
  const axes = (options.axes ?? x.shape.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const parts: number[][] = Array.from({ length: count(kept) }, () => []);
  for (let i = 0; i < x.data.length; i++) {
    const at = coordinates(i, x.shape).map((place, axis) => (axes.includes(axis) ? 0 : place));
    parts[flatten(at, kept)].push(x.data[i]);
  }
  const moves = kind === "max" || kind === "min";
  const shape = options.keepDims === false ? kept.filter((_, axis) => !axes.includes(axis)) : kept;
  const y = blank(shape, moves ? 0 : count(axes.map((axis) => x.shape[axis])));
  parts.forEach((part, out) => {
    [y.data[out], y.magnitude[out]] = FOLDS[kind](part);
  });
  return y;
}

export interface ArgOptions {
  axis?: number;
  keepDims?: boolean;
  /** The last of equals instead of the first. */
  selectLastIndex?: boolean;
}

/** The index of the greatest element along the axis; NaN is greater than all. */
export function argMax(x: Plain, options: ArgOptions = {}): Reference {
  return argBest(x, options, (a, b) => a > b);
}

/** The index of the least element along the axis; NaN is less than all. */
export function argMin(x: Plain, options: ArgOptions = {}): Reference {
  return argBest(x, options, (a, b) => a < b);
}

function argBest(x: Plain, options: ArgOptions, better: (a: number, b: number) => boolean): Reference {
  const axis = axisOf(options.axis ?? 0, x.shape.length);
  const { outer, extent, inner } = lanes(x.shape, axis);
  const xs = numbers(x.data);
  const found = new Float64Array(outer * inner);
  for (let before = 0; before < outer; before++) {
    for (let after = 0; after < inner; after++) {
      let best = 0;
      for (let i = 1; i < extent; i++) {
        const value = xs[(before * extent + i) * inner + after];
        const held = xs[(before * extent + best) * inner + after];
        const equal = value === held || (Number.isNaN(value) && Number.isNaN(held));
        const wins = better(value, held) || (Number.isNaN(value) && !Number.isNaN(held));
        if ((!Number.isNaN(held) && wins) || (equal && options.selectLastIndex)) best = i;
      }
      found[before * inner + after] = best;
    }
  }
  const kept = x.shape.map((old, k) => (k === axis ? 1 : old));
  return exact(options.keepDims === false ? kept.filter((_, k) => k !== axis) : kept, found);
}

/** The k greatest (or least) along the axis, in order; of equals the first; NaN is greater than all. */
export function topK(x: Plain, k: number, axis = -1, largest = true): { values: Reference; indices: Reference } {
  const along = axisOf(axis, x.shape.length);
  const { outer, extent, inner } = lanes(x.shape, along);
  const shape = x.shape.map((old, i) => (i === along ? k : old));
  const values = new Float64Array(outer * k * inner);
  const indices = new Float64Array(values.length);
  const rank = (value: number): [number, number] => (Number.isNaN(value) ? [1, 0] : [0, value]);
  for (let before = 0; before < outer; before++) {
    for (let after = 0; after < inner; after++) {
      const line = Array.from({ length: extent }, (_, i) => x.data[(before * extent + i) * inner + after]);
      const order = line.map((_, i) => i);
      order.sort((i, j) => {
        const [a, b] = [rank(line[i]), rank(line[j])];
        const ascending = a[0] - b[0] || (a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1);
        return (largest ? -ascending : ascending) || i - j;
      });
      for (let i = 0; i < k; i++) {
        const out = (before * k + i) * inner + after;
        values[out] = line[order[i]];
        indices[out] = order[i];
      }
    }
  }
  return { values: exact(shape, values), indices: exact(shape, indices) };
}
