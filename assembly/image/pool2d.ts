// Pooling of channels-last images over windows.
//
//   max       y = the greatest of the window; NaN if one is there
//   average   y = sum of the window / divisor
//   lp        y = (sum of |v|^p)^(1/p), p = 1 or 2
//
// A window covers places oh*SH + kh*DH - PT, ow*SW + kw*DW - PL; those outside the image are left out. Summands are added in row-major
// order of the window; `globalAveragePool2d` adds in blocks of 64 pixels. Where C >= 4 is no multiple of 4, the last vector holds channels
// C-4 .. C-1 and computes up to three of them a second time.

import { maxRow3, maxWindow, maxWithPlace } from "./maxima";
import { loadLanes, storeLanes } from "../lanes";
import { firstInside } from "../window";

const AVERAGE = 0;
const L1 = 1;
const L2 = 2;
const MAX = 3;

const BLOCK = 64; // pixels that globalAveragePool2d adds before it adds their sum to the total

// @ts-ignore: decorator
@inline
function step(op: i32, a: v128, v: v128): v128 {
  if (op == AVERAGE) return f32x4.add(a, v);
  if (op == L1) return f32x4.add(a, f32x4.abs(v));
  return f32x4.add(a, f32x4.mul(v, v));
}

// @ts-ignore: decorator
@inline
function finish(op: i32, a: v128, divisor: f32): v128 {
  if (op == AVERAGE) return f32x4.div(a, f32x4.splat(divisor));
  return op == L1 ? a : f32x4.sqrt(a);
}

/** One output pixel. x: the window's first place inside the image; R rows `line` bytes apart of S places `column` bytes apart. */
// @ts-ignore: decorator
@inline
function sumWindow(op: i32, x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32, divisor: f32): void {
  let c = 0;
  for (; c + 16 <= C; c += 16) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let row = x;
    for (let r = 0; r < R; r++, row += line) {
      let p = row;
      for (let s = 0; s < S; s++, p += column) {
        a0 = step(op, a0, v128.load(p)); a1 = step(op, a1, v128.load(p, 16));
        a2 = step(op, a2, v128.load(p, 32)); a3 = step(op, a3, v128.load(p, 48));
      }
    }
    v128.store(y, finish(op, a0, divisor)); v128.store(y, finish(op, a1, divisor), 16);
    v128.store(y, finish(op, a2, divisor), 32); v128.store(y, finish(op, a3, divisor), 48);
    x += 64; y += 64;
  }
  for (; c < C; c += 4) {
    if (c + 4 > C && C >= 4) {
      const back = <usize>(c + 4 - C) << 2;
      x -= back; y -= back;
    }
    let a = f32x4.splat(0), row = x;
    for (let r = 0; r < R; r++, row += line) {
      let p = row;
      for (let s = 0; s < S; s++, p += column) a = step(op, a, C >= 4 ? v128.load(p) : loadLanes(p, C));
    }
    a = finish(op, a, divisor);
    if (C >= 4) v128.store(y, a);
    else storeLanes(y, a, C);
    x += 16; y += 16;
  }
}

function averageWindow(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32, divisor: f32): void {
  sumWindow(AVERAGE, x, line, column, R, S, y, C, divisor);
}

function l1Window(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32): void {
  sumWindow(L1, x, line, column, R, S, y, C, 1);
}

function l2Window(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32): void {
  sumWindow(L2, x, line, column, R, S, y, C, 1);
}

// @ts-ignore: decorator
@inline
function window(op: i32, x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32, divisor: f32): void {
  if (op == MAX) maxWindow(x, line, column, R, S, y, C);
  else if (op == AVERAGE) averageWindow(x, line, column, R, S, y, C, divisor);
  else if (op == L1) l1Window(x, line, column, R, S, y, C);
  else l2Window(x, line, column, R, S, y, C);
}

