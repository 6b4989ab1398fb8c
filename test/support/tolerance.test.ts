import { describe, expect, test } from "vitest";
import { expectClose, expectExact, expectSameBits, worstError } from "./tolerance.ts";

describe("tolerance", () => {
  const want = { data: [1, 2, -3], magnitude: [1, 2, 9], terms: 3, shape: [1, 3] };

  test("passes at the bound and fails beyond it, with numbers", () => {
    const bound = 4 * 2 ** -24 * 9;
    expectClose([1, 2, -3 + bound], want);
    expect(() => expectClose([1, 2, -3 + bound * 1.01], want)).toThrow(
      /^element 2 at \[0, 2\]: got -2\.99.*, want -3, error 0\.0000021.*, bound 0\.0000021.* \(3 terms\)$/,
    );
    expect(() => expectClose([1, 2, -3 + bound], want, 2)).toThrow("(2 terms)");
    expect(worstError([1, 2, -3 + bound], want)).toBeCloseTo(4, 6);
  });

  test("NaN must meet NaN and infinities must be equal", () => {
    const odd = {
      data: [Number.NaN, Number.POSITIVE_INFINITY, 1e39],
      magnitude: [1, Number.POSITIVE_INFINITY, 1e39],
      terms: 1,
    };
    expectClose([Number.NaN, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], odd);
    expect(() => expectClose([1, 2, 3], odd)).toThrow("element 0: got 1, want NaN");
    expect(() => expectClose([Number.NaN, 3, 3], odd)).toThrow("element 1: got 3, want Infinity");
    expect(() => expectClose([Number.NaN, 2, -3], want)).toThrow("got NaN, want 1");
    expect(() => expectClose([Number.POSITIVE_INFINITY, 2, -3], want)).toThrow("got Infinity, want 1");
  });

  test("lengths, exactness, bits", () => {
    expect(() => expectClose([1, 2], want)).toThrow("got 2 elements, want 3 for [1, 3]");
    expectExact([1, 2, -3], want);
    expect(() => expectExact([1, 2, -3 + 2 ** -22], want)).toThrow("element 2 at [0, 2]: got -2.99");
    expectSameBits(Float32Array.of(0, Number.NaN), Float32Array.of(0, Number.NaN));
    expect(() => expectSameBits(Float32Array.of(0), Float32Array.of(-0))).toThrow("element 0");
  });
});
