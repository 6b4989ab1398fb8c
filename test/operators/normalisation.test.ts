import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { batchNorm, groupNorm, instanceNorm, layerNorm, logSoftmax, lrn, softmax } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260405);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

type Float = HostTensor & { data: Float32Array<ArrayBuffer> };

function floats(shape: readonly number[], scale = 1, offset = 0): Float {
  const data = new Float32Array(random.tensor(shape, scale).data).map((value) => value + offset);
  return { type: "float32", shape, data };
}

/** Fed and with parameters constant; the kernel's result both times. */
function results(spec: NodeSpec): Float32Array[] {
  const parameters = spec.inputs.map((_, i) => i).slice(1);
  const [fed, known] = [run(spec), run({ ...spec, constant: parameters })];
  expect(fed.algorithms).not.toContain("host");
  return [fed, known].map((each) => {
    expect(each.results[0].shape).toEqual((spec.inputs[0] as HostTensor).shape);
    return each.results[0].data as Float32Array;
  });
}

/** Roundings besides those of the sums. */
const FURTHER = 8;

describe("BatchNormalization", () => {
  test.each([[[2, 5, 3, 4]], [[3, 7]], [[2, 6, 5]], [[2, 3, 2, 2, 3]], [[0, 4, 3, 3]]])("of %j", (shape) => {
    const C = shape[1];
    const [scale, bias, mean] = [floats([C]), floats([C]), floats([C])];
    const variance = floats([C], 0.4, 0.6);
    const x = floats(shape);
    for (const epsilon of [1e-5, 0.125]) {
      const want = batchNorm(x, scale, bias, mean, variance, epsilon);
      const inputs = [x, scale, bias, mean, variance];
      for (const y of results({ op: "BatchNormalization", inputs, attributes: { epsilon } })) expectClose(y, want);
    }
  });

  test("what is refused", () => {
    const [x, c, d] = [floats([2, 3, 4, 4]), floats([3]), floats([4])];
    const op = "BatchNormalization";
    expect(refusal({ op, inputs: [x, c, d, c, c] })).toBe(`${op} "node": bias expected shape [3], got [4]`);
    expect(refusal({ op, inputs: [x, c, c, c, d] })).toBe(`${op} "node": variance expected shape [3], got [4]`);
    expect(refusal({ op, inputs: [x, c, c, c] })).toBe(`${op} "node": input 4 expected a tensor, got none`);
    expect(refusal({ op, inputs: [x, c, c, c, c], outputs: ["y", "mean"] })).toContain("more than one output");
  });
});

describe("InstanceNormalization", () => {
  test.each([[[2, 5, 6, 7]], [[1, 3, 1, 9]], [[2, 4, 11]], [[1, 2, 3, 2, 2]], [[2, 3, 0, 4]]])("of %j", (shape) => {
    const [x, scale, bias] = [floats(shape, 2, 3), floats([shape[1]]), floats([shape[1]])];
    const want = instanceNorm(x, scale, bias);
    for (const y of results({ op: "InstanceNormalization", inputs: [x, scale, bias] }))
      expectClose(y, want, want.terms + FURTHER);
  });

  test("a large mean does not drown the variance", () => {
    const [x, scale, bias] = [floats([1, 2, 8, 8], 1, 4096), floats([2]), floats([2])];
    const want = instanceNorm(x, scale, bias);
    for (const y of results({ op: "InstanceNormalization", inputs: [x, scale, bias] })) {
      expectClose(y, want, want.terms + FURTHER);
      // The sum of squares less the squared mean would be wrong by more than 1 here.
      for (const [i, value] of y.entries()) expect(Math.abs(value - want.data[i])).toBeLessThan(0.01);
    }
  });

  test("what is refused", () => {
    const op = "InstanceNormalization";
    expect(refusal({ op, inputs: [floats([2, 3, 4, 4]), floats([4]), floats([3])] })).toBe(
      `${op} "node": scale expected shape [3], got [4]`,
    );
    expect(refusal({ op, inputs: [floats([2, 3]), floats([3]), floats([3])] })).toBe(
      `${op} "node": input 0 expected a batch of images of rank 3 or more, got [2, 3]`,
    );
  });
});

