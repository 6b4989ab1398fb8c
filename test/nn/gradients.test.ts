// Gradients of every layer against central differences of the oracle, in float64.
import { describe, expect, test } from "vitest";
import { forward } from "../../src/nn/gradients/forward.ts";
import { Pass } from "../../src/nn/gradients/pass.ts";
import {
  activation,
  averagePool2d,
  batchNorm,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  globalAveragePool,
  type Layer,
  maxPool2d,
  network,
  parallel,
  residual,
  separableConv2d,
  softmax,
} from "../../src/nn/index.ts";
import type { Parameter } from "../../src/nn/parameter.ts";
import { randomStream } from "../../src/nn/random.ts";
import { Workspace } from "../../src/workspace.ts";
import { plain } from "../reference.ts";
import { BUILDS, compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { evaluate, statistics } from "./reference-network.ts";

const IMAGES: Record<string, Layer[]> = {
  "conv2d 3x3": [conv2d(5, 3)],
  "conv2d 1x1": [conv2d(7, 1, { bias: false })],
  "conv2d padding": [conv2d(3, 3, { padding: [1, 2, 0, 1] })],
  "conv2d more padding than window": [conv2d(3, 2, { padding: 3, strides: 2 })],
  "conv2d strides that leave rows unseen": [conv2d(3, 3, { strides: 3 })],
  "conv2d strides beyond the window": [conv2d(3, [2, 1], { strides: [3, 2] })],
  "conv2d dilations": [conv2d(3, 3, { dilations: [2, 3], padding: 2 })],
  "conv2d strides and dilations": [conv2d(3, [2, 3], { dilations: [3, 2], strides: [2, 3], padding: [2, 1, 1, 2] })],
  "conv2d groups": [conv2d(6, 3, { groups: 2, padding: 1 })],
  "conv2d same, stride 2": [conv2d(5, 3, { padding: "same", strides: 2 })],
  "conv2d the whole image": [conv2d(5, [7, 6])],
  "conv2d 5x5 twice": [conv2d(3, 5, { padding: 2 }), conv2d(2, 5, { padding: 1 })],
  depthwise: [depthwiseConv2d(3, { padding: 1 })],
  "depthwise stride 2": [depthwiseConv2d([3, 2], { padding: [1, 0], strides: 2 })],
  "depthwise multiplier 3, dilation": [depthwiseConv2d(2, { multiplier: 3, dilations: 2 })],
  separable: [separableConv2d(5, 3, { padding: 1, activation: "relu" })],
  "max pool": [maxPool2d(2)],
  "max pool, windows that overlap": [maxPool2d(3, { strides: 1, padding: 1 })],
  "max pool, dilation": [maxPool2d(2, { strides: 2, dilations: 2 })],
  "max pool, windows that hang over": [maxPool2d(2, { strides: [2, 4], outputShapeRounding: "ceil" })],
  "average pool": [averagePool2d(2)],
  "average pool, padding left out": [averagePool2d(3, { strides: 2, padding: [1, 1, 0, 2] })],
  "average pool, padding counted": [averagePool2d(3, { strides: 1, padding: 1, countIncludePad: true })],
  "average pool, windows that hang over": [averagePool2d(3, { strides: [3, 2], outputShapeRounding: "ceil" })],
  "average pool, windows that hang over counted padding": [
    averagePool2d(3, { strides: 3, padding: [0, 1, 1, 0], outputShapeRounding: "ceil", countIncludePad: true }),
  ],
  "global average pool": [globalAveragePool()],
  "batch norm": [batchNorm()],
  "batch norm between": [conv2d(3, 3, { bias: false }), batchNorm({ epsilon: 0.1, activation: "tanh" }), conv2d(2, 2)],
  "batch norm of vectors": [flatten(), dense(6, { bias: false }), batchNorm()],
  "dense after flatten": [flatten(), dense(6, { activation: "sigmoid" }), dense(3, { bias: false })],
  "softmax of vectors": [flatten(), dense(4), softmax()],
  "softmax of channels": [softmax(), conv2d(2, 2)],
  residual: [residual([conv2d(4, 3, { padding: 1, activation: "tanh" })], { activation: "relu" })],
  "residual with a shortcut": [residual([conv2d(3, 3, { strides: 2 })], { shortcut: [conv2d(3, 3, { strides: 2 })] })],
  parallel: [parallel([[conv2d(3, 1)], [], [maxPool2d(3, { strides: 1, padding: 1 }), conv2d(2, 1)]]), conv2d(3, 2)],
  "residual around parallel": [residual([parallel([[conv2d(3, 1)], [conv2d(1, 1)]])])],
  "a chain": [
    conv2d(6, 3, { padding: 1, bias: false }),
    batchNorm({ activation: "relu" }),
    maxPool2d(2),
    residual([depthwiseConv2d(3, { padding: 1, bias: false }), batchNorm(), activation("silu"), conv2d(6, 1)]),
    globalAveragePool(),
    flatten(),
    dense(3),
  ],
};

const ACTIVATIONS = [
  ...(["relu", "relu6", "leakyRelu", "elu", "gelu", "silu", "hardSwish"] as const),
  ...(["sigmoid", "hardSigmoid", "softplus", "tanh"] as const),
  ...([
    { type: "leakyRelu", alpha: 0.3 },
    { type: "elu", alpha: 0.5 },
  ] as const),
  { type: "hardSigmoid", alpha: 0.1, beta: 0.4 } as const,
];

const STEP = 1e-5;
const MODULES = { debug: compileBuild("debug"), release: compileBuild("release") };

/** The largest error at some places, relative to the largest element. */
function error(got: ArrayLike<number>, want: ReadonlyMap<number, number>): number {
  const scale = Math.max(1e-3, ...Array.from(want.values(), Math.abs));
  return Math.max(...Array.from(want, ([i, value]) => Math.abs(got[i] - value))) / scale;
}

/** Most places of a tensor at which a slope is measured. */
const PLACES = 40;

/** Slopes of `f` by elements of `values`, which are put back: by all of them, or by some spread over them. */
function differences(values: Float64Array, f: () => number, random: Random): Map<number, number> {
  const order = Array.from(random.permutation(values.length)).slice(0, PLACES);
  const slopes = order.map((i): [number, number] => {
    const value = values[i];
    values[i] = value + STEP;
    const above = f();
    values[i] = value - STEP;
    const below = f();
    values[i] = value;
    return [i, (above - below) / (2 * STEP)];
  });
  return new Map(slopes);
}

/** Checks outputs and gradients of layers on N examples, for the loss sum of r * y with random r; gives the largest error. */
function check(layers: readonly Layer[], N: number, input = [4, 7, 6], scale = 1): number {
  const net = network({ input, seed: 4 }, layers);
  const random = new Random(N);
  for (const parameter of net.parameters) {
    const shift = random.values(parameter.size, 0.3);
    parameter.values = parameter.values.map((value, i) => value + shift[i]);
  }
  const trained = net.parameters.filter(({ trainable }) => trainable);
  const shape = [N, ...input];
  const x = random.tensor(shape, scale);
  const r = random.tensor([N, ...net.outputShape]);

  const values = new Map(net.parameters.map((each) => [each, Float64Array.from(each.values)] as const));
  const xs = Float64Array.from(x.data);
  const outputs = () => evaluate(net.root, plain(shape, xs), (each) => values.get(each) as Float64Array, true);
  const loss = () => {
    const { data } = outputs();
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i] * r.data[i];
    return sum;
  };
  const wanted = {
    y: new Map(Array.from(outputs().data).entries()),
    dx: differences(xs, loss, random),
    gradients: trained.map((each) => differences(values.get(each) as Float64Array, loss, random)),
  };

  const errors = BUILDS.flatMap((build) => {
    const w = new Workspace("test", MODULES[build]);
    const pass = new Pass(w, () => 0);
    const { y, dx } = w.scope("test", () => {
      const { y, backward } = forward(pass, net.root, pass.from(x.data, shape));
      return { y: y.data as Float32Array, dx: backward(pass.from(r.data, r.shape))?.data as Float32Array };
    });
    expect(w.memory).toMatchObject({ tensors: 0, bytes: 0 });
    expect(new Set(pass.gradients.keys())).toEqual(new Set(trained));
    expect(dx.length).toBe(xs.length);
    const own = trained.map((parameter, i) => {
      const gradient = pass.gradients.get(parameter) as Float32Array;
      expect(gradient.length).toBe(parameter.size);
      return error(gradient, wanted.gradients[i]);
    });
    return [error(y, wanted.y), error(dx, wanted.dx), ...own];
  });
  return Math.max(...errors);
}

