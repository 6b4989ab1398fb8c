// Concatenations of channels that are written, and read, where they lie: nested ones, and those behind resizes.
import { describe, expect, test } from "vitest";
import { floats, integers } from "../support/onnx-model.ts";
import { conv, expectSame, graphOf, type Line, nodesAfter, weights } from "./graphs.ts";

const constants = {
  w4: weights([4, 4, 3, 3]),
  w5: weights([5, 4, 3, 3]),
  w8: weights([4, 8, 3, 3]),
  w12: weights([4, 12, 3, 3]),
  w16: weights([4, 16, 1, 1]),
  gamma: weights([8]),
  mean: weights([8]),
  variance: weights([8], 0.5, 1),
  double: floats([4], 1, 1, 2, 2),
  wider: floats([4], 1, 1, 1, 2),
  uneven: floats([4], 1, 1, 1.5, 1.75),
};
const concat = (text: string): Line => [text, { axis: 1 }];

const graph = (lines: Line[], N: number, outputs?: string) =>
  graphOf({ inputs: { x: [N, 4, 6, 5] }, lines, constants, ...(outputs && { outputs }) });

/** Which inputs of each concatenation lie in it. */
function inPlace(lines: Line[], N: number, outputs?: string): unknown[] {
  return nodesAfter(graph(lines, N, outputs)).flatMap(({ op, attributes }) =>
    op === "Concat" ? [attributes["inPlace"] ?? []] : [],
  );
}

/** Results stay, and how many steps move elements without computing. */
function copies(lines: Line[], N: number, outputs?: string): number {
  return expectSame(graph(lines, N, outputs)).filter((algorithm) => algorithm === "copy").length;
}

test.each([
  ["a mean over single places", "ReduceMean g axes -> m"],
  ["all places in their order", ["Gather g all -> m", { axis: 1 }]],
] as readonly [string, Line][])("%s is the value itself, which lies in one place only", (_, line) => {
  const lines: Line[] = ["GlobalAveragePool x -> g", line, concat("Concat m m g g -> y")];
  const more = { ...constants, axes: integers(2, 3), all: integers(0, 1, 2, 3) };
  const g = graphOf({ inputs: { x: [1, 4, 6, 5] }, lines, constants: more });
  expect(nodesAfter(g).find(({ op }) => op === "Concat")?.attributes["inPlace"]).toHaveLength(1);
  expectSame(g);
});

describe.each([1, 2])("in a batch of %d", (N) => {
  test("one in another takes its parts along", () => {
    const lines = [
      conv("Conv x w4 -> a"),
      conv("Conv x w5 -> b"),
      concat("Concat a b -> c"),
      conv("Conv a w4 -> d"),
      concat("Concat d c -> e"),
      "Relu e -> y",
    ];
    expect(inPlace(lines, N)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(copies(lines, N)).toBe(0);
  });

  test("all that a dense block gathers lies in its last", () => {
    const lines = [
      conv("Conv x w4 -> a"),
      conv("Conv a w4 -> b"),
      concat("Concat a b -> c"),
      "BatchNormalization c gamma gamma mean variance -> n",
      "Relu n -> r",
      conv("Conv r w8 -> d"),
      concat("Concat c d -> e"),
      conv("Conv e w12 -> f"),
      concat("Concat e f -> g"),
      conv("Conv g w16 -> y"),
    ];
    expect(inPlace(lines, N)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(copies(lines, N)).toBe(0);
  });

  test("a part that two need lies in one, and is copied from there to the other", () => {
    const lines = [
      conv("Conv x w4 -> a"),
      conv("Conv x w5 -> b"),
      concat("Concat b a -> c"),
      conv("Conv a w4 -> d"),
      concat("Concat a d -> e"),
    ];
    expect(inPlace(lines, N, "c e")).toEqual([[0], [0, 1]]);
    expect(copies(lines, N, "c e")).toBe(1);
  });

  test("a part of a part that the whole needs too", () => {
    const lines = [
      conv("Conv x w4 -> a"),
      conv("Conv x w5 -> b"),
      concat("Concat a b -> c"),
      concat("Concat c a -> d"),
      "Relu d -> y",
    ];
    expect(inPlace(lines, N)).toEqual([[1], [0, 1]]);
    expect(copies(lines, N)).toBe(1);
  });

  test("what is asked for itself is copied", () => {
    const lines = [
      conv("Conv x w4 -> a"),
      conv("Conv x w5 -> b"),
      concat("Concat a b -> c"),
      concat("Concat c x -> d"),
    ];
    expect(inPlace(lines, N, "c d")).toEqual([[0, 1], []]);
    expect(copies(lines, N, "c d")).toBe(1);
  });

  test.each([
    ["nearest", "double"],
    ["linear", "double"],
    ["cubic", "uneven"],
    ["linear", "wider"],
    ["nearest", "wider"],
  ])("a resize (%s, %s) writes into it", (mode, scales) => {
    const lines: Line[] = [
      conv("Conv x w4 -> a"),
      [`Resize a _ ${scales} -> b`, { mode }],
      [`Resize x _ ${scales} -> c`, { mode }],
      conv("Conv c w5 -> d"),
      concat("Concat d b -> e"),
      "Relu e -> y",
    ];
    expect(inPlace(lines, N)).toEqual([[0, 1]]);
    expect(copies(lines, N)).toBe(0);
  });

  test("a resize of rows alone is copied", () => {
    const rows = { taller: floats([4], 1, 1, 2, 1) };
    const lines: Line[] = [
      conv("Conv x w4 -> a"),
      ["Resize a _ taller -> b", { mode: "linear" }],
      concat("Concat b b -> e"),
    ];
    const g = graphOf({ inputs: { x: [N, 4, 6, 5] }, lines, constants: { ...constants, ...rows } });
    expect(nodesAfter(g).find(({ op }) => op === "Concat")?.attributes["inPlace"]).toBeUndefined();
    expectSame(g);
  });

  test.each(["nearest", "linear"])("a resize (%s) reads a part, if it can step", (mode) => {
    const lines: Line[] = [
      conv("Conv x w4 -> a"),
      [`Resize a _ double -> b`, { mode }],
      conv("Conv a w5 -> c"),
      concat("Concat a c -> e"),
    ];
    expect(inPlace(lines, N, "b e")).toEqual([mode === "nearest" ? [0, 1] : [1]]);
    expect(copies(lines, N, "b e")).toBe(mode === "nearest" ? 0 : 1);
  });
});
