import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { float16ToFloat32, float32ToFloat16 } from "../../src/half.ts";
import { Random } from "../support/random.ts";
import { expectExactly, int64, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(31);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

describe("Range", () => {
  const range = (type: "float32" | "int32" | "int64", ...values: number[]) =>
    ({ op: "Range", inputs: values.map((value) => tensor(type, [], [value])), constant: "all" }) as const;

  test("up, down and nothing", () => {
    expectExactly(run(range("int64", 3, 10, 3)).results[0], { shape: [3], data: [3, 6, 9] });
    expectExactly(run(range("int32", 3, -3, -2)).results[0], { shape: [3], data: [3, 1, -1] });
    expectExactly(run(range("int32", 3, 3, 1)).results[0], { shape: [0], data: [] });
    expectExactly(run(range("int32", 3, 9, -1)).results[0], { shape: [0], data: [] });
    const { results } = run(range("float32", 0, 0.5, 0.1));
    expectExactly(results[0], { shape: [5], data: [0, 1, 2, 3, 4].map((i) => Math.fround(i * Math.fround(0.1))) });
  });

  test.each(["int32", "float32"] as const)("of %s numbers that are fed", (type) => {
    for (const constant of [[], [0, 2]]) {
      expectExactly(run({ ...range(type, 3, 10, 3), constant }).results[0], { shape: [3], data: [3, 6, 9] });
    }
  });

  test("of 16-bit floats and large integers", () => {
    const half = (value: number): HostTensor => ({
      type: "float16",
      shape: [],
      data: float32ToFloat16(Float32Array.of(value)) as Uint16Array<ArrayBuffer>,
    });
    const { results } = run({ op: "Range", inputs: [half(1), half(2), half(0.25)], constant: "all" });
    expect([...float16ToFloat32(results[0].data as Uint16Array)]).toEqual([1, 1.25, 1.5, 1.75]);
    const long = (value: bigint): HostTensor => ({ type: "int64", shape: [], data: BigInt64Array.of(value) });
    const large = run({ op: "Range", inputs: [long(2n ** 60n), long(2n ** 60n + 2n), long(1n)], constant: "all" });
    expect(large.results[0].data).toEqual(BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n));
  });

  test.each(["int32", "float32", "int64"] as const)("of %s limits that are fed", (type) => {
    const { results } = run({ ...range(type, 2, -9, -4), constant: [0, 2] });
    expectExactly(results[0], { shape: [3], data: [2, -2, -6] });
    expect(results[0].type).toBe(type);
    expect(run({ ...range(type, 5, 5, 1), constant: [] }).results[0].shape).toEqual([0]);
    expect(refusal({ ...range(type, 1, 2, 0), constant: [] })).toBe(
      'Range "node": the step expected a number other than 0, got 0',
    );
  });

  test("refuses a step of 0 and other types", () => {
    expect(refusal(range("int32", 1, 2, 0))).toBe('Range "node": the step expected a number other than 0, got 0');
    expect(refusal(range("float32", 0, Number.POSITIVE_INFINITY, 1))).toBe(
      'Range "node": start, limit and step expected finite numbers, got [0, Infinity, 1]',
    );
    expect(refusal({ op: "Range", inputs: [int64(1), int64(2), floats(1)], constant: "all" })).toBe(
      'Range "node": input 2 expected type int64 as input 0, got float32',
    );
  });
});

