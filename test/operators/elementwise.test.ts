import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import { float16ToFloat32, float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { map, scalar } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260401);
const { NaN: NAN, POSITIVE_INFINITY: INF, NEGATIVE_INFINITY: MINUS_INF } = Number;

type Rule = [
  op: string,
  f: (x: number) => number,
  attributes?: Record<string, Attribute>,
  /** Arguments are taken from here. */
  domain?: readonly [number, number],
];

/** As file formats hold them: attributes are float32. */
const f32 = Math.fround;

/** One rounding, or none: equal to the oracle rounded to float32. */
const EXACT: readonly Rule[] = [
  ["Relu", scalar.relu],
  ["Abs", scalar.abs],
  ["Neg", scalar.neg],
  ["Sign", scalar.sign],
  ["Floor", scalar.floor],
  ["Ceil", scalar.ceil],
  ["Round", scalar.round],
  ["Sqrt", scalar.sqrt, {}, [0, 9]],
  ["Reciprocal", scalar.reciprocal],
  ["LeakyRelu", (x) => scalar.leakyRelu(x, f32(0.01))],
  ["LeakyRelu", (x) => scalar.leakyRelu(x, f32(0.3)), { alpha: 0.3 }],
  ["ThresholdedRelu", scalar.thresholdedRelu],
  ["ThresholdedRelu", (x) => scalar.thresholdedRelu(x, -0.5), { alpha: -0.5 }],
];

/** Several roundings. */
const ROUNDED: readonly Rule[] = [
  ["HardSigmoid", scalar.hardSigmoid],
  ["HardSigmoid", (x) => scalar.hardSigmoid(x, 0.5, 0.25), { alpha: 0.5, beta: 0.25 }],
  ["Softsign", scalar.softsign],
  ["HardSwish", scalar.hardSwish, {}, [-2.5, 9]],
  ["Exp", scalar.exp],
  ["Log", scalar.log, {}, [0, 9]],
  ["Sigmoid", scalar.sigmoid],
  ["Swish", scalar.silu],
  ["Swish", (x) => x * scalar.sigmoid(0.5 * x), { alpha: 0.5 }],
  ["Tanh", scalar.tanh],
  ["Elu", scalar.elu],
  ["Elu", (x) => scalar.elu(x, 2), { alpha: 2 }],
  ["Selu", scalar.selu],
  ["Selu", (x) => scalar.selu(x, 2, 3), { alpha: 2, gamma: 3 }],
  ["Celu", scalar.celu],
  ["Celu", (x) => scalar.celu(x, 2), { alpha: 2 }],
  ["Softplus", scalar.softplus],
  ["Mish", scalar.mish],
  ["Erf", scalar.erf],
  ["Gelu", scalar.gelu],
  ["Gelu", scalar.geluTanh, { approximate: "tanh" }, [-4, 9]],
  ["Sin", Math.sin],
  ["Cos", Math.cos],
  ["Tan", Math.tan],
  ["Asin", Math.asin, {}, [-1, 1]],
  ["Acos", Math.acos, {}, [-1, 1]],
  ["Atan", Math.atan],
  ["Sinh", Math.sinh],
  ["Cosh", Math.cosh],
  ["Asinh", Math.asinh],
  ["Acosh", Math.acosh, {}, [1, 9]],
  ["Atanh", Math.atanh, {}, [-1, 1]],
];

/** 8 units in the last place cover the roughest of these. */
const TERMS = 15;

function drawn([low, high]: readonly [number, number] = [-9, 9], count = 43): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => low + (high - low) * random.uniform());
}

function float(...values: number[]): HostTensor {
  return tensor("float32", [values.length], values);
}

function apply(op: string, x: HostTensor, attributes: Record<string, Attribute> = {}) {
  const { results, algorithms } = run({ op, inputs: [x], attributes });
  expect(results[0].shape).toEqual(x.shape);
  expect(results[0].type).toBe(x.type);
  return { y: results[0].data as Float32Array, algorithms };
}

