// Networks whose numbers are stored in 8 bits between operators of floats: what the passes make of them.
import { describe, expect, it, test } from "vitest";
import type { DataType, HostTensor } from "../src/dtype.ts";
import type { Attribute, Graph, GraphNode } from "../src/graph/graph.ts";
import { Dequantized } from "../src/graph/lazy.ts";
import { Model } from "../src/graph/model.ts";
import { NodeView } from "../src/graph/operator.ts";
import { findOperator } from "../src/graph/operators/index.ts";
import { importModel } from "../src/onnx/import.ts";
import { readModel } from "../src/onnx/proto.ts";
import { tensor } from "./operators/movement-graphs.ts";
import { compileBuild } from "./support/builds.ts";
import { describeShared, readBytes, readTestSets } from "./support/fixtures.ts";
import { Random } from "./support/random.ts";

const MODULE = compileBuild("release");
const random = new Random(20260414);
const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
const numbers = ({ data }: HostTensor) => Array.from(data as ArrayLike<number>);
const scalar = (type: DataType, value: number) => tensor(type, [], [value]);

function whole(type: DataType, shape: readonly number[], least: number, most: number): HostTensor {
  return tensor(
    type,
    shape,
    Array.from({ length: size(shape) }, () => random.integer(least, most)),
  );
}

function node(op: string, inputs: string[], output: string, attributes: Record<string, Attribute> = {}): GraphNode {
  return { op, name: output, inputs, outputs: [output], attributes };
}

interface Layer {
  readonly op?: "Conv" | "Gemm" | "GlobalAveragePool";
  readonly x: readonly number[];
  readonly w?: readonly number[];
  readonly wScale?: HostTensor;
  readonly attributes?: Record<string, Attribute>;
  /** Between the operator and QuantizeLinear. */
  readonly between?: readonly GraphNode[];
  readonly yType?: "int8" | "uint8";
  readonly yZero?: number;
  readonly yScale?: number;
  /** Float constants, instead of a stored bias. */
  readonly bias?: HostTensor;
  readonly constants?: Readonly<Record<string, HostTensor>>;
  readonly outputs?: readonly string[];
}

/** x (uint8), read, an operator on it with a stored filter and bias, and its result stored as y. */
function layer({ op = "Conv", x, w, yType = "uint8", yZero = 100, yScale = 40, ...rest }: Layer): Graph {
  const OC = w?.[0] ?? 0;
  const wScale = rest.wScale ?? scalar("float32", 0.25);
  const scales = numbers(wScale);
  const biasScale = tensor(
    "float32",
    wScale.shape,
    scales.map((scale) => Math.fround(0.5 * scale)),
  );
  const stored = w
    ? {
        wq: whole("int8", w, -128, 127),
        ws: wScale,
        wz: tensor(
          "int8",
          wScale.shape,
          scales.map(() => 0),
        ),
        bs: biasScale,
        bq: whole("int32", [OC], -5000, 5000),
      }
    : {};
  const last = rest.between?.at(-1)?.outputs[0] ?? "z";
  return {
    name: "layer",
    inputs: [{ name: "x", type: "uint8", shape: x }],
    outputs: (rest.outputs ?? ["y"]).map((name) => ({ name, type: "float32" as const, shape: undefined })),
    nodes: [
      node("DequantizeLinear", ["x", "xs", "xz"], "xf"),
      ...(w ? [node("DequantizeLinear", ["wq", "ws", "wz"], "wf", { axis: 0 })] : []),
      ...(w && !rest.bias ? [node("DequantizeLinear", ["bq", "bs"], "bf", { axis: 0 })] : []),
      node(op, w ? ["xf", "wf", "bf"] : ["xf"], "z", rest.attributes ?? {}),
      ...(rest.between ?? []),
      node("QuantizeLinear", [last, "ys", "yz"], "y"),
    ],
    constants: new Map<string, HostTensor>([
      ["xs", scalar("float32", 0.5)],
      ["xz", scalar("uint8", 77)],
      ["ys", scalar("float32", yScale)],
      ["yz", scalar(yType, yZero)],
      ...Object.entries(stored),
      ...(rest.bias ? [["bf", rest.bias] as const] : []),
      ...Object.entries(rest.constants ?? {}),
    ]),
  };
}

function run(graph: Graph, feeds: Record<string, HostTensor>) {
  const model = new Model(graph, MODULE);
  const results = model.runSync(feeds);
  const layers = model.layers();
  model.dispose();
  return { results, operators: layers.map(({ operator }) => operator), layers };
}

/** The same graph with every value between its nodes an output too: no two of them can become one. */
function apart(graph: Graph): Graph {
  const names = graph.nodes.filter(({ op }) => op !== "Reshape").flatMap(({ outputs }) => outputs);
  const between = [...new Set(names)].filter((name) => !graph.outputs.some((output) => output.name === name));
  const more = between.map((name) => ({ name, type: "float32" as const, shape: undefined }));
  return { ...graph, outputs: [...graph.outputs, ...more] };
}

