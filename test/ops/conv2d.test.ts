import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conv2d as oracle, through } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits, worstError } from "../support/tolerance.ts";
import { type ConvolutionCase, checkConvolution, convolve } from "./convolutions.ts";
import { compute, describeBuilds, engineOf, errorOf, upload } from "./engines.ts";

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17];
const WINDOWS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 2],
  [3, 3],
  [5, 5],
  [2, 3],
];

const TABLE: Record<string, ConvolutionCase> = {
  "one pixel": { IC: 3, OC: 5 },
  "one pixel, all padding": { IC: 3, OC: 5, K: 3, padding: 1 },
  "one row": { IC: 4, H: 1, W: 7, OC: 6, K: [1, 3], padding: [0, 0, 1, 1] },
  "one column": { IC: 4, H: 7, W: 1, OC: 6, K: [3, 1], padding: [1, 1, 0, 0] },
  batch: { N: 3, IC: 5, H: 7, W: 6, OC: 9, K: 3, padding: 1, bias: true },
  "no batch": { N: 0, IC: 5, H: 7, W: 6, OC: 9, K: 3, padding: 1, bias: true },
  "strides beyond the window": { IC: 5, H: 13, W: 11, OC: 6, K: 2, strides: [3, 4] },
  "unequal strides": { IC: 3, H: 13, W: 11, OC: 6, K: 3, strides: [1, 2], padding: 1 },
  "padding beyond the window": { IC: 5, H: 4, W: 3, OC: 6, K: 2, padding: [3, 4, 5, 2] },
  "padding beyond the window, few channels": { IC: 2, H: 4, W: 3, OC: 6, K: 2, padding: [3, 4, 5, 2] },
  "four different paddings": { IC: 5, H: 13, W: 11, OC: 6, K: 3, padding: [0, 1, 2, 3] },
  dilation: { IC: 5, H: 13, W: 11, OC: 6, K: 3, dilations: 2, padding: 2 },
  "unequal dilations": { IC: 2, H: 13, W: 11, OC: 6, K: [2, 3], dilations: [3, 2], padding: 1, strides: 2 },
  "rows dilated, few channels": { IC: 2, H: 13, W: 11, OC: 6, K: 3, dilations: [2, 1] },
  "window as large as the image": { IC: 3, H: 13, W: 11, OC: 4, K: [13, 11], bias: true },
  same: { IC: 3, H: 13, W: 11, OC: 6, K: 3, padding: "same", strides: 2 },
  "same, even window": { IC: 3, H: 8, W: 7, OC: 6, K: [2, 4], padding: "same" },
  "same, window within the stride": { IC: 9, H: 8, W: 7, OC: 6, K: 1, strides: 3, padding: "same" },
  "same-lower": { IC: 3, H: 8, W: 7, OC: 6, K: [2, 4], padding: "same-lower", strides: 2 },
  valid: { IC: 3, H: 8, W: 7, OC: 6, K: [2, 4], padding: "valid" },
  residual: { IC: 9, H: 5, W: 4, OC: 13, K: 3, padding: 1, residual: true, bias: true },
  "residual and activation": { N: 2, IC: 2, H: 5, W: 4, OC: 3, K: 3, padding: 1, residual: true, relu: true },
  "two groups": { IC: 8, H: 5, W: 6, OC: 6, K: 3, groups: 2, bias: true, padding: 1 },
  "groups of three channels": { N: 2, IC: 12, H: 5, W: 6, OC: 8, K: 2, groups: 4, residual: true },
  depthwise: { IC: 7, H: 13, W: 11, OC: 7, K: 3, groups: 7, padding: 1, bias: true, relu: true },
  "depthwise 5x5, stride 2": { IC: 12, H: 13, W: 11, OC: 12, K: 5, groups: 12, padding: 2, strides: 2 },
  "depthwise of few channels": { N: 2, IC: 3, H: 6, W: 5, OC: 3, K: [2, 3], groups: 3, bias: true },
  "depthwise with residual": {
    N: 2,
    IC: 9,
    H: 6,
    W: 5,
    OC: 9,
    K: 3,
    groups: 9,
    padding: 1,
    residual: true,
    relu: true,
  },
  "two filters a channel": { N: 2, IC: 5, H: 6, W: 5, OC: 10, K: 3, groups: 5, padding: 1, bias: true, relu: true },
  "three filters a channel": { IC: 6, H: 6, W: 5, OC: 18, K: 3, groups: 6, bias: true, residual: true, relu: true },
  "two filters for two channels": { IC: 2, H: 6, W: 5, OC: 4, K: 3, groups: 2, bias: true, residual: true },
  "nine filters for two channels": { IC: 2, H: 6, W: 5, OC: 18, K: 3, groups: 2, bias: true, residual: true },
  "many pixels": { IC: 4, H: 41, W: 37, OC: 4, K: 3, padding: 1 },
};

