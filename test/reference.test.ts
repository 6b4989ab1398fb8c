import { describe, expect, test } from "vitest";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  col2im,
  conv2d,
  convTranspose2d,
  globalAveragePool,
  globalMaxPool,
  im2col,
  l2Pool2d,
  lpPool2d,
  maxPool2d,
  maxUnpool2d,
  type Plain,
  plain,
  type Reference,
  windowCount,
} from "./reference.ts";
import { Random } from "./support/random.ts";

/** One plane from its rows. */
function image(rows: readonly (readonly number[])[]): Plain {
  return plain([1, 1, rows.length, rows[0].length], rows.flat());
}

function ramp(...shape: number[]): Plain {
  return plain(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
}

/** The rows of a result that has one plane. */
function rowsOf(y: Reference): number[][] {
  const [, , H, W] = y.shape;
  return Array.from({ length: H }, (_, h) => Array.from(y.data.slice(h * W, (h + 1) * W)));
}

const SOBEL_X = image([
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]);
const TABLE = image([
  [1, 2, 0, 0],
  [5, 3, 0, 4],
  [2, 1, 3, 1],
  [0, 2, 1, 2],
]);

describe("conv2d by hand", () => {
  test("a ramp has the same slope everywhere", () => {
    const y = conv2d(ramp(1, 1, 5, 5), SOBEL_X);
    expect(rowsOf(y)).toEqual([
      [8, 8, 8],
      [8, 8, 8],
      [8, 8, 8],
    ]);
    expect(y.terms).toBe(9);
    // The corner window is 0 1 2 / 5 6 7 / 10 11 12: 0 + 2 + 10 + 14 + 10 + 12.
    expect(y.magnitude[0]).toBe(48);
  });

  test("a 2x2 filter on a 4x4 table, not flipped", () => {
    const y = conv2d(
      TABLE,
      image([
        [1, 0],
        [0, -1],
      ]),
    );
    expect(rowsOf(y)).toEqual([
      [-2, 2, -4],
      [4, 0, -1],
      [0, 0, 1],
    ]);
  });

  test("[-1, 1] finds the two vertical edges of a square", () => {
    const inside = [0, 1, 1, 1, 0];
    const outside = [0, 0, 0, 0, 0];
    const y = conv2d(image([outside, inside, inside, inside, outside]), image([[-1, 1]]));
    const edges = [1, 0, 0, -1];
    const none = [0, 0, 0, 0];
    expect(rowsOf(y)).toEqual([none, edges, edges, edges, none]);
  });

  test("Sobel on a 16x16 step answers at the step only", () => {
    const step = Array.from({ length: 16 }, () => Array.from({ length: 16 }, (_, w) => (w < 8 ? 0 : 1)));
    const y = conv2d(image(step), SOBEL_X);
    expect(y.shape).toEqual([1, 1, 14, 14]);
    for (const row of rowsOf(y)) expect(row).toEqual([0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0]);
  });

  test.each([
    ["224, window 3, padding 1, stride 1", 224, 3, 1, 1, 1, 224],
    ["224, window 3, padding 1, stride 2", 224, 3, 2, 1, 1, 112],
    ["224, window 7, padding 3, stride 2", 224, 7, 2, 1, 3, 112],
    ["32, window 7, padding 3, stride 2", 32, 7, 2, 1, 3, 16],
    ["56, window 3, dilation 2, padding 2", 56, 3, 1, 2, 2, 56],
    ["a window longer than the input", 2, 3, 1, 1, 0, 0],
  ])("output size: %s", (_name, input, window, stride, dilation, padding, output) => {
    expect(windowCount(input, window, stride, dilation, padding, padding)).toBe(output);
  });

  test("dilation 2 with padding 2 keeps 56x56", () => {
    const y = conv2d(ramp(1, 1, 56, 56), SOBEL_X, { dilations: 2, padding: 2 });
    expect(y.shape).toEqual([1, 1, 56, 56]);
    // Columns 4 apart, weights 1 + 2 + 1.
    expect(y.data[2 * 56 + 2]).toBe(16);
  });

  test("bias, residual and several channels", () => {
    const x = plain([1, 2, 1, 2], [1, 2, 3, 4]);
    const w = plain([2, 2, 1, 1], [1, 10, -1, 0]);
    const bias = plain([2], [100, -100]);
    const y = conv2d(x, w, { bias, residual: plain([1, 2, 1, 2], [0.5, 0.25, -0.5, 0]) });
    expect([...y.data]).toEqual([131.5, 142.25, -101.5, -102]);
    expect([...y.magnitude]).toEqual([131.5, 142.25, 101.5, 102]);
    expect(y.terms).toBe(3);
  });

  test("groups keep to their channels", () => {
    const x = plain([1, 4, 1, 1], [1, 2, 3, 4]);
    const w = plain([2, 2, 1, 1], [1, 10, 1, 10]);
    expect([...conv2d(x, w, { groups: 2 }).data]).toEqual([21, 43]);
    const depthwise = plain([4, 1, 1, 1], [1, 10, 100, 1000]);
    expect([...conv2d(x, depthwise, { groups: 4 }).data]).toEqual([1, 20, 300, 4000]);
  });

  test("padding is top, left, bottom, right; strides and dilations are height, width", () => {
    const x = image([[1, 2, 3]]);
    const y = conv2d(x, image([[1]]), { padding: [1, 2, 3, 0] });
    expect(y.shape).toEqual([1, 1, 5, 5]);
    expect(rowsOf(y)[1]).toEqual([0, 0, 1, 2, 3]);
    expect(conv2d(ramp(1, 1, 7, 7), image([[1]]), { strides: [3, 2] }).shape).toEqual([1, 1, 3, 4]);
    expect(conv2d(ramp(1, 1, 7, 7), SOBEL_X, { dilations: [3, 2] }).shape).toEqual([1, 1, 1, 3]);
  });

  test.each([
    ["zeros", [0, 0, 0, 1, 2, 3, 0, 0, 0]],
    ["replicate", [1, 1, 1, 1, 2, 3, 3, 3, 3]],
    ["circular", [1, 2, 3, 1, 2, 3, 1, 2, 3]],
    ["reflect", [2, 3, 2, 1, 2, 3, 2, 1, 2]],
  ] as const)("padding mode %s", (paddingMode, row) => {
    const y = conv2d(image([[1, 2, 3]]), image([[1]]), { padding: [0, 3, 0, 3], paddingMode });
    expect(rowsOf(y)).toEqual([row]);
  });
});

describe("the other ways to write a convolution", () => {
  const x = new Random(1).tensor([2, 4, 7, 6]);
  const w = new Random(2).tensor([6, 2, 3, 2]);
  const options = { strides: [2, 1], padding: [1, 0, 2, 1], dilations: [1, 2] } as const;

  test("convTranspose2d spreads each element over a window", () => {
    const y = convTranspose2d(
      image([
        [1, 2],
        [3, 4],
      ]),
      image([
        [1, 10],
        [100, 1000],
      ]),
    );
    expect(rowsOf(y)).toEqual([
      [1, 12, 20],
      [103, 1234, 2040],
      [300, 3400, 4000],
    ]);
    expect(y.terms).toBe(4);
  });

  test("convTranspose2d: stride, padding, output padding, bias", () => {
    const y = convTranspose2d(image([[1, 2]]), image([[1, 10, 100]]), {
      strides: [1, 2],
      padding: [0, 1, 0, 0],
      outputPadding: [0, 1],
      bias: plain([1], [0.5]),
    });
    expect(rowsOf(y)).toEqual([[10.5, 102.5, 20.5, 200.5, 0.5]]);
  });

  test("convTranspose2d is the transpose of conv2d: <conv x, g> = <x, transpose g>", () => {
    const y = conv2d(x, w, { ...options, groups: 2 });
    const g = new Random(3).tensor(y.shape);
    const back = convTranspose2d(g, w, { ...options, groups: 2, outputPadding: [1, 0] });
    expect(back.shape).toEqual(x.shape);
    const left = y.data.reduce((sum, value, i) => sum + value * g.data[i], 0);
    const right = back.data.reduce((sum, value, i) => sum + value * x.data[i], 0);
    expect(left).toBeCloseTo(right, 10);
    expect(Math.abs(left)).toBeGreaterThan(0.1);
  });

  test("im2col rows times filter rows are the convolution", () => {
    const dense = new Random(4).tensor([5, 4, 3, 2]);
    const y = conv2d(x, dense, options);
    const columns = im2col(x, [3, 2], options);
    const [, rows, L] = columns.shape;
    expect([rows, L]).toEqual([4 * 3 * 2, y.shape[2] * y.shape[3]]);
    for (const [n, oc, l] of [
      [0, 0, 0],
      [0, 4, L - 1],
      [1, 2, 9],
    ]) {
      let sum = 0;
      for (let k = 0; k < rows; k++) sum += dense.data[oc * rows + k] * columns.data[(n * rows + k) * L + l];
      expect(sum).toBeCloseTo(y.data[(n * 5 + oc) * L + l], 12);
    }
  });

  test("col2im adds up what overlaps", () => {
    const columns = im2col(ramp(1, 1, 3, 3), 2);
    expect([...columns.data]).toEqual([0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8]);
    expect([...col2im(columns, 3, 2).data]).toEqual([0, 2, 2, 6, 16, 10, 6, 14, 8]);
  });
});

describe("pooling", () => {
  test("2x2 maxima of a table", () => {
    expect(rowsOf(maxPool2d(TABLE, { window: 2, strides: 2 }))).toEqual([
      [5, 4],
      [2, 3],
    ]);
    expect(rowsOf(maxPool2d(TABLE, { window: 2 }))).toEqual([
      [5, 3, 4],
      [5, 3, 4],
      [2, 3, 3],
    ]);
  });

  test("indices in three ways; the first of equals", () => {
    const x = plain([1, 2, 2, 3], [1, 7, 2, 3, 4, 7, 0, 0, 0, 9, 0, 0]);
    const y = maxPool2d(x, { window: [2, 3] });
    expect([...y.data]).toEqual([7, 9]);
    expect([...y.indices]).toEqual([1, 9]);
    expect([...y.planeIndices]).toEqual([1, 3]);
    expect([...y.columnMajorIndices]).toEqual([2, 7]);
  });

  test("NaN wins, padding never does", () => {
    const x = image([[-5, Number.NaN, -7, -3]]);
    const y = maxPool2d(x, { window: [1, 2], padding: [0, 1, 0, 1] });
    expect([...y.data]).toEqual([-5, Number.NaN, Number.NaN, -3, -3]);
  });

  test("averages, with and without the padding", () => {
    const x = image([[2, 4, 6]]);
    const options = { window: [1, 2], padding: [0, 1, 0, 0] } as const;
    expect([...averagePool2d(x, options).data]).toEqual([2, 3, 5]);
    expect([...averagePool2d(x, { ...options, countIncludePad: true }).data]).toEqual([1, 3, 5]);
    expect([...averagePool2d(x, { ...options, divisorOverride: 4 }).data]).toEqual([0.5, 1.5, 2.5]);
    expect([...averagePool2d(image([[2, -4, 6]]), options).magnitude]).toEqual([2, 3, 5]);
  });

  test("ceil mode: the last window starts in the input or the padding before it", () => {
    const x = image([[1, 2, 3, 4, 5, 6]]);
    expect([...averagePool2d(x, { window: [1, 3], strides: [1, 2] }).data]).toEqual([2, 4]);
    const hanging = { window: [1, 3], strides: [1, 2], ceilMode: true } as const;
    expect([...averagePool2d(x, hanging).data]).toEqual([2, 4, 5.5]);
    // The tap beyond the padded extent counts in neither case.
    expect([...averagePool2d(x, { ...hanging, countIncludePad: true }).data]).toEqual([2, 4, 5.5]);
    // Padding 1: windows at -1, 1, 3, 5; the last covers 5, the padding, and one place beyond.
    const padded = { ...hanging, padding: [0, 1, 0, 1], countIncludePad: true } as const;
    expect([...averagePool2d(x, padded).data]).toEqual([1, 3, 5, 3]);
    // A third window would start at 6, in the padding after the input; without that padding rule it would count.
    expect(windowCount(6, 2, 3, 1, 0, 1, true)).toBe(2);
    expect(windowCount(7, 2, 3, 1, 0, 1, true)).toBe(3);
    expect(windowCount(5, 2, 2, 1, 1, 1, true)).toBe(3);
  });

  test("dilated windows", () => {
    expect([...maxPool2d(image([[1, 9, 2, 8, 3]]), { window: [1, 2], dilations: [1, 2] }).data]).toEqual([2, 9, 3]);
  });

  test("L2 and Lp", () => {
    const x = image([[3, -4, 12]]);
    expect([...l2Pool2d(x, { window: [1, 2] }).data]).toEqual([5, Math.sqrt(160)]);
    expect([...lpPool2d(x, { window: [1, 2], p: 1 }).data]).toEqual([7, 16]);
  });

  test("global", () => {
    const x = plain([1, 2, 1, 2], [1, 3, -8, -6]);
    expect([...globalAveragePool(x).data]).toEqual([2, -7]);
    expect([...globalMaxPool(x).data]).toEqual([3, -6]);
    expect(globalMaxPool(x).shape).toEqual([1, 2, 1, 1]);
  });

  test("adaptive windows overlap where the sizes do not divide", () => {
    const x = image([[1, 2, 3, 4, 5]]);
    // 0..2, 1..4, 3..5
    expect([...adaptiveAveragePool2d(x, [1, 3]).data]).toEqual([1.5, 3, 4.5]);
    expect([...adaptiveMaxPool2d(x, [1, 3]).data]).toEqual([2, 4, 5]);
  });

  test("unpooling", () => {
    const y = maxPool2d(TABLE, { window: 2, strides: 2 });
    const back = maxUnpool2d(y, y.indices, [1, 1, 4, 4]);
    expect(rowsOf(back)).toEqual([
      [0, 0, 0, 0],
      [5, 0, 0, 4],
      [2, 0, 3, 0],
      [0, 0, 0, 0],
    ]);
    const wider = maxUnpool2d(y, y.indices, [1, 1, 5, 5], { indexShape: [1, 1, 4, 4] });
    expect(rowsOf(wider)[1]).toEqual([5, 0, 0, 4, 0]);
    const two = plain([1, 2, 1, 1], [7, 8]);
    expect([...maxUnpool2d(two, [1, 0], [1, 2, 1, 2], { perPlane: true }).data]).toEqual([0, 7, 8, 0]);
    expect([...maxUnpool2d(two, [1, 2], [1, 2, 1, 2]).data]).toEqual([0, 7, 8, 0]);
  });
});