/** Scales are powers of two, so that floats are exact too. */
function expectSame(graph: Graph, x: HostTensor): ReturnType<typeof run> {
  const [together, separate] = [run(graph, { x }), run(apart(graph), { x })];
  expect(separate.operators).toContain("QuantizeLinear");
  expect(separate.operators).not.toContain("QLinearConv");
  const want = separate.results["y"];
  expect(together.results["y"].type).toBe(want.type);
  expect(together.results["y"].shape).toEqual(want.shape);
  expect(numbers(together.results["y"])).toEqual(numbers(want));
  expect(new Set(numbers(want)).size).toBeGreaterThan(1);
  return together;
}

const IMAGE = [2, 6, 7, 5];
const image = () => whole("uint8", IMAGE, 0, 255);

describe("a convolution that reads and writes stored numbers", () => {
  const common = { x: IMAGE, w: [9, 6, 3, 3], attributes: { pads: [1, 1, 1, 1] }, yScale: 64 };

  it("becomes one of integers, with the same result", () => {
    const { operators } = expectSame(layer(common), image());
    expect(operators.filter((op) => op !== "Transpose")).toEqual(["QLinearConv"]);
    expectSame(layer({ ...common, yType: "int8", yZero: -20 }), image());
  });

  it("with a scale a channel, groups, strides", () => {
    const wScale = tensor("float32", [6], [0.25, 0.5, 0.125, 1, 0.25, 0.0625]);
    const attributes = { group: 3, strides: [2, 1] };
    const { operators } = expectSame(layer({ x: IMAGE, w: [6, 2, 3, 2], wScale, attributes, yScale: 16 }), image());
    expect(operators).toContain("QLinearConv");
    const depthwise = layer({ x: IMAGE, w: [6, 1, 3, 3], wScale, attributes: { group: 6 }, yScale: 8 });
    expect(expectSame(depthwise, image()).operators).toContain("QLinearConv");
  });

  test.each<[string, GraphNode[], Record<string, HostTensor>, number]>([
    ["a relu, at the end of the range", [node("Relu", ["z"], "r")], {}, 0],
    ["a relu, within the range", [node("Relu", ["z"], "r")], {}, 100],
    [
      "a clip",
      [node("Clip", ["z", "lo", "hi"], "r")],
      { lo: scalar("float32", -1000), hi: scalar("float32", 3000) },
      100,
    ],
    [
      "a clip at a half",
      [node("Clip", ["z", "lo", "hi"], "r")],
      { lo: scalar("float32", -96), hi: scalar("float32", 160) },
      100,
    ],
    [
      "a clip that leaves one value",
      [node("Clip", ["z", "lo", "hi"], "r"), node("Relu", ["r"], "s")],
      { lo: scalar("float32", -640), hi: scalar("float32", 200) },
      100,
    ],
  ])("with %s before the result is stored", (_, between, constants, yZero) => {
    const { operators } = expectSame(layer({ ...common, between, constants, yZero }), image());
    expect(operators.filter((op) => op !== "Transpose")).toEqual(["QLinearConv"]);
  });

  it("is exact where sums of floats are not", () => {
    // 255 * 127 * 600 and more: beyond 2^24, all of one sign but one.
    const shape = [1, 1200, 1, 1];
    const graph = layer({ x: shape, w: [1, 1200, 1, 1], yScale: 0.125, yZero: 0 });
    const constants = new Map(graph.constants);
    constants.set("xz", scalar("uint8", 0));
    const filter = new Int8Array(1200).fill(127, 0, 600).fill(-127, 600);
    filter[1199] = -126;
    constants.set("wq", { type: "int8", shape: [1, 1200, 1, 1], data: filter });
    constants.set("bq", tensor("int32", [1], [-250]));
    const x = tensor("uint8", shape, new Array(1200).fill(255));
    const { results, operators } = run({ ...graph, constants }, { x });
    expect(operators).toEqual(["QLinearConv"]);
    expect(numbers(results["y"])).toEqual([5]);
  });

  it("stays one of floats where it cannot be: the values are then rounded", () => {
    const stays = (graph: Graph) => {
      const { operators } = run(graph, { x: image() });
      expect(operators).not.toContain("QLinearConv");
      expect(operators).toContain("Conv");
    };
    const bias = tensor(
      "float32",
      [9],
      Array.from({ length: 9 }, (_, i) => i + 0.3),
    );
    stays(layer({ ...common, bias })); // no whole numbers of steps
    stays(layer({ ...common, between: [node("Sigmoid", ["z"], "r")] }));
    stays(layer({ ...common, outputs: ["y", "z"] }));
    const wide = layer(common);
    stays({ ...wide, constants: new Map([...wide.constants, ["yz", scalar("uint16", 100)]]) });
    const fed = layer(common);
    const inputs = [...fed.inputs, { name: "ys", type: "float32" as const, shape: [] }];
    const constants = new Map([...fed.constants].filter(([name]) => name !== "ys"));
    const { operators } = run({ ...fed, inputs, constants }, { x: image(), ys: scalar("float32", 64) });
    expect(operators).toEqual(expect.arrayContaining(["Conv", "QuantizeLinear"]));
  });
});

