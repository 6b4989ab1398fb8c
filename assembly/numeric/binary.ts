// Functions of two operands, with broadcasting over four dimensions:
//
//   y[i0][i1][i2][i3] = f(a[i0][i1][i2][i3], b[i0][i1][i2][i3])
//
// Strides are bytes; 0 repeats an operand along a dimension. Along d3 an operand is contiguous or repeated. y is dense, and may be an
// operand that is dense too. Lanes do not meet, so body and tail give the same bits.

import { clamp, loadLanes, storeLanes } from "../lanes";
import { pow4 } from "./math";

// Codes; src/ops/binary-codes.ts holds the same lists.
const ADD = 1;
const SUB = 2;
const MUL = 3;
const DIV = 4;
const MIN = 5;
const MAX = 6;
const POW = 7;
const MOD = 8; // the remainder has the sign of b
const FMOD = 9; // the remainder has the sign of a
const PRELU = 10; // a < 0 ? a * b : a
const SQUARED_DIFFERENCE = 11;

const EQ = 1;
const NE = 2;
const LT = 3;
const LE = 4;
const GT = 5;
const GE = 6;

const AND = 1;
const OR = 2;
const XOR = 3;
const NOT = 4; // of a; b is not looked at

// @ts-ignore: decorator
@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUB) return f32x4.sub(a, b);
  if (op == MUL) return f32x4.mul(a, b);
  if (op == DIV) return f32x4.div(a, b);
  if (op == MIN) return f32x4.min(a, b);
  if (op == MAX) return f32x4.max(a, b);
  if (op == POW) return pow4(a, b);
  if (op == MOD) return mod4(a, b);
  if (op == FMOD) return fmod4(a, b);
  if (op == PRELU) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
  const d = f32x4.sub(a, b);
  return f32x4.mul(d, d);
}

/** The rest of a / b with the sign of a, exact: |b| times powers of two, the greatest first, is taken off where it fits. */
function fmod4(a: v128, b: v128): v128 {
  const m = f32x4.abs(b);
  let r = f32x4.abs(a), t = m, next: v128, more: v128;
  do {
    next = f32x4.add(t, t);
    more = v128.and(f32x4.le(next, r), f32x4.gt(next, t));
    t = v128.bitselect(next, t, more);
  } while (v128.any_true(more));
  do {
    r = v128.bitselect(f32x4.sub(r, t), r, f32x4.ge(r, t));
    next = f32x4.mul(t, f32x4.splat(0.5));
    more = v128.and(f32x4.ge(next, m), f32x4.lt(next, t));
    t = v128.bitselect(next, t, more);
  } while (v128.any_true(more));
  r = v128.bitselect(r, f32x4.splat(NaN), f32x4.gt(m, f32x4.splat(0)));
  return v128.or(r, v128.and(a, i32x4.splat(i32.MIN_VALUE)));
}

function mod4(a: v128, b: v128): v128 {
  const r = fmod4(a, b);
  const wrongSign = v128.and(f32x4.ne(r, f32x4.splat(0)), i32x4.shr_s(v128.xor(r, b), 31));
  return v128.bitselect(f32x4.add(r, b), r, wrongSign);
}

const REPEATED: usize = memory.data(128, 16); // four vectors of each operand that is repeated

/** aStep, bStep: bytes from four vectors to the next. */
// @ts-ignore: decorator
@inline
function row(op: i32, a: usize, aStep: usize, b: usize, bStep: usize, y: usize, count: i32, lo: v128, hi: v128): void {
  // Four a turn, but for long functions and a rare one.
  if (op < POW || op == PRELU) for (; count >= 16; count -= 16) {
    v128.store(y, clamp(apply(op, v128.load(a), v128.load(b)), lo, hi));
    v128.store(y, clamp(apply(op, v128.load(a, 16), v128.load(b, 16)), lo, hi), 16);
    v128.store(y, clamp(apply(op, v128.load(a, 32), v128.load(b, 32)), lo, hi), 32);
    v128.store(y, clamp(apply(op, v128.load(a, 48), v128.load(b, 48)), lo, hi), 48);
    a += aStep; b += bStep; y += 64;
  }
  for (; count > 0; count -= 4) {
    const part = count < 4;
    const v = part && aStep ? loadLanes(a, count) : v128.load(a), w = part && bStep ? loadLanes(b, count) : v128.load(b);
    const r = clamp(apply(op, v, w), lo, hi);
    if (part) storeLanes(y, r, count);
    else v128.store(y, r);
    a += aStep >> 2; b += bStep >> 2; y += 16;
  }
}

