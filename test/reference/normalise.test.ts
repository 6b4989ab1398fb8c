import { expect, test } from "vitest";
import { batchNorm, groupNorm, instanceNorm, layerNorm, lrn, plain, type Reference } from "../reference.ts";

function expectData(y: Reference, want: number[]): void {
  expect(y.data).toHaveLength(want.length);
  for (let i = 0; i < want.length; i++) {
    expect(y.data[i]).toBeCloseTo(want[i], 12);
    expect(y.magnitude[i]).toBeGreaterThanOrEqual(Math.abs(y.data[i]));
  }
}

test("batch", () => {
  const x = plain([2, 2, 1, 1], [1, 2, 3, 4]);
  const y = batchNorm(x, plain([2], [1, 10]), plain([2], [0, 5]), plain([2], [1, 3]), plain([2], [3, 0]), 1);
  // (x - 1) / 2 and (x - 3) * 10 + 5
  expectData(y, [0, -5, 1, 15]);
  // |x a| + |mean a| + |b| with a = 1/2 and 10
  expect([...y.magnitude]).toEqual([1, 55, 2, 75]);
});

const X = plain([1, 4, 1, 2], [1, 3, 10, 10, -2, 2, 0, 8]);
const ONE = plain([4], [1, 1, 2, 1]);
const ADD = plain([4], [0, 5, 0, 0]);

test("instance", () => {
  // Means 2, 10, 0, 4; variances 1, 0, 4, 16; epsilon 0 where the variance is not.
  const y = instanceNorm(X, ONE, ADD, 1e-300);
  expectData(y, [-1, 1, 5, 5, -2, 2, -1, 1]);
});

test("group", () => {
  // Group 0: 1 3 10 10, mean 6, variance (25 + 9 + 16 + 16) / 4 = 16.5.
  const y = groupNorm(X, 2, ONE, ADD, 0);
  const d = Math.sqrt(16.5);
  const e = Math.sqrt((16 + 0 + 4 + 36) / 4);
  expectData(y, [-5 / d, -3 / d, 5 + 4 / d, 5 + 4 / d, -8 / e, 0, -2 / e, 6 / e]);
});

test("layer", () => {
  const x = plain([2, 1, 2], [1, 3, 5, 5]);
  expectData(layerNorm(x, plain([2], [1, 2]), plain([2], [0, 1]), -1, 1e-300), [-1, 3, 0, 1]);
  // From axis 0 over all: mean 3.5, variance 2.75.
  const d = Math.sqrt(2.75);
  const flat = plain([2, 1, 2], [1, 1, 1, 1]);
  expectData(layerNorm(x, flat, undefined, 0, 0), [-2.5 / d, -0.5 / d, 1.5 / d, 1.5 / d]);
});

test("the magnitude of a normalisation grows with an offset that cancels", () => {
  const near = instanceNorm(plain([1, 1, 1, 2], [-1, 1]), plain([1], [1]), plain([1], [0]));
  const far = instanceNorm(plain([1, 1, 1, 2], [999, 1001]), plain([1], [1]), plain([1], [0]));
  expect(far.data[1]).toBeCloseTo(near.data[1], 9);
  expect(far.magnitude[1]).toBeGreaterThan(500 * near.magnitude[1]);
});

test("local response", () => {
  const x = plain([1, 4, 1, 1], [1, 2, 3, 4]);
  // Size 3: sums of squares 5, 14, 29, 25; divisor 1 + 3 / 3 * sum.
  expectData(lrn(x, 3, 3, 1, 1), [1 / 6, 2 / 15, 3 / 30, 4 / 26]);
  // Size 2 reaches one channel ahead, none back: 5, 13, 25, 16.
  expectData(lrn(x, 2, 2, 0.5, 0), [1 / Math.sqrt(5), 2 / Math.sqrt(13), 3 / 5, 1]);
});