describe("GroupNormalization", () => {
  test.each([
    [[2, 6, 3, 5], 3],
    [[2, 6, 3, 5], 1],
    [[2, 6, 3, 5], 6],
    [[1, 8, 7], 2],
  ])("of %j in %i groups", (shape, groups) => {
    const [x, scale, bias] = [floats(shape, 2, 1), floats([shape[1]]), floats([shape[1]])];
    const want = groupNorm(x, groups, scale, bias);
    const spec = { op: "GroupNormalization", inputs: [x, scale, bias], attributes: { num_groups: groups } };
    for (const y of results(spec)) expectClose(y, want, want.terms + FURTHER);
  });

  test("a scale for each group, as in operator set 18", () => {
    const [x, scale, bias] = [floats([2, 6, 3, 5]), floats([3]), floats([3])];
    const each = (values: Float): Float => ({
      ...values,
      shape: [6],
      data: new Float32Array(6).map((_, c) => values.data[c >> 1]),
    });
    const want = groupNorm(x, 3, each(scale), each(bias));
    const spec = { op: "GroupNormalization", inputs: [x, scale, bias], attributes: { num_groups: 3 } };
    for (const y of results(spec)) expectClose(y, want, want.terms + FURTHER);
  });

  test("what is refused", () => {
    const op = "GroupNormalization";
    const inputs = [floats([2, 6, 3, 5]), floats([6]), floats([6])];
    expect(refusal({ op, inputs, attributes: { num_groups: 4 } })).toBe(
      `${op} "node": num_groups expected a divisor of 6 channels, got 4`,
    );
    expect(refusal({ op, inputs: [inputs[0], floats([5]), inputs[2]], attributes: { num_groups: 3 } })).toBe(
      `${op} "node": scale expected shape [6], got [5]`,
    );
  });
});

describe("LayerNormalization", () => {
  test.each([
    [[3, 17], -1],
    [[2, 3, 4, 5], -1],
    [[2, 3, 4, 5], 1],
    [[2, 3, 4, 5], -2],
    [[2, 3], 0],
    [[0, 5], 1],
  ])("of %j from axis %i on", (shape, axis) => {
    const inner = shape.slice(axis);
    const x = floats(shape, 2, 1);
    const [scale, bias] = [floats(inner), floats(inner)];
    for (const inputs of [
      [x, scale, bias],
      [x, scale],
    ]) {
      const want = layerNorm(x, scale, inputs[2], axis, 1e-3);
      const attributes = { axis, epsilon: 1e-3 };
      for (const y of results({ op: "LayerNormalization", inputs, attributes }))
        expectClose(y, want, want.terms + FURTHER);
    }
  });

  test("gives mean and 1 / deviation, all or one of them", () => {
    const x = floats([3, 7], 2, 1);
    const inputs = [x, floats([7])];
    const spec = { op: "LayerNormalization", inputs };
    const all = run({ ...spec, outputs: ["y", "mean", "inverse"] }).results;
    const line = (i: number) => Array.from(x.data.subarray(7 * i, 7 * i + 7));
    for (const [i, at] of [0, 1, 2].entries()) {
      const mean = line(at).reduce((a, b) => a + b) / 7;
      const variance = line(at).reduce((sum, v) => sum + (v - mean) ** 2, 0) / 7;
      expect(all[1].data[i]).toBeCloseTo(mean, 6);
      expect(all[2].data[i]).toBeCloseTo(1 / Math.sqrt(variance + 1e-5), 5);
    }
    expect([all[1].shape, all[2].shape]).toEqual([
      [3, 1],
      [3, 1],
    ]);
    expect(run({ ...spec, outputs: ["y", "", "inverse"] }).results).toEqual([all[0], all[2]]);
    expect(run(spec).results).toEqual([all[0]]);
  });

  test("what is refused", () => {
    const op = "LayerNormalization";
    expect(refusal({ op, inputs: [floats([2, 3]), floats([2])] })).toBe(
      `${op} "node": scale expected a shape that broadcasts to [2, 3], got [2]`,
    );
    expect(refusal({ op, inputs: [floats([2, 3]), floats([3])], attributes: { axis: 2 } })).toBe(
      `${op} "node": axis expected an axis of rank 2, got 2`,
    );
    expect(refusal({ op, inputs: [floats([2, 3]), floats([3])], attributes: { stash_type: 11 } })).toContain(
      "another type than float32",
    );
  });
});

