/** Resizing of 8-bit rasters: separable, antialiased, in the fixed-point arithmetic that Pillow uses. */
import { ArgumentError, expected } from "../errors.ts";
import type { Raster } from "./picture.ts";

/**
 * How pixels are mixed when resizing. `bilinear` and `bicubic` (a = -0.5) widen their window by the reduction factor,
 * so that every input pixel counts when shrinking. `nearest` copies the pixel under the centre.
 */
export type Filter = "bilinear" | "bicubic" | "nearest";

interface Kernel {
  /** Half width of the window, in input pixels, when not shrinking. */
  readonly support: number;
  weight(distance: number): number;
}

const KERNELS: Record<Exclude<Filter, "nearest">, Kernel> = {
  bilinear: { support: 1, weight: (t) => Math.max(0, 1 - Math.abs(t)) },
  bicubic: {
    support: 2,
    weight(distance) {
      const a = -0.5;
      const t = Math.abs(distance);
      if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
    },
  },
};

const FRACTION_BITS = 22; // 8 bits of pixel and 2 of overshoot above

/** For each output position: where its window starts, how many taps it has, and its weights (`stride` apart). */
interface Taps {
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

/** The raster at `height` x `width`. Columns first, then rows, each pass rounded to 8 bits. */
export function resizeRaster(where: string, raster: Raster, height: number, width: number, filter: Filter): Raster {
  if (filter === "nearest") return resizeNearest(raster, height, width);
  if (!Object.hasOwn(KERNELS, filter)) {
    throw new ArgumentError(expected(where, "filter", `"bilinear", "bicubic" or "nearest"`, filter));
  }
  const kernel = KERNELS[filter];
  let { data } = raster;
  if (width !== raster.width) data = resizeColumns(data, raster, width, tapsOf(kernel, raster.width, width));
  if (height !== raster.height) {
    data = resizeRows(data, height, width * raster.channels, tapsOf(kernel, raster.height, height));
  }
  return { data, height, width, channels: raster.channels };
}

function tapsOf(kernel: Kernel, from: number, to: number): Taps {
  const scale = from / to;
  const spread = Math.max(scale, 1);
  const support = kernel.support * spread;
  const stride = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(from, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      exact[t] = kernel.weight((first + t - centre + 0.5) / spread);
      sum += exact[t];
    }
    for (let t = 0; t < taps; t++) {
      const fixed = (exact[t] / sum) * 2 ** FRACTION_BITS;
      weights[i * stride + t] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    start[i] = first;
    count[i] = taps;
  }
  return { start, count, weights, stride };
}

function resizeColumns(
  data: Raster["data"],
  { height, width, channels }: Raster,
  to: number,
  taps: Taps,
): Uint8ClampedArray {
  const result = new Uint8ClampedArray(height * to * channels);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < to; w++) {
      const from = (h * width + taps.start[w]) * channels;
      const end = from + taps.count[w] * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 1 << (FRACTION_BITS - 1);
        for (let i = from + c, k = w * taps.stride; i < end; i += channels, k++) sum += data[i] * taps.weights[k];
        result[(h * to + w) * channels + c] = sum >> FRACTION_BITS;
      }
    }
  }
  return result;
}

/** `rowLength` is in values: width times channels. */
function resizeRows(data: Raster["data"], to: number, rowLength: number, taps: Taps): Uint8ClampedArray {
  const result = new Uint8ClampedArray(to * rowLength);
  const sums = new Int32Array(rowLength);
  for (let h = 0; h < to; h++) {
    sums.fill(1 << (FRACTION_BITS - 1));
    for (let t = 0; t < taps.count[h]; t++) {
      const weight = taps.weights[h * taps.stride + t];
      const row = (taps.start[h] + t) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] += data[row + i] * weight;
    }
    for (let i = 0; i < rowLength; i++) result[h * rowLength + i] = sums[i] >> FRACTION_BITS;
  }
  return result;
}

function resizeNearest({ data, height, width, channels }: Raster, toHeight: number, toWidth: number): Raster {
  const result = new Uint8Array(toHeight * toWidth * channels);
  const rows = nearestOf(height, toHeight);
  const columns = nearestOf(width, toWidth);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) result[at++] = data[from + c];
    }
  }
  return { data: result, height: toHeight, width: toWidth, channels };
}

/** The position under the centre of each output position. Steps are added up, as Pillow does: that decides close calls. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to;
  let position = step / 2;
  return Int32Array.from({ length: to }, () => {
    const index = Math.min(from - 1, Math.floor(position));
    position += step;
    return index;
  });
}