describeBuilds("conv2d", (engine) => {
  test.each(Object.entries(TABLE))("%s", (_, c) => {
    checkConvolution(engine(), c);
    checkConvolution(engine(), { ...c, inputLayout: "nhwc", filterLayout: "hwio" });
  });

  test.each(WINDOWS)("a window of %ix%i with every pair of channel counts", (...K) => {
    for (const IC of CHANNELS) {
      for (const OC of CHANNELS) checkConvolution(engine(), { IC, OC, H: 6, W: 7, K, padding: 1, bias: OC % 2 === 0 });
    }
  });

  test.each(CHANNELS)("depthwise with %i channels, one to five filters each", (IC) => {
    for (const M of [1, 2, 3, 4, 5]) {
      checkConvolution(engine(), { IC, OC: IC * M, groups: IC, H: 6, W: 7, K: 3, padding: 1, bias: true });
    }
  });

  test.each(["oihw", "hwio", "ohwi", "ihwo"] as const)("filter layout %s in both input layouts", (filterLayout) => {
    for (const inputLayout of ["nchw", "nhwc"] as const) {
      const place = { H: 6, W: 5, K: [2, 3] as const, inputLayout, filterLayout };
      checkConvolution(engine(), { ...place, IC: 6, OC: 8, groups: 2, padding: [0, 1, 2, 1] });
      checkConvolution(engine(), { ...place, IC: 6, OC: 6, groups: 6 });
      checkConvolution(engine(), { ...place, IC: 6, OC: 12, groups: 6 });
      checkConvolution(engine(), { ...place, IC: 3, OC: 5 });
    }
  });

  test.each(["reflect", "replicate", "circular"] as const)("padding mode %s", (paddingMode) => {
    for (const [IC, OC, groups] of [
      [1, 3, 1],
      [5, 4, 1],
      [9, 9, 1],
      [6, 6, 6],
      [6, 4, 2],
    ]) {
      const c = { N: 2, IC, OC, groups, H: 5, W: 4, K: [2, 3] as const, paddingMode, residual: true };
      for (const padding of [1, [4, 2, 3, 1], [0, 3, 0, 0], [0, 0, 2, 0], 0, "same"] as const) {
        checkConvolution(engine(), { ...c, padding });
        checkConvolution(engine(), { ...c, padding, strides: 2, inputLayout: "nhwc" });
      }
    }
  });

  test("replicate and circular padding of a single place", () => {
    checkConvolution(engine(), { IC: 2, OC: 3, K: 3, padding: 1, paddingMode: "replicate" });
    checkConvolution(engine(), { IC: 2, OC: 3, K: 3, padding: 1, paddingMode: "circular" });
    checkConvolution(engine(), { IC: 2, OC: 3, K: 5, padding: 7, paddingMode: "replicate" });
  });

  test("random draws", () => {
    const window = fc.record({
      IH: fc.integer({ min: 1, max: 9 }),
      IW: fc.integer({ min: 1, max: 9 }),
      K: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      strides: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      dilations: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      padding: fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5)),
    });
    const channels = fc.record({
      groups: fc.integer({ min: 1, max: 3 }),
      I: fc.integer({ min: 1, max: 6 }),
      O: fc.integer({ min: 1, max: 9 }),
    });
    const rest = fc.record({
      N: fc.integer({ min: 0, max: 2 }),
      bias: fc.boolean(),
      residual: fc.boolean(),
      relu: fc.boolean(),
      inputLayout: fc.constantFrom("nchw", "nhwc"),
      filterLayout: fc.constantFrom("oihw", "hwio", "ohwi", "ihwo"),
      paddingMode: fc.constantFrom("zeros", "reflect", "replicate", "circular"),
      seed: fc.nat(1000),
    });
    const draw = fc.tuple(window, channels, rest).map(([v, { groups, I, O }, more]) => {
      const [top, bottom, left, right] = v.padding;
      const reach = (axis: 0 | 1) => v.dilations[axis] * (v.K[axis] - 1) + 1;
      // A window larger than the padded image is an error; reflect and circular want images larger than the padding.
      const H = Math.max(v.IH, reach(0) - top - bottom, more.paddingMode === "zeros" ? 1 : Math.max(top, bottom) + 1);
      const W = Math.max(v.IW, reach(1) - left - right, more.paddingMode === "zeros" ? 1 : Math.max(left, right) + 1);
      return { ...v, ...more, H, W, groups, IC: groups * I, OC: groups * O } as ConvolutionCase;
    });
    fc.assert(
      fc.property(draw, (c) => checkConvolution(engine(), c)),
      { numRuns: 300, seed: 1 },
    );
  });

  test("the first 7 channels of 8 have the bits of 7 alone", () => {
    for (const c of [
      { IC: 9, K: 3, padding: 1 },
      { IC: 3, K: 3, padding: 1 },
      { IC: 9, K: 1 },
    ]) {
      const random = new Random(7);
      const x = random.tensor([2, c.IC, 5, 6]);
      const filter = random.tensor([8, c.IC, c.K, c.K]);
      const bias = random.tensor([8]);
      const first = (OC: number) =>
        compute(
          engine(),
          [
            x,
            { shape: [OC, c.IC, c.K, c.K], data: filter.data.subarray(0, OC * c.IC * c.K * c.K) },
            { shape: [OC], data: bias.data.subarray(0, OC) },
          ],
          (image, weights, b) => engine().conv2d(image, weights, { bias: b, padding: c.padding ?? 0 }),
        ).data as Float32Array;
      const [eight, seven] = [first(8), first(7)];
      const plane = 30;
      for (let n = 0; n < 2; n++) {
        expectSameBits(
          seven.subarray(n * 7 * plane, (n + 1) * 7 * plane),
          eight.subarray(n * 8 * plane, (n * 8 + 7) * plane),
        );
      }
    }
  });

  test("the first 7 channels of 8 depthwise have the bits of 7 alone, with any number of filters", () => {
    for (const M of [1, 2]) {
      const random = new Random(8);
      const x = random.tensor([1, 8, 6, 5]);
      const filter = random.tensor([8 * M, 1, 3, 3]);
      const run = (C: number) =>
        compute(
          engine(),
          [
            { shape: [1, C, 6, 5], data: x.data.subarray(0, C * 30) },
            { shape: [C * M, 1, 3, 3], data: filter.data.subarray(0, C * M * 9) },
          ],
          (image, weights) => engine().conv2d(image, weights, { groups: C, padding: 1 }),
        ).data as Float32Array;
      expectSameBits(run(7), run(8).subarray(0, 7 * M * 30));
    }
  });

  test("NaN and infinities reach the outputs that see them, and no others", () => {
    for (const c of [
      { IC: 9, OC: 13 },
      { IC: 3, OC: 5 },
      { IC: 6, OC: 6, groups: 6 },
      { IC: 6, OC: 12, groups: 6 },
      { IC: 16, OC: 16 },
    ]) {
      const place = { ...c, H: 9, W: 8, K: 3, padding: 1, bias: true };
      const { got, want } = convolve(engine(), place, (x) => {
        x[9] = Number.NaN;
        x[60] = Number.POSITIVE_INFINITY;
        x[72 + 30] = Number.NEGATIVE_INFINITY;
      });
      expect(want.data.some(Number.isNaN)).toBe(true);
      expect(want.data.includes(Number.POSITIVE_INFINITY) || want.data.includes(Number.NEGATIVE_INFINITY)).toBe(true);
      expectClose(got, want);
    }
  });

  test("activations", () => {
    const random = new Random(3);
    const x = random.tensor([1, 5, 4, 3], 4);
    const filter = random.tensor([6, 5, 1, 1]);
    const sum = oracle(x, filter);
    const run = (
      activation: "relu" | "relu6" | "sigmoid" | { type: "clamp"; minValue: number; maxValue: number } | "leakyRelu",
    ) => compute(engine(), [x, filter], (image, weights) => engine().conv2d(image, weights, { activation })).data;
    expectClose(
      run("relu"),
      through(sum, (v) => Math.max(v, 0)),
    );
    expectClose(
      run("relu6"),
      through(sum, (v) => Math.min(Math.max(v, 0), 6)),
    );
    expectClose(
      run({ type: "clamp", minValue: -1, maxValue: 2 }),
      through(sum, (v) => Math.min(Math.max(v, -1), 2)),
    );
    expectClose(
      run("leakyRelu"),
      through(sum, (v) => (v < 0 ? 0.01 * v : v)),
    );
    expectClose(run("sigmoid"), {
      ...through(sum, (v) => 1 / (1 + Math.exp(-v))),
      magnitude: sum.magnitude.map((m) => m + 1),
    });
  });

  test("Winograd's method stays close to the direct one", () => {
    const random = new Random(5);
    const x = random.tensor([1, 32, 14, 13]);
    const filter = random.tensor([20, 32, 3, 3]);
    const want = oracle(x, filter, { padding: 1 });
    const { data } = compute(engine(), [x, filter], (image, weights) =>
      engine().conv2d(image, weights, { padding: 1 }),
    );
    expect(worstError(data, want)).toBeLessThan(12);
  });

  test("results feed the next operator in either layout, and reading them changes nothing", () => {
    const random = new Random(11);
    const x = random.tensor([2, 3, 6, 5]);
    const [a, b] = [random.tensor([4, 3, 3, 3]), random.tensor([3, 4, 1, 1])];
    const want = compute(engine(), [x, a, b], (image, f, g) => engine().conv2d(engine().conv2d(image, f), g));
    const read = compute(engine(), [x, a, b], (image, f, g) => {
      const middle = engine().conv2d(image, f);
      expectExact(middle.data as Float32Array, { data: middle.data as Float32Array });
      return engine().conv2d(middle, g);
    });
    expectSameBits(read.data as Float32Array, want.data as Float32Array);
    // What was made as [N, C, H, W] may be taken for [N, H, W, C].
    const square = random.tensor([1, 4, 4, 4]);
    const filter = random.tensor([4, 4, 1, 1]);
    const made = compute(engine(), [square, filter], (image, f) => engine().conv2d(image, f));
    const direct = compute(engine(), [made, filter], (image, f) => engine().conv2d(image, f, { inputLayout: "nhwc" }));
    const chained = compute(engine(), [square, filter], (image, f) =>
      engine().conv2d(engine().conv2d(image, f), f, { inputLayout: "nhwc" }),
    );
    expectSameBits(chained.data as Float32Array, direct.data as Float32Array);
  });

  test("one tensor may stand for several operands", () => {
    const square = new Random(13).tensor([5, 5, 3, 3]);
    const asFilter = compute(engine(), [square, square], (x, f) => engine().conv2d(x, f, { padding: 1 }));
    const own = compute(engine(), [square], (x) => engine().conv2d(x, x, { padding: 1 }));
    expectSameBits(own.data as Float32Array, asFilter.data as Float32Array);
    const identity = { shape: [5, 5, 1, 1], data: Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0)) };
    const doubled = compute(engine(), [square, identity], (x, f) => engine().conv2d(x, f, { residual: x }));
    expectExact(doubled.data, { data: Float64Array.from(square.data, (v) => 2 * v) });
    const tall = new Random(14).tensor([3, 3, 3, 3]);
    const all = compute(engine(), [tall, tall, tall], (x, f, r) => engine().conv2d(x, f, { padding: 1, residual: r }));
    const one = compute(engine(), [tall], (x) => engine().conv2d(x, x, { padding: 1, residual: x }));
    expectSameBits(one.data as Float32Array, all.data as Float32Array);
  });
});

