import type { WindowOptions } from "./conv.ts";
import { blank, four, numbers, type Pair, type Plain, pair, type Reference, sides, windowCount } from "./plain.ts";

export interface PoolOptions extends WindowOptions {
  window: Pair;
  /** The output size is rounded up: a last window may hang over the end. */
  ceilMode?: boolean;
}

/** One input element under a window. */
interface Tap {
  /** Place in the plane: ih * IW + iw. */
  at: number;
  value: number;
}

/** The extent that window `o` is divided by, and the input indices it covers along one axis. */
interface Span {
  indices: number[];
  /** Taps that lie in the input or its padding, those beyond them not counted. */
  padded: number;
}

function slidingSpans(
  input: number,
  window: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
  ceilMode: boolean,
): Span[] {
  const output = windowCount(input, window, stride, dilation, before, after, ceilMode);
  return Array.from({ length: output }, (_, o) => {
    const taps = Array.from({ length: window }, (_, k) => o * stride + k * dilation - before);
    return {
      indices: taps.filter((i) => i >= 0 && i < input),
      padded: taps.filter((i) => i < input + after).length,
    };
  });
}

/** Window o covers floor(o * I / O) up to, not including, ceil((o + 1) * I / O). */
function adaptiveSpans(input: number, output: number): Span[] {
  return Array.from({ length: output }, (_, o) => {
    const start = Math.floor((o * input) / output);
    const end = Math.ceil(((o + 1) * input) / output);
    return { indices: Array.from({ length: end - start }, (_, i) => start + i), padded: end - start };
  });
}

function spansOf(x: Plain, options: PoolOptions): [Span[], Span[]] {
  const [, , IH, IW] = four(x);
  const [KH, KW] = pair(options.window);
  const [SH, SW] = pair(options.strides);
  const [DH, DW] = pair(options.dilations);
  const [top, left, bottom, right] = sides(options.padding);
  const ceilMode = options.ceilMode ?? false;
  return [slidingSpans(IH, KH, SH, DH, top, bottom, ceilMode), slidingSpans(IW, KW, SW, DW, left, right, ceilMode)];
}

/** Calls `f` for every output element, with the input elements under its window in row-major order. */
function forWindows(
  x: Plain,
  rows: Span[],
  columns: Span[],
  f: (out: number, taps: Tap[], plane: number, row: Span, column: Span) => void,
): void {
  const [N, C, IH, IW] = four(x);
  const xs = numbers(x.data);
  let out = 0;
  for (let plane = 0; plane < N * C; plane++) {
    for (const row of rows) {
      for (const column of columns) {
        const taps: Tap[] = [];
        for (const ih of row.indices) {
          for (const iw of column.indices) {
            const at = ih * IW + iw;
            taps.push({ at, value: xs[plane * IH * IW + at] });
          }
        }
        f(out++, taps, plane, row, column);
      }
    }
  }
}

function outputOf(x: Plain, rows: Span[], columns: Span[], terms: number): Reference {
  return blank([x.shape[0], x.shape[1], rows.length, columns.length], terms);
}

function largest(spans: Span[]): number {
  return Math.max(0, ...spans.map((span) => span.indices.length));
}

export interface MaxPoolReference extends Reference {
  /** Where each maximum was found, flat over [N, C, H, W] (ONNX, storage_order 0); -1 for a window without input. */
  indices: Float64Array;
  /** The same in column-major planes: (n * C + c) * H * W + w * H + h (ONNX, storage_order 1). */
  columnMajorIndices: Float64Array;
  /** h * W + w, within the plane (PyTorch). */
  planeIndices: Float64Array;
}

/** y = max of the window; the first of equals; NaN if one is there (then the index of the last NaN, as in PyTorch). */
function maxOver(x: Plain, rows: Span[], columns: Span[]): MaxPoolReference {
  const [, , IH, IW] = four(x);
  const y = outputOf(x, rows, columns, 0);
  const indices = new Float64Array(y.data.length);
  const columnMajorIndices = new Float64Array(y.data.length);
  const planeIndices = new Float64Array(y.data.length);
  forWindows(x, rows, columns, (out, taps, plane) => {
    let best = Number.NEGATIVE_INFINITY;
    let at = taps.length > 0 ? taps[0].at : -1;
    for (const tap of taps) {
      if (tap.value > best || Number.isNaN(tap.value)) {
        best = tap.value;
        at = tap.at;
      }
    }
    y.data[out] = best;
    y.magnitude[out] = Math.abs(best);
    planeIndices[out] = at;
    indices[out] = at < 0 ? -1 : plane * IH * IW + at;
    columnMajorIndices[out] = at < 0 ? -1 : plane * IH * IW + (at % IW) * IH + Math.floor(at / IW);
  });
  return { ...y, indices, columnMajorIndices, planeIndices };
}

