// Elementary functions on four float32 lanes, computed here and not by the host, so that every engine gives the same bits.
//
// Every function gives NaN for NaN. Errors are the largest found by test/kernels/math-accuracy.test.ts over all exponents, in ulp of
// the true result (a unit in its last place, 2^-149 where it is subnormal). The polynomials are minimax fits on the reduced ranges.
// All are inlined: a call would spill the caller's registers, and each has few callers.
//
// SUBNORMAL: products x * factor add |x| * 2^-149 where the factor is subnormal, far below 0, and has lost bits.

export { pow4 } from "./wide";

// Constants stand in tables and are splat from memory where they are used: engines make a literal anew at every turn of a loop, from
// three or four instructions (exp on Node 20: 1.88 ns a number with literals, 1.26 with a table).

// Added to n and taken away again, it rounds n to an integer, and leaves n in the low bits of the sum. The biases added to it put
// n plus the bias there: `shl 23` then makes a power of two of it, since the nine low bits of ROUND's own pattern are 0.
const ROUND: f32 = 12582912; // 1.5 * 2^23

const CONSTANTS: usize = memory.data<f32>([
  1, 2, 0.5, 1.4426950408889634, 0.693359375, -2.1219444005469057e-4,
  ROUND + 254, ROUND + 152, ROUND + 127, 89, -104, -30, 2.9802322387695312e-8, -0.0,
  ROUND + 103, 30, 5.9604644775390625e-8, 3, 6, 0.16666666666666666, 104,
]);
const ONE = 0;
const TWO = 1;
const HALF = 2;
const LOG2E = 3;
const LN2_HIGH = 4; // 9 bits, so that n * LN2_HIGH is exact
const LN2_LOW = 5; // the rest of ln 2
const ROUND_254 = 6;
export const DECAY_ROUND = 7; // ROUND + 152
const ROUND_127 = 8;
const EXP_MAX = 9;
const EXP_MIN = 10;
const EXPM1_MIN = 11;
const SCALE = 12; // 2^-25
const SIGN = 13; // the sign bit alone
export const SIGMOID_ROUND = 14; // ROUND + 103
const SIGMOID_MAX = 15;
const TINY = 16; // 2^-24
export const THREE = 17;
export const SIX = 18;
export const SIXTH = 19;
const DECAY_MAX = 20;

// Polynomials, highest power first.
const EXP: usize = memory.data<f32>([
  1.3814582107212731e-3, 8.3687273413717756e-3, 4.1668388968432864e-2, 0.16666520544797201, 0.4999999344231873,
]);
const EXPM1: usize = memory.data<f32>([
  1.9962130851257775e-4, 1.3943224419149308e-3, 8.3332200509959555e-3, 4.1666326795055957e-2, 0.16666666902305292, 0.5,
]);
const LOG: usize = memory.data<f32>([0.29871729315087884, 0.39977541529576265, 0.66666776381942624]);
const ERF_INNER: usize = memory.data<f32>([
  7.8538604001159667e-5, -8.0101935909206289e-4, 5.1883277222592097e-3, -2.6853811987193276e-2, 0.11283585151191003,
  -0.37612625824678009, 0.12837916572679856,
]);
const ERF_OUTER: usize = memory.data<f32>([
  -2.10642569138753e-4, 3.1869413573978469e-3, -2.2798445890525382e-2, 0.10511611362723269, 0.63583149721679204, 1.12848003281145,
]);
const GELU_INNER: usize = memory.data<f32>([
  9.246837144877597e-5, -1.1653507550090611e-3, 9.9641668286744835e-3, -6.6488730006728949e-2, 0.39894219898396827,
]);
const GELU_OUTER: usize = memory.data<f32>([
  1.4532735251328221e-3, -3.3890233632876104e-3, -7.4930501052490798e-3, 6.0377262194937998e-2, -0.18652644666156276,
  0.38713871105969245, -0.60789652510287802, 0.7552851167120333,
]);

/** Entry `i` of a table in all lanes. */
// @ts-ignore: decorator
@inline
function entry(table: usize, i: i32): v128 {
  return v128.load_splat<f32>(table + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function constant(i: i32): v128 {
  return entry(CONSTANTS, i);
}

// A polynomial of degree 2 to 7 by Horner's rule.

// @ts-ignore: decorator
@inline
function poly2(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(entry(table, 0), x), entry(table, 1)), x), entry(table, 2));
}

// @ts-ignore: decorator
@inline
function poly3(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(poly2(x, table), x), entry(table, 3));
}

// @ts-ignore: decorator
@inline
function poly4(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(poly3(x, table), x), entry(table, 4));
}

