// y[i] = f(x[i]) on `count` floats; x and y may be the same, or must not overlap. alpha and beta are what the function's line says.
//
// Body and tail are the same four lanes, so an element's result does not depend on its place.

import { loadLanes, storeLanes } from "../lanes";
import {
  constant, copySign, decayRest, decayRounded, erf4, exp4, expm1NonPositive4, expRest, gelu4, log4, mish4, pow4, SIGMOID_ROUND, sigmoid4,
  sigmoidClamp, sigmoidQuotient, SIX, SIXTH, softplus4, tanh4, THREE,
} from "./math";
import { wide4 } from "./wide";

// Codes; src/ops/unary-codes.ts holds the same list under the same names.
const CLAMP = 1; // to [alpha, beta]
const LINEAR = 2; // alpha * x + beta
const LEAKY_RELU = 3; // x < 0 ? alpha * x : x
const THRESHOLDED_RELU = 4; // x > alpha ? x : 0
const HARD_SIGMOID = 5; // alpha * x + beta, clamped to [0, 1]
const HARD_SWISH = 6; // x * clamp(x + 3, 0, 6) / 6
const ABS = 7;
const NEG = 8;
const FLOOR = 9;
const CEIL = 10;
const ROUND = 11; // half to even
const SIGN = 12; // NaN for NaN, unlike PyTorch's 0
const SQRT = 13;
const RECIPROCAL = 14;
const SOFTSIGN = 15; // x / (1 + |x|)
const EXP = 16;
const LOG = 17;
const SIGMOID = 18;
const SILU = 19; // x * sigmoid(alpha * x)
const TANH = 20;
const ELU = 21; // x < 0 ? alpha * (e^x - 1) : x
const SELU = 22; // beta times ELU
const CELU = 23; // x < 0 ? alpha * (e^(x / alpha) - 1) : x, for alpha > 0
const SOFTPLUS = 24; // log(1 + e^x)
const MISH = 25; // x * tanh(softplus(x))
const ERF = 26;
const GELU = 27; // x * (1 + erf(x / sqrt(2))) / 2
const GELU_TANH = 28; // x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
const POW = 29; // x^alpha
const ROUND_TO = 30; // nearest(x / alpha) * beta, half to even; no -0
const WIDE = 31; // from here to LAST: the functions of wide.ts
const LAST = 41;

// @ts-ignore: decorator
@inline
function select(condition: v128, yes: v128, no: v128): v128 {
  return v128.bitselect(yes, no, condition);
}

// @ts-ignore: decorator
@inline
function clamp(x: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, lo), hi); // keeps a NaN
}

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, alpha: v128, beta: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (op == CLAMP) return clamp(x, alpha, beta);
  if (op == LINEAR) return f32x4.add(f32x4.mul(x, alpha), beta);
  if (op == LEAKY_RELU) return select(f32x4.lt(x, zero), f32x4.mul(x, alpha), x);
  if (op == THRESHOLDED_RELU) return v128.andnot(x, f32x4.le(x, alpha));
  if (op == HARD_SIGMOID) return clamp(f32x4.add(f32x4.mul(x, alpha), beta), zero, one);
  if (op == HARD_SWISH) {
    const gate = clamp(f32x4.add(x, constant(THREE)), zero, constant(SIX));
    return f32x4.mul(x, f32x4.mul(gate, constant(SIXTH)));
  }
  if (op == ABS) return f32x4.abs(x);
  if (op == NEG) return f32x4.neg(x);
  if (op == FLOOR) return f32x4.floor(x);
  if (op == CEIL) return f32x4.ceil(x);
  if (op == ROUND) return f32x4.nearest(x);
  if (op == SIGN) return select(f32x4.gt(f32x4.abs(x), zero), copySign(one, x), x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RECIPROCAL) return f32x4.div(one, x);
  if (op == SOFTSIGN) return f32x4.div(x, f32x4.add(one, f32x4.abs(x)));
  if (op == EXP) return exp4(x);
  if (op == LOG) return log4(x);
  if (op == TANH) return tanh4(x);
  if (op == ELU) return select(f32x4.lt(x, zero), f32x4.mul(alpha, expm1NonPositive4(x)), x);
  if (op == SELU) return f32x4.mul(beta, select(f32x4.lt(x, zero), f32x4.mul(alpha, expm1NonPositive4(x)), x));
  if (op == CELU) return select(f32x4.lt(x, zero), f32x4.mul(alpha, expm1NonPositive4(f32x4.div(x, alpha))), x);
  if (op == SOFTPLUS) return softplus4(x);
  if (op == MISH) return mish4(x);
  if (op == ERF) return erf4(x);
  if (op == GELU) return gelu4(x);
  if (op == GELU_TANH) {
    // (1 + tanh(u)) / 2 is sigmoid(2 u); the argument's own rounding costs |2 u| / 2 ulp more far below 0.
    const slope = f32x4.add(f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.07135481282553106)), f32x4.splat(1.5957691216057308));
    const u = f32x4.mul(x, slope);
    return f32x4.mul(x, sigmoid4(u));
  }
  if (op == ROUND_TO) return f32x4.mul(f32x4.add(f32x4.nearest(f32x4.div(x, alpha)), zero), beta);
  return pow4(x, alpha);
}

