import { expect, test } from "vitest";
import { dropDeadNodes } from "../../src/graph/passes/dead-code.ts";
import { dropIdentities } from "../../src/graph/passes/identity.ts";
import { joinReshapes } from "../../src/graph/passes/reshape.ts";
import { integers } from "../support/onnx-model.ts";
import { expectSame, graphOf, nodesAfter, opsAfter } from "./graphs.ts";

const inputs = { x: [1, 4, 6, 6] };
const constants = {
  shape: integers(1, 4, -1, 6),
  other: integers(4, 36),
  none: integers(0, 0, 0, 0, 0, 0, 0, 0),
  ones: integers(1, 1, 1, 1),
  zero: integers(0),
  two: integers(2),
  all: integers(6),
  last: integers(100),
};

test.each([
  ["Identity x -> y", {}],
  ["Dropout x -> y", {}],
  ["Reshape x shape -> y", {}],
  ["Pad x none -> y", {}],
  ["Cast x -> y", { to: 1 }],
  ["Slice x zero last two -> y", {}],
  ["Split x all -> y", { axis: 2 }],
  ["Transpose x -> y", { perm: [0, 1, 2, 3] }],
  ["Transpose x -> y", { perm: [2, 1, 0, 3], shape: "1" }],
  ["Expand x ones -> y", {}],
  ["Tile x ones -> y", {}],
  ["Concat x -> y", { axis: 1 }],
  ["Sum x -> y", {}],
  ["Max x -> y", {}],
] as const)("%s changes nothing and goes", (line, attributes) => {
  const shape = "shape" in attributes ? [1, 4, 1, 6] : inputs.x;
  const { shape: _, ...rest } = attributes as Record<string, never>;
  const graph = graphOf({ inputs: { x: shape }, lines: [[line, rest], "Relu y -> z"], constants });
  expect(nodesAfter(graph, dropIdentities)).toEqual([expect.objectContaining({ op: "Relu", inputs: ["x"] })]);
  expectSame(graph);
});

test.each([
  ["Slice x two all two -> y", {}],
  ["Transpose x -> y", { perm: [0, 1, 3, 2] }],
  ["Reshape x other -> y", {}],
  ["Cast x -> y", { to: 11 }],
] as const)("%s changes something and stays", (line, attributes) => {
  const graph = graphOf({ inputs, lines: [[line, { ...attributes }], "Neg y -> z"], constants });
  expect(opsAfter(graph, dropIdentities)).toEqual([line.split(" ")[0], "Neg"]);
});

test("one that makes an output of the graph stays, and costs no step", () => {
  const graph = graphOf({ inputs, lines: ["Relu x -> y", "Identity y -> z"], outputs: "y z" });
  expect(opsAfter(graph, dropIdentities)).toEqual(["Relu", "Identity"]);
  expect(expectSame(graph)).toEqual(["elementwise"]);
});

test("reshapes in a row become one", () => {
  const lines = [
    "Reshape x other -> a",
    "Unsqueeze a zero -> b",
    ["Flatten b -> c", { axis: 2 }] as const,
    "Neg c -> y",
  ];
  const graph = graphOf({ inputs, lines, constants });
  const [, , flat] = nodesAfter(graph, joinReshapes);
  expect([flat.op, flat.inputs[0]]).toEqual(["Reshape", "x"]);
  expect(opsAfter(graph)).toEqual(["Reshape", "Neg"]);
  expectSame(graph);
});

test("reshapes that end where they began go", () => {
  const graph = graphOf({ inputs, lines: ["Reshape x other -> a", "Reshape a shape -> b", "Neg b -> y"], constants });
  expect(opsAfter(graph)).toEqual(["Neg"]);
});

test("dead nodes and their constants go, whole branches at once", () => {
  const lines = ["Relu x -> a", "Add a one -> b", "Neg b -> c", "Sigmoid a -> y"];
  const graph = graphOf({
    inputs,
    lines,
    constants: { one: { type: "float32", shape: [], data: Float32Array.of(1) } },
  });
  expect(opsAfter(graph, dropDeadNodes)).toEqual(["Relu", "Sigmoid"]);
});
