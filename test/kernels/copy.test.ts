import { describe, expect, test } from "vitest";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";

/** Copies element by element over the last dimensions; offsets and strides in elements. */
function naiveCopy(x: Uint32Array, y: Uint32Array, dims: number[], from: number[], to: number[], at = 0, yt = 0): void {
  if (!dims.length) {
    y[yt] = x[at];
    return;
  }
  for (let i = 0; i < dims[0]; i++) {
    naiveCopy(x, y, dims.slice(1), from.slice(1), to.slice(1), at + i * from[0], yt + i * to[0]);
  }
}

/** Distinct bits, many of them NaN patterns: a copy must not care. */
function distinct(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => (0x7f000000 + i * 0x40001) >>> 0);
}

function dense(dims: number[]): number[] {
  return dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));
}

type Six = [number, number, number, number, number, number];
const six = (values: number[], filler: number) => [...Array(6 - values.length).fill(filler), ...values] as Six;

describe.each(BUILDS)("copy, %s build", (build) => {
  const { kernels, memory, heapBase } = instance(build);

  /** Runs copyStrided and the naive copy; y holds `size` elements and starts as a byte pattern. */
  function check(dims: number[], from: number[], to: number[], { xAt = 0, xSize = 0, ySize = 0, yAt = 0 }): void {
    const arena = new GuardedArena(memory, heapBase);
    const values = distinct(xSize);
    const x = arena.put(values);
    const y = arena.reserve(ySize, Uint32Array);
    const want = arena.read(y) as Uint32Array;
    const bytes = (strides: number[]) => six(strides, 0).map((stride) => stride * 4) as Six;
    kernels.copyStrided(x + xAt * 4, y + yAt * 4, ...six(dims, 1), ...bytes(from), ...bytes(to));
    arena.check();
    naiveCopy(values, want, dims, from, to, xAt, yAt);
    expect(arena.read(y), `[${dims}] from [${from}] to [${to}]`).toEqual(want);
  }

  test("copies dense rows of any length", () => {
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 255, 256, 257, 1001]) {
      check([2, length], [length, 1], [length, 1], { xSize: 2 * length, ySize: 2 * length });
    }
  });

  test("permutes up to six dimensions in every order of three, and some of six", () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const shape of [
      [2, 3, 4],
      [5, 4, 3],
      [3, 17, 5],
      [1, 33, 18],
      [4, 1, 7],
    ]) {
      const strides = dense(shape);
      const size = strides[0] * shape[0];
      for (const order of orders) {
        const dims = order.map((axis) => shape[axis]);
        check(
          dims,
          order.map((axis) => strides[axis]),
          dense(dims),
          { xSize: size, ySize: size },
        );
      }
    }
    const random = new Random(61);
    for (let i = 0; i < 20; i++) {
      const shape = [2, 3, 1, 4, 2, 5];
      const order = [...random.permutation(6)];
      const dims = order.map((axis) => shape[axis]);
      check(
        dims,
        order.map((axis) => dense(shape)[axis]),
        dense(dims),
        { xSize: 240, ySize: 240 },
      );
    }
  });

  test("slices with steps, flips with negative strides", () => {
    check([3, 4], [20, 2], [4, 1], { xSize: 60, ySize: 12, xAt: 1 });
    check([3, 9], [9, -1], [9, 1], { xSize: 27, ySize: 27, xAt: 8 });
    check([3, 9], [-9, 1], [9, 1], { xSize: 27, ySize: 27, xAt: 18 });
    check([5, 6], [1, -5], [6, 1], { xSize: 30, ySize: 30, xAt: 25 });
    check([5, 6], [6, 1], [-6, 1], { xSize: 30, ySize: 30, yAt: 24 });
  });

  test("broadcasts along any dimension", () => {
    for (const d of [1, 3, 4, 6, 21]) {
      check([2, 3, d], [3, 1, 0], [3 * d, d, 1], { xSize: 6, ySize: 6 * d });
      check([2, 3, d], [d, 0, 1], [3 * d, d, 1], { xSize: 2 * d, ySize: 6 * d });
      check([2, d, 3], [0, 0, 0], [3 * d, 3, 1], { xSize: 1, ySize: 6 * d });
    }
  });

  test("copies nothing where a dimension is 0, and does not read", () => {
    check([3, 0], [0, 0], [0, 1], { xSize: 0, ySize: 0 });
    check([0, 3], [1, 0], [3, 1], { xSize: 0, ySize: 0 });
  });

  test("pastes images into a padded channels-last one, leaving the padding alone", () => {
    for (const C of [1, 2, 3, 4, 5]) {
      const [H, W, PW] = [3, 6, 9];
      const size = C * H * W;
      check([H, W, C], [W, 1, H * W], [PW * C, C, 1], { xSize: size, ySize: 5 * PW * C, yAt: PW * C + 2 * C });
      // Three channels in pixels of four.
      check([H, W, C], [W, 1, H * W], [PW * (C + 1), C + 1, 1], { xSize: size, ySize: 4 * PW * (C + 1), yAt: C + 1 });
    }
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 32, 33, 36, 67, 512, 1024])("transposes planes of %i rows", (rows) => {
    for (const columns of rows < 512 ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 19, 32, 35, 49] : [3, 4, 5, 11]) {
      for (const batch of [1, 3]) {
        const arena = new GuardedArena(memory, heapBase);
        const values = distinct(batch * rows * columns);
        const x = arena.put(values);
        const y = arena.reserve(values.length, Uint32Array);
        kernels.transpose2d(x, y, batch, rows, columns);
        arena.check();
        const want = values.slice();
        naiveCopy(values, want, [batch, columns, rows], [rows * columns, 1, columns], dense([batch, columns, rows]));
        expect(arena.read(y), `${batch} of ${rows} x ${columns}`).toEqual(want);
      }
    }
  });

  test("fills exactly the floats asked for", () => {
    for (const count of [0, 1, 2, 3, 4, 5, 8, 11, 1000]) {
      const arena = new GuardedArena(memory, heapBase);
      const y = arena.reserve(count);
      kernels.fill(y, count, -1.5);
      arena.check();
      expect(arena.read(y)).toEqual(new Float32Array(count).fill(-1.5));
    }
  });
});

test("debug build refuses negative sizes", () => {
  const { kernels, heapBase } = instance("debug");
  expect(() => kernels.transpose2d(heapBase, heapBase, 1, -1, 4)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernels.fill(heapBase, -1, 0)).toThrow(WebAssembly.RuntimeError);
});
