// Numbers of 8 or 16 bits that stand for floats: real = (stored - zero) * scale.
//
//   quantize     y[i] = saturate(nearest(x[i] / scale) + zero), halves to the even neighbour; NaN becomes `zero`
//   dequantize   y[i] = (x[i] - zero) * scale
//
// The quotient is clamped to [lowest - zero, highest - zero] of the stored type before it is rounded: the bounds are whole numbers, so
// this is the same as saturating afterwards, and the addition cannot overflow. Body and tail are the same four lanes.

import { loadLanes, storeLanes } from "../lanes";

// Codes of element types, the same as in src/ops/quantize.ts.
const INT8 = 1;
const UINT8 = 2;
const INT16 = 3;
const UINT16 = 4;
const INT32 = 5;

/** The lanes of float quotients or products as stored numbers, in 32 bits each. */
// @ts-ignore: decorator
@inline
export function stored4(v: v128, lo: v128, hi: v128, zero: v128): v128 {
  const clamped = f32x4.pmin(f32x4.pmax(v, lo), hi); // keeps a NaN, which the conversion makes 0
  return i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.nearest(clamped)), zero);
}

/** Stores the low byte of the first `lanes` lanes. */
// @ts-ignore: decorator
@inline
export function storeBytes(y: usize, v: v128, lanes: i32): void {
  const bytes = i8x16.shuffle(v, v, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  if (lanes >= 4) {
    v128.store_lane<i32>(y, bytes, 0);
    return;
  }
  v128.store_lane<i8>(y, bytes, 0);
  if (lanes > 1) v128.store_lane<i8>(y, bytes, 1, 1);
  if (lanes > 2) v128.store_lane<i8>(y, bytes, 2, 2);
}

/** Stores the low half of the first `lanes` lanes. */
// @ts-ignore: decorator
@inline
function storeHalves(y: usize, v: v128, lanes: i32): void {
  const halves = i8x16.shuffle(v, v, 0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13);
  if (lanes >= 4) {
    v128.store_lane<i64>(y, halves, 0);
    return;
  }
  v128.store_lane<i16>(y, halves, 0);
  if (lanes > 1) v128.store_lane<i16>(y, halves, 1, 2);
  if (lanes > 2) v128.store_lane<i16>(y, halves, 2, 4);
}

// @ts-ignore: decorator
@inline
function quantizeTo(bytes: i32, x: usize, y: usize, count: i32, scale: f32, zero: i32, lo: i32, hi: i32): void {
  const s = f32x4.splat(scale), z = i32x4.splat(zero);
  const l = f32x4.splat(<f32>(lo - zero)), h = f32x4.splat(<f32>(hi - zero));
  for (; count > 0; count -= 4) {
    const v = stored4(f32x4.div(count >= 4 ? v128.load(x) : loadLanes(x, count), s), l, h, z);
    if (bytes == 1) storeBytes(y, v, count);
    else storeHalves(y, v, count);
    x += 16;
    y += <usize>bytes << 2;
  }
}

/** x: `count` floats. y: elements of the type of code `type`, whose least and greatest values are lo and hi. */
export function quantize(type: i32, x: usize, y: usize, count: i32, scale: f32, zero: i32, lo: i32, hi: i32): void {
  assert(type >= INT8 && type <= UINT16 && count >= 0 && lo <= zero && zero <= hi);
  if (type <= UINT8) quantizeTo(1, x, y, count, scale, zero, lo, hi);
  else quantizeTo(2, x, y, count, scale, zero, lo, hi);
}

/** Four elements in 32 bits each. */
// @ts-ignore: decorator
@inline
function load4(type: i32, x: usize): v128 {
  if (type == INT8) return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x)));
  if (type == UINT8) return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x)));
  if (type == INT16) return v128.load_ext<i16>(x);
  if (type == UINT16) return v128.load_ext<u16>(x);
  return v128.load(x);
}

// @ts-ignore: decorator
@inline
function load1(type: i32, x: usize): i32 {
  if (type == INT8) return load<i8>(x);
  if (type == UINT8) return load<u8>(x);
  if (type == INT16) return load<i16>(x);
  if (type == UINT16) return load<u16>(x);
  return load<i32>(x);
}

// @ts-ignore: decorator
@inline
function dequantizeFrom(type: i32, x: usize, y: usize, count: i32, scale: f32, zero: i32): void {
  const size: usize = type <= UINT8 ? 1 : type <= UINT16 ? 2 : 4;
  const s = f32x4.splat(scale), z = i32x4.splat(zero);
  const end = y + (<usize>(count & ~3) << 2);
  while (y < end) {
    v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(load4(type, x), z)), s));
    x += size << 2;
    y += 16;
  }
  const left = count & 3;
  if (!left) return;
  let v = i32x4.splat(load1(type, x));
  if (left > 1) v = i32x4.replace_lane(v, 1, load1(type, x + size));
  if (left > 2) v = i32x4.replace_lane(v, 2, load1(type, x + 2 * size));
  storeLanes(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(v, z)), s), left);
}

/** x: `count` elements of the type of code `type`; differences with `zero` must fit in 32 bits. y: floats. */
export function dequantize(type: i32, x: usize, y: usize, count: i32, scale: f32, zero: i32): void {
  assert(type >= INT8 && type <= INT32 && count >= 0);
  if (type == INT8) dequantizeFrom(INT8, x, y, count, scale, zero);
  else if (type == UINT8) dequantizeFrom(UINT8, x, y, count, scale, zero);
  else if (type == INT16) dequantizeFrom(INT16, x, y, count, scale, zero);
  else if (type == UINT16) dequantizeFrom(UINT16, x, y, count, scale, zero);
  else dequantizeFrom(INT32, x, y, count, scale, zero);
}
