// Transpositions that meet, reshapes between images and products, concatenation and splitting without copies.
import { describe, expect, test } from "vitest";
import { Model } from "../../src/graph/model.ts";
import { PASSES } from "../../src/graph/passes/all.ts";
import { permuteRows } from "../../src/graph/passes/flatten.ts";
import { concatInPlace } from "../../src/graph/passes/in-place.ts";
import { LAYOUT_ONLY } from "../../src/graph/passes/index.ts";
import { sinkTransposes } from "../../src/graph/passes/transpose.ts";
import { integers } from "../support/onnx-model.ts";
import { conv, expectSame, graphOf, type Line, MODULE, nodesAfter, opsAfter, weights } from "./graphs.ts";

const copies = (algorithms: readonly string[]) =>
  algorithms.filter((name) => name === "copy" || name.startsWith("transpose"));

describe("transpositions", () => {
  test("two in a row become one, or none", () => {
    const lines: Line[] = [
      ["Transpose x -> a", { perm: [0, 2, 3, 1] }],
      ["Transpose a -> b", { perm: [0, 3, 1, 2] }],
      "Neg b -> y",
    ];
    const back = graphOf({ inputs: { x: [2, 3, 4, 5] }, lines });
    expect(opsAfter(back)).toEqual(["Neg"]);
    const on = graphOf({
      inputs: { x: [2, 3, 4, 5] },
      lines: [lines[0], ["Transpose a -> b", { perm: [1, 0, 3, 2] }], "Exp b -> y"],
    });
    expect(nodesAfter(on, sinkTransposes).at(-1)?.attributes).toEqual({ perm: [2, 0, 1, 3] });
    expectSame(back);
    expectSame(on);
  });

  test("sink behind functions of single elements until they meet", () => {
    const lines: Line[] = [
      ["Transpose x -> a", { perm: [2, 0, 1] }],
      "Sigmoid a -> b",
      "Add b k -> c",
      ["Transpose x -> d", { perm: [2, 0, 1] }],
      "Mul d c -> e",
      ["Transpose e -> y", { perm: [1, 2, 0] }],
    ];
    const graph = graphOf({ inputs: { x: [2, 3, 4] }, lines, constants: { k: weights([2, 3]) } });
    expect(opsAfter(graph)).toEqual(["Sigmoid", "Add", "Mul", "Transpose"]);
    expect(copies(expectSame(graph))).toEqual([]);
  });

  test("stay where others read them, or operands differ in order", () => {
    const lines: Line[] = [["Transpose x -> a", { perm: [1, 0] }], "Sigmoid a -> b", "Add b z -> c"];
    const graph = graphOf({ inputs: { x: [2, 3], z: [3, 2] }, lines, outputs: "c a" });
    expect(opsAfter(graph, sinkTransposes)).toEqual(["Transpose", "Sigmoid", "Add"]);
    expectSame(graph);
  });

  test("of a channels-last model cancel, activations and all", () => {
    const last = { perm: [0, 2, 3, 1] };
    const first = { perm: [0, 3, 1, 2] };
    const lines: Line[] = [
      ["Transpose x -> a", first],
      conv("Conv a w -> b"),
      ["Transpose b -> c", last],
      "Add c k -> d",
      "Relu d -> e",
      ["Transpose e -> f", first],
      conv("Conv f v -> g"),
      ["Transpose g -> y", last],
    ];
    const constants = { w: weights([8, 3, 3, 3]), k: weights([8]), v: weights([4, 8, 3, 3]) };
    const graph = graphOf({ inputs: { x: [1, 6, 7, 3] }, lines, constants });
    expect(opsAfter(graph).filter((op) => op !== "Transpose" && op !== "Identity")).toEqual(["Conv", "Conv"]);
    expect(copies(expectSame(graph))).toEqual([]);
  });
});

