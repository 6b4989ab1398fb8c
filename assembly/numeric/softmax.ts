// softmax and log softmax of x [outer, length, inner] along `length`, of any tensor's axis: inner is the product of the axes behind it.
//
//   y[o][l][i] = e^(x[o][l][i] - m) / s          with m = max over l, s = sum over l of e^(x[o][l][i] - m)
//   y[o][l][i] = x[o][l][i] - m - log(s)
//
// x and y may be the same. The sum has four parts, part p of the elements l = p modulo 4 in their order, and is
// (part 0 + part 2) + (part 1 + part 3): the same bits for every inner, and for an element in a block of four or in the tail.
// A row with a NaN or with +infinity, or of -infinity only, gives NaN all along, as in PyTorch.

import { loadLanes, storeLanes } from "../lanes";
import { copyPlane } from "../movement/copy";
import { decay4, decayClamp, decayRest, decayResult, decayRounded, DECAY_ROUND, expRest, log4 } from "./math";

const COLUMNS = 16; // taken together: a line of the cache, which holds few lines that lie a power of two apart
const LINE: usize = COLUMNS << 2;
const SUMS: usize = memory.data(4 * <i32>LINE, 16); // of each column, part by part
const MAXIMA: usize = memory.data(<i32>LINE, 16);

/** log: 1 for the logarithm, else 0. inner, outer and length are > 0. scratch: 64 bytes for each of length where inner > 1. */
export function softmax(log: i32, x: usize, y: usize, outer: i32, length: i32, inner: i32, scratch: usize): void {
  assert(outer > 0 && length > 0 && inner > 0);
  const stride = <usize>inner << 2;
  const bytes = <usize>length * stride;
  for (; outer > 0; outer--) {
    if (inner == 1) {
      row(log, x, y, length);
    } else {
      let from = x, to = y, left = inner;
      for (; left >= COLUMNS; left -= COLUMNS, from += LINE, to += LINE) columns(log, from, to, length, stride);
      if (left) {
        // Lanes without a column compute with whatever they find.
        copyPlane(from, scratch, length, left, <i32>stride, 4, <i32>LINE, 4);
        columns(log, scratch, scratch, length, LINE);
        copyPlane(scratch, to, length, left, <i32>LINE, 4, <i32>stride, 4);
      }
    }
    x += bytes; y += bytes;
  }
}

/** The result, of m - x and the logarithm of s, or of e^(x - m) and s. */
// @ts-ignore: decorator
@inline
function finished(log: i32, v: v128, s: v128): v128 {
  return log ? f32x4.sub(f32x4.sub(f32x4.splat(0), v), s) : f32x4.div(v, s);
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
    const d = f32x4.sub(m, whole ? v128.load(at) : loadLanes(at, left)), e = decay4(d);
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

/**
 * COLUMNS neighbouring columns of `length` elements that lie `stride` bytes apart. Four vectors go through the stages of the exponential
 * together; what breaks off never does, but keeps asc from sorting the stages by vectors.
 */
function columns(log: i32, x: usize, y: usize, length: i32, stride: usize): void {
  const end = x + <usize>length * stride;
  let v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32), v3 = v128.load(x, 48);
  for (let at = x + stride; at < end; at += stride) {
    v0 = f32x4.pmax(v0, v128.load(at)); v1 = f32x4.pmax(v1, v128.load(at, 16));
    v2 = f32x4.pmax(v2, v128.load(at, 32)); v3 = f32x4.pmax(v3, v128.load(at, 48));
  }
  v128.store(MAXIMA, v0); v128.store(MAXIMA, v1, 16); v128.store(MAXIMA, v2, 32); v128.store(MAXIMA, v3, 48);
  memory.fill(SUMS, 0, 4 * LINE);
  let to = y, part: usize = 0;
  do {
    v0 = f32x4.sub(v128.load(MAXIMA), v128.load(x)); v1 = f32x4.sub(v128.load(MAXIMA, 16), v128.load(x, 16));
    v2 = f32x4.sub(v128.load(MAXIMA, 32), v128.load(x, 32)); v3 = f32x4.sub(v128.load(MAXIMA, 48), v128.load(x, 48));
    if (log) { v128.store(to, v0); v128.store(to, v1, 16); v128.store(to, v2, 32); v128.store(to, v3, 48); }
    v0 = decayClamp(v0); v1 = decayClamp(v1); v2 = decayClamp(v2); v3 = decayClamp(v3);
    if (!length) break;
    const n0 = decayRounded(DECAY_ROUND, v0), n1 = decayRounded(DECAY_ROUND, v1);
    const n2 = decayRounded(DECAY_ROUND, v2), n3 = decayRounded(DECAY_ROUND, v3);
    if (!length) break;
    v0 = decayRest(DECAY_ROUND, v0, n0); v1 = decayRest(DECAY_ROUND, v1, n1);
    v2 = decayRest(DECAY_ROUND, v2, n2); v3 = decayRest(DECAY_ROUND, v3, n3);
    if (!length) break;
    v0 = expRest(v0); v1 = expRest(v1); v2 = expRest(v2); v3 = expRest(v3);
    if (!length) break;
    v0 = decayResult(v0, n0); v1 = decayResult(v1, n1); v2 = decayResult(v2, n2); v3 = decayResult(v3, n3);
    const sums = SUMS + part;
    v128.store(sums, f32x4.add(v128.load(sums), v0)); v128.store(sums, f32x4.add(v128.load(sums, 16), v1), 16);
    v128.store(sums, f32x4.add(v128.load(sums, 32), v2), 32); v128.store(sums, f32x4.add(v128.load(sums, 48), v3), 48);
    if (!log) { v128.store(to, v0); v128.store(to, v1, 16); v128.store(to, v2, 32); v128.store(to, v3, 48); }
    part = (part + LINE) & (3 * LINE);
    x += stride; to += stride;
  } while (x < end);
  for (let i: usize = 0; i < LINE; i += 16) {
    const s = f32x4.add(
      f32x4.add(v128.load(SUMS + i), v128.load(SUMS + i, 2 * LINE)), f32x4.add(v128.load(SUMS + i, LINE), v128.load(SUMS + i, 3 * LINE))
    );
    v128.store(SUMS + i, log ? log4(s) : s);
  }
  do {
    to -= stride;
    for (let i: usize = 0; i < LINE; i += 16) v128.store(to + i, finished(log, v128.load(to + i), v128.load(SUMS + i)));
  } while (to > y);
}
