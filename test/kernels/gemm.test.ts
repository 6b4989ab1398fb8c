import { describe, expect, test } from "vitest";
import { CONTEXT_BYTES, panelsOf } from "../../src/ops/panels.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits, type Wanted } from "../support/tolerance.ts";

/** y[m][n] = b[n] + sum over t, k of a[t][m][k] * w[t][k][n] + r[m][n], clamped. */
interface Product {
  taps: number;
  K: number;
  count: number;
  columns: number;
  /** [taps][count][K] */
  a: Float32Array;
  /** [taps][K][columns] */
  w: Float32Array;
  b?: Float32Array | undefined;
  /** [count][columns] */
  r?: Float32Array | undefined;
  lo?: number;
  hi?: number;
}

function product(random: Random, taps: number, K: number, count: number, columns: number): Product {
  return {
    ...{ taps, K, count, columns, a: random.values(taps * count * K), w: random.values(taps * K * columns) },
    b: random.values(columns),
  };
}

/** In float64, in the order of the definition; `pixel` columns a row of y, NaN behind the live ones. */
function reference({ taps, K, count, columns, a, w, b, r, lo, hi }: Product, pixel: number): Wanted {
  const data = new Float64Array(count * pixel).fill(Number.NaN);
  const magnitude = data.slice();
  for (let m = 0; m < count; m++) {
    for (let n = 0; n < columns; n++) {
      let sum = b ? b[n] : 0;
      let total = Math.abs(sum);
      for (let t = 0; t < taps; t++) {
        for (let k = 0; k < K; k++) {
          const term = a[(t * count + m) * K + k] * w[(t * K + k) * columns + n];
          sum += term;
          total += Math.abs(term);
        }
      }
      if (r) {
        sum += r[m * columns + n];
        total += Math.abs(r[m * columns + n]);
      }
      data[m * pixel + n] = Math.min(Math.max(sum, lo ?? -Infinity), hi ?? Infinity);
      magnitude[m * pixel + n] = total;
    }
  }
  return { data, magnitude, terms: taps * K + (r ? 1 : 0), shape: [count, pixel] };
}

/** Runs the product as one panel of N columns; rows of a lie in descending order, so that only the table tells where they are. */
function runPanel(build: Build, N: 4 | 8 | 12, p: Product, gap = 0, unrolled = 1): { y: Float32Array; want: Wanted } {
  const { taps, K, count, columns } = p;
  const { kernels, memory, heapBase } = instance(build);
  kernels.unrolled.value = unrolled;
  const arena = new GuardedArena(memory, heapBase);
  const rows: number[] = [];
  for (let i = taps * count - 1; i >= 0; i--) rows[i] = arena.put(p.a.subarray(i * K, (i + 1) * K), `row ${i}`);
  const M = N === 12 ? 3 : N === 8 ? 5 : 8;
  const perTap = Math.ceil(count / M) * M;
  const table = Int32Array.from({ length: taps * perTap }, (_, i) => {
    return rows[Math.floor(i / perTap) * count + Math.min(i % perTap, count - 1)];
  });
  const at = arena.put(table, "table");
  const filter = arena.put(p.w, "filter");
  const bias = p.b ? arena.put(p.b, "bias") : 0;
  const packed = arena.scratch((taps * K + 1) * N * 4, "packed");
  kernels.packPanel(filter, 4, K * columns * 4, 0, columns * 4, bias, N, columns, taps, 1, K, packed);
  const r = p.r ? arena.put(p.r, "residual") : 0;
  const pixel = columns + gap;
  const y = arena.reserve(count * pixel, Float32Array, "y");
  const context = arena.scratch(CONTEXT_BYTES, "context");
  const { lo = Number.NEGATIVE_INFINITY, hi = Number.POSITIVE_INFINITY } = p;
  kernels.tileContext(context, perTap * 4, taps, K * 4, pixel * 4, columns * 4, lo, hi);
  kernels.panel(N, columns, at, packed, count, y, r, context);
  const want = reference(p, pixel);
  arena.check([y, want]);
  return { y: arena.floats(y), want };
}

