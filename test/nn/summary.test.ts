import { describe, expect, test } from "vitest";
import {
  activation,
  averagePool2d,
  batchNorm,
  conv2d,
  dense,
  depthwiseConv2d,
  flatten,
  globalAveragePool,
  leNet5,
  maxPool2d,
  mobileNetV2,
  network,
  parallel,
  residual,
  resNet18,
  separableConv2d,
  vgg16,
} from "../../src/nn/index.ts";
import { errorOf } from "../ops/engines.ts";

describe("published networks", () => {
  test.each([
    ["LeNet-5", leNet5, 61_706, 416_520],
    ["ResNet-18", resNet18, 11_689_512, 1_814_073_344],
    ["MobileNetV2", mobileNetV2, 3_504_872, 300_774_272],
    ["VGG-16", vgg16, 138_357_544, 15_470_264_320],
  ])("%s has the published number of parameters", (_, make, parameters, macs) => {
    const summary = make().summary();
    expect(summary.parameters).toBe(parameters);
    expect(summary.macs).toBe(macs);
  });

  test("a separable convolution of 64 to 128 channels has 8,768 weights where a full one has 73,728", () => {
    const weights = (layer: ReturnType<typeof conv2d>) =>
      network({ input: [64, 56, 56] }, [layer]).summary().parameters;
    expect(weights(separableConv2d(128, 3, { padding: 1, bias: false }))).toBe(8_768);
    expect(weights(conv2d(128, 3, { padding: 1, bias: false }))).toBe(73_728);
  });

  test("classes and seeds are the caller's", () => {
    expect(leNet5({ classes: 26 }).outputShape).toEqual([26]);
    const first = (seed: number) => leNet5({ seed }).parameter("conv1.weight").values[0];
    expect(first(1)).toBe(first(1));
    expect(first(1)).not.toBe(first(2));
  });

  test("weights are not made to be counted", () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(vgg16().summary().layers.length).toBe(24);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });
});

describe("a summary", () => {
  const net = network({ input: [3, 32, 24] }, [
    conv2d(8, [3, 5], { strides: [2, 1], padding: "same", activation: "relu" }),
    maxPool2d(2),
    residual([depthwiseConv2d(3, { padding: 2, dilations: 2, name: "wide" }), batchNorm()], { activation: "relu6" }),
    parallel([[conv2d(4, 1)], [averagePool2d(3, { strides: 1, padding: 1 }), conv2d(6, 5, { padding: 2, groups: 2 })]]),
    globalAveragePool(),
    flatten(),
    activation("tanh"),
    dense(10, { bias: false }),
  ]);
  const rows = Object.fromEntries(net.summary().layers.map((row) => [row.name, row]));

  test("names layers by kind and number, those within others behind the name of these", () => {
    expect(net.summary().layers.map(({ name, kind }) => [name, kind])).toEqual([
      ["conv1", "conv2d"],
      ["pool1", "maxPool2d"],
      ["block1.wide", "depthwiseConv2d"],
      ["block1.norm1", "batchNorm"],
      ["block1", "residual"],
      ["block2.conv1", "conv2d"],
      ["block2.pool1", "averagePool2d"],
      ["block2.conv2", "conv2d"],
      ["block2", "parallel"],
      ["pool2", "globalAveragePool"],
      ["flatten1", "flatten"],
      ["tanh1", "activation"],
      ["dense1", "dense"],
    ]);
    expect(net.parameters.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      ...["conv1.weight 8x3x3x5", "conv1.bias 8", "block1.wide.weight 8x1x3x3", "block1.wide.bias 8"],
      ...["block1.norm1.scale 8", "block1.norm1.bias 8", "block1.norm1.mean 8", "block1.norm1.variance 8"],
      ...["block2.conv1.weight 4x8x1x1", "block2.conv1.bias 4", "block2.conv2.weight 6x4x5x5", "block2.conv2.bias 6"],
      "dense1.weight 10x10",
    ]);
  });

  test("has shapes, parameters without gathered statistics, and multiply-adds", () => {
    const of = (name: string) => [rows[name].outputShape, rows[name].parameters, rows[name].macs];
    expect(of("conv1")).toEqual([[8, 16, 24], 8 * 45 + 8, 8 * 45 * 16 * 24]);
    expect(of("pool1")).toEqual([[8, 8, 12], 0, 0]);
    expect(of("block1.wide")).toEqual([[8, 8, 12], 80, 8 * 9 * 8 * 12]);
    expect(of("block1.norm1")).toEqual([[8, 8, 12], 16, 0]);
    expect(of("block2.conv2")).toEqual([[6, 8, 12], 6 * 100 + 6, 6 * 100 * 8 * 12]);
    expect(of("block2")).toEqual([[10, 8, 12], 0, 0]);
    expect(of("pool2")).toEqual([[10, 1, 1], 0, 0]);
    expect(of("dense1")).toEqual([[10], 100, 100]);
  });

  test("has receptive fields and strides, through the largest branch", () => {
    const of = (name: string) => [rows[name].receptiveField, rows[name].stride];
    expect(of("conv1")).toEqual([
      [3, 5],
      [2, 1],
    ]);
    expect(of("pool1")).toEqual([
      [5, 6],
      [4, 2],
    ]);
    expect(of("block1")).toEqual([
      [21, 14],
      [4, 2],
    ]);
    expect(of("block2.conv1")).toEqual([
      [21, 14],
      [4, 2],
    ]);
    expect(of("block2")).toEqual([
      [45, 26],
      [4, 2],
    ]);
    expect(of("pool2")).toEqual([
      [73, 48],
      [4, 2],
    ]);
    expect(of("flatten1")).toEqual([undefined, undefined]);
  });

  test("prints as a table", () => {
    const small = network({ input: [1, 28, 28] }, [conv2d(6, 5, { padding: 2 }), maxPool2d(2), flatten(), dense(10)]);
    expect(String(small.summary()).split("\n")).toEqual([
      "layer     kind       output       parameters  multiply-adds  field  stride",
      "input                [1, 28, 28]",
      "conv1     conv2d     [6, 28, 28]         156        117,600    5x5     1x1",
      "pool1     maxPool2d  [6, 14, 14]           0              0    6x6     2x2",
      "flatten1  flatten    [1176]                0              0",
      "dense1    dense      [10]             11,770         11,760",
      "total                                 11,926        129,360",
    ]);
  });
});

