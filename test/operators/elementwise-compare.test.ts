import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import { float32ToFloat16 } from "../../src/half.ts";
import { binary, binaryFunctions } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260403);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const SHAPES: readonly [readonly number[], readonly number[]][] = [
  [[19], [19]],
  [
    [2, 3, 5, 7],
    [3, 1, 1],
  ],
  [[], [2, 3]],
  [
    [2, 1, 3, 1, 2, 1, 3],
    [2, 1, 2, 1, 5, 1],
  ],
  [[0, 3], [3]],
];

const COMPARISONS = {
  Equal: "equal",
  Less: "less",
  LessOrEqual: "lessOrEqual",
  Greater: "greater",
  GreaterOrEqual: "greaterOrEqual",
} as const;

/** A few values only, so that many are equal. */
function coarse(shape: readonly number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  const length = shape.reduce((x, y) => x * y, 1);
  return { type: "float32", shape, data: Float32Array.from({ length }, () => random.integer(-2, 2) / 2) };
}

describe.each(Object.entries(COMPARISONS))("%s", (op, name) => {
  const f = binaryFunctions[name];

  test.each(SHAPES)("of %j and %j, by kernel and on the host", (a, b) => {
    const inputs = [coarse(a), coarse(b)];
    const fed = run({ op, inputs });
    expectExactly(fed.results[0], binary(inputs[0], inputs[1], f));
    expect(fed.results[0].type).toBe("bool");
    expect(fed.algorithms).toEqual(["compare"]);
    expect(run({ op, inputs, constant: "all" }).results[0]).toEqual(fed.results[0]);
  });

  test("is false of NaN", () => {
    const [a, b] = [
      [NAN, 1, NAN, INF, -INF, 0],
      [1, NAN, NAN, INF, INF, -0],
    ];
    const inputs = [tensor("float32", [6], a), tensor("float32", [6], b)];
    for (const constant of [[], "all"] as const)
      expectExactly(run({ op, inputs, constant }).results[0], { shape: [6], data: a.map((v, i) => f(v, b[i])) });
  });

  test.each<DataType>(["int8", "uint32", "int64", "uint64", "float64"])("of %s", (type) => {
    const [a, b] = [
      [1, 2, 3],
      [3, 2, 1],
    ];
    const { results } = run({ op, inputs: [tensor(type, [3], a), tensor(type, [3], b)] });
    expectExactly(results[0], { shape: [3], data: a.map((v, i) => f(v, b[i])) });
  });

  test("of float16, which are no integers", () => {
    const half = (...values: number[]): HostTensor => ({
      type: "float16",
      shape: [3],
      data: float32ToFloat16(Float32Array.from(values)) as Uint16Array<ArrayBuffer>,
    });
    // As bits -1 would be greater than 1.
    const inputs = [half(-1, -1, -2), half(1, -1, -1)];
    const want = { shape: [3], data: [f(-1, 1), f(-1, -1), f(-2, -1)] };
    for (const constant of [[], "all"] as const) expectExactly(run({ op, inputs, constant }).results[0], want);
  });
});

describe("truth values", () => {
  const flags = (shape: readonly number[]) => {
    const length = shape.reduce((x, y) => x * y, 1);
    return tensor(
      "bool",
      shape,
      Array.from({ length }, () => random.integer(0, 1)),
    );
  };

  test.each([
    ["And", (a: number, b: number) => a & b],
    ["Or", (a: number, b: number) => a | b],
    ["Xor", (a: number, b: number) => a ^ b],
  ] as const)("%s", (op, f) => {
    for (const [a, b] of [...SHAPES, [[37], [37]], [[3, 37], [37]], [[37], [1]]] as typeof SHAPES) {
      const inputs = [flags(a), flags(b)];
      const fed = run({ op, inputs });
      expectExactly(fed.results[0], binary(inputs[0] as never, inputs[1] as never, f));
      expect(run({ op, inputs, constant: "all" }).results[0]).toEqual(fed.results[0]);
      expect(fed.algorithms).toEqual(["logical"]);
    }
  });

  test("Not", () => {
    for (const shape of [[37], [2, 3, 5], [], [0]]) {
      const x = flags(shape);
      for (const constant of [[], "all"] as const) {
        const want = { shape, data: Array.from(x.data as Uint8Array, (v) => 1 - v) };
        expectExactly(run({ op: "Not", inputs: [x], constant }).results[0], want);
      }
    }
  });

  test("are what logical operators take", () => {
    expect(refusal({ op: "Not", inputs: [coarse([2])] })).toBe(
      `Not "node": input 0 expected a tensor of bool, got float32`,
    );
    expect(refusal({ op: "And", inputs: [coarse([2]), flags([2])] })).toBe(
      `And "node": input 0 expected a tensor of bool, got float32`,
    );
    const bools = [flags([2]), flags([2])];
    expect(run({ op: "Equal", inputs: bools }).results[0].type).toBe("bool");
    expect(refusal({ op: "Less", inputs: bools })).toBe(`Less "node": input 0 expected a tensor of numbers, got bool`);
  });
});

