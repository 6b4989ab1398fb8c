import { describe, expect, test } from "vitest";
import { foldBatchNorm } from "../../src/ops/batch-norm-folding.ts";
import { conv2d } from "../reference.ts";
import { Random } from "../support/random.ts";
import { errorOf, permuted } from "./engines.ts";

const random = new Random(71);
const OC = 5;
const filter = random.tensor([OC, 3, 2, 2]);
const bias = random.values(OC);
const statistics = {
  mean: random.values(OC),
  variance: random.values(OC).map((v) => 0.1 + Math.abs(v)),
  scale: random.values(OC, 3),
  offset: random.values(OC),
};

describe("foldBatchNorm", () => {
  test.each([
    ["all statistics and a bias", bias, statistics, 1e-5],
    ["no bias", undefined, statistics, 1e-5],
    ["mean and variance alone", bias, { mean: statistics.mean, variance: statistics.variance }, 1e-5],
    ["an epsilon of its own", bias, { ...statistics, epsilon: 0.5 }, 0.5],
  ])("with %s, the folded convolution does what both did", (_, b, given, epsilon) => {
    const x = random.tensor([2, 3, 4, 5]);
    const before = conv2d(x, filter, { bias: b && { shape: [OC], data: b } });
    const { scale, offset, mean, variance } = { scale: undefined, offset: undefined, ...given };
    const folded = foldBatchNorm(filter, b, given);
    const after = conv2d(x, folded.filter, { bias: { shape: [OC], data: folded.bias } });
    after.data.forEach((value, i) => {
      const oc = Math.floor(i / 12) % OC;
      const factor = (scale ? scale[oc] : 1) / Math.sqrt(variance[oc] + epsilon);
      const want = (before.data[i] - mean[oc]) * factor + (offset ? offset[oc] : 0);
      // Filter and bias are rounded once each.
      expect(Math.abs(value - want)).toBeLessThanOrEqual(2 ** -24 * 2 * after.magnitude[i]);
    });
  });

  test("leaves what it is given alone, and finds the output channels in every layout", () => {
    const copies = [filter.data.slice(), bias.slice()];
    const want = foldBatchNorm(filter, bias, statistics);
    expect([filter.data, bias]).toEqual(copies);
    for (const [layout, axes, back] of [
      ["hwio", [2, 3, 1, 0], [3, 2, 0, 1]],
      ["ohwi", [0, 2, 3, 1], [0, 3, 1, 2]],
      ["ihwo", [1, 2, 3, 0], [3, 0, 1, 2]],
    ] as const) {
      const got = foldBatchNorm(permuted(filter, axes), bias, statistics, layout);
      expect(permuted(got.filter, back)).toEqual({ shape: filter.shape, data: want.filter.data });
      expect(got.bias).toEqual(want.bias);
    }
  });

  test("takes plain arrays, and filters of other ranks", () => {
    const folded = foldBatchNorm({ shape: [2, 1], data: [3, 4] }, [1, 1], {
      mean: [1, 0],
      variance: [4, 1],
      epsilon: 0,
    });
    expect(folded).toEqual({
      filter: { shape: [2, 1], data: Float32Array.of(1.5, 4) },
      bias: Float32Array.of(0, 1),
    });
  });

  test.each<[string, string, () => unknown]>([
    [
      "ShapeError",
      "foldBatchNorm: mean expected 5 values for filter [5, 3, 2, 2], got 3",
      () => foldBatchNorm(filter, bias, { ...statistics, mean: [1, 2, 3] }),
    ],
    [
      "ShapeError",
      "foldBatchNorm: variance expected 5 values for filter [5, 3, 2, 2], got undefined",
      () => foldBatchNorm(filter, bias, { mean: bias } as never),
    ],
    [
      "ShapeError",
      "foldBatchNorm: bias expected 5 values for filter [5, 3, 2, 2], got 1",
      () => foldBatchNorm(filter, [1], statistics),
    ],
    [
      "ShapeError",
      "foldBatchNorm: filter expected a shape of 60 elements, got [5, 3, 2]",
      () => foldBatchNorm({ ...filter, shape: [5, 3, 2] }, bias, statistics),
    ],
    [
      "ArgumentError",
      "foldBatchNorm: variance[1] expected above -0.00001, got -1",
      () => foldBatchNorm({ shape: [2], data: [1, 1] }, undefined, { mean: [0, 0], variance: [1, -1] }),
    ],
    [
      "ArgumentError",
      "foldBatchNorm: filterLayout expected oihw, hwio, ohwi, ihwo, got hwi",
      () => foldBatchNorm(filter, bias, statistics, "hwi" as never),
    ],
  ])("%s: %s", (name, message, body) => {
    expect(errorOf(body)).toMatchObject({ name, message });
  });
});
