import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine.ts";
import type { AveragePool2dOptions } from "../../src/ops/pool2d.ts";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  type Plain,
  type Reference,
} from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";
import { compute, describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17];

interface Case {
  N: number;
  C: number;
  H: number;
  W: number;
  window: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** [top, bottom, left, right] */
  padding: readonly [number, number, number, number];
  ceil: boolean;
  inputLayout: "nchw" | "nhwc";
}

const BASE: Case = {
  ...{ N: 1, C: 1, H: 1, W: 1, window: [1, 1], strides: [1, 1], dilations: [1, 1] },
  ...{ padding: [0, 0, 0, 0], ceil: false, inputLayout: "nchw" },
};

const TABLE: Record<string, Partial<Case>> = {
  "one pixel": { C: 3 },
  "a row": { C: 5, H: 1, W: 7, window: [1, 3], padding: [0, 0, 1, 1] },
  "2x2 by 2": { N: 2, C: 9, H: 13, W: 11, window: [2, 2], strides: [2, 2] },
  "2x2 by 2, rounded up": { N: 2, C: 9, H: 13, W: 11, window: [2, 2], strides: [2, 2], ceil: true },
  "3x3 by 2 with padding": { C: 17, H: 13, W: 11, window: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1] },
  "3x3 by 2, rounded up into the padding": {
    C: 4,
    H: 6,
    W: 8,
    window: [3, 3],
    strides: [2, 2],
    padding: [0, 1, 0, 1],
    ceil: true,
  },
  "2x3 by 1x3": { C: 5, H: 6, W: 8, window: [2, 3], strides: [1, 3], padding: [1, 0, 0, 2] },
  "5x5": { C: 13, H: 7, W: 6, window: [5, 5], padding: [2, 2, 2, 2] },
  "strides beyond the window": { C: 3, H: 13, W: 11, window: [2, 1], strides: [3, 4] },
  dilation: { C: 8, H: 13, W: 11, window: [3, 2], dilations: [2, 3], padding: [2, 2, 1, 1] },
  "dilation as high as the image": { C: 8, H: 3, W: 3, window: [3, 3], dilations: [2, 2], padding: [0, 2, 0, 2] },
  "the whole image": { C: 12, H: 13, W: 11, window: [13, 11] },
  "the whole image and its padding": { C: 2, H: 3, W: 3, window: [5, 5], padding: [1, 1, 1, 1] },
  "padding beyond the window": { C: 5, H: 3, W: 2, window: [2, 2], padding: [3, 4, 2, 5] },
  "no batch": { N: 0, C: 5, H: 3, W: 2, window: [2, 2] },
};

