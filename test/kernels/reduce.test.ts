import { describe, expect, test } from "vitest";
import { REDUCE } from "../../src/ops/reduce-codes.ts";
import { argMax, argMin, reduce as oracle } from "../reference/reduce.ts";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits, worstError } from "../support/tolerance.ts";

type Op = keyof typeof REDUCE;
const OPS = Object.keys(REDUCE) as Op[];

/** [outer, length, inner]: inner around the steps of 8 and 4 columns, length around 4 partial sums and blocks of 256. */
const SHAPES: [number, number, number][] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17].flatMap((inner) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((length): [number, number, number] => [2, length, inner]),
  ),
  ...[15, 16, 17, 63, 64, 65, 68, 255, 256, 257, 515].flatMap((length): [number, number, number][] => [
    [1, length, 1],
    [1, length, 3],
    [1, length, 8],
    [1, length, 13],
  ]),
];

const fround = Math.fround;
/** What enters a partial sum, how two meet, what an empty one holds. */
const ORDERED: Record<string, [(v: number) => number, (a: number, b: number) => number, number]> = {
  sum: [(v) => v, (a, b) => fround(a + b), 0],
  prod: [(v) => v, (a, b) => fround(a * b), 1],
  sumSquare: [(v) => fround(v * v), (a, b) => fround(a + b), 0],
  l1: [Math.abs, (a, b) => fround(a + b), 0],
};

/** The documented order of addition of one line. */
function inOrder(op: string, line: Float32Array): number {
  const [enter, meet, none] = ORDERED[op];
  let total = none;
  for (let start = 0; start < line.length; start += 256) {
    const p = [none, none, none, none];
    line.subarray(start, start + 256).forEach((v, l) => {
      p[l % 4] = meet(p[l % 4], enter(v));
    });
    total = meet(total, meet(meet(p[0], p[2]), meet(p[1], p[3])));
  }
  return total;
}

