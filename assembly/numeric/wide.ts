// Elementary functions computed in float64, two lanes at a time: those whose reduction needs more bits than float32 has, and those
// too rare to earn a path of their own. A float32 is a normal float64, subnormals included, and the only rounding that matters is
// the last one, to float32: every function here is within 0.51 ulp (see test/kernels/math-accuracy.test.ts).

const LN2: f64 = 0.6931471805599453;
const HALF_PI: f64 = 1.5707963267948966;
const SQRT_HALF_BITS: i64 = 0x3fe6a09e667f3bcd;
const ROUND: f64 = 6755399441055744; // 1.5 * 2^52: rounds to an integer, left in the low bits, as in math.ts

// @ts-ignore: decorator
@inline
function mulAdd(p: v128, x: v128, c: f64): v128 {
  return f64x2.add(f64x2.mul(p, x), f64x2.splat(c));
}

/** log2(x); infinite at 0 and infinity, NaN below 0. Relative error 2^-45. */
function log2(x: v128): v128 {
  const shifted = i64x2.add(x, i64x2.splat(0x3ff0000000000000 - SQRT_HALF_BITS));
  const m = i64x2.add(v128.and(shifted, i64x2.splat(0xfffffffffffff)), i64x2.splat(SQRT_HALF_BITS));
  // The biased exponent becomes a float64 as the last bits of 2^52.
  const e = v128.or(i64x2.shr_u(shifted, 52), i64x2.splat(0x4330000000000000));
  const k = f64x2.sub(e, f64x2.splat(4503599627370496 + 1023));
  const one = f64x2.splat(1);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let p = f64x2.splat(0.2828993246679037);
  p = mulAdd(p, z, 0.31990575245992388);
  p = mulAdd(p, z, 0.41220925110625372);
  p = mulAdd(p, z, 0.57707794237643227);
  p = mulAdd(p, z, 0.96179669411330715);
  p = mulAdd(p, z, 2.88539008177785);
  const y = f64x2.add(k, f64x2.mul(s, p));
  const inside = v128.and(f64x2.gt(x, f64x2.splat(0)), f64x2.lt(x, f64x2.splat(Infinity)));
  const edge = v128.bitselect(f64x2.splat(-Infinity), f64x2.sqrt(x), f64x2.eq(x, f64x2.splat(0)));
  return v128.bitselect(y, edge, inside);
}

/** 2^x, with x clamped to where float32 is 0 or infinite. Relative error 2^-37 times |x| next to 0. */
function exp2(x: v128): v128 {
  const clamped = f64x2.pmax(f64x2.pmin(x, f64x2.splat(160)), f64x2.splat(-160));
  const rounded = f64x2.add(clamped, f64x2.splat(ROUND + 1023));
  const n = f64x2.sub(rounded, f64x2.splat(ROUND + 1023));
  const r = f64x2.mul(f64x2.sub(clamped, n), f64x2.splat(LN2));
  let p = f64x2.splat(2.4882514426903177e-5);
  p = mulAdd(p, r, 1.9904951946792861e-4);
  p = mulAdd(p, r, 1.3888809285966806e-3);
  p = mulAdd(p, r, 8.3332889770269379e-3);
  p = mulAdd(p, r, 4.1666666955188638e-2);
  p = mulAdd(p, r, 0.16666666754429896);
  p = mulAdd(p, r, 0.4999999999973642);
  const y = f64x2.add(f64x2.add(f64x2.mul(f64x2.mul(r, r), p), r), f64x2.splat(1));
  return f64x2.mul(y, i64x2.shl(rounded, 52));
}

/** Lanes 2 and 3 as lanes 0 and 1. */
// @ts-ignore: decorator
@inline
function upper(x: v128): v128 {
  return v128.shuffle<f64>(x, x, 1, 1);
}

