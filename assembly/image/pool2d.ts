// Pooling of channels-last images over windows.
//
//   max       y = the greatest of the window; NaN if one is there
//   average   y = sum of the window / divisor
//   lp        y = (sum of |v|^p)^(1/p), p = 1 or 2
//
// A window covers places oh*SH + kh*DH - PT, ow*SW + kw*DW - PL; those outside the image are left out. Summands are added in row-major
// order of the window; `globalAveragePool2d` adds in blocks of 64 pixels. Of equal maxima (0 and -0) the first counts, column by column.
// Where C >= 4 is no multiple of 4, the last vector holds channels C-4 .. C-1 and computes up to three of them a second time.
//
// f32x4.max, which lets NaN through, costs five times f32x4.pmax, which passes over it. So maxima are taken with pmax, and the values are
// added up beside it: only where that sum is NaN is a window, or in `maxRow3` an image, looked at again, carefully.

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

// @ts-ignore: decorator
@inline
function isNaN4(v: v128): bool {
  return v128.any_true(f32x4.ne(v, v));
}

/** The maxima of one window; parameters as in `sumWindow`. */
function maxWindow(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32): void {
  let c = 0;
  for (; c + 16 <= C; c += 16) {
    let a0 = f32x4.splat(-Infinity), a1 = a0, a2 = a0, a3 = a0;
    let n0 = f32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
    let top = x;
    for (let s = 0; s < S; s++, top += column) {
      let p = top;
      for (let r = 0; r < R; r++, p += line) {
        let v = v128.load(p);
        a0 = f32x4.pmax(a0, v); n0 = f32x4.add(n0, v);
        v = v128.load(p, 16);
        a1 = f32x4.pmax(a1, v); n1 = f32x4.add(n1, v);
        v = v128.load(p, 32);
        a2 = f32x4.pmax(a2, v); n2 = f32x4.add(n2, v);
        v = v128.load(p, 48);
        a3 = f32x4.pmax(a3, v); n3 = f32x4.add(n3, v);
      }
    }
    v128.store(y, a0); v128.store(y, a1, 16); v128.store(y, a2, 32); v128.store(y, a3, 48);
    if (isNaN4(f32x4.add(f32x4.add(n0, n1), f32x4.add(n2, n3)))) maxCarefully(x, line, column, R, S, y, 16);
    x += 64; y += 64;
  }
  if (c < C) maxCarefully(x, line, column, R, S, y, C - c);
}

/** The same, NaN if one is there. */
function maxCarefully(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32): void {
  for (let c = 0; c < C; c += 4) {
    const lanes = min(4, C - c);
    let a = f32x4.splat(-Infinity), top = x;
    for (let s = 0; s < S; s++, top += column) {
      let p = top;
      for (let r = 0; r < R; r++, p += line) {
        const v = lanes == 4 ? v128.load(p) : loadLanes(p, lanes);
        a = v128.bitselect(v, a, v128.or(f32x4.gt(v, a), f32x4.ne(v, v)));
      }
    }
    if (lanes == 4) v128.store(y, a);
    else storeLanes(y, a, lanes);
    x += 16; y += 16;
  }
}

/**
 * A row of `count` outputs of 3x3 windows two columns apart, all inside the image. The maxima of a column that two windows share are
 * taken once, and wait where the second one's output goes. Gives whether there is a NaN in the first two lines, or, with `third`, in all
 * three: then the outputs are wrong, but for channels behind the last whole 4.
 */
