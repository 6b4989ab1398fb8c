// softmax and log softmax of x [outer, length, inner] along `length`, of any tensor's axis: inner is the product of the axes behind it.
//
//   y[o][l][i] = e^(x[o][l][i] - m) / s          with m = max over l, s = sum over l of e^(x[o][l][i] - m)
//   y[o][l][i] = x[o][l][i] - m - log(s)
//
// x and y may be the same. The sum has four parts, part p of the elements l = p modulo 4 in their order, and is
// (part 0 + part 2) + (part 1 + part 3): the same bits for every inner, and for an element in a block of four or in the tail.
// A row with a NaN or with +infinity, or of -infinity only, gives NaN all along, as in PyTorch.

import { loadLanes, storeLanes } from "./lanes";
import { expNonPositive4, log4 } from "./math";

/** inner, outer and length are > 0. */
export function softmax(x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  all(false, x, y, outer, length, inner);
}

/** The same for the logarithm, which is taken of the sum. */
export function logSoftmax(x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  all(true, x, y, outer, length, inner);
}

function all(log: bool, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  assert(outer > 0 && length > 0 && inner > 0);
  const stride = <usize>inner << 2;
  const bytes = <usize>length * stride;
  for (; outer > 0; outer--) {
    if (inner == 1) {
      row(log, x, y, length);
    } else {
      for (let i: usize = 0; i < stride; i += 16) columns(log, x + i, y + i, length, stride, <i32>((stride - i) >> 2));
    }
    x += bytes; y += bytes;
  }
}

// @ts-ignore: decorator
@inline
function loadUpTo4(at: usize, lanes: i32): v128 {
  return lanes >= 4 ? v128.load(at) : loadLanes(at, lanes);
}

// @ts-ignore: decorator
@inline
function storeUpTo4(at: usize, v: v128, lanes: i32): void {
  if (lanes >= 4) v128.store(at, v);
  else storeLanes(at, v, lanes);
}

/** Ones in the first `lanes` lanes. */
// @ts-ignore: decorator
@inline
function mask(lanes: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes));
}

/** One row of `length` neighbours, four at a time. */
function row(log: bool, x: usize, y: usize, length: i32): void {
  // The maximum passes over a NaN, which then comes back through the sum.
  let m = f32x4.splat(-Infinity);
  let at = x;
  for (let n = length; n > 0; n -= 4, at += 16) {
    m = f32x4.pmax(m, v128.bitselect(loadUpTo4(at, n), f32x4.splat(-Infinity), mask(n)));
  }
  m = f32x4.pmax(m, v128.shuffle<f64>(m, m, 1, 0));
  m = f32x4.pmax(m, v128.shuffle<f32>(m, m, 1, 0, 3, 2));
  let s = f32x4.splat(0);
  at = x;
  let to = y;
  for (let n = length; n > 0; n -= 4, at += 16, to += 16) {
    const e = expNonPositive4(f32x4.sub(loadUpTo4(at, n), m));
    s = f32x4.add(s, v128.and(e, mask(n)));
    if (!log) storeUpTo4(to, e, n);
  }
  s = f32x4.add(s, v128.shuffle<f64>(s, s, 1, 0));
  s = f32x4.add(s, v128.shuffle<f32>(s, s, 1, 0, 3, 2));
  finish(log, x, y, length, 16, 4, length, m, s);
}

/** Four neighbouring columns, or the `lanes` < 4 left, of `length` elements that lie `stride` bytes apart. */
function columns(log: bool, x: usize, y: usize, length: i32, stride: usize, lanes: i32): void {
  let m = f32x4.splat(-Infinity);
  let at = x;
  for (let l = 0; l < length; l++, at += stride) m = f32x4.pmax(m, loadUpTo4(at, lanes));
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  at = x;
  let to = y;
  // The four partial sums take turns; wherever the last turn ends, those that stand two apart are joined.
  for (let l = 0; l < length; l++, at += stride, to += stride) {
    const e = expNonPositive4(f32x4.sub(loadUpTo4(at, lanes), m));
    const s = f32x4.add(s0, e);
    if (!log) storeUpTo4(to, e, lanes);
    s0 = s1; s1 = s2; s2 = s3; s3 = s;
  }
  finish(log, x, y, length, stride, 1, lanes, m, f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
}

/** Divides y = e^(x - m) by s, or makes y from x. A row (steps 4) has `lanes` left at each block; a column has `lanes` throughout. */
function finish(log: bool, x: usize, y: usize, length: i32, stride: usize, steps: i32, lanes: i32, m: v128, s: v128): void {
  if (log) {
    const logarithm = log4(s);
    for (let n = length; n > 0; n -= steps, x += stride, y += stride) {
      storeUpTo4(y, f32x4.sub(f32x4.sub(loadUpTo4(x, lanes), m), logarithm), lanes);
      if (steps == 4) lanes -= 4;
    }
  } else {
    for (let n = length; n > 0; n -= steps, y += stride) {
      storeUpTo4(y, f32x4.div(loadUpTo4(y, lanes), s), lanes);
      if (steps == 4) lanes -= 4;
    }
  }
}
