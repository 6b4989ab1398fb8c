import { describe, expect, test } from "vitest";
import { BINARY, COMPARE, LOGICAL } from "../../src/ops/binary-codes.ts";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";

type Four = [number, number, number, number];
type Dims = readonly [number, number, number, number];

/** Shapes of a and b; 1 repeats. The result has the greater extent in each dimension. */
const SHAPES: readonly (readonly [Dims, Dims])[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 16, 17].flatMap((C): [Dims, Dims][] => [
    [
      [1, 1, 1, C],
      [1, 1, 1, C],
    ],
    [
      [1, 1, 1, C],
      [1, 1, 1, 1],
    ],
    [
      [1, 1, 1, 1],
      [1, 1, 1, C],
    ],
    [
      [1, 1, 3, C],
      [1, 1, 1, C],
    ],
    [
      [1, 1, 3, C],
      [1, 1, 3, 1],
    ],
    [
      [1, 1, 3, 1],
      [1, 1, 1, C],
    ],
  ]),
  [
    [2, 3, 2, 5],
    [2, 3, 2, 5],
  ],
  [
    [2, 1, 2, 1],
    [1, 3, 1, 5],
  ],
  [
    [2, 3, 1, 6],
    [1, 1, 2, 1],
  ],
  [
    [1, 3, 1, 1],
    [2, 1, 4, 1],
  ],
  [
    [1, 1, 0, 4],
    [1, 1, 1, 4],
  ],
  [
    [1, 1, 2, 0],
    [1, 1, 2, 1],
  ],
];

const extent = (a: number, b: number) => (a === 1 ? b : a);
const size = (dims: Dims) => dims.reduce((x, y) => x * y, 1);

/** Elements from place to place in each dimension; 0 where a dimension of 1 meets a longer one. */
function steps(dims: Dims): Four {
  return dims.map((d, i) => (d === 1 ? 0 : dims.slice(i + 1).reduce((x, y) => x * y, 1))) as Four;
}

const scaled = (strides: Four, by: number) => strides.map((stride) => stride * by) as Four;

/** Pairs of operand elements in the order of the result. */
function pairs<T>(a: ArrayLike<T>, aDims: Dims, b: ArrayLike<T>, bDims: Dims): [T, T][] {
  const [D0, D1, D2, D3] = aDims.map((d, i) => extent(d, bDims[i]));
  const [as, bs] = [steps(aDims), steps(bDims)];
  const list: [T, T][] = [];
  for (let i = 0; i < D0 * D1 * D2 * D3; i++) {
    const at = [Math.floor(i / (D1 * D2 * D3)), Math.floor(i / (D2 * D3)) % D1, Math.floor(i / D3) % D2, i % D3];
    const place = (strides: Four) => at.reduce((sum, index, d) => sum + index * strides[d], 0);
    list.push([a[place(as)], b[place(bs)]]);
  }
  return list;
}

const fround = Math.fround;
const NAMED: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  min: Math.min,
  max: Math.max,
  // JavaScript has NaN for 1 ** NaN and for (-1) ** Infinity.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  mod: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? fround(r + b) : r;
  },
  fmod: (a, b) => a % b,
  prelu: (a, b) => (a < 0 ? fround(a * b) : a),
  squaredDifference: (a, b) => fround(fround(a - b) ** 2),
};
const TESTS: Record<keyof typeof COMPARE, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};
const LOGIC: Record<keyof typeof LOGICAL, (a: number, b: number) => number> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => 1 - a,
};
const keys = <K extends string>(record: Record<K, unknown>) => Object.keys(record) as K[];
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 1.5, -2.5, 3.4e38, -3.4e38, 1e-45, 1e-38, 7, 1e10, 0.1].map(
  fround,
);
const SQUARE = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b]));
const ALL: [number, number] = [-Infinity, Infinity];