// @ts-ignore: decorator
@inline
function poly5(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(poly4(x, table), x), entry(table, 5));
}

// @ts-ignore: decorator
@inline
function poly6(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(poly5(x, table), x), entry(table, 6));
}

// @ts-ignore: decorator
@inline
function poly7(x: v128, table: usize): v128 {
  return f32x4.add(f32x4.mul(poly6(x, table), x), entry(table, 7));
}

// @ts-ignore: decorator
@inline
export function negativeAbs(x: v128): v128 {
  return v128.or(x, constant(SIGN));
}

/** |x| with the sign of `sign`. */
// @ts-ignore: decorator
@inline
export function copySign(x: v128, sign: v128): v128 {
  return v128.bitselect(sign, x, constant(SIGN));
}

/** (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2. */
// @ts-ignore: decorator
@inline
function expTerms(r: v128, r2: v128): v128 {
  const upper = f32x4.add(f32x4.mul(entry(EXP, 0), r2), f32x4.add(f32x4.mul(entry(EXP, 1), r), entry(EXP, 2)));
  return f32x4.add(f32x4.mul(upper, r2), f32x4.add(f32x4.mul(entry(EXP, 3), r), entry(EXP, 4)));
}

/** e^(high - low) for |high - low| <= ln 2 / 2, high being exact and low small. */
// @ts-ignore: decorator
@inline
function expReduced(high: v128, low: v128): v128 {
  const r = f32x4.sub(high, low), r2 = f32x4.mul(r, r);
  return f32x4.add(f32x4.add(f32x4.sub(f32x4.mul(r2, expTerms(r, r2)), low), high), constant(ONE));
}

// x - n ln 2 is the difference of the next two.

// @ts-ignore: decorator
@inline
function highPart(x: v128, n: v128): v128 {
  return f32x4.sub(x, f32x4.mul(n, constant(LN2_HIGH)));
}

// @ts-ignore: decorator
@inline
function lowPart(n: v128): v128 {
  return f32x4.mul(n, constant(LN2_LOW));
}

/** e^x. Within 1 ulp; subnormal results included, infinity from 88.72284 on. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, constant(EXP_MAX)), constant(EXP_MIN));
  const rounded = f32x4.add(f32x4.mul(clamped, constant(LOG2E)), constant(ROUND_254));
  const n = f32x4.sub(rounded, constant(ROUND_254));
  const y = expReduced(highPart(clamped, n), lowPart(n));
  // 2^n in two factors, whose biased exponents add up to n + 254: neither over- nor underflows.
  const half = i32x4.shr_u(rounded, 1);
  return f32x4.mul(f32x4.mul(y, i32x4.shl(half, 23)), i32x4.shl(i32x4.sub(rounded, half), 23));
}

// e^-x in stages, so that a loop can take several vectors through each before the next: the processor cannot look far enough ahead to
// overlap whole chains. `round` is the constant ROUND with a bias: what `decayRounded` gives ends in the bits of a power of two.

/** x >= 0 held to 104, above which e^-x is 0. */
// @ts-ignore: decorator
@inline
export function decayClamp(x: v128): v128 {
  return f32x4.pmin(x, constant(DECAY_MAX));
}

/** ROUND + bias + n, n being the nearest to -x / ln 2. */
// @ts-ignore: decorator
@inline
export function decayRounded(round: i32, clamped: v128): v128 {
  return f32x4.sub(constant(round), f32x4.mul(clamped, constant(LOG2E)));
}

/** -x - n ln 2. */
// @ts-ignore: decorator
@inline
export function decayRest(round: i32, clamped: v128, rounded: v128): v128 {
  const n = f32x4.sub(constant(round), rounded);
  return f32x4.add(f32x4.sub(f32x4.mul(n, constant(LN2_HIGH)), clamped), lowPart(n));
}

/** e^r - 1 for |r| <= ln 2 / 2, in a short chain of operations: those of four vectors have to overlap. */
// @ts-ignore: decorator
@inline
export function expRest(r: v128): v128 {
  const r2 = f32x4.mul(r, r), r4 = f32x4.mul(r2, r2);
  const upper = f32x4.add(f32x4.mul(entry(EXP, 0), r2), f32x4.add(f32x4.mul(entry(EXP, 1), r), entry(EXP, 2)));
  const lower = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(entry(EXP, 3), r), entry(EXP, 4)), r2), r);
  return f32x4.add(f32x4.mul(upper, r4), lower);
}

