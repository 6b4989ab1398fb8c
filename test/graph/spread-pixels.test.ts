// Pixels apart from one another around depthwise convolutions: which images, what for, and that nothing else changes.
import { describe, expect, test } from "vitest";
import { Model } from "../../src/graph/model.ts";
import { PLAIN_PASSES } from "../../src/graph/passes/index.ts";
import { conv, expectSame, feedsFor, graphOf, type Line, MODULE, nodesAfter, type Words, weights } from "./graphs.ts";

/** A pointwise convolution to C channels, a depthwise one, and another pointwise one; `lines` come after. */
function mobile(
  C: number,
  { stride = 1, lines = [], outputs }: { stride?: number; lines?: Line[]; outputs?: string } = {},
): Words {
  return {
    inputs: { x: [2, 8, 9, 7] },
    lines: [
      conv("Conv x in -> a", 0),
      ["Conv a filter bias -> d", { group: C, pads: [1, 1, 1, 1], strides: [stride, stride] }],
      "HardSwish d -> s",
      conv("Conv s out -> y", 0),
      ...lines,
    ],
    ...(outputs ? { outputs } : {}),
    constants: {
      in: weights([C, 8, 1, 1]),
      filter: weights([C, 1, 3, 3]),
      bias: weights([C]),
      out: weights([4, C, 1, 1], 0.1),
    },
  };
}

/** Attribute "steps" of the convolutions left, in order. */
function stepsOf(words: Words): unknown[] {
  return nodesAfter(graphOf(words))
    .filter(({ op }) => op === "Conv")
    .map(({ attributes }) => attributes["steps"]);
}

describe("images around depthwise convolutions", () => {
  test.each([128, 256, 384])("of %i channels lie with room between their pixels", (C) => {
    const wide = C + 16;
    expect(stepsOf(mobile(C))).toEqual([
      [0, 0, wide],
      [wide, 0, wide],
      [wide, 0, 0],
    ]);
    for (const stride of [1, 2]) expectSame(graphOf(mobile(C, { stride })), 0);
  });

  test.each([4, 64, 96, 136, 192])("of %i channels stay dense", (C) => {
    expect(stepsOf(mobile(C))).toEqual([undefined, undefined, undefined]);
  });

  test("stay dense where a user or another operator reads them", () => {
    for (const [lines, outputs] of [
      [[], "y a"],
      [["GlobalAveragePool a -> g"], "y g"],
      [["Relu a -> r"], "y r"],
      [[["Transpose a -> t", { perm: [0, 2, 3, 1] }]], "y t"],
    ] as [Line[], string][]) {
      const words = mobile(128, { lines, outputs });
      expect(stepsOf(words)).toEqual([undefined, [0, 0, 144], [144, 0, 0]]);
      expectSame(graphOf(words), 0);
    }
  });

  test("stay dense where a convolution adds them", () => {
    const words = mobile(128);
    const lines: Line[] = [conv("Conv x in -> b", 0), "Add a b -> r"];
    const steps = stepsOf({ ...words, lines: [...words.lines, ...lines], outputs: "y r" });
    expect(steps.filter((each) => each !== undefined)).toEqual([
      [0, 0, 144],
      [144, 0, 0],
    ]);
  });

  test("take the memory that they need", () => {
    const graph = graphOf(mobile(128));
    const dense = PLAIN_PASSES.filter(({ name }) => name !== "spread pixels");
    const [want, got] = [dense, PLAIN_PASSES].map((passes) => {
      const model = new Model(graph, MODULE, { passes });
      const { y } = model.runSync(feedsFor(graph));
      const { arena } = model.memory;
      model.dispose();
      return { y: y.data, arena };
    });
    expect(got.y).toEqual(want.y);
    // Two images, before and behind the depthwise convolution, of two in the batch.
    expect(got.arena - want.arena).toBeGreaterThanOrEqual(2 * 2 * 63 * 16 * 4);
  });
});
