// Local response normalisation across the channels of channels-last pixels:
//
//   y[c] = x[c] / (bias + alpha / size * sum of x[near]^2)^beta,  near = c - floor((size - 1) / 2) .. c + ceil((size - 1) / 2)
//
// within the channels. Squares are added in ascending order of channel. Powers of 0.75, which are what networks take, are made of square
// roots, within 2 units in the last place.

import { loadLanes, storeLanes } from "../lanes";
import { pow4 } from "../numeric/math";

/** Bytes of scratch that `lrn` needs. */
export function lrnScratch(C: i32, size: i32): usize {
  return <usize>(((C + 3) & ~3) + size - 1) << 2;
}

// @ts-ignore: decorator
@inline
function power(v: v128, beta: f32): v128 {
  if (beta == 0.75) {
    const root = f32x4.sqrt(v);
    return f32x4.mul(root, f32x4.sqrt(root));
  }
  return pow4(v, f32x4.splat(beta));
}

/** x, y: `pixels` pixels of C floats, `xStride`, `yStride` bytes apart; they may be the same. scratch: `lrnScratch(C, size)` bytes. */
export function lrn(
  x: usize, pixels: i32, C: i32, xStride: usize, y: usize, yStride: usize,
  size: i32, alpha: f32, beta: f32, bias: f32, scratch: usize
): void {
  assert(C > 0 && size > 0 && xStride >= <usize>C << 2 && yStride >= <usize>C << 2);
  // scratch: zeros for the channels before the first, the squares, zeros for the channels behind the last
  const squares = scratch + (<usize>((size - 1) >> 1) << 2);
  const end = scratch + lrnScratch(C, size);
  for (let at = scratch; at < end; at += 4) store<f32>(at, 0);
  const a = f32x4.splat(alpha / <f32>size), b = f32x4.splat(bias);
  const whole = C & ~3, left = C & 3;
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < whole; c += 4) {
      const v = v128.load(x + (<usize>c << 2));
      v128.store(squares + (<usize>c << 2), f32x4.mul(v, v));
    }
    if (left) {
      const v = loadLanes(x + (<usize>whole << 2), left);
      storeLanes(squares + (<usize>whole << 2), f32x4.mul(v, v), left);
    }
    for (let c = 0; c < C; c += 4) {
      let at = scratch + (<usize>c << 2);
      let sum = v128.load(at);
      for (let i = 1; i < size; i++) {
        at += 4;
        sum = f32x4.add(sum, v128.load(at));
      }
      const divisor = power(f32x4.add(b, f32x4.mul(a, sum)), beta);
      const offset = <usize>c << 2;
      if (c < whole) v128.store(y + offset, f32x4.div(v128.load(x + offset), divisor));
      else storeLanes(y + offset, f32x4.div(loadLanes(x + offset, left), divisor), left);
    }
    x += xStride;
    y += yStride;
  }
}