describe("other operators between stored numbers", () => {
  it("a product of matrices becomes a convolution of integers", () => {
    const graph = layer({ op: "Gemm", x: [5, 12], w: [7, 12], attributes: { transB: 1 }, yScale: 64 });
    const { operators } = expectSame(graph, whole("uint8", [5, 12], 0, 255));
    expect(operators).toEqual(["QLinearConv"]);
    const scaled = layer({ op: "Gemm", x: [5, 12], w: [7, 12], attributes: { transB: 1, alpha: 0.5 }, yScale: 64 });
    expect(expectSame(scaled, whole("uint8", [5, 12], 0, 255)).operators).toContain("Gemm");
  });

  it("a mean over images sums integers, and its halves go to the even neighbour", () => {
    const x = tensor("uint8", [1, 4, 2, 2], [77, 77, 77, 79, 77, 77, 79, 81, 80, 81, 82, 83, 0, 255, 0, 255]);
    const graph = layer({ op: "GlobalAveragePool", x: [1, 4, 2, 2], yScale: 0.5, yZero: 0 });
    const { results, operators } = run(graph, { x });
    expect(operators.filter((op) => op !== "Transpose")).toEqual(["QLinearConv"]);
    // Sums less the zero point: 2, 6, 18, 202; quarters of them: 0.5, 1.5, 4.5, 50.5.
    expect(numbers(results["y"])).toEqual([0, 2, 4, 50]);
  });
});

describe("a stored filter", () => {
  it("is read anew whenever its floats are wanted", () => {
    const [x, scale] = [whole("int8", [4, 3], -128, 127), tensor("float32", [4], [1, 2, 3, 4])];
    const dequantize = node("DequantizeLinear", ["x", "s"], "y", { axis: 0 });
    const types = new Map([x, scale].map((each, i) => ["xs"[i], { type: each.type, shape: each.shape }] as const));
    const view = new NodeView(dequantize, types, new Map());
    const [y] = findOperator("DequantizeLinear")?.evaluate?.(view, [x, scale]) ?? [];
    expect(y).toBeInstanceOf(Dequantized);
    expect(y.data).toEqual(y.data);
    expect(y.data).not.toBe(y.data);
    expect(numbers(y)).toEqual(numbers(x).map((value, i) => value * (1 + Math.floor(i / 3))));
  });

  it("of a convolution of floats is packed as its floats would be", () => {
    const w = whole("int8", [8, 3, 3, 3], -128, 127);
    const scale = tensor(
      "float32",
      [8],
      Array.from({ length: 8 }, (_, i) => (i + 1) / 64),
    );
    const x: HostTensor = { type: "float32", shape: [1, 3, 6, 6], data: new Float32Array(random.values(108)) };
    const base = {
      name: "",
      inputs: [{ name: "x", type: "float32" as const, shape: x.shape }],
      outputs: [{ name: "y", type: "float32" as const, shape: undefined }],
    };
    const conv = node("Conv", ["x", "wf"], "y");
    const stored = run(
      {
        ...base,
        nodes: [node("DequantizeLinear", ["w", "s"], "wf", { axis: 0 }), conv],
        constants: new Map([
          ["w", w],
          ["s", scale],
        ]),
      },
      { x },
    );
    const floats = Float32Array.from(numbers(w), (value, i) => (value * (Math.floor(i / 27) + 1)) / 64);
    const plain = run(
      {
        ...base,
        nodes: [conv],
        constants: new Map([["wf", { type: "float32" as const, shape: w.shape, data: floats }]]),
      },
      { x },
    );
    expect(stored.results["y"].data).toEqual(plain.results["y"].data);
    expect(stored.operators).toEqual(plain.operators);
  });
});

describeShared("quantised MobileNetV2", "models/mobilenetv2-int8-qdq", (folder) => {
  const model = new Model(importModel(readModel(readBytes(`${folder}/model.onnx`))), MODULE);
  const [{ inputs, outputs }] = readTestSets(folder);
  const results = model.runSync({ image: inputs[0] });

  it("gives the outputs of its test set, every bit", () => {
    expect(Object.values(results)[0].data).toEqual(outputs[0].data);
  });

  it("runs in integers but for ten additions", () => {
    const counts = new Map<string, number>();
    for (const { operator } of model.layers()) counts.set(operator, (counts.get(operator) ?? 0) + 1);
    expect(counts.get("QLinearConv")).toBe(54); // 52 convolutions, a mean, a product of matrices
    expect(counts.get("Add")).toBe(10);
    for (const gone of ["Conv", "Gemm", "Cast", "Identity", "GlobalAveragePool"]) expect(counts.has(gone)).toBe(false);
    expect(model.layers().map(({ algorithm }) => algorithm)).not.toContain("host");
  });

  it("takes half the memory for weights that floats would take", () => {
    expect(model.memory.weights).toBeLessThan(7.5e6);
  });
});