/** (e + 1) * 2^n: the scale is 2^(n + 25), which is normal, so that only the last product rounds into subnormal numbers. */
// @ts-ignore: decorator
@inline
export function decayResult(e: v128, rounded: v128): v128 {
  const scale = i32x4.shl(rounded, 23);
  return f32x4.mul(f32x4.add(f32x4.mul(e, scale), scale), constant(SCALE));
}

/** e^-x for x >= 0, cheaper than `exp4`. Within 1.5 ulp. */
// @ts-ignore: decorator
@inline
export function decay4(x: v128): v128 {
  const clamped = decayClamp(x), rounded = decayRounded(DECAY_ROUND, clamped);
  return decayResult(expRest(decayRest(DECAY_ROUND, clamped, rounded)), rounded);
}

// The reduction and the polynomial of e^x - 1 = (q + 1) * scale - 1, for both functions below.

// @ts-ignore: decorator
@inline
function expm1Rounded(clamped: v128): v128 {
  return f32x4.add(f32x4.mul(clamped, constant(LOG2E)), constant(ROUND_127));
}

// @ts-ignore: decorator
@inline
function expm1Reduced(clamped: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, constant(ROUND_127));
  const high = highPart(clamped, n), low = lowPart(n);
  const r = f32x4.sub(high, low);
  const p = poly5(r, EXPM1);
  return f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(r, r), p), low), high);
}

/** e^x - 1 for x <= 0. Within 1 ulp, also next to 0. */
// @ts-ignore: decorator
@inline
export function expm1NonPositive4(x: v128): v128 {
  const clamped = f32x4.pmax(x, constant(EXPM1_MIN));
  const rounded = expm1Rounded(clamped);
  const scale = i32x4.shl(rounded, 23);
  return f32x4.add(f32x4.mul(expm1Reduced(clamped, rounded), scale), f32x4.sub(scale, constant(ONE)));
}

/** log(1 + f) + k ln 2 for 1 + f from sqrt(1/2) to sqrt(2) and a whole k; f is exact. */
// @ts-ignore: decorator
@inline
function logReduced(f: v128, k: v128): v128 {
  // With s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - h + s (h + R(s^2)) for h = f^2 / 2.
  const s = f32x4.div(f, f32x4.add(f, constant(TWO)));
  const z = f32x4.mul(s, s);
  const p = poly2(z, LOG);
  const h = f32x4.mul(f32x4.mul(f, f), constant(HALF));
  const small = f32x4.add(f32x4.mul(s, f32x4.add(h, f32x4.mul(z, p))), f32x4.mul(k, constant(LN2_LOW)));
  return f32x4.sub(f32x4.mul(k, constant(LN2_HIGH)), f32x4.sub(f32x4.sub(h, small), f));
}

/** Natural logarithm. Within 1 ulp; -infinity at 0, NaN below. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.1754943508222875e-38)); // 2^-126: scaled by 2^23
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
  const shifted = i32x4.add(scaled, i32x4.splat(0x3f800000 - 0x3f3504f3)); // 0x3f3504f3 is sqrt(1/2)
  const e = i32x4.sub(i32x4.shr_s(shifted, 23), i32x4.splat(127));
  const k = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(tiny, f32x4.splat(23)));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const y = logReduced(f32x4.sub(m, constant(ONE)), k);
  // The square root has the other edges: NaN below 0, infinity at infinity.
  const inside = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(Infinity)));
  const edge = v128.bitselect(f32x4.splat(-Infinity), f32x4.sqrt(x), f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, edge, inside);
}

/** log(1 + t) for 0 <= t <= 1. Within 1 ulp. */
// @ts-ignore: decorator
@inline
function log1pUnit(t: v128): v128 {
  const one = constant(ONE);
  const upper = f32x4.gt(t, f32x4.splat(0.41421356237309503));
  const f = v128.bitselect(f32x4.mul(f32x4.sub(t, one), constant(HALF)), t, upper);
  return logReduced(f, v128.and(upper, one));
}

/** log(1 + e^x). Within 2 ulp. */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), log1pUnit(decay4(f32x4.abs(x))));
}

// 1 / (1 + e^-x) by the same stages. All is scaled by 2^-24, which keeps e^-x finite: x is from -104, below which the result is 0, to 30,
// above which it is 1.

// @ts-ignore: decorator
@inline
export function sigmoidClamp(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, constant(SIGMOID_MAX)), constant(EXP_MIN));
}

/** The result, of e^-x / 2^n - 1. */
// @ts-ignore: decorator
@inline
export function sigmoidQuotient(e: v128, rounded: v128): v128 {
  const tiny = constant(TINY), scale = i32x4.shl(rounded, 23);
  return f32x4.div(tiny, f32x4.add(f32x4.mul(e, scale), f32x4.add(scale, tiny)));
}

