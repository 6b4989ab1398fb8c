import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { float32ToFloat16 } from "../../src/half.ts";
import type * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, int64, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(23);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

function bools(...shape: number[]): HostTensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    "bool",
    shape,
    Array.from({ length: count }, () => random.integer(0, 1)),
  );
}

function halves(...values: number[]): HostTensor {
  const data = float32ToFloat16(Float32Array.from(values)) as Uint16Array<ArrayBuffer>;
  return { type: "float16", shape: [values.length], data };
}

describe("Where", () => {
  test.each<[number[], number[], number[], number[]]>([
    [
      [3, 5],
      [3, 5],
      [3, 5],
      [3, 5],
    ],
    [[3, 1], [5], [], [3, 5]],
    [[1], [2, 3, 4], [3, 1], [2, 3, 4]],
    [
      [2, 1, 3, 1, 2, 1],
      [1, 2, 1, 2, 1, 2],
      [2, 2, 3, 2, 2, 1],
      [2, 2, 3, 2, 2, 2],
    ],
    [[], [], [], []],
    [[4, 1], [0], [4, 1], [4, 0]],
  ])("%j ? %j : %j", (c, a, b, shape) => {
    const [condition, x, y] = [bools(...c), floats(...a), floats(...b)];
    const step = (operand: number[], at: number[]) =>
      operand.reduce((sum, extent, i) => sum * extent + (extent === 1 ? 0 : at[at.length - operand.length + i]), 0);
    const count = shape.reduce((product, extent) => product * extent, 1);
    const data = Array.from({ length: count }, (_, n) => {
      const at = shape.map((extent, i) => Math.floor(n / shape.slice(i + 1).reduce((p, e) => p * e, 1)) % extent);
      return condition.data[step(c, at)] ? x.data[step(a, at)] : y.data[step(b, at)];
    });
    const spec = { op: "Where", inputs: [condition, x, y] };
    const computed = run(spec);
    expectExactly(computed.results[0], { shape, data });
    expect(computed.algorithms).toEqual(["elementwise"]);
    expectExactly(run({ ...spec, constant: "all" }).results[0], { shape, data });
    const longs = [x, y].map((each) =>
      tensor(
        "int64",
        each.shape,
        Array.from({ length: each.data.length }, (_, i) => i),
      ),
    );
    expect(run({ op: "Where", inputs: [condition, ...longs] }).results[0].shape).toEqual(shape);
  });

  test("NaN in the other operand does not show", () => {
    const inputs = [
      tensor("bool", [2], [1, 0]),
      tensor("float32", [2], [1, Number.NaN]),
      tensor("float32", [2], [Number.NaN, 2]),
    ];
    expectExactly(run({ op: "Where", inputs }).results[0], { shape: [2], data: [1, 2] });
  });

  test("refuses other types and shapes", () => {
    const [c, x] = [bools(2), floats(2)];
    expect(refusal({ op: "Where", inputs: [x, x, x] })).toBe('Where "node": condition expected type bool, got float32');
    expect(refusal({ op: "Where", inputs: [c, x, int64(1, 2)] })).toBe(
      'Where "node": input 2 expected type float32 as input 1, got int64',
    );
    expect(refusal({ op: "Where", inputs: [c, x, floats(3)] })).toBe(
      'Where "node": inputs expected shapes that broadcast, got [2] and [2] and [3]',
    );
  });
});

describe("TopK", () => {
  const outputs = ["values", "places"];

  test.each([[0], [1], [2], [-2]])("along axis %d, by kernel and host", (axis) => {
    const x = floats(4, 6, 5);
    for (const largest of [0, 1]) {
      for (const k of [1, 3, x.shape.at(axis)!, 0]) {
        const spec = { op: "TopK", inputs: [x, int64(k)], attributes: { axis, largest }, outputs };
        const fed = run({ ...spec, constant: [1] });
        expect(fed.algorithms).toEqual(["top k"]);
        const doubles = { ...x, type: "float64" as const, data: Float64Array.from(x.data) };
        const host = run({ ...spec, inputs: [doubles, int64(k)], constant: [1] });
        expect(host.algorithms).toEqual(["host"]);
        expectExactly(fed.results[0], host.results[0] as reference.Plain);
        expect(fed.results[1]).toEqual(host.results[1]);
      }
    }
  });

  test("best first, the first of equals first, NaN above all", () => {
    const x = tensor("float32", [6], [3, Number.NaN, 7, 3, 7, -1]);
    for (const inputs of [
      [x, int64(5)],
      [{ ...x, type: "float64" as const, data: Float64Array.from(x.data as Float32Array) }, int64(5)],
    ]) {
      const best = run({ op: "TopK", inputs, outputs, constant: [1] }).results;
      expectExactly(best[0], { shape: [5], data: [Number.NaN, 7, 7, 3, 3] });
      expectExactly(best[1], { shape: [5], data: [1, 2, 4, 0, 3] });
      const least = run({ op: "TopK", inputs, outputs, attributes: { largest: 0 }, constant: [1] }).results;
      expectExactly(least[1], { shape: [5], data: [5, 0, 3, 2, 4] });
    }
  });

  test("16-bit floats are compared as numbers, 64-bit integers exactly", () => {
    expectExactly(run({ op: "TopK", inputs: [halves(-2, 1, -1, 0), int64(4)], outputs, constant: [1] }).results[1], {
      shape: [4],
      data: [1, 3, 2, 0],
    });
    const longs = { type: "int64" as const, shape: [3], data: BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n, -1n) };
    expectExactly(run({ op: "TopK", inputs: [longs, int64(2)], outputs, constant: [1] }).results[1], {
      shape: [2],
      data: [1, 0],
    });
  });

  test("an output that nobody wants is not written", () => {
    const x = tensor("float32", [4], [1, 4, 3, 2]);
    expectExactly(run({ op: "TopK", inputs: [x, int64(2)], outputs: ["", "places"], constant: [1] }).results[0], {
      shape: [2],
      data: [1, 2],
    });
    expectExactly(run({ op: "TopK", inputs: [x, int64(2)], outputs: ["values"], constant: [1] }).results[0], {
      shape: [2],
      data: [4, 3],
    });
  });

  test("refuses more than there are", () => {
    const message = refusal({ op: "TopK", inputs: [floats(2, 3), int64(4)], outputs, constant: [1] });
    expect(message).toBe('TopK "node": k expected 0 to 3, the extent of axis 1 of [2, 3], got 4');
  });
});