// Measured: at most 9e-7.
const TOLERANCE = 2e-6;

describe("gradients agree with central differences", () => {
  test.each(Object.entries(IMAGES))("%s", (_, layers) => {
    expect(check(layers, 5)).toBeLessThan(TOLERANCE);
  });

  // Of one example a normalised vector is 0.
  const ofOne = Object.entries(IMAGES).filter(([name]) => name !== "batch norm of vectors");
  test.each(ofOne)("%s, of one example", (_, layers) => {
    expect(check(layers, 1)).toBeLessThan(TOLERANCE);
  });

  test.each(ACTIVATIONS)("activation %o", (type) => {
    expect(check([activation(type)], 2, [3, 4, 5], 7)).toBeLessThan(TOLERANCE);
    expect(check([conv2d(3, 2, { activation: type }), conv2d(2, 2)], 2, [3, 4, 5], 2)).toBeLessThan(TOLERANCE);
  });
});

describe("worked by hand", () => {
  test("conv2d of 3x3 by 2x2", () => {
    const net = network({ input: [1, 3, 3] }, [conv2d(1, 2)]);
    net.parameter("conv1.weight").values = Float32Array.of(1, 2, 3, 4);
    const w = new Workspace("test", MODULES.release);
    const pass = new Pass(w, () => 0);
    const x = pass.from(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3]);
    const { y, backward } = forward(pass, net.root, x);
    expect(y.data).toEqual(Float32Array.of(37, 47, 67, 77));
    expect(backward(pass.from(Float32Array.of(1, 1, 1, 1), y.shape))?.data).toEqual(
      Float32Array.of(1, 3, 2, 4, 10, 6, 3, 7, 4),
    );
    const gradient = (name: string) => pass.gradients.get(net.parameter(name) as Parameter);
    expect(gradient("conv1.weight")).toEqual(Float32Array.of(12, 16, 24, 28));
    expect(gradient("conv1.bias")).toEqual(Float32Array.of(4));
  });

  test("a maximum that several windows share gets the gradients of all of them, the first of equals", () => {
    const net = network({ input: [1, 2, 4] }, [maxPool2d(2, { strides: 1 })]);
    const w = new Workspace("test", MODULES.release);
    const pass = new Pass(w, () => 0);
    const { backward } = forward(pass, net.root, pass.from(Float32Array.of(0, 5, 0, 1, 1, 1, 1, 1), [1, 1, 2, 4]));
    expect(backward(pass.from(Float32Array.of(1, 2, 4), [1, 1, 1, 3]))?.data).toEqual(
      Float32Array.of(0, 3, 0, 4, 0, 0, 0, 0),
    );
  });

  test("the gradient of the batch itself is not computed", () => {
    const net = network({ input: [2, 4, 4] }, [conv2d(2, 3), flatten(), dense(2)]);
    const w = new Workspace("test", MODULES.release);
    const batch = new Pass(w, () => 0).from(new Float32Array(32), [1, 2, 4, 4]);
    const pass = new Pass(w, () => 0, batch);
    const { y, backward } = forward(pass, net.root, batch);
    expect(backward(pass.from(Float32Array.of(1, 1), y.shape))).toBeUndefined();
    expect(pass.gradients.size).toBe(4);
  });
});