/** PB, PR, padded, divisor: as in `averagePool2d`; padded = 0 and divisor = 0 elsewhere. indices: as in `maxPool2d`. */
function slide(
  op: i32, x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32, PB: i32, PR: i32, padded: i32, divisor: f32,
  indices: usize, iStride: usize
): void {
  assert(C > 0 && IH > 0 && IW > 0 && KH > 0 && KW > 0 && SH > 0 && SW > 0 && DH > 0 && DW > 0);
  assert(xStride >= <usize>C << 2 && yStride >= <usize>C << 2 && (!indices || iStride >= <usize>C << 2));
  const line = <usize>(DH * IW) * xStride, column = <usize>DW * xStride;
  const rows3 = op == MAX && KH <= 3 && KW == 3 && SW == 2 && DW == 1 && C >= 4 && !indices;
  for (let n = 0; n < N; n++) {
    let fast = rows3;
    const start = y;
    for (let oh = 0, ih = -PT; oh < OH; oh++, ih += SH) {
      const top = firstInside(ih, DH);
      const R = max(0, min(KH, firstInside(ih - IH, DH)) - top);
      for (let ow = 0, iw = -PL; ow < OW; ow++, iw += SW) {
        if (fast && R > 0 && iw >= -1 && iw + 2 <= IW) {
          const count = min(OW - ow, (IW - iw) >> 1), end = iw + (count << 1) + 1;
          // The next row looks for NaN in the line that it shares.
          const third = R == 3 && (SH != DH << 1 || oh + 1 == OH);
          const from = x + <usize>((ih + top * DH) * IW + iw) * xStride;
          if (maxRow3(from, line, R, iw < 0, end > IW, third, xStride, y, yStride, count, C)) {
            // Once more from the image's first row.
            fast = false;
            y = start; oh = -1; ih = -PT - SH;
            break;
          }
          y += <usize>count * yStride;
          ow += count - 1; iw += (count - 1) << 1;
          continue;
        }
        const left = firstInside(iw, DW);
        const S = max(0, min(KW, firstInside(iw - IW, DW)) - left);
        const place = (ih + top * DH) * IW + iw + left * DW;
        const from = x + <usize>place * xStride;
        if (indices) {
          maxWithPlace(from, line, column, R, S, y, indices, C, place, DH * IW, DW);
          indices += iStride;
        } else {
          let d = divisor;
          if (d == 0) {
            d = <f32>(padded ? min(KH, firstInside(ih - IH - PB, DH)) * min(KW, firstInside(iw - IW - PR, DW)) : max(R * S, 1));
          }
          window(op, from, line, column, R, S, y, C, d);
        }
        y += yStride;
      }
    }
    x += <usize>(IH * IW) * xStride;
  }
}

/**
 * x: [N, IH, IW] pixels of C floats, `xStride` bytes apart; y: [N, OH, OW], `yStride` bytes apart. indices: 0, or room for [N, OH, OW]
 * pixels of C int32, `iStride` bytes apart, that take the place ih * IW + iw of each maximum in its image: the first of equals, the
 * last NaN. A window that lies wholly outside the image gives -Infinity and -1.
 */
export function maxPool2d(
  x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32, indices: usize, iStride: usize
): void {
  slide(MAX, x, N, IH, IW, C, xStride, y, OH, OW, yStride, KH, KW, SH, SW, DH, DW, PT, PL, 0, 0, 0, 1, indices, iStride);
}

/**
 * x, y: as in `maxPool2d`. The divisor is `divisor` where that is not 0; otherwise the number of the window's places inside the image
 * (mode 0) or inside the image padded by PT, PL, PB, PR (mode 1): a window may hang over even that. A window that lies wholly outside
 * the image gives 0.
 */
export function averagePool2d(
  x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32, PB: i32, PR: i32, mode: i32, divisor: f32
): void {
  slide(AVERAGE, x, N, IH, IW, C, xStride, y, OH, OW, yStride, KH, KW, SH, SW, DH, DW, PT, PL, PB, PR, mode, divisor, 0, 0);
}

