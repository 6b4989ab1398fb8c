// Operators behind a convolution, whose image is channels last: they run on it as it is, and give what they give channels first.
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute, Graph, GraphNode } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { Random } from "../support/random.ts";
import { int64, MODULE } from "./movement-graphs.ts";

const random = new Random(20260407);
const [N, C, H, W] = [2, 6, 5, 4];

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

const FILTER: HostTensor = {
  type: "float32",
  shape: [C, C, 1, 1],
  data: Float32Array.from({ length: C * C }, (_, i) => (i % (C + 1) === 0 ? 1 : 0)),
};

interface Case {
  op: string;
  attributes?: Record<string, Attribute>;
  /** Inputs besides the image. */
  more?: HostTensor[];
}

/** The operator behind a convolution that changes nothing, or alone; with a pointwise operator behind it. */
function runGraph({ op, attributes = {}, more = [] }: Case, x: HostTensor, convolved: boolean) {
  const constants = new Map([["filter", FILTER], ...more.map((value, i): [string, HostTensor] => [`c${i}`, value])]);
  const first: GraphNode[] = convolved
    ? [{ op: "Conv", name: "conv", inputs: ["x", "filter"], outputs: ["image"], attributes: {} }]
    : [{ op: "Abs", name: "first", inputs: ["x"], outputs: ["image"], attributes: {} }];
  const graph: Graph = {
    name: "behind",
    inputs: [{ name: "x", type: "float32", shape: x.shape }],
    outputs: [{ name: "y", type: "float32", shape: undefined }],
    nodes: [
      ...first,
      { op, name: "node", inputs: ["image", ...more.map((_, i) => `c${i}`)], outputs: ["y"], attributes },
    ],
    constants,
  };
  const model = new Model(graph, MODULE);
  const y = model.runSync({ x })["y"];
  return { y, algorithms: model.layers().map(({ algorithm }) => algorithm) };
}

/** Elements that stay in order under both layouts, so that no conversion is needed at the end either. */
const MOVES = /transpose|copy/;

/** Up to a few roundings: sums over channels are added in another order. */
function expectSame({ y }: { y: HostTensor }, want: HostTensor): void {
  expect([y.type, y.shape]).toEqual([want.type, want.shape]);
  for (let i = 0; i < want.data.length; i++) {
    const [got, wanted] = [Number(y.data[i]), Number(want.data[i])];
    expect(Math.abs(got - wanted)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(wanted)));
  }
}

function compare(each: Case, conversions: number): void {
  const x = { ...floats(N, C, H, W) };
  x.data.forEach((value, i) => {
    x.data[i] = Math.abs(value);
  });
  const last = runGraph(each, x, true);
  expectSame(last, runGraph(each, x, false).y);
  // One conversion brings the input channels last.
  expect(last.algorithms.filter((name) => MOVES.test(name))).toHaveLength(1 + conversions);
}

describe("reductions of channels-last images", () => {
  const axes = [[2, 3], [1], [-1, -2], [1, 2, 3], [0], [0, 2, 3], [0, 1, 2, 3]];
  test.each(axes.map((each) => [each]))("over %j", (each) => {
    for (const op of ["ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2"]) {
      // Where both channels and places are left, the result is an image that has to be converted at the end.
      const left = [0, 1, 2, 3].filter((axis) => !each.includes(axis) && !each.includes(axis - 4));
      const isImage = left.includes(1) && (left.includes(2) || left.includes(3));
      compare({ op, more: [int64(...each)] }, isImage ? 1 : 0);
      compare({ op, more: [int64(...each)], attributes: { keepdims: 0 } }, isImage ? 1 : 0);
    }
  });

  test("over all axes, given or not", () => {
    compare({ op: "ReduceMean" }, 0);
    compare({ op: "ReduceMax", attributes: { keepdims: 0 } }, 0);
  });

  test("without axes and with noop_with_empty_axes they stay as they are", () => {
    compare({ op: "ReduceSumSquare", more: [int64()], attributes: { noop_with_empty_axes: 1 } }, 1);
  });

  test.each([0, 1, 2, 3, -3])("places of the greatest along axis %i", (axis) => {
    compare({ op: "ArgMax", attributes: { axis } }, axis === 1 || axis === -3 ? 0 : 1);
    compare({ op: "ArgMax", attributes: { axis, keepdims: 0 } }, axis === 1 || axis === -3 ? 0 : 1);
  });
});

describe("norms of channels-last images", () => {
  const parameters = [floats(C), floats(C)];
  test.each<[Case]>([
    [{ op: "InstanceNormalization", more: parameters }],
    [{ op: "GroupNormalization", more: parameters, attributes: { num_groups: 3 } }],
    [{ op: "GroupNormalization", more: [floats(2), floats(2)], attributes: { num_groups: 2 } }],
    [{ op: "LRN", attributes: { size: 3, alpha: 0.5 } }],
    [{ op: "Softmax", attributes: { axis: 1 } }],
    [{ op: "LogSoftmax", attributes: { axis: 2 } }],
    [{ op: "Hardmax", attributes: { axis: 1 } }],
    [{ op: "LpNormalization", attributes: { axis: 1 } }],
    [{ op: "Greater", more: [floats(C, 1, 1)] }],
    [{ op: "Mod", attributes: { fmod: 1 }, more: [floats(C, 1, 1)] }],
  ])("%j", (each) => {
    const x = floats(N, C, H, W);
    const positive = { ...x, data: x.data.map(Math.abs) };
    const last = runGraph(each, positive, true);
    expectSame(last, runGraph(each, positive, false).y);
  });
});

describe("transpositions to channels first", () => {
  test("of an input that is channels last cost nothing before a convolution", () => {
    const x = floats(N, H, W, C);
    const graph: Graph = {
      name: "from last",
      inputs: [{ name: "x", type: "float32", shape: x.shape }],
      outputs: [{ name: "y", type: "float32", shape: undefined }],
      nodes: [
        { op: "Transpose", name: "first", inputs: ["x"], outputs: ["a"], attributes: { perm: [0, 3, 1, 2] } },
        { op: "Conv", name: "conv", inputs: ["a", "filter"], outputs: ["b"], attributes: {} },
        { op: "Transpose", name: "last", inputs: ["b"], outputs: ["y"], attributes: { perm: [0, 2, 3, 1] } },
      ],
      constants: new Map([["filter", FILTER]]),
    };
    const model = new Model(graph, MODULE);
    expect(model.runSync({ x })["y"]).toEqual(x);
    expect(
      model
        .layers()
        .map(({ algorithm }) => algorithm)
        .filter((name) => MOVES.test(name)),
    ).toEqual([]);
  });

  test("are made where somebody reads the result as it is", () => {
    const x = floats(N, H, W, C);
    const graph: Graph = {
      name: "from last",
      inputs: [{ name: "x", type: "float32", shape: x.shape }],
      outputs: [{ name: "a", type: "float32", shape: undefined }],
      nodes: [{ op: "Transpose", name: "first", inputs: ["x"], outputs: ["a"], attributes: { perm: [0, 3, 1, 2] } }],
      constants: new Map(),
    };
    const { a } = new Model(graph, MODULE).runSync({ x });
    expect(a.shape).toEqual([N, C, H, W]);
    for (let i = 0; i < a.data.length; i++) {
      const [n, c, place] = [Math.floor(i / (C * H * W)), Math.floor(i / (H * W)) % C, i % (H * W)];
      expect(a.data[i]).toBe(x.data[(n * H * W + place) * C + c]);
    }
  });
});
