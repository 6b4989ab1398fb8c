/** 16-bit floats as bits in a Uint16Array, and their float32 values. */

import type { HostTensor } from "./dtype.ts";

/** The float32 bits of float16 bits: exact, NaN payloads included. */
function widenedFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // moves the leading 1 to bit 10, where it becomes implicit
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** The float16 bits nearest to float32 bits: ties to even, too large becomes infinite, NaN stays a quiet NaN. */
function narrowedFloat16(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x1ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520, half-way from the largest float16 to 2^16
  if (magnitude >= 0x38800000) return sign | (roundedShift(magnitude, 13) - (112 << 10)); // 2^-14, the smallest normal
  const drop = 126 - (magnitude >> 23); // subnormals count steps of 2^-24
  if (drop > 24) return sign;
  return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, drop);
}

/** The bfloat16 bits nearest to float32 bits: ties to even, NaN stays a quiet NaN. */
function narrowedBfloat16(single: number): number {
  if ((single & 0x7fffffff) > 0x7f800000) return (single >>> 16) | 0x40;
  return roundedShift(single, 16) & 0xffff;
}

/** `value / 2^shift` to the nearest integer, ties to even. */
function roundedShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & (2 ** shift - 1);
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept;
}

/** `array[i] = widen(bits[i])` on bits throughout, so that no engine touches a NaN. */
function widenAll(halves: Uint16Array, widen: (half: number) => number): Float32Array<ArrayBuffer> {
  const singles = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) singles[i] = widen(halves[i]);
  return new Float32Array(singles.buffer);
}

function narrowAll(values: Float32Array, narrow: (single: number) => number): Uint16Array<ArrayBuffer> {
  const singles = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = narrow(singles[i]);
  return halves;
}

/** The values of float16 bits, exactly. */
export function float16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return widenAll(halves, widenedFloat16);
}

/** The float16 bits nearest to each value: ties to even; from 65520 on, infinite. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  return narrowAll(values, narrowedFloat16);
}

/** The values of bfloat16 bits, exactly. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return widenAll(halves, (half) => half << 16);
}

/** The bfloat16 bits nearest to each value: ties to even. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  return narrowAll(values, narrowedBfloat16);
}

/** The elements of a tensor of any type as float32, rounded where they need it; float32 data are given back as they are. */
export function toFloat32({ type, data }: HostTensor): Float32Array<ArrayBuffer> {
  if (data instanceof Float32Array) return data;
  if (type === "float16") return float16ToFloat32(data as Uint16Array);
  if (type === "bfloat16") return bfloat16ToFloat32(data as Uint16Array);
  if (type === "int64" || type === "uint64") return Float32Array.from(data as BigInt64Array, Number);
  return new Float32Array(data as Int32Array);
}
