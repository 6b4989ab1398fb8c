import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, int64, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(11);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

function indices(type: "int32" | "int64", shape: readonly number[], extent: number): HostTensor & reference.Plain {
  const count = shape.reduce((product, e) => product * e, 1);
  const values = Array.from({ length: count }, () => random.integer(-extent, extent - 1));
  return tensor(type, shape, values) as HostTensor & reference.Plain;
}

function plain({ shape, data }: HostTensor): reference.Plain {
  return { shape, data: Array.from(data as ArrayLike<number | bigint>, Number) };
}

describe("Gather", () => {
  const x = floats(4, 7, 5);
  for (const type of ["int32", "int64"] as const) {
    test.each([0, 1, 2, -1])(`along axis %d with ${type} indices`, (axis) => {
      const extent = x.shape.at(axis)!;
      for (const shape of [[3], [], [2, 5], [2, 3, 4], [0]]) {
        const chosen = indices(type, shape, extent);
        const spec = { op: "Gather", inputs: [x, chosen], attributes: { axis } };
        const want = reference.gather(x, plain(chosen), axis);
        const computed = run(spec);
        expectExactly(computed.results[0], want);
        expect(computed.algorithms).toEqual(["gather"]);
        for (const constant of [[1], "all"] as const) expectExactly(run({ ...spec, constant }).results[0], want);
        const longs = tensor(
          "int64",
          x.shape,
          Array.from({ length: x.data.length }, (_, i) => i),
        );
        expectExactly(
          run({ ...spec, inputs: [longs, chosen] }).results[0],
          reference.gather(plain(longs), plain(chosen), axis),
        );
      }
    });
  }

  test("known indices that run on are copied in pieces", () => {
    for (const chosen of [[2], [1, 2, 3], [5, 4, 3, 0, 0, 0], [-1, 0, 1], [6, 6, 2, 3]]) {
      const spec = { op: "Gather", inputs: [x, int64(...chosen)], attributes: { axis: 1 }, constant: [1] };
      const { results, algorithms } = run(spec);
      expectExactly(results[0], reference.gather(x, plain(int64(...chosen)), 1));
      expect(algorithms).toEqual(["copy"]);
    }
  });

  test("known indices that jump about are looked up", () => {
    const chosen = Array.from({ length: 40 }, (_, i) => (i * 3) % 7);
    const { results, algorithms } = run({
      op: "Gather",
      inputs: [x, int64(...chosen)],
      attributes: { axis: 1 },
      constant: [1],
    });
    expectExactly(results[0], reference.gather(x, plain(int64(...chosen)), 1));
    expect(algorithms).toEqual(["gather"]);
  });

  test("refuses indices outside, known or not, of either type", () => {
    const wanted = 'Gather "node": indices expected values from -4 to 3, got';
    for (const bad of [4, -5, 2 ** 33, -(2 ** 33) + 1]) {
      const inputs = [x, int64(0, bad, 9)];
      expect(refusal({ op: "Gather", inputs, constant: [1] })).toBe(`${wanted} ${bad}`);
      expect(refusal({ op: "Gather", inputs })).toBe(`${wanted} ${bad}`);
      expect(refusal({ op: "Gather", inputs, constant: "all" })).toBe(`${wanted} ${bad}`);
    }
    expect(refusal({ op: "Gather", inputs: [x, tensor("int32", [2], [3, -5])] })).toBe(`${wanted} -5`);
  });

  test("refuses indices that are no integers, and axes that are not there", () => {
    expect(refusal({ op: "Gather", inputs: [x, floats(2)] })).toBe(
      'Gather "node": indices expected type int32 or int64, got float32',
    );
    expect(refusal({ op: "Gather", inputs: [x, int64(0)], attributes: { axis: 3 } })).toBe(
      'Gather "node": axis expected an axis of rank 3, got 3',
    );
  });
});

