import { describe, expect, test } from "vitest";
import { recogniseFunctions } from "../../src/graph/passes/recognise.ts";
import { expectSame, graphOf, type Line, nodesAfter, opsAfter, scalar, weights } from "./graphs.ts";

const constants = {
  zero: scalar(0),
  half: scalar(0.5),
  one: scalar(1),
  two: scalar(2),
  three: scalar(3),
  six: scalar(6),
  sixth: scalar(1 / 6),
  root: scalar(Math.SQRT2),
  inverse: scalar(Math.SQRT1_2),
  scale: scalar(Math.sqrt(2 / Math.PI)),
  cubic: scalar(0.044715),
  quick: scalar(1.702),
};
const graph = (lines: readonly Line[]) => graphOf({ inputs: { x: [2, 3, 4, 5] }, lines, constants });

const TANH: readonly Line[] = ["Add x c -> s", "Mul s scale -> m", "Tanh m -> t", "Add t one -> g"];
const CLIPPED: readonly Line[] = ["Add x three -> r", "Clip r zero six -> g"];

const found: readonly [string, readonly Line[], string, Record<string, unknown>][] = [
  ["x * sigmoid(x)", ["Sigmoid x -> g", "Mul x g -> y"], "Swish", { alpha: 1 }],
  ["sigmoid(x) * x", ["Sigmoid x -> g", "Mul g x -> y"], "Swish", { alpha: 1 }],
  [
    "x * sigmoid(1.702 x)",
    ["Mul x quick -> q", "Sigmoid q -> g", "Mul x g -> y"],
    "Swish",
    { alpha: Math.fround(1.702) },
  ],
  [
    "x * hardSigmoid(x)",
    [["HardSigmoid x -> g", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }], "Mul x g -> y"],
    "HardSwish",
    {},
  ],
  ["(x * clip(x + 3)) / 6", [...CLIPPED, "Mul x g -> p", "Div p six -> y"], "HardSwish", {}],
  [
    "x * (clip(3 + x) / 6)",
    ["Add three x -> r", "Clip r zero six -> g", "Div g six -> h", "Mul h x -> y"],
    "HardSwish",
    {},
  ],
  ["(clip(x + 3) * x) * (1 / 6)", [...CLIPPED, "Mul g x -> p", "Mul sixth p -> y"], "HardSwish", {}],
  ["clip(x + 3) / 6", [...CLIPPED, "Div g six -> y"], "HardSigmoid", { alpha: 1 / 6, beta: 0.5 }],
  ["x * tanh(softplus(x))", ["Softplus x -> s", "Tanh s -> g", "Mul x g -> y"], "Mish", {}],
  [
    "(x * (1 + erf(x / root))) / 2",
    ["Div x root -> r", "Erf r -> e", "Add e one -> g", "Mul x g -> p", "Div p two -> y"],
    "Gelu",
    {},
  ],
  [
    "(x / 2) * (erf(x * inverse) + 1)",
    ["Mul x inverse -> r", "Erf r -> e", "Add one e -> g", "Mul half x -> p", "Mul p g -> y"],
    "Gelu",
    {},
  ],
  [
    "x * (gate / 2)",
    ["Div x root -> r", "Erf r -> e", "Add e one -> g", "Mul g half -> p", "Mul x p -> y"],
    "Gelu",
    {},
  ],
  [
    "tanh form with a power",
    ["Pow x three -> p", "Mul p cubic -> c", ...TANH, "Mul x half -> h", "Mul h g -> y"],
    "Gelu",
    { approximate: "tanh" },
  ],
  [
    "tanh form with products",
    ["Mul x x -> q", "Mul q x -> p", "Mul cubic p -> c", ...TANH, "Mul x g -> h", "Mul half h -> y"],
    "Gelu",
    { approximate: "tanh" },
  ],
  [
    "tanh form, x taken out",
    [
      "Mul x x -> q",
      "Mul q cubic -> c",
      "Add one c -> s",
      "Mul x scale -> k",
      "Mul k s -> m",
      "Tanh m -> t",
      "Add one t -> g",
      "Mul x g -> h",
      "Mul half h -> y",
    ],
    "Gelu",
    { approximate: "tanh" },
  ],
];

describe("a function in pieces gets its name", () => {
  test.each(found)("%s", (_, lines, op, attributes) => {
    const last = nodesAfter(graph(lines), recogniseFunctions).at(-1)!;
    expect([last.op, last.inputs, last.attributes]).toEqual([op, ["x"], attributes]);
    expect(opsAfter(graph(lines))).toEqual([op]);
    expectSame(graph(lines));
  });
});

const others: readonly [string, readonly Line[]][] = [
  ["the gate of another value", ["Neg x -> n", "Sigmoid n -> g", "Mul x g -> y"]],
  ["another hard sigmoid", ["HardSigmoid x -> g", "Mul x g -> y"]],
  ["another offset", ["Add x two -> r", "Clip r zero six -> g", "Mul x g -> p", "Div p six -> y"]],
  ["another divisor", [...CLIPPED, "Mul x g -> p", "Div p three -> y"]],
  ["other bounds", ["Add x three -> r", "Clip r zero three -> g", "Mul x g -> p", "Div p six -> y"]],
  ["erf of another multiple", ["Div x two -> r", "Erf r -> e", "Add e one -> g", "Mul x g -> p", "Div p two -> y"]],
  ["a quotient", ["Sigmoid x -> g", "Div x g -> y"]],
  ["a square for the cube", ["Pow x two -> p", "Mul p cubic -> c", ...TANH, "Mul x half -> h", "Mul h g -> y"]],
  ["six divided by it", [...CLIPPED, "Div six g -> y"]],
];

describe("what only looks like one stays", () => {
  test.each(others)("%s", (_, lines) => {
    expect(opsAfter(graph(lines), recogniseFunctions)).toEqual(graph(lines).nodes.map(({ op }) => op));
    expectSame(graph(lines));
  });
});

test("pieces that others read stay for them", () => {
  const shared = graphOf({
    inputs: { x: [2, 3, 4, 5] },
    lines: ["Sigmoid x -> g", "Mul x g -> y"],
    outputs: "y g",
  });
  expect(opsAfter(shared).toSorted()).toEqual(["Sigmoid", "Swish"]);
  expectSame(shared);
});

test("PRelu with one slope for all goes into the convolution before it, with one a channel it stays", () => {
  const slopes = { w: weights([4, 3, 3, 3]), one: scalar(-0.3), each: weights([4, 1, 1]) };
  const conv = (slope: string) =>
    graphOf({ inputs: { x: [1, 3, 8, 8] }, lines: ["Conv x w -> c", `PRelu c ${slope} -> y`], constants: slopes });
  expect(opsAfter(conv("one"))).toEqual(["Transpose", "Conv", "Transpose"]);
  expect(opsAfter(conv("each"))).toEqual(["Transpose", "Conv", "PRelu", "Transpose"]);
  expectSame(conv("one"), 0);
  expectSame(conv("each"), 0);
});

test("the name goes into the convolution before it", () => {
  const lines = ["Conv x w -> c", "Add c three -> r", "Clip r zero six -> g", "Mul c g -> p", "Div p six -> y"];
  const conv = graphOf({ inputs: { x: [1, 3, 8, 8] }, lines, constants: { ...constants, w: weights([4, 3, 1, 1]) } });
  expect(opsAfter(conv)).toEqual(["Transpose", "Conv", "Transpose"]);
  expectSame(conv);
});