/** Four vectors of the float at x, at `to`. */
function repeat(x: usize, to: usize): usize {
  const v = v128.load32_splat(x);
  v128.store(to, v); v128.store(to, v, 16); v128.store(to, v, 32); v128.store(to, v, 48);
  return to;
}

// A function a loop: as branches of one function they share its registers, which then do not suffice (sums of 9.6 MB in Firefox: 0.137 ms,
// alone 0.093).

type Row = (a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128) => void;

function addRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(ADD, a, aStep, b, bStep, y, n, lo, hi);
}
function subRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(SUB, a, aStep, b, bStep, y, n, lo, hi);
}
function mulRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(MUL, a, aStep, b, bStep, y, n, lo, hi);
}
function divRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(DIV, a, aStep, b, bStep, y, n, lo, hi);
}
function minRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(MIN, a, aStep, b, bStep, y, n, lo, hi);
}
function maxRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(MAX, a, aStep, b, bStep, y, n, lo, hi);
}
function powRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(POW, a, aStep, b, bStep, y, n, lo, hi);
}
function modRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(MOD, a, aStep, b, bStep, y, n, lo, hi);
}
function fmodRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(FMOD, a, aStep, b, bStep, y, n, lo, hi);
}
function preluRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(PRELU, a, aStep, b, bStep, y, n, lo, hi);
}
function squaredDifferenceRow(a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32, lo: v128, hi: v128): void {
  row(SQUARED_DIFFERENCE, a, aStep, b, bStep, y, n, lo, hi);
}

function rowOf(op: i32): Row {
  switch (op) {
    case ADD: return addRow;
    case SUB: return subRow;
    case MUL: return mulRow;
    case DIV: return divRow;
    case MIN: return minRow;
    case MAX: return maxRow;
    case POW: return powRow;
    case MOD: return modRow;
    case FMOD: return fmodRow;
    case PRELU: return preluRow;
    default: return squaredDifferenceRow;
  }
}

/** float32 from two float32 operands, then clamped to [lo, hi] (a NaN stays one). as3, bs3: 4 or 0. */
export function binary(
  op: i32, a: usize, b: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32,
  as0: i32, as1: i32, as2: i32, as3: i32, bs0: i32, bs1: i32, bs2: i32, bs3: i32, lo: f32, hi: f32
): void {
  assert(op >= ADD && op <= SQUARED_DIFFERENCE && d0 >= 0 && d1 >= 0 && d2 >= 0 && d3 >= 0);
  assert((as3 == 4 || as3 == 0) && (bs3 == 4 || bs3 == 0));
  if (!d3) return;
  const f = rowOf(op);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  for (let i0 = 0; i0 < d0; i0++) {
    let a1 = a, b1 = b;
    for (let i1 = 0; i1 < d1; i1++) {
      let a2 = a1, b2 = b1;
      for (let i2 = 0; i2 < d2; i2++) {
        f(as3 ? a2 : repeat(a2, REPEATED), as3 << 4, bs3 ? b2 : repeat(b2, REPEATED + 64), bs3 << 4, y, d3, l, h);
        y += <usize>d3 << 2;
        a2 += as2; b2 += bs2;
      }
      a1 += as1; b1 += bs1;
    }
    a += as0; b += bs0;
  }
}

/** The masks choose what of less and equal counts, and whether the opposite is asked for. */
function testRow(
  a: usize, aStep: i32, b: usize, bStep: i32, y: usize, count: i32, less: v128, equal: v128, not: v128
): void {
  let v = v128.load32_splat(a), w = v128.load32_splat(b);
  const end = y + (count & ~3);
  while (y < end) {
    if (aStep) v = v128.load(a);
    if (bStep) w = v128.load(b);
    store<u32>(y, flags(v, w, less, equal, not));
    a += aStep << 2; b += bStep << 2; y += 4;
  }
  const left = count & 3;
  if (left) {
    if (aStep) v = loadLanes(a, left);
    if (bStep) w = loadLanes(b, left);
    const bytes = flags(v, w, less, equal, not);
    store<u8>(y, bytes);
    if (left > 1) store<u8>(y, bytes >> 8, 1);
    if (left > 2) store<u8>(y, bytes >> 16, 2);
  }
}

