import type { Reference } from "../reference.ts";
import type { Wanted } from "../support/tolerance.ts";

/** An NCHW tensor's elements channels last, `pixel` >= C floats from pixel to pixel, NaN in the gaps. */
export function channelsLast(
  x: { shape: readonly number[]; data: ArrayLike<number> },
  pixel = x.shape[1],
): Float64Array {
  const [N, C, H, W] = x.shape;
  const y = new Float64Array(N * H * W * pixel).fill(Number.NaN);
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      for (let p = 0; p < H * W; p++) y[(n * H * W + p) * pixel + c] = x.data[(n * C + c) * H * W + p];
    }
  }
  return y;
}

/** What a channels-last output must hold: the gaps between the pixels stay NaN. */
export function wantedChannelsLast(y: Reference, pixel = y.shape[1]): Wanted & { data: Float64Array } {
  return {
    data: channelsLast(y, pixel),
    magnitude: channelsLast({ shape: y.shape, data: y.magnitude }, pixel),
    terms: y.terms,
    shape: [y.shape[0], y.shape[2], y.shape[3], pixel],
  };
}

/** The oracle's output, each element clamped. */
export function clamped(y: Reference, lo: number, hi: number): Reference {
  return { ...y, data: y.data.map((v) => Math.min(Math.max(v, lo), hi)) };
}
