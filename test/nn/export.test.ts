// Networks in code against float64, against themselves as ONNX files in lanewise, and against onnxruntime.
import * as ort from "onnxruntime-web/wasm";
import { describe, expect, test } from "vitest";
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
  leNet5,
  maxPool2d,
  type Network,
  network,
  parallel,
  residual,
  separableConv2d,
  sequence,
  softmax,
} from "../../src/nn/index.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { errorOf } from "../ops/engines.ts";
import { plain } from "../reference.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { evaluate } from "./reference-network.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";
const wasm = compileBuild("release");

/** Gives every parameter values unlike those it starts with, so that none can be left out unseen; variances stay above 0. */
function scramble(net: Network): void {
  const random = new Random(7);
  for (const parameter of net.parameters) {
    const start = parameter.values;
    const isVariance = parameter.name.endsWith("variance");
    const shift = random.values(parameter.size, 0.25);
    parameter.values = start.map((value, i) => value + (isVariance ? Math.abs(shift[i]) : shift[i]));
  }
}

async function inOrt(net: Network, data: Float32Array, shape: readonly number[]): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(net.toOnnx());
  const { output } = await session.run({ input: new ort.Tensor("float32", data, shape) });
  await session.release();
  return output.data as Float32Array;
}

function worst(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length);
  const scale = Math.max(...Array.from(want, Math.abs));
  expect(scale).toBeGreaterThan(0);
  return Math.max(...Array.from(want, (value, i) => Math.abs(got[i] - value))) / scale;
}

const ACTIVATIONS = [
  ...(["relu", "relu6", "leakyRelu", "elu", "gelu", "silu", "hardSwish"] as const),
  ...(["sigmoid", "hardSigmoid", "softplus", "tanh"] as const),
  ...([
    { type: "leakyRelu", alpha: 0.3 },
    { type: "elu", alpha: 0.5 },
    { type: "hardSigmoid", alpha: 0.1, beta: 0.4 },
  ] as const),
];

const IMAGES: Record<string, Layer[]> = {
  plain: [conv2d(6, 3, { padding: 1, activation: "relu" }), maxPool2d(2), flatten(), dense(5)],
  windows: [
    conv2d(6, [3, 2], { strides: [2, 1], padding: [1, 0, 2, 1], dilations: [1, 2], groups: 2 }),
    maxPool2d(3, { strides: 2, padding: 1, outputShapeRounding: "ceil" }),
    averagePool2d(2, { strides: 1, padding: [1, 0], countIncludePad: true }),
  ],
  "ceil and dilation": [
    averagePool2d(2, { strides: 2, padding: [1, 0, 0, 0], outputShapeRounding: "ceil" }),
    maxPool2d(2, { strides: 1, dilations: 2 }),
  ],
  depthwise: [depthwiseConv2d(3, { padding: "same", multiplier: 2, activation: "relu6" }), separableConv2d(5, 3)],
  norms: [conv2d(8, 3, { bias: false }), batchNorm({ activation: "relu" }), batchNorm({ epsilon: 0.01 })],
  "norm of a vector": [flatten(), dense(7), batchNorm(), dropout(0.5), dense(3), softmax()],
  residual: [
    residual([conv2d(4, 3, { padding: 1 }), dropout(0.2)], { activation: "relu" }),
    residual([conv2d(8, 3, { padding: 1, strides: 2 })], { shortcut: [conv2d(8, 1, { strides: 2 })] }),
    globalAveragePool(),
  ],
  parallel: [parallel([[conv2d(3, 1)], [], [maxPool2d(3, { strides: 1, padding: 1 }), conv2d(2, 1)]]), softmax()],
  nested: [
    sequence([residual([parallel([[conv2d(2, 1)], [sequence([conv2d(2, 1), activation("gelu")])]])])]),
    flatten(),
  ],
};

