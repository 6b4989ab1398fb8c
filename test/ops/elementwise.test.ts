import fc from "fast-check";
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { binary, binaryFunctions, elementwise, map, prelu, scalar, where } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";
import { one } from "./stored.ts";

const random = new Random(11);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

type UnaryMethod =
  | ("abs" | "neg" | "floor" | "ceil" | "round" | "sign" | "sqrt" | "reciprocal")
  | ("sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "asinh" | "acosh" | "atanh");

const EXACT: [UnaryMethod, (x: number) => number][] = [
  ["abs", scalar.abs],
  ["neg", scalar.neg],
  ["floor", scalar.floor],
  ["ceil", scalar.ceil],
  ["round", scalar.round],
  ["sign", scalar.sign],
  ["sqrt", scalar.sqrt],
  ["reciprocal", scalar.reciprocal],
];

const CLOSE: [UnaryMethod, (x: number) => number][] = [
  ["sin", Math.sin],
  ["cos", Math.cos],
  ["tan", Math.tan],
  ["asin", Math.asin],
  ["acos", Math.acos],
  ["atan", Math.atan],
  ["sinh", Math.sinh],
  ["cosh", Math.cosh],
  ["asinh", Math.asinh],
  ["acosh", Math.acosh],
  ["atanh", Math.atanh],
];

type BinaryMethod = "add" | "sub" | "mul" | "div" | "min" | "max" | "pow" | "mod" | "fmod" | "squaredDifference";

const BINARY: [BinaryMethod, (a: number, b: number) => number][] = [
  ["add", binaryFunctions.add],
  ["sub", binaryFunctions.sub],
  ["mul", binaryFunctions.mul],
  ["div", binaryFunctions.div],
  ["min", binaryFunctions.min],
  ["max", binaryFunctions.max],
  // As IEEE 754, where JavaScript gives NaN for 1 to the power NaN and for -1 to infinite powers.
  ["pow", (a, b) => (a === 1 || (a === -1 && Math.abs(b) === INF) ? 1 : a ** b)],
  ["mod", binaryFunctions.mod],
  ["fmod", binaryFunctions.fmod],
  ["squaredDifference", (a, b) => Math.fround(a - b) ** 2],
];

type Comparison = "equal" | "notEqual" | "greater" | "greaterOrEqual" | "lesser" | "lesserOrEqual";

const COMPARISONS: [Comparison, (a: number, b: number) => number][] = [
  ["equal", binaryFunctions.equal],
  ["notEqual", (a, b) => (a === b ? 0 : 1)],
  ["greater", binaryFunctions.greater],
  ["greaterOrEqual", binaryFunctions.greaterOrEqual],
  ["lesser", binaryFunctions.less],
  ["lesserOrEqual", binaryFunctions.lessOrEqual],
];

/** Pairs that broadcast, those that lie channels last alike, and those that cannot. */
const PAIRS: [number[], number[]][] = [
  [[], []],
  [[], [3]],
  [[5], [5]],
  [[2, 1], [7]],
  [
    [2, 5, 3, 4],
    [2, 5, 3, 4],
  ],
  [[2, 5, 3, 4], []],
  [[2, 5, 3, 4], [4]],
  [
    [2, 5, 3, 4],
    [5, 1, 1],
  ],
  [
    [2, 5, 3, 4],
    [5, 3, 4],
  ],
  [
    [2, 5, 3, 4],
    [1, 5, 1, 1],
  ],
  [
    [2, 5, 3, 4],
    [2, 1, 3, 4],
  ],
  [
    [2, 5, 1, 1],
    [2, 1, 3, 4],
  ],
  [
    [2, 5, 3, 4],
    [1, 5, 3, 1],
  ],
  [
    [1, 5, 1, 1],
    [2, 5, 3, 4],
  ],
  [
    [3, 4],
    [2, 5, 3, 4],
  ],
  [
    [2, 3, 5],
    [2, 3, 5],
  ],
  [
    [2, 3, 5],
    [4, 2, 3, 5],
  ],
  [
    [2, 3, 5],
    [3, 1],
  ],
  [
    [2, 2, 2, 2, 3],
    [2, 1, 2, 1, 3],
  ],
  [
    [2, 1, 2, 1, 2, 1],
    [1, 3, 1, 2, 1, 3],
  ],
  [
    [0, 4],
    [1, 4],
  ],
  [
    [2, 0, 3, 4],
    [1, 1, 1],
  ],
];

const positive = (shape: readonly number[]) => map(random.tensor(shape, 3), (x) => Math.fround(Math.abs(x) + 0.1));

function float({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }) {
  return { shape, data: Float32Array.from(data) };
}

describeBuilds("elementwise operators", (engine) => {
  test.each(EXACT)("%s", (name, want) => {
    for (const shape of [[], [7], [3, 5], [2, 5, 3, 4], [2, 5, 4], [0, 3]]) {
      const x = random.tensor(shape, 4);
      const y = one(engine(), [x], (t) => engine()[name](t));
      expect(y.shape).toEqual(shape);
      expectExact(y.data, map(x, want));
    }
    const data = Float32Array.of(NAN, INF, -INF, 0, -0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, 3);
    const x = { shape: [1, 3, 2, 2], data };
    expectExact(one(engine(), [x], (t) => engine()[name](t)).data, map(x, want));
  });

  test.each(CLOSE)("%s", (name, want) => {
    for (const shape of [[], [7], [2, 5, 3, 4], [0, 3]]) {
      const x = random.tensor(shape, 3);
      const y = one(engine(), [x], (t) => engine()[name](t));
      expect(y.shape).toEqual(shape);
      expectClose(y.data, map(x, want), 1);
    }
    const x = { shape: [8], data: Float32Array.of(NAN, INF, -INF, 0, 1, -1, 2, 0.25) };
    expectClose(one(engine(), [x], (t) => engine()[name](t)).data, map(x, want), 1);
  });

  test.each(BINARY)("%s of pairs that broadcast", (name, f) => {
    for (const [p, q] of PAIRS) {
      const a = name === "pow" ? float(positive(p)) : random.tensor(p, 3);
      const b = random.tensor(q, 3);
      const want = binary(a, b, f);
      const y = one(engine(), [a, b], (...x) => engine()[name](x[0], x[1]));
      expect(y.shape).toEqual(want.shape);
      if (name === "mod") {
        // a - b * floor(a / b) is exact in neither: within an ulp of a or b, whichever is greater.
        want.magnitude = binary(a, b, (s, t) => Math.abs(s) + Math.abs(t)).data;
      }
      expectClose(y.data, want, 1);
      const back = one(engine(), [b, a], (...x) => engine()[name](x[1], x[0]));
      expect(back).toEqual(y);
    }
  });

  test.each(BINARY)("%s of NaN and infinities", (name, f) => {
    const special = [NAN, INF, -INF, 0, 1, -1, 2, -3];
    const a = { shape: [8, 1], data: Float32Array.from(special) };
    const b = { shape: [8], data: Float32Array.from(special) };
    const finiteMod = (s: number, t: number) => {
      if (Math.abs(t) !== INF || !Number.isFinite(s)) return f(s, t);
      // Of a finite number by an infinite one of the other sign Python and PyTorch give the infinite one.
      return s === 0 || s > 0 === t > 0 ? s : t;
    };
    const want = binary(a, b, name === "mod" ? finiteMod : f);
    const y = one(engine(), [a, b], (...x) => engine()[name](x[0], x[1]));
    expectExact(y.data, want);
  });

  test.each(BINARY)("%s of a number", (name, f) => {
    const x = float(positive([2, 5, 3, 4]));
    const bound = (a: number, b: number) => Math.abs(a) + Math.abs(b) + Math.abs(f(a, b));
    const [right, left] = [binary(x, { shape: [], data: [1.5] }, f), binary({ shape: [], data: [1.5] }, x, f)];
    right.magnitude = map(x, (a) => bound(a, 1.5)).data;
    left.magnitude = map(x, (b) => bound(1.5, b)).data;
    expectClose(one(engine(), [x], (t) => engine()[name](t, 1.5)).data, right, 1);
    expectClose(one(engine(), [x], (t) => engine()[name](1.5, t)).data, left, 1);
    expect(one(engine(), [], () => engine()[name](4, 2))).toEqual({
      shape: [],
      type: "float32",
      data: Float32Array.of(f(4, 2)),
    });
  });

  test("an operand may be both", () => {
    const x = random.tensor([2, 5, 3, 4]);
    expectExact(
      one(engine(), [x], (t) => engine().sub(t, t)).data,
      map(x, () => 0),
    );
  });

  test("prelu, with a slope for each channel, each element, and one", () => {
    for (const slope of [[5, 1, 1], [2, 5, 3, 4], [1], [], [4]]) {
      const [x, s] = [random.tensor([2, 5, 3, 4], 2), random.tensor(slope)];
      expectClose(one(engine(), [x, s], (a, b) => engine().prelu(a, b)).data, prelu(x, s), 1);
    }
    const x = random.tensor([2, 5, 3, 4], 2);
    const quarter = { shape: [], data: [0.25] };
    expectExact(one(engine(), [x], (a) => engine().prelu(a, 0.25)).data, prelu(x, quarter));
  });

  test.each(COMPARISONS)("%s", (name, f) => {
    for (const [p, q] of PAIRS) {
      const [a, b] = [random.tensor(p, 3), random.tensor(q, 3)].map((x) => float(map(x, Math.round)));
      const want = binary(a, b, f);
      const y = one(engine(), [a, b], (...x) => engine()[name](x[0], x[1]));
      expect(y).toEqual({ shape: want.shape, type: "bool", data: Uint8Array.from(want.data) });
    }
    const special = [NAN, INF, -INF, 0, -0, 1];
    const [a, b] = [
      { shape: [6, 1], data: Float32Array.from(special) },
      { shape: [6], data: Float32Array.from(special) },
    ];
    const y = one(engine(), [a, b], (...x) => engine()[name](x[0], x[1]));
    expect([...y.data]).toEqual([...binary(a, b, f).data]);
  });

  test("isNaN and isInfinite", () => {
    const x = { shape: [1, 6, 1, 1], data: Float32Array.of(NAN, INF, -INF, 0, 3e38, -1) };
    expect([...one(engine(), [x], (t) => engine().isNaN(t)).data]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...one(engine(), [x], (t) => engine().isInfinite(t)).data]).toEqual([0, 1, 1, 0, 0, 0]);
  });

  test.each([
    ["logicalAnd", (a: number, b: number) => a & b],
    ["logicalOr", (a: number, b: number) => a | b],
    ["logicalXor", (a: number, b: number) => a ^ b],
  ] as const)("%s of bool and uint8 tensors", (name, f) => {
    for (const [p, q] of PAIRS) {
      const [a, b] = [random.tensor(p, 3), random.tensor(q, 3)].map((x) => float(map(x, (v) => Math.round(v))));
      const truth = (v: number) => (v > 0 ? 1 : 0);
      const want = binary(a, b, (s, t) => f(truth(s), truth(t)));
      const y = one(engine(), [a, b], (s, t) => engine()[name](engine().greater(s, 0), engine().greater(t, 0)));
      expect(y).toEqual({ shape: want.shape, type: "bool", data: Uint8Array.from(want.data) });
    }
    const [a, b] = [
      { shape: [4, 1], data: Uint8Array.of(0, 1, 2, 255) },
      { shape: [4], data: Uint8Array.of(0, 1, 2, 4) },
    ];
    const want = binary(a, b, (s, t) => f(s ? 1 : 0, t ? 1 : 0));
    expect([...one(engine(), [a, b], (s, t) => engine()[name](s, t)).data]).toEqual([...want.data]);
  });

  test("logicalNot", () => {
    const x = { shape: [2, 9], data: Uint8Array.from({ length: 18 }, (_, i) => i % 3) };
    const y = one(engine(), [x], (t) => engine().logicalNot(t));
    expect(y).toEqual({ shape: [2, 9], type: "bool", data: x.data.map((value) => (value ? 0 : 1)) });
  });

  test("where, of numbers, floats and integers", () => {
    for (const [p, q] of PAIRS) {
      for (const r of [p, q, []]) {
        const [c, a, b] = [p, q, r].map((shape) => random.tensor(shape));
        const chosen = map(c, (value) => (value > 0 ? 1 : 0));
        const want = where(chosen, a, b);
        const y = one(engine(), [c, a, b], (x, s, t) => engine().where(engine().greater(x, 0), s, t));
        expect(y.shape).toEqual(want.shape);
        expectExact(y.data, want);
      }
    }
    const condition = { shape: [3], data: Uint8Array.of(0, 7, 1) };
    const integers = { shape: [2, 1], data: Int32Array.of(2 ** 31 - 1, -5) };
    const y = one(engine(), [condition, integers], (c, a) => engine().where(c, a, 3));
    expect(y).toEqual({
      shape: [2, 3],
      type: "int32",
      data: Int32Array.of(3, 2 ** 31 - 1, 2 ** 31 - 1, 3, -5, -5),
    });
    expect([...one(engine(), [condition], (c) => engine().where(c, 1, -INF)).data]).toEqual([-INF, 1, 1]);
  });

  test("random shapes", () => {
    const extents = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });
    const ones = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(extents, ones, ones, fc.nat(5), fc.nat(5), (shape, p, q, m, n) => {
        const operand = (mask: boolean[], drop: number) =>
          random.tensor(shape.map((extent, i) => (mask[i] ? 1 : extent)).slice(Math.min(drop, shape.length)), 2);
        const [a, b] = [operand(p, m), operand(q, n)];
        const want = elementwise([a, b], (s, t) => s - t);
        const y = one(engine(), [a, b], (s, t) => engine().sub(s, t));
        expect(y.shape).toEqual(want.shape);
        expectExact(y.data, want);
      }),
      { numRuns: 150 },
    );
  });

  test("cast", () => {
    const x = { shape: [2, 3], data: Float32Array.of(0, 1.9, -1.9, 300, NAN, INF) };
    const as = (type: Parameters<Engine["cast"]>[1]) => [...one(engine(), [x], (t) => engine().cast(t, type)).data];
    expect(as("float32")).toEqual([...x.data]);
    expect(as("int32")).toEqual([0, 1, -1, 300, 0, 0]);
    expect(as("uint8")).toEqual([0, 1, 255, 44, 0, 0]);
    expect(as("int64")).toEqual([0n, 1n, -1n, 300n, 0n, 0n]);
    expect(as("bool")).toEqual([0, 1, 1, 1, 1, 1]);
    const images = random.tensor([2, 5, 3, 4], 9);
    const there = one(engine(), [images], (t) => engine().cast(engine().cast(t, "int32"), "float32"));
    expectExact(there.data, map(images, Math.trunc));
  });

  test("what is refused", () => {
    engine().scope(() => {
      const [x, y] = [upload(engine(), random.tensor([2, 3])), upload(engine(), random.tensor([2, 4]))];
      const [i, u] = [engine().tensor(Int32Array.of(1, 2)), engine().tensor(Uint8Array.of(1, 2, 3))];
      const cases: [() => unknown, string, string][] = [
        [() => engine().abs(i), "ArgumentError", "abs: x expected float32, got int32"],
        [() => engine().add(x, y), "ShapeError", "add: a and b expected shapes that broadcast, got [2, 3] and [2, 4]"],
        [() => engine().add(x, i), "ArgumentError", "add: b expected float32, got int32"],
        [() => engine().add(i, x), "ArgumentError", "add: a expected float32, got int32"],
        [() => engine().mul(x, "2" as never), "ArgumentError", "mul: b expected a Tensor or a number, got 2"],
        [
          () => engine().mul(x, undefined as never),
          "ArgumentError",
          "mul: b expected a Tensor or a number, got undefined",
        ],
        [
          () => engine().greater(x, y),
          "ShapeError",
          "greater: a and b expected shapes that broadcast, got [2, 3] and [2, 4]",
        ],
        [
          () => engine().prelu(x, engine().tensor([1, 1], [2, 1, 1])),
          "ShapeError",
          "prelu: slope expected a shape that broadcasts to [2, 3], got [2, 1, 1]",
        ],
        [() => engine().logicalAnd(x, u), "ArgumentError", "logicalAnd: a expected bool or uint8, got float32"],
        [() => engine().logicalNot(x), "ArgumentError", "logicalNot: a expected bool or uint8, got float32"],
        [() => engine().where(x, x, x), "ArgumentError", "where: condition expected bool or uint8, got float32"],
        [() => engine().where(u, x, i), "ArgumentError", "where: b expected float32, got int32"],
        [() => engine().where(u, u, u), "ArgumentError", "where: a expected float32 or int32 or uint32, got uint8"],
        [
          () => engine().where(u, y, 0),
          "ShapeError",
          "where: condition and a and b expected shapes that broadcast, got [3] and [2, 4] and []",
        ],
        [
          () => engine().cast(x, "float" as never),
          "ArgumentError",
          'cast: type expected an element type such as "float32", got float',
        ],
      ];
      const { tensors, bytes } = engine().memory;
      for (const [body, name, message] of cases) expect(errorOf(body)).toMatchObject({ name, message });
      // One case makes a tensor of its own.
      expect(engine().memory).toMatchObject({ tensors: tensors + 1, bytes: bytes + 64 });
    });
  });

  test("an engine that has no memory left says so, and keeps none", async () => {
    const x = engine().tensor(new Float32Array(64));
    const before = engine().memory;
    expect(errorOf(() => engine().expand(x, [2 ** 20, 2 ** 10, 64])).name).toBe("MemoryLimitError");
    expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    x.dispose();
  });
});
