// Convolution (cross-correlation) of channels-last images by a GEMM that reads its rows where they lie: no im2col buffer.
//
//   y[n][oh][ow][oc] = act(b[oc] + sum over kh, kw, ic of x[n][oh*SH + kh*DH - PT][ow*SW + kw*DW - PL][ic] * w[kh][kw][ic][oc])
//
// The GEMM's rows are output pixels; its taps are the window's KH * KW places. For a block of BLOCK output pixels the addresses of all
// (tap, pixel) rows are written to a table, places outside the image as the address of a row of zeros, and every panel of packed
// weights passes over that table while it is in the cache.

import { CONTEXT_BYTES, DEAD, panel } from "./gemm";
import { setOffset, tileContext } from "./gemm-context";
import { unaryPixels } from "../numeric/unary";

/** Output pixels a block: a multiple of 15, so that the heights of the wide tiles divide it. */
export const BLOCK: i32 = 60;
/** Bytes from tap to tap in the table; the last row is repeated behind the block. */
export const TABLE: usize = (BLOCK + DEAD) << 2;

/** Bytes of scratch that `conv2d` needs for a window of `taps` places. */
export function conv2dScratch(taps: i32): usize {
  return <usize>taps * TABLE + CONTEXT_BYTES;
}

/**
 * x: images [N, IH, IW] of G * IC floats a pixel, pixels `xStride` bytes apart. w: for each of the G groups, panels made by `packPanel`,
 * widths by `panelWidth`. y, r (0 if none): [N, OH, OW] of G * OC floats, pixels `yStride`, `rStride` bytes apart. zeros: G * IC floats of 0.
 * scratch: `conv2dScratch(KH * KW)` bytes. act: 0, or an activation of unary.ts applied after the clamp to [lo, hi].
 */
export function conv2d(
  x: usize, N: i32, IH: i32, IW: i32, G: i32, IC: i32, xStride: usize,
  w: usize, y: usize, OH: i32, OW: i32, OC: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32,
  r: usize, rStride: usize, lo: f32, hi: f32, act: i32, alpha: f32, beta: f32,
  zeros: usize, scratch: usize
): void {
  assert(G > 0 && IC > 0 && OC > 0 && KH > 0 && KW > 0 && SH > 0 && SW > 0 && DH > 0 && DW > 0);
  const taps = KH * KW;
  const kBytes = <usize>IC << 2;
  const context = scratch + <usize>taps * TABLE;
  tileContext(context, TABLE, taps, kBytes, yStride, rStride, lo, hi);
  const pixels = N * OH * OW;
  let n = 0, oh = 0, ow = 0;
  for (let p = 0; p < pixels; p += BLOCK) {
    const count = min(BLOCK, pixels - p);
    for (let done = 0; done < count; ) {
      const run = min(count - done, OW - ow);
      const image = x + <usize>n * <usize>IH * <usize>IW * xStride;
      lineAddresses(image, IH, IW, xStride, oh * SH - PT, ow * SW - PL, run, KH, KW, SW, DH, DW, zeros, scratch + (<usize>done << 2));
      done += run;
      ow += run;
      if (ow == OW) {
        ow = 0;
        if (++oh == OH) { oh = 0; n++; }
      }
    }
    repeatLast(scratch + (<usize>count << 2), taps);
    let panelAt = w;
    let out = y + <usize>p * yStride;
    let from = r ? r + <usize>p * rStride : 0;
    for (let g = 0; g < G; g++) {
      setOffset(context, <usize>g * kBytes);
      for (let oc = 0; oc < OC; ) {
        const width = panelWidth(OC - oc, 12);
        const columns = min(width, OC - oc);
        panel(width, columns, scratch, panelAt, count, out, from, context);
        panelAt += (<usize>taps * <usize>IC + 1) * (<usize>width << 2);
        out += <usize>columns << 2;
        if (from) from += <usize>columns << 2;
        oc += width;
      }
    }
    if (act) unaryPixels(act, y + <usize>p * yStride, yStride, count, G * OC, alpha, beta);
  }
}

