// Reductions along one (possibly collapsed) dimension:
//
//   y[o][i] = f(x[o][0][i], x[o][1][i], ... x[o][length - 1][i])
//
// x: outer * length * inner floats, y: outer * inner, both dense.
//
// One order of addition, whatever `inner` is: the dimension is cut into blocks of 256; in a block, element l goes to partial sum l mod 4,
// the block is (p0 + p2) + (p1 + p3), and blocks are added up in order. So an image gives the same bits in NCHW and in NHWC, and a sum
// of n elements passes through at most 64 + 2 + n / 256 roundings.

import { loadLanes, storeLanes } from "../lanes";

const BLOCK: i32 = 256;

// Codes; src/ops/reduce-codes.ts holds the same list.
const SUM = 1;
const MEAN = 2; // SUM, divided at the end
const MAX = 3; // NaN if any is
const MIN = 4;
const PROD = 5;
const SUM_SQUARE = 6;
const L1 = 7;
const L2 = 8; // SUM_SQUARE, rooted at the end

// The loops are compiled for SUM, MAX, PROD and SUM_SQUARE. L1 is a SUM and MIN a MAX of changed elements: a mask takes the signs off,
// or turns them.

// @ts-ignore: decorator
@inline
function identity(op: i32): f32 {
  return op == MAX ? -Infinity : op == PROD ? 1 : 0;
}

// @ts-ignore: decorator
@inline
function combine(op: i32, p: v128, q: v128): v128 {
  if (op == MAX) return f32x4.max(p, q);
  if (op == PROD) return f32x4.mul(p, q);
  return f32x4.add(p, q);
}

// @ts-ignore: decorator
@inline
function take(op: i32, mask: v128, p: v128, v: v128): v128 {
  if (op == SUM) return f32x4.add(p, v128.and(v, mask));
  if (op == MAX) return f32x4.max(p, v128.xor(v, mask));
  if (op == SUM_SQUARE) return f32x4.add(p, f32x4.mul(v, v));
  return f32x4.mul(p, v);
}

// @ts-ignore: decorator
@inline
function fold(op: i32, p0: v128, p1: v128, p2: v128, p3: v128): v128 {
  return combine(op, combine(op, p0, p2), combine(op, p1, p3));
}

/** One line of `length` contiguous floats. */
// @ts-ignore: decorator
@inline
function line(op: i32, mask: v128, x: usize, length: i32): f32 {
  const none = f32x4.splat(identity(op));
  let total = none;
  while (length > 0) {
    const count = min(length, BLOCK);
    length -= count;
    const end = x + (<usize>(count & ~3) << 2);
    let p = none;
    if (op == MAX) {
      // No order to keep: four at a time, for the comparisons take long.
      let p1 = none, p2 = none, p3 = none;
      for (; x + 48 < end; x += 64) {
        p = take(op, mask, p, v128.load(x)); p1 = take(op, mask, p1, v128.load(x, 16));
        p2 = take(op, mask, p2, v128.load(x, 32)); p3 = take(op, mask, p3, v128.load(x, 48));
      }
      p = fold(op, p, p1, p2, p3);
    }
    for (; x < end; x += 16) p = take(op, mask, p, v128.load(x));
    const left = count & 3;
    if (left) {
      const there = i32x4.gt_s(i32x4.splat(left), i32x4(0, 1, 2, 3));
      p = take(op, mask, p, v128.bitselect(loadLanes(x, left), op == MAX ? v128.xor(none, mask) : none, there));
    }
    p = combine(op, p, v128.shuffle<f32>(p, p, 2, 3, 0, 1));
    total = combine(op, total, combine(op, p, v128.shuffle<f32>(p, p, 1, 0, 3, 2)));
  }
  return f32x4.extract_lane(total, 0);
}

// @ts-ignore: decorator
@inline
function lines(op: i32, mask: v128, x: usize, y: usize, outer: i32, length: i32): void {
  for (let o = 0; o < outer; o++) {
    store<f32>(y, line(op, mask, x, length));
    x += <usize>length << 2; y += 4;
  }
}

/** `count` <= 256 rows, `stride` bytes apart, into y: eight columns at a time, then four, then what is left. */
// @ts-ignore: decorator
@inline
function rows(op: i32, mask: v128, x: usize, y: usize, count: i32, columns: i32, stride: usize): void {
  const none = f32x4.splat(identity(op));
  const quads = <usize>(count & ~3) * stride;
  const all = <usize>count * stride;
  for (; (op == SUM || op == MAX) && columns >= 8; columns -= 8) {
    let p0 = none, p1 = none, p2 = none, p3 = none, q0 = none, q1 = none, q2 = none, q3 = none;
    let at = x;
    for (const end = x + quads; at < end; ) {
      p0 = take(op, mask, p0, v128.load(at)); q0 = take(op, mask, q0, v128.load(at, 16)); at += stride;
      p1 = take(op, mask, p1, v128.load(at)); q1 = take(op, mask, q1, v128.load(at, 16)); at += stride;
      p2 = take(op, mask, p2, v128.load(at)); q2 = take(op, mask, q2, v128.load(at, 16)); at += stride;
      p3 = take(op, mask, p3, v128.load(at)); q3 = take(op, mask, q3, v128.load(at, 16)); at += stride;
    }
    for (const end = x + all; at < end; at += stride) {
      const p = take(op, mask, p0, v128.load(at)), q = take(op, mask, q0, v128.load(at, 16));
      p0 = p1; p1 = p2; p2 = p3; p3 = p;
      q0 = q1; q1 = q2; q2 = q3; q3 = q;
    }
    v128.store(y, combine(op, v128.load(y), fold(op, p0, p1, p2, p3)));
    v128.store(y, combine(op, v128.load(y, 16), fold(op, q0, q1, q2, q3)), 16);
    x += 32; y += 32;
  }
  for (; columns > 0; columns -= 4) {
    let p0 = none, p1 = none, p2 = none, p3 = none;
    let at = x;
    // The four partial sums take turns; wherever the last turn ends, `fold` joins those that stand two apart.
    for (const end = x + all; at < end; at += stride) {
      const p = take(op, mask, p0, columns >= 4 ? v128.load(at) : loadLanes(at, columns));
      p0 = p1; p1 = p2; p2 = p3; p3 = p;
    }
    const sum = fold(op, p0, p1, p2, p3);
    if (columns >= 4) v128.store(y, combine(op, v128.load(y), sum));
    else storeLanes(y, combine(op, loadLanes(y, columns), sum), columns);
    x += 16; y += 16;
  }
}

