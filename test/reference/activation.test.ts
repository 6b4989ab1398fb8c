import { describe, expect, test } from "vitest";
import { erf, erfc, hardmax, logSoftmax, map, plain, scalar, softmax } from "../reference.ts";

const INFINITE = Number.POSITIVE_INFINITY;

test.each([
  [0, 0],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [2.4, 0.9993114861033549],
  [2.6, 0.9997639655834707],
  [3, 0.9999779095030014],
  [6, 1],
])("erf(%d)", (x, want) => {
  expect(erf(x)).toBeCloseTo(want, 15);
  expect(erf(-x)).toBeCloseTo(-want, 15);
});

test("erfc keeps its digits where erf is 1", () => {
  expect(erfc(3) / 2.209049699858544e-5).toBeCloseTo(1, 12);
  expect(erfc(5) / 1.5374597944280349e-12).toBeCloseTo(1, 12);
  expect(erfc(10) / 2.088487583762545e-45).toBeCloseTo(1, 12);
  expect(erfc(-1)).toBeCloseTo(1.8427007929497148, 15);
  expect([erf(INFINITE), erf(-INFINITE), erfc(INFINITE), erfc(-INFINITE)]).toEqual([1, -1, 0, 2]);
});

describe("activations at points worked out by hand", () => {
  test.each([
    ["relu", scalar.relu, [-1, 0, 2], [0, 0, 2]],
    ["clamp", (x: number) => scalar.clamp(x, -1, 1), [-3, 0.5, 3], [-1, 0.5, 1]],
    ["clamp with low above high", (x: number) => scalar.clamp(x, 2, 1), [0, 3], [1, 1]],
    ["leakyRelu", (x: number) => scalar.leakyRelu(x, 0.5), [-2, 2], [-1, 2]],
    ["thresholdedRelu", (x: number) => scalar.thresholdedRelu(x, 1), [0.5, 1, 1.5], [0, 0, 1.5]],
    ["elu", (x: number) => scalar.elu(x, 2), [-Math.LN2, 3], [-1, 3]],
    ["selu", (x: number) => scalar.selu(x, 2, 3), [-Math.LN2, 3], [-3, 9]],
    ["celu", (x: number) => scalar.celu(x, 2), [-2 * Math.LN2, 3], [-1, 3]],
    ["gelu", scalar.gelu, [0, 1, -1, 10], [0, 0.8413447460685429, -0.15865525393145707, 10]],
    ["geluTanh", scalar.geluTanh, [0, 1, -1], [0, 0.8411919906082768, -0.15880800939172324]],
    ["sigmoid", scalar.sigmoid, [0, Math.log(3), -Math.log(3)], [0.5, 0.75, 0.25]],
    ["hardSigmoid", (x: number) => scalar.hardSigmoid(x, 0.5, 0.25), [-2, 1, 2], [0, 0.75, 1]],
    ["hardSwish", scalar.hardSwish, [-3, 0, 1, 3], [0, 0, 2 / 3, 3]],
    ["silu", scalar.silu, [0, Math.log(3)], [0, 0.75 * Math.log(3)]],
    // softplus(0) = ln 2, tanh(ln 2) = (2 - 1/2) / (2 + 1/2); softplus(ln 3) = ln 4, tanh(ln 4) = 15 / 17.
    ["mish", scalar.mish, [0, Math.log(3)], [0, (15 / 17) * Math.log(3)]],
    ["softplus", scalar.softplus, [0, Math.log(3), 1000, -1000], [Math.LN2, Math.log(4), 1000, 0]],
    ["softsign", scalar.softsign, [-3, 1], [-0.75, 0.5]],
    ["tanh", scalar.tanh, [Math.LN2], [0.6]],
    ["round", scalar.round, [0.5, 1.5, 2.5, -0.5, -1.5, -2.6, 3.2], [0, 2, 2, 0, -2, -3, 3]],
  ])("%s", (_name, f, xs, want) => {
    const y = map(plain([xs.length], xs), f);
    for (let i = 0; i < want.length; i++) expect(y.data[i]).toBeCloseTo(want[i], 14);
    expect(y.magnitude).toEqual(y.data.map(Math.abs));
  });

  test("NaN goes through all of them", () => {
    for (const [name, f] of Object.entries(scalar)) {
      const y = f === scalar.clamp ? scalar.clamp(Number.NaN, 0, 1) : (f as (x: number) => number)(Number.NaN);
      expect(y, name).toBeNaN();
    }
  });

  test("minus infinity", () => {
    expect([scalar.relu(-INFINITE), scalar.elu(-INFINITE), scalar.sigmoid(-INFINITE)]).toEqual([0, -1, 0]);
    expect([scalar.silu(-INFINITE), scalar.gelu(-INFINITE), scalar.mish(-INFINITE)]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });

  test("the tail of gelu is not lost to cancellation", () => {
    expect(scalar.gelu(-10) / -7.61985302416e-23).toBeCloseTo(1, 9);
  });
});

describe("along an axis", () => {
  const x = plain([2, 2], [0, Math.log(3), Math.log(2), Math.log(2)]);

  test("softmax", () => {
    const near = (got: Float64Array, want: number[]): void => {
      for (let i = 0; i < want.length; i++) expect(got[i]).toBeCloseTo(want[i], 14);
    };
    near(softmax(x).data, [0.25, 0.75, 0.5, 0.5]);
    near(softmax(x, 0).data, [1 / 3, 0.6, 2 / 3, 0.4]);
    near(logSoftmax(x).data, [Math.log(0.25), Math.log(0.75), -Math.LN2, -Math.LN2]);
    near(softmax(plain([3], [1000, 1000, -INFINITE])).data, [0.5, 0.5, 0]);
    near(logSoftmax(plain([2], [1e4, 0])).data, [0, -1e4]);
  });

  test("a NaN or an infinity spoils its line only", () => {
    const spoilt = softmax(plain([3, 2], [1, Number.NaN, INFINITE, 0, 5, 5]));
    expect([...spoilt.data.map((value) => (Number.isNaN(value) ? -1 : value))]).toEqual([-1, -1, -1, -1, 0.5, 0.5]);
  });

  test("magnitudes are finite and at least the value", () => {
    for (const y of [softmax(x), logSoftmax(x), softmax(plain([2], [0, -INFINITE]))]) {
      y.data.forEach((value, i) => {
        expect(y.magnitude[i]).toBeGreaterThanOrEqual(Math.abs(value));
        expect(y.magnitude[i]).toBeLessThan(10);
      });
    }
  });

  test("hardmax marks the first of equals", () => {
    expect([...hardmax(x).data]).toEqual([0, 1, 1, 0]);
  });
});
