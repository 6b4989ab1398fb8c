import { describe, expect, test } from "vitest";
import { conv2d, through } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";
import { compute, describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

/** [C * M, 1, KH, KW] as TensorFlow lays it out: [KH, KW, C, M]. */
function hwcm(filter: { shape: number[]; data: Float32Array }, C: number) {
  const [OC, , KH, KW] = filter.shape;
  return permuted({ shape: [C, OC / C, KH, KW], data: filter.data }, [2, 3, 0, 1]);
}

describeBuilds("depthwiseConv2d", (engine) => {
  test.each([
    [1, 1],
    [1, 5],
    [3, 1],
    [3, 2],
    [3, 4],
    [4, 3],
    [5, 2],
    [8, 1],
    [9, 4],
  ])("%i channels with %i filters each, in every filter layout", (C, M) => {
    const random = new Random(C + 10 * M);
    const x = random.tensor([2, C, 6, 5]);
    const filter = random.tensor([C * M, 1, 3, 2]);
    const bias = random.tensor([C * M]);
    const want = conv2d(x, filter, { padding: [1, 0, 2, 1], strides: [2, 1], groups: C, bias });
    const options = { padding: [1, 2, 0, 1], strides: [2, 1] } as const;
    for (const [filterLayout, weights] of [
      ["oihw", filter],
      ["hwio", permuted(filter, [2, 3, 1, 0])],
      ["ohwi", permuted(filter, [0, 2, 3, 1])],
      ["ihwo", permuted(filter, [1, 2, 3, 0])],
      ["hwcm", hwcm(filter, C)],
    ] as const) {
      const got = compute(engine(), [x, weights, bias], (image, f, b) =>
        engine().depthwiseConv2d(image, f, { ...options, filterLayout, bias: b }),
      );
      expect(got.shape).toEqual(want.shape);
      expectClose(got.data, want);
    }
    const grouped = compute(engine(), [x, filter], (image, f) => engine().conv2d(image, f, { ...options, groups: C }));
    const same = compute(engine(), [x, filter], (image, f) => engine().depthwiseConv2d(image, f, options));
    expectSameBits(same.data as Float32Array, grouped.data as Float32Array);
  });
});

describeBuilds("depthwiseSeparableConv2d", (engine) => {
  test.each([1, 2])("is a depthwise and a 1x1 convolution (%i filters a channel)", (M) => {
    const C = 5;
    const random = new Random(61);
    const x = random.tensor([2, C, 6, 7]);
    const depthwise = random.tensor([C * M, 1, 3, 3]);
    const pointwise = random.tensor([8, C * M, 1, 1]);
    const [first, last] = [random.tensor([C * M]), random.tensor([8])];
    const placement = { strides: 2, dilations: [1, 2], padding: 1 } as const;
    const reference = { strides: 2, dilations: [1, 2], padding: [1, 1, 1, 1], paddingMode: "reflect" } as const;
    const middle = through(conv2d(x, depthwise, { ...reference, groups: C, bias: first }), (v) => Math.max(v, 0));
    const residual = random.tensor([2, 8, middle.shape[2], middle.shape[3]]);
    const sum = conv2d(middle, pointwise, { bias: last, residual });
    const want = through(sum, (v) => Math.min(Math.max(v, 0), 6));
    // The roundings of the first step go through the second.
    const terms = sum.terms + 3 * 3 + 2;
    const bound = conv2d({ ...middle, data: middle.magnitude }, { ...pointwise, data: pointwise.data.map(Math.abs) });
    const magnitude = bound.data.map((v, i) => v + sum.magnitude[i]);
    const run = (nhwc: boolean) => {
      const laidOut = (image: { shape: number[]; data: Float32Array }) =>
        nhwc ? permuted(image, [0, 2, 3, 1]) : image;
      const filters = nhwc ? [hwcm(depthwise, C), permuted(pointwise, [2, 3, 1, 0])] : [depthwise, pointwise];
      const got = compute(engine(), [laidOut(x), ...filters, first, last, laidOut(residual)], (image, d, p, b, c, r) =>
        engine().depthwiseSeparableConv2d(image, d, p, {
          ...placement,
          paddingMode: "reflect",
          inputLayout: nhwc ? "nhwc" : "nchw",
          depthwiseFilterLayout: nhwc ? "hwcm" : "oihw",
          pointwiseFilterLayout: nhwc ? "hwio" : "oihw",
          depthwiseBias: b,
          depthwiseActivation: "relu",
          bias: c,
          residual: r,
          activation: "relu6",
        }),
      );
      return nhwc ? permuted(got, [0, 3, 1, 2]) : got;
    };
    expect(run(false).shape).toEqual(want.shape);
    expectClose(run(false).data, { ...want, magnitude }, terms);
    expectSameBits(run(true).data as Float32Array, run(false).data as Float32Array);
  });

  test("without options", () => {
    const random = new Random(62);
    const [x, d, p] = [random.tensor([1, 3, 4, 4]), random.tensor([3, 1, 3, 3]), random.tensor([2, 3, 1, 1])];
    const want = conv2d(conv2d(x, d, { groups: 3 }), p);
    const got = compute(engine(), [x, d, p], (a, b, c) => engine().depthwiseSeparableConv2d(a, b, c));
    expect(got.shape).toEqual([1, 2, 2, 2]);
    expect(Math.max(...Array.from(want.data, (v, i) => Math.abs(v - got.data[i])))).toBeLessThan(1e-5);
  });
});

describe("depthwise convolutions refuse", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 4, 5, 5]));
  const zeros = (...shape: number[]) => engine.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const [d, p] = [zeros(8, 1, 3, 3), zeros(6, 8, 1, 1)];
  test.each<[string, string, () => unknown]>([
    [
      "ShapeError",
      "depthwiseConv2d: filter expected shape [oc, 1, kh, kw], got [4, 4, 3, 3]",
      () => engine.depthwiseConv2d(x, zeros(4, 4, 3, 3)),
    ],
    [
      "ShapeError",
      "depthwiseConv2d: filter expected shape [kh, kw, 4, m], got [8, 1, 3, 3]",
      () => engine.depthwiseConv2d(x, d, { filterLayout: "hwcm" }),
    ],
    [
      "ShapeError",
      "depthwiseConv2d: filter expected output channels divisible by 4 channels, got 6",
      () => engine.depthwiseConv2d(x, zeros(6, 1, 3, 3)),
    ],
    [
      "ArgumentError",
      "depthwiseConv2d: filterLayout expected oihw, hwio, ohwi, ihwo, hwcm, got chw",
      () => engine.depthwiseConv2d(x, d, { filterLayout: "chw" as never }),
    ],
    [
      "ArgumentError",
      "depthwiseConv2d: option expected strides, padding, dilations, inputLayout, filterLayout, bias, paddingMode, numerics, activation, residual, got groups",
      () => engine.depthwiseConv2d(x, d, { groups: 4 } as never),
    ],
    [
      "ShapeError",
      "depthwiseSeparableConv2d: depthwiseFilter expected shape [oc, 1, kh, kw], got [6, 8, 1, 1]",
      () => engine.depthwiseSeparableConv2d(x, p, d),
    ],
    [
      "ShapeError",
      "depthwiseSeparableConv2d: pointwiseFilter expected shape [oc, 8, 1, 1], got [6, 4, 1, 1]",
      () => engine.depthwiseSeparableConv2d(x, d, zeros(6, 4, 1, 1)),
    ],
    [
      "ShapeError",
      "depthwiseSeparableConv2d: pointwiseFilter expected shape [1, 1, 8, oc], got [6, 8, 1, 1]",
      () => engine.depthwiseSeparableConv2d(x, d, p, { pointwiseFilterLayout: "hwio" }),
    ],
    [
      "ShapeError",
      "depthwiseSeparableConv2d: depthwiseBias expected shape [8], got [4]",
      () => engine.depthwiseSeparableConv2d(x, d, p, { depthwiseBias: zeros(4) }),
    ],
    [
      "ShapeError",
      "depthwiseSeparableConv2d: bias expected shape [6], got [8]",
      () => engine.depthwiseSeparableConv2d(x, d, p, { bias: zeros(8) }),
    ],
  ])("%s: %s", (name, message, body) => {
    const { tensors } = engine.memory;
    expect(errorOf(body)).toMatchObject({ name, message });
    // Only what the test itself made is left.
    expect(engine.memory.tensors - tensors).toBeLessThanOrEqual(1);
  });
});