/** Table entries of `run` output pixels of one line, whose windows start at row ih0 and at columns iw0, iw0 + SW, ... */
export function lineAddresses(
  image: usize, IH: i32, IW: i32, xStride: usize, ih0: i32, iw0: i32, run: i32, KH: i32, KW: i32, SW: i32, DH: i32, DW: i32,
  zeros: usize, at: usize
): void {
  const step = <usize>SW * xStride;
  for (let kh = 0, ih = ih0; kh < KH; kh++, ih += DH) {
    const inside = <u32>ih < <u32>IH;
    const line = image + <usize>(ih * IW) * xStride;
    for (let kw = 0, iw = iw0; kw < KW; kw++, iw += DW) {
      // Columns from `first` on are not left of the image, columns from `end` on are right of it.
      const first = iw < 0 ? min(run, (SW - 1 - iw) / SW) : 0;
      const end = !inside || iw >= IW ? first : min(run, (IW - iw + SW - 1) / SW);
      if (first > 0) progression(at, zeros, 0, first);
      if (end > first) progression(at + (<usize>first << 2), line + <usize>(iw + first * SW) * xStride, step, end - first);
      if (run > end) progression(at + (<usize>end << 2), zeros, 0, run - end);
      at += TABLE;
    }
  }
}

/** `count` addresses, each `step` behind the one before. Up to three entries more are written; they get their values later. */
// @ts-ignore: decorator
@inline
function progression(at: usize, start: usize, step: usize, count: i32): void {
  let v = i32x4.add(i32x4.splat(<i32>start), i32x4.mul(i32x4.splat(<i32>step), i32x4(0, 1, 2, 3)));
  const by = i32x4.splat(<i32>step << 2);
  const last = at + (<usize>count << 2);
  do {
    v128.store(at, v);
    v = i32x4.add(v, by);
    at += 16;
  } while (at < last);
}

/** Writes the address of the last row again into the DEAD places behind it, for tiles that are not full. */
export function repeatLast(at: usize, taps: i32): void {
  for (let t = 0; t < taps; t++) {
    const last = load<usize>(at - 4);
    for (let i = 0; i < DEAD; i++) store<usize>(at + (<usize>i << 2), last);
    at += TABLE;
  }
}

/**
 * Width of the next panel when `left` output channels are left: as many as possible of the `most`, 12 or 8, and the others at the end so
 * that no lane is idle (every multiple of four from 8 is a sum of 12s and 8s); 4 where there are no more.
 */
export function panelWidth(left: i32, most: i32): i32 {
  const quads = (left + 3) >> 2;
  return quads == 1 ? 4 : quads == 3 || (quads > 4 && most == 12) ? 12 : 8;
}

/**
 * Packs output channels 0 .. `columns` of a filter into one panel of `N` columns: N bias values, then N weights for each (kh, kw, ic).
 * Strides are bytes in the source from output channel to output channel, window row to row, column to column, and input channel to
 * input channel; negative ones turn the window round. b is 0 if there is no bias.
 */
export function packPanel(
  filter: usize, ocStride: isize, khStride: isize, kwStride: isize, icStride: isize, b: usize,
  N: i32, columns: i32, KH: i32, KW: i32, IC: i32, to: usize
): void {
  for (let n = 0; n < N; n++) {
    store<f32>(to, b && n < columns ? load<f32>(b + (<usize>n << 2)) : 0);
    to += 4;
  }
  for (let kh = 0; kh < KH; kh++) {
    for (let kw = 0; kw < KW; kw++) {
      let from = filter + <usize>(<isize>kh * khStride + <isize>kw * kwStride);
      for (let ic = 0; ic < IC; ic++) {
        let at = from;
        for (let n = 0; n < columns; n++) {
          store<f32>(to + (<usize>n << 2), load<f32>(at));
          at += ocStride;
        }
        for (let n = columns; n < N; n++) store<f32>(to + (<usize>n << 2), 0);
        to += <usize>N << 2;
        from += icStride;
      }
    }
  }
}
