// The maxima of windows of channels-last images; pool2d.ts moves the windows.
//
// f32x4.max, which lets NaN through, costs five times f32x4.pmax, which passes over it. So maxima are taken with pmax, and a 0 is multiplied
// by the values beside it, which other units of a processor do: only where it has become NaN, by a NaN or an infinity, is a window, or in
// `maxRow3` an image, looked at again, carefully. Of equal maxima (0 and -0) the first counts, column by column.

import { loadLanes, storeLanes } from "../lanes";

// @ts-ignore: decorator
@inline
function isNaN4(v: v128): bool {
  return v128.any_true(f32x4.ne(v, v));
}

/** One output pixel. x: the window's first place inside the image; R rows `line` bytes apart of S places `column` bytes apart. */
export function maxWindow(x: usize, line: usize, column: usize, R: i32, S: i32, y: usize, C: i32): void {
  let c = 0;
  for (; c + 16 <= C; c += 16) {
    let a0 = f32x4.splat(-Infinity), a1 = a0, a2 = a0, a3 = a0;
    let n0 = f32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
    let top = x;
    for (let s = 0; s < S; s++, top += column) {
      let p = top;
      for (let r = 0; r < R; r++, p += line) {
        let v = v128.load(p);
        a0 = f32x4.pmax(a0, v); n0 = f32x4.mul(n0, v);
        v = v128.load(p, 16);
        a1 = f32x4.pmax(a1, v); n1 = f32x4.mul(n1, v);
        v = v128.load(p, 32);
        a2 = f32x4.pmax(a2, v); n2 = f32x4.mul(n2, v);
        v = v128.load(p, 48);
        a3 = f32x4.pmax(a3, v); n3 = f32x4.mul(n3, v);
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
 * A row of `count` outputs of windows three columns wide, two columns apart. R: how many of their lines lie inside the image, 1 to 3; x: the
 * first of them, where the first window begins. `left`: the first column of the first window lies outside the image; `right`: the last
 * one of the last window. The maxima of a column that two windows share are taken once, and wait where the second one's output goes.
 *
 * Gives whether there is a NaN or an infinity in the first two lines, or, with `third`, in all three: then the outputs may be wrong, but for
 * channels behind the last whole 4.
 */
export function maxRow3(
  x: usize, line: usize, R: i32, left: bool, right: bool, third: bool, xStride: usize, y: usize, yStride: usize, count: i32, C: i32
): bool {
  // Of fewer lines or columns the last one is taken again.
  const line1 = R > 1 ? line : 0, line2 = R > 2 ? line << 1 : line1;
  const bytes = <usize>(C & ~3) << 2, gap = yStride - bytes, last = y + <usize>(count - 1) * yStride;
  let n0 = f32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
  let u: v128, v: v128, t: v128;
  for (let c: usize = 0; c < bytes; c += 16) {
    const p = x + c;
    t = f32x4.splat(-Infinity);
    if (!left) {
      u = v128.load(p); v = v128.load(p + line1); n0 = f32x4.mul(f32x4.mul(n0, u), v);
      t = f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2));
    }
    v128.store(y + c, t);
  }
  let from = x, at = y, ahead = yStride, apart = xStride;
  for (;;) {
    if (at == last) {
      ahead = 0;
      if (right) apart = 0;
    }
    const end = at + bytes;
    let p = from + xStride;
    for (; at + 64 <= end; at += 64, p += 64) {
      const q = p + apart;
      u = v128.load(p); v = v128.load(p + line1); n0 = f32x4.mul(f32x4.mul(n0, u), v);
      t = f32x4.pmax(v128.load(at), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2)));
      u = v128.load(q); v = v128.load(q + line1); n0 = f32x4.mul(f32x4.mul(n0, u), v);
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2));
      v128.store(at + ahead, u); v128.store(at, f32x4.pmax(t, u));
      u = v128.load(p, 16); v = v128.load(p + line1, 16); n1 = f32x4.mul(f32x4.mul(n1, u), v);
      t = f32x4.pmax(v128.load(at, 16), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 16)));
      u = v128.load(q, 16); v = v128.load(q + line1, 16); n1 = f32x4.mul(f32x4.mul(n1, u), v);
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 16));
      v128.store(at + ahead, u, 16); v128.store(at, f32x4.pmax(t, u), 16);
      u = v128.load(p, 32); v = v128.load(p + line1, 32); n2 = f32x4.mul(f32x4.mul(n2, u), v);
      t = f32x4.pmax(v128.load(at, 32), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 32)));
      u = v128.load(q, 32); v = v128.load(q + line1, 32); n2 = f32x4.mul(f32x4.mul(n2, u), v);
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 32));
      v128.store(at + ahead, u, 32); v128.store(at, f32x4.pmax(t, u), 32);
      u = v128.load(p, 48); v = v128.load(p + line1, 48); n3 = f32x4.mul(f32x4.mul(n3, u), v);
      t = f32x4.pmax(v128.load(at, 48), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2, 48)));
      u = v128.load(q, 48); v = v128.load(q + line1, 48); n3 = f32x4.mul(f32x4.mul(n3, u), v);
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2, 48));
      v128.store(at + ahead, u, 48); v128.store(at, f32x4.pmax(t, u), 48);
    }
    for (; at < end; at += 16, p += 16) {
      const q = p + apart;
      u = v128.load(p); v = v128.load(p + line1); n0 = f32x4.mul(f32x4.mul(n0, u), v);
      t = f32x4.pmax(v128.load(at), f32x4.pmax(f32x4.pmax(u, v), v128.load(p + line2)));
      u = v128.load(q); v = v128.load(q + line1); n0 = f32x4.mul(f32x4.mul(n0, u), v);
      u = f32x4.pmax(f32x4.pmax(u, v), v128.load(q + line2));
      v128.store(at + ahead, u); v128.store(at, f32x4.pmax(t, u));
    }
    from += xStride + apart;
    if (!ahead) break;
    at += gap;
  }
  if (left) x += xStride;
  if (third) for (let p = x + line2; p <= from + line2; p += xStride) {
    for (let c: usize = 0; c < bytes; c += 16) n0 = f32x4.mul(n0, v128.load(p + c));
  }
  if (bytes < <usize>C << 2) for (let S = left ? 2 : 3; count > 0; S = 3) {
    if (!--count && right) S--;
    maxCarefully(x + bytes, line, xStride, R, S, y + bytes, C & 3);
    x += <usize>(S - 1) * xStride; y += yStride;
  }
  return isNaN4(f32x4.add(f32x4.add(n0, n1), f32x4.add(n2, n3)));
}

/** A window's maxima with their places: ih * IW + iw of the first of equals, or of the last NaN; -1 for a window without places. */
export function maxWithPlace(
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
