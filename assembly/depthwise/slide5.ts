// The sliding micro-kernels of depthwise.ts for windows five columns wide; parameters as in slide3.ts, and sums named as there: o
// is that of the output that the column completes, a, c, d and e those of the outputs to come.
//
// 5 x 5 windows take output rows in pairs, for which each weight is loaded once, and all sums in turn, so that no addition waits for the one
// before (240 channels of 28 x 28: 0.293 -> 0.228 ms). `if (!q) break` never breaks, no line being at address 0: it keeps compilers from
// making one long expression of each sum, for which the weights of a column would have to wait in registers.

import { madd } from "../fma";
import { clamp } from "../lanes";

/** a and the product of x with weight `n` of those at w. */
// @ts-ignore: decorator
@inline
function tap(a: v128, x: v128, w: usize, n: usize): v128 {
  return madd(a, x, v128.load(w + (n << 4)));
}

/** 5 x 5, stride 1, for output rows in pairs, one line of the image apart: each weight is loaded once for both. */
export function slide5x5(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a0 = v128.load(b), c0 = a0, d0 = a0, e0 = a0, a1 = a0, c1 = a0, d1 = a0, e1 = a0;
    let o0: v128, o1: v128;
    let p = x - <usize>PL * xStride, to = y;
    for (let iw = -PL, ow = -4; ow < OW; iw++, ow++) {
      const bias = v128.load(b);
      const live = <u32>iw < <u32>IW;
      do {
        if (!live) { o0 = a0; a0 = c0; c0 = d0; d0 = e0; o1 = a1; a1 = c1; c1 = d1; d1 = e1; e0 = e1 = bias; break; }
        let q = p + line;
        let w: v128;
        const x0 = v128.load(p), x1 = v128.load(q);
        w = v128.load(k, 64); o0 = madd(a0, x0, w); o1 = madd(a1, x1, w);
        w = v128.load(k, 48); a0 = madd(c0, x0, w); a1 = madd(c1, x1, w);
        w = v128.load(k, 32); c0 = madd(d0, x0, w); c1 = madd(d1, x1, w);
        w = v128.load(k, 16); d0 = madd(e0, x0, w); d1 = madd(e1, x1, w);
        w = v128.load(k); e0 = madd(bias, x0, w); e1 = madd(bias, x1, w);
        if (!q) break;
        q += line;
        const x2 = v128.load(q);
        w = v128.load(k, 144); o0 = madd(o0, x1, w); o1 = madd(o1, x2, w);
        w = v128.load(k, 128); a0 = madd(a0, x1, w); a1 = madd(a1, x2, w);
        w = v128.load(k, 112); c0 = madd(c0, x1, w); c1 = madd(c1, x2, w);
        w = v128.load(k, 96); d0 = madd(d0, x1, w); d1 = madd(d1, x2, w);
        w = v128.load(k, 80); e0 = madd(e0, x1, w); e1 = madd(e1, x2, w);
        if (!q) break;
        q += line;
        const x3 = v128.load(q);
        w = v128.load(k, 224); o0 = madd(o0, x2, w); o1 = madd(o1, x3, w);
        w = v128.load(k, 208); a0 = madd(a0, x2, w); a1 = madd(a1, x3, w);
        w = v128.load(k, 192); c0 = madd(c0, x2, w); c1 = madd(c1, x3, w);
        w = v128.load(k, 176); d0 = madd(d0, x2, w); d1 = madd(d1, x3, w);
        w = v128.load(k, 160); e0 = madd(e0, x2, w); e1 = madd(e1, x3, w);
        if (!q) break;
        q += line;
        const x4 = v128.load(q);
        w = v128.load(k, 304); o0 = madd(o0, x3, w); o1 = madd(o1, x4, w);
        w = v128.load(k, 288); a0 = madd(a0, x3, w); a1 = madd(a1, x4, w);
        w = v128.load(k, 272); c0 = madd(c0, x3, w); c1 = madd(c1, x4, w);
        w = v128.load(k, 256); d0 = madd(d0, x3, w); d1 = madd(d1, x4, w);
        w = v128.load(k, 240); e0 = madd(e0, x3, w); e1 = madd(e1, x4, w);
        if (!q) break;
        q += line;
        const x5 = v128.load(q);
        w = v128.load(k, 384); o0 = madd(o0, x4, w); o1 = madd(o1, x5, w);
        w = v128.load(k, 368); a0 = madd(a0, x4, w); a1 = madd(a1, x5, w);
        w = v128.load(k, 352); c0 = madd(c0, x4, w); c1 = madd(c1, x5, w);
        w = v128.load(k, 336); d0 = madd(d0, x4, w); d1 = madd(d1, x5, w);
        w = v128.load(k, 320); e0 = madd(e0, x4, w); e1 = madd(e1, x5, w);
      } while (false);
      v128.store(to, clamp(o0, l, h)); v128.store(to + yStep, clamp(o1, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
    }
    x += xStep << 1; y += yStep << 1;
    rows -= 2;
  } while (rows);
}

/** R x 5, stride 1. */
export function slide5(
  x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const height = <usize>R * line;
  do {
    let a = v128.load(b), c = a, d = a, e = a;
    let p = x - <usize>PL * xStride, to = y;
    for (let iw = -PL, ow = -4; ow < OW; iw++, ow++) {
      let f = v128.load(b);
      if (<u32>iw < <u32>IW) {
        let q = p, t = k;
        do {
          const v = v128.load(q);
          a = tap(a, v, t, 4); c = tap(c, v, t, 3); d = tap(d, v, t, 2); e = tap(e, v, t, 1); f = tap(f, v, t, 0);
          q += line; t += 80;
        } while (q != p + height);
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d; d = e; e = f;
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** 5 x 5, stride 2 along the row, for output rows in pairs, two lines of the image apart. */
export function stride5x5(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a0 = v128.load(b), c0 = a0, a1 = a0, c1 = a0;
    let o0: v128, o1: v128;
    let p = x - <usize>(PL + 1) * xStride, to = y;
    for (let iw = -PL - 1, ow = -2; ow < OW; iw += 2, ow++) {
      const bias = v128.load(b);
      const even = <u32>iw < <u32>IW, odd = <u32>(iw + 1) < <u32>IW;
      do {
        if (!even) break;
        let q = p + line;
        let w: v128;
        const x0 = v128.load(p), x1 = v128.load(q);
        q += line;
        const x2 = v128.load(q);
        w = v128.load(k, 48); a0 = madd(a0, x0, w); a1 = madd(a1, x2, w);
        w = v128.load(k, 16); c0 = madd(c0, x0, w); c1 = madd(c1, x2, w);
        if (!q) break;
        q += line;
        const x3 = v128.load(q);
        w = v128.load(k, 128); a0 = madd(a0, x1, w); a1 = madd(a1, x3, w);
        w = v128.load(k, 96); c0 = madd(c0, x1, w); c1 = madd(c1, x3, w);
        if (!q) break;
        q += line;
        const x4 = v128.load(q);
        w = v128.load(k, 208); a0 = madd(a0, x2, w); a1 = madd(a1, x4, w);
        w = v128.load(k, 176); c0 = madd(c0, x2, w); c1 = madd(c1, x4, w);
        if (!q) break;
        q += line;
        const x5 = v128.load(q);
        w = v128.load(k, 288); a0 = madd(a0, x3, w); a1 = madd(a1, x5, w);
        w = v128.load(k, 256); c0 = madd(c0, x3, w); c1 = madd(c1, x5, w);
        if (!q) break;
        q += line;
        const x6 = v128.load(q);
        w = v128.load(k, 368); a0 = madd(a0, x4, w); a1 = madd(a1, x6, w);
        w = v128.load(k, 336); c0 = madd(c0, x4, w); c1 = madd(c1, x6, w);
      } while (false);
      p += xStride;
      do {
        if (!odd) { o0 = a0; a0 = c0; o1 = a1; a1 = c1; c0 = c1 = bias; break; }
        let q = p + line;
        let w: v128;
        const x0 = v128.load(p), x1 = v128.load(q);
        q += line;
        const x2 = v128.load(q);
        w = v128.load(k, 64); o0 = madd(a0, x0, w); o1 = madd(a1, x2, w);
        w = v128.load(k, 32); a0 = madd(c0, x0, w); a1 = madd(c1, x2, w);
        w = v128.load(k); c0 = madd(bias, x0, w); c1 = madd(bias, x2, w);
        if (!q) break;
        q += line;
        const x3 = v128.load(q);
        w = v128.load(k, 144); o0 = madd(o0, x1, w); o1 = madd(o1, x3, w);
        w = v128.load(k, 112); a0 = madd(a0, x1, w); a1 = madd(a1, x3, w);
        w = v128.load(k, 80); c0 = madd(c0, x1, w); c1 = madd(c1, x3, w);
        if (!q) break;
        q += line;
        const x4 = v128.load(q);
        w = v128.load(k, 224); o0 = madd(o0, x2, w); o1 = madd(o1, x4, w);
        w = v128.load(k, 192); a0 = madd(a0, x2, w); a1 = madd(a1, x4, w);
        w = v128.load(k, 160); c0 = madd(c0, x2, w); c1 = madd(c1, x4, w);
        if (!q) break;
        q += line;
        const x5 = v128.load(q);
        w = v128.load(k, 304); o0 = madd(o0, x3, w); o1 = madd(o1, x5, w);
        w = v128.load(k, 272); a0 = madd(a0, x3, w); a1 = madd(a1, x5, w);
        w = v128.load(k, 240); c0 = madd(c0, x3, w); c1 = madd(c1, x5, w);
        if (!q) break;
        q += line;
        const x6 = v128.load(q);
        w = v128.load(k, 384); o0 = madd(o0, x4, w); o1 = madd(o1, x6, w);
        w = v128.load(k, 352); a0 = madd(a0, x4, w); a1 = madd(a1, x6, w);
        w = v128.load(k, 320); c0 = madd(c0, x4, w); c1 = madd(c1, x6, w);
      } while (false);
      v128.store(to, clamp(o0, l, h)); v128.store(to + yStep, clamp(o1, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
    }
    x += xStep << 1; y += yStep << 1;
    rows -= 2;
  } while (rows);
}

/** R x 5, stride 2 along the row. */
export function stride5(
  x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const height = <usize>R * line;
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>(PL + 1) * xStride, to = y;
    for (let iw = -PL - 1, ow = -2; ow < OW; iw += 2, ow++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        let q = p, t = k;
        do {
          const v = v128.load(q);
          a = tap(a, v, t, 3); c = tap(c, v, t, 1);
          q += line; t += 80;
        } while (q != p + height);
      }
      p += xStride;
      if (<u32>(iw + 1) < <u32>IW) {
        let q = p, t = k;
        do {
          const v = v128.load(q);
          a = tap(a, v, t, 4); c = tap(c, v, t, 2); d = tap(d, v, t, 0);
          q += line; t += 80;
        } while (q != p + height);
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d;
    }
    x += xStep; y += yStep;
  } while (--rows);
}