describe("Compress", () => {
  const x = floats(3, 4);
  const bools = (...values: number[]) => tensor("bool", [values.length], values);

  test("keeps what the condition names", () => {
    const along = { op: "Compress", inputs: [x, bools(0, 1, 1)], attributes: { axis: 1 }, constant: [1] };
    expectExactly(run(along).results[0], reference.gather(x, plain(int64(1, 2)), 1));
    expectExactly(run({ ...along, constant: "all" }).results[0], reference.gather(x, plain(int64(1, 2)), 1));
    const flat = { op: "Compress", inputs: [x, bools(1, 0, 0, 0, 0, 1)], constant: [1] };
    expectExactly(run(flat).results[0], { shape: [2], data: [x.data[0], x.data[5]] });
    const many = bools(...Array.from({ length: 80 }, (_, i) => i % 2));
    const long = floats(81);
    const odd = long.data.filter((_, i) => i % 2 === 1);
    expectExactly(run({ op: "Compress", inputs: [long, many], constant: [1] }).results[0], { shape: [40], data: odd });
  });

  test("takes a condition that is fed", () => {
    expectExactly(run({ op: "Compress", inputs: [x, bools(1)] }).results[0], { shape: [1], data: [x.data[0]] });
  });

  test("refuses a condition that is too long", () => {
    expect(refusal({ op: "Compress", inputs: [x, bools(1, 1, 1, 1)], attributes: { axis: 0 }, constant: [1] })).toBe(
      'Compress "node": condition expected at most 3 values for axis 0 of [3, 4], got 4',
    );
  });
});

describe("GatherElements", () => {
  test.each([0, 1, -1])("along axis %d", (axis) => {
    const x = floats(3, 4, 5);
    const shape = [2, 3, 4].map((extent, i) => (i === (axis + 3) % 3 ? 6 : extent));
    const chosen = indices("int64", shape, x.shape.at(axis)!);
    const want = reference.gatherElements(x, plain(chosen), axis);
    for (const constant of [[], "all"] as const) {
      expectExactly(
        run({ op: "GatherElements", inputs: [x, chosen], attributes: { axis }, constant }).results[0],
        want,
      );
    }
  });

  test("refuses indices of another form, and outside", () => {
    const x = floats(3, 4);
    expect(refusal({ op: "GatherElements", inputs: [x, tensor("int64", [2, 5], Array(10).fill(0))] })).toBe(
      'GatherElements "node": indices expected a shape within [3, 4] but along axis 0, got [2, 5]',
    );
    expect(refusal({ op: "GatherElements", inputs: [x, tensor("int32", [1, 2], [0, 3])] })).toBe(
      'GatherElements "node": indices expected values from -3 to 2, got 3',
    );
  });
});