describe("between images and products", () => {
  const constants = {
    w: weights([8, 3, 3, 3]),
    down: weights([8 * 4 * 5, 6]),
    across: weights([6, 8 * 4 * 5]),
    up: weights([6, 8 * 4 * 5]),
    row: weights([8 * 4 * 5]),
    flat: integers(2, 160),
    image: integers(2, 8, 4, 5),
  };
  const start = conv("Conv x w -> a");
  const down: readonly [string, Line[]][] = [
    ["Flatten and Gemm", ["Flatten a -> b", "Gemm b down -> y"]],
    ["Reshape and a transposed Gemm", ["Reshape a flat -> b", ["Gemm b across -> y", { transB: 1 }]]],
    ["Flatten and MatMul", ["Flatten a -> b", "MatMul b down -> y"]],
  ];
  test.each(down)("%s: the weights are permuted", (_, lines) => {
    const graph = graphOf({ inputs: { x: [2, 3, 4, 5] }, lines: [start, ...lines], constants });
    expect(opsAfter(graph)).toEqual(["Transpose", "Conv", "Reshape", expect.stringMatching(/Gemm|MatMul/)]);
    expect(copies(expectSame(graph))).toHaveLength(1); // the input's
  });

  const up: readonly [string, Line][] = [
    ["Gemm", "Gemm z up row -> a"],
    ["MatMul", "MatMul z up -> a"],
    ["a transposed Gemm", ["Gemm z down row -> a", { transB: 1 }]],
  ];
  test.each(up)("%s and Reshape: the columns are permuted", (_, product) => {
    const lines = [product, "Reshape a image -> b", conv("Conv b v -> c"), "GlobalMaxPool c -> y"];
    const graph = graphOf({ inputs: { z: [2, 6] }, lines, constants: { ...constants, v: weights([4, 8, 3, 3]) } });
    expect(copies(expectSame(graph))).toEqual([]);
  });

  test("not where others read the flat image", () => {
    const graph = graphOf({
      inputs: { x: [2, 3, 4, 5] },
      lines: [start, "Flatten a -> b", "Gemm b down -> y", "Neg b -> z"],
      outputs: "y z",
      constants,
    });
    expect(nodesAfter(graph).find(({ op }) => op === "Gemm")?.inputs[1]).toBe("down");
    expect(opsAfter(graph, permuteRows)).not.toContain("Transpose");
    expectSame(graph);
  });
});