describe("functions of one element", () => {
  test.each<Rule>(EXACT)("%s, exactly, on the host too", (op, f, attributes, domain) => {
    const x = tensor("float32", [43], drawn(domain));
    const { y, algorithms } = apply(op, x, attributes);
    expectExact(y, map({ shape: [43], data: x.data as Float32Array }, f));
    expect(algorithms).toEqual(["elementwise"]);
    const known = run({ op, inputs: [x], attributes: attributes ?? {}, constant: "all" });
    expect(known.results[0].data).toEqual(y);
    expect(known.algorithms).toEqual([]);
  });

  test.each<Rule>(ROUNDED)("%s", (op, f, attributes, domain) => {
    const x = tensor("float32", [43], drawn(domain));
    const { y, algorithms } = apply(op, x, attributes);
    expectClose(y, map({ shape: [43], data: x.data as Float32Array }, f), TERMS);
    expect(algorithms).toEqual(["elementwise"]);
    // The same bits when it is a constant: either the kernel's own, or the host's steps rounded like the kernel's.
    const known = run({ op, inputs: [x], attributes: attributes ?? {}, constant: "all" });
    expect(known.results[0].data).toEqual(y);
  });

  test.each<Rule>([...EXACT, ...ROUNDED])("%s: NaN and infinities", (op, f, attributes) => {
    const { y } = apply(op, float(NAN, INF, MINUS_INF), attributes);
    expectExact(y, { data: [f(NAN), f(INF), f(MINUS_INF)] });
  });

  test("no elements, one element, no axes", () => {
    for (const op of ["Relu", "Exp", "Floor"]) {
      expect(apply(op, tensor("float32", [2, 0, 3], [])).y).toHaveLength(0);
      expect(apply(op, tensor("float32", [], [1])).y).toHaveLength(1);
      expect(run({ op, inputs: [tensor("float32", [0], [])], constant: "all" }).results[0].data).toHaveLength(0);
    }
  });
});

describe("other element types", () => {
  const integers = (op: string, type: DataType, values: readonly number[]) =>
    Array.from(run({ op, inputs: [tensor(type, [values.length], values)] }).results[0].data as Int8Array, Number);

  test("integers wrap as their type does", () => {
    expect(integers("Abs", "int8", [-128, -3, 5])).toEqual([-128, 3, 5]);
    expect(integers("Abs", "uint8", [200, 3])).toEqual([200, 3]);
    expect(integers("Abs", "int64", [-7, 7, 0])).toEqual([7, 7, 0]);
    expect(integers("Neg", "int16", [-32768, 5])).toEqual([-32768, -5]);
    expect(integers("Neg", "int64", [-7, 7])).toEqual([7, -7]);
    expect(integers("Sign", "int32", [-9, 0, 9])).toEqual([-1, 0, 1]);
    expect(integers("Sign", "int64", [-9, 0, 9])).toEqual([-1, 0, 1]);
    expect(integers("Relu", "int32", [-9, 0, 9])).toEqual([0, 0, 9]);
    expect(integers("Relu", "int64", [-9, 0, 9])).toEqual([0, 0, 9]);
  });

  test("float64 keeps its digits", () => {
    const x = tensor("float64", [3], [2, 3 + 2 ** -40, 0.1]);
    expect(run({ op: "Sqrt", inputs: [x] }).results[0].data).toEqual(
      Float64Array.of(...[...x.data].map((v) => Math.sqrt(Number(v)))),
    );
    expect(run({ op: "Neg", inputs: [x] }).results[0].data).toEqual(Float64Array.of(-2, -3 - 2 ** -40, -0.1));
  });

  test.each([
    ["Abs", scalar.abs],
    ["Sqrt", scalar.sqrt],
    ["Sigmoid", scalar.sigmoid],
    ["Celu", scalar.celu],
  ] as [string, (x: number) => number][])("%s of float16 is the float32 result, rounded", (op, f) => {
    const bits = float32ToFloat16(Float32Array.of(0.25, 1.5, 3, 7, 100, NAN, INF));
    const x: HostTensor = { type: "float16", shape: [7], data: bits as Uint16Array<ArrayBuffer> };
    const { results, algorithms } = run({ op, inputs: [x] });
    const want = float32ToFloat16(Float32Array.from(float16ToFloat32(bits), (value) => f(value)));
    expect(results[0]).toMatchObject({ type: "float16", shape: [7] });
    // A NaN has no sign that means anything.
    expect(float16ToFloat32(results[0].data as Uint16Array)).toEqual(float16ToFloat32(want));
    expect(algorithms).toEqual(["elementwise"]);
    expect(run({ op, inputs: [x], constant: "all" }).results[0]).toEqual(results[0]);
  });

  test("bfloat16 goes the same way", () => {
    const x: HostTensor = { type: "bfloat16", shape: [2], data: Uint16Array.of(0x4080, 0xc000) }; // 4, -2
    expect(toFloat32(run({ op: "Reciprocal", inputs: [x] }).results[0])).toEqual(Float32Array.of(0.25, -0.5));
  });

  test("types that an operator does not have are refused", () => {
    expect(refusal({ op: "Sin", inputs: [tensor("int32", [1], [1])] })).toBe(
      `Sin "node": input 0 expected a tensor of floats, got int32`,
    );
    expect(refusal({ op: "Neg", inputs: [tensor("uint8", [1], [1])] })).toBe(
      `Neg "node": input 0 expected a tensor of signed numbers, got uint8`,
    );
    expect(refusal({ op: "Abs", inputs: [tensor("bool", [1], [1])] })).toBe(
      `Abs "node": input 0 expected a tensor of numbers, got bool`,
    );
    expect(refusal({ op: "Exp", inputs: [tensor("float64", [1], [1])] })).toContain("not supported for float64");
  });

  test("attributes without meaning are refused", () => {
    expect(refusal({ op: "Gelu", inputs: [float(1)], attributes: { approximate: "erf" } })).toBe(
      `Gelu "node": approximate expected "none" or "tanh", got erf`,
    );
    expect(refusal({ op: "Celu", inputs: [float(1)], attributes: { alpha: -1 } })).toContain(
      "alpha of -1 is not supported",
    );
    expect(refusal({ op: "Elu", inputs: [float(1)], attributes: { alpha: "1" } })).toBe(
      `Elu "node": alpha expected a number, got 1`,
    );
  });
});