describe.each(BUILDS)("gemm, %s build", (build) => {
  describe.each([4, 8, 12] as const)("panels of %i columns", (N) => {
    test.each(Array.from({ length: N }, (_, i) => i + 1))("%i live columns, rows around the tile", (columns) => {
      const random = new Random(columns);
      for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16]) {
        const { y, want } = runPanel(build, N, product(random, 2, 3, count, columns), columns % 3);
        expectClose(y, want);
      }
    });

    test.each([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64])("%i products a tap", (K) => {
      const random = new Random(K);
      for (const taps of [1, 2, 3, 9]) {
        const p = product(random, taps, K, 7, N);
        const { y, want } = runPanel(build, N, p);
        expectClose(y, want);
        expectSameBits(runPanel(build, N, p, 0, 0).y, y);
      }
    });

    test("residual and clamp, in full and in ragged tiles", () => {
      const random = new Random(77);
      for (const columns of [N, N - 1, Math.max(N - 4, 2), 1]) {
        for (const count of [1, 4, 5, 8]) {
          const p = { ...product(random, 2, 5, count, columns), r: random.values(count * columns, 2) };
          for (const limits of [{}, { lo: -0.5, hi: 0.5 }, { lo: 0 }, { hi: 1 }]) {
            const { y, want } = runPanel(build, N, { ...p, ...limits }, 1);
            expectClose(y, want);
          }
        }
      }
    });

    test("no bias is a bias of zeros", () => {
      const p = product(new Random(6), 1, 4, 5, N);
      const { y } = runPanel(build, N, { ...p, b: undefined });
      expectSameBits(y, runPanel(build, N, { ...p, b: new Float32Array(N) }).y);
    });

    test("the bits of a ragged panel are those of a full one", () => {
      const random = new Random(21);
      const full = { ...product(random, 3, 7, 8, N), r: random.values(8 * N), lo: -1, hi: 1 };
      const all = runPanel(build, N, full).y;
      const keep = (values: Float32Array, columns: number): Float32Array => values.filter((_, i) => i % N < columns);
      for (let columns = 1; columns < N; columns++) {
        const { w, b, r } = full;
        const part = { ...full, columns, w: keep(w, columns), b: b?.subarray(0, columns), r: keep(r, columns) };
        expectSameBits(runPanel(build, N, part).y, keep(all, columns));
      }
    });

    test("NaN passes the clamp in full and in ragged tiles, infinities meet it", () => {
      for (const columns of [N, N - 1]) {
        const a = Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 7);
        const p = { taps: 1, K: 1, count: 5, columns, a, w: new Float32Array(columns).fill(1), lo: 0, hi: 6 };
        const { y } = runPanel(build, N, p);
        for (let n = 0; n < columns; n++) {
          expect([0, 1, 2, 3, 4].map((m) => y[m * columns + n])).toEqual([1, Number.NaN, 6, 0, 6]);
        }
      }
    });
  });

  test("all tiles give the same bits, by either loop", () => {
    const random = new Random(31);
    for (const count of [1, 4, 5, 7, 8, 13, 15]) {
      const p = { ...product(random, 9, 19, count, 4), r: random.values(count * 4), lo: -2, hi: 2 };
      const { y } = runPanel(build, 4, p);
      for (const N of [4, 8, 12] as const) {
        for (const unrolled of [0, 1]) expectSameBits(runPanel(build, N, p, 0, unrolled).y, y);
      }
    }
  });

  test.each([8, 12] as const)(
    "widths of panels, most of %i, sum to the channels rounded up to a multiple of 4",
    (most) => {
      const { kernels } = instance(build);
      for (let OC = 1; OC <= 130; OC++) {
        const widths: number[] = [];
        let sum = 0;
        for (; sum < OC; sum += widths.at(-1)!) widths.push(kernels.panelWidth(OC - sum, most));
        expect(widths.every((width) => [4, 8, 12].includes(width))).toBe(true);
        expect(sum).toBe(Math.ceil(OC / 4) * 4);
        expect(widths.filter((width) => width !== most).length).toBeLessThan(3);
        expect(widths).toEqual(Array.from(panelsOf(OC, most), ({ width }) => width));
      }
    },
  );
});
