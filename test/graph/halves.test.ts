// Networks of 16-bit floats, each beside its float32 twin with the same weights: what leaves them is the twin's result, rounded.
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { Draft } from "../../src/graph/draft.ts";
import type { Feeds } from "../../src/graph/feeds.ts";
import type { HalfType } from "../../src/graph/halves.ts";
import { Model } from "../../src/graph/model.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../src/half.ts";
import { importModel } from "../../src/onnx/import.ts";
import type { ModelProto, ValueInfoProto } from "../../src/onnx/proto.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { codeOf, decodeTensor, encodeTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { compileBuild } from "../support/builds.ts";
import { floats, graph as graphProto, integers, model, node, type Parts, value } from "../support/onnx-model.ts";
import { Random } from "../support/random.ts";

const MODULE = compileBuild("release");
const random = new Random(160_016);

const FORMATS = {
  float16: { narrow: float32ToFloat16, widen: float16ToFloat32 },
  bfloat16: { narrow: float32ToBfloat16, widen: bfloat16ToFloat32 },
} as const;

function bits(type: HalfType, values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return FORMATS[type].narrow(Float32Array.from(values)) as Uint16Array<ArrayBuffer>;
}

/** The values that a 16-bit float has nearest to these. */
function nearest(type: HalfType, values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  return FORMATS[type].widen(bits(type, values));
}

function weights(type: HalfType, shape: readonly number[], scale = 1): HostTensor {
  return { type: "float32", shape, data: nearest(type, random.tensor(shape, scale).data) };
}

/** The same model with all that is float32 in 16 bits. */
function halved(proto: ModelProto, type: HalfType): ModelProto {
  const half = (info: ValueInfoProto): ValueInfoProto => {
    const tensorType = info.type?.tensorType;
    return tensorType?.elemType === codeOf("float32")
      ? { ...info, type: { tensorType: { ...tensorType, elemType: codeOf(type) } } }
      : info;
  };
  const { graph } = proto;
  const initializer = graph.initializer.map((tensor) => {
    const decoded = decodeTensor(tensor);
    if (decoded.type !== "float32") return tensor;
    const data = bits(type, decoded.data as Float32Array);
    return encodeTensor({ type, shape: decoded.shape, data }, tensor.name);
  });
  return { ...proto, graph: { ...graph, initializer, input: graph.input.map(half), output: graph.output.map(half) } };
}

