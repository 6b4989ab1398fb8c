import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import { float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { argMax, argMin, type Reduction, reduce } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { expectExactly, int64, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260404);
const { NaN: NAN, POSITIVE_INFINITY: INF, NEGATIVE_INFINITY: MINUS_INF } = Number;

type Float = HostTensor & { data: Float32Array<ArrayBuffer> };

function floats(shape: readonly number[], scale = 1): Float {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape, scale).data) };
}

const positive = (x: Float): Float => ({ ...x, data: x.data.map((v) => Math.abs(v) + 0.25) });

const KINDS: readonly [op: string, kind: Reduction][] = [
  ["ReduceSum", "sum"],
  ["ReduceMean", "mean"],
  ["ReduceMax", "max"],
  ["ReduceMin", "min"],
  ["ReduceProd", "prod"],
  ["ReduceSumSquare", "sumSquare"],
  ["ReduceL1", "l1"],
  ["ReduceL2", "l2"],
  ["ReduceLogSum", "logSum"],
  ["ReduceLogSumExp", "logSumExp"],
];

/** Neighbours, gaps of one axis and of several, axes of extent 1, from the end, twice the same. */
const AXES: readonly (number[] | undefined)[] = [
  undefined,
  [0],
  [1],
  [-1],
  [1, 2],
  [2, 3],
  [0, 2],
  [3, 1],
  [0, 2, 4],
  [0, 1, 2, 3, 4],
  [-1, 4, 1],
];

/** Roundings behind a result beyond one a summand: the mean's division, roots, logarithms. */
const FURTHER = 8;

describe.each(KINDS)("%s", (op, kind) => {
  test.each(AXES.map((axes) => [axes]))("over the axes %j of five", (axes) => {
    const x = kind === "logSum" ? positive(floats([2, 3, 4, 1, 5])) : floats([2, 3, 4, 1, 5]);
    for (const keepDims of [true, false]) {
      const inputs = [x, axes && int64(...axes)];
      const { results, algorithms } = run({ op, inputs, attributes: { keepdims: keepDims ? 1 : 0 }, constant: [1] });
      const want = reduce(x, kind, { keepDims, ...(axes && { axes }) });
      expect(results[0].shape).toEqual(want.shape);
      expectClose(results[0].data as Float32Array, want, want.terms && want.terms + FURTHER);
      expect(algorithms).not.toContain("host");
    }
  });

  test("of a constant", () => {
    const x = positive(floats([3, 4, 5]));
    const { results } = run({ op, inputs: [x, int64(0, 2)], constant: "all" });
    const want = reduce(x, kind, { axes: [0, 2] });
    expectClose(results[0].data as Float32Array, want, want.terms && want.terms + FURTHER);
  });

  test("of no axes: all, or with noop_with_empty_axes none", () => {
    const x = positive(floats([3, 5]));
    const none = int64();
    const noop = run({ op, inputs: [x, none], attributes: { noop_with_empty_axes: 1 }, constant: [1] });
    const want = reduce(x, kind, { axes: [] });
    expect(noop.results[0].shape).toEqual([3, 5]);
    expectClose(noop.results[0].data as Float32Array, want, FURTHER);
    const all = run({ op, inputs: [x, none], constant: [1] });
    expectClose(all.results[0].data as Float32Array, reduce(x, kind), 15 + FURTHER);
  });

  test("of no elements, and of a scalar", () => {
    const empty = { op, inputs: [tensor("float32", [2, 0, 3], []), int64(1)] };
    for (const constant of [[1], "all"] as const) {
      const { results } = run({ ...empty, constant });
      expect(results[0].shape).toEqual([2, 1, 3]);
      expectExact(results[0].data as Float32Array, reduce({ shape: [2, 0, 3], data: [] }, kind, { axes: [1] }));
    }
    const nothing = run({ op, inputs: [tensor("float32", [0, 3], []), int64(1)], constant: [1] });
    expect(nothing.results[0]).toEqual(tensor("float32", [0, 1], []));
    const scalar = run({ op, inputs: [tensor("float32", [], [2.5])] }).results[0];
    expectClose(scalar.data as Float32Array, reduce({ shape: [], data: [2.5] }, kind), FURTHER);
  });

  test("of NaN and infinities, one pass or several", () => {
    const lines = [
      [1, NAN, 2],
      [1, INF, 2],
      [1, MINUS_INF, 2],
      [INF, MINUS_INF, 2],
      [INF, INF, INF],
      [MINUS_INF, MINUS_INF, MINUS_INF],
    ];
    const x = { shape: [6, 3], data: lines.flat() };
    const { results } = run({ op, inputs: [tensor("float32", x.shape, x.data), int64(1)], constant: [1] });
    expectClose(results[0].data as Float32Array, reduce(x, kind, { axes: [1] }), FURTHER);
    // Every line once more along an axis of its own in front.
    const twice = { shape: [2, 6, 3], data: [...x.data, ...x.data] };
    const several = run({ op, inputs: [tensor("float32", twice.shape, twice.data), int64(0, 2)], constant: [1] });
    expectClose(several.results[0].data as Float32Array, reduce(twice, kind, { axes: [0, 2] }), FURTHER);
  });

  test("of float16", () => {
    const values = Float32Array.of(1, 2, 3, 4);
    const x: HostTensor = { type: "float16", shape: [4], data: float32ToFloat16(values) as Uint16Array<ArrayBuffer> };
    const want = reduce({ shape: [4], data: values }, kind).data[0];
    for (const constant of [[], "all"] as const) {
      const { results } = run({ op, inputs: [x], constant });
      expect(results[0].type).toBe("float16");
      expect(Math.abs(toFloat32(results[0])[0] - want)).toBeLessThanOrEqual(want * 2 ** -11);
    }
  });

  test("of axes that are none", () => {
    expect(refusal({ op, inputs: [floats([2, 3]), int64(2)], constant: [1] })).toBe(
      `${op} "node": axis expected an axis of rank 2, got 2`,
    );
  });
});

