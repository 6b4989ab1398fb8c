import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import type { Attribute, Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { binary, binaryFunctions, elementwise, prelu, sum } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { MODULE, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260402);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

type Float = HostTensor & { data: Float32Array<ArrayBuffer> };

function floats(shape: readonly number[], scale = 1): Float {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape, scale).data) };
}

const SHAPES: readonly [readonly number[], readonly number[]][] = [
  [[17], [17]],
  [
    [2, 3, 5, 7],
    [2, 3, 5, 7],
  ],
  [
    [2, 3, 5, 7],
    [3, 1, 1],
  ],
  [[2, 3, 5, 7], []],
  [[1], [3, 4]],
  [
    [2, 1, 5, 1],
    [3, 1, 7],
  ],
  [
    [2, 1, 3, 1, 2, 1, 3],
    [2, 1, 2, 1, 5, 1],
  ],
  [[0, 3], [3]],
  [[], []],
];

const EXACT = { Add: "add", Sub: "sub", Mul: "mul", Div: "div", Max: "max", Min: "min" } as const;

describe.each(Object.entries(EXACT))("%s", (op, name) => {
  test.each(SHAPES)("of %j and %j, by kernel and on the host", (a, b) => {
    const inputs = [floats(a), floats(b)];
    const want = binary(inputs[0], inputs[1], binaryFunctions[name]);
    const fed = run({ op, inputs });
    expect(fed.results[0].shape).toEqual(want.shape);
    expectExact(fed.results[0].data as Float32Array, want);
    expect(fed.algorithms).not.toContain("host");
    expect(run({ op, inputs, constant: "all" }).results[0]).toEqual(fed.results[0]);
  });

  test("of NaN and infinities", () => {
    const a = tensor("float32", [6], [NAN, 1, INF, -INF, INF, 0]);
    const b = tensor("float32", [6], [1, NAN, INF, INF, 0, -INF]);
    const plain = [a, b] as [Float, Float];
    for (const constant of [[], "all"] as const) {
      const { results } = run({ op, inputs: [a, b], constant });
      expectExact(results[0].data as Float32Array, binary(plain[0], plain[1], binaryFunctions[name]));
    }
  });

  test("of float64 and float16", () => {
    const x = [0.1, -2.5, 3];
    const y = [3, 0.7, -1.25];
    const f = binaryFunctions[name];
    const doubles = run({ op, inputs: [tensor("float64", [3], x), tensor("float64", [3], y)] }).results[0];
    expect(doubles.data).toEqual(Float64Array.from(x, (v, i) => f(v, y[i])));
    const half = (values: number[]): HostTensor => ({
      type: "float16",
      shape: [3],
      data: float32ToFloat16(Float32Array.from(values)) as Uint16Array<ArrayBuffer>,
    });
    const [p, q] = [half(x), half(y)];
    const wide = toFloat32(q);
    const want = float32ToFloat16(toFloat32(p).map((v, i) => f(v, wide[i])));
    for (const constant of [[], "all"] as const)
      expect(run({ op, inputs: [p, q], constant }).results[0]).toEqual({ type: "float16", shape: [3], data: want });
  });
});

describe("integers", () => {
  function integers(
    op: string,
    type: DataType,
    a: readonly (number | bigint)[],
    b: readonly (number | bigint)[],
    attributes = {},
  ) {
    const inputs = [tensor(type, [a.length], a as number[]), tensor(type, [b.length], b as number[])];
    return Array.from(run({ op, inputs, attributes }).results[0].data as ArrayLike<number | bigint>);
  }

  test("wrap", () => {
    expect(integers("Add", "uint8", [200, 1], [100, 2])).toEqual([44, 3]);
    expect(integers("Sub", "uint32", [1], [2])).toEqual([4294967295]);
    expect(integers("Mul", "int32", [123456789, -5], [987654321, 7])).toEqual([-67153019, -35]);
    expect(integers("Mul", "uint32", [4294967295], [4294967295])).toEqual([1]);
    expect(integers("Mul", "int64", [2n ** 40n + 1n], [2n ** 30n])).toEqual([2n ** 30n]);
    expect(integers("Sub", "uint64", [1n], [2n])).toEqual([2n ** 64n - 1n]);
  });

  test("are divided towards 0, and by 0 give 0", () => {
    expect(integers("Div", "int32", [7, -7, 7, -7, 5], [2, 2, -2, -2, 0])).toEqual([3, -3, -3, 3, 0]);
    expect(integers("Div", "int64", [7n, -7n, 5n], [2n, 2n, 0n])).toEqual([3n, -3n, 0n]);
    expect(integers("Div", "int8", [-128], [-1])).toEqual([-128]);
  });

  test("leave remainders with the sign of the divisor, or by fmod of the dividend", () => {
    const [a, b] = [
      [-4, 7, 5, 4, -7, 8, 3],
      [2, -3, 8, -2, 3, 5, 0],
    ];
    for (const type of ["int16", "int64"] as const) {
      expect(integers("Mod", type, a, b).map(Number)).toEqual([0, -2, 5, 0, 2, 3, 0]);
      expect(integers("Mod", type, a, b, { fmod: 1 }).map(Number)).toEqual([0, 1, 5, 0, -1, 3, 0]);
    }
  });

  test("have a greatest and a least", () => {
    for (const type of ["int8", "uint64"] as const) {
      expect(integers("Max", type, [1, 9], [5, 2]).map(Number)).toEqual([5, 9]);
      expect(integers("Min", type, [1, 9], [5, 2]).map(Number)).toEqual([1, 2]);
    }
  });
});

