import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, normaliseAxis, type Shape, stridesOf } from "../shape.ts";
import { type Copy, type Movement, wholeCopy } from "./copies.ts";

/** Elements start, start + step, ... along an axis, `count` of them. */
export interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * From `starts` (included) to `ends` (excluded) by `steps` along `axes` (default: the first ones). Negative positions count from the
 * end, those outside the tensor are moved to its edge, a negative step walks backwards.
 */
export interface SliceSpec {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes?: readonly number[] | undefined;
  readonly steps?: readonly number[] | undefined;
}

/** The movement of a slice of a tensor of `shape`. Throws a ShapeError or ArgumentError that opens with `where`. */
export function sliceMovement(where: string, shape: Shape, spec: SliceSpec): Movement {
  return rangesMovement(shape, sliceRanges(where, shape, spec));
}

/** The movement that keeps a range of each axis. */
export function rangesMovement(shape: Shape, ranges: readonly Range[]): Movement {
  const strides = stridesOf(shape);
  const result = ranges.map(({ count }) => count);
  const from = ranges.map(({ step }, axis) => step * strides[axis]);
  const offset = ranges.reduce((sum, { start }, axis) => sum + start * strides[axis], 0);
  const walk = { shape: result, from, to: stridesOf(result) };
  return { outputShapes: [result], copies: [wholeCopy(walk, elementCount(result) === 0 ? 0 : offset)] };
}

function sliceRanges(where: string, shape: Shape, { starts, ends, axes, steps }: SliceSpec): Range[] {
  const count = starts.length;
  for (const [name, list] of Object.entries({ ends, axes, steps })) {
    if (list && list.length !== count) {
      throw new ArgumentError(expected(where, name, `${count} values, one for each start`, list));
    }
  }
  if (!axes && count > shape.length) {
    throw new ArgumentError(expected(where, "starts", `at most ${shape.length} values`, starts));
  }
  const ranges: Range[] = shape.map((extent) => ({ start: 0, step: 1, count: extent }));
  const given = resolveAxes(where, axes ?? starts.map((_, i) => i), shape.length);
  given.forEach((axis, i) => {
    const step = steps?.[i] ?? 1;
    if (step === 0) throw new ArgumentError(expected(where, "steps", "values other than 0", steps));
    ranges[axis] = resolveRange(starts[i], ends[i], step, shape[axis]);
  });
  return ranges;
}

function resolveRange(from: number, to: number, step: number, extent: number): Range {
  // Backwards, the last place is the first element and the end lies before it.
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const place = (position: number, least: number) =>
    Math.min(Math.max(position < 0 ? position + extent : position, least), high);
  const start = place(from, 0);
  const count = Math.ceil((place(to, low) - start) / step);
  return { start, step, count: extent === 0 ? 0 : Math.max(0, count) };
}

/** Axes counted from the front; each may be named once. */
export function resolveAxes(where: string, axes: readonly number[], rank: number): number[] {
  const resolved = axes.map((axis) => {
    const at = normaliseAxis(axis, rank);
    if (at === undefined) throw new ShapeError(expected(where, "axis", `an axis of rank ${rank}`, axis));
    return at;
  });
  if (new Set(resolved).size < axes.length) {
    throw new ArgumentError(expected(where, "axes", "different axes", axes));
  }
  return resolved;
}

/** Consecutive pieces of the given sizes along an axis. */
export function splitMovement(where: string, shape: Shape, axis: number, sizes: readonly number[]): Movement {
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sum !== shape[axis] || sizes.some((size) => size < 0)) {
    const wanted = `sizes that add up to ${shape[axis]}, the extent of axis ${axis} of ${formatShape(shape)}`;
    throw new ShapeError(expected(where, "split", wanted, sizes));
  }
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  let start = 0;
  const copies = sizes.map((size, output): Copy => {
    const run = size * inner;
    const walk = { shape: [outer, run], from: [shape[axis] * inner, 1], to: [run, 1] };
    const copy = { input: 0, output, offset: start * inner, to: 0, walk };
    start += size;
    return copy;
  });
  return { outputShapes: sizes.map((size) => shape.map((extent, i) => (i === axis ? size : extent))), copies };
}

/** Tensors one after another along an axis: inputs 0, 1, ... in order. They may differ along that axis only. */
export function concatMovement(where: string, shapes: readonly Shape[], axis: number): Movement {
  for (const shape of shapes) {
    if (shape.length !== shapes[0].length || shape.some((extent, i) => i !== axis && extent !== shapes[0][i])) {
      const wanted = `shapes that differ only along axis ${axis}`;
      throw new ShapeError(expected(where, "inputs", wanted, shapes.map(formatShape).join(" and ")));
    }
  }
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  const inner = elementCount(shapes[0].slice(axis + 1));
  const outer = elementCount(shapes[0].slice(0, axis));
  let to = 0;
  const copies = shapes.map((shape, input): Copy => {
    const run = shape[axis] * inner;
    const walk = { shape: [outer, run], from: [run, 1], to: [total * inner, 1] };
    const copy = { input, output: 0, offset: 0, to, walk };
    to += run;
    return copy;
  });
  return { outputShapes: [shapes[0].map((extent, i) => (i === axis ? total : extent))], copies };
}
