// Operators between two convolutions stay channels last: only the graph's input and output are converted.
import { expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute, Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, int64, MODULE, tensor } from "./movement-graphs.ts";

const random = new Random(5);
const x = random.tensor([2, 8, 6, 5]);
const row = random.tensor([2, 8, 1, 5]);

/** A 1x1 convolution that changes nothing, and so can be compared exactly. */
function identityFilter(channels: number): HostTensor {
  const values = Array.from({ length: channels * channels }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0));
  return tensor("float32", [channels, channels, 1, 1], values);
}

interface Case {
  op: string;
  /** Default: x. */
  from?: typeof x;
  rest?: (HostTensor | undefined)[];
  attributes?: Record<string, Attribute>;
  outputs?: string[];
  want: reference.Reference;
}

const cases: Case[] = [
  { op: "Slice", rest: [int64(1, 0), int64(3, 2)], want: reference.slice(x, [1, 0], [3, 2]) },
  {
    op: "Slice",
    rest: [int64(1, -1), int64(4, -100), int64(-3, 3), int64(2, -2)],
    want: reference.slice(x, [1, -1], [4, -100], [1, 3], [2, -2]),
  },
  { op: "Pad", rest: [int64(0, 1, 2, 1, 0, 2, -1, 3)], want: reference.pad(x, [0, 1, 2, 1, 0, 2, -1, 3]) },
  {
    op: "Pad",
    rest: [int64(2, 1, 1, 2), tensor("float32", [], [3]), int64(3, -2)],
    want: reference.pad(x, [0, 0, 1, 2, 0, 0, 2, 1], "constant", 3),
  },
  {
    op: "Pad",
    rest: [int64(1, 1, 2, 1), undefined, int64(2, 3)],
    attributes: { mode: "reflect" },
    want: reference.pad(x, [0, 0, 1, 1, 0, 0, 2, 1], "reflect"),
  },
  {
    op: "Split",
    rest: [int64(1, 7)],
    attributes: { axis: 1 },
    outputs: ["", "moved"],
    want: reference.split(x, 1, [1, 7])[1],
  },
  { op: "Tile", rest: [int64(1, 2, 1, 3)], want: reference.tile(x, [1, 2, 1, 3]) },
  { op: "Expand", from: row, rest: [int64(8, 3, 1)], want: reference.expand(row, [8, 3, 1]) },
  {
    op: "Resize",
    rest: [undefined, tensor("float32", [4], [1, 1, 2, 1.5])],
    want: reference.resize(x, { scales: [1, 1, 2, 1.5] }),
  },
  {
    op: "Resize",
    rest: [undefined, undefined, int64(5, 9)],
    attributes: { axes: [-1, 1] },
    want: reference.resize(x, { sizes: [5, 9], axes: [3, 1] }),
  },
  { op: "DepthToSpace", attributes: { blocksize: 2 }, want: reference.depthToSpace(x, 2) },
  { op: "DepthToSpace", attributes: { blocksize: 2, mode: "CRD" }, want: reference.depthToSpace(x, 2, "CRD") },
];

function between({ op, from = x, rest = [], attributes = {}, outputs = ["moved"], want }: Case): Graph {
  const constants = new Map<string, HostTensor>();
  rest.forEach((value, i) => {
    if (value) constants.set(`rest${i}`, value);
  });
  constants.set("before", identityFilter(from.shape[1])).set("after", identityFilter(want.shape[1]));
  const inputs = ["a", ...rest.map((value, i) => (value ? `rest${i}` : ""))];
  return {
    name: op,
    inputs: [{ name: "x", type: "float32", shape: from.shape }],
    outputs: [{ name: "y", type: "float32", shape: undefined }],
    constants,
    nodes: [
      { op: "Conv", name: "first", inputs: ["x", "before"], outputs: ["a"], attributes: {} },
      { op, name: "middle", inputs, outputs, attributes },
      { op: "Conv", name: "last", inputs: ["moved", "after"], outputs: ["y"], attributes: {} },
    ],
  };
}

test.each(cases)("$op", (each) => {
  const model = new Model(between(each), MODULE);
  expectExactly(model.runSync({ x: each.from ?? x }).y, each.want);
  const conversions = model.layers().filter(({ operator }) => operator === "Transpose");
  expect(conversions.map(({ name }) => name)).toEqual(["x to nhwc", "y to nchw"]);
  model.dispose();
});

test("Where between convolutions, with a condition that is known and broadcasts", () => {
  const each = { op: "Where", want: reference.reshape(x, x.shape) };
  const graph = between(each);
  const [first, where, last] = graph.nodes;
  const nodes = [first, { ...where, inputs: ["condition", "a", "other"] }, last];
  const constants = new Map(graph.constants)
    .set("condition", tensor("bool", [8, 1, 1], [1, 0, 1, 1, 0, 0, 1, 0]))
    .set("other", tensor("float32", [5], [1, 2, 3, 4, 5]));
  const model = new Model({ ...graph, nodes, constants }, MODULE);
  const data = Array.from(x.data, (value, i) => ([1, 4, 5, 7].includes(Math.floor(i / 30) % 8) ? (i % 5) + 1 : value));
  expectExactly(model.runSync({ x }).y, { shape: x.shape, data });
  const conversions = model.layers().filter(({ operator }) => operator === "Transpose");
  expect(conversions.map(({ name }) => name)).toEqual(["x to nhwc", "y to nchw"]);
});

test("a single element that only exists channels last is found", () => {
  const one = tensor("float32", [1, 1, 1, 1], [2]);
  const graph: Graph = {
    name: "one",
    inputs: [{ name: "x", type: "float32", shape: [1, 1, 1, 1] }],
    outputs: [{ name: "y", type: "float32", shape: undefined }],
    constants: new Map([["w", one]]),
    nodes: [
      { op: "Conv", name: "first", inputs: ["x", "w"], outputs: ["a"], attributes: {} },
      { op: "Mul", name: "square", inputs: ["a", "a"], outputs: ["y"], attributes: {} },
    ],
  };
  expect(new Model(graph, MODULE).runSync({ x: one }).y.data).toEqual(Float32Array.of(16));
});