describe("networks of images", () => {
  test.each(Object.entries(IMAGES))("%s: float64, lanewise and onnxruntime agree", async (_, layers) => {
    const net = network({ input: [4, 9, 7], seed: 3 }, layers);
    scramble(net);
    const shape = [3, 4, 9, 7];
    const data = new Random(1).values(3 * 4 * 9 * 7);
    const want = evaluate(net.root, plain(shape, data), ({ values }) => values, false);
    expect(want.shape).toEqual([3, ...net.outputShape]);
    const got = await net.predict(data, { wasm });
    expect(got.shape).toEqual([3, ...net.outputShape]);
    expect(worst(got.data as Float32Array, want.data)).toBeLessThan(3e-6);
    expect(worst(await inOrt(net, data, shape), want.data)).toBeLessThan(3e-6);
  });

  test.each(ACTIVATIONS)("activation %o", async (type) => {
    const net = network({ input: [2, 5, 5] }, [activation(type), conv2d(3, 2, { activation: type })]);
    const shape = [2, 2, 5, 5];
    const data = new Random(2).values(100, 8);
    const want = evaluate(net.root, plain(shape, data), ({ values }) => values, false);
    expect(worst((await net.predict(data, { wasm })).data as Float32Array, want.data)).toBeLessThan(3e-6);
    expect(worst(await inOrt(net, data, shape), want.data)).toBeLessThan(3e-6);
  });

  test("LeNet-5 gives the same in lanewise and onnxruntime", async () => {
    const net = leNet5({ seed: 5 });
    const data = new Random(3).values(2 * 784);
    const { data: got, shape } = await net.predict(data, { wasm });
    expect(shape).toEqual([2, 10]);
    expect(worst(got as Float32Array, await inOrt(net, data, [2, 1, 28, 28]))).toBeLessThan(3e-6);
  });
});

describe("an exported file", () => {
  const net = network({ input: [2, 4, 4] }, [conv2d(3, 3, { activation: "relu" }), dropout(0.5), flatten(), dense(2)]);

  test("names nodes and weights as the summary does, leaves out what acts only in training", () => {
    const { graph } = readModel(net.toOnnx({ name: "small" }));
    expect(graph.name).toBe("small");
    expect(graph.node.map(({ opType, name }) => `${opType} ${name}`)).toEqual([
      ...["Conv conv1", "Relu conv1.relu", "Flatten flatten1", "Gemm dense1"],
    ]);
    expect(graph.initializer.map(({ name }) => name)).toEqual(net.parameters.map(({ name }) => name));
  });

  test("leaves the batch free, or fixes it", async () => {
    const free = await net.toModel({ wasm });
    expect(free.inputs).toEqual([{ name: "input", type: "float32", shape: ["batch", 2, 4, 4] }]);
    free.dispose();
    const { graph } = readModel(net.toOnnx({ batch: 5 }));
    expect(graph.input[0].type?.tensorType?.shape?.dim).toEqual([5, 2, 4, 4].map((dimValue) => ({ dimValue })));
    expect(errorOf(() => net.toOnnx({ batch: 0 })).message).toBe("toOnnx: batch expected an integer >= 1, got 0");
  });

  test("of a network without layers hands its input through", async () => {
    const { data } = await network({ input: [3] }, []).predict(Float32Array.of(1, 2, 3), { wasm });
    expect(data).toEqual(Float32Array.of(1, 2, 3));
  });

  test("is of the weights as they are", async () => {
    const one = network({ input: [2] }, [dense(1)]);
    one.parameter("dense1.weight").values = Float32Array.of(2, 3);
    one.parameter("dense1.bias").values[0] = 10;
    expect((await one.predict(Float32Array.of(1, 1, 2, 1), { wasm })).data).toEqual(Float32Array.of(15, 17));
  });
});

describe("refusals", () => {
  const net = network({ input: [2] }, [dense(1)]);

  test("of data that are no whole examples", async () => {
    const message = "predict: data expected a Float32Array of some times 2 values, got Float32Array of 3";
    await expect(net.predict(new Float32Array(3), { wasm })).rejects.toThrow(message);
  });

  test("of unknown parameters and of values that do not fit", () => {
    expect(errorOf(() => net.parameter("w")).message).toBe(
      "parameter: name expected dense1.weight, dense1.bias, got w",
    );
    const set = () => {
      net.parameter("dense1.bias").values = new Float32Array(2);
    };
    expect(errorOf(set).message).toBe("dense1.bias: values expected Float32Array of 1, got Float32Array of 2");
  });
});
