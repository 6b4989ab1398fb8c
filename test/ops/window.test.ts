import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveSequenceWindow } from "../../src/ops/sequence-window.ts";
import { pair, resolvePadding, resolveWindow } from "../../src/ops/window.ts";
import { windowCount } from "../reference/plain.ts";
import { errorOf } from "./engines.ts";

const size = (input: number, window: number, options: object) => {
  const v = resolveWindow("size", [input, input], [window, window], options);
  expect([v.OH, v.KH]).toEqual([v.OW, v.KW]);
  return v.OH;
};

describe("resolveWindow", () => {
  test("gives all numbers in order", () => {
    const options = { strides: [2, 3], dilations: [1, 2], padding: [1, 2, 3, 4] } as const;
    expect(resolveWindow("here", [10, 20], [3, 5], options)).toEqual({
      ...{ IH: 10, IW: 20, OH: 6, OW: 7, KH: 3, KW: 5 },
      ...{ SH: 2, SW: 3, DH: 1, DW: 2, PT: 1, PB: 2, PL: 3, PR: 4 },
    });
  });

  test("one number stands for both axes and all sides, two for vertical and horizontal", () => {
    expect(resolveWindow("here", [9, 9], [3, 3], { padding: 2 })).toMatchObject({
      PT: 2,
      PB: 2,
      PL: 2,
      PR: 2,
      SH: 1,
      SW: 1,
    });
    expect(resolveWindow("here", [9, 9], [3, 3], { padding: [1, 2] })).toMatchObject({ PT: 1, PB: 1, PL: 2, PR: 2 });
    expect(resolveWindow("here", [9, 9], [3, 3], { strides: 2, dilations: 3 })).toMatchObject({
      SH: 2,
      SW: 2,
      DH: 3,
      DW: 3,
    });
  });

  test("sizes are those of counting windows", () => {
    const axis = fc.record({
      input: fc.integer({ min: 1, max: 12 }),
      window: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 6 }),
      dilation: fc.integer({ min: 1, max: 3 }),
      before: fc.nat(6),
      after: fc.nat(6),
      ceil: fc.boolean(),
    });
    let counted = 0;
    fc.assert(
      fc.property(axis, ({ input, window, stride, dilation, before, after, ceil }) => {
        const reach = dilation * (window - 1) + 1;
        fc.pre(input + before + after >= reach);
        // Frameworks refuse paddings as large as the window, for which their rules of rounding up differ.
        fc.pre(!ceil || after < reach);
        counted++;
        const options = { strides: stride, dilations: dilation, padding: [before, after, before, after] };
        const rounding = { outputShapeRounding: ceil ? "ceil" : "floor" };
        expect(size(input, window, { ...options, ...rounding })).toBe(
          windowCount(input, window, stride, dilation, before, after, ceil),
        );
      }),
      { numRuns: 2000, seed: 2 },
    );
    expect(counted).toBeGreaterThan(1000);
  });

  test("rounding up adds a window that hangs over the end, if it starts in the image", () => {
    expect(size(5, 2, { strides: 2 })).toBe(2);
    expect(size(5, 2, { strides: 2, outputShapeRounding: "ceil" })).toBe(3);
    expect(size(4, 2, { strides: 2, outputShapeRounding: "ceil" })).toBe(2);
    // A third window would start at 6, behind the image and its padding of 1.
    expect(size(5, 1, { strides: 3, padding: [0, 1, 0, 1], outputShapeRounding: "ceil" })).toBe(2);
    // Rounding up never gives less than rounding down.
    expect(size(3, 1, { padding: [0, 3, 0, 3], outputShapeRounding: "ceil" })).toBe(6);
  });

  test("same gives ceil(input / stride), the odd place behind or in front", () => {
    for (let input = 1; input < 12; input++) {
      for (const [window, stride, dilation] of [
        [1, 1, 1],
        [2, 1, 1],
        [3, 2, 1],
        [5, 3, 1],
        [3, 1, 2],
        [2, 4, 3],
      ]) {
        const options = { strides: stride, dilations: dilation };
        expect(size(input, window, { ...options, padding: "same" })).toBe(Math.ceil(input / stride));
        expect(size(input, window, { ...options, padding: "same-lower" })).toBe(Math.ceil(input / stride));
      }
    }
    const sides = (rule: "same" | "same-lower" | "valid") =>
      resolvePadding("here", rule, [224, 5], [3, 2], [2, 1], [1, 1]);
    expect(sides("same")).toEqual([0, 1, 0, 1]);
    expect(sides("same-lower")).toEqual([1, 0, 1, 0]);
    expect(sides("valid")).toEqual([0, 0, 0, 0]);
  });

  test.each([
    ["ShapeError", "here: image expected at least 1x1, got 0x5", [0, 5], [1, 1], {}],
    ["ShapeError", "here: padded height expected at least 5 for the window, got 4 + 0 + 0", [4, 9], [5, 5], {}],
    [
      "ShapeError",
      "here: padded width expected at least 7 for the window, got 4 + 1 + 1",
      [9, 4],
      [3, 3],
      { padding: [0, 1], dilations: 3 },
    ],
    [
      "ArgumentError",
      'here: outputShapeRounding expected "floor" or "ceil", got up',
      [4, 4],
      [2, 2],
      { outputShapeRounding: "up" },
    ],
    [
      "ArgumentError",
      "here: dilations expected an integer >= 1 or a pair [height, width] of such, got [2]",
      [4, 4],
      [2, 2],
      { dilations: [2] },
    ],
  ] as const)("%s: %s", (name, message, image, window, options) => {
    expect(errorOf(() => resolveWindow("here", image, window, options as object))).toMatchObject({ name, message });
  });

  test("a pair of two equal or two given numbers", () => {
    expect(pair("here", "what", 3, 1)).toEqual([3, 3]);
    expect(pair("here", "what", [0, 2], 0)).toEqual([0, 2]);
    const text = "here: what expected an integer >= 1 or a pair [height, width] of such, got 0";
    expect(errorOf(() => pair("here", "what", 0, 1)).message).toBe(text);
  });
});

