import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Conv1dOptions } from "../../src/ops/conv1d.ts";
import { averagePool2d, conv2d, maxPool2d } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { compute, describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

interface Case {
  N: number;
  IC: number;
  L: number;
  OC: number;
  K: number;
  groups: number;
  strides: number;
  dilations: number;
  /** [begin, end] */
  padding: readonly [number, number];
  bias: boolean;
  residual: boolean;
  inputLayout: "ncl" | "nlc";
  filterLayout: "oik" | "kio" | "oki" | "iko";
}

const BASE: Case = {
  ...{ N: 1, IC: 1, L: 1, OC: 1, K: 1, groups: 1, strides: 1, dilations: 1, padding: [0, 0] },
  ...{ bias: false, residual: false, inputLayout: "ncl", filterLayout: "oik" },
};

const FILTER_AXES = { oik: [0, 1, 2], kio: [2, 1, 0], oki: [0, 2, 1], iko: [1, 2, 0] };

describeBuilds("conv1d", (engine) => {
  function check(change: Partial<Case>): void {
    const c = { ...BASE, ...change };
    const random = new Random(c.L + 10 * c.IC);
    const x = random.tensor([c.N, c.IC, c.L]);
    const filter = random.tensor([c.OC, c.IC / c.groups, c.K]);
    const bias = c.bias ? random.tensor([c.OC]) : undefined;
    const row = ({ shape, data }: typeof x) => ({ shape: [shape[0], shape[1], 1, shape[2]], data });
    const geometry = {
      strides: [1, c.strides],
      dilations: [1, c.dilations],
      padding: [0, c.padding[0], 0, c.padding[1]],
    };
    const first = conv2d(row(x), row(filter), { ...geometry, groups: c.groups, bias });
    const OL = first.shape[3];
    const residual = c.residual ? random.tensor([c.N, c.OC, OL]) : undefined;
    const want = residual
      ? conv2d(row(x), row(filter), { ...geometry, groups: c.groups, bias, residual: row(residual) })
      : first;
    const laidOut = (s: typeof x) => (c.inputLayout === "nlc" ? permuted(s, [0, 2, 1]) : s);
    const operands = [laidOut(x), permuted(filter, FILTER_AXES[c.filterLayout])];
    if (bias) operands.push(bias);
    if (residual) operands.push(laidOut(residual));
    const got = compute(engine(), operands, (sequences, weights, ...more) => {
      const { groups, strides, dilations, padding, inputLayout, filterLayout } = c;
      const options: Conv1dOptions = {
        ...{ groups, strides, dilations, padding, inputLayout, filterLayout },
        bias: bias && more.shift(),
        residual: residual && more.shift(),
      };
      return engine().conv1d(sequences, weights, options);
    });
    expect(got.shape).toEqual(c.inputLayout === "nlc" ? [c.N, OL, c.OC] : [c.N, c.OC, OL]);
    expectClose(c.inputLayout === "nlc" ? permuted(got, [0, 2, 1]).data : got.data, want);
  }

  test.each<[string, Partial<Case>]>([
    ["one place", {}],
    ["a window of three", { IC: 5, L: 11, OC: 7, K: 3, padding: [1, 1], bias: true }],
    ["few channels", { IC: 2, L: 11, OC: 7, K: 5, padding: [0, 4] }],
    ["a batch, strides and dilation", { N: 3, IC: 9, L: 13, OC: 4, K: 2, strides: 3, dilations: 4, padding: [2, 1] }],
    ["groups", { N: 2, IC: 6, L: 13, OC: 9, K: 3, groups: 3, residual: true }],
    ["depthwise", { IC: 7, L: 13, OC: 7, K: 3, groups: 7, padding: [2, 0], bias: true }],
    ["two filters a channel", { IC: 7, L: 13, OC: 14, K: 3, groups: 7, padding: [2, 0], bias: true }],
    ["no batch", { N: 0, IC: 3, L: 4, OC: 2, K: 2 }],
  ])("%s", (_, c) => {
    check(c);
    check({ ...c, inputLayout: "nlc", filterLayout: "kio" });
  });

  test("random draws", () => {
    const draw = fc.record({
      N: fc.integer({ min: 1, max: 2 }),
      I: fc.integer({ min: 1, max: 5 }),
      O: fc.integer({ min: 1, max: 5 }),
      groups: fc.integer({ min: 1, max: 3 }),
      L: fc.integer({ min: 1, max: 15 }),
      K: fc.integer({ min: 1, max: 4 }),
      strides: fc.integer({ min: 1, max: 5 }),
      dilations: fc.integer({ min: 1, max: 3 }),
      padding: fc.tuple(fc.nat(5), fc.nat(5)),
      bias: fc.boolean(),
      residual: fc.boolean(),
      inputLayout: fc.constantFrom("ncl", "nlc"),
      filterLayout: fc.constantFrom("oik", "kio", "oki", "iko"),
    });
    fc.assert(
      fc.property(draw, ({ I, O, ...c }) => {
        const least = c.dilations * (c.K - 1) + 1 - c.padding[0] - c.padding[1];
        check({ ...(c as object), L: Math.max(c.L, least), IC: I * c.groups, OC: O * c.groups });
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  test("rules, one number for both ends, and padding modes", () => {
    const x = { shape: [1, 1, 4], data: Float32Array.of(1, 2, 3, 4) };
    const sums = { shape: [1, 1, 3], data: Float32Array.of(1, 1, 1) };
    const run = (options: Conv1dOptions) =>
      Array.from(compute(engine(), [x, sums], (s, f) => engine().conv1d(s, f, options)).data);
    expect(run({})).toEqual([6, 9]);
    expect(run({ padding: "valid" })).toEqual([6, 9]);
    expect(run({ padding: 1 })).toEqual([3, 6, 9, 7]);
    expect(run({ padding: "same" })).toEqual([3, 6, 9, 7]);
    expect(run({ padding: [2, 0] })).toEqual([1, 3, 6, 9]);
    expect(run({ padding: "same", strides: 2 })).toEqual([6, 7]);
    expect(run({ padding: "same-lower", strides: 2 })).toEqual([3, 9]);
    expect(run({ padding: 1, paddingMode: "reflect" })).toEqual([5, 6, 9, 10]);
    expect(run({ padding: 1, paddingMode: "circular" })).toEqual([7, 6, 9, 8]);
    expect(run({ padding: 1, activation: { type: "clamp", maxValue: 7 } })).toEqual([3, 6, 7, 7]);
  });
});

describeBuilds("pools of sequences", (engine) => {
  const x = new Random(9).tensor([2, 5, 11]);
  const image = { shape: [2, 5, 1, 11], data: x.data };
  const window = { window: [1, 3] as const, strides: [1, 2], dilations: [1, 2], padding: [0, 1, 0, 2] };
  const options = { windowDimensions: 3, strides: 2, dilations: 2, padding: [1, 2] } as const;

  test("are pools of images one row high", () => {
    for (const ceilMode of [false, true]) {
      const outputShapeRounding = ceilMode ? "ceil" : "floor";
      const max = maxPool2d(image, { ...window, ceilMode });
      const got = compute(engine(), [x], (s) => engine().maxPool1d(s, { ...options, outputShapeRounding }));
      expect(got.shape).toEqual([2, 5, max.shape[3]]);
      expectExact(got.data, max);
      for (const countIncludePad of [false, true]) {
        const mean = averagePool2d(image, { ...window, ceilMode, countIncludePad });
        const last = compute(engine(), [permuted(x, [0, 2, 1])], (s) =>
          engine().averagePool1d(s, { ...options, outputShapeRounding, countIncludePad, inputLayout: "nlc" }),
        );
        expect(last.shape).toEqual([2, mean.shape[3], 5]);
        expectClose(permuted(last, [0, 2, 1]).data, mean);
      }
    }
  });

  test("take the whole sequence without a window", () => {
    const whole = { window: [1, 11] as const };
    expectExact(compute(engine(), [x], (s) => engine().maxPool1d(s)).data, maxPool2d(image, whole));
    expectClose(compute(engine(), [x], (s) => engine().averagePool1d(s)).data, averagePool2d(image, whole));
  });
});

describe("sequences are refused", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 4, 6]));
  const filter = upload(engine, new Random(2).tensor([3, 4, 3]));
  const zeros = (...shape: number[]) => engine.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const window = "strides, padding, dilations, inputLayout, filterLayout";
  test.each<[string, string, unknown[]]>([
    ["ShapeError", "conv1d: x expected sequences of rank 3 (ncl), got [1, 4, 1, 6]", [zeros(1, 4, 1, 6), filter]],
    [
      "ShapeError",
      "conv1d: x expected sequences of at least one channel and one place, got [1, 4, 0]",
      [zeros(1, 4, 0), filter],
    ],
    ["ShapeError", "conv1d: filter expected shape [oc, 4, k], got [4, 3, 3]", [x, zeros(4, 3, 3)]],
    [
      "ShapeError",
      "conv1d: filter expected shape [k, 4, oc], got [4, 3, 3]",
      [x, zeros(4, 3, 3), { filterLayout: "kio" }],
    ],
    [
      "ShapeError",
      "conv1d: padded length expected at least 7 for the window, got 6 + 0 + 0",
      [x, filter, { dilations: 3 }],
    ],
    ["ShapeError", "conv1d: bias expected shape [3], got [4]", [x, filter, { bias: zeros(4) }]],
    [
      "ShapeError",
      "conv1d: residual expected shape [1, 3, 4], got [1, 3, 6]",
      [x, filter, { residual: zeros(1, 3, 6) }],
    ],
    [
      "ShapeError",
      "conv1d: padding expected at most 5 places for sequences of 6 in mode reflect, got [6, 0]",
      [x, filter, { padding: [6, 0], paddingMode: "reflect" }],
    ],
    ["ArgumentError", 'conv1d: inputLayout expected "ncl" or "nlc", got nchw', [x, filter, { inputLayout: "nchw" }]],
    [
      "ArgumentError",
      "conv1d: filterLayout expected oik, kio, oki, iko, got oihw",
      [x, filter, { filterLayout: "oihw" }],
    ],
    ["ArgumentError", "conv1d: strides expected an integer >= 1, got [2]", [x, filter, { strides: [2] }]],
    [
      "ArgumentError",
      `conv1d: option expected ${window}, bias, paddingMode, groups, numerics, activation, residual, got pad`,
      [x, filter, { pad: 1 }],
    ],
  ])("%s: %s", (name, message, operands) => {
    expect(errorOf(() => (engine.conv1d as (...all: unknown[]) => unknown)(...operands))).toMatchObject({
      name,
      message,
    });
  });

  test.each<[string, string, object]>([
    ["ArgumentError", "maxPool1d: windowDimensions expected an integer >= 1, got [3]", { windowDimensions: [3] }],
    [
      "ShapeError",
      "maxPool1d: padded length expected at least 9 for the window, got 6 + 1 + 1",
      { windowDimensions: 9, padding: 1 },
    ],
    [
      "ArgumentError",
      "maxPool1d: option expected windowDimensions, strides, padding, dilations, outputShapeRounding, inputLayout, got countIncludePad",
      { countIncludePad: true },
    ],
  ])("%s: %s", (name, message, options) => {
    expect(errorOf(() => engine.maxPool1d(x, options))).toMatchObject({ name, message });
  });
});
