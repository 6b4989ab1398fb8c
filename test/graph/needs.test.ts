// Which graphs need operators and passes beyond the core: those of plain networks must have nothing that these would change.
import { describe, expect, test } from "vitest";
import { Draft } from "../../src/graph/draft.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { inferTypes } from "../../src/graph/infer.ts";
import { needsMore } from "../../src/graph/needs.ts";
import { PASSES } from "../../src/graph/passes/all.ts";
import { PLAIN_PASSES } from "../../src/graph/passes/index.ts";
import { importModel } from "../../src/onnx/import.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { readBytes } from "../support/fixtures.ts";
import { graphOf, scalar, type Words, weights } from "./graphs.ts";

const constants = { w: weights([8, 8, 3, 3]), d: weights([8, 1, 3, 3]), b: weights([8]), m: weights([8, 10]) };
const x = { x: [1, 8, 6, 6] };
const same = { pads: [1, 1, 1, 1] };

const plain: Record<string, Words> = {
  "a residual network": {
    inputs: x,
    constants,
    lines: [
      ["Conv x w b -> a", same],
      "Relu a -> r",
      ["Conv r w b -> c", same],
      "Add c x -> s",
      "Relu s -> t",
      "GlobalAveragePool t -> g",
      "Flatten g -> f",
      "Gemm f m -> y",
      "Softmax y -> p",
    ],
  },
  "a network of depthwise convolutions": {
    inputs: x,
    constants: { ...constants, lo: weights([]), hi: weights([], 1, 6) },
    lines: [
      ["Conv x d b -> a", { ...same, group: 8 }],
      "Clip a lo hi -> c",
      ["MaxPool c -> q", { kernel_shape: [2, 2] }],
      "Sigmoid q -> y",
    ],
  },
};

describe.each(Object.entries(plain))("%s", (_, words) => {
  const graph = graphOf(words);

  test("needs the core only", () => expect(needsMore(graph)).toBe(false));

  const further = PASSES.filter(({ run }) => !PLAIN_PASSES.some((pass) => pass.run === run));
  test.each(further.map(({ name, run }) => [name, run] as const))("has nothing to %s", (_, run) => {
    const types = new Map(graph.inputs.map(({ name, type, shape }) => [name, { type, shape: shape as number[] }]));
    const draft = new Draft(graph, types);
    inferTypes(draft);
    expect(run(draft)).toBe(0);
  });
});

test("the digits model needs the core only", () => {
  const url = new URL("../../models/digits.onnx", import.meta.url);
  expect(needsMore(importModel(readModel(readBytes(url.pathname))))).toBe(false);
});

describe("more is needed for", () => {
  const withInput = (shape: Graph["inputs"][number]["shape"]): Graph => {
    const graph = graphOf({ inputs: x, lines: ["GlobalAveragePool x -> y"] });
    return { ...graph, inputs: [{ ...graph.inputs[0], shape }] };
  };

  test.each<[string, Words]>([
    ["other operators", { inputs: x, lines: ["Mul x x -> y"] }],
    ["transpositions, which may move", { inputs: x, lines: ["Transpose x -> y"] }],
    ["reshapes, which may join", { inputs: x, constants: { s: weights([4]) }, lines: ["Reshape x s -> y"] }],
    ["additions of what is known, which may be folded", { inputs: x, constants, lines: ["Add x m -> y"] }],
    ["what is known altogether", { inputs: x, constants, lines: ["Relu m -> k", "Add x x -> y"], outputs: "y k" }],
    ["second outputs", { inputs: x, lines: [["MaxPool x -> y i", { kernel_shape: [2, 2] }]], outputs: "y i" }],
    ["products that are scaled", { inputs: { x: [1, 8] }, constants, lines: [["Gemm x m -> y", { alpha: 2 }]] }],
    ["products of what is computed", { inputs: { x: [1, 8], z: [8, 3] }, lines: ["Gemm x z -> y"] }],
    ["products plus more than a row", { inputs: { x: [1, 8], z: [1, 10] }, constants, lines: ["Gemm x m z -> y"] }],
    ["bounds that are computed", { inputs: { ...x, z: [] }, lines: ["Clip x z -> y"] }],
    ["bounds that are no numbers", { inputs: x, constants: { n: scalar(Number.NaN) }, lines: ["Clip x n -> y"] }],
    ["sequences", { inputs: { x: [1, 8, 6] }, lines: ["GlobalMaxPool x -> y"] }],
    ["filters of sequences", { inputs: x, constants: { w: weights([8, 8, 3]) }, lines: ["Conv x w -> y"] }],
  ])("%s", (_, words) => expect(needsMore(graphOf({ ...words, outputs: words.outputs ?? "y" }))).toBe(true));

  test("inputs of which nothing is known", () => expect(needsMore(withInput(undefined))).toBe(true));

  test("inputs with free extents: no", () => expect(needsMore(withInput(["n", 8, "h", "w"]))).toBe(false));

  test("elements of other types", () => {
    const graph = withInput([1, 8, 6, 6]);
    expect(needsMore({ ...graph, inputs: [{ ...graph.inputs[0], type: "uint8" }] })).toBe(true);
  });
});