// @ts-ignore: decorator
@inline
function join(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

// @ts-ignore: decorator
@inline
function powPositive(x: v128, y: v128): v128 {
  return exp2(f64x2.mul(f64x2.promote_low_f32x4(y), log2(f64x2.promote_low_f32x4(x))));
}

/**
 * x^y as IEEE 754 has it: 1 where y is 0 or x is 1, whatever the other (NaN too), and where x is -1 and y infinite; NaN for a finite
 * x < 0 and a finite y that is no integer; the sign of x, -0 included, where y is an odd integer. Within 0.51 ulp.
 */
export function pow4(x: v128, y: v128): v128 {
  const a = f32x4.abs(x);
  const one = f32x4.splat(1), zero = f32x4.splat(0), infinity = f32x4.splat(Infinity);
  let p = join(powPositive(a, y), powPositive(upper(a), upper(y)));
  p = v128.bitselect(one, p, v128.or(f32x4.eq(y, zero), v128.and(f32x4.eq(a, one), f32x4.eq(f32x4.abs(y), infinity))));
  const half = f32x4.mul(y, f32x4.splat(0.5));
  const broken = f32x4.ne(f32x4.nearest(y), y);
  const odd = v128.andnot(f32x4.ne(f32x4.nearest(half), half), broken);
  p = v128.xor(p, v128.and(v128.and(x, odd), i32x4.splat(0x80000000)));
  const none = v128.and(v128.and(f32x4.lt(x, zero), f32x4.gt(x, f32x4.splat(-Infinity))), broken);
  p = v128.bitselect(f32x4.splat(NaN), p, none);
  return v128.bitselect(one, p, f32x4.eq(x, one));
}

// Their codes go on from those of unary.ts.
const SIN = 31;
const COS = 32;
const TAN = 33;
const ASIN = 34;
const ACOS = 35;
const ATAN = 36;
const SINH = 37;
const COSH = 38;
const ASINH = 39;
const ACOSH = 40;
const ATANH = 41;

/** sin, cos, tan, their inverses and the hyperbolic ones, by code. Within 0.51 ulp for every argument, however large. */
export function wide4(op: i32, x: v128): v128 {
  return join(wide(op, f64x2.promote_low_f32x4(x)), wide(op, f64x2.promote_low_f32x4(upper(x))));
}

function wide(op: i32, x: v128): v128 {
  const one = f64x2.splat(1);
  switch (op) {
    case SIN: return sine(quarter(x), 0);
    case COS: return sine(quarter(x), 1);
    case TAN: {
      const r = quarter(x);
      return f64x2.div(sine(r, 0), sine(r, 1));
    }
    case ASIN: return arctangent(f64x2.div(x, f64x2.sqrt(f64x2.mul(f64x2.sub(one, x), f64x2.add(one, x)))));
    case ACOS: {
      const a = arctangent(f64x2.sqrt(f64x2.div(f64x2.sub(one, x), f64x2.add(one, x))));
      return f64x2.add(a, a);
    }
    case ATAN: return arctangent(x);
  }
  const half = f64x2.splat(0.5);
  let y: v128;
  if (op == SINH || op == COSH) {
    const e = exp2(f64x2.mul(x, f64x2.splat(1.4426950408889634)));
    const inverse = f64x2.div(one, e);
    if (op == COSH) return f64x2.mul(half, f64x2.add(e, inverse));
    y = f64x2.mul(half, f64x2.sub(e, inverse));
  } else if (op == ATANH) {
    y = f64x2.mul(f64x2.splat(LN2 / 2), log2(f64x2.div(f64x2.add(one, x), f64x2.sub(one, x))));
  } else if (op == ACOSH) {
    return f64x2.mul(f64x2.splat(LN2), log2(f64x2.add(x, f64x2.mul(f64x2.sqrt(f64x2.sub(x, one)), f64x2.sqrt(f64x2.add(x, one))))));
  } else {
    assert(op == ASINH);
    const a = f64x2.abs(x);
    y = f64x2.mul(f64x2.splat(LN2), log2(f64x2.add(a, f64x2.sqrt(f64x2.add(f64x2.mul(a, a), one)))));
    y = v128.bitselect(x, y, i64x2.splat(0x8000000000000000));
  }
  // Next to 0 the terms above cancel; the odd functions left are x there, to a relative x^2 / 3.
  return v128.bitselect(x, y, f64x2.lt(f64x2.abs(x), f64x2.splat(1.220703125e-4))); // 2^-13
}

function arctangent(x: v128): v128 {
  const a = f64x2.abs(x), one = f64x2.splat(1);
  const outside = f64x2.gt(a, one);
  const t = v128.bitselect(f64x2.div(one, a), a, outside);
  const z = f64x2.mul(t, t);
  let p = f64x2.splat(1.1348853871953928e-3);
  p = mulAdd(p, z, -7.4226745421664055e-3);
  p = mulAdd(p, z, 2.2760422374785214e-2);
  p = mulAdd(p, z, -4.4946545184035941e-2);
  p = mulAdd(p, z, 6.7595794397287285e-2);
  p = mulAdd(p, z, -8.8188516428712868e-2);
  p = mulAdd(p, z, 0.11060245478439904);
  p = mulAdd(p, z, -0.1428013089368891);
  p = mulAdd(p, z, 0.19999692624311404);
  p = mulAdd(p, z, -0.33333327433894324);
  const y = f64x2.mul(t, mulAdd(p, z, 1));
  return v128.bitselect(x, v128.bitselect(f64x2.sub(f64x2.splat(HALF_PI), y), y, outside), i64x2.splat(0x8000000000000000));
}

/** x = q pi/2 + r with |r| <= pi/4: r, with q modulo 4 in place of its last two bits, which are 2^-51 of it. */
function quarter(x: v128): v128 {
  const rounded = mulAdd(x, f64x2.splat(0.6366197723675814), ROUND);
  const n = f64x2.sub(rounded, f64x2.splat(ROUND));
  // pi/2 in two parts, the first of 26 bits: its products with n are exact up to 2^27.
  let r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_HIGH))), f64x2.mul(n, f64x2.splat(HALF_PI_LOW)));
  r = withQuadrant(r, rounded);
  const x0 = f64x2.extract_lane(x, 0), x1 = f64x2.extract_lane(x, 1);
  if (isLarge(x0)) r = f64x2.replace_lane(r, 0, quarterOfLarge(x0));
  if (isLarge(x1)) r = f64x2.replace_lane(r, 1, quarterOfLarge(x1));
  return r;
}