describe("resolveSequenceWindow", () => {
  test("is a window one row high", () => {
    expect(resolveSequenceWindow("here", 10, 3, { strides: 2, dilations: 2, padding: [1, 2] })).toEqual({
      ...{ IH: 1, IW: 10, OH: 1, OW: 5, KH: 1, KW: 3 },
      ...{ SH: 1, SW: 2, DH: 1, DW: 2, PT: 0, PB: 0, PL: 1, PR: 2 },
    });
    expect(resolveSequenceWindow("here", 10, 3, { padding: 1 })).toMatchObject({ PL: 1, PR: 1, PT: 0, PB: 0, OW: 10 });
    expect(resolveSequenceWindow("here", 10, 4, { padding: "same" })).toMatchObject({
      PL: 1,
      PR: 2,
      PT: 0,
      PB: 0,
      OW: 10,
    });
    expect(resolveSequenceWindow("here", 10, 4, { padding: "same-lower" })).toMatchObject({ PL: 2, PR: 1 });
    expect(resolveSequenceWindow("here", 10, 3, { padding: "valid" })).toMatchObject({ PL: 0, PR: 0, OW: 8 });
  });

  test.each([
    ["ArgumentError", "here: strides expected an integer >= 1, got [1]", { strides: [1] }],
    ["ArgumentError", "here: dilations expected an integer >= 1, got 0", { dilations: 0 }],
    [
      "ArgumentError",
      'here: padding expected an integer >= 0, [begin, end], "same", "same-lower" or "valid", got [1, 1, 1, 1]',
      { padding: [1, 1, 1, 1] },
    ],
    [
      "ShapeError",
      "here: padded length expected at least 7 for the window, got 4 + 1 + 1",
      { padding: 1, dilations: 3 },
    ],
  ] as const)("%s: %s", (name, message, options) => {
    expect(errorOf(() => resolveSequenceWindow("here", 4, 3, options as object))).toMatchObject({ name, message });
  });
});
