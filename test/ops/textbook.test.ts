// Examples that are worked by hand in textbooks and lectures, with their known answers.

import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import type { Conv2dOptions } from "../../src/ops/conv2d.ts";
import { resolveWindow } from "../../src/ops/window.ts";
import { compileBuild } from "../support/builds.ts";

const engine = await createEngine({ wasm: compileBuild("release") });

/** Rows of the only channel of the only image. */
function rows(shape: readonly number[], data: ArrayLike<number | bigint>): number[][] {
  const W = shape[shape.length - 1];
  return Array.from({ length: data.length / W }, (_, h) =>
    Array.from({ length: W }, (_, w) => Number(data[h * W + w])),
  );
}

function plane(values: readonly (readonly number[])[]) {
  return engine.tensor(values.flat(), [1, 1, values.length, values[0].length]);
}

function convolved(
  image: readonly (readonly number[])[],
  kernel: readonly (readonly number[])[],
  options: Conv2dOptions = {},
) {
  return engine.scope(() => {
    const y = engine.conv2d(plane(image), plane(kernel), options);
    return rows(y.shape, y.data);
  });
}

const SOBEL_X = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
];
const SOBEL_Y = [
  [-1, -2, -1],
  [0, 0, 0],
  [1, 2, 1],
];

describe("filters by hand", () => {
  test("a ramp of 5x5 under Sobel's x filter rises by 8 everywhere", () => {
    const ramp = Array.from({ length: 5 }, () => [0, 1, 2, 3, 4]);
    const eights = Array.from({ length: 3 }, () => [8, 8, 8]);
    expect(convolved(ramp, SOBEL_X)).toEqual(eights);
    // Counting on from row to row adds 5 a row, which the filter does not see.
    const counted = Array.from({ length: 5 }, (_, h) => Array.from({ length: 5 }, (_, w) => 5 * h + w + 1));
    expect(convolved(counted, SOBEL_X)).toEqual(eights);
    expect(convolved(counted, SOBEL_Y)).toEqual(Array.from({ length: 3 }, () => [40, 40, 40]));
  });

  test("a diagonal difference of a 4x4 table", () => {
    const table = [
      [1, 2, 0, 0],
      [5, 3, 0, 4],
      [2, 1, 3, 1],
      [0, 2, 1, 2],
    ];
    const difference = [
      [1, 0],
      [0, -1],
    ];
    expect(convolved(table, difference)).toEqual([
      [-2, 2, -4],
      [4, 0, -1],
      [0, 0, 1],
    ]);
  });

  test("the edge kernel [-1, 1] finds the left and right edges of a square", () => {
    const square = Array.from({ length: 5 }, (_, h) =>
      Array.from({ length: 5 }, (_, w) => (h >= 1 && h <= 3 && w >= 1 && w <= 3 ? 1 : 0)),
    );
    expect(convolved(square, [[-1, 1]])).toEqual([
      [0, 0, 0, 0],
      [1, 0, 0, -1],
      [1, 0, 0, -1],
      [1, 0, 0, -1],
      [0, 0, 0, 0],
    ]);
    expect(convolved(square, [[-1], [1]])).toEqual([
      [0, 1, 1, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [0, -1, -1, -1, 0],
    ]);
  });

  test("Sobel's filters on the step image of 16x16", () => {
    const step = Array.from({ length: 16 }, () => Array.from({ length: 16 }, (_, w) => (w < 8 ? 0 : 1)));
    const edge = Array.from({ length: 14 }, (_, w) => (w === 6 || w === 7 ? 4 : 0));
    expect(convolved(step, SOBEL_X)).toEqual(Array.from({ length: 14 }, () => edge));
    expect(
      convolved(step, SOBEL_Y)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
    // Padded with zeros, the right border of the bright half is an edge too, weaker in the corners.
    const padded = convolved(step, SOBEL_X, { padding: 1 });
    expect(padded).toHaveLength(16);
    expect(padded[5]).toEqual([0, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, -4]);
    expect(padded[0]).toEqual([0, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, -3]);
    // Continued by its border, the image has the one edge.
    const replicated = convolved(step, SOBEL_X, { padding: 1, paddingMode: "replicate" });
    expect(replicated).toEqual(Array.from({ length: 16 }, () => [0, ...edge, 0]));
  });

  test("a filter that is 1 in the middle keeps the image; a mean filter keeps a constant", () => {
    const image = Array.from({ length: 4 }, (_, h) => Array.from({ length: 5 }, (_, w) => 7 * h - 3 * w));
    const middle = [
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ];
    expect(convolved(image, middle, { padding: "same" })).toEqual(image);
    const constant = Array.from({ length: 4 }, () => [5, 5, 5, 5, 5]);
    const quarter = [
      [0.25, 0.25],
      [0.25, 0.25],
    ];
    expect(convolved(constant, quarter)).toEqual(Array.from({ length: 3 }, () => [5, 5, 5, 5]));
  });
});

describe("pooling by hand", () => {
  const table = [
    [1, 3, 2, 4],
    [5, 6, 7, 8],
    [3, 2, 1, 0],
    [1, 2, 3, 4],
  ];
  const window = { windowDimensions: 2, strides: 2 };

  test("2x2 max pooling of a 4x4 table, and where the maxima were", () => {
    engine.scope(() => {
      const y = engine.maxPool2d(plane(table), window);
      expect(rows(y.shape, y.data)).toEqual([
        [6, 8],
        [3, 4],
      ]);
      const { values, indices } = engine.maxPool2dWithIndices(plane(table), window);
      expect(rows(values.shape, values.data)).toEqual([
        [6, 8],
        [3, 4],
      ]);
      expect(rows(indices.shape, indices.data)).toEqual([
        [5, 7],
        [8, 15],
      ]);
    });
  });

  test("2x2 max pooling of the table of the diagonal difference", () => {
    engine.scope(() => {
      const other = [
        [1, 2, 0, 0],
        [5, 3, 0, 4],
        [2, 1, 3, 1],
        [0, 2, 1, 2],
      ];
      const y = engine.maxPool2d(plane(other), window);
      expect(rows(y.shape, y.data)).toEqual([
        [5, 4],
        [2, 3],
      ]);
    });
  });

  test("2x2 average and L2 pooling of the same table, and its mean", () => {
    engine.scope(() => {
      const y = engine.averagePool2d(plane(table), window);
      expect(rows(y.shape, y.data)).toEqual([
        [3.75, 5.25],
        [2, 2],
      ]);
      expect(rows([1], engine.averagePool2d(plane(table)).data)).toEqual([[52 / 16]]);
      const l2 = engine.l2Pool2d(plane([[3, 4]]), {});
      expect(rows([1], l2.data)).toEqual([[5]]);
    });
  });
});

describe("sizes by hand", () => {
  const size = (image: number, window: number, padding: number, strides: number, dilations = 1) => {
    const v = resolveWindow("size", [image, image], [window, window], { padding, strides, dilations });
    expect(v.OW).toBe(v.OH);
    return v.OH;
  };

  test.each([
    ["VGG's convolutions keep 224", 224, 3, 1, 1, 224],
    ["a stride of 2 halves 224", 224, 3, 1, 2, 112],
    ["ResNet's stem halves 224", 224, 7, 3, 2, 112],
    ["ResNet's stem halves 32", 32, 7, 3, 2, 16],
    ["LeNet's 5x5 on 32", 32, 5, 0, 1, 28],
    ["AlexNet's first layer on 227", 227, 11, 0, 4, 55],
  ])("%s", (_, image, window, padding, strides, want) => {
    expect(size(image, window, padding, strides)).toBe(want);
  });

  test("a dilation of 2 with a padding of 2 keeps 56x56", () => {
    expect(size(56, 3, 2, 1, 2)).toBe(56);
    engine.scope(() => {
      const x = engine.tensor(new Float32Array(56 * 56), [1, 1, 56, 56]);
      const filter = engine.tensor(new Float32Array(9), [1, 1, 3, 3]);
      expect(engine.conv2d(x, filter, { dilations: 2, padding: 2 }).shape).toEqual([1, 1, 56, 56]);
    });
  });

  test("64 to 128 channels by 3x3 windows: 8,768 weights separably, 73,728 otherwise", () => {
    engine.scope(() => {
      const zeros = (...shape: number[]) => engine.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
      const count = (...filters: { shape: readonly number[] }[]) =>
        filters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      const x = zeros(1, 64, 4, 4);
      const [depthwise, pointwise, full] = [zeros(64, 1, 3, 3), zeros(128, 64, 1, 1), zeros(128, 64, 3, 3)];
      const y = engine.depthwiseSeparableConv2d(x, depthwise, pointwise, { padding: 1 });
      expect(y.shape).toEqual(engine.conv2d(x, full, { padding: 1 }).shape);
      expect(count(depthwise, pointwise)).toBe(8768);
      expect(count(full)).toBe(73728);
    });
  });
});
