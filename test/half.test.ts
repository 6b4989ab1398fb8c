import { describe, expect, it } from "vitest";
import type { DataType, TypedArray } from "../src/dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16, toFloat32 } from "../src/half.ts";

const ALL = Uint16Array.from({ length: 65_536 }, (_, i) => i);

/** The value of float bits by the definition of the format, in float64. */
function exactValue(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const steps = 2 ** fractionBits;
  const exponent = Math.floor((bits % 0x8000) / steps);
  const fraction = bits % steps;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * (fraction / steps) * 2 ** (1 - bias);
  return sign * (1 + fraction / steps) * 2 ** (exponent - bias);
}

const isNaN16 = (bits: number, infinity: number) => bits % 0x8000 > infinity;
const narrow16 = (value: number) => float32ToFloat16(Float32Array.of(value))[0];
const narrowB16 = (value: number) => float32ToBfloat16(Float32Array.of(value))[0];

/** Float32 values around each of `values` and half-way to the next. */
function neighbours(values: number[]): Float32Array {
  const sorted = [...values].sort((a, b) => a - b);
  const exact = sorted.flatMap((value, i) => (i + 1 < sorted.length ? [value, (value + sorted[i + 1]) / 2] : [value]));
  const near = exact.flatMap((value) => [value * (1 - 2 ** -23), value, value * (1 + 2 ** -23)]);
  return Float32Array.from(near);
}

/** The nearest of the finite values of a format to `value`, ties to the even bits, by search. */
function nearest(value: number, finite: { bits: number; value: number }[], overflow: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  let low = 0;
  let high = finite.length - 1;
  if (magnitude >= finite[high].value) {
    const step = finite[high].value - finite[high - 1].value;
    return sign | (magnitude >= finite[high].value + step / 2 ? overflow : finite[high].bits);
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (finite[middle].value <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - finite[low].value;
  const above = finite[high].value - magnitude;
  if (below === above) return sign | (finite[low].bits % 2 ? finite[high].bits : finite[low].bits);
  return sign | (below < above ? finite[low].bits : finite[high].bits);
}

for (const format of [
  { name: "float16", exponent: 5, fraction: 10, infinity: 0x7c00, widen: float16ToFloat32, narrow: float32ToFloat16 },
  {
    name: "bfloat16",
    exponent: 8,
    fraction: 7,
    infinity: 0x7f80,
    widen: bfloat16ToFloat32,
    narrow: float32ToBfloat16,
  },
]) {
  describe(format.name, () => {
    const finite = Array.from({ length: format.infinity }, (_, bits) => ({
      bits,
      value: exactValue(bits, format.exponent, format.fraction),
    }));

    it("widens all 65,536 patterns to their exact values", () => {
      const wide = format.widen(ALL);
      const wrong = [...ALL].filter(
        (bits) => !Object.is(wide[bits], exactValue(bits, format.exponent, format.fraction)),
      );
      expect(wrong).toEqual([]);
    });

    it("gives all patterns but NaN back after widening and narrowing", () => {
      const back = format.narrow(format.widen(ALL));
      const changed = [...ALL].filter((bits) => back[bits] !== bits && !isNaN16(bits, format.infinity));
      expect(changed).toEqual([]);
    });

    it("keeps every NaN a NaN of the same sign, and quiet", () => {
      const quiet = 2 ** (format.fraction - 1);
      const back = format.narrow(format.widen(ALL));
      const wrong = [...ALL].filter((bits) => isNaN16(bits, format.infinity) && back[bits] !== (bits | quiet));
      expect(wrong).toEqual([]);
      expect(
        [...ALL].filter((bits) => isNaN16(bits, format.infinity) && !isNaN16(back[bits], format.infinity)),
      ).toEqual([]);
    });

    it("rounds to the nearest, ties to even, next to every value and every half-way point", () => {
      const values = neighbours(finite.map(({ value }) => value));
      for (const sign of [1, -1]) {
        const signed = values.map((value) => sign * value);
        const got = format.narrow(signed);
        const wrong = [...signed].filter((value, i) => got[i] !== nearest(value, finite, format.infinity));
        expect(wrong.slice(0, 5)).toEqual([]);
      }
    });
  });
}

describe("float32 to float16", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400], // rounds up from the subnormals
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000], // a tie, to the even 0
    [2 ** -25 * 1.0001, 0x0001],
    [3 * 2 ** -25, 0x0002], // a tie, to the even 2
    [1e-40, 0x0000], // subnormal already in float32
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])("rounds %d", (value, bits) => {
    expect(narrow16(value).toString(16)).toBe(bits.toString(16));
  });

  it("carries from the fraction into the exponent", () => {
    expect(narrow16(2 - 2 ** -12)).toBe(0x4000);
    expect(narrowB16(2 - 2 ** -10)).toBe(0x4000);
  });

  it("becomes infinite at the end of bfloat16 too", () => {
    expect(narrowB16(3.4028234663852886e38)).toBe(0x7f80);
    expect(narrowB16(3.3895313892515355e38)).toBe(0x7f7f);
  });
});

describe("toFloat32", () => {
  it("gives float32 data back without a copy", () => {
    const data = Float32Array.of(1, 2);
    expect(toFloat32({ type: "float32", shape: [2], data })).toBe(data);
  });

  it.each<[DataType, TypedArray, number[]]>([
    ["float16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ["bfloat16", Uint16Array.of(0x3f80, 0xc000), [1, -2]],
    ["uint16", Uint16Array.of(0x3c00, 3), [15360, 3]],
    ["int8", Int8Array.of(-128, 127), [-128, 127]],
    ["int64", BigInt64Array.of(-5n, 7n), [-5, 7]],
    ["uint64", BigUint64Array.of(2n ** 63n, 7n), [2 ** 63, 7]],
    ["float64", Float64Array.of(0.1, -0), [Math.fround(0.1), -0]],
    ["bool", Uint8Array.of(1, 0), [1, 0]],
  ])("converts %s", (type, data, wanted) => {
    expect([...toFloat32({ type, shape: [2], data })]).toEqual(wanted);
  });
});
