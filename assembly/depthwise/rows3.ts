// 3 x 3 windows for three output rows at a time (two without the `third`), in the order of memory: column after column of the image, and of
// each all channels. So lines come from far caches as the processor expects them, whatever their distance, and each weight is loaded once for
// three outputs. The sums of outputs that a column does not complete wait in PARTIAL for the next one.
//
// Clamping goes to the units that add, the busy ones: one branch for three outputs spares it to layers without bounds (144 channels of 56 x 56:
// 75.8 -> 68.5 ns a pixel).
//
// Parameters as in slide3.ts, for windows that lie inside the image from top to bottom. w: the bias and weights from the first channel on;
// C: a multiple of 4, at most CHANNELS. The order of addition stands in depthwise.ts.

import { madd } from "../fma";
import { clamp } from "../lanes";

/** Channels that PARTIAL has room for; with their weights they take half of the first cache. */
export const CHANNELS = 256;
/** Bytes of four channels' bias and weights. */
export const BLOCK: usize = 10 * 16;
const PARTIAL: usize = memory.data(CHANNELS * 24, 16);

/** A column of the window times a column of the filter. */
// @ts-ignore: decorator
@inline
function column(x0: v128, x1: v128, x2: v128, w0: v128, w1: v128, w2: v128): v128 {
  return madd(madd(f32x4.mul(x0, w0), x1, w1), x2, w2);
}

/** Stride 1. */
export function rows3x3(
  third: bool, x: usize, line: usize, w: usize, y: usize, yStep: usize, C: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const bounded = lo + hi == lo + hi; // -Infinity and Infinity add up to NaN
  const end = PARTIAL + <usize>C * 24;
  let iw = -PL, ow = -2;
  if (PL) {
    // The first column left of the image gives nothing to the outputs it begins.
    for (let k = w, part = PARTIAL; part < end; k += BLOCK, part += 96) {
      const bias = v128.load(k);
      v128.store(part, bias, 16); v128.store(part, bias, 48); v128.store(part, bias, 80);
    }
    iw++; ow++;
  }
  x += <usize>iw * xStride;
  for (; ow < OW; iw++, ow++) {
    const inside = <u32>iw < <u32>IW;
    let p = x, k = w, to = y, part = PARTIAL;
    do {
      const bias = v128.load(k);
      let t = to;
      if (inside) {
        let q = p;
        const x0 = v128.load(q); q += line;
        const x1 = v128.load(q); q += line;
        const x2 = v128.load(q); q += line;
        const x3 = v128.load(q);
        let x4 = x3;
        if (third) x4 = v128.load(q + line);
        let w0 = v128.load(k, 48), w1 = v128.load(k, 96), w2 = v128.load(k, 144);
        let s0 = f32x4.add(v128.load(part), column(x0, x1, x2, w0, w1, w2));
        let s1 = f32x4.add(v128.load(part, 32), column(x1, x2, x3, w0, w1, w2));
        let s2 = s1;
        if (third) s2 = f32x4.add(v128.load(part, 64), column(x2, x3, x4, w0, w1, w2));
        if (bounded) {
          s0 = clamp(s0, l, h); s1 = clamp(s1, l, h); s2 = clamp(s2, l, h);
        }
        v128.store(t, s0); t += yStep;
        v128.store(t, s1); t += yStep;
        if (third) v128.store(t, s2);
        w0 = v128.load(k, 32); w1 = v128.load(k, 80); w2 = v128.load(k, 128);
        v128.store(part, f32x4.add(v128.load(part, 16), column(x0, x1, x2, w0, w1, w2)));
        v128.store(part, f32x4.add(v128.load(part, 48), column(x1, x2, x3, w0, w1, w2)), 32);
        if (third) v128.store(part, f32x4.add(v128.load(part, 80), column(x2, x3, x4, w0, w1, w2)), 64);
        w0 = v128.load(k, 16); w1 = v128.load(k, 64); w2 = v128.load(k, 112);
        v128.store(part, f32x4.add(bias, column(x0, x1, x2, w0, w1, w2)), 16);
        v128.store(part, f32x4.add(bias, column(x1, x2, x3, w0, w1, w2)), 48);
        if (third) v128.store(part, f32x4.add(bias, column(x2, x3, x4, w0, w1, w2)), 80);
      } else {
        v128.store(t, clamp(v128.load(part), l, h)); t += yStep;
        v128.store(t, clamp(v128.load(part, 32), l, h)); t += yStep;
        if (third) v128.store(t, clamp(v128.load(part, 64), l, h));
        v128.store(part, v128.load(part, 16)); v128.store(part, v128.load(part, 48), 32); v128.store(part, v128.load(part, 80), 64);
        v128.store(part, bias, 16); v128.store(part, bias, 48); v128.store(part, bias, 80);
      }
      p += 16; k += BLOCK; to += 16; part += 96;
    } while (part < end);
    if (ow >= 0) y += yStride;
    x += xStride;
  }
}

