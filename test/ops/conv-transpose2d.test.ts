import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConvTranspose2dOptions, TransposedFilterLayout } from "../../src/ops/conv-transpose2d.ts";
import { conv2d, convTranspose2d, through } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";
import { compute, describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

interface Case {
  N: number;
  IC: number;
  H: number;
  W: number;
  OC: number;
  K: readonly [number, number];
  groups: number;
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** [top, bottom, left, right] */
  padding: readonly [number, number, number, number];
  outputPadding: readonly [number, number];
  bias: boolean;
  relu: boolean;
  inputLayout: "nchw" | "nhwc";
  filterLayout: TransposedFilterLayout;
}

const BASE: Case = {
  ...{ N: 1, IC: 1, H: 1, W: 1, OC: 1, K: [1, 1], groups: 1, strides: [1, 1], dilations: [1, 1] },
  ...{ padding: [0, 0, 0, 0], outputPadding: [0, 0], bias: false, relu: false },
  ...{ inputLayout: "nchw", filterLayout: "iohw" },
};

/** From [IC, OC / groups, KH, KW]. */
const FILTER_AXES: Record<TransposedFilterLayout, number[]> = {
  iohw: [0, 1, 2, 3],
  hwoi: [2, 3, 1, 0],
  ohwi: [1, 2, 3, 0],
  oihw: [1, 0, 2, 3],
};

describeBuilds("convTranspose2d", (engine) => {
  function check(change: Partial<Case>): void {
    const c = { ...BASE, ...change };
    const random = new Random(c.H + 10 * c.IC);
    const x = random.tensor([c.N, c.IC, c.H, c.W]);
    const filter = random.tensor([c.IC, c.OC / c.groups, ...c.K]);
    const bias = c.bias ? random.tensor([c.OC]) : undefined;
    const { groups, strides, dilations, padding, outputPadding, inputLayout, filterLayout } = c;
    const [top, bottom, left, right] = padding;
    const sum = convTranspose2d(x, filter, {
      ...{ groups, strides, dilations, outputPadding, bias },
      padding: [top, left, bottom, right],
    });
    const want = c.relu ? through(sum, (v) => Math.max(v, 0)) : sum;
    const nhwc = inputLayout === "nhwc";
    const operands = [nhwc ? permuted(x, [0, 2, 3, 1]) : x, permuted(filter, FILTER_AXES[filterLayout])];
    if (bias) operands.push(bias);
    const options: ConvTranspose2dOptions = {
      groups,
      strides,
      dilations,
      padding,
      outputPadding,
      inputLayout,
      filterLayout,
    };
    const got = compute(engine(), operands, (image, weights, b) =>
      engine().convTranspose2d(image, weights, { ...options, bias: b, activation: c.relu ? "relu" : undefined }),
    );
    const [N, OC, OH, OW] = want.shape;
    expect(got.shape).toEqual(nhwc ? [N, OH, OW, OC] : [N, OC, OH, OW]);
    try {
      expectClose(nhwc ? permuted(got, [0, 3, 1, 2]).data : got.data, want);
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }

  test.each<[string, Partial<Case>]>([
    ["one pixel", { IC: 3, OC: 5 }],
    ["one pixel spread", { IC: 3, OC: 5, K: [3, 2], bias: true }],
    ["stride 1", { IC: 5, H: 5, W: 4, OC: 7, K: [3, 3], padding: [1, 1, 1, 1] }],
    ["doubling by 2x2", { N: 2, IC: 8, H: 5, W: 6, OC: 9, K: [2, 2], strides: [2, 2], bias: true }],
    ["doubling by 4x4", { IC: 4, H: 5, W: 6, OC: 3, K: [4, 4], strides: [2, 2], padding: [1, 1, 1, 1], relu: true }],
    [
      "doubling by 3x3",
      { IC: 4, H: 5, W: 6, OC: 3, K: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1], outputPadding: [1, 1] },
    ],
    [
      "strides beyond the window",
      { IC: 3, H: 4, W: 3, OC: 2, K: [2, 1], strides: [3, 4], outputPadding: [2, 3], bias: true },
    ],
    ["dilation", { IC: 3, H: 4, W: 5, OC: 2, K: [3, 3], dilations: [2, 3], padding: [1, 0, 2, 1] }],
    [
      "dilation and strides with a common factor",
      { IC: 3, H: 4, W: 5, OC: 2, K: [3, 3], dilations: [2, 4], strides: [4, 6] },
    ],
    [
      "dilation and strides without",
      { IC: 3, H: 4, W: 5, OC: 2, K: [3, 2], dilations: [3, 2], strides: [2, 3], padding: [1, 2, 0, 1] },
    ],
    [
      "padding that takes all but the middle",
      { IC: 3, H: 4, W: 4, OC: 2, K: [2, 2], strides: [2, 2], padding: [3, 3, 2, 4] },
    ],
    [
      "output padding beyond the stride, within the dilation",
      { IC: 2, H: 3, W: 3, OC: 2, K: [2, 2], dilations: [3, 3], outputPadding: [2, 1] },
    ],
    ["groups", { N: 2, IC: 6, H: 4, W: 3, OC: 9, K: [3, 2], groups: 3, strides: [2, 1], bias: true }],
    ["depthwise", { IC: 7, H: 4, W: 3, OC: 7, K: [4, 4], groups: 7, strides: [2, 2], padding: [1, 1, 1, 1] }],
    ["no batch", { N: 0, IC: 3, H: 4, W: 3, OC: 2, K: [2, 2], strides: [2, 2] }],
  ])("%s", (_, c) => {
    check(c);
    check({ ...c, inputLayout: "nhwc", filterLayout: "hwoi" });
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17])("%i output channels for every count of input channels", (OC) => {
    for (const IC of [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17]) {
      check({ IC, OC, H: 3, W: 4, K: [3, 3], strides: [2, 2], padding: [1, 0, 1, 0], bias: OC % 2 === 0 });
    }
  });

  test.each(["iohw", "hwoi", "ohwi", "oihw"] as const)("filter layout %s in both input layouts", (filterLayout) => {
    for (const inputLayout of ["nchw", "nhwc"] as const) {
      check({ filterLayout, inputLayout, N: 2, IC: 4, H: 3, W: 5, OC: 6, groups: 2, K: [2, 3], strides: [1, 2] });
    }
  });

  test("random draws", () => {
    const both = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
    const draw = fc.record({
      N: fc.integer({ min: 1, max: 2 }),
      I: fc.integer({ min: 1, max: 5 }),
      O: fc.integer({ min: 1, max: 6 }),
      groups: fc.integer({ min: 1, max: 3 }),
      size: both(1, 6),
      K: both(1, 4),
      strides: both(1, 5),
      dilations: both(1, 3),
      outputPadding: both(0, 4),
      padding: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)),
      bias: fc.boolean(),
      relu: fc.boolean(),
      inputLayout: fc.constantFrom("nchw", "nhwc"),
      filterLayout: fc.constantFrom("iohw", "hwoi", "ohwi", "oihw"),
    });
    let counted = 0;
    fc.assert(
      fc.property(draw, ({ I, O, size, ...c }) => {
        const extra = (axis: 0 | 1) =>
          Math.min(c.outputPadding[axis], Math.max(c.strides[axis], c.dilations[axis]) - 1);
        const outputPadding: [number, number] = [extra(0), extra(1)];
        const output = (axis: 0 | 1) =>
          (size[axis] - 1) * c.strides[axis] + c.dilations[axis] * (c.K[axis] - 1) + 1 + outputPadding[axis];
        const [top, bottom, left, right] = c.padding;
        fc.pre(output(0) > top + bottom && output(1) > left + right);
        counted++;
        check({ ...(c as object), outputPadding, H: size[0], W: size[1], IC: I * c.groups, OC: O * c.groups });
      }),
      { numRuns: 300, seed: 5 },
    );
    expect(counted).toBeGreaterThan(200);
  });

  test("is the transpose of conv2d: <conv(x), y> = <x, transposed(y)>", () => {
    const random = new Random(21);
    const x = random.tensor([1, 3, 7, 8]);
    const filter = random.tensor([4, 3, 3, 2]);
    const options = { strides: [2, 3], padding: [1, 0, 2, 1], dilations: [1, 2] } as const;
    const forward = compute(engine(), [x, filter], (image, f) => engine().conv2d(image, f, options));
    const y = random.tensor(forward.shape);
    const back = compute(engine(), [y, filter], (image, f) =>
      engine().convTranspose2d(image, f, { ...options, outputSizes: [7, 8] }),
    );
    expect(back.shape).toEqual(x.shape);
    const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
    expect(inner(forward.data, y.data)).toBeCloseTo(inner(x.data, back.data), 4);
  });

  test("padding rules: the size of the image that a convolution with that rule would have made x of", () => {
    const random = new Random(22);
    const filter = random.tensor([2, 3, 3, 2]);
    for (const strides of [1, 2, 4]) {
      for (const padding of ["same", "same-lower"] as const) {
        const image = [4 * strides, 3 * strides];
        const plain = conv2d(random.tensor([1, 3, ...image]), filter, { strides, padding: 3 });
        expect(plain.shape[1]).toBe(2);
        const y = random.tensor([1, 2, 4, 3]);
        const got = compute(engine(), [y, filter], (x, f) => engine().convTranspose2d(x, f, { strides, padding }));
        expect(got.shape).toEqual([1, 3, ...image]);
        // The padding by hand: the window reaches over by (K - S), one more behind for "same".
        const total = [Math.max(3 - strides, 0), Math.max(2 - strides, 0)];
        const before = total.map((t) => (padding === "same" ? Math.floor(t / 2) : Math.ceil(t / 2)));
        const sides = [before[0], before[1], total[0] - before[0], total[1] - before[1]];
        const missing = [Math.max(strides - 3, 0), Math.max(strides - 2, 0)];
        expectClose(got.data, convTranspose2d(y, filter, { strides, padding: sides, outputPadding: missing }));
      }
    }
    const y = random.tensor([1, 2, 4, 3]);
    const valid = compute(engine(), [y, filter], (x, f) =>
      engine().convTranspose2d(x, f, { padding: "valid", strides: 2 }),
    );
    expect(valid.shape).toEqual([1, 3, 9, 6]);
  });

  test("output sizes stand for output padding", () => {
    const random = new Random(23);
    const [x, filter] = [random.tensor([1, 2, 4, 3]), random.tensor([2, 3, 3, 3])];
    const run = (options: ConvTranspose2dOptions) =>
      compute(engine(), [x, filter], (image, f) =>
        engine().convTranspose2d(image, f, { strides: 2, padding: 1, ...options }),
      );
    expect(run({}).shape).toEqual([1, 3, 7, 5]);
    expect(run({ outputSizes: [8, 5] }).shape).toEqual([1, 3, 8, 5]);
    expectSameBits(
      run({ outputSizes: [8, 5] }).data as Float32Array,
      run({ outputPadding: [1, 0] }).data as Float32Array,
    );
  });

  test("NaN and infinities reach the outputs that they spread to, and no others", () => {
    const random = new Random(24);
    const x = random.tensor([1, 5, 4, 4]);
    x.data[5] = Number.NaN;
    x.data[16 + 10] = Number.POSITIVE_INFINITY;
    const filter = random.tensor([5, 6, 3, 3]);
    const options = { strides: [2, 2], bias: undefined };
    const want = convTranspose2d(x, filter, options);
    expect(want.data.some(Number.isNaN)).toBe(true);
    expect(want.data.some((v) => Math.abs(v) === Number.POSITIVE_INFINITY)).toBe(true);
    expectClose(compute(engine(), [x, filter], (i, f) => engine().convTranspose2d(i, f, { strides: 2 })).data, want);
  });

  test("the first 7 channels of 8 have the bits of 7 alone", () => {
    const random = new Random(25);
    const x = random.tensor([1, 5, 4, 4]);
    const filter = random.tensor([5, 8, 3, 3]);
    const run = (OC: number) => {
      const parts = Array.from({ length: 5 }, (_, ic) => Array.from(filter.data.subarray(ic * 72, ic * 72 + OC * 9)));
      const part = { shape: [5, OC, 3, 3], data: Float32Array.from(parts.flat()) };
      return compute(engine(), [x, part], (i, f) => engine().convTranspose2d(i, f, { strides: 2 }))
        .data as Float32Array;
    };
    expectSameBits(run(7), run(8).subarray(0, 7 * 81));
  });

  test("one tensor may stand for both operands", () => {
    const square = new Random(26).tensor([3, 3, 2, 2]);
    const two = compute(engine(), [square, square], (x, f) => engine().convTranspose2d(x, f));
    const one = compute(engine(), [square], (x) => engine().convTranspose2d(x, x));
    expectSameBits(one.data as Float32Array, two.data as Float32Array);
  });
});

