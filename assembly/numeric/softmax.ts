// softmax and log softmax of x [outer, length, inner] along `length`, of any tensor's axis: inner is the product of the axes behind it.
//
//   y[o][l][i] = e^(x[o][l][i] - m) / s          with m = max over l, s = sum over l of e^(x[o][l][i] - m)
//   y[o][l][i] = x[o][l][i] - m - log(s)
//
// x and y may be the same. The sum has four parts, part p of the elements l = p modulo 4 in their order, and is
// (part 0 + part 2) + (part 1 + part 3): the same bits for every inner, and for an element in a block of four or in the tail.
// A row with a NaN or with +infinity, or of -infinity only, gives NaN all along, as in PyTorch.

import { loadLanes, storeLanes } from "../lanes";
import { expNonPositive4, log4 } from "./math";

const COLUMNS = 16; // taken together: a line of the cache, which holds few lines that lie a power of two apart
const LINE: usize = COLUMNS << 2;
const SUMS: usize = memory.data(4 * <i32>LINE, 16); // of each column, part by part
const MAXIMA: usize = memory.data(<i32>LINE, 16);

/** log: 1 for the logarithm, else 0. inner, outer and length are > 0. */
export function softmax(log: i32, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  assert(outer > 0 && length > 0 && inner > 0);
  const stride = <usize>inner << 2;
  const bytes = <usize>length * stride;
  for (; outer > 0; outer--) {
    if (inner == 1) {
      row(log, x, y, length);
    } else {
      for (let i = 0; i < inner; i += COLUMNS) columns(log, x + (<usize>i << 2), y + (<usize>i << 2), length, stride, min(COLUMNS, inner - i));
    }
    x += bytes; y += bytes;
  }
}

/** The result, of x - m and the logarithm of s, or of e^(x - m) and s. */
// @ts-ignore: decorator
@inline
function finished(log: i32, v: v128, s: v128): v128 {
  return log ? f32x4.sub(v, s) : f32x4.div(v, s);
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

/** v in the first `lanes` lanes, w in the others. */
// @ts-ignore: decorator
@inline
function first(lanes: i32, v: v128, w: v128): v128 {
  return v128.bitselect(v, w, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes)));
}

/** One row of `length` neighbours, four at a time. */
function row(log: i32, x: usize, y: usize, length: i32): void {
  const end = x + (<usize>(length >> 2) << 4), left = length & 3;
  // The maximum passes over a NaN, which then comes back through the sum.
  let m = f32x4.splat(-Infinity), s = f32x4.splat(0);
  let at = x, to = y;
  for (; at < end; at += 16) m = f32x4.pmax(m, v128.load(at));
  if (left) m = first(left, f32x4.pmax(m, loadLanes(at, left)), m);
  m = f32x4.pmax(m, v128.shuffle<f64>(m, m, 1, 0));
  m = f32x4.pmax(m, v128.shuffle<f32>(m, m, 1, 0, 3, 2));
  for (at = x; at < end || left; at += 16, to += 16) {
    const whole = at < end;
    const d = f32x4.sub(whole ? v128.load(at) : loadLanes(at, left), m), e = expNonPositive4(d);
    if (!whole) {
      s = first(left, f32x4.add(s, e), s);
      storeLanes(to, log ? d : e, left);
      break;
    }
    s = f32x4.add(s, e);
    v128.store(to, log ? d : e);
  }
  s = f32x4.add(s, v128.shuffle<f64>(s, s, 1, 0));
  s = f32x4.add(s, v128.shuffle<f32>(s, s, 1, 0, 3, 2));
  if (log) s = log4(s);
  if (left) storeLanes(to, finished(log, loadLanes(to, left), s), left);
  while (to > y) {
    to -= 16;
    v128.store(to, finished(log, v128.load(to), s));
  }
}

/** `count` neighbouring columns of `length` elements that lie `stride` bytes apart. */
function columns(log: i32, x: usize, y: usize, length: i32, stride: usize, count: i32): void {
  const end = x + <usize>length * stride;
  let at = x, to = y, part: usize = 0;
  memory.copy(MAXIMA, x, <usize>count << 2);
  memory.fill(SUMS, 0, 4 * LINE);
  for (; at < end; at += stride) {
    for (let i: usize = 0, n = count; n > 0; i += 16, n -= 4) {
      v128.store(MAXIMA + i, f32x4.pmax(v128.load(MAXIMA + i), loadUpTo4(at + i, n)));
    }
  }
  for (at = x; at < end; at += stride, to += stride) {
    for (let i: usize = 0, n = count; n > 0; i += 16, n -= 4) {
      const d = f32x4.sub(loadUpTo4(at + i, n), v128.load(MAXIMA + i)), e = expNonPositive4(d);
      v128.store(SUMS + i + part, f32x4.add(v128.load(SUMS + i + part), e));
      storeUpTo4(to + i, log ? d : e, n);
    }
    part = (part + LINE) & (3 * LINE);
  }
  for (let i: usize = 0; i < LINE; i += 16) {
    const s = f32x4.add(
      f32x4.add(v128.load(SUMS + i), v128.load(SUMS + i, 2 * LINE)), f32x4.add(v128.load(SUMS + i, LINE), v128.load(SUMS + i, 3 * LINE))
    );
    v128.store(SUMS + i, log ? log4(s) : s);
  }
  while (to > y) {
    to -= stride;
    for (let i: usize = 0, n = count; n > 0; i += 16, n -= 4) {
      storeUpTo4(to + i, finished(log, loadUpTo4(to + i, n), v128.load(SUMS + i)), n);
    }
  }
}
