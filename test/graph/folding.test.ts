import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { foldAffine } from "../../src/graph/passes/affine.ts";
import { foldBatchNorm } from "../../src/graph/passes/batch-norm.ts";
import { absorbPads } from "../../src/graph/passes/pad.ts";
import { integers, type Value } from "../support/onnx-model.ts";
import { expectSame, graphOf, type Line, nodesAfter, opsAfter, scalar, weights } from "./graphs.ts";

const C = 6;
const statistics = {
  gamma: weights([C]),
  beta: weights([C]),
  mean: weights([C]),
  variance: weights([C], 0.5, 1),
};
const NORM = "BatchNormalization y gamma beta mean variance -> z";

const producers: readonly [string, Line, readonly number[], HostTensor][] = [
  ["Conv", "Conv x w -> y", [2, 4, 5, 5], weights([C, 4, 3, 3])],
  ["Conv with a bias", "Conv x w b -> y", [2, 4, 5, 5], weights([C, 4, 3, 3])],
  ["Conv in groups", ["Conv x w b -> y", { group: 2 }], [2, 4, 5, 5], weights([C, 2, 1, 1])],
  ["depthwise Conv", ["Conv x w -> y", { group: C }], [1, C, 5, 5], weights([C, 1, 3, 3])],
  ["ConvTranspose", ["ConvTranspose x w -> y", { strides: [2, 2] }], [1, 4, 3, 3], weights([4, C, 3, 3])],
  ["ConvTranspose in groups", ["ConvTranspose x w b -> y", { group: 2 }], [1, 4, 3, 3], weights([4, C / 2, 2, 2])],
  ["Gemm", "Gemm x w b -> y", [3, 4], weights([4, C])],
  [
    "Gemm of all sorts",
    ["Gemm x w b -> y", { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }],
    [3, 4],
    weights([C, 4]),
  ],
  ["MatMul", "MatMul x w -> y", [3, 4], weights([4, C])],
];

describe.each(producers)("into %s:", (_, line, shape, w) => {
  const b = weights([C]);
  const op = (typeof line === "string" ? line : line[0]).split(" ")[0];
  const left = [op === "MatMul" ? "Gemm" : op];
  const graph = (behind: Line[], constants = {}) =>
    graphOf({ inputs: { x: shape }, lines: [line, ...behind], constants: { w, b, ...statistics, ...constants } });

  test("a batch norm", () => {
    expect(opsAfter(graph([NORM]), foldBatchNorm)).toEqual(left);
    expectSame(graph([NORM]));
  });

  const channels = weights(shape.length === 2 ? [C] : [C, 1, 1], 0.5, 1);
  test.each([
    ["Mul y k -> z", channels],
    ["Mul k y -> z", channels],
    ["Div y k -> z", channels],
    ["Add y k -> z", channels],
    ["Add k y -> z", channels],
    ["Sub y k -> z", channels],
    ["Mul y k -> z", scalar(0.75)],
  ] as const)("%s", (text, k) => {
    expect(opsAfter(graph([text], { k }), foldAffine)).toEqual(left);
    expectSame(graph([text], { k }));
  });

  test("several in a row", () => {
    const chain = graph(["Mul y k -> z", "Add z k -> v", "Sub v s -> u"], { k: channels, s: scalar(3) });
    expect(opsAfter(chain, foldAffine)).toEqual(left);
    expectSame(chain);
  });

  test.each(["Sub k y -> z", "Div k y -> z"])("not %s", (text) => {
    expect(opsAfter(graph([text], { k: channels }), foldAffine)).toEqual([op, text.slice(0, 3)]);
  });

  test("not where somebody else reads what comes between", () => {
    const shared = graph(["Mul y k -> z", "Relu y -> v", "Add z v -> u"], { k: channels });
    expect(opsAfter(shared, foldAffine)).toEqual([op, "Mul", "Relu", "Add"]);
  });
});

describe("what is no value for each channel stays", () => {
  const conv = (k: HostTensor) =>
    graphOf({
      inputs: { x: [1, 3, 4, 4] },
      lines: ["Conv x w -> y", "Add y k -> z"],
      constants: { w: weights([C, 3, 1, 1]), k },
    });
  test.each([[[4]], [[4, 4]], [[1, 1, 4, 1]], [[2, C, 1, 1]], [[1, C, 4, 4]]])("%j", (shape) => {
    expect(opsAfter(conv(weights(shape)), foldAffine)).toEqual(["Conv", "Add"]);
    expectSame(conv(weights(shape)));
  });

  test("a matrix behind a product", () => {
    const lines = ["Gemm x w -> y", "Add y k -> z"];
    const graph = graphOf({ inputs: { x: [3, 4] }, lines, constants: { w: weights([4, C]), k: weights([3, C]) } });
    expect(opsAfter(graph, foldAffine)).toEqual(["Gemm", "Add"]);
    expectSame(graph);
  });

  test("weights that are fed", () => {
    const inputs = { x: [1, 3, 4, 4], w: [C, 3, 1, 1] };
    const graph = graphOf({ inputs, lines: ["Conv x w -> y", NORM], constants: statistics });
    expect(opsAfter(graph, foldAffine)).toEqual(["Conv", "BatchNormalization"]);
    expectSame(graph);
  });
});

