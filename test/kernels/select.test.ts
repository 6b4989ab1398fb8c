import { describe, expect, test } from "vitest";
import { where as oracleWhere } from "../reference/elementwise.ts";
import { gather as oracleGather } from "../reference/move.ts";
import { topK as oracleTopK } from "../reference/reduce.ts";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";

type Four = [number, number, number, number];
const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Strides in units of `by`; 0 where a dimension of 1 is repeated. */
function strides(dims: readonly number[], by: number): Four {
  return dims.map((d, i) => (d === 1 ? 0 : size(dims.slice(i + 1)) * by)) as Four;
}

describe.each(BUILDS)("select, %s build", (build) => {
  const { kernels, memory, heapBase } = instance(build);

  test("where takes from either operand, with broadcasting", () => {
    const random = new Random(21);
    for (const C of [1, 2, 3, 4, 5, 7, 8, 9, 17]) {
      for (let mask = 0; mask < 8; mask++) {
        for (const D of [1, 3]) {
          // Operands that are repeated along the last dimension, or along the others, by the bits of the mask.
          const shapes = [1, 2, 4].map((bit) => (mask & bit ? [1, 2, D, 1] : [1, 1, D, C]));
          const dims: Four = [1, mask ? 2 : 1, D, mask === 7 ? 1 : C];
          const choice = {
            shape: shapes[0],
            data: Uint8Array.from({ length: size(shapes[0]) }, () => random.pick([0, 1, 2, 255])),
          };
          const [a, b] = [random.tensor(shapes[1]), random.tensor(shapes[2])];
          const arena = new GuardedArena(memory, heapBase);
          const [pc, pa, pb] = [arena.put(choice.data), arena.put(a.data), arena.put(b.data)];
          const y = arena.reserve(size(dims));
          const steps = [...strides(shapes[0], 1), ...strides(a.shape, 4), ...strides(b.shape, 4)] as [
            ...Four,
            ...Four,
            ...Four,
          ];
          kernels.where(pc, pa, pb, y, ...dims, ...steps);
          arena.check();
          expectExact(arena.floats(y), oracleWhere(choice, a, b));
        }
      }
    }
  });

  test("where does not compute with what it moves", () => {
    const arena = new GuardedArena(memory, heapBase);
    const bits = Uint32Array.of(0x7fa00001, 0xff800001, 0x80000000, 0x12345678, 0x7fc12345);
    const [c, a, b] = [arena.put(Uint8Array.of(1, 0, 1, 0, 1)), arena.put(bits), arena.put(bits.toReversed())];
    const y = arena.reserve(5, Uint32Array);
    kernels.where(c, a, b, y, 1, 1, 1, 5, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4);
    arena.check();
    expect([...arena.read(y)]).toEqual([bits[0], bits[3], bits[2], bits[1], bits[4]]);
  });

  test("gather picks rows by index, negative ones from the end", () => {
    const random = new Random(22);
    for (const [outer, length, inner] of [
      [1, 5, 1],
      [2, 4, 3],
      [3, 7, 4],
      [2, 3, 17],
      [1, 3, 300],
    ]) {
      for (const count of [0, 1, 6]) {
        const x = random.tensor([outer, length, inner]);
        const indices = Int32Array.from({ length: count }, () => random.integer(-length, length - 1));
        const arena = new GuardedArena(memory, heapBase);
        const [px, pi] = [arena.put(x.data), arena.put(indices)];
        const y = arena.reserve(outer * count * inner);
        expect(kernels.gather(px, pi, y, outer, length, inner, count)).toBe(-1);
        arena.check();
        expectExact(arena.floats(y), oracleGather(x, { shape: [count], data: indices }, 1));
      }
    }
  });

  test("gather names the first index that is outside and reads nothing there", () => {
    for (const bad of [4, -5, 2 ** 31 - 1, -(2 ** 31)]) {
      const arena = new GuardedArena(memory, heapBase);
      const [x, indices] = [arena.put(Float32Array.of(1, 2, 3, 4)), arena.put(Int32Array.of(3, -4, bad, 99))];
      const y = arena.reserve(4, Uint32Array);
      expect(kernels.gather(x, indices, y, 1, 4, 1, 4)).toBe(2);
      arena.check();
    }
  });

  test.each([
    ["greatest", true],
    ["least", false],
  ] as const)("topK: the k %s in order, the first of equals first, NaN above all", (_, largest) => {
    const random = new Random(23);
    const choices = [NaN, Infinity, -Infinity, -0, 0, 1, -1, 2, 1e-40, -1e-40];
    for (const [length, inner] of [
      [1, 1],
      [2, 3],
      [7, 1],
      [8, 2],
      [33, 1],
      [100, 5],
      [1000, 1],
    ]) {
      for (const k of new Set([0, 1, 2, 5, length >> 1, length])) {
        if (k > length) continue;
        for (const ties of [false, true]) {
          const x = random.tensor([2, length, inner]);
          if (ties) x.data = x.data.map(() => random.pick(choices));
          const arena = new GuardedArena(memory, heapBase);
          const at = arena.put(x.data);
          const y = arena.reserve(2 * k * inner, Uint32Array);
          const places = arena.reserve(2 * k * inner, Int32Array);
          kernels.topK(at, y, places, 2, length, inner, k, Number(largest));
          arena.check();
          const want = oracleTopK(x, k, 1, largest);
          expectExact(arena.read(places), want.indices);
          expectExact(new Float32Array(arena.read(y).buffer), want.values);
        }
      }
    }
  });

  test("topK of data in order, from either end", () => {
    for (const data of [
      Float32Array.from({ length: 500 }, (_, i) => i),
      Float32Array.from({ length: 500 }, (_, i) => -i),
    ]) {
      const arena = new GuardedArena(memory, heapBase);
      const at = arena.put(data);
      const [y, places] = [arena.reserve(20), arena.reserve(20, Int32Array)];
      kernels.topK(at, y, places, 1, 500, 1, 20, 1);
      arena.check();
      expect([...arena.read(y)]).toEqual([...data].sort((a, b) => b - a).slice(0, 20));
    }
  });
});

test("debug build refuses k beyond the dimension", () => {
  const { kernels, heapBase } = instance("debug");
  expect(() => kernels.topK(heapBase, heapBase + 64, heapBase + 128, 1, 3, 1, 4, 1)).toThrow(WebAssembly.RuntimeError);
});