describe("CumSum", () => {
  const x = tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
  test.each<[number, number, number, number[]]>([
    [0, 0, 0, [1, 2, 3, 5, 7, 9]],
    [1, 0, 0, [1, 3, 6, 4, 9, 15]],
    [-1, 1, 0, [0, 1, 3, 0, 4, 9]],
    [1, 0, 1, [6, 5, 3, 15, 11, 6]],
    [1, 1, 1, [5, 3, 0, 11, 6, 0]],
  ])("axis %d, exclusive %d, reverse %d", (axis, exclusive, reverse, data) => {
    for (const type of ["float32", "int64", "int32"] as const) {
      const inputs = [tensor(type, [2, 3], x.data as Float32Array), tensor("int32", [], [axis])];
      for (const constant of [[1], "all"] as const) {
        const { results } = run({ op: "CumSum", inputs, attributes: { exclusive, reverse }, constant });
        expectExactly(results[0], { shape: [2, 3], data });
      }
    }
  });

  test("each sum is rounded before the next, as adding one by one does", () => {
    const values = floats(50);
    let sum = 0;
    const data = values.data.map((value) => (sum = Math.fround(sum + value)));
    expectExactly(run({ op: "CumSum", inputs: [values, int64(0)], constant: [1] }).results[0], { shape: [50], data });
  });

  test("refuses axes that are not there", () => {
    expect(refusal({ op: "CumSum", inputs: [x, int64(2)], constant: [1] })).toBe(
      'CumSum "node": axis expected an axis of rank 2, got 2',
    );
  });
});

describe("ReverseSequence", () => {
  test.each([0, 1])("time along axis %d", (time) => {
    const x = floats(4, 3, 2);
    const lengths = time === 0 ? [4, 0, 2] : [1, 3, 2, 0];
    const attributes = { time_axis: time, batch_axis: 1 - time };
    const data = Array.from(x.data, (_, n) => {
      const at = [Math.floor(n / 6), Math.floor(n / 2) % 3];
      const length = lengths[at[1 - time]];
      if (at[time] < length) at[time] = length - 1 - at[time];
      return x.data[at[0] * 6 + at[1] * 2 + (n % 2)];
    });
    for (const constant of [[1], "all"] as const) {
      const { results } = run({ op: "ReverseSequence", inputs: [x, int64(...lengths)], attributes, constant });
      expectExactly(results[0], { shape: [4, 3, 2], data });
    }
  });

  test("refuses lengths and axes that do not fit", () => {
    const refused = (lengths: number[], attributes = {}) =>
      refusal({ op: "ReverseSequence", inputs: [floats(4, 2), int64(...lengths)], attributes, constant: [1] });
    expect(refused([5, 1])).toBe(
      'ReverseSequence "node": lengths expected 2 values from 0 to 4 for [4, 2], got [5, 1]',
    );
    expect(refused([1, 1], { time_axis: 1 })).toBe(
      'ReverseSequence "node": time_axis and batch_axis expected 0 and 1 or 1 and 0, got [1, 1]',
    );
  });
});

describe("Trilu and EyeLike", () => {
  test.each([[0], [1], [-1], [2], [-3], [9], [-9], [undefined]])("from diagonal %s", (k) => {
    const x = floats(2, 3, 4);
    for (const upper of [0, 1]) {
      const data = Array.from(x.data, (value, n) => {
        const offset = (n % 4) - (Math.floor(n / 4) % 3);
        return (upper ? offset >= (k ?? 0) : offset <= (k ?? 0)) ? value : 0;
      });
      const inputs = k === undefined ? [x] : [x, tensor("int64", [], [k])];
      for (const constant of [[1], "all"] as const) {
        const { results, algorithms } = run({ op: "Trilu", inputs, attributes: { upper }, constant });
        expectExactly(results[0], { shape: [2, 3, 4], data });
        expect(algorithms).not.toContain("host");
      }
    }
  });

  test("ones on a diagonal", () => {
    expectExactly(run({ op: "EyeLike", inputs: [floats(2, 3)], attributes: { k: 1 } }).results[0], {
      shape: [2, 3],
      data: [0, 1, 0, 0, 0, 1],
    });
    const longs = run({ op: "EyeLike", inputs: [floats(2, 2)], attributes: { dtype: 7 } }).results[0];
    expect(longs).toEqual(tensor("int64", [2, 2], [1, 0, 0, 1]));
  });

  test("refuse what is no matrix", () => {
    expect(refusal({ op: "EyeLike", inputs: [floats(3)] })).toBe('EyeLike "node": x expected a matrix, got [3]');
    expect(refusal({ op: "Trilu", inputs: [floats(3)] })).toBe('Trilu "node": x expected at least two axes, got [3]');
    expect(refusal({ op: "EyeLike", inputs: [floats(2, 2)], attributes: { dtype: 99 } })).toContain(
      "type 99 is not supported",
    );
  });
});