describe.each(BUILDS)("reduce, %s build", (build) => {
  const { kernels, memory, heapBase } = instance(build);

  function run(op: Op, x: Float32Array, outer: number, length: number, inner: number): Float32Array {
    const arena = new GuardedArena(memory, heapBase);
    const at = arena.put(x);
    const y = arena.reserve(outer * inner);
    kernels.reduce(REDUCE[op], at, y, outer, length, inner);
    arena.check([y, { data: new Float64Array(outer * inner).fill(Number.NaN) }]);
    return arena.floats(y);
  }

  test.each(OPS)("%s against the oracle", (op) => {
    const random = new Random(11);
    for (const shape of SHAPES) {
      const x = random.tensor(shape, op === "prod" ? Math.E : 3);
      const [outer, length, inner] = shape;
      expectClose(run(op, x.data, outer, length, inner), oracle(x, op, { axes: [1] }));
    }
  });

  test.each(Object.keys(ORDERED) as Op[])("%s adds in the documented order, along rows and across them", (op) => {
    const random = new Random(12);
    for (const [, length, inner] of SHAPES) {
      const x = random.values(length * inner, op === "prod" ? Math.E : 3);
      const columns = Array.from({ length: inner }, (_, i) => x.filter((_, at) => at % inner === i));
      const want = Float32Array.from(columns, (line) => inOrder(op, line));
      expectSameBits(run(op, x, 1, length, inner), want);
      const turned = Float32Array.from({ length: x.length }, (_, i) => columns[Math.floor(i / length)][i % length]);
      expectSameBits(run(op, turned, inner, length, 1), want);
    }
  });

  test("means and roots are made from sums by one rounding", () => {
    const x = new Random(13).values(3 * 300);
    const [sum, squares] = [run("sum", x, 1, 300, 3), run("sumSquare", x, 1, 300, 3)];
    expectSameBits(
      run("mean", x, 1, 300, 3),
      sum.map((v) => fround(v / 300)),
    );
    expectSameBits(
      run("l2", x, 1, 300, 3),
      squares.map((v) => fround(Math.sqrt(v))),
    );
  });

  test("a long sum passes through few roundings", () => {
    const length = 224 * 224;
    const x = { shape: [length], data: new Random(14).values(length).map((v) => v + 1.5) };
    const want = oracle(x, "sum");
    // 64 + 2 in a block, 196 blocks; measured 2.5, where four plain sums give 22.
    expect(worstError(run("sum", x.data, 1, length, 1), want)).toBeLessThan(5);
    expect(worstError(run("mean", x.data, 1, length, 1), oracle(x, "mean"))).toBeLessThan(5);
  });

  test("NaN and infinities reach the result wherever they stand", () => {
    const random = new Random(15);
    for (const special of [NaN, Infinity, -Infinity]) {
      for (const inner of [1, 3, 8, 9]) {
        for (const length of [1, 5, 21, 70, 258]) {
          for (const at of new Set([0, 1, length - 1, Math.floor(length / 2)])) {
            if (at >= length) continue;
            const x = random.tensor([1, length, inner]);
            x.data[at * inner + (inner >> 1)] = special;
            for (const op of OPS) {
              // A product of many would become 0 before it meets the infinity.
              const data = op === "prod" ? x.data.map((v) => (Number.isFinite(v) ? Math.sign(v) : v)) : x.data;
              expectClose(run(op, data, 1, length, inner), oracle({ ...x, data }, op, { axes: [1] }));
            }
          }
        }
      }
    }
  });

  test("infinities of both signs cancel to NaN", () => {
    for (const inner of [1, 8]) {
      const x = new Float32Array(6 * inner).fill(1);
      x.fill(Infinity, inner, 2 * inner);
      x.fill(-Infinity, 4 * inner, 5 * inner);
      expectExact(run("sum", x, 1, 6, inner), { data: Array(inner).fill(NaN) });
      expectExact(run("max", x, 1, 6, inner), { data: Array(inner).fill(Infinity) });
      expectExact(run("min", x, 1, 6, inner), { data: Array(inner).fill(-Infinity) });
    }
  });

  test("an empty dimension gives the identity", () => {
    const want = { sum: 0, mean: NaN, max: -Infinity, min: Infinity, prod: 1, sumSquare: 0, l1: 0, l2: 0 };
    for (const op of OPS) {
      for (const inner of [1, 5]) {
        expectExact(run(op, new Float32Array(0), 2, 0, inner), { data: Array(2 * inner).fill(want[op]) });
      }
    }
  });

  test.each([
    ["argMax", 1],
    ["argMin", 0],
  ] as const)("%s finds the first or the last, and NaN before all", (name, largest) => {
    const random = new Random(16);
    const lengths = [1, 2, 3, 4, 5, 8, 17, 100, 300];
    for (const length of lengths) {
      for (const inner of [1, 2, 3, 4, 5, 8, 13]) {
        // Few different values, so that there are ties; NaN in every second run.
        const choices = [-1, -0, 0, 1, 2.5, Infinity, -Infinity];
        for (const nan of [false, true]) {
          const data = Float32Array.from({ length: 2 * length * inner }, () =>
            nan && random.uniform() < 0.1 ? NaN : random.pick(choices),
          );
          const x = { shape: [2, length, inner], data };
          for (const last of [false, true]) {
            const arena = new GuardedArena(memory, heapBase);
            const at = arena.put(data);
            const y = arena.reserve(2 * inner, Int32Array);
            kernels.argReduce(largest, Number(last), at, y, 2, length, inner);
            arena.check();
            const find = name === "argMax" ? argMax : argMin;
            expectExact(arena.read(y), find(x, { axis: 1, selectLastIndex: last }));
          }
        }
      }
    }
  });
});

test("debug build refuses an unknown code, and the place of the best of nothing", () => {
  const { kernels, heapBase } = instance("debug");
  expect(() => kernels.reduce(99, heapBase, heapBase + 64, 1, 1, 1)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernels.argReduce(1, 0, heapBase, heapBase + 64, 1, 0, 1)).toThrow(WebAssembly.RuntimeError);
});
