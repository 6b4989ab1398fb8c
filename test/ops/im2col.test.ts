import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { col2im, conv2d, im2col } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";
import { compute, describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

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
}

const BASE: Case = {
  ...{ N: 1, C: 1, H: 1, W: 1, window: [1, 1], strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0] },
};

describeBuilds("im2col and col2im", (engine) => {
  function check(change: Partial<Case>): void {
    const c = { ...BASE, ...change };
    const [top, bottom, left, right] = c.padding;
    const { strides, dilations, window } = c;
    const reference = { strides, dilations, padding: [top, left, bottom, right] };
    const options = { strides, dilations, padding: c.padding, windowDimensions: window };
    const x = new Random(c.H + 10 * c.C).tensor([c.N, c.C, c.H, c.W]);
    const last = permuted(x, [0, 2, 3, 1]);
    const columns = im2col(x, window, reference);
    const got = compute(engine(), [x], (t) => engine().im2col(t, options));
    expect(got.shape).toEqual(columns.shape);
    expectExact(got.data, columns);
    expectExact(
      compute(engine(), [last], (t) => engine().im2col(t, { ...options, inputLayout: "nhwc" })).data,
      columns,
    );
    // Images that an operator left channels last.
    const kept = compute(engine(), [x], (t) =>
      engine().im2col(engine().maxPool2d(t, { windowDimensions: 1 }), options),
    );
    expectExact(kept.data, columns);

    const y = new Random(c.W).tensor(columns.shape);
    const sum = col2im(y, [c.H, c.W], window, reference);
    const back = compute(engine(), [y], (t) => engine().col2im(t, { ...options, outputSizes: [c.H, c.W] }));
    expect(back.shape).toEqual([c.N, c.C, c.H, c.W]);
    expectClose(back.data, sum);
    const backLast = compute(engine(), [y], (t) =>
      engine().col2im(t, { ...options, outputSizes: [c.H, c.W], inputLayout: "nhwc" }),
    );
    expect(backLast.shape).toEqual([c.N, c.H, c.W, c.C]);
    expectSameBits(permuted(backLast, [0, 3, 1, 2]).data, back.data as Float32Array);
  }

  test.each<[string, Partial<Case>]>([
    ["one pixel", { C: 3 }],
    ["one pixel, all padding", { C: 2, window: [3, 3], padding: [1, 1, 1, 1] }],
    ["3x3", { N: 2, C: 5, H: 13, W: 11, window: [3, 3] }],
    ["3x3 with padding", { N: 2, C: 3, H: 7, W: 9, window: [3, 3], padding: [1, 1, 1, 1] }],
    [
      "2x3 with four paddings and strides",
      { C: 4, H: 7, W: 9, window: [2, 3], padding: [0, 1, 2, 3], strides: [2, 3] },
    ],
    ["windows that do not meet", { C: 4, H: 6, W: 9, window: [2, 3], strides: [2, 3] }],
    ["strides beyond the window", { C: 2, H: 13, W: 11, window: [2, 1], strides: [3, 4] }],
    ["dilation", { C: 3, H: 13, W: 11, window: [3, 2], dilations: [2, 3], padding: [2, 2, 3, 3], strides: [1, 2] }],
    ["padding beyond the window", { C: 2, H: 2, W: 3, window: [2, 2], padding: [3, 4, 5, 2], strides: [2, 1] }],
    ["no batch", { N: 0, C: 2, H: 2, W: 3, window: [2, 2] }],
  ])("%s", (_, c) => check(c));

  test("random draws", () => {
    const both = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
    const draw = fc.record({
      N: fc.integer({ min: 1, max: 2 }),
      C: fc.integer({ min: 1, max: 6 }),
      size: both(1, 9),
      window: both(1, 4),
      strides: both(1, 5),
      dilations: both(1, 3),
      padding: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)),
    });
    fc.assert(
      fc.property(draw, ({ size, ...c }) => {
        const reach = (axis: 0 | 1) => c.dilations[axis] * (c.window[axis] - 1) + 1;
        const [top, bottom, left, right] = c.padding;
        check({ ...c, H: Math.max(size[0], reach(0) - top - bottom), W: Math.max(size[1], reach(1) - left - right) });
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test("a filter times the columns is a convolution", () => {
    const random = new Random(41);
    const x = random.tensor([1, 3, 6, 5]);
    const filter = random.tensor([4, 3, 3, 2]);
    const options = { windowDimensions: [3, 2], padding: 1 } as const;
    const { shape, data } = compute(engine(), [x], (t) => engine().im2col(t, options));
    const [, rows, L] = shape;
    const product = Float64Array.from({ length: 4 * L }, (_, i) => {
      const [oc, l] = [Math.floor(i / L), i % L];
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += filter.data[oc * rows + r] * data[r * L + l];
      return sum;
    });
    expectClose(product, conv2d(x, filter, { padding: 1 }));
  });

  test("values that meet are added in the order of their window places", () => {
    // Of 2^24, 1 and 1 the order decides: (2^24 + 1) + 1 = 2^24, but 2^24 + (1 + 1) = 2^24 + 2.
    const big = 2 ** 24;
    const add = (...values: number[]) => {
      const x = { shape: [1, 3, 3], data: new Float32Array(9) };
      // The middle of 3 places is seen as window place 0 by the third window, 1 by the second, 2 by the first.
      values.forEach((value, k) => {
        x.data[k * 3 + (2 - k)] = value;
      });
      const options = { outputSizes: [1, 3], windowDimensions: [1, 3], padding: [0, 1] } as const;
      return (compute(engine(), [x], (t) => engine().col2im(t, options)).data as Float32Array)[1];
    };
    expect(add(big, 1, 1)).toBe(big);
    expect(add(1, 1, big)).toBe(big + 2);
  });

  test("NaN goes where it belongs", () => {
    const x = new Random(42).tensor([1, 2, 4, 5]);
    x.data[7] = Number.NaN;
    const window = { windowDimensions: 2, padding: 1 };
    const columns = im2col(x, 2, { padding: 1 });
    expectExact(compute(engine(), [x], (t) => engine().im2col(t, window)).data, columns);
    const sum = col2im(columns, [4, 5], 2, { padding: 1 });
    expect(sum.data.filter(Number.isNaN)).toHaveLength(1);
    const back = compute(engine(), [columns], (t) => engine().col2im(t, { ...window, outputSizes: [4, 5] }));
    expectClose(back.data, sum);
  });
});

describe("im2col and col2im refuse", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 2, 4, 5]));
  const columns = upload(engine, new Random(2).tensor([1, 8, 12]));
  const names = "windowDimensions, strides, padding, dilations, inputLayout";
  const integers = "expected an integer >= 1 or a pair [height, width] of such, got";
  test.each<[string, string, () => unknown]>([
    ["ArgumentError", `im2col: windowDimensions ${integers} undefined`, () => engine.im2col(x, {} as never)],
    [
      "ArgumentError",
      `im2col: options expected an object with ${names}, got undefined`,
      () => engine.im2col(x, undefined as never),
    ],
    [
      "ArgumentError",
      `im2col: option expected ${names}, got outputSizes`,
      () => engine.im2col(x, { windowDimensions: 1, outputSizes: 1 } as never),
    ],
    [
      "ShapeError",
      "im2col: x expected images of rank 4 (nchw), got [1, 8, 12]",
      () => engine.im2col(columns, { windowDimensions: 2 }),
    ],
    [
      "ShapeError",
      "im2col: padded width expected at least 6 for the window, got 5 + 0 + 0",
      () => engine.im2col(x, { windowDimensions: [1, 6] }),
    ],
    [
      "ArgumentError",
      `col2im: outputSizes ${integers} undefined`,
      () => engine.col2im(columns, { windowDimensions: 2 } as never),
    ],
    [
      "ShapeError",
      "col2im: x expected shape [n, a multiple of 4, 9] for 3x3 windows of 2x2, got [1, 8, 12]",
      () => engine.col2im(columns, { windowDimensions: 2, outputSizes: 4 }),
    ],
    [
      "ShapeError",
      "col2im: x expected shape [n, a multiple of 6, 12] for 3x4 windows of 2x3, got [1, 8, 12]",
      () => engine.col2im(columns, { windowDimensions: [2, 3], outputSizes: [4, 6] }),
    ],
    [
      "ShapeError",
      "col2im: x expected shape [n, a multiple of 4, 12] for 3x4 windows of 2x2, got [1, 2, 4, 5]",
      () => engine.col2im(x, { windowDimensions: 2, outputSizes: [4, 5] }),
    ],
    [
      "ShapeError",
      "col2im: padded height expected at least 2 for the window, got 1 + 0 + 0",
      () => engine.col2im(columns, { windowDimensions: 2, outputSizes: [1, 5] }),
    ],
    [
      "ArgumentError",
      'col2im: inputLayout expected "nchw" or "nhwc", got hwc',
      () => engine.col2im(columns, { windowDimensions: 2, outputSizes: [4, 5], inputLayout: "hwc" as never }),
    ],
  ])("%s: %s", (name, message, body) => {
    expect(errorOf(body)).toMatchObject({ name, message });
  });
});