describe("what acts otherwise in training", () => {
  test("batch norm gathers its statistics, of the variance the unbiased estimate", () => {
    const net = network({ input: [2, 3, 2] }, [batchNorm({ momentum: 0.25 })]);
    const x = new Random(1).tensor([3, 2, 3, 2]);
    const w = new Workspace("test", MODULES.release);
    const pass = new Pass(w, () => 0);
    forward(pass, net.root, pass.from(x.data, x.shape));
    const { mean, variance } = statistics(x);
    for (let c = 0; c < 2; c++) {
      expect(net.parameter("norm1.mean").values[c]).toBeCloseTo(0.25 * mean.data[c], 6);
      expect(net.parameter("norm1.variance").values[c]).toBeCloseTo(0.75 + (0.25 * variance.data[c] * 18) / 17, 6);
    }
  });

  test("dropout leaves out its share, and scales the rest and their gradients alike", () => {
    const net = network({ input: [10_000] }, [dropout(0.25)]);
    const w = new Workspace("test", MODULES.release);
    const pass = new Pass(w, randomStream(1));
    const ones = new Float32Array(10_000).fill(1);
    const { y, backward } = forward(pass, net.root, pass.from(ones, [1, 10_000]));
    const values = y.data as Float32Array;
    expect(new Set(values)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(values.filter((value) => value === 0).length / 10_000).toBeCloseTo(0.25, 1);
    expect(backward(pass.from(ones, [1, 10_000]))?.data).toEqual(values);
  });
});