export function maxPool2d(x: Plain, options: PoolOptions): MaxPoolReference {
  return maxOver(x, ...spansOf(x, options));
}

export function globalMaxPool(x: Plain): MaxPoolReference {
  return adaptiveMaxPool2d(x, 1);
}

export function adaptiveMaxPool2d(x: Plain, size: Pair): MaxPoolReference {
  const [OH, OW] = pair(size);
  return maxOver(x, adaptiveSpans(x.shape[2], OH), adaptiveSpans(x.shape[3], OW));
}

/** y = sum of the window / divisor(window). A window without input gives 0. */
function averageOver(
  x: Plain,
  rows: Span[],
  columns: Span[],
  divisor: (taps: number, row: Span, column: Span) => number,
): Reference {
  const y = outputOf(x, rows, columns, largest(rows) * largest(columns));
  forWindows(x, rows, columns, (out, taps, _plane, row, column) => {
    if (taps.length === 0) return;
    let sum = 0;
    let magnitude = 0;
    for (const { value } of taps) {
      sum += value;
      magnitude += Math.abs(value);
    }
    y.data[out] = sum / divisor(taps.length, row, column);
    y.magnitude[out] = magnitude / divisor(taps.length, row, column);
  });
  return y;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Divide by all taps in the input and its padding (not by those that hang over it in ceil mode). Default false. */
  countIncludePad?: boolean;
  /** Divide by this instead. */
  divisorOverride?: number;
}

export function averagePool2d(x: Plain, options: AveragePoolOptions): Reference {
  return averageOver(x, ...spansOf(x, options), (taps, row, column) => {
    if (options.divisorOverride !== undefined) return options.divisorOverride;
    return options.countIncludePad ? row.padded * column.padded : taps;
  });
}

export function globalAveragePool(x: Plain): Reference {
  return adaptiveAveragePool2d(x, 1);
}

export function adaptiveAveragePool2d(x: Plain, size: Pair): Reference {
  const [OH, OW] = pair(size);
  return averageOver(x, adaptiveSpans(x.shape[2], OH), adaptiveSpans(x.shape[3], OW), (taps) => taps);
}

/** y = (sum of |x|^p)^(1/p): all summands are positive, so the magnitude is the value. */
function lpOver(x: Plain, rows: Span[], columns: Span[], p: number): Reference {
  const y = outputOf(x, rows, columns, largest(rows) * largest(columns));
  forWindows(x, rows, columns, (out, taps) => {
    let sum = 0;
    for (const { value } of taps) sum += Math.abs(value) ** p;
    y.data[out] = p === 2 ? Math.sqrt(sum) : sum ** (1 / p);
    y.magnitude[out] = y.data[out];
  });
  return y;
}

export function lpPool2d(x: Plain, options: PoolOptions & { p?: number }): Reference {
  return lpOver(x, ...spansOf(x, options), options.p ?? 2);
}

export function l2Pool2d(x: Plain, options: PoolOptions): Reference {
  return lpPool2d(x, { ...options, p: 2 });
}

export function globalLpPool(x: Plain, p = 2): Reference {
  return lpOver(x, adaptiveSpans(x.shape[2], 1), adaptiveSpans(x.shape[3], 1), p);
}

export interface UnpoolOptions {
  /** [N, C, H, W] that the indices count in; default `outputShape`. */
  indexShape?: readonly number[];
  /** The indices start anew in each plane (PyTorch). */
  perPlane?: boolean;
}

/** Zeros of `outputShape`, with every x[i] at the coordinates that indices[i] has in `indexShape`. */
export function maxUnpool2d(
  x: Plain,
  indices: ArrayLike<number>,
  outputShape: readonly number[],
  options: UnpoolOptions = {},
): Reference {
  const [, , XH, XW] = four(x);
  const [, , H, W] = options.indexShape ?? outputShape;
  const [, , OH, OW] = outputShape;
  const y = blank(outputShape, 0);
  for (let i = 0; i < x.data.length; i++) {
    const plane = options.perPlane ? Math.floor(i / (XH * XW)) : Math.floor(indices[i] / (H * W));
    const at = indices[i] % (H * W);
    const out = (plane * OH + Math.floor(at / W)) * OW + (at % W);
    y.data[out] = x.data[i];
    y.magnitude[out] = Math.abs(x.data[i]);
  }
  return y;
}