describe("concatenation", () => {
  const constants = {
    w: weights([8, 4, 3, 3]),
    v: weights([12, 4, 1, 1]),
    d: weights([4, 1, 3, 3]),
    t: weights([4, 8, 1, 1]),
    last: weights([5, 24, 1, 1]),
  };
  const inPlaceOf = (graph: ReturnType<typeof graphOf>) =>
    nodesAfter(graph)
      .filter(({ op }) => op === "Concat")
      .map(({ attributes }) => attributes["inPlace"] ?? []);

  const fire = (axis: number, N = 1): ReturnType<typeof graphOf> =>
    graphOf({
      inputs: { x: [N, 4, 6, 6] },
      lines: [
        conv("Conv x w -> a"),
        "Relu a -> b",
        conv("Conv x v -> c", 0),
        ["Conv x d -> e", { group: 4, pads: [1, 1, 1, 1] }],
        ["Concat b c e -> f", { axis }],
        conv("Conv f last -> y", 0),
      ],
      constants,
    });

  test.each([1, 2])("convolutions write into it, batch of %d", (N) => {
    expect(inPlaceOf(fire(1, N))).toEqual([[0, 1, 2]]);
    expect(expectSame(fire(1, N))).not.toContain("copy");
    expect(expectSame(fire(-3, N))).not.toContain("copy");
  });

  test("pools, transposed convolutions and residuals too; readers of a part step over the rest", () => {
    const graph = graphOf({
      inputs: { x: [2, 4, 6, 6] },
      lines: [
        ["MaxPool x -> a", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
        ["AveragePool a -> b", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
        ["ConvTranspose b t -> c", {}],
        conv("Conv c s -> g"),
        "Add g c -> h",
        ["Concat a b h -> f", { axis: 1 }],
        conv("Conv f last -> y", 0),
      ],
      constants: { ...constants, s: weights([8, 8, 3, 3]), last: weights([5, 16, 1, 1]) },
    });
    expect(inPlaceOf(graph)).toEqual([[0, 1, 2]]);
    expect(expectSame(graph)).not.toContain("copy");
  });

  test("a value that is asked for, or read by what cannot step, is copied", () => {
    const graph = graphOf({
      inputs: { x: [2, 4, 6, 6] },
      lines: [
        conv("Conv x w -> a"),
        conv("Conv x v -> b", 0),
        "Sigmoid b -> s",
        ["Concat a b -> f", { axis: 1 }],
        "Exp f -> y",
      ],
      outputs: "a s y",
      constants,
    });
    expect(inPlaceOf(graph)).toEqual([[]]);
    expectSame(graph);
  });

  test("twice in one, or in two: once in place, then copied", () => {
    const graph = graphOf({
      inputs: { x: [2, 4, 6, 6] },
      lines: [
        conv("Conv x w -> a"),
        conv("Conv x v -> b", 0),
        ["Concat a a b -> f", { axis: 1 }],
        ["Concat b f -> g", { axis: 1 }],
        "Neg g -> y",
      ],
      constants,
    });
    expectSame(graph);
  });

  test("the heads of a detector are written one behind the other", () => {
    const head = (i: number): Line[] => [
      conv(`Conv x w${i} -> a${i}`),
      [`Transpose a${i} -> b${i}`, { perm: [0, 2, 3, 1] }],
      `Reshape b${i} rows -> c${i}`,
    ];
    const graph = graphOf({
      inputs: { x: [1, 4, 5, 6] },
      lines: [...head(1), ...head(2), ["Concat c1 c2 -> d", { axis: 1 }], ["Softmax d -> y", { axis: 2 }]],
      constants: { w1: weights([8, 4, 3, 3]), w2: weights([4, 4, 3, 3]), rows: integers(1, -1, 2) },
    });
    expect(inPlaceOf(graph)).toEqual([[0, 1]]);
    expect(copies(expectSame(graph))).toHaveLength(1); // the input's
  });

  test("constants and slices of other values are copied", () => {
    const graph = graphOf({
      inputs: { x: [8, 3] },
      lines: [["Slice x zero four -> a", {}], "Exp x -> b", ["Concat a k b a -> y", { axis: 0 }]],
      constants: { zero: integers(0), four: integers(4), k: weights([2, 3]) },
    });
    expect(inPlaceOf(graph)).toEqual([[2]]);
    expectSame(graph);
  });

  test("an input of the graph may lie in it", () => {
    const graph = graphOf({
      inputs: { x: [2, 3], z: [4, 3] },
      lines: [["Concat x z -> a", { axis: 0 }], "Neg x -> b"],
      outputs: "a b",
    });
    expect(inPlaceOf(graph)).toEqual([[0, 1]]);
    expect(expectSame(graph)).toEqual(["elementwise"]);
  });

  test("not where a long way between makes the memory larger", () => {
    const lines: Line[] = [
      conv("Conv x w -> skip"),
      ["MaxPool skip -> p", { kernel_shape: [2, 2], strides: [2, 2] }],
      conv("Conv p up -> q"),
      conv("Conv q up -> r"),
      ["ConvTranspose r t -> s", { strides: [2, 2] }],
      ["Concat skip s -> f", { axis: 1 }],
      conv("Conv f last -> y", 0),
    ];
    const all = { ...constants, up: weights([8, 8, 3, 3]), t: weights([8, 8, 2, 2]), last: weights([5, 16, 1, 1]) };
    const graph = graphOf({ inputs: { x: [1, 4, 32, 32] }, lines, constants: all });
    const without = new Model(graph, MODULE, { passes: PASSES.filter(({ run }) => run !== concatInPlace) });
    const model = new Model(graph, MODULE);
    expect(model.memory.arenaLowerBound).toBeLessThanOrEqual(without.memory.arenaLowerBound);
    for (const each of [model, without]) each.dispose();
    expectSame(graph);
  });
});

describe("splitting", () => {
  const lines = (reader: Line): Line[] => [
    conv("Conv x w -> a"),
    ["Split a sizes -> b c", { axis: 1 }],
    reader,
    ["MaxPool c -> e", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
    ["Concat d e -> y", { axis: 1 }],
  ];
  const constants = { w: weights([8, 4, 3, 3]), v: weights([4, 3, 3, 3]), sizes: integers(3, 5) };

  test("channels are read where they lie", () => {
    const graph = graphOf({ inputs: { x: [2, 4, 6, 6] }, lines: lines(conv("Conv b v -> d")), constants });
    expect(copies(expectSame(graph))).toHaveLength(2); // the input's and the output's
  });

  test("but not by what cannot step", () => {
    const graph = graphOf({ inputs: { x: [2, 4, 6, 6] }, lines: lines("Exp b -> d"), constants });
    expect(expectSame(graph)).toContain("copy");
  });

  test("along the first axis a part is no copy at all", () => {
    const graph = graphOf({
      inputs: { x: [6, 4] },
      lines: [["Split x sizes -> a b", { axis: 0 }], "Exp a -> c", "Neg b -> d"],
      outputs: "c d b",
      constants: { sizes: integers(2, 4) },
    });
    expect(expectSame(graph)).toEqual(["elementwise", "elementwise"]);
  });
});

describe("a shuffle of channels", () => {
  const shuffle = (perm: number[], apart: number[]): ReturnType<typeof graphOf> =>
    graphOf({
      inputs: { x: [2, 3, 4, 5] },
      lines: [
        conv("Conv x w -> a"),
        "Reshape a apart -> b",
        ["Transpose b -> c", { perm }],
        "Reshape c back -> d",
        "GlobalMaxPool d -> y",
      ],
      constants: { w: weights([12, 3, 3, 3]), apart: integers(...apart), back: integers(2, 12, 4, 5) },
    });

  test.each([
    [
      [0, 2, 1, 3, 4],
      [2, 3, 4, 4, 5],
    ],
    [
      [0, 2, 1, 3],
      [2, 3, 4, 20],
    ],
  ])("by axes %j of %j happens channels last", (perm, apart) => {
    expect(copies(expectSame(shuffle(perm, apart)))).toEqual(["transpose planes", "transpose planes"]); // the input's, and it
  });

  test("what is none does not", () => {
    const other = shuffle([0, 1, 3, 2, 4], [2, 3, 4, 4, 5]);
    expect(copies(expectSame(other)).length).toBeGreaterThan(2);
  });
});

test("images turn channels last once, at each end", () => {
  const graph = graphOf({
    inputs: { x: [1, 4, 6, 6] },
    lines: [
      conv("Conv x w -> a"),
      "Relu a -> b",
      ["MaxPool b -> c", { kernel_shape: [2, 2] }],
      "Sigmoid c -> d",
      conv("Conv d w -> y"),
    ],
    constants: { w: weights([4, 4, 3, 3]) },
  });
  expect(opsAfter(graph, LAYOUT_ONLY[0].run)).toEqual([
    "Transpose",
    "Conv",
    "Relu",
    "MaxPool",
    "Sigmoid",
    "Conv",
    "Transpose",
  ]);
  const model = new Model(graph, MODULE);
  expect(model.layers().map(({ outputShape }) => outputShape)).toEqual([
    [1, 4, 6, 6],
    [1, 4, 6, 6],
    [1, 4, 5, 5],
    [1, 4, 5, 5],
    [1, 4, 5, 5],
    [1, 4, 5, 5],
  ]);
  expectSame(graph);
});
