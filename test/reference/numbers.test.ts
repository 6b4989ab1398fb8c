import { describe, expect, test } from "vitest";
import {
  argMax,
  argMin,
  binary,
  binaryFunctions,
  gemm,
  intersectionOverUnion,
  matmul,
  nonMaxSuppression,
  plain,
  prelu,
  type Reduction,
  reduce,
  sum,
  through,
  topK,
  where,
} from "../reference.ts";

const { NaN: NOT, NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
const X = plain([2, 3], [1, -2, 3, -4, 5, 0]);

describe("elementwise", () => {
  test("broadcasting", () => {
    const y = binary(plain([2, 1], [10, 20]), plain([3], [1, 2, 3]), binaryFunctions.sub);
    expect(y.shape).toEqual([2, 3]);
    expect([...y.data]).toEqual([9, 8, 7, 19, 18, 17]);
    expect(binary(X, plain([], [2]), binaryFunctions.mul).data[4]).toBe(10);
    expect(() => binary(X, plain([2], [1, 2]), binaryFunctions.add)).toThrow("broadcast: shapes do not fit");
  });

  test("functions of two numbers", () => {
    const f = binaryFunctions;
    expect([f.mod(-7, 3), f.mod(7, -3), f.fmod(-7, 3), f.pow(2, 10)]).toEqual([2, -2, -1, 1024]);
    expect([f.max(NOT, 1), f.max(1, NOT), f.min(NOT, 1), f.min(1, NOT)]).toEqual([NOT, NOT, NOT, NOT]);
    expect([f.less(NOT, 1), f.greaterOrEqual(NOT, 1), f.equal(NOT, NOT), f.lessOrEqual(1, 1)]).toEqual([0, 0, 0, 1]);
  });

  test("prelu, where, sum, through", () => {
    expect([...prelu(X, plain([2, 1], [0.5, 0.25])).data]).toEqual([1, -1, 3, -1, 5, 0]);
    expect([...where(plain([3], [1, 0, 1]), X, plain([], [9])).data]).toEqual([1, 9, 3, -4, 9, 0]);
    const y = sum([X, plain([3], [1, 1, -3])]);
    expect([...y.data]).toEqual([2, -1, 0, -3, 6, -3]);
    expect([...y.magnitude]).toEqual([2, 3, 6, 5, 6, 3]);
    const positive = through(y, (value) => Math.max(value, 0));
    expect([...positive.data]).toEqual([2, 0, 0, 0, 6, 0]);
    expect(positive.magnitude).toEqual(y.magnitude);
  });
});

describe("reductions", () => {
  test.each<[Reduction, number[], number[]]>([
    ["sum", [2, 1], [6, 9]],
    ["mean", [2 / 3, 1 / 3], [2, 3]],
    ["max", [3, 5], [3, 5]],
    ["min", [-2, -4], [2, 4]],
    ["prod", [-6, 0], [6, 0]],
    ["l1", [6, 9], [6, 9]],
    ["l2", [Math.sqrt(14), Math.sqrt(41)], [Math.sqrt(14), Math.sqrt(41)]],
    ["sumSquare", [14, 41], [14, 41]],
    ["logSum", [Math.log(2), 0], [Math.log(2) + 3, 9]],
  ])("%s of each row", (kind, values, magnitudes) => {
    const y = reduce(X, kind, { axes: [-1] });
    expect(y.shape).toEqual([2, 1]);
    values.forEach((value, i) => {
      expect(y.data[i]).toBeCloseTo(value, 14);
      expect(y.magnitude[i]).toBeCloseTo(magnitudes[i], 14);
    });
  });

  test("axes and shapes", () => {
    const cube = plain([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...reduce(cube, "sum", { axes: [0, 2], keepDims: false }).data]).toEqual([14, 22]);
    expect(reduce(cube, "sum", { axes: [0, 2] }).shape).toEqual([1, 2, 1]);
    expect(reduce(cube, "sum", { axes: [0, 2] }).terms).toBe(4);
    expect(reduce(cube, "max").shape).toEqual([1, 1, 1]);
    expect(reduce(cube, "max", { keepDims: false }).shape).toEqual([]);
  });

  test("logSumExp does not overflow, and knows infinities", () => {
    const of = (...values: number[]): number => reduce(plain([values.length], values), "logSumExp").data[0];
    expect(of(Math.log(1), Math.log(2), Math.log(3))).toBeCloseTo(Math.log(6), 14);
    expect(of(1000, 1000)).toBeCloseTo(1000 + Math.LN2, 11);
    expect([of(NEGATIVE_INFINITY, NEGATIVE_INFINITY), of(POSITIVE_INFINITY, 1)]).toEqual([
      NEGATIVE_INFINITY,
      POSITIVE_INFINITY,
    ]);
  });

  test("NaN and nothing", () => {
    expect(reduce(plain([3], [1, NOT, 3]), "max").data[0]).toBeNaN();
    expect(reduce(plain([3], [1, NOT, 3]), "min").data[0]).toBeNaN();
    const none = plain([2, 0], []);
    const of = (kind: Reduction): number => reduce(none, kind, { axes: [1] }).data[0];
    expect([of("sum"), of("prod"), of("max"), of("min"), of("l2"), of("logSumExp")]).toEqual([
      0,
      1,
      NEGATIVE_INFINITY,
      POSITIVE_INFINITY,
      0,
      NEGATIVE_INFINITY,
    ]);
  });

  test("argMax and argMin", () => {
    const x = plain([2, 4], [2, 5, 5, 1, 7, 0, 0, 7]);
    expect([...argMax(x, { axis: 1 }).data]).toEqual([1, 0]);
    expect([...argMax(x, { axis: 1, selectLastIndex: true }).data]).toEqual([2, 3]);
    expect([...argMin(x, { axis: -1, keepDims: false }).data]).toEqual([3, 1]);
    expect([...argMin(x, { axis: -1, selectLastIndex: true }).data]).toEqual([3, 2]);
    expect([...argMax(x).data]).toEqual([1, 0, 0, 1]);
    expect(argMax(x, { axis: 1 }).shape).toEqual([2, 1]);
    expect(argMax(x, { axis: 1, keepDims: false }).shape).toEqual([2]);
    expect([...argMax(plain([4], [1, NOT, 9, NOT])).data]).toEqual([1]);
    expect([...argMin(plain([4], [1, NOT, 9, NOT]), { selectLastIndex: true }).data]).toEqual([3]);
  });

  test("topK", () => {
    const x = plain([1, 5], [3, 9, 3, NOT, 4]);
    const { values, indices } = topK(x, 4);
    expect([...values.data]).toEqual([NOT, 9, 4, 3]);
    expect([...indices.data]).toEqual([3, 1, 4, 0]);
    expect([...topK(x, 3, -1, false).indices.data]).toEqual([0, 2, 4]);
    expect([...topK(plain([3, 2], [1, 6, 3, 4, 2, 5]), 2, 0).values.data]).toEqual([3, 6, 2, 5]);
  });
});

describe("matrices", () => {
  test("a product, its magnitude, vectors", () => {
    const b = plain([3, 2], [1, 0, -1, 2, 1, 1]);
    const y = matmul(X, b);
    expect([...y.data]).toEqual([6, -1, -9, 10]);
    expect([...y.magnitude]).toEqual([6, 7, 9, 10]);
    expect(y.terms).toBe(3);
    const v = plain([3], [1, 1, 1]);
    expect(matmul(v, b)).toMatchObject({ shape: [2], data: Float64Array.of(1, 3) });
    expect(matmul(X, v)).toMatchObject({ shape: [2], data: Float64Array.of(2, 1) });
    expect(matmul(v, v)).toMatchObject({ shape: [], data: Float64Array.of(3) });
    expect(() => matmul(X, X)).toThrow("matmul: 3 columns do not meet 2 rows");
  });

  test("batches broadcast", () => {
    const a = plain([2, 1, 1, 2], [1, 2, 3, 4]);
    const b = plain([3, 2, 1], [1, 0, 0, 1, 1, 1]);
    expect(matmul(a, b)).toMatchObject({ shape: [2, 3, 1, 1], data: Float64Array.of(1, 2, 3, 3, 4, 7) });
  });

  test("gemm", () => {
    const b = plain([3, 2], [1, 0, -1, 2, 1, 1]);
    const at = plain([3, 2], [1, -4, -2, 5, 3, 0]);
    const bt = plain([2, 3], [1, -1, 1, 0, 2, 1]);
    expect([...gemm(X, b).data]).toEqual([6, -1, -9, 10]);
    expect([...gemm(at, b, { transA: true }).data]).toEqual([6, -1, -9, 10]);
    expect([...gemm(X, bt, { transB: true }).data]).toEqual([6, -1, -9, 10]);
    const y = gemm(X, b, { alpha: 2, beta: -0.5, c: plain([2], [4, 8]) });
    expect([...y.data]).toEqual([10, -6, -20, 16]);
    expect([...y.magnitude]).toEqual([14, 18, 20, 24]);
  });
});

describe("boxes", () => {
  test("intersection over union", () => {
    expect(intersectionOverUnion([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 15);
    expect(intersectionOverUnion([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0);
    expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
  });

  // Boxes 0 and 1 overlap by 9 / 11; box 1 names its corners the other way round; box 2 stands apart.
  const boxes = plain([1, 3, 4], [0, 0, 1, 10, 1, 11, 0, 1, 0, 20, 1, 30]);
  const scores = plain([1, 2, 3], [0.8, 0.9, 0.3, 0.5, 0.5, 0.1]);

  test("the best of what overlaps, for each class", () => {
    const options = { maxOutputBoxesPerClass: 3, iouThreshold: 0.5 };
    const all = nonMaxSuppression(boxes, scores, options);
    expect(all).toEqual([
      [0, 0, 1],
      [0, 0, 2],
      [0, 1, 0],
      [0, 1, 2],
    ]);
    expect(nonMaxSuppression(boxes, scores, { ...options, scoreThreshold: 0.3 })).toEqual([
      [0, 0, 1],
      [0, 1, 0],
    ]);
    expect(nonMaxSuppression(boxes, scores, { ...options, maxOutputBoxesPerClass: 1 })).toHaveLength(2);
    expect(nonMaxSuppression(boxes, scores, { ...options, iouThreshold: 0.82 })).toHaveLength(6);
    expect(nonMaxSuppression(boxes, scores)).toEqual([]);
  });

  test("boxes by their centres", () => {
    const centred = plain([1, 3, 4], [5, 0.5, 10, 1, 6, 0.5, 10, 1, 25, 0.5, 10, 1]);
    // 9 / 11 lies above the threshold; read as corners, these boxes overlap by 4 / 5.
    const options = { maxOutputBoxesPerClass: 3, iouThreshold: 0.81 };
    expect(nonMaxSuppression(centred, scores, { ...options, centrePointBox: true })).toEqual(
      nonMaxSuppression(boxes, scores, options),
    );
    expect(nonMaxSuppression(centred, scores, options)).not.toEqual(nonMaxSuppression(boxes, scores, options));
  });
});