/** 1 / (1 + e^-x). Within 2.5 ulp, subnormal results included. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const clamped = sigmoidClamp(x), rounded = decayRounded(SIGMOID_ROUND, clamped);
  return sigmoidQuotient(expRest(decayRest(SIGMOID_ROUND, clamped, rounded)), rounded);
}

/** Hyperbolic tangent. Within 2.5 ulp, also next to 0. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const one = constant(ONE);
  const clamped = f32x4.pmax(f32x4.mul(negativeAbs(x), constant(TWO)), constant(EXPM1_MIN));
  const rounded = expm1Rounded(clamped);
  const scale = i32x4.shl(rounded, 23);
  const q = f32x4.mul(expm1Reduced(clamped, rounded), scale);
  // With e = e^(-2|x|): 1 - 2 e / (1 + e) far from 0, and 0 - (e - 1) / (1 + e) next to it.
  const minus = f32x4.add(q, f32x4.sub(scale, one));
  const e = f32x4.add(q, scale);
  const far = f32x4.lt(clamped, f32x4.splat(-1.1));
  const t = f32x4.div(v128.bitselect(f32x4.add(e, e), minus, far), f32x4.add(minus, constant(TWO)));
  return copySign(f32x4.sub(v128.and(far, one), t), x);
}

/** x * tanh(log(1 + e^x)). Within 4 ulp; see SUBNORMAL. NaN at -infinity, as -infinity * 0. */
// @ts-ignore: decorator
@inline
export function mish4(x: v128): v128 {
  // With t = e^-|x| the tangent is a quotient of sums of positive terms: nothing cancels.
  const t = decay4(f32x4.abs(x));
  const two = constant(TWO);
  const below = f32x4.lt(x, f32x4.splat(0));
  const t2 = f32x4.mul(t, two);
  const tt = f32x4.mul(t, t);
  const top = f32x4.add(t2, v128.bitselect(tt, constant(ONE), below));
  const rest = v128.bitselect(two, f32x4.mul(tt, two), below);
  return f32x4.mul(x, f32x4.div(top, f32x4.add(top, rest)));
}

/** The error function. Within 1.5 ulp, also next to 0. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  const p = poly6(z, ERF_INNER);
  const inner = f32x4.add(x, f32x4.mul(x, p));
  // From 1 on: 1 - e^(-a Q(a)); behind 3.93 it is 1.
  const b = f32x4.pmin(a, f32x4.splat(3.93));
  const q = poly5(b, ERF_OUTER);
  const outer = f32x4.sub(constant(ONE), decay4(f32x4.mul(b, q)));
  return v128.bitselect(inner, copySign(outer, x), f32x4.lt(a, constant(ONE)));
}

/**
 * x * Phi(x), Phi the normal distribution function (GELU by the error function). Within 7 ulp; see SUBNORMAL. NaN at -infinity, as
 * -infinity * 0.
 */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), f32x4.splat(14.4));
  const half = constant(HALF), one = constant(ONE);
  const z = f32x4.mul(x, x);
  const p = poly4(z, GELU_INNER);
  const inner = f32x4.add(f32x4.mul(x, p), half);
  // From 1 on: Phi(-a) = e^(-a^2/2) G(a), where G(a) (a + 4) is a polynomial in q = (a - 4) / (a + 4) = 1 - 8 t.
  const t = f32x4.div(one, f32x4.add(a, f32x4.splat(4)));
  const q = f32x4.sub(one, f32x4.mul(t, f32x4.splat(8)));
  const g = poly7(q, GELU_OUTER);
  // a^2 = top^2 + (a - top)(a + top): top has 12 bits, so that its square is exact.
  const top = v128.and(a, i32x4.splat(0xfffff000));
  const square = f32x4.mul(f32x4.mul(top, top), f32x4.splat(-0.5));
  const rest = f32x4.mul(f32x4.mul(f32x4.sub(a, top), f32x4.add(a, top)), half);
  const rounded = f32x4.add(f32x4.mul(f32x4.sub(square, rest), constant(LOG2E)), constant(DECAY_ROUND));
  const n = f32x4.sub(rounded, constant(DECAY_ROUND));
  const e = expReduced(highPart(square, n), f32x4.add(lowPart(n), rest));
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(f32x4.mul(g, t), e), i32x4.shl(rounded, 23)), constant(SCALE));
  const outer = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
  return f32x4.mul(x, v128.bitselect(inner, outer, f32x4.lt(a, one)));
}