/** f of every line along the last axis. */
function byLine(x: Float, f: (line: number[]) => number[]): Float64Array {
  const length = x.shape[x.shape.length - 1];
  const lines = Array.from({ length: x.data.length / length }, (_, i) =>
    Array.from(x.data.subarray(i * length, i * length + length)),
  );
  return Float64Array.from(lines.flatMap(f));
}

/** Held against values that need no more than a few roundings each. */
function expectNear(got: Float32Array, want: Float64Array, terms: number): void {
  expectClose(got, { data: want, magnitude: want.map(Math.abs), terms });
}

const squares = (line: number[]) => line.reduce((sum, v) => sum + v * v, 0);

describe("other norms", () => {
  test("RMSNormalization", () => {
    const x = floats([3, 4, 9], 2);
    const scale = floats([9]);
    const want = byLine(x, (line) => line.map((v, i) => (v / Math.sqrt(squares(line) / 9 + 1e-5)) * scale.data[i]));
    for (const y of results({ op: "RMSNormalization", inputs: [x, scale] })) expectNear(y, want, 9 + FURTHER);
  });

  test("LpNormalization", () => {
    const x = floats([3, 4, 9], 2);
    x.data.fill(0, 9, 18);
    const zero = (norm: number) => (v: number) => (norm === 0 ? 0 : v / norm);
    for (const p of [1, 2]) {
      const norm = (line: number[]) =>
        p === 1 ? line.reduce((sum, v) => sum + Math.abs(v), 0) : Math.sqrt(squares(line));
      const want = byLine(x, (line) => line.map(zero(norm(line))));
      const { results } = run({ op: "LpNormalization", inputs: [x], attributes: { p } });
      expectNear(results[0].data as Float32Array, want, 9 + FURTHER);
    }
    const along = run({ op: "LpNormalization", inputs: [x], attributes: { axis: 0 } }).results[0].data as Float32Array;
    for (let i = 0; i < 36; i++) {
      const line = [x.data[i], x.data[36 + i], x.data[72 + i]];
      expect(along[36 + i]).toBeCloseTo(line[1] / (Math.sqrt(squares(line)) || 1), 5);
    }
    expect(refusal({ op: "LpNormalization", inputs: [x], attributes: { p: 3 } })).toBe(
      `LpNormalization "node": p expected 1 or 2, got 3`,
    );
  });

  test("MeanVarianceNormalization", () => {
    const x = floats([2, 3, 4, 5], 2, 1);
    const y = run({ op: "MeanVarianceNormalization", inputs: [x] }).results[0].data as Float32Array;
    const lines = run({ op: "MeanVarianceNormalization", inputs: [x], attributes: { axes: [-1] } }).results[0];
    const standard = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
      return values.map((v) => (v - mean) / (deviation + 1e-9));
    };
    for (let c = 0; c < 3; c++) {
      const places = [...x.data.keys()].filter((i) => Math.floor(i / 20) % 3 === c);
      for (const [j, value] of standard(places.map((i) => x.data[i])).entries())
        expect(y[places[j]]).toBeCloseTo(value, 5);
    }
    for (const [i, value] of byLine(x, standard).entries()) expect(lines.data[i]).toBeCloseTo(value, 5);
  });
});

describe("LRN", () => {
  test.each([
    [[2, 7, 3, 4], { size: 5 }, [5, 1e-4, 0.75, 1]],
    [[1, 9, 2, 2], { size: 4, alpha: 0.5, beta: 0.5, bias: 2 }, [4, 0.5, 0.5, 2]],
    [[2, 3, 2, 2], { size: 9, alpha: 1, beta: 1.25, bias: 1 }, [9, 1, 1.25, 1]],
  ] as [number[], Record<string, number>, [number, number, number, number]][])(
    "of %j by %j",
    (shape, attributes, parameters) => {
      const x = floats(shape, 2);
      const want = lrn(x, ...parameters);
      const { results, algorithms } = run({ op: "LRN", inputs: [x], attributes });
      expectClose(results[0].data as Float32Array, want, want.terms + FURTHER);
      expect(algorithms).toContain(`normalise ${attributes["size"]} channels`);
    },
  );

  test("of three axes, which are not moved channels last", () => {
    const x = floats([2, 7, 12], 2);
    const { results } = run({ op: "LRN", inputs: [x], attributes: { size: 3, alpha: 0.5 } });
    expect(results[0].shape).toEqual([2, 7, 12]);
    const want = lrn({ shape: [2, 7, 3, 4], data: x.data }, 3, 0.5);
    expectClose(results[0].data as Float32Array, want, want.terms + FURTHER);
  });

  test("of a size that is none", () => {
    expect(refusal({ op: "LRN", inputs: [floats([1, 2, 2, 2])] })).toBe(`LRN "node": size expected 1 or more, got 0`);
  });
});

