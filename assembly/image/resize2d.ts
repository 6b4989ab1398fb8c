// Resizing. Where output elements come from, and by which weights, stands in tables that the host makes, so that every way of
// counting coordinates is the same kernel.

import { copyRow, fill } from "../movement/copy";
import { loadLanes, storeLanes } from "../lanes";

/**
 * y[n][oh][ow] = x[n][rows[oh]][columns[ow]]: pixels of C floats, `xStride`, `yStride` bytes apart. rows, columns: OH and OW int32; a
 * place outside the image gives `outside`.
 */
export function resizeNearest2d(
  x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  rows: usize, columns: usize, outside: f32
): void {
  assert(C > 0 && xStride >= <usize>C << 2 && yStride >= <usize>C << 2);
  const line = <usize>IW * xStride;
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      const ih = load<i32>(rows + (<usize>oh << 2));
      const from = x + <usize>ih * line;
      for (let ow = 0; ow < OW; ow++) {
        const iw = load<i32>(columns + (<usize>ow << 2));
        if (<u32>ih < <u32>IH && <u32>iw < <u32>IW) copyRow(from + <usize>iw * xStride, y, <usize>C << 2);
        else fill(y, C, outside);
        y += yStride;
      }
    }
    x += <usize>IH * line;
  }
}

/**
 * One axis of a separable resize:
 *
 *   y[o][i] = sum over t of weights[i][t] * x[o][starts[i] + t]
 *
 * for `outer` places o, `xOuter`, `yOuter` bytes apart, of I and O elements, `xStep`, `yStep` bytes apart, of `inner` floats. starts: O
 * int32; weights: O rows of `taps` floats. Products are added in the order of t. Weights of 0 at the ends of a row take no part, so that
 * the elements under them may be infinite, or lie outside. Where a start is below 0, y is `outside`. x and y do not overlap.
 */
export function resizeAxis(
  x: usize, y: usize, outer: i32, I: i32, O: i32, inner: i32, xOuter: usize, xStep: usize, yOuter: usize, yStep: usize,
  starts: usize, weights: usize, taps: i32, outside: f32
): void {
  assert(inner > 0 && taps > 0 && xStep >= <usize>inner << 2 && yStep >= <usize>inner << 2);
  const two = taps == 2 && inner >= 4;
  for (let o = 0; o < outer; o++) {
    let w = weights, to = y;
    for (let i = 0; i < O; i++) {
      const start = load<i32>(starts + (<usize>i << 2));
      if (two && start >= 0 && load<f32>(w) != 0 && load<f32>(w, 4) != 0) {
        assert(start + 2 <= I);
        const from = x + <usize>start * xStep;
        if (i + 1 < O && load<i32>(starts + (<usize>i << 2), 4) == start && load<f32>(w, 8) != 0 && load<f32>(w, 12) != 0) {
          blendPair(from, from + xStep, w, to, to + yStep, inner);
          i++; w += 8; to += yStep;
        } else {
          blendTwo(from, from + xStep, w, to, inner);
        }
      } else {
        let first = 0, end = taps;
        while (end > 0 && load<f32>(w + (<usize>(end - 1) << 2)) == 0) end--;
        while (first < end && load<f32>(w + (<usize>first << 2)) == 0) first++;
        if (start < 0 || end == 0) {
          fill(to, inner, start < 0 ? outside : 0);
        } else {
          assert(start + end <= I);
          blend(x + <usize>(start + first) * xStep, xStep, w + (<usize>first << 2), end - first, to, inner);
        }
      }
      w += <usize>taps << 2;
      to += yStep;
    }
    x += xOuter;
    y += yOuter;
  }
}

