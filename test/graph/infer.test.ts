import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { type LanewiseError, UnsupportedError } from "../../src/errors.ts";
import type { Graph, GraphNode } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { neededInputs } from "../../src/graph/value-inputs.ts";
import { floats, integers } from "../support/onnx-model.ts";
import { expectSame, graphOf, type Line, MODULE, nodesAfter, opsAfter, scalar, weights } from "./graphs.ts";

function refused(graph: Graph): UnsupportedError {
  try {
    new Model(graph, MODULE);
  } catch (error) {
    if (error instanceof UnsupportedError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const node = (op: string, inputs: string[], outputs: string[]): GraphNode => ({
  op,
  name: `the ${op}`,
  inputs,
  outputs,
  attributes: {},
});
const x = { name: "x", type: "float32" as const, shape: [2, 3] };

describe("folding", () => {
  test("what follows from shapes and constants is computed once, and nothing is left of it", () => {
    const graph = graphOf({
      inputs: { x: [2, 3, 4] },
      lines: [
        "Shape x -> s",
        "Gather s zero -> n",
        "Mul n two -> m",
        ["Concat m rest -> shape", { axis: 0 }],
        "Reshape x shape -> y",
        "Neg y -> z",
      ],
      constants: { zero: integers(0), two: integers(2), rest: integers(-1) },
    });
    expect(nodesAfter(graph, () => 0).map(({ op }) => op)).toEqual(["Reshape", "Neg"]);
    const model = new Model(graph, MODULE);
    expect(model.runSync({ x: { data: new Float32Array(24) } }).z.shape).toEqual([4, 6]);
  });

  test("float constants fold by exact functions only", () => {
    const graph = graphOf({
      inputs: { x: [3] },
      lines: ["Add a b -> c", "Exp c -> d", "Mul x d -> y"],
      constants: { a: weights([3]), b: weights([3]) },
    });
    expect(opsAfter(graph, () => 0)).toEqual(["Exp", "Mul"]);
    expectSame(graph);
  });

  test("a whole graph of constants still gives its output", () => {
    const graph = graphOf({
      inputs: { x: [1] },
      lines: ["Add two two -> y", "Relu x -> z"],
      outputs: "y z",
      constants: { two: scalar(2) },
    });
    expect(Array.from(new Model(graph, MODULE).runSync({ x: { data: [1] } }).y.data as Float32Array)).toEqual([4]);
  });
});

describe("what is not supported", () => {
  test("is listed at once, with the name of each node", () => {
    const graph: Graph = {
      name: "",
      inputs: [x],
      outputs: [{ name: "d", type: "float32", shape: undefined }],
      nodes: [
        node("Frobnicate", ["x"], ["a"]),
        node("Relu", ["a"], ["b"]), // nothing is known behind it, nor said
        node("Twiddle", ["x"], ["c"]),
        { ...node("Celu", ["x"], ["p"]), attributes: { alpha: -1 } },
        node("Add", ["b", "c"], ["d"]),
      ],
      constants: new Map(),
    };
    const error = refused(graph);
    expect(error.message).toBe(
      "model: expected supported operators only, got\n" +
        '  Frobnicate "the Frobnicate": operator is not supported\n' +
        '  Twiddle "the Twiddle": operator is not supported\n' +
        '  Celu "the Celu": alpha of -1 is not supported',
    );
    expect(error.items.map(({ node, operator }) => [node, operator])).toEqual([
      ["the Frobnicate", "Frobnicate"],
      ["the Twiddle", "Twiddle"],
      ["the Celu", "Celu"],
    ]);
  });

  test("what is wrong is no list: the first says where", () => {
    const graph = graphOf({
      inputs: { x: [1, 3, 4, 4] },
      lines: ["Conv x w -> y"],
      constants: { w: weights([2, 5, 1, 1]) },
    });
    expect(() => new Model(graph, MODULE)).toThrow(
      'Conv "y": filter expected shape [a multiple of 1, 3, kh, kw] for 3 channels in 1 groups, got [2, 5, 1, 1]',
    );
  });
});

test("types that no kernel takes are listed at once, by the names of the file", () => {
  const graph = graphOf({
    inputs: { x: [1, 3, 5, 5] },
    lines: [
      ["Cast x -> d", { to: 11 }],
      "GlobalLpPool d -> p",
      "GlobalMaxPool d -> q",
      ["Concat p q -> y", { axis: 1 }],
    ],
  });
  expect(() => new Model(graph, MODULE)).toThrow(
    'got\n  GlobalLpPool "p": not supported for float64\n  GlobalMaxPool "q": not supported for float64',
  );
});

describe("inputs whose values shapes depend on", () => {
  const shape = { name: "shape", type: "int64" as const, shape: [2] };
  const reshape: Graph = {
    name: "",
    inputs: [x, shape],
    outputs: [{ name: "y", type: "float32", shape: undefined }],
    nodes: [node("Neg", ["x"], ["n"]), node("Reshape", ["n", "shape"], ["y"])],
    constants: new Map(),
  };
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);

  test("are taken from the feeds, each value a plan of its own", () => {
    const model = new Model(reshape, MODULE);
    for (const [a, b] of [
      [3, 2],
      [6, 1],
      [3, 2],
      [1, -1],
    ]) {
      const { y } = model.runSync({ x: { data }, shape: { data: [a, b] } });
      expect(y.shape).toEqual([a, b === -1 ? 6 : b]);
      expect(Array.from(y.data as Float32Array)).toEqual([-1, -2, -3, -4, -5, -6]);
    }
    expect(() => model.runSync({ x: { data }, shape: { data: [4, 2] } })).toThrow(
      'Reshape "the Reshape": shape expected a shape of 6 elements',
    );
  });

  test("also by way of integer arithmetic", () => {
    const graph: Graph = {
      ...reshape,
      nodes: [node("Mul", ["shape", "one"], ["s"]), node("Reshape", ["x", "s"], ["y"])],
      constants: new Map([["one", integers(1)]]),
    };
    expect(new Model(graph, MODULE).runSync({ x: { data }, shape: { data: [2, 3] } }).y.shape).toEqual([2, 3]);
  });

  test("are those behind what is needed, unless that is data", () => {
    const needs = (...items: (string | undefined)[]) =>
      items.map((value) => ({
        node: "n",
        operator: "o",
        reason: "r",
        ...(value === undefined ? {} : { needs: value }),
      }));
    expect(neededInputs(reshape, needs("shape"))).toEqual(["shape"]);
    expect(neededInputs(reshape, needs("shape", undefined, "n", "shape"))).toEqual(["shape"]);
    expect(neededInputs(reshape, needs("n"))).toEqual([]); // from x, which is data
    expect(neededInputs(reshape, needs())).toEqual([]);
    const image = { name: "shape", type: "uint8" as const, shape: [1, 2, 3] };
    expect(neededInputs({ ...reshape, inputs: [x, image] }, needs("shape"))).toEqual([]);
  });

  test("are asked for before layers are known", () => {
    expect(() => new Model(reshape, MODULE).layers()).toThrow(
      "layers: model expected to have run, as values of its inputs decide shapes, got no run",
    );
  });
});

describe("a few bytes that ask for much are refused before anything is made", () => {
  const limit = 2 ** 20;
  const refusalOf = (lines: readonly Line[], constants: Readonly<Record<string, HostTensor>>, shape = [1, 2]) => {
    const graph = graphOf({ inputs: { x: shape }, lines, constants });
    try {
      new Model(graph, MODULE, { memoryLimit: limit }).dispose();
    } catch (error) {
      return `${(error as LanewiseError).code}: ${(error as Error).message}`;
    }
    throw new Error("it was not refused");
  };
  const wide = integers(1, 1_000_000_000);

  test.each<[string, readonly Line[], Record<string, HostTensor>]>([
    ["Expand", ["Expand one wide -> y"], { one: floats([1], 1), wide }],
    ["Tile", ["Tile x wide -> y"], { wide }],
    ["Pad", ["Pad x pads -> y"], { pads: integers(0, 0, 0, 1_000_000_000) }],
    ["ConstantOfShape", ["ConstantOfShape wide -> y"], { wide }],
    ["Range", ["Range zero many one -> y"], { zero: scalar(0), many: scalar(1e9), one: scalar(1) }],
    ["Resize", [["Resize x _ _ wide -> y", { mode: "linear" }]], { wide }],
    ["ConstantOfShape", ["ConstantOfShape flat -> y"], { flat: integers(0, 1_000_000_000) }],
  ])("%s", (op, lines, constants) => {
    expect(refusalOf(lines, constants)).toMatch(
      new RegExp(`^memory-limit: ${op} "y": output 0 expected to stay within ${limit} bytes, got shape \\[`),
    );
  });

  test("inputs, and extents that are none", () => {
    expect(refusalOf(["Relu x -> y"], {}, [1_000_000, 1])).toBe(
      `memory-limit: input "x": shape expected to stay within ${limit} bytes, got shape [1000000, 1]`,
    );
    expect(refusalOf(["ConstantOfShape less -> y"], { less: integers(2, -1) })).toBe(
      'shape: ConstantOfShape "y": output 0 expected extents of at least 0, got [2, -1]',
    );
    expect(refusalOf([["Split x -> a b", { num_outputs: 1_000_000_000, axis: 1 }]], {})).toBe(
      'argument: Split "a": num_outputs expected 2, the outputs, got 1000000000',
    );
    expect(refusalOf(["Sum -> y"], {})).toBe('argument: Sum "y": input 0 expected a tensor, got none');
  });
});