test("a product of batches of matrices takes a row as its bias", () => {
  const lines = ["MatMul x w -> y", "Add b y -> z", "Relu z -> v"];
  const graph = graphOf({ inputs: { x: [2, 3, 4] }, lines, constants: { w: weights([4, C]), b: weights([C]) } });
  expect(opsAfter(graph, foldAffine)).toEqual(["MatMul", "Relu"]);
  expect(expectSame(graph)).toHaveLength(1);
});

test("a batch norm alone becomes a convolution of each channel", () => {
  const graph = graphOf({ inputs: { y: [2, C, 3, 5] }, lines: [NORM, "Relu z -> v"], constants: statistics });
  const [conv] = nodesAfter(graph, foldBatchNorm);
  expect([conv.op, conv.attributes["group"]]).toEqual(["Conv", C]);
  expect(expectSame(graph)).toEqual(["transpose planes", "depthwise 1x1", "transpose planes"]);
});

test.each([[[4, C]], [[2, C, 7]]])("a batch norm of rank other than 4: %j", (shape) => {
  const graph = graphOf({ inputs: { y: shape }, lines: [NORM], constants: statistics });
  expect(opsAfter(graph, foldBatchNorm)).toEqual(["Mul", "Add"]);
  expectSame(graph);
});

test("the batch norm and activation of a sequence reach its convolution", () => {
  const lines: Line[] = [["Conv x w -> y", { pads: [1, 1] }], NORM, "Relu z -> v", "MaxPool v -> u"];
  lines[3] = ["MaxPool v -> u", { kernel_shape: [2], strides: [2] }];
  const graph = graphOf({ inputs: { x: [2, 3, 8] }, lines, constants: { w: weights([C, 3, 3]), ...statistics } });
  expect(opsAfter(graph).filter((op) => op !== "Transpose" && op !== "Reshape" && op !== "Unsqueeze")).toEqual([
    "Conv",
    "MaxPool",
    "Squeeze",
  ]);
  expectSame(graph);
});

describe("pads", () => {
  const pads = integers(0, 0, 1, 2, 0, 0, 0, 3);
  const graph = (line: Line, before: Line[] = ["Pad x pads value -> y"], value = 0, given = pads) =>
    graphOf({
      inputs: { x: [1, 4, 6, 6] },
      lines: [...before, line],
      constants: { pads: given, value: scalar(value), w: weights([5, 4, 3, 3]) },
    });
  const pool = (op: string, attributes: Record<string, Value> = {}): Line => [
    `${op} y -> z`,
    { kernel_shape: [3, 4], ...attributes },
  ];

  const absorbed: [string, Parameters<typeof graph>][] = [
    ["a convolution", ["Conv y w -> z"]],
    ["a convolution that pads too", [["Conv y w -> z", { pads: [1, 0, 2, 1], strides: [2, 2] }]]],
    ["an average", [pool("AveragePool")]],
    ["an average that counts padding", [pool("AveragePool", { pads: [1, 1, 1, 1], count_include_pad: 1 })]],
    ["a maximum of what is never negative", [pool("MaxPool"), ["Relu x -> v", "Pad v pads -> y"]]],
    ["a maximum, if it pads with minus infinity", [pool("MaxPool"), undefined, -Infinity]],
  ];
  test.each(absorbed)("into %s", (_, parts) => {
    const ops = opsAfter(graph(...parts), absorbPads);
    expect(nodesAfter(graph(...parts), absorbPads).at(-1)?.attributes["pads"]).not.toEqual([0, 0, 0, 0]);
    expect(ops).toContain("Pad"); // dead now
    expect(opsAfter(graph(...parts))).not.toContain("Pad");
    expectSame(graph(...parts));
  });

  const kept: [string, Parameters<typeof graph>][] = [
    ["with another value than 0", ["Conv y w -> z", undefined, 1]],
    ["in front of an average that does not count its own padding", [pool("AveragePool", { pads: [1, 1, 1, 1] })]],
    ["in front of a maximum of anything", [pool("MaxPool")]],
    ["in front of automatic padding", [["Conv y w -> z", { auto_pad: "SAME_UPPER" }]]],
    ["in front of a pool that rounds up", [pool("AveragePool", { ceil_mode: 1, strides: [2, 2] })]],
    [
      "wider than the window",
      [pool("MaxPool"), ["Relu x -> v", "Pad v pads -> y"], 0, integers(0, 0, 3, 0, 0, 0, 0, 0)],
    ],
    ["that takes away", ["Conv y w -> z", undefined, 0, integers(0, 0, -1, 0, 0, 0, 0, 0)]],
  ];
  test.each(kept)("not %s", (_, parts) => {
    expect(opsAfter(graph(...parts))).toContain("Pad");
    expectSame(graph(...parts));
  });

  test("not of channels", () => {
    const constants = { pads: integers(0, 1, 0, 0, 0, 1, 0, 0), w: weights([5, 6, 3, 3]) };
    const widened = graphOf({ inputs: { x: [1, 4, 6, 6] }, lines: ["Pad x pads -> y", "Conv y w -> z"], constants });
    expect(opsAfter(widened)).toContain("Pad");
    expectSame(widened);
  });

  test("mirrored pads stay", () => {
    const mirrored = graph("Conv y w -> z", [["Pad x pads -> y", { mode: "reflect" }]]);
    expect(opsAfter(mirrored)).toContain("Pad");
    expectSame(mirrored);
  });
});