/** For short functions: the loop holds nothing else. */
// @ts-ignore: decorator
@inline
function light(op: i32, x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  const end = x + (<usize>(count & ~3) << 2);
  while (x < end) {
    v128.store(y, apply(op, v128.load(x), a, b));
    x += 16; y += 16;
  }
  const left = count & 3;
  if (left) storeLanes(y, apply(op, loadLanes(x, left), a, b), left);
}

/** For long functions: one copy of the function serves body and tail. */
// @ts-ignore: decorator
@inline
function heavy(op: i32, x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  for (; count > 0; count -= 4) {
    const full = count >= 4;
    const v = apply(op, full ? v128.load(x) : loadLanes(x, count), a, b);
    if (full) v128.store(y, v);
    else storeLanes(y, v, count);
    x += 16; y += 16;
  }
}

/**
 * sigmoid(alpha * x), and x times that where `times` is set: the long functions that convolutions end in. Four vectors a turn go through
 * the stages together, so that their chains of operations overlap (silu: 1.35 to 0.79 ns). What breaks off never does: it keeps
 * compilers from sorting the stages by vectors. asc does not see through `long`; V8 of Node 20 does, but cannot foresee x.
 */
function sigmoids(times: bool, x: usize, y: usize, count: i32, alpha: f32): void {
  const a = f32x4.splat(alpha);
  const end = x + (<usize>(count & ~15) << 2), long = x < end;
  if (long) {
    do {
      let v0 = f32x4.mul(v128.load(x), a), v1 = f32x4.mul(v128.load(x, 16), a);
      let v2 = f32x4.mul(v128.load(x, 32), a), v3 = f32x4.mul(v128.load(x, 48), a);
      do {
        v0 = sigmoidClamp(v0); v1 = sigmoidClamp(v1); v2 = sigmoidClamp(v2); v3 = sigmoidClamp(v3);
        if (!long) break;
        const n0 = decayRounded(SIGMOID_ROUND, v0), n1 = decayRounded(SIGMOID_ROUND, v1);
        const n2 = decayRounded(SIGMOID_ROUND, v2), n3 = decayRounded(SIGMOID_ROUND, v3);
        if (!long) break;
        v0 = decayRest(SIGMOID_ROUND, v0, n0); v1 = decayRest(SIGMOID_ROUND, v1, n1);
        v2 = decayRest(SIGMOID_ROUND, v2, n2); v3 = decayRest(SIGMOID_ROUND, v3, n3);
        if (!x) break;
        v0 = expRest(v0); v1 = expRest(v1); v2 = expRest(v2); v3 = expRest(v3);
        if (!long) break;
        v0 = sigmoidQuotient(v0, n0); v1 = sigmoidQuotient(v1, n1); v2 = sigmoidQuotient(v2, n2); v3 = sigmoidQuotient(v3, n3);
      } while (false);
      if (times) {
        v0 = f32x4.mul(v128.load(x), v0); v1 = f32x4.mul(v128.load(x, 16), v1);
        v2 = f32x4.mul(v128.load(x, 32), v2); v3 = f32x4.mul(v128.load(x, 48), v3);
      }
      v128.store(y, v0); v128.store(y, v1, 16); v128.store(y, v2, 32); v128.store(y, v3, 48);
      x += 64; y += 64;
    } while (x < end);
  }
  for (count &= 15; count > 0; count -= 4) {
    const full = count >= 4;
    const v = full ? v128.load(x) : loadLanes(x, count);
    let s = sigmoid4(f32x4.mul(v, a));
    if (times) s = f32x4.mul(v, s);
    if (full) v128.store(y, s);
    else storeLanes(y, s, count);
    x += 16; y += 16;
  }
}

