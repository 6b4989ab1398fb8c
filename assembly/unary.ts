// y[i] = f(x[i]) for the functions below; x and y may be the same.

import { loadLanes, storeLanes } from "./lanes";
import { exp4 } from "./math";

// Codes; src/ops/unary.ts holds the same list.
const CLAMP = 1; // to [alpha, beta]
const LEAKY_RELU = 2; // x < 0 ? alpha * x : x
const SIGMOID = 3;
const EXP = 4;

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, alpha: v128, beta: v128): v128 {
  if (op == CLAMP) return f32x4.pmin(f32x4.pmax(x, alpha), beta);
  if (op == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, f32x4.splat(0)));
  if (op == SIGMOID) return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
  return exp4(x);
}

// @ts-ignore: decorator
@inline
function each(op: i32, x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  const end = x + (<usize>(count & ~3) << 2);
  while (x < end) {
    v128.store(y, apply(op, v128.load(x), a, b));
    x += 16; y += 16;
  }
  const left = count & 3;
  if (left) storeLanes(y, apply(op, loadLanes(x, left), a, b), left);
}

/** Applies function `op` to `count` floats. */
export function unary(op: i32, x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  if (op == CLAMP) return each(CLAMP, x, y, count, alpha, beta);
  if (op == LEAKY_RELU) return each(LEAKY_RELU, x, y, count, alpha, beta);
  if (op == SIGMOID) return each(SIGMOID, x, y, count, alpha, beta);
  if (op == EXP) return each(EXP, x, y, count, alpha, beta);
  assert(false);
}