describe("GatherND", () => {
  const x = tensor("float32", [2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  test.each<[number[], number[], number, number[], number[]]>([
    [[2, 3], [0, 1, 2, 1, -1, 0], 0, [2], [5, 9]],
    [[2, 1], [1, 0], 0, [2, 2, 3], [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]],
    [[2, 1, 1], [1, 0], 1, [2, 1, 3], [3, 4, 5, 6, 7, 8]],
    [[2, 2, 1], [2, 0, 1, -1], 2, [2, 2], [2, 3, 7, 11]],
  ])("indices %j of %j, %d batch axes", (shape, values, batch_dims, want, data) => {
    const spec = { op: "GatherND", inputs: [x, tensor("int64", shape, values)], attributes: { batch_dims } };
    expectExactly(run(spec).results[0], { shape: want, data });
    expectExactly(run({ ...spec, constant: "all" }).results[0], { shape: want, data });
  });

  test.each<[string, HostTensor, number, string]>([
    [
      "too many indices",
      tensor("int64", [1, 4], [0, 0, 0, 0]),
      0,
      "indices expected a last axis of 1 to 3 indices into [2, 2, 3], got [1, 4]",
    ],
    [
      "batches that differ",
      tensor("int64", [1, 1], [0]),
      1,
      "batch_dims expected equal leading axes, fewer than the rank, of [2, 2, 3] and [1, 1], got 1",
    ],
    ["an index outside", tensor("int64", [1, 2], [0, 2]), 0, "indices expected values from -2 to 1, got 2"],
  ])("refuses %s", (_, chosen, batch_dims, message) => {
    expect(refusal({ op: "GatherND", inputs: [x, chosen], attributes: { batch_dims } })).toBe(
      `GatherND "node": ${message}`,
    );
  });
});

describe("ScatterElements and ScatterND", () => {
  const reductions: Record<string, number[]> = {
    none: [9, 1, -2, 3, 4, 5],
    add: [0 + 7 + 9, 1, 2 - 2, 3, 4, 5],
    mul: [0, 1, -4, 3, 4, 5],
    max: [9, 1, 2, 3, 4, 5],
    min: [0, 1, -2, 3, 4, 5],
  };
  for (const type of ["float32", "int64", "int32"] as const) {
    test.each(Object.entries(reductions))(`${type}: %s`, (reduction, want) => {
      const x = tensor(type, [6], [0, 1, 2, 3, 4, 5]);
      const updates = tensor(type, [3], [7, -2, 9]);
      const elements = { op: "ScatterElements", inputs: [x, int64(0, -4, 0), updates], attributes: { reduction } };
      expectExactly(run(elements).results[0], { shape: [6], data: want });
      const tuples = tensor("int64", [3, 1], [0, 2, -6]);
      const slices = { op: "ScatterND", inputs: [x, tuples, updates], attributes: { reduction } };
      expectExactly(run({ ...slices, constant: "all" }).results[0], { shape: [6], data: want });
    });
  }

  test("along an axis, and by slices", () => {
    const x = tensor("float32", [2, 3], [0, 1, 2, 3, 4, 5]);
    const elements = [x, tensor("int32", [2, 2], [0, 2, 1, -3]), tensor("float32", [2, 2], [10, 11, 12, 13])];
    expectExactly(run({ op: "ScatterElements", inputs: elements, attributes: { axis: 1 } }).results[0], {
      shape: [2, 3],
      data: [10, 1, 11, 13, 12, 5],
    });
    const slices = [x, tensor("int64", [1, 1], [1]), tensor("float32", [1, 3], [7, 8, 9])];
    expectExactly(run({ op: "ScatterND", inputs: slices }).results[0], { shape: [2, 3], data: [0, 1, 2, 7, 8, 9] });
  });

  test("large products of int32 wrap exactly", () => {
    const x = tensor("int32", [1], [0x7fffffff]);
    const inputs = [x, int64(0), tensor("int32", [1], [0x7ffffff1])];
    expectExactly(run({ op: "ScatterElements", inputs, attributes: { reduction: "mul" } }).results[0], {
      shape: [1],
      data: [Math.imul(0x7fffffff, 0x7ffffff1)],
    });
  });

  test("a NaN prevails in max and min", () => {
    for (const reduction of ["max", "min"]) {
      for (const [x, update] of [
        [Number.NaN, 1],
        [1, Number.NaN],
      ]) {
        const inputs = [tensor("float32", [1], [x]), int64(0), tensor("float32", [1], [update])];
        expect(run({ op: "ScatterElements", inputs, attributes: { reduction } }).results[0].data[0]).toBeNaN();
      }
    }
  });

  test.each<[string, string, HostTensor[], Record<string, Attribute>, string]>([
    [
      "updates of another shape",
      "ScatterElements",
      [int64(0, 1), floats(3)],
      {},
      "updates expected shape [2], got [3]",
    ],
    [
      "slices of another shape",
      "ScatterND",
      [tensor("int64", [1, 1], [0]), floats(2)],
      {},
      "updates expected shape [1], got [2]",
    ],
    [
      "updates of another type",
      "ScatterElements",
      [int64(0), int64(1)],
      {},
      "input 2 expected type float32 as input 0, got int64",
    ],
    [
      "an unknown reduction",
      "ScatterElements",
      [int64(0), floats(1)],
      { reduction: "mean" },
      "reduction expected none, add, mul, max, min, got mean",
    ],
    ["an index outside", "ScatterElements", [int64(6), floats(1)], {}, "indices expected values from -6 to 5, got 6"],
  ])("refuses %s", (_, op, rest, attributes, message) => {
    expect(refusal({ op, inputs: [floats(6), ...rest], attributes })).toBe(`${op} "node": ${message}`);
  });
});