describe("conv2d refuses", async () => {
  const engine = await engineOf("release");
  const other = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 8, 5, 5]));
  const filter = upload(engine, new Random(2).tensor([16, 8, 3, 3]));
  const bytes = engine.tensor(new Uint8Array(4), [1, 1, 2, 2]);
  const gone = engine.tensor([1]);
  gone.dispose();
  const foreign = other.tensor([1], [1, 1, 1, 1]);
  const refused = (name: string, code: string, message: string, ...operands: unknown[]) =>
    test(message, () => {
      const live = engine.memory;
      const call = engine.conv2d as (...all: unknown[]) => unknown;
      expect(errorOf(() => call(...operands))).toEqual({ name, code, message });
      expect(engine.memory).toEqual(live);
    });
  const argument = (message: string, ...operands: unknown[]) =>
    refused("ArgumentError", "argument", message, ...operands);
  const shape = (message: string, ...operands: unknown[]) => refused("ShapeError", "shape", message, ...operands);
  const make = (...extents: number[]) => engine.tensor(new Float32Array(extents.reduce((a, b) => a * b, 1)), extents);

  argument("conv2d: x expected a Tensor, got Float32Array of 4", new Float32Array(4), filter);
  argument("conv2d: x expected float32, got uint8", bytes, filter);
  argument("conv2d: filter expected a Tensor, got undefined", x);
  argument("conv2d: filter expected float32, got uint8", x, bytes);
  argument("conv2d: x expected a tensor of this engine, got one of another engine", foreign, filter);
  refused("DisposedError", "disposed", "conv2d: x expected a live tensor, got a disposed one", gone, filter);
  shape("conv2d: x expected images of rank 4 (nchw), got [8, 5, 5]", make(8, 5, 5), filter);
  shape("conv2d: x expected images of at least one channel and one place, got [1, 0, 5, 5]", make(1, 0, 5, 5), filter);
  shape("conv2d: x expected images of at least one channel and one place, got [1, 8, 0, 5]", make(1, 8, 0, 5), filter);
  shape("conv2d: filter expected shape [oc, 8, kh, kw], got [16, 3, 3, 3]", x, make(16, 3, 3, 3));
  shape("conv2d: filter expected shape [oc, 8, kh, kw], got [16, 8]", x, make(16, 8));
  shape("conv2d: filter expected shape [kh, kw, 8, oc], got [16, 8, 3, 3]", x, filter, { filterLayout: "hwio" });
  shape("conv2d: filter expected shape [oc, kh, kw, 8], got [16, 8, 3, 3]", x, filter, { filterLayout: "ohwi" });
  shape("conv2d: filter expected shape [8, kh, kw, oc], got [16, 8, 3, 3]", x, filter, { filterLayout: "ihwo" });
  shape("conv2d: filter expected shape [oc, 4, kh, kw], got [16, 8, 3, 3]", x, filter, { groups: 2 });
  shape("conv2d: filter expected extents of at least 1, got [16, 8, 0, 3]", x, make(16, 8, 0, 3));
  shape("conv2d: filter expected output channels divisible by 4 groups, got 6", x, make(6, 2, 3, 3), { groups: 4 });
  shape("conv2d: bias expected shape [16], got [8]", x, filter, { bias: make(8) });
  shape("conv2d: residual expected shape [1, 16, 3, 3], got [1, 16, 5, 5]", x, filter, { residual: make(1, 16, 5, 5) });
  shape("conv2d: padded height expected at least 7 for the window, got 5 + 0 + 1", x, make(1, 8, 7, 1), {
    padding: [0, 1, 0, 0],
  });
  shape("conv2d: padded width expected at least 9 for the window, got 5 + 1 + 2", x, make(1, 8, 1, 3), {
    padding: [0, 0, 1, 2],
    dilations: 4,
  });
  shape(
    "conv2d: padding expected at most 4 rows and 4 columns for 5x5 images in mode reflect, got [0, 5, 0, 0]",
    x,
    filter,
    { padding: [0, 5, 0, 0], paddingMode: "reflect" },
  );
  shape(
    "conv2d: padding expected at most 5 rows and 5 columns for 5x5 images in mode circular, got [0, 0, 6, 0]",
    x,
    filter,
    { padding: [0, 0, 6, 0], paddingMode: "circular" },
  );
  argument("conv2d: paddingMode expected zeros, reflect, replicate, circular, got mirror", x, filter, {
    paddingMode: "mirror",
  });
  argument("conv2d: groups expected a divisor of the 8 input channels, got 3", x, filter, { groups: 3 });
  argument("conv2d: groups expected a divisor of the 8 input channels, got 0", x, filter, { groups: 0 });
  argument("conv2d: filterLayout expected oihw, hwio, ohwi, ihwo, got hwoi", x, filter, { filterLayout: "hwoi" });
  argument('conv2d: inputLayout expected "nchw" or "nhwc", got nwhc', x, filter, { inputLayout: "nwhc" });
  argument('conv2d: numerics expected "default" or "direct", got fast', x, filter, { numerics: "fast" });
  argument("conv2d: strides expected an integer >= 1 or a pair [height, width] of such, got 0", x, filter, {
    strides: 0,
  });
  argument("conv2d: strides expected an integer >= 1 or a pair [height, width] of such, got [1, 2, 1, 1]", x, filter, {
    strides: [1, 2, 1, 1],
  });
  argument("conv2d: dilations expected an integer >= 1 or a pair [height, width] of such, got [1, 1.5]", x, filter, {
    dilations: [1, 1.5],
  });
  const paddings =
    'an integer >= 0, [vertical, horizontal], [top, bottom, left, right], "same", "same-lower" or "valid"';
  argument(`conv2d: padding expected ${paddings}, got -1`, x, filter, { padding: -1 });
  argument(`conv2d: padding expected ${paddings}, got SAME`, x, filter, { padding: "SAME" });
  argument(`conv2d: padding expected ${paddings}, got [1, 1, 1]`, x, filter, { padding: [1, 1, 1] });
  const names =
    "strides, padding, dilations, inputLayout, filterLayout, bias, paddingMode, groups, numerics, activation, residual";
  argument(`conv2d: option expected ${names}, got stride`, x, filter, { stride: 2 });
  argument(`conv2d: options expected an object with ${names}, got Tensor`, x, filter, x);
  argument(`conv2d: options expected an object with ${names}, got null`, x, filter, null);

  test("an unknown activation", () => {
    const wrong = { activation: "swoosh" } as object;
    const { name, message } = errorOf(() => engine.conv2d(x, filter, wrong));
    expect(name).toBe("ArgumentError");
    expect(message).toMatch(/^conv2d: activation expected relu, relu6, clamp, .*, got swoosh$/);
  });
});
