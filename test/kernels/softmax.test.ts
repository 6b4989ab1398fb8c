import { describe, expect, it } from "vitest";
import { logSoftmax, softmax } from "../reference/activation.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";

type Kernel = "softmax" | "logSoftmax";
type Shape = [outer: number, length: number, inner: number];

const KERNELS: Kernel[] = ["softmax", "logSoftmax"];
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17];
const SHAPES: Shape[] = [
  ...SIZES.map((length): Shape => [2, length, 1]),
  ...SIZES.map((length): Shape => [2, length, 5]),
  ...[...SIZES, 16, 18, 35].map((inner): Shape => [3, 5, inner]),
  [1, 1000, 1],
  [1, 300, 6],
];

function run(
  build: Build,
  kernel: Kernel,
  x: Float32Array,
  [outer, length, inner]: Shape,
  inPlace = false,
): Float32Array {
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const from = inPlace ? arena.putMutable(x, "x") : arena.put(x, "x");
  const to = inPlace ? from : arena.reserve(x.length, Float32Array, "y");
  const scratch = arena.scratch(64 * length, "scratch");
  kernels.softmax(Number(kernel === "logSoftmax"), from, to, outer, length, inner, scratch);
  arena.check([to, want(kernel, x, [outer, length, inner])]);
  return arena.floats(to);
}

function want(kernel: Kernel, data: Float32Array, shape: Shape) {
  return kernel === "softmax" ? softmax({ data, shape }, 1) : logSoftmax({ data, shape }, 1);
}

describe.each(BUILDS)("softmax, %s build", (build) => {
  it.each(KERNELS)("%s: within the bound of its sum", (kernel) => {
    for (const shape of SHAPES) {
      for (const scale of [1, 30]) {
        const { data } = new Random(shape[1] * 100 + shape[2]).tensor(shape, scale);
        const y = run(build, kernel, data, shape);
        // 8 for the exponentials, the logarithm and the quotient; a sum of four parts has a quarter of the additions.
        expectClose(y, want(kernel, data, shape), 8 + Math.ceil(shape[1] / 4));
        expectSameBits(run(build, kernel, data, shape, true), y);
      }
    }
  });

  it.each(KERNELS)("%s: the same bits along the last axis and across, in blocks and in tails", (kernel) => {
    const length = 11;
    for (const inner of [2, 3, 4, 5, 7, 9, 16, 19]) {
      const { data } = new Random(inner).tensor([inner, length], 9);
      const rows = run(build, kernel, data, [inner, length, 1]);
      const columns = run(build, kernel, transpose(data, inner, length), [1, length, inner]);
      expectSameBits(transpose(columns, length, inner), rows);
    }
  });

  it("keeps its precision far from 0, and sums to 1", () => {
    const { data } = new Random(5).tensor([21], 10);
    const shifted = data.map((value) => value + 1e6);
    const y = run(build, "softmax", shifted, [1, 21, 1]);
    expectClose(y, want("softmax", shifted, [1, 21, 1]), 14);
    expect(Math.abs(y.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-6);
    expectSameBits(run(build, "softmax", new Float32Array(4).fill(3e38), [1, 4, 1]), new Float32Array(4).fill(0.25));
    expectSameBits(run(build, "logSoftmax", new Float32Array([-3e38]), [1, 1, 1]), new Float32Array([0]));
  });

  it.each(KERNELS)("%s: NaN and infinities stay in their row", (kernel) => {
    const special: [number, number[]][] = [
      [Number.NaN, [0, 3, 5, 6]],
      [Number.POSITIVE_INFINITY, [0, 2, 4]],
    ];
    for (const inner of [1, 3, 4]) {
      const shape: Shape = [3, 7, inner];
      for (const [value, places] of special) {
        for (const place of places) {
          const { data } = new Random(place).tensor(shape);
          const clean = run(build, kernel, data, shape);
          data[(7 + place) * inner] = value;
          const y = run(build, kernel, data, shape);
          for (let i = 0; i < data.length; i++) {
            const hit = i >= 7 * inner && i < 14 * inner && i % inner === 0;
            if (hit) expect(y[i], `${kernel} at ${i}`).toBeNaN();
            else expect(y[i], `${kernel} at ${i}`).toBe(clean[i]);
          }
        }
      }
    }
  });

  it.each(KERNELS)("%s: -infinity is nothing beside a number, and NaN alone", (kernel) => {
    const nothing = Number.NEGATIVE_INFINITY;
    const some = [nothing, 2, nothing, nothing, 2, nothing];
    const half = kernel === "softmax" ? 0.5 : Math.fround(-Math.LN2);
    const none = kernel === "softmax" ? 0 : nothing;
    const expected = some.map((value) => (value === 2 ? half : none));
    expect(Array.from(run(build, kernel, new Float32Array(some), [1, 6, 1]))).toEqual(expected);
    expect(Array.from(run(build, kernel, new Float32Array(some.flatMap((v) => [v, v])), [1, 6, 2]))).toEqual(
      expected.flatMap((v) => [v, v]),
    );
    for (const shape of [
      [1, 6, 1],
      [1, 3, 2],
    ] as Shape[]) {
      const y = run(build, kernel, new Float32Array(6).fill(nothing), shape);
      expect(Array.from(y)).toEqual(new Array(6).fill(Number.NaN));
    }
  });
});

/** [rows, columns] as [columns, rows]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}