// @ts-ignore: decorator
@inline
function planes(op: i32, mask: v128, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  const stride = <usize>inner << 2;
  const none = identity(op);
  for (let o = 0; o < outer; o++) {
    for (let i: usize = 0; i < stride; i += 4) store<f32>(y + i, none);
    for (let l = 0; l < length; l += BLOCK) {
      const count = min(BLOCK, length - l);
      rows(op, mask, x, y, count, inner, stride);
      x += <usize>count * stride;
    }
    y += stride;
  }
}

// @ts-ignore: decorator
@inline
function either(op: i32, mask: v128, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  if (inner == 1) lines(op, mask, x, y, outer, length);
  else planes(op, mask, x, y, outer, length, inner);
}

/** Reduces by function `op`. An empty dimension gives the identity of the function; its mean is NaN. */
export function reduce(op: i32, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  assert(outer >= 0 && length >= 0 && inner >= 0);
  // An else-if chain: from a list of returns binaryen folds the copies into one loop that asks for op at every step (2.3 times slower).
  const all = i32x4.splat(-1), signs = i32x4.splat(i32.MIN_VALUE);
  if (op == SUM || op == MEAN || op == L1) either(SUM, op == L1 ? v128.not(signs) : all, x, y, outer, length, inner);
  else if (op == MAX || op == MIN) either(MAX, op == MIN ? signs : i32x4.splat(0), x, y, outer, length, inner);
  else if (op == PROD) either(PROD, all, x, y, outer, length, inner);
  else if (op == SUM_SQUARE || op == L2) either(SUM_SQUARE, all, x, y, outer, length, inner);
  else assert(false);

  const end = y + (<usize>outer * <usize>inner << 2);
  if (op == MEAN) {
    for (const n = <f32>length; y < end; y += 4) store<f32>(y, load<f32>(y) / n);
  } else if (op == L2) {
    for (; y < end; y += 4) store<f32>(y, sqrt(load<f32>(y)));
  } else if (op == MIN) {
    for (; y < end; y += 4) store<f32>(y, -load<f32>(y));
  }
}

/**
 * y: int32 places along the dimension of the greatest (`largest` = 1) or least (0) element: the first of equal ones, or the last
 * (`last` = 1). A NaN is greater and less than everything else. length > 0.
 */
export function argReduce(largest: i32, last: i32, x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  assert(outer >= 0 && length > 0 && inner >= 0);
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      store<i32>(y, argLine(largest, last, x, length));
    } else {
      for (let i = 0; i < inner; i += 4) {
        argColumns(largest, last, x + (<usize>i << 2), y + (<usize>i << 2), length, <usize>inner << 2, min(4, inner - i));
      }
    }
    x += <usize>length * <usize>inner << 2;
    y += <usize>inner << 2;
  }
}

function argLine(largest: i32, last: i32, x: usize, length: i32): i32 {
  const most = line(MAX, i32x4.splat(largest ? 0 : i32.MIN_VALUE), x, length), best = largest ? most : -most;
  const step = last ? -4 : 4;
  let at = last ? x + (<usize>(length - 1) << 2) : x;
  if (best == best) {
    while (load<f32>(at) != best) at += step;
  } else {
    while (load<f32>(at) == load<f32>(at)) at += step;
  }
  return <i32>(at - x) >> 2;
}

function argColumns(largest: i32, last: i32, x: usize, y: usize, length: i32, stride: usize, lanes: i32): void {
  const flip = i32x4.splat(largest ? 0 : i32.MIN_VALUE); // the least is the greatest of the negated
  const ties = i32x4.splat(-last);
  let best = f32x4.splat(0);
  let place = i32x4.splat(0);
  for (let l = 0; l < length; l++) {
    const v = v128.xor(lanes == 4 ? v128.load(x) : loadLanes(x, lanes), flip);
    const vIsNumber = f32x4.eq(v, v), bestIsNumber = f32x4.eq(best, best);
    let wins = v128.and(bestIsNumber, v128.or(f32x4.gt(v, best), v128.not(vIsNumber)));
    const equal = v128.or(f32x4.eq(v, best), v128.not(v128.or(vIsNumber, bestIsNumber)));
    wins = v128.or(wins, v128.and(equal, ties));
    if (l == 0) wins = i32x4.splat(-1);
    best = v128.bitselect(v, best, wins);
    place = v128.bitselect(i32x4.splat(l), place, wins);
    x += stride;
  }
  if (lanes == 4) v128.store(y, place);
  else storeLanes(y, place, lanes);
}