describe("what does not fit is refused", () => {
  const message = (...layers: Parameters<typeof network>[1][number][]) =>
    errorOf(() => network({ input: [4, 6, 6] }, layers)).message;

  test("layers, by their name", () => {
    expect(message(dense(3))).toBe(
      "dense dense1: input expected a vector, as flatten() makes it of images, got [4, 6, 6]",
    );
    expect(message(flatten(), conv2d(3, 3))).toBe(
      "conv2d conv1: input expected images [channels, height, width], got [144]",
    );
    expect(message(conv2d(3, 3, { name: "stem" }), conv2d(3, 7))).toBe(
      "conv2d conv1: padded height expected at least 7 for the window, got 4 + 0 + 0",
    );
    expect(message(conv2d(6, 3, { groups: 3 }))).toBe(
      "conv2d conv1: input expected channels divisible by 3 groups, got 4",
    );
    expect(message(conv2d(6, 3, { groups: 4 }))).toBe("conv2d conv1: outputs expected a multiple of 4 groups, got 6");
    expect(message(residual([conv2d(4, 3)]))).toBe(
      "residual block1: input (it has no shortcut) expected the shape of its body, [4, 4, 4], got [4, 6, 6]",
    );
    expect(message(residual([conv2d(4, 3)], { shortcut: [conv2d(5, 3)] }))).toBe(
      "residual block1: shortcut expected the shape of its body, [4, 4, 4], got [5, 4, 4]",
    );
    expect(message(parallel([[], [conv2d(4, 3)]]))).toBe(
      "parallel block1: branches[1] expected shape [any, 6, 6], as branches[0], got [4, 4, 4]",
    );
    expect(message(conv2d(4, 1, { name: "a" }), conv2d(4, 1, { name: "a" }))).toBe(
      "network: name of a conv2d expected one that no other layer has, got a",
    );
  });

  test("options, before there is a network", () => {
    expect(errorOf(() => conv2d(0, 3)).message).toBe("conv2d: outputs expected an integer >= 1, got 0");
    expect(errorOf(() => conv2d(3, 3, { stride: 2 } as object)).message).toBe(
      "conv2d: option expected name, bias, activation, initialisation, strides, dilations, padding, groups, got stride",
    );
    expect(errorOf(() => conv2d(3, 3, { activation: "erf" as "relu" })).message).toMatch(
      /^conv2d: activation expected relu, .*, got erf$/,
    );
    expect(errorOf(() => dense(3, { initialisation: "zeros" as "he" })).message).toBe(
      'dense: initialisation expected "he" or "glorot", got zeros',
    );
    expect(errorOf(() => batchNorm({ momentum: 1 })).message).toBe(
      "batchNorm: momentum expected a number >= 0 and below 1, got 1",
    );
    expect(errorOf(() => conv2d(3, 3, { name: "a.b" })).message).toBe(
      "conv2d: name expected letters, digits, - and _, got a.b",
    );
    expect(errorOf(() => network({ input: [3, 0, 3] }, [])).message).toBe(
      "network: input expected extents of one example, each an integer >= 1, got [3, 0, 3]",
    );
    expect(errorOf(() => network({ input: [3] }, [{} as never])).message).toBe(
      "network: layers expected an array of layers, got [Object]",
    );
    expect(errorOf(() => network({ input: [3], seed: 0.5 }, [])).message).toBe(
      "network: seed expected an integer, got 0.5",
    );
  });
});