/** y = the sum of `taps` rows of `inner` floats, `step` bytes apart, each times its weight. */
export function blend(x: usize, step: usize, w: usize, taps: i32, y: usize, inner: i32): void {
  if (taps == 1 && load<f32>(w) == 1) return copyRow(x, y, <usize>inner << 2);
  const end = w + (<usize>taps << 2);
  // Sums begin with -0, which changes no product that is added to it.
  let c = 0;
  for (; c + 16 <= inner; c += 16) {
    let a0 = f32x4.splat(-0.0), a1 = a0, a2 = a0, a3 = a0;
    for (let at = w, p = x; at < end; at += 4, p += step) {
      const k = v128.load_splat<f32>(at);
      a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p))); a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)));
      a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32))); a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)));
    }
    v128.store(y, a0); v128.store(y, a1, 16); v128.store(y, a2, 32); v128.store(y, a3, 48);
    x += 64; y += 64;
  }
  // The last vector of a row of 4 or more floats ends where the row ends and may cover places a second time.
  for (; c < inner; c += 4) {
    if (c + 4 > inner && inner >= 4) {
      const back = <usize>(c + 4 - inner) << 2;
      x -= back; y -= back;
    }
    let a = f32x4.splat(-0.0);
    for (let at = w, p = x; at < end; at += 4, p += step) {
      a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(at), inner >= 4 ? v128.load(p) : loadLanes(p, inner)));
    }
    if (inner >= 4) v128.store(y, a);
    else storeLanes(y, a, inner);
    x += 16; y += 16;
  }
}

/** The same for two rows of 4 floats or more: linear interpolation. */
export function blendTwo(x0: usize, x1: usize, w: usize, y: usize, count: i32): void {
  const k0 = v128.load_splat<f32>(w), k1 = v128.load_splat<f32>(w, 4);
  for (; count >= 16; count -= 16, x0 += 64, x1 += 64, y += 64) {
    v128.store(y, mix(k0, v128.load(x0), k1, v128.load(x1)));
    v128.store(y, mix(k0, v128.load(x0, 16), k1, v128.load(x1, 16)), 16);
    v128.store(y, mix(k0, v128.load(x0, 32), k1, v128.load(x1, 32)), 32);
    v128.store(y, mix(k0, v128.load(x0, 48), k1, v128.load(x1, 48)), 48);
  }
  for (; count > 0; count -= 4, x0 += 16, x1 += 16, y += 16) {
    if (count < 4) {
      const back = <usize>(4 - count) << 2;
      x0 -= back; x1 -= back; y -= back;
    }
    v128.store(y, mix(k0, v128.load(x0), k1, v128.load(x1)));
  }
}

/** And twice, which loads them once: to y by the first two weights, to z by the two that follow. */
export function blendPair(x0: usize, x1: usize, w: usize, y: usize, z: usize, count: i32): void {
  const k0 = v128.load_splat<f32>(w), k1 = v128.load_splat<f32>(w, 4), m0 = v128.load_splat<f32>(w, 8), m1 = v128.load_splat<f32>(w, 12);
  let u: v128, v: v128;
  for (; count >= 16; count -= 16, x0 += 64, x1 += 64, y += 64, z += 64) {
    u = v128.load(x0); v = v128.load(x1); v128.store(y, mix(k0, u, k1, v)); v128.store(z, mix(m0, u, m1, v));
    u = v128.load(x0, 16); v = v128.load(x1, 16); v128.store(y, mix(k0, u, k1, v), 16); v128.store(z, mix(m0, u, m1, v), 16);
    u = v128.load(x0, 32); v = v128.load(x1, 32); v128.store(y, mix(k0, u, k1, v), 32); v128.store(z, mix(m0, u, m1, v), 32);
    u = v128.load(x0, 48); v = v128.load(x1, 48); v128.store(y, mix(k0, u, k1, v), 48); v128.store(z, mix(m0, u, m1, v), 48);
  }
  if (count) {
    blendTwo(x0, x1, w, y, count);
    blendTwo(x0, x1, w + 8, z, count);
  }
}

// @ts-ignore: decorator
@inline
function mix(k0: v128, x0: v128, k1: v128, x1: v128): v128 {
  return f32x4.add(f32x4.mul(k0, x0), f32x4.mul(k1, x1));
}