export function maxRow3(third: bool, x: usize, line: usize, xStride: usize, y: usize, yStride: usize, count: i32, C: i32): bool {
  const line2 = line << 1, bytes = <usize>(C & ~3) << 2;
  let n0 = f32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
  let u: v128, v: v128, t: v128;
  for (let c: usize = 0; c < bytes; c += 16) {
    const p = x + c;
    u = v128.load(p); v = v128.load(p + line); n0 = f32x4.add(n0, f32x4.add(u, v));
    v128.store(y + c, f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2)));
  }
  const last = y + <usize>(count - 1) * yStride;
  let from = x, out = y;
  for (;;) {
    const next = out == last ? out : out + yStride;
    from += xStride;
    let c: usize = 0;
    for (; c + 64 <= bytes; c += 64) {
      const p = from + c, q = p + xStride, at = out + c, to = next + c;
      u = v128.load(p); v = v128.load(p + line); n0 = f32x4.add(n0, f32x4.add(u, v));
      t = f32x4.pmax(v128.load(at), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2)));
      u = v128.load(q); v = v128.load(q + line); n0 = f32x4.add(n0, f32x4.add(u, v));
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2));
      v128.store(to, u); v128.store(at, f32x4.pmax(t, u));
      u = v128.load(p, 16); v = v128.load(p + line, 16); n1 = f32x4.add(n1, f32x4.add(u, v));
      t = f32x4.pmax(v128.load(at, 16), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 16)));
      u = v128.load(q, 16); v = v128.load(q + line, 16); n1 = f32x4.add(n1, f32x4.add(u, v));
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 16));
      v128.store(to, u, 16); v128.store(at, f32x4.pmax(t, u), 16);
      u = v128.load(p, 32); v = v128.load(p + line, 32); n2 = f32x4.add(n2, f32x4.add(u, v));
      t = f32x4.pmax(v128.load(at, 32), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 32)));
      u = v128.load(q, 32); v = v128.load(q + line, 32); n2 = f32x4.add(n2, f32x4.add(u, v));
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 32));
      v128.store(to, u, 32); v128.store(at, f32x4.pmax(t, u), 32);
      u = v128.load(p, 48); v = v128.load(p + line, 48); n3 = f32x4.add(n3, f32x4.add(u, v));
      t = f32x4.pmax(v128.load(at, 48), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 48)));
      u = v128.load(q, 48); v = v128.load(q + line, 48); n3 = f32x4.add(n3, f32x4.add(u, v));
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 48));
      v128.store(to, u, 48); v128.store(at, f32x4.pmax(t, u), 48);
    }
    for (; c < bytes; c += 16) {
      const p = from + c, q = p + xStride, at = out + c;
      u = v128.load(p); v = v128.load(p + line); n0 = f32x4.add(n0, f32x4.add(u, v));
      t = f32x4.pmax(v128.load(at), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2)));
      u = v128.load(q); v = v128.load(q + line); n0 = f32x4.add(n0, f32x4.add(u, v));
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2));
      v128.store(next + c, u); v128.store(at, f32x4.pmax(t, u));
    }
    from += xStride;
    if (out == last) break;
    out = next;
  }
  if (third) for (let p = x + line2; p <= from + line2; p += xStride) {
    for (let c: usize = 0; c < bytes; c += 16) n0 = f32x4.add(n0, v128.load(p + c));
  }
  if (bytes < <usize>C << 2) for (; count > 0; count--) {
    maxCarefully(x + bytes, line, xStride, 3, 3, y + bytes, C & 3);
    x += xStride << 1; y += yStride;
  }
  return isNaN4(f32x4.add(f32x4.add(n0, n1), f32x4.add(n2, n3)));
}

/** A window's maxima with their places: ih * IW + iw of the first of equals, or of the last NaN; -1 for a window without places. */
function maxWithPlace(
  x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, indices: usize, C: i32, place: i32, lineStep: i32, columnStep: i32
): void {
  for (let c = 0; c < C; c += 4) {
    const offset = <usize>(C < 4 ? 0 : min(c, C - 4)) << 2;
    let a = f32x4.splat(-Infinity);
    let at = i32x4.splat(R > 0 && S > 0 ? place : -1);
    for (let r = 0; r < R; r++) {
      let p = x + offset + <usize>r * line;
      let index = place + r * lineStep;
      for (let s = 0; s < S; s++, p += column, index += columnStep) {
        const v = C >= 4 ? v128.load(p) : loadLanes(p, C);
        const better = v128.or(f32x4.gt(v, a), f32x4.ne(v, v));
        a = v128.bitselect(v, a, better);
        at = v128.bitselect(i32x4.splat(index), at, better);
      }
    }
    if (C >= 4) {
      v128.store(y + offset, a);
      v128.store(indices + offset, at);
    } else {
      storeLanes(y, a, C);
      storeLanes(indices, at, C);
    }
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
  const rows3 = op == MAX && KW == 3 && SW == 2 && DW == 1 && C >= 4 && !indices;
  for (let n = 0; n < N; n++) {
    let fast = rows3;
    const start = y;
    for (let oh = 0, ih = -PT; oh < OH; oh++, ih += SH) {
      const top = firstInside(ih, DH);
      const R = max(0, min(KH, firstInside(ih - IH, DH)) - top);
      for (let ow = 0, iw = -PL; ow < OW; ow++, iw += SW) {
        if (fast && R == 3 && iw >= 0 && iw + 3 <= IW) {
          const count = min(OW - ow, (IW - iw - 1) >> 1);
          // The next row looks for NaN in the line that it shares.
          const third = SH != DH << 1 || oh + 1 == OH || ih + SH + (DH << 1) >= IH;
          if (maxRow3(third, x + <usize>(ih * IW + iw) * xStride, line, xStride, y, yStride, count, C)) {
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