describe("Clip", () => {
  const x = float(-2, -1, 0, 1, 2, NAN, INF, MINUS_INF);
  const bound = (value: number) => tensor("float32", [], [value]);
  const cases: readonly [string, (HostTensor | undefined)[], (v: number) => number][] = [
    ["both bounds", [bound(-1), bound(1.5)], (v) => scalar.clamp(v, -1, 1.5)],
    ["the lower alone", [bound(-1)], (v) => scalar.clamp(v, -1, INF)],
    ["the upper alone", [undefined, bound(1.5)], (v) => scalar.clamp(v, MINUS_INF, 1.5)],
    ["none", [], (v) => v],
    ["lower above upper: the upper wins", [bound(2), bound(1)], (v) => scalar.clamp(v, 2, 1)],
  ];

  test.each(cases)("%s: known, computed, on the host", (_, bounds, f) => {
    const want = { data: Array.from(x.data as Float32Array, f) };
    const inputs = [x, ...bounds];
    for (const constant of [[1, 2], [], "all"] as const) {
      const { results, algorithms } = run({ op: "Clip", inputs, constant });
      expectExact(results[0].data as Float32Array, want);
      expect(algorithms).not.toContain("host");
    }
  });

  test("integers of any size", () => {
    const clipped = (type: DataType) => {
      const inputs = [tensor(type, [4], [1, 50, 100, 120]), tensor(type, [], [20]), tensor(type, [], [100])];
      return Array.from(run({ op: "Clip", inputs }).results[0].data as Int8Array, Number);
    };
    for (const type of ["int8", "uint32", "int64", "uint64"] as const)
      expect(clipped(type)).toEqual([20, 50, 100, 100]);
  });

  test("bounds are scalars of the same type", () => {
    expect(refusal({ op: "Clip", inputs: [x, float(1, 2)] })).toBe(`Clip "node": bounds expected scalars, got [2]`);
    expect(refusal({ op: "Clip", inputs: [x, tensor("int32", [], [1])] })).toBe(
      `Clip "node": inputs expected the same element type, got [float32, int32]`,
    );
  });
});

describe("Shrink", () => {
  test("takes what lies beyond lambd towards 0", () => {
    const attributes = { lambd: 1.5, bias: 0.5 };
    const { y } = apply("Shrink", float(-3, -1.5, 0, 1.5, 3, NAN), attributes);
    expectExact(y, { data: [-2.5, 0, 0, 0, 2.5, NAN] });
    expect(apply("Shrink", float(-1, 0.25), {}).y).toEqual(Float32Array.of(-1, 0));
    const { results } = run({ op: "Shrink", inputs: [tensor("int64", [3], [-3, 1, 3])], attributes });
    expect(results[0].data).toEqual(BigInt64Array.of(-2n, 0n, 2n));
  });
});