/** A small network with most that convolutional networks have. */
function network(type: HalfType): ModelProto {
  const constants = {
    stem: weights(type, [16, 3, 3, 3], 0.3),
    stemBias: weights(type, [16]),
    gamma: weights(type, [16]),
    beta: weights(type, [16]),
    mean: weights(type, [16]),
    variance: { type: "float32", shape: [16], data: nearest(type, random.values(16).map(Math.abs)) } as HostTensor,
    depth: weights(type, [16, 1, 3, 3], 0.5),
    wide: weights(type, [32, 32, 3, 3], 0.1),
    factors: floats([4], 1, 1, 2, 2),
    dense: weights(type, [32, 10], 0.3),
    denseBias: weights(type, [10]),
    small: weights(type, [1, 10]),
  };
  const pads = [1, 1, 1, 1];
  const nodes = [
    node("Conv", "x stem stemBias", "a", { strides: [2, 2], pads }),
    node("BatchNormalization", "a gamma beta mean variance", "b"),
    node("Relu", "b", "c"),
    node("Conv", "c depth", "d", { group: 16, pads }),
    node("Sigmoid", "d", "e"),
    node("Mul", "d e", "f"),
    node("Add", "f c", "g"),
    node("MaxPool", "g", "h", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Resize", "h _ factors", "i", { mode: "linear" }),
    node("Concat", "i g", "j", { axis: 1 }),
    node("Conv", "j wide", "k", { pads }),
    node("GlobalAveragePool", "k", "l"),
    node("Flatten", "l", "m"),
    node("Gemm", "m dense denseBias", "n"),
    node("Add", "n small", "o"),
    node("Softmax", "o", "y"),
  ];
  return model({ nodes, inputs: [value("x", [1, 3, 24, 20])], outputs: "y k", constants });
}

function loaded(proto: ModelProto): { model: Model; bytes: number } {
  const file = writeModel(proto);
  return { model: new Model(importModel(readModel(file)), MODULE), bytes: file.length };
}

describe.each(["float16", "bfloat16"] as const)("a network of %s", (type) => {
  const proto = network(type);
  const x = nearest(type, random.values(3 * 24 * 20, 2));
  const full = loaded(proto);
  const half = loaded(halved(proto, type));
  const want = full.model.runSync({ x: { data: x } });

  test("gives the float32 twin's results, rounded", () => {
    const got = half.model.runSync({ x: { data: bits(type, x) } });
    for (const name of ["y", "k"]) {
      const data = bits(type, want[name].data as Float32Array);
      expect(got[name]).toEqual({ type, shape: want[name].shape, data });
      expect(new Set(data).size).toBeGreaterThan(5);
    }
  });

  test("takes its input as numbers too, which it rounds", () => {
    const got = half.model.runSync({ x: { data: bits(type, x) } });
    // Less than half a step away.
    const near = x.map((v) => v * (1 + 2 ** -14));
    expect(half.model.runSync({ x: { data: near } })).toEqual(got);
    expect(half.model.runSync({ x: { data: [...near] } })).toEqual(got);
    expect(() => half.model.runSync({ x: { data: new Float64Array(x) } })).toThrow(
      `run: input "x" expected ${type}, got`,
    );
  });

  test("is half the file, and no larger in memory", () => {
    expect(half.bytes).toBeLessThan(0.6 * full.bytes);
    expect(half.model.memory).toEqual(full.model.memory);
    expect([half.model.inputs[0].type, half.model.outputs[0].type]).toEqual([type, type]);
  });

  test("between casts at both ends gives the float32 results as they are", () => {
    const inner = halved(proto, type).graph;
    const to = { to: codeOf(type) };
    const casts = [node("Cast", "in", "x", to), ...inner.node, node("Cast", "y", "out", { to: 1 })];
    const { graph } = model({ nodes: casts, inputs: [value("in", [1, 3, 24, 20])], outputs: "out" });
    const kept = loaded({ ...proto, graph: { ...graph, initializer: inner.initializer } });
    const { out } = kept.model.runSync({ in: { data: x.map((v) => v * (1 + 2 ** -14)) } });
    expect(out).toEqual(want["y"]);
  });

  test("of a shape known at the run only", () => {
    const free = halved(proto, type);
    const input = [{ ...value("x", [1, 3, "h", "w"]) }];
    const dynamic = loaded({
      ...free,
      graph: { ...free.graph, input: halved({ ...proto, graph: { ...proto.graph, input } }, type).graph.input },
    });
    const got = dynamic.model.runSync({ x: { data: bits(type, x), shape: [1, 3, 24, 20] } });
    expect(got["k"].data).toEqual(bits(type, want["k"].data as Float32Array));
  });
});

/** Runs a model of float16 and its float32 twin, and expects the results of one to be those of the other, rounded. */
function expectTwins(parts: Parts, feeds: Readonly<Record<string, readonly number[]>>): Float32Array {
  const proto = model({ opset: 20, ...parts });
  const shapes = Object.entries(feeds);
  const at = (make: (values: Float32Array) => HostTensor["data"]): Feeds =>
    Object.fromEntries(
      shapes.map(([name, shape], i) => [name, { shape, data: make(new Random(i + 1).tensor(shape).data) }]),
    );
  const want = loaded(proto).model.runSync(at((v) => nearest("float16", v)))[parts.outputs];
  const got = loaded(halved(proto, "float16")).model.runSync(at((v) => bits("float16", v)))[parts.outputs];
  expect(got).toEqual({ type: "float16", shape: want.shape, data: bits("float16", want.data as Float32Array) });
  return want.data as Float32Array;
}

describe("float16 through", () => {
  const image = { inputs: [value("x", [1, 4, 6, 5])] };
  const fed = (name: string, shape: number[]) => ({ inputs: [...image.inputs, value(name, shape)] });
  const X = { x: [1, 4, 6, 5] };

  test.each([
    ["AveragePool", { kernel_shape: [2, 2] }],
    ["LpPool", { kernel_shape: [2, 2] }],
    ["GlobalMaxPool", {}],
    ["HardSwish", {}],
    ["Gelu", {}],
    ["LRN", { size: 3 }],
    ["ReduceMean", {}],
    ["LogSoftmax", { axis: 1 }],
    ["Transpose", { perm: [0, 2, 3, 1] }],
    ["DepthToSpace", { blocksize: 2 }],
    ["IsNaN", {}],
  ])("%s", (op, attributes) => {
    if (op === "IsNaN") {
      const nodes = [node(op, "x", "nan"), node("Where", "nan x x", "y")];
      expectTwins({ ...image, nodes, outputs: "y" }, X);
    } else expectTwins({ ...image, nodes: [node(op, "x", "y", attributes)], outputs: "y" }, X);
  });

  test("convolutions and products with weights that are fed", () => {
    expectTwins(
      { ...fed("w", [8, 4, 3, 3]), nodes: [node("Conv", "x w", "y")], outputs: "y" },
      { ...X, w: [8, 4, 3, 3] },
    );
    expectTwins(
      { ...fed("w", [4, 3, 2, 2]), nodes: [node("ConvTranspose", "x w", "y")], outputs: "y" },
      { ...X, w: [4, 3, 2, 2] },
    );
    expectTwins({ ...fed("w", [5, 7]), nodes: [node("MatMul", "x w", "y")], outputs: "y" }, { ...X, w: [5, 7] });
  });

  test("branches, and constants in them", () => {
    const then_branch = graphProto({
      nodes: [node("Add", "x one", "r")],
      outputs: "r",
      constants: { one: floats([1], 1) },
    });
    const condition: HostTensor = { type: "bool", shape: [], data: Uint8Array.of(1) };
    const constants = { condition };
    const proto = model({
      ...image,
      nodes: [node("If", "condition", "y", { then_branch, else_branch: then_branch })],
      outputs: "y",
      constants,
    });
    const inner = halved({ ...proto, graph: then_branch }, "float16").graph;
    const half = halved(proto, "float16");
    const [branch] = half.graph.node;
    const attribute = branch.attribute.map((each) => ({ ...each, g: inner }));
    const { model: m } = loaded({ ...half, graph: { ...half.graph, node: [{ ...branch, attribute }] } });
    const x = nearest("float16", random.values(120));
    const { y } = m.runSync({ x: { data: bits("float16", x) } });
    expect(y).toEqual({
      type: "float16",
      shape: [1, 4, 6, 5],
      data: bits(
        "float16",
        x.map((v) => v + 1),
      ),
    });
  });

  test("inputs and constants that are outputs as they are", () => {
    const got = loaded(
      halved(
        model({
          nodes: [node("Identity", "x", "y"), node("Identity", "c", "z")],
          inputs: [value("x", [3])],
          outputs: "y z",
          constants: { c: floats([2], 0.5, -7) },
        }),
        "float16",
      ),
    ).model.runSync({ x: { data: Uint16Array.of(0x7c00, 0x8001, 0x3c01) } });
    expect(got["y"]).toEqual({ type: "float16", shape: [3], data: Uint16Array.of(0x7c00, 0x8001, 0x3c01) });
    expect(got["z"]).toEqual({ type: "float16", shape: [2], data: bits("float16", [0.5, -7]) });
  });
});

describe("casts", () => {
  const cast = (from: "float32" | "uint8" | "int64", lines: string[], feed: HostTensor["data"]) => {
    const nodes = lines.map((to, i) => node("Cast", i ? `v${i}` : "x", `v${i + 1}`, { to: codeOf(to as HalfType) }));
    const input = {
      ...value("x", [feed.length]),
      type: { tensorType: { elemType: codeOf(from), shape: { dim: [{ dimValue: feed.length }] } } },
    };
    const { model: m } = loaded(model({ nodes, inputs: [input], outputs: `v${lines.length}` }));
    const algorithms = m.layers().map(({ algorithm }) => algorithm);
    return { ...m.runSync({ x: { data: feed } })[`v${lines.length}`], algorithms };
  };

  test("from a wider type round, beyond the largest to infinity", () => {
    const feed = Float32Array.of(1.0003, 0.1, 70_000, -65_519, 1e-9);
    const { data } = cast("float32", ["float16", "float32"], feed);
    expect(data).toEqual(nearest("float16", feed));
    expect(data[2]).toBe(Infinity);
    expect(cast("float32", ["bfloat16", "float32"], feed).data).toEqual(nearest("bfloat16", feed));
    expect(cast("int64", ["float16", "int64"], BigInt64Array.of(2049n, -3n)).data).toEqual(
      BigInt64Array.of(2048n, -3n),
    );
  });

  test("from bytes are exact, and run on a kernel", () => {
    const feed = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { type, data, algorithms } = cast("uint8", ["float16"], feed);
    expect([type, algorithms]).toEqual(["float16", ["dequantize"]]);
    expect(data).toEqual(bits("float16", feed));
    expect(cast("uint8", ["bfloat16", "uint8"], feed).data).toEqual(feed);
  });

  test("to the type of another tensor", () => {
    const proto = model({
      nodes: [node("CastLike", "x like", "y")],
      inputs: [value("x", [2])],
      outputs: "y",
      constants: { like: { type: "float16", shape: [1], data: Uint16Array.of(0) } },
    });
    const { y } = loaded(proto).model.runSync({ x: { data: Float32Array.of(0.1, 3) } });
    expect(y).toEqual({ type: "float16", shape: [2], data: bits("float16", [0.1, 3]) });
  });
});

test("large constants stay in 16 bits until they are packed", () => {
  const c: HostTensor = { type: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7c00) };
  const shape = integers(3);
  const graph = importModel(
    model({ nodes: [node("Add", "x c", "y")], inputs: [value("x", [3])], outputs: "y", constants: { c, shape } }),
  );
  const draft = new Draft(graph, new Map([["x", { type: "float16", shape: [3] }]]));
  expect(draft.types.get("c")).toEqual({ type: "float32", shape: [3] });
  expect(draft.constants.get("c")).toMatchObject({ stored: { data: c.data } });
  expect(draft.constants.get("c")?.data).toEqual(Float32Array.of(1, -2, Infinity));
  expect([...draft.halves]).toEqual([
    ["x", "float16"],
    ["c", "float16"],
  ]);
});