describe("log of sums of powers", () => {
  test("does not overflow", () => {
    const x = { shape: [2, 2], data: [1000, 1000, -1000, -1001] };
    const { results } = run({
      op: "ReduceLogSumExp",
      inputs: [tensor("float32", x.shape, x.data), int64(1)],
      constant: [1],
    });
    expectClose(results[0].data as Float32Array, reduce(x, "logSumExp", { axes: [1] }), FURTHER);
  });
});

describe("other element types", () => {
  const of = (op: string, type: DataType, values: readonly number[], axes?: number[]) => {
    const inputs = [tensor(type, [2, values.length / 2], values), axes && int64(...axes)];
    const { results } = run({ op, inputs, constant: [1], attributes: { keepdims: 0 } });
    expect(results[0].type).toBe(type);
    return Array.from(results[0].data as Int32Array, Number);
  };

  test.each<DataType>(["int32", "int64", "float64"])("%s", (type) => {
    const values = [1, -2, 3, 4, 5, -7];
    expect(of("ReduceSum", type, values, [1])).toEqual([2, 2]);
    expect(of("ReduceMax", type, values, [0])).toEqual([4, 5, 3]);
    expect(of("ReduceMin", type, values, [0])).toEqual([1, -2, -7]);
    expect(of("ReduceProd", type, values)).toEqual([840]);
    expect(of("ReduceSumSquare", type, values, [1])).toEqual([14, 90]);
    expect(of("ReduceL1", type, values, [1])).toEqual([6, 16]);
    expect(of("ReduceL2", type, [3, 4, 5, 12], [1])).toEqual([5, 13]);
    expect(of("ReduceMean", type, [1, 3, 10, 20], [1])).toEqual([2, 15]);
  });

  test("integers are truncated, 8-bit ones wrap, truth values have a greatest", () => {
    expect(of("ReduceMean", "int32", [-1, -2, 3, 4], [1])).toEqual([-1, 3]);
    expect(of("ReduceMean", "int64", [-1, -2, 3, 4], [1])).toEqual([-1, 3]);
    expect(of("ReduceSum", "uint8", [200, 100, 1, 2], [1])).toEqual([44, 3]);
    expect(of("ReduceMax", "bool", [0, 1, 0, 0], [1])).toEqual([1, 0]);
    expect(of("ReduceMin", "bool", [0, 1, 1, 1], [1])).toEqual([0, 1]);
  });

  test("the greatest of nothing is the least number", () => {
    const empty = (op: string, type: DataType) => {
      const { results } = run({ op, inputs: [tensor(type, [1, 0], []), int64(1)], constant: [1] });
      return results[0].data[0];
    };
    expect(empty("ReduceMax", "int8")).toBe(-128);
    expect(empty("ReduceMin", "uint8")).toBe(255);
    expect(empty("ReduceMax", "int64")).toBe(-(2n ** 63n));
    expect(empty("ReduceMin", "uint64")).toBe(2n ** 64n - 1n);
    expect(empty("ReduceMax", "bool")).toBe(0);
    expect(empty("ReduceMax", "float64")).toBe(MINUS_INF);
  });

  test("are refused where there is no exact result", () => {
    expect(refusal({ op: "ReduceLogSum", inputs: [tensor("int32", [1], [1])] })).toBe(
      `ReduceLogSum "node": input 0 expected a tensor of floats, got int32`,
    );
    expect(refusal({ op: "ReduceSum", inputs: [tensor("bool", [1], [1])] })).toBe(
      `ReduceSum "node": input 0 expected a tensor of numbers, got bool`,
    );
  });
});