// A function a loop, reached through the table of functions: as branches of one function they would be compiled, and replaced by
// optimised code, all together, which takes an engine longer than a first inference.

type Loop = (x: usize, y: usize, n: i32, a: f32, b: f32) => void;

function clampLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(CLAMP, x, y, n, a, b); }
function linearLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(LINEAR, x, y, n, a, b); }
function leakyReluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(LEAKY_RELU, x, y, n, a, b); }
function thresholdedReluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(THRESHOLDED_RELU, x, y, n, a, b); }
function hardSigmoidLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(HARD_SIGMOID, x, y, n, a, b); }
function hardSwishLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(HARD_SWISH, x, y, n, a, b); }
function absLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(ABS, x, y, n, a, b); }
function negLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(NEG, x, y, n, a, b); }
function floorLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(FLOOR, x, y, n, a, b); }
function ceilLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(CEIL, x, y, n, a, b); }
function roundLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(ROUND, x, y, n, a, b); }
function signLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(SIGN, x, y, n, a, b); }
function sqrtLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(SQRT, x, y, n, a, b); }
function reciprocalLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(RECIPROCAL, x, y, n, a, b); }
function softsignLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(SOFTSIGN, x, y, n, a, b); }
function expLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(EXP, x, y, n, a, b); }
function logLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(LOG, x, y, n, a, b); }
function sigmoidLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { sigmoids(false, x, y, n, 1); }
function siluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { sigmoids(true, x, y, n, a); }
function tanhLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(TANH, x, y, n, a, b); }
function eluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(ELU, x, y, n, a, b); }
function seluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(SELU, x, y, n, a, b); }
function celuLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(CELU, x, y, n, a, b); }
function softplusLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(SOFTPLUS, x, y, n, a, b); }
function mishLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(MISH, x, y, n, a, b); }
function erfLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(ERF, x, y, n, a, b); }
function geluLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(GELU, x, y, n, a, b); }
function geluTanhLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(GELU_TANH, x, y, n, a, b); }
function powLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { heavy(POW, x, y, n, a, b); }
function roundToLoop(x: usize, y: usize, n: i32, a: f32, b: f32): void { light(ROUND_TO, x, y, n, a, b); }

function wideLoop(op: i32, x: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    const full = count >= 4;
    const v = wide4(op, full ? v128.load(x) : loadLanes(x, count));
    if (full) v128.store(y, v);
    else storeLanes(y, v, count);
    x += 16; y += 16;
  }
}

function loopOf(op: i32): Loop {
  switch (op) {
    case CLAMP: return clampLoop;
    case LINEAR: return linearLoop;
    case LEAKY_RELU: return leakyReluLoop;
    case THRESHOLDED_RELU: return thresholdedReluLoop;
    case HARD_SIGMOID: return hardSigmoidLoop;
    case HARD_SWISH: return hardSwishLoop;
    case ABS: return absLoop;
    case NEG: return negLoop;
    case FLOOR: return floorLoop;
    case CEIL: return ceilLoop;
    case ROUND: return roundLoop;
    case SIGN: return signLoop;
    case SQRT: return sqrtLoop;
    case RECIPROCAL: return reciprocalLoop;
    case SOFTSIGN: return softsignLoop;
    case EXP: return expLoop;
    case LOG: return logLoop;
    case SIGMOID: return sigmoidLoop;
    case SILU: return siluLoop;
    case TANH: return tanhLoop;
    case ELU: return eluLoop;
    case SELU: return seluLoop;
    case CELU: return celuLoop;
    case SOFTPLUS: return softplusLoop;
    case MISH: return mishLoop;
    case ERF: return erfLoop;
    case GELU: return geluLoop;
    case GELU_TANH: return geluTanhLoop;
    case ROUND_TO: return roundToLoop;
    default: return powLoop;
  }
}

/** Applies function `op` to `count` floats. */
export function unary(op: i32, x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  assert(op >= CLAMP && op <= LAST && count >= 0);
  if (op >= WIDE) wideLoop(op, x, y, count);
  else loopOf(op)(x, y, count, alpha, beta);
}

/** The same to `count` pixels of C floats, `stride` bytes apart, where they lie. */
export function unaryPixels(op: i32, y: usize, stride: usize, count: i32, C: i32, alpha: f32, beta: f32): void {
  if (stride == <usize>C << 2) return unary(op, y, y, count * C, alpha, beta);
  for (; count > 0; count--, y += stride) unary(op, y, y, C, alpha, beta);
}