describe("Mod of floats", () => {
  test.each([
    ["mod", {}],
    ["fmod", { fmod: 1 }],
  ] as const)("%s", (name, attributes) => {
    const [a, b] = [
      tensor("float32", [6], [-4.3, 7.2, 5, 4.3, -7.2, 8]),
      tensor("float32", [6], [2.1, -3.4, 8, -2.1, 3.4, 5]),
    ];
    const inputs = [a, b] as [Float, Float];
    const { results } = run({ op: "Mod", inputs, attributes });
    // A remainder is exact but for the divisor added to turn its sign.
    const want = binary(inputs[0], inputs[1], (x, y) => {
      const rest = x % y;
      return name === "mod" && rest * y < 0 ? rest + y : rest;
    });
    expectExact(results[0].data as Float32Array, want);
    expect(run({ op: "Mod", inputs, attributes, constant: "all" }).results[0]).toEqual(results[0]);
  });
});

describe("PRelu", () => {
  test("has slopes that broadcast to x", () => {
    const x = floats([2, 3, 4, 5]);
    for (const shape of [[3, 1, 1], [1], [2, 3, 4, 5]]) {
      const slope = floats(shape);
      const { results } = run({ op: "PRelu", inputs: [x, slope] });
      expectExact(results[0].data as Float32Array, prelu(x, slope));
      expect(run({ op: "PRelu", inputs: [x, slope], constant: "all" }).results[0]).toEqual(results[0]);
    }
    expect(refusal({ op: "PRelu", inputs: [floats([3]), floats([2, 3])] })).toBe(
      `PRelu "node": slope expected a shape that broadcasts to [3], got [2, 3]`,
    );
  });
});

describe("Pow", () => {
  const power = (a: HostTensor, b: HostTensor, constant: readonly number[] | "all" = []) =>
    run({ op: "Pow", inputs: [a, b], constant });
  const positive = (shape: readonly number[]) => {
    const x = floats(shape, 3);
    return { ...x, data: x.data.map(Math.abs) };
  };

  test.each(SHAPES)("of %j and %j", (a, b) => {
    const [x, y] = [positive(a), floats(b, 4)];
    const want = binary(x, y, (p, q) => p ** q);
    expectClose(power(x, y).results[0].data as Float32Array, want, 2);
    // Known on both sides it stays with the kernel: the host's powers differ from engine to engine.
    expect(power(x, y, "all").results[0]).toEqual(power(x, y).results[0]);
  });

  test.each([
    [1, []],
    [2, ["elementwise"]],
    [0.5, ["elementwise"]],
    [-3, ["elementwise"]],
  ] as const)("to the known power %s", (alpha, algorithms) => {
    const x = floats([5, 7], 3);
    const exponent = tensor("int64", [], [Math.trunc(alpha)]);
    const y = Number.isInteger(alpha) ? exponent : tensor("float32", [], [alpha]);
    const got = power(x, y, [1]);
    expectClose(
      got.results[0].data as Float32Array,
      binary(x, { shape: [], data: [alpha] }, (p, q) => p ** q),
      2,
    );
    expect(got.algorithms).toEqual(algorithms);
  });

  test("a computed exponent of integers is converted", () => {
    const { results, algorithms } = power(tensor("float32", [3], [2, -3, 0.5]), tensor("int64", [3], [10, 3, -2]));
    expect(results[0].data).toEqual(Float32Array.of(1024, -27, 4));
    expect(algorithms).toEqual(["host", "elementwise"]);
  });

  test("integers are raised exactly, and wrap", () => {
    const raised = (type: DataType, a: number[], exponents: HostTensor) =>
      Array.from(power(tensor(type, [a.length], a), exponents).results[0].data as BigInt64Array);
    expect(raised("int64", [3, -2, 7], tensor("int64", [3], [39, 63, 0]))).toEqual([3n ** 39n, -(2n ** 63n), 1n]);
    expect(raised("int32", [3, -2, 5], tensor("int32", [3], [21, 31, 2])).map(Number)).toEqual([
      1870418611,
      -(2 ** 31),
      25,
    ]);
    expect(raised("int64", [4, 8, 2, 0], tensor("float32", [4], [0.5, 1 / 3, -1, -1])).map(Number)).toEqual([
      2, 2, 0, 0,
    ]);
  });

  test("float64 is refused", () => {
    expect(refusal({ op: "Pow", inputs: [tensor("float64", [1], [2]), tensor("float64", [1], [2])] })).toContain(
      "powers of float64 are not supported",
    );
  });
});