describe("OneHot", () => {
  const values = tensor("float32", [2], [-1, 5]);

  test("a new axis, at the end or elsewhere", () => {
    const spec = { op: "OneHot", inputs: [int64(1, -1, 7), int64(3), values], constant: [1, 2] };
    expectExactly(run(spec).results[0], { shape: [3, 3], data: [-1, 5, -1, -1, -1, 5, -1, -1, -1] });
    expectExactly(run({ ...spec, attributes: { axis: 0 } }).results[0], {
      shape: [3, 3],
      data: [-1, -1, -1, 5, -1, -1, -1, 5, -1],
    });
    const matrix = tensor("float32", [2, 2], [0, 1, 1, -2]);
    const middle = run({ ...spec, inputs: [matrix, tensor("float32", [], [2]), values], attributes: { axis: 1 } });
    expectExactly(middle.results[0], { shape: [2, 2, 2], data: [5, -1, -1, 5, -1, 5, 5, -1] });
  });

  test("refuses what does not fit", () => {
    const refused = (depth: HostTensor, on: HostTensor, axis = -1) =>
      refusal({ op: "OneHot", inputs: [int64(1), depth, on], attributes: { axis }, constant: [1, 2] });
    expect(refused(int64(0), values)).toBe('OneHot "node": depth expected at least 1, got 0');
    expect(refused(int64(1, 2), values)).toBe('OneHot "node": depth expected one integer, got [1, 2]');
    expect(refused(int64(2), int64(1))).toBe('OneHot "node": values expected shape [2], got [1]');
    expect(refused(int64(2), values, 2)).toBe('OneHot "node": axis expected an axis of rank 2, got 2');
  });
});

describe.each(["constants", "feeds"])("what depends on data: %s", (kind) => {
  const constant = kind === "constants" ? "all" : [];
  test("NonZero", () => {
    const x = tensor("float32", [2, 3], [0, 1, -0, 2, 0, Number.NaN]);
    expectExactly(run({ op: "NonZero", inputs: [x], constant }).results[0], {
      shape: [2, 3],
      data: [0, 1, 1, 1, 0, 2],
    });
    expectExactly(run({ op: "NonZero", inputs: [halves(0, -0, 3)], constant }).results[0], {
      shape: [1, 1],
      data: [2],
    });
  });

  test("NonMaxSuppression", () => {
    const boxes = tensor("float32", [1, 4, 4], [0, 0, 2, 2, 2, 2, 0, 1, 5, 5, 6, 6, 0, 0, 2, 2.1]);
    const scores = tensor("float32", [1, 2, 4], [0.5, 0.8, 0.3, 0.9, 0.9, 0.1, 0.95, 0.2]);
    const rows = (...rest: (HostTensor | undefined)[]) =>
      run({ op: "NonMaxSuppression", inputs: [boxes, scores, ...rest], constant }).results[0];
    const [overlap, least] = [tensor("float32", [], [0.6]), tensor("float32", [], [0.25])];
    expectExactly(rows(int64(3), overlap, least), {
      shape: [5, 3],
      data: [0, 0, 3, 0, 0, 1, 0, 0, 2, 0, 1, 2, 0, 1, 0],
    });
    expectExactly(rows(int64(1), overlap, least), { shape: [2, 3], data: [0, 0, 3, 0, 1, 2] });
    expect(rows().shape).toEqual([0, 3]);
    expect(refusal({ op: "NonMaxSuppression", inputs: [boxes, floats(1, 2, 3)], constant })).toBe(
      'NonMaxSuppression "node": scores expected shape [1, classes, 4], got [1, 2, 3]',
    );
  });
});