describe.each([
  ["Softmax", softmax],
  ["LogSoftmax", logSoftmax],
] as const)("%s", (op, oracle) => {
  test.each([
    [[3, 10], -1],
    [[2, 3, 4, 5], 1],
    [[2, 3, 4, 5], 0],
    [[2, 3, 4, 5], 2],
    [[7], 0],
    [[0, 3], 1],
  ])("of %j along %i", (shape, axis) => {
    const x = floats(shape, 5);
    const want = oracle(x, axis);
    const y = run({ op, inputs: [x], attributes: { axis } }).results[0];
    expect(y.shape).toEqual(shape);
    expectClose(y.data as Float32Array, want, want.terms + FURTHER);
    expect(run({ op, inputs: [x], attributes: { axis }, constant: "all" }).results[0]).toEqual(y);
  });

  test("over all axes from one on, as before operator set 13", () => {
    const x = floats([2, 3, 4], 5);
    const { results } = run({ op, inputs: [x], attributes: { axis: 1, trailing: 1 } });
    const want = oracle({ shape: [2, 12], data: x.data }, 1);
    expectClose(results[0].data as Float32Array, want, want.terms + FURTHER);
  });

  test("of float16 and NaN", () => {
    const data = float32ToFloat16(Float32Array.of(1, 2, 3)) as Uint16Array<ArrayBuffer>;
    const half = run({ op, inputs: [{ type: "float16", shape: [3], data }] }).results[0];
    const want = oracle({ shape: [3], data: [1, 2, 3] });
    // Within half a unit in the last place of float16.
    const error = toFloat32(half).map((value, i) => Math.abs(value / want.data[i] - 1));
    expect(Math.max(...error)).toBeLessThanOrEqual(2 ** -11);
    const spoilt = run({ op, inputs: [tensor("float32", [2, 3], [1, NAN, 2, 1, INF, 2])] }).results[0];
    expectExact(spoilt.data as Float32Array, { data: [NAN, NAN, NAN, NAN, NAN, NAN] });
  });

  test("what is refused", () => {
    expect(refusal({ op, inputs: [floats([2])], attributes: { axis: 1 } })).toBe(
      `${op} "node": axis expected an axis of rank 1, got 1`,
    );
    expect(refusal({ op, inputs: [tensor("int32", [1], [1])] })).toBe(
      `${op} "node": input 0 expected a tensor of floats, got int32`,
    );
  });
});

describe("Hardmax", () => {
  test("marks the first greatest element", () => {
    const x = tensor("float32", [2, 3, 2], [1, 5, 3, 5, 3, 0, NAN, 0, 9, 1, 2, 1]);
    const along1 = [0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0];
    const last = [0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0];
    for (const constant of [[], "all"] as const) {
      expect(run({ op: "Hardmax", inputs: [x], attributes: { axis: 1 }, constant }).results[0].data).toEqual(
        Float32Array.from(along1),
      );
      expect(run({ op: "Hardmax", inputs: [x], constant }).results[0].data).toEqual(Float32Array.from(last));
    }
    const data = float32ToFloat16(Float32Array.of(-1, -2)) as Uint16Array<ArrayBuffer>;
    expect(run({ op: "Hardmax", inputs: [{ type: "float16", shape: [2], data }] }).results[0].data).toEqual(
      Uint16Array.of(0x3c00, 0),
    );
    expect(run({ op: "Hardmax", inputs: [tensor("float32", [2, 0], [])] }).results[0].data).toHaveLength(0);
  });
});
