// The sliding micro-kernels of depthwise.ts for windows three columns wide and two or three places high; the order of addition stands there.
//
// x: the first live line of the window over the first output row, at column 0; `line` bytes from window row to window row, R live window
// rows, `xStep` bytes from output row to output row. b: four biases; k: the weights of the first live window row. They walk over the columns
// of the image, load each once and add what it gives to the outputs that see it: a is the sum of the output that the column completes, c and
// d those of the outputs to come. The first KW - 1 columns complete outputs left of the image; where these are stored, then at the place of
// the first output, which is stored last.
//
// The loops over inner columns are also written out for outputs without bounds, which cost four of their 33 instructions: two that clamp,
// two that bring back weights whose registers the bounds took (144 channels of 56 x 56: 0.242 -> 0.208 ms).
// Each kernel is exported and stays a function of its own: inlined into the driver it would spill.

import { madd } from "../fma";
import { clamp } from "../lanes";

/** A column of R = 2 or 3 places times a column of the filter. */
// @ts-ignore: decorator
@inline
function column3(R: i32, x0: v128, x1: v128, x2: v128, w0: v128, w1: v128, w2: v128): v128 {
  const s = madd(f32x4.mul(x0, w0), x1, w1);
  return R == 3 ? madd(s, x2, w2) : s;
}

/** The third place of a column, if there is one. */
// @ts-ignore: decorator
@inline
function third(R: i32, p: usize): v128 {
  return R == 3 ? v128.load(p) : f32x4.splat(0);
}

/** R x 3, stride 1, the weights in registers. Without tests in the loop over inner columns. */
// @ts-ignore: decorator
@inline
function slideRows(
  R: i32, x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const w00 = v128.load(k), w01 = v128.load(k, 16), w02 = v128.load(k, 32);
  const w10 = v128.load(k, 48), w11 = v128.load(k, 64), w12 = v128.load(k, 80);
  const w20 = third(R, k + 96), w21 = third(R, k + 112), w22 = third(R, k + 128);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const bounded = R < 3 || lo != -Infinity || hi != Infinity;
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>PL * xStride, to = y;
    let iw = -PL, ow = -2;
    // Columns before the first output is complete.
    for (; ow < 0; iw++, ow++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        c = f32x4.add(c, column3(R, x0, x1, x2, w01, w11, w21));
        d = f32x4.add(d, column3(R, x0, x1, x2, w00, w10, w20));
      }
      p += xStride;
      a = c; c = d;
    }
    // Windows that end left of the image.
    for (; iw < 0 && ow < OW; iw++, ow++) {
      v128.store(to, clamp(a, l, h));
      to += yStride;
      p += xStride;
    }
    const inside = min(OW - ow, IW - iw);
    if (inside > 0) {
      const end = p + <usize>inside * xStride;
      if (bounded) do {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        v128.store(to, clamp(f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22)), l, h));
        a = f32x4.add(c, column3(R, x0, x1, x2, w01, w11, w21));
        c = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
        to += yStride;
        p += xStride;
      } while (p != end);
      else do {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        v128.store(to, f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22)));
        a = f32x4.add(c, column3(R, x0, x1, x2, w01, w11, w21));
        c = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
        to += yStride;
        p += xStride;
      } while (p != end);
      ow += inside;
    }
    // Columns right of the image.
    for (; ow < OW; ow++) {
      v128.store(to, clamp(a, l, h));
      to += yStride;
      a = c; c = v128.load(b);
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** 3 x 3, stride 1. */
export function slide3x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  slideRows(3, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** 2 x 3, stride 1. */
export function slide2x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  slideRows(2, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** R x 3, stride 2 along the row, the weights in registers: two columns a step, the second shared with the next output. */
// @ts-ignore: decorator
@inline
function strideRows(
  R: i32, x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const w00 = v128.load(k), w01 = v128.load(k, 16), w02 = v128.load(k, 32);
  const w10 = v128.load(k, 48), w11 = v128.load(k, 64), w12 = v128.load(k, 80);
  const w20 = third(R, k + 96), w21 = third(R, k + 112), w22 = third(R, k + 128);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const bounded = R < 3 || lo != -Infinity || hi != Infinity;
  do {
    let a = v128.load(b);
    let p = x - <usize>(PL + 1) * xStride, to = y;
    let iw = -PL - 1, ow = -1;
    do {
      let c = v128.load(b);
      if (<u32>iw < <u32>IW) {
        a = f32x4.add(a, column3(R, v128.load(p), v128.load(p + line), third(R, p + (line << 1)), w01, w11, w21));
      }
      p += xStride;
      if (<u32>(iw + 1) < <u32>IW) {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        a = f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22));
        c = f32x4.add(c, column3(R, x0, x1, x2, w00, w10, w20));
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c;
      iw += 2; ow++;
      // Outputs whose columns are all inside.
      const inside = iw < 0 ? 0 : min(OW - ow, (IW - iw) >> 1);
      if (inside > 0) {
        const end = p + (<usize>inside * xStride << 1);
        if (bounded) do {
          let x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w01, w11, w21));
          p += xStride;
          x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22));
          v128.store(to, clamp(a, l, h));
          a = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
          to += yStride;
          p += xStride;
        } while (p != end);
        else do {
          let x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w01, w11, w21));
          p += xStride;
          x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22));
          v128.store(to, a);
          a = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
          to += yStride;
          p += xStride;
        } while (p != end);
        iw += inside << 1; ow += inside;
      }
    } while (ow < OW);
    x += xStep; y += yStep;
  } while (--rows);
}

/** 3 x 3, stride 2 along the row. */
export function stride3x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  strideRows(3, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** 2 x 3, stride 2 along the row. */
export function stride2x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  strideRows(2, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}