/** Stride 2: two columns a turn, the second of which begins the next output. */
export function strideRows3x3(
  third: bool, x: usize, line: usize, w: usize, y: usize, yStep: usize, C: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const bounded = lo + hi == lo + hi; // -Infinity and Infinity add up to NaN
  const end = PARTIAL + <usize>C * 12;
  x -= <usize>(PL + 1) * xStride;
  for (let iw = -PL - 1, ow = -1; ow < OW; iw += 2, ow++) {
    const even = <u32>iw < <u32>IW, odd = <u32>(iw + 1) < <u32>IW;
    let p = x, k = w, to = y, part = PARTIAL;
    do {
      let s0 = v128.load(part), s1 = v128.load(part, 16), s2 = v128.load(part, 32);
      if (even) {
        let q = p;
        const x0 = v128.load(q); q += line;
        const x1 = v128.load(q); q += line;
        const x2 = v128.load(q); q += line;
        const x3 = v128.load(q); q += line;
        const x4 = v128.load(q);
        const w0 = v128.load(k, 32), w1 = v128.load(k, 80), w2 = v128.load(k, 128);
        s0 = f32x4.add(s0, column(x0, x1, x2, w0, w1, w2));
        s1 = f32x4.add(s1, column(x2, x3, x4, w0, w1, w2));
        if (third) s2 = f32x4.add(s2, column(x4, v128.load(q + line), v128.load(q + (line << 1)), w0, w1, w2));
      }
      const bias = v128.load(k);
      let d0 = bias, d1 = bias, d2 = bias;
      if (odd) {
        let q = p + xStride;
        const x0 = v128.load(q); q += line;
        const x1 = v128.load(q); q += line;
        const x2 = v128.load(q); q += line;
        const x3 = v128.load(q); q += line;
        const x4 = v128.load(q); q += line;
        let x5 = x4, x6 = x4;
        if (third) { x5 = v128.load(q); x6 = v128.load(q + line); }
        let w0 = v128.load(k, 48), w1 = v128.load(k, 96), w2 = v128.load(k, 144);
        s0 = f32x4.add(s0, column(x0, x1, x2, w0, w1, w2));
        s1 = f32x4.add(s1, column(x2, x3, x4, w0, w1, w2));
        if (third) s2 = f32x4.add(s2, column(x4, x5, x6, w0, w1, w2));
        w0 = v128.load(k, 16); w1 = v128.load(k, 64); w2 = v128.load(k, 112);
        d0 = f32x4.add(bias, column(x0, x1, x2, w0, w1, w2));
        d1 = f32x4.add(bias, column(x2, x3, x4, w0, w1, w2));
        if (third) d2 = f32x4.add(bias, column(x4, x5, x6, w0, w1, w2));
      }
      v128.store(part, d0); v128.store(part, d1, 16); v128.store(part, d2, 32);
      if (bounded) {
        s0 = clamp(s0, l, h); s1 = clamp(s1, l, h); s2 = clamp(s2, l, h);
      }
      let t = to;
      v128.store(t, s0); t += yStep;
      v128.store(t, s1); t += yStep;
      if (third) v128.store(t, s2);
      p += 16; k += BLOCK; to += 16; part += 48;
    } while (part < end);
    if (ow >= 0) y += yStride;
    x += xStride << 1;
  }
}
