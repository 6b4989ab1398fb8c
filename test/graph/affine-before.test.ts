// What is done to an image before a convolution goes into its weights.
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { foldAffineBefore } from "../../src/graph/passes/affine-before.ts";
import { floats, type Value } from "../support/onnx-model.ts";
import { expectSame, graphOf, type Line, opsAfter, scalar, weights } from "./graphs.ts";

const C = 6;
const constants = {
  k: weights([C, 1, 1], 0.5, 1),
  four: weights([1, C, 1, 1], 0.5, 1),
  s: scalar(0.5),
  w: weights([8, C, 3, 3]),
  grouped: weights([8, C / 2, 3, 3]),
  each: weights([C, 1, 3, 3]),
  b: weights([8]),
  one: weights([C, 1, 1, 1]),
  shift: weights([C]),
  zeros: floats([C], 0, 0, 0, 0, 0, 0),
  gamma: weights([C]),
  mean: weights([C]),
  variance: weights([C], 0.5, 1),
};

const graph = (lines: Line[], more: Readonly<Record<string, HostTensor>> = {}, outputs?: string) =>
  graphOf({ inputs: { x: [2, C, 7, 5] }, lines, constants: { ...constants, ...more }, ...(outputs && { outputs }) });

const conv = (attributes: Record<string, Value> = {}, inputs = "y w"): Line => [`Conv ${inputs} -> z`, attributes];
const padded = { pads: [1, 1, 1, 1] };

function expectFolded(lines: Line[], left: string[]): void {
  expect(opsAfter(graph(lines), foldAffineBefore)).toEqual(left);
  expectSame(graph(lines));
}

describe("goes into the convolution behind it:", () => {
  test.each<[string, Line]>([
    ["Mul x k -> y", conv()],
    ["Mul k x -> y", conv({}, "y w b")],
    ["Mul x four -> y", conv(padded, "y w b")],
    ["Mul x s -> y", conv({ auto_pad: "SAME_UPPER" })],
    ["Div x k -> y", conv({ ...padded, strides: [2, 2] })],
    ["Add x k -> y", conv()],
    ["Add s x -> y", conv({ strides: [2, 1] }, "y w b")],
    ["Sub x k -> y", conv({ auto_pad: "VALID" }, "y w b")],
    ["Sub k x -> y", conv({ dilations: [2, 1] }, "y w b")],
    ["Add x k -> y", conv({ group: 2 }, "y grouped b")],
    ["Mul x k -> y", conv({ group: 2, ...padded }, "y grouped")],
    ["Mul x k -> y", conv({ group: C, ...padded }, "y each")],
    ["Sub k x -> y", conv({ group: C }, "y each shift")],
  ])("%s, %j", (before, line) => expectFolded([before, line], ["Conv"]));

  test("several in a row, as pixels are normalised", () => {
    expectFolded(["Div x s -> a", "Sub a k -> c", "Div c four -> y", conv({}, "y w b")], ["Conv"]);
  });

  test("a batch norm, by way of a convolution of each channel", () => {
    const lines: Line[] = ["BatchNormalization x gamma shift mean variance -> y", conv({}, "y w b"), "Relu z -> v"];
    expect(opsAfter(graph(lines))).toEqual(["Transpose", "Conv", "Transpose"]);
    expectSame(graph(lines));
  });

  test("a convolution of each channel that adds nothing, padding or not", () => {
    expectFolded([["Conv x one zeros -> y", { group: C }], conv(padded)], ["Conv"]);
  });
});

describe("stays before", () => {
  test.each<[string, Line]>([
    ["Add x k -> y", conv(padded)],
    ["Sub x s -> y", conv({ pads: [0, 0, 0, 1] }, "y w b")],
    ["Sub k x -> y", conv({ auto_pad: "SAME_LOWER" })],
  ])("%s, as padding would no longer be zero: %j", (before, line) =>
    expectFolded([before, line], [before.slice(0, 3), "Conv"]),
  );

  test.each<[string, Line]>([
    ["a quotient of a constant", "Div k x -> y"],
    ["a convolution of each channel that pads", ["Conv x one -> y", { group: C, pads: [1, 1, 1, 1] }]],
    ["a convolution of each channel that skips", ["Conv x one -> y", { group: C, strides: [2, 1] }]],
    ["a window of each channel", ["Conv x each -> y", { group: C }]],
  ])("%s", (_, before) => {
    const [text] = typeof before === "string" ? [before] : before;
    expectFolded([before, conv()], [text.split(" ")[0], "Conv"]);
  });

  test("a factor for each column", () => {
    const lines: Line[] = ["Mul x row -> y", conv()];
    const row = { row: weights([5]) };
    expect(opsAfter(graph(lines, row), foldAffineBefore)).toEqual(["Mul", "Conv"]);
    expectSame(graph(lines, row));
  });

  test("what somebody else reads too", () => {
    const lines: Line[] = ["Mul x k -> y", conv(), "Relu y -> v"];
    expect(opsAfter(graph(lines, {}, "z v"), foldAffineBefore)).toEqual(["Mul", "Conv", "Relu"]);
    expect(opsAfter(graph(["Mul x k -> y", conv()], {}, "y z"), foldAffineBefore)).toEqual(["Mul", "Conv"]);
  });

  test("a factor that is not finite", () => {
    const infinite = { k: scalar(Infinity) };
    expect(opsAfter(graph(["Mul x k -> y", conv()], infinite), foldAffineBefore)).toEqual(["Mul", "Conv"]);
  });
});