describe("convTranspose2d refuses", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 8, 5, 5]));
  const filter = upload(engine, new Random(2).tensor([8, 4, 3, 3]));
  const zeros = (...shape: number[]) => engine.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const names =
    "strides, padding, dilations, outputPadding, outputSizes, groups, inputLayout, filterLayout, bias, activation";
  test.each<[string, string, unknown[]]>([
    ["ShapeError", "convTranspose2d: x expected images of rank 4 (nchw), got [8, 5, 5]", [zeros(8, 5, 5), filter]],
    ["ShapeError", "convTranspose2d: filter expected shape [8, oc, kh, kw], got [4, 8, 3, 3]", [x, zeros(4, 8, 3, 3)]],
    [
      "ShapeError",
      "convTranspose2d: filter expected shape [kh, kw, oc, 8], got [8, 4, 3, 3]",
      [x, filter, { filterLayout: "hwoi" }],
    ],
    ["ShapeError", "convTranspose2d: filter expected extents of at least 1, got [8, 4, 3, 0]", [x, zeros(8, 4, 3, 0)]],
    ["ShapeError", "convTranspose2d: bias expected shape [8], got [4]", [x, filter, { groups: 2, bias: zeros(4) }]],
    ["ShapeError", "convTranspose2d: output expected at least 1x1, got -1x1", [x, filter, { padding: [4, 4, 3, 3] }]],
    [
      "ArgumentError",
      "convTranspose2d: groups expected a divisor of the 8 input channels, got 5",
      [x, filter, { groups: 5 }],
    ],
    [
      "ArgumentError",
      "convTranspose2d: filterLayout expected iohw, hwoi, ohwi, oihw, got hwio",
      [x, filter, { filterLayout: "hwio" }],
    ],
    [
      "ArgumentError",
      "convTranspose2d: outputPadding expected at most [1, 1], got [2, 0]",
      [x, filter, { strides: 2, outputPadding: [2, 0] }],
    ],
    [
      "ArgumentError",
      "convTranspose2d: outputSizes expected [11, 11] to [12, 12], got [11, 13]",
      [x, filter, { strides: 2, outputSizes: [11, 13] }],
    ],
    [
      "ArgumentError",
      "convTranspose2d: outputSizes expected [11, 11] to [12, 12], got [10, 11]",
      [x, filter, { strides: 2, outputSizes: [10, 11] }],
    ],
    [
      "ArgumentError",
      `convTranspose2d: option expected ${names}, got output_padding`,
      [x, filter, { output_padding: 1 }],
    ],
  ])("%s: %s", (name, message, operands) => {
    const call = engine.convTranspose2d as (...all: unknown[]) => unknown;
    expect(errorOf(() => call(...operands))).toMatchObject({ name, message });
  });
});