const HALF_PI_HIGH: f64 = 1.5707963109016418; // 26 bits
const HALF_PI_LOW: f64 = 1.5893254773528196e-8;

// @ts-ignore: decorator
@inline
function withQuadrant(r: v128, q: v128): v128 {
  return v128.bitselect(q, r, i64x2.splat(3));
}

// @ts-ignore: decorator
@inline
function isLarge(x: f64): bool {
  return abs(x) >= 33554432 && abs(x) < Infinity; // 2^25
}

/** The first 224 bits of 2/pi behind the point, most significant first. */
const TWO_OVER_PI: usize = memory.data<u32>([
  0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
]);

/** `quarter` of a float32 from 2^25 up: a product of its 24 bits with the 96 bits of 2/pi that matter to it. */
function quarterOfLarge(x: f64): f64 {
  const bits = reinterpret<u32>(<f32>abs(x));
  const mantissa = <u64>((bits & 0x7fffff) | 0x800000);
  const e = (bits >> 23) - 150; // |x| = mantissa * 2^e; the first e - 2 bits of 2/pi make multiples of 4 of it
  const skip = e - 2;
  const from = TWO_OVER_PI + ((skip >> 5) << 2);
  const shift = <u64>(skip & 31);
  const w0 = window(from, shift), w1 = window(from + 4, shift), w2 = window(from + 8, shift);
  // The fraction of a full circle, in units of 2^-64.
  const turn = ((w0 * mantissa) << 32) + w1 * mantissa + ((w2 * mantissa) >> 32);
  const q = (turn + (1 << 61)) >> 62;
  const r = <f64><i64>(turn - (q << 62)) * (HALF_PI / 4611686018427387904);
  return reinterpret<f64>((reinterpret<u64>(x < 0 ? -r : r) & ~3) | ((x < 0 ? 0 - q : q) & 3));
}

// @ts-ignore: decorator
@inline
function window(from: usize, shift: u64): u64 {
  return (((<u64>load<u32>(from) << 32) | <u64>load<u32>(from, 4)) << shift) >> 32;
}

/** sin((q + more) pi/2 + r) for what `quarter` gives. */
function sine(marked: v128, more: i64): v128 {
  const q = i64x2.add(marked, i64x2.splat(more));
  const z = f64x2.mul(marked, marked);
  let s = f64x2.splat(2.7183116306245243e-6);
  s = mulAdd(s, z, -1.983933485175476e-4);
  s = mulAdd(s, z, 8.3333293859432646e-3);
  s = mulAdd(s, z, -0.16666666641627026);
  s = f64x2.mul(marked, mulAdd(s, z, 1));
  let c = f64x2.splat(2.4438451650603339e-5);
  c = mulAdd(c, z, -1.3887367517165107e-3);
  c = mulAdd(c, z, 4.1666646866486833e-2);
  c = mulAdd(c, z, -0.5);
  c = mulAdd(c, z, 1);
  const odd = i64x2.ne(v128.and(q, i64x2.splat(1)), i64x2.splat(0));
  const sign = i64x2.shl(v128.and(q, i64x2.splat(2)), 62);
  return v128.xor(v128.bitselect(c, s, odd), sign);
}