describe("tests of one float", () => {
  const x = tensor("float32", [5], [NAN, INF, -INF, 0, 1]);
  const test1 = (op: string, attributes = {}, input = x) => {
    const fed = run({ op, inputs: [input], attributes }).results[0];
    expect(run({ op, inputs: [input], attributes, constant: "all" }).results[0]).toEqual(fed);
    return Array.from(fed.data as Uint8Array);
  };

  test("IsNaN", () => {
    expect(test1("IsNaN")).toEqual([1, 0, 0, 0, 0]);
    expect(test1("IsNaN", {}, tensor("float64", [2], [NAN, 1]))).toEqual([1, 0]);
    const half: HostTensor = { type: "float16", shape: [2], data: Uint16Array.of(0x7e00, 0x7c00) };
    expect(test1("IsNaN", {}, half)).toEqual([1, 0]);
  });

  test("IsInf", () => {
    expect(test1("IsInf")).toEqual([0, 1, 1, 0, 0]);
    expect(test1("IsInf", { detect_negative: 0 })).toEqual([0, 1, 0, 0, 0]);
    expect(test1("IsInf", { detect_positive: 0 })).toEqual([0, 0, 1, 0, 0]);
    expect(refusal({ op: "IsInf", inputs: [tensor("int8", [1], [1])] })).toContain("a tensor of floats, got int8");
  });
});

describe("bits", () => {
  const bits = (op: string, type: DataType, a: number[], b?: number[], attributes = {}) => {
    const inputs = [a, b].flatMap((values) => (values ? [tensor(type, [values.length], values)] : []));
    return Array.from(run({ op, inputs, attributes }).results[0].data as Int8Array, Number);
  };

  test.each<DataType>(["int16", "int64", "uint64"])("of %s", (type) => {
    expect(bits("BitwiseAnd", type, [12, 255], [10, 256])).toEqual([8, 0]);
    expect(bits("BitwiseOr", type, [12, 255], [10, 256])).toEqual([14, 511]);
    expect(bits("BitwiseXor", type, [12, 255], [10, 256])).toEqual([6, 511]);
  });

  test("BitwiseNot keeps to the type", () => {
    expect(bits("BitwiseNot", "int8", [0, -1, 5])).toEqual([-1, 0, -6]);
    expect(bits("BitwiseNot", "uint8", [0, 5])).toEqual([255, 250]);
    expect(bits("BitwiseNot", "int64", [5])).toEqual([-6]);
  });

  test("BitShift", () => {
    expect(bits("BitShift", "uint8", [16, 4, 1], [1, 2, 3], { direction: "RIGHT" })).toEqual([8, 1, 0]);
    expect(bits("BitShift", "uint8", [200, 4, 1], [1, 2, 9], { direction: "LEFT" })).toEqual([144, 16, 0]);
    expect(bits("BitShift", "uint32", [2 ** 31, 5, 7], [31, 32, 0], { direction: "RIGHT" })).toEqual([1, 0, 7]);
    expect(bits("BitShift", "uint64", [5, 5], [2, 64], { direction: "LEFT" })).toEqual([20, 0]);
    expect(refusal({ op: "BitShift", inputs: [tensor("uint8", [1], [1]), tensor("uint8", [1], [1])] })).toBe(
      `BitShift "node": direction expected "LEFT" or "RIGHT", got `,
    );
    expect(refusal({ op: "BitShift", inputs: [tensor("int8", [1], [1]), tensor("int8", [1], [1])] })).toBe(
      `BitShift "node": input 0 expected a tensor of unsigned integers, got int8`,
    );
  });
});

describe("Cast", () => {
  const cast = (x: HostTensor, to: number) => {
    const fed = run({ op: "Cast", inputs: [x], attributes: { to } }).results[0];
    expect(run({ op: "Cast", inputs: [x], attributes: { to }, constant: "all" }).results[0]).toEqual(fed);
    return fed;
  };

  test("floats are truncated to integers, and NaN becomes 0", () => {
    const x = tensor("float32", [5], [1.9, -1.9, NAN, INF, 300]);
    expect(cast(x, 7).data).toEqual(BigInt64Array.of(1n, -1n, 0n, 0n, 300n));
    expect(cast(x, 6).data).toEqual(Int32Array.of(1, -1, 0, 0, 300));
    expect(cast(x, 2).data).toEqual(Uint8Array.of(1, 255, 0, 0, 44));
    expect(cast(x, 9).data).toEqual(Uint8Array.of(1, 1, 1, 1, 1));
  });

  test("to and from 16-bit floats", () => {
    const x = tensor("float32", [3], [1, -2, 65519]);
    const half = cast(x, 10);
    expect(half).toEqual({ type: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7bff) });
    expect(cast(half, 1).data).toEqual(Float32Array.of(1, -2, 65504));
    expect(cast(half, 7).data).toEqual(BigInt64Array.of(1n, -2n, 65504n));
    expect(cast(tensor("int64", [2], [3, 0]), 16).data).toEqual(Uint16Array.of(0x4040, 0));
  });

  test("between integers, and to what it is already", () => {
    expect(cast(tensor("int64", [2], [-1, 2 ** 33 + 5]), 6).data).toEqual(Int32Array.of(-1, 5));
    expect(cast(tensor("int64", [2], [-1, 5]), 11).data).toEqual(Float64Array.of(-1, 5));
    const same = run({ op: "Cast", inputs: [coarse([4])], attributes: { to: 1 } });
    expect(same.algorithms).toEqual([]);
    expect(refusal({ op: "Cast", inputs: [coarse([4])], attributes: { to: 8 } })).toContain(
      "casting float32 to type 8 is not supported",
    );
  });

  test("CastLike takes the type of another tensor", () => {
    const inputs = [tensor("float32", [1], [2.5]), tensor("int8", [3], [0, 0, 0])];
    expect(run({ op: "CastLike", inputs }).results[0]).toEqual(tensor("int8", [1], [2]));
  });
});