describe.each(BUILDS)("binary, %s build", (build) => {
  const { kernels, memory, heapBase } = instance(build);

  function run(op: number, a: Float32Array, aDims: Dims, b: Float32Array, bDims: Dims, bounds = ALL): Float32Array {
    const arena = new GuardedArena(memory, heapBase);
    const [pa, pb] = [arena.put(a), arena.put(b)];
    const dims = aDims.map((d, i) => extent(d, bDims[i])) as Four;
    const want = pairs(a, aDims, b, bDims).map(() => Number.NaN);
    const y = arena.reserve(size(dims));
    kernels.binary(op, pa, pb, y, ...dims, ...scaled(strided(aDims), 4), ...scaled(strided(bDims), 4), ...bounds);
    // Values may be NaN by themselves here: an element never written shows against the reference.
    arena.check([y, { data: want }]);
    return arena.floats(y);
  }

  /** A contiguous last dimension of 1 is given as such now and then: both must do. */
  function strided(dims: Dims): Four {
    const strides = steps(dims);
    if (dims[3] === 1 && dims[0] * dims[1] * dims[2] === 1) strides[3] = 0;
    return strides;
  }

  test.each(keys(NAMED))("%s broadcasts and rounds once", (name) => {
    const op = BINARY[name as keyof typeof BINARY];
    const random = new Random(5);
    for (const [aDims, bDims] of SHAPES) {
      const [a, b] = [random.values(size(aDims), 3), random.values(size(bDims), 3)];
      const want = pairs(a, aDims, b, bDims).map(([p, q]) => NAMED[name](p, q));
      const got = run(op, a, aDims, b, bDims);
      if (name === "pow") expectClose(got, { data: want, magnitude: want.map(Math.abs) }, 1);
      else expectExact(got, { data: want });
    }
  });

  test.each(keys(NAMED))("%s of NaN, infinities, zeros and extremes", (name) => {
    const op = BINARY[name as keyof typeof BINARY];
    const [a, b] = [0, 1].map((side) => Float32Array.from(SQUARE, (pair) => pair[side]));
    const dims: Dims = [1, 1, 1, SQUARE.length];
    const got = run(op, a, dims, b, dims);
    expectExact(got, { data: SQUARE.map(([p, q]) => fround(NAMED[name](p, q))) });
    // The same values one by one go through the tail: the same bits.
    const alone = SQUARE.map(
      ([p, q]) => run(op, Float32Array.of(p), [1, 1, 1, 1], Float32Array.of(q), [1, 1, 1, 1])[0],
    );
    expectSameBits(got, Float32Array.from(alone));
  });

  test("zeros keep the sign that IEEE gives them", () => {
    const of = (op: number, a: number, b: number) =>
      run(op, Float32Array.of(a), [1, 1, 1, 1], Float32Array.of(b), [1, 1, 1, 1])[0];
    expect(of(BINARY.add, -0, -0)).toBe(-0);
    expect(of(BINARY.min, 0, -0)).toBe(-0);
    expect(of(BINARY.max, -0, 0)).toBe(0);
    expect(of(BINARY.mod, -6, 3)).toBe(-0);
    expect(of(BINARY.fmod, -6, 3)).toBe(-0);
    expect(of(BINARY.prelu, -0, 2)).toBe(-0);
  });

  test("both operands repeated along the last dimension", () => {
    const arena = new GuardedArena(memory, heapBase);
    const [a, b] = [arena.put(Float32Array.of(5, 7)), arena.put(Float32Array.of(2))];
    const y = arena.reserve(14);
    kernels.binary(BINARY.sub, a, b, y, 1, 1, 2, 7, 0, 0, 4, 0, 0, 0, 0, 0, ...ALL);
    arena.check();
    expect([...arena.floats(y)]).toEqual([...Array(7).fill(3), ...Array(7).fill(5)]);
  });

  test("clamps the result, and lets NaN through", () => {
    const a = Float32Array.of(-3, 8, NaN, 1, 4, -9, NaN);
    const got = run(BINARY.add, a, [1, 1, 1, 7], Float32Array.of(1), [1, 1, 1, 1], [0, 6]);
    expectExact(got, { data: [0, 6, NaN, 2, 5, 0, NaN] });
  });

  test("writes over an operand", () => {
    const random = new Random(6);
    for (const C of [1, 3, 4, 9]) {
      const a = random.values(2 * C);
      const b = random.values(C);
      for (const swap of [false, true]) {
        const arena = new GuardedArena(memory, heapBase);
        const [pa, pb] = [arena.putMutable(a), arena.put(b)];
        const rows: Four = [0, 0, C * 4, 4];
        const same: Four = [0, 0, 0, 4];
        if (swap) kernels.binary(BINARY.sub, pb, pa, pa, 1, 1, 2, C, ...same, ...rows, ...ALL);
        else kernels.binary(BINARY.sub, pa, pb, pa, 1, 1, 2, C, ...rows, ...same, ...ALL);
        arena.check();
        const want = Array.from(a, (v, i) => fround(swap ? b[i % C] - v : v - b[i % C]));
        expectExact(arena.floats(pa), { data: want });
      }
    }
  });

  test.each(keys(COMPARE))("compare: %s", (name) => {
    const random = new Random(7);
    const special = () => Float32Array.from({ length: 60 }, () => random.pick(SPECIAL));
    for (const [aDims, bDims] of SHAPES) {
      const [a, b] = [special().subarray(0, size(aDims)), special().subarray(0, size(bDims))];
      const arena = new GuardedArena(memory, heapBase);
      const [pa, pb] = [arena.put(a), arena.put(b)];
      const dims = aDims.map((d, i) => extent(d, bDims[i])) as Four;
      const y = arena.reserve(size(dims), Uint8Array);
      kernels.compare(COMPARE[name], pa, pb, y, ...dims, ...scaled(steps(aDims), 4), ...scaled(steps(bDims), 4));
      arena.check();
      const want = pairs(a, aDims, b, bDims).map(([p, q]) => Number(TESTS[name](p, q)));
      expect([...arena.read(y)]).toEqual(want);
    }
  });

  test.each(keys(LOGICAL))("logical: %s", (name) => {
    const random = new Random(8);
    const wide: (readonly [Dims, Dims])[] = [15, 16, 31, 33].flatMap((C): [Dims, Dims][] => [
      [
        [1, 1, 2, C],
        [1, 1, 2, C],
      ],
      [
        [1, 1, 2, C],
        [1, 1, 2, 1],
      ],
      [
        [1, 1, 2, 1],
        [1, 1, 1, C],
      ],
    ]);
    for (const [aDims, bDims] of [...SHAPES, ...wide]) {
      const [a, b] = [aDims, bDims].map((d) => Uint8Array.from({ length: size(d) }, () => random.integer(0, 1)));
      const arena = new GuardedArena(memory, heapBase);
      const [pa, pb] = [arena.put(a), arena.put(b)];
      const dims = aDims.map((d, i) => extent(d, bDims[i])) as Four;
      const y = arena.reserve(size(dims), Uint8Array);
      kernels.logical(LOGICAL[name], pa, pb, y, ...dims, ...steps(aDims), ...steps(bDims));
      arena.check();
      expect([...arena.read(y)]).toEqual(pairs(a, aDims, b, bDims).map(([p, q]) => LOGIC[name](p, q)));
    }
  });
});

test("debug build refuses an unknown code and a last stride that is neither contiguous nor repeated", () => {
  const { kernels, heapBase: h } = instance("debug");
  const rows: [...Four, ...Four, ...Four] = [1, 1, 1, 4, 0, 0, 0, 4, 0, 0, 0, 4];
  expect(() => kernels.binary(99, h, h, h, ...rows, ...ALL)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernels.compare(99, h, h, h, ...rows)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernels.logical(99, h, h, h, 1, 1, 1, 4, 0, 0, 0, 1, 0, 0, 0, 1)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernels.binary(BINARY.add, h, h, h, 1, 1, 1, 4, 0, 0, 0, 8, 0, 0, 0, 4, ...ALL)).toThrow(
    WebAssembly.RuntimeError,
  );
});