describe.each([
  ["ArgMax", argMax],
  ["ArgMin", argMin],
] as const)("%s", (op, oracle) => {
  const SHAPE = [3, 4, 5];
  /** Few values, so that there are ties. */
  const coarse = (shape: readonly number[]): Float => {
    const length = shape.reduce((a, b) => a * b, 1);
    return { type: "float32", shape, data: Float32Array.from({ length }, () => random.integer(-2, 2)) };
  };

  test.each([0, 1, 2, -1, -3])("along axis %i", (axis) => {
    const x = coarse(SHAPE);
    for (const keepDims of [true, false]) {
      for (const selectLastIndex of [true, false]) {
        const attributes = { axis, keepdims: keepDims ? 1 : 0, select_last_index: selectLastIndex ? 1 : 0 };
        const want = oracle(x, { axis, keepDims, selectLastIndex });
        const fed = run({ op, inputs: [x], attributes });
        expectExactly(fed.results[0], want);
        expect(fed.results[0].type).toBe("int64");
        expect(fed.algorithms).toEqual(["reduce, places"]);
        expectExactly(run({ op, inputs: [x], attributes, constant: "all" }).results[0], want);
        const integers = tensor("int64", SHAPE, x.data);
        expectExactly(run({ op, inputs: [integers], attributes }).results[0], want);
      }
    }
  });

  test("a NaN comes before everything", () => {
    const x = tensor("float32", [2, 4], [1, NAN, INF, NAN, MINUS_INF, 0, 2, 1]);
    for (const constant of [[], "all"] as const) {
      for (const last of [0, 1]) {
        const attributes = { axis: 1, select_last_index: last };
        const want = oracle({ shape: [2, 4], data: x.data as Float32Array }, { axis: 1, selectLastIndex: last === 1 });
        expectExactly(run({ op, inputs: [x], attributes, constant }).results[0], want);
      }
    }
  });

  test("of float16, and of nothing", () => {
    const data = float32ToFloat16(Float32Array.of(-1, 3, -5)) as Uint16Array<ArrayBuffer>;
    const x: HostTensor = { type: "float16", shape: [3], data };
    expectExactly(run({ op, inputs: [x] }).results[0], { shape: [1], data: [op === "ArgMax" ? 1 : 2] });
    expect(run({ op, inputs: [tensor("float32", [0, 3], [])], attributes: { axis: 1 } }).results[0].shape).toEqual([
      0, 1,
    ]);
    expect(refusal({ op, inputs: [tensor("float32", [2, 0], [])], attributes: { axis: 1 } })).toBe(
      `${op} "node": axis 1 expected at least one element, got [2, 0]`,
    );
    expect(refusal({ op, inputs: [x], attributes: { axis: 1 } })).toBe(
      `${op} "node": axis expected an axis of rank 1, got 1`,
    );
  });
});