/** x, y: as in `maxPool2d`. p: 1 or 2. */
export function lpPool2d(
  x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32, p: i32
): void {
  assert(p == 1 || p == 2);
  const op = p == 1 ? L1 : L2;
  slide(op, x, N, IH, IW, C, xStride, y, OH, OW, yStride, KH, KW, SH, SW, DH, DW, PT, PL, 0, 0, 0, 1, 0, 0);
}

/**
 * Windows given by tables: output row oh covers image rows rows[2 * oh] up to, not including, rows[2 * oh + 1], and columns likewise
 * (int32). average: 1 for averages over the places, 0 for maxima. The rest as in `maxPool2d`.
 */
export function adaptivePool2d(
  average: i32, x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  rows: usize, columns: usize, indices: usize, iStride: usize
): void {
  assert(C > 0 && xStride >= <usize>C << 2 && yStride >= <usize>C << 2 && (!indices || iStride >= <usize>C << 2));
  const line = <usize>IW * xStride;
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      const top = load<i32>(rows + (<usize>oh << 3)), R = load<i32>(rows + (<usize>oh << 3), 4) - top;
      assert(top >= 0 && R > 0 && top + R <= IH);
      for (let ow = 0; ow < OW; ow++) {
        const left = load<i32>(columns + (<usize>ow << 3)), S = load<i32>(columns + (<usize>ow << 3), 4) - left;
        assert(left >= 0 && S > 0 && left + S <= IW);
        const place = top * IW + left;
        const from = x + <usize>place * xStride;
        if (indices) {
          maxWithPlace(from, line, xStride, R, S, y, indices, C, place, IW, 1);
          indices += iStride;
        } else {
          window(average ? AVERAGE : MAX, from, line, xStride, R, S, y, C, <f32>(R * S));
        }
        y += yStride;
      }
    }
    x += <usize>IH * line;
  }
}

/**
 * y[n][c] = (sum over p of x[n][p][c]) / P: N images of P pixels of C floats, `xStride` bytes apart, to N rows of C floats, `yStride`
 * bytes apart. Sums of 64 pixels in order, then the sum of those sums in order, so that large images lose no precision.
 */
export function globalAveragePool2d(x: usize, N: i32, P: i32, C: i32, xStride: usize, y: usize, yStride: usize): void {
  assert(C > 0 && P > 0 && xStride >= <usize>C << 2 && yStride >= <usize>C << 2);
  const d = f32x4.splat(<f32>P);
  for (let n = 0; n < N; n++) {
    let c = 0;
    for (; c + 16 <= C; c += 16) {
      let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
      let p = x + (<usize>c << 2);
      for (let left = P; left > 0; left -= BLOCK) {
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (let i = min(left, BLOCK); i > 0; i--, p += xStride) {
          s0 = f32x4.add(s0, v128.load(p)); s1 = f32x4.add(s1, v128.load(p, 16));
          s2 = f32x4.add(s2, v128.load(p, 32)); s3 = f32x4.add(s3, v128.load(p, 48));
        }
        t0 = f32x4.add(t0, s0); t1 = f32x4.add(t1, s1); t2 = f32x4.add(t2, s2); t3 = f32x4.add(t3, s3);
      }
      const to = y + (<usize>c << 2);
      v128.store(to, f32x4.div(t0, d)); v128.store(to, f32x4.div(t1, d), 16);
      v128.store(to, f32x4.div(t2, d), 32); v128.store(to, f32x4.div(t3, d), 48);
    }
    for (; c < C; c += 4) {
      const offset = <usize>(C < 4 ? 0 : min(c, C - 4)) << 2;
      let p = x + offset;
      let t = f32x4.splat(0);
      for (let left = P; left > 0; left -= BLOCK) {
        let s = f32x4.splat(0);
        for (let i = min(left, BLOCK); i > 0; i--, p += xStride) s = f32x4.add(s, C >= 4 ? v128.load(p) : loadLanes(p, C));
        t = f32x4.add(t, s);
      }
      t = f32x4.div(t, d);
      if (C >= 4) v128.store(y + offset, t);
      else storeLanes(y, t, C);
    }
    x += <usize>P * xStride;
    y += yStride;
  }
}