describeBuilds("pools", (engine) => {
  function check(change: Partial<Case>): void {
    const c = { ...BASE, ...change };
    try {
      checkAll(engine(), c, new Random(c.H + 10 * c.C).tensor([c.N, c.C, c.H, c.W]));
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }

  test.each(Object.entries(TABLE))("%s", (_, c) => {
    check(c);
    check({ ...c, inputLayout: "nhwc" });
  });

  test.each(CHANNELS)("%i channels under windows of every kind", (C) => {
    for (const window of [
      [1, 1],
      [2, 2],
      [3, 3],
      [5, 5],
      [2, 3],
    ] as const) {
      check({ C, H: 6, W: 7, window, strides: [2, 1], padding: [1, 0, 0, 1] });
    }
    check({ C, H: 9, W: 8, window: [9, 8] });
  });

  test("random draws", () => {
    const both = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
    const draw = fc.record({
      N: fc.integer({ min: 1, max: 2 }),
      C: fc.constantFrom(...CHANNELS),
      size: both(1, 9),
      window: both(1, 4),
      strides: both(1, 5),
      dilations: both(1, 3),
      padding: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
      ceil: fc.boolean(),
      inputLayout: fc.constantFrom("nchw", "nhwc"),
    });
    fc.assert(
      fc.property(draw, ({ size, ...c }) => {
        const reach = (axis: 0 | 1) => c.dilations[axis] * (c.window[axis] - 1) + 1;
        // Rounding up is defined for padding smaller than the window only.
        const after = (pad: number, axis: 0 | 1) => (c.ceil ? Math.min(pad, reach(axis) - 1) : pad);
        const [top, , left] = c.padding;
        const [bottom, right] = [after(c.padding[1], 0), after(c.padding[3], 1)];
        const H = Math.max(size[0], reach(0) - top - bottom);
        const W = Math.max(size[1], reach(1) - left - right);
        check({ ...(c as object), padding: [top, bottom, left, right], H, W });
      }),
      { numRuns: 250, seed: 6 },
    );
  });

  test("NaN and infinities as in PyTorch", () => {
    const x = new Random(31).tensor([1, 6, 6, 5]);
    x.data[7] = Number.NaN;
    x.data[30 + 14] = Number.POSITIVE_INFINITY;
    x.data[60 + 14] = Number.NEGATIVE_INFINITY;
    x.data.fill(Number.NEGATIVE_INFINITY, 90, 120);
    x.data[120] = Number.POSITIVE_INFINITY;
    x.data[121] = Number.NEGATIVE_INFINITY;
    const c: Case = { ...BASE, C: 6, H: 6, W: 5, window: [2, 2], strides: [2, 1], padding: [1, 1, 1, 1] };
    expect(maxPool2d(x, optionsOf(c).reference).data.some(Number.isNaN)).toBe(true);
    checkAll(engine(), c, x);
    checkAll(engine(), { ...c, window: [6, 5], strides: [1, 1], padding: [0, 0, 0, 0] }, x);
  });

  test("of equal maxima the first has the index, of NaNs the last", () => {
    const x = { shape: [1, 1, 2, 4], data: Float32Array.of(3, 1, Number.NaN, 0, 3, 3, 5, Number.NaN) };
    engine().scope(() => {
      const options = { windowDimensions: 2, strides: 2, padding: [0, 0, 0, 2] } as const;
      const { values, indices } = engine().maxPool2dWithIndices(upload(engine(), x), options);
      expect(Array.from(values.data as Float32Array)).toEqual([3, Number.NaN, Number.NEGATIVE_INFINITY]);
      expect(indices.type).toBe("int32");
      expect(Array.from(indices.data as Int32Array)).toEqual([0, 7, -1]);
    });
  });

  test("without a window the whole image is one", () => {
    const x = new Random(32).tensor([2, 5, 6, 7]);
    const whole = { window: [6, 7] as const };
    const run = (body: (x: ReturnType<Engine["tensor"]>) => ReturnType<Engine["tensor"]>) =>
      compute(engine(), [x], body);
    expect(run((t) => engine().averagePool2d(t)).shape).toEqual([2, 5, 1, 1]);
    expectClose(run((t) => engine().averagePool2d(t)).data, averagePool2d(x, whole));
    expectExact(run((t) => engine().maxPool2d(t)).data, maxPool2d(x, whole));
    expectClose(run((t) => engine().l2Pool2d(t)).data, l2Pool2d(x, whole), 44);
  });

  test("a mean over many places keeps its precision", () => {
    const x = new Random(33).tensor([1, 3, 128, 128]);
    x.data.forEach((v, i, data) => {
      data[i] = 1 + v / 100;
    });
    const want = averagePool2d(x, { window: [128, 128] });
    // Blocks of 64: about sqrt(16384) terms rather than 16384 meet in a chain of additions.
    expectClose(compute(engine(), [x], (t) => engine().averagePool2d(t)).data, want, 320);
  });

  test("adaptive pools divide images evenly, whatever the sizes", () => {
    for (const [C, H, W, OH, OW] of [
      [1, 1, 1, 1, 1],
      [3, 7, 5, 3, 2],
      [5, 6, 6, 2, 3],
      [9, 4, 3, 6, 7],
      [16, 13, 11, 1, 1],
      [4, 10, 9, 7, 9],
    ]) {
      const x = new Random(C).tensor([2, C, H, W]);
      for (const [inputLayout, there, back] of [
        ["nchw", [0, 1, 2, 3], [0, 1, 2, 3]],
        ["nhwc", [0, 2, 3, 1], [0, 3, 1, 2]],
      ] as const) {
        const given = permuted(x, there);
        const average = compute(engine(), [given], (t) => engine().adaptiveAveragePool2d(t, [OH, OW], { inputLayout }));
        const max = compute(engine(), [given], (t) => engine().adaptiveMaxPool2d(t, [OH, OW], { inputLayout }));
        expect(average.shape).toEqual(
          permuted({ shape: [2, C, OH, OW], data: new Float32Array(2 * C * OH * OW) }, there).shape,
        );
        expectClose(permuted(average, back).data, adaptiveAveragePool2d(x, [OH, OW]));
        expectExact(permuted(max, back).data, adaptiveMaxPool2d(x, [OH, OW]));
      }
      const one = compute(engine(), [x], (t) => engine().adaptiveAveragePool2d(t, 1));
      expectClose(one.data, adaptiveAveragePool2d(x, 1));
    }
  });

  test("the first 7 channels of 8 have the bits of 7 alone", () => {
    const x = new Random(34).tensor([1, 8, 6, 5]);
    const run = (C: number) => {
      const part = { shape: [1, C, 6, 5], data: x.data.subarray(0, C * 30) };
      return compute(engine(), [part], (t) => engine().averagePool2d(t, { windowDimensions: 3 })).data as Float32Array;
    };
    expectSameBits(run(7), run(8).subarray(0, 7 * 12));
  });
});

function optionsOf({ window, strides, dilations, padding, ceil, inputLayout }: Case) {
  const [top, bottom, left, right] = padding;
  const rounding: "ceil" | "floor" = ceil ? "ceil" : "floor";
  return {
    reference: { window, strides, dilations, padding: [top, left, bottom, right], ceilMode: ceil },
    engine: { windowDimensions: window, strides, dilations, padding, outputShapeRounding: rounding, inputLayout },
  };
}

/** Every kind of pool of one case against the oracle. */
function checkAll(engine: Engine, c: Case, x: Plain): void {
  const options = optionsOf(c);
  const nhwc = c.inputLayout === "nhwc";
  const given = nhwc ? permuted(x, [0, 2, 3, 1]) : x;
  const run = (
    want: Reference,
    name: "maxPool2d" | "averagePool2d" | "l2Pool2d",
    more: AveragePool2dOptions = {},
  ): ArrayLike<number> => {
    const got = compute(engine, [given], (t) => engine[name](t, { ...options.engine, ...more }));
    const [N, C, OH, OW] = want.shape;
    expect(got.shape).toEqual(nhwc ? [N, OH, OW, C] : [N, C, OH, OW]);
    return nhwc ? permuted(got, [0, 3, 1, 2]).data : got.data;
  };
  const max = maxPool2d(x, options.reference);
  expectExact(run(max, "maxPool2d"), max);
  for (const countIncludePad of [false, true]) {
    const average = averagePool2d(x, { ...options.reference, countIncludePad });
    // One rounding more: the division.
    expectClose(run(average, "averagePool2d", { countIncludePad }), average, average.terms + 1);
  }
  const l2 = l2Pool2d(x, options.reference);
  expectClose(run(l2, "l2Pool2d"), l2, l2.terms + 1);
  engine.scope(() => {
    const { values, indices } = engine.maxPool2dWithIndices(upload(engine, given), options.engine);
    const plain = (t: typeof values) => {
      const found = { shape: t.shape, data: Float32Array.from(t.data as Float32Array) };
      return nhwc ? permuted(found, [0, 3, 1, 2]).data : found.data;
    };
    expectExact(plain(values), max);
    expectExact(plain(indices), { data: max.planeIndices });
  });
}

describe("pools refuse", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 8, 5, 4]));
  const zeros = (...shape: number[]) => engine.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const names = "windowDimensions, strides, padding, dilations, outputShapeRounding, inputLayout";
  const integers = "expected an integer >= 1 or a pair [height, width] of such, got";
  test.each<[string, string, unknown[]]>([
    ["ShapeError", "maxPool2d: x expected images of rank 4 (nhwc), got [8, 5]", [zeros(8, 5), { inputLayout: "nhwc" }]],
    [
      "ShapeError",
      "maxPool2d: x expected images of at least one channel and one place, got [1, 8, 5, 0]",
      [zeros(1, 8, 5, 0)],
    ],
    [
      "ShapeError",
      "maxPool2d: padded height expected at least 6 for the window, got 5 + 0 + 0",
      [x, { windowDimensions: [6, 1] }],
    ],
    ["ArgumentError", `maxPool2d: windowDimensions ${integers} 0`, [x, { windowDimensions: 0 }]],
    ["ArgumentError", `maxPool2d: strides ${integers} [1, -1]`, [x, { strides: [1, -1] }]],
    [
      "ArgumentError",
      'maxPool2d: outputShapeRounding expected "floor" or "ceil", got round',
      [x, { outputShapeRounding: "round" }],
    ],
    ["ArgumentError", `maxPool2d: option expected ${names}, got kernelSize`, [x, { kernelSize: 2 }]],
    ["ArgumentError", `maxPool2d: options expected an object with ${names}, got 2`, [x, 2]],
    ["ArgumentError", `maxPool2d: option expected ${names}, got countIncludePad`, [x, { countIncludePad: true }]],
  ])("%s: %s", (name, message, operands) => {
    const call = engine.maxPool2d as (...all: unknown[]) => unknown;
    expect(errorOf(() => call(...operands))).toMatchObject({ name, message });
  });

  test("what the others are given, in their own name", () => {
    const wrong = { windowDimensions: [9, 9] } as const;
    const text = (where: string) => `${where}: padded height expected at least 9 for the window, got 5 + 0 + 0`;
    expect(errorOf(() => engine.averagePool2d(x, wrong)).message).toBe(text("averagePool2d"));
    expect(errorOf(() => engine.l2Pool2d(x, wrong)).message).toBe(text("l2Pool2d"));
    expect(errorOf(() => engine.maxPool2dWithIndices(x, wrong)).message).toBe(text("maxPool2dWithIndices"));
    const sizes = (where: string) => `${where}: outputSizes ${integers} 0`;
    expect(errorOf(() => engine.adaptiveAveragePool2d(x, 0)).message).toBe(sizes("adaptiveAveragePool2d"));
    expect(errorOf(() => engine.adaptiveMaxPool2d(x, 0)).message).toBe(sizes("adaptiveMaxPool2d"));
    const option = "adaptiveMaxPool2d: option expected inputLayout, got strides";
    expect(errorOf(() => engine.adaptiveMaxPool2d(x, 1, { strides: 1 } as object)).message).toBe(option);
  });
});