describe("functions of many tensors", () => {
  const shapes = [[3, 1], [1, 4], [2, 1, 1], [4]];
  const inputs = shapes.map((shape) => floats(shape));

  test("Sum and Mean", () => {
    for (const count of [1, 2, 3, 4]) {
      const some = inputs.slice(0, count);
      const want = sum(some);
      const total = run({ op: "Sum", inputs: some });
      expect(total.results[0].shape).toEqual(want.shape);
      expectClose(total.results[0].data as Float32Array, want);
      expect(run({ op: "Sum", inputs: some, constant: "all" }).results[0]).toEqual(total.results[0]);
      const mean = run({ op: "Mean", inputs: some });
      const half = want.magnitude.map((value) => value / count);
      expectClose(mean.results[0].data as Float32Array, {
        ...want,
        data: want.data.map((v) => v / count),
        magnitude: half,
      });
      expect(run({ op: "Mean", inputs: some, constant: "all" }).results[0]).toEqual(mean.results[0]);
    }
  });

  test.each([
    ["Max", Math.max],
    ["Min", Math.min],
  ] as const)("%s", (op, f) => {
    for (const count of [1, 2, 4]) {
      const some = inputs.slice(0, count);
      const { results } = run({ op, inputs: some });
      expectExact(results[0].data as Float32Array, elementwise(some, f));
      expect(run({ op, inputs: some, constant: "all" }).results[0]).toEqual(results[0]);
    }
  });

  test("an operand that only the third widens", () => {
    const some = [floats([1]), floats([1]), floats([2, 3])];
    expectClose(run({ op: "Sum", inputs: some }).results[0].data as Float32Array, sum(some));
  });

  test("float16", () => {
    const half = (value: number): HostTensor => ({
      type: "float16",
      shape: [1],
      data: float32ToFloat16(Float32Array.of(value)) as Uint16Array<ArrayBuffer>,
    });
    const { results } = run({ op: "Mean", inputs: [half(1), half(2), half(6)] });
    expect([results[0].type, ...toFloat32(results[0])]).toEqual(["float16", 3]);
  });
});

describe("what does not fit", () => {
  test.each(["Add", "Max", "Pow", "Sum"])("%s of shapes that do not broadcast", (op) => {
    expect(refusal({ op, inputs: [floats([2, 3]), floats([2])] })).toBe(
      `${op} "node": inputs expected shapes that broadcast, got [2, 3] and [2]`,
    );
  });
  test("element types that differ, or that an operator does not have", () => {
    expect(refusal({ op: "Add", inputs: [floats([1]), tensor("int64", [1], [1])] })).toBe(
      `Add "node": inputs expected the same element type, got [float32, int64]`,
    );
    expect(refusal({ op: "Sum", inputs: [tensor("int32", [1], [1])] })).toBe(
      `Sum "node": input 0 expected a tensor of floats, got int32`,
    );
    expect(refusal({ op: "Mul", inputs: [tensor("bool", [1], [1]), tensor("bool", [1], [1])] })).toBe(
      `Mul "node": input 0 expected a tensor of numbers, got bool`,
    );
  });
  test("an operand that is not there", () => {
    expect(refusal({ op: "Sub", inputs: [floats([1])] })).toBe(`Sub "node": input 1 expected a tensor, got none`);
  });
});

describe("activations behind arithmetic", () => {
  /** f(a op b) as two nodes. */
  function pair(op: string, activation: string, attributes: Record<string, Attribute> = {}) {
    const [a, b] = [floats([2, 13]), floats([13])];
    const input = (name: string, { type, shape }: HostTensor) => ({ name, type, shape });
    const graph: Graph = {
      name: "pair",
      inputs: [input("a", a), input("b", b)],
      outputs: [{ name: "z", type: "float32", shape: undefined }],
      nodes: [
        { op, name: "first", inputs: ["a", "b"], outputs: ["y"], attributes: {} },
        { op: activation, name: "second", inputs: ["y"], outputs: ["z"], attributes },
      ],
      constants: new Map(),
    };
    const model = new Model(graph, MODULE);
    return { a, b, z: model.runSync({ a, b })["z"], steps: model.layers().length };
  }

  test("a clamp is fused, other functions are not", () => {
    const { a, b, z, steps } = pair("Add", "Relu");
    expectExact(
      z.data as Float32Array,
      binary(a, b, (p, q) => Math.max(0, p + q)),
    );
    expect(steps).toBe(1);
    expect(pair("Add", "Sigmoid").steps).toBe(2);
    const power = pair("Max", "Relu");
    expectExact(
      power.z.data as Float32Array,
      binary(power.a, power.b, (p, q) => Math.max(0, p, q)),
    );
  });
});