/** Four bytes 0 or 1. */
// @ts-ignore: decorator
@inline
function flags(a: v128, b: v128, less: v128, equal: v128, not: v128): u32 {
  const mask = v128.xor(v128.or(v128.and(f32x4.lt(a, b), less), v128.and(f32x4.eq(a, b), equal)), not);
  const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(mask, mask), mask);
  return i32x4.extract_lane(bytes, 0) & 0x01010101;
}

/** Bytes 0 or 1 from two float32 operands. as3, bs3: 4 or 0. y is no operand. */
export function compare(
  op: i32, a: usize, b: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32,
  as0: i32, as1: i32, as2: i32, as3: i32, bs0: i32, bs1: i32, bs2: i32, bs3: i32
): void {
  assert(d0 >= 0 && d1 >= 0 && d2 >= 0 && d3 >= 0);
  assert((as3 == 4 || as3 == 0) && (bs3 == 4 || bs3 == 0));
  if (op == GT) return compare(LT, b, a, y, d0, d1, d2, d3, bs0, bs1, bs2, bs3, as0, as1, as2, as3);
  if (op == GE) return compare(LE, b, a, y, d0, d1, d2, d3, bs0, bs1, bs2, bs3, as0, as1, as2, as3);
  assert(op >= EQ && op <= LE);
  if (!d3) return;
  const all = i32x4.splat(-1), none = i32x4.splat(0);
  const less = op >= LT ? all : none, equal = op == LT ? none : all, not = op == NE ? all : none;
  for (let i0 = 0; i0 < d0; i0++) {
    let a1 = a, b1 = b;
    for (let i1 = 0; i1 < d1; i1++) {
      let a2 = a1, b2 = b1;
      for (let i2 = 0; i2 < d2; i2++) {
        testRow(a2, as3, b2, bs3, y, d3, less, equal, not);
        y += d3;
        a2 += as2; b2 += bs2;
      }
      a1 += as1; b1 += bs1;
    }
    a += as0; b += bs0;
  }
}

function logicalRow(op: i32, a: usize, aStep: i32, b: usize, bStep: i32, y: usize, count: i32): void {
  let v = v128.load8_splat(a), w = v128.load8_splat(b);
  const whole = y + (count & ~15), end = y + count;
  const one = i8x16.splat(1);
  while (y < whole) {
    if (aStep) v = v128.load(a);
    if (bStep) w = v128.load(b);
    v128.store(y, op == AND ? v128.and(v, w) : op == OR ? v128.or(v, w) : v128.xor(v, op == XOR ? w : one));
    a += aStep << 4; b += bStep << 4; y += 16;
  }
  while (y < end) {
    const p = load<u8>(a), q = load<u8>(b);
    store<u8>(y, op == AND ? p & q : op == OR ? p | q : p ^ (op == XOR ? q : 1));
    a += aStep; b += bStep; y++;
  }
}

/** Bytes 0 or 1 from bytes 0 or 1. as3, bs3: 1 or 0. */
export function logical(
  op: i32, a: usize, b: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32,
  as0: i32, as1: i32, as2: i32, as3: i32, bs0: i32, bs1: i32, bs2: i32, bs3: i32
): void {
  assert(op >= AND && op <= NOT);
  assert(d0 >= 0 && d1 >= 0 && d2 >= 0 && d3 >= 0);
  assert((as3 == 1 || as3 == 0) && (bs3 == 1 || bs3 == 0));
  if (!d3) return;
  for (let i0 = 0; i0 < d0; i0++) {
    let a1 = a, b1 = b;
    for (let i1 = 0; i1 < d1; i1++) {
      let a2 = a1, b2 = b1;
      for (let i2 = 0; i2 < d2; i2++) {
        logicalRow(op, a2, as3, b2, bs3, y, d3);
        y += d3;
        a2 += as2; b2 += bs2;
      }
      a1 += as1; b1 += bs1;
    }
    a += as0; b += bs0;
  }
}
