import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Plain, type ResizeOptions, resize } from "../reference.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits, type Wanted } from "../support/tolerance.ts";
import { channelsLast, wantedChannelsLast } from "./images.ts";

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 19, 20, 32, 35];

function nearest(
  build: Build,
  x: Plain,
  rows: readonly number[],
  columns: readonly number[],
  gaps: readonly [number, number] = [0, 0],
  outside = 0,
): void {
  const [N, C, IH, IW] = x.shape;
  const [OH, OW] = [rows.length, columns.length];
  const data = new Float64Array(N * C * OH * OW);
  for (let plane = 0; plane < N * C; plane++) {
    rows.forEach((ih, oh) => {
      columns.forEach((iw, ow) => {
        const inside = ih >= 0 && ih < IH && iw >= 0 && iw < IW;
        data[(plane * OH + oh) * OW + ow] = inside ? x.data[(plane * IH + ih) * IW + iw] : outside;
      });
    });
  }
  const [xPixel, yPixel] = [C + gaps[0], C + gaps[1]];
  const want = { data: channelsLast({ shape: [N, C, OH, OW], data }, yPixel) };
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const at = arena.put(Float32Array.from(channelsLast(x, xPixel)), "x");
  const [r, c] = [arena.put(Int32Array.from(rows), "rows"), arena.put(Int32Array.from(columns), "columns")];
  const y = arena.reserve(N * OH * OW * yPixel, Float32Array, "y");
  kernels.resizeNearest2d(at, N, IH, IW, C, xPixel * 4, y, OH, OW, yPixel * 4, r, c, outside);
  arena.check([y, want]);
  expectExact(arena.floats(y), want);
}

interface Axis {
  outer: number;
  I: number;
  inner: number;
  starts: readonly number[];
  /** [O][taps] */
  weights: Float32Array;
  x: Float32Array;
  /** How many of the starts and weights are asked for; all, if it is not given. */
  O?: number;
  /** Spare floats behind each element, and behind each outer place: of x, then of y. */
  gaps?: readonly [number, number, number, number];
  outside?: number;
}

function axis(build: Build, a: Axis): { y: Float32Array; want: Wanted } {
  const { outer, I, inner, starts, weights, x, gaps = [0, 0, 0, 0], outside = 0 } = a;
  const { O = starts.length } = a;
  const taps = weights.length / starts.length;
  const [xStep, yStep] = [inner + gaps[0], inner + gaps[2]];
  const [xOuter, yOuter] = [I * xStep + gaps[1], O * yStep + gaps[3]];
  const wide = new Float32Array(outer * xOuter).fill(Number.NaN);
  const data = new Float64Array(outer * yOuter).fill(Number.NaN);
  const magnitude = data.slice();
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < I * inner; k++) {
      wide[o * xOuter + Math.floor(k / inner) * xStep + (k % inner)] = x[o * I * inner + k];
    }
    for (let k = 0; k < O * inner; k++) {
      const [i, j] = [Math.floor(k / inner), k % inner];
      let sum = 0;
      let total = 0;
      for (let t = 0; t < taps; t++) {
        const weight = weights[i * taps + t];
        if (weight === 0) continue;
        const term = weight * x[(o * I + starts[i] + t) * inner + j];
        sum += term;
        total += Math.abs(term);
      }
      data[o * yOuter + i * yStep + j] = starts[i] < 0 ? outside : sum;
      magnitude[o * yOuter + i * yStep + j] = starts[i] < 0 ? Math.abs(outside) : total;
    }
  }
  const want = { data, magnitude, terms: taps };
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const at = arena.put(wide, "x");
  const [s, w] = [arena.put(Int32Array.from(starts), "starts"), arena.put(weights, "weights")];
  const y = arena.reserve(outer * yOuter, Float32Array, "y");
  kernels.resizeAxis(
    ...([at, y, outer, I, O, inner, xOuter * 4, xStep * 4, yOuter * 4, yStep * 4, s, w, taps, outside] as const),
  );
  arena.check([y, want]);
  return { y: arena.floats(y), want };
}

/** Rows of half-pixel tables for a tent (2) or Keys' kernel with a = -0.75 (4): the taps that hang over go to the edge. */
function tables(I: number, O: number, taps: 2 | 4): { starts: number[]; weights: Float32Array; taps: number } {
  const width = Math.min(taps, I);
  const weights = new Float32Array(O * width);
  const cubic = (t: number): number => {
    const d = Math.abs(t);
    return d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : d < 2 ? -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
  };
  const starts = Array.from({ length: O }, (_, o) => {
    const place = ((o + 0.5) * I) / O - 0.5;
    const first = Math.floor(place) + 1 - taps / 2;
    const start = Math.min(Math.max(first, 0), I - width);
    for (let t = 0; t < taps; t++) {
      const d = first + t - place;
      const at = Math.min(Math.max(first + t, 0), I - 1) - start;
      weights[o * width + at] += taps === 2 ? Math.max(0, 1 - Math.abs(d)) : cubic(d);
    }
    return start;
  });
  return { starts, weights, taps: width };
}

describe.each(BUILDS)("resize2d, %s build", (build) => {
  test.each(CHANNELS)("nearest of %i channels", (C) => {
    const x = new Random(C).tensor([2, C, 3, 4]);
    nearest(build, x, [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2, 3, 3]);
    nearest(build, x, [2, 0], [3, 1, 1, 0, 2], [3, 2]);
    nearest(build, x, [0, -1, 2, 3], [4, 0, -7, 3], [0, 1], -2.5);
  });

  test.each(CHANNELS)("an axis of elements of %i floats", (inner) => {
    for (const taps of [1, 2, 3, 4, 7]) {
      const random = new Random(inner * 10 + taps);
      const [outer, I, O] = [2, 8, 5];
      const starts = Array.from({ length: O }, () => random.integer(0, I - taps));
      const a = { outer, I, inner, starts, weights: random.values(O * taps), x: random.values(outer * I * inner) };
      for (const gaps of [
        [0, 0, 0, 0],
        [3, 0, 1, 5],
        [0, 2, 4, 0],
      ] as const) {
        const { y, want } = axis(build, { ...a, gaps });
        expectClose(y, want);
      }
    }
  });

  test("a weight of 1 alone copies, weights of 0 at the ends take no part, rows of 0 give 0", () => {
    for (const inner of [1, 3, 4, 6, 16, 21]) {
      const x = new Float32Array(4 * inner).map((_, i) => {
        return i < inner ? Number.NaN : i < 3 * inner ? i : Number.POSITIVE_INFINITY;
      });
      const weights = Float32Array.of(0, 1, 0, 0.5, 0.25, 0, 0, 0, 0);
      const { y, want } = axis(build, { outer: 1, I: 4, inner, starts: [0, 1, 3], weights, x });
      expectExact(y, want);
      for (let j = 0; j < inner; j++) {
        expect(y[j]).toBe(inner + j);
        expect(y[inner + j]).toBe(0.5 * (inner + j) + 0.25 * (2 * inner + j));
        expect(y[2 * inner + j]).toBe(0);
      }
    }
  });

  test("weights of 0 take no part in outputs that share their elements", () => {
    for (const inner of [4, 16, 22]) {
      for (const [at, weights] of [
        [1, [0.5, 0.5, 0.5, 0]],
        [0, [0.5, 0.5, 0, 0.5]],
      ] as const) {
        const x = new Float32Array(2 * inner).fill(3);
        x.fill(Number.POSITIVE_INFINITY, at * inner, (at + 1) * inner);
        const { y, want } = axis(build, {
          outer: 1,
          I: 2,
          inner,
          starts: [0, 0],
          weights: Float32Array.from(weights),
          x,
        });
        expectExact(y, want);
        expect([y[0], y[inner]]).toEqual([Number.POSITIVE_INFINITY, 1.5]);
      }
    }
  });

  test.each([2, 3, 4])("%i products of -0 add up to -0", (taps) => {
    for (const inner of [3, 4, 16, 21]) {
      const x = new Float32Array(taps * inner).fill(-0);
      const weights = new Float32Array(taps).fill(0.25);
      const { y } = axis(build, { outer: 1, I: taps, inner, starts: [0], weights, x });
      for (const v of y) expect(v).toBe(-0);
    }
  });

  test("starts below 0 give what lies outside", () => {
    for (const inner of [1, 2, 5, 17]) {
      const random = new Random(inner);
      const a = { outer: 3, I: 4, inner, starts: [-1, 0, -1], weights: random.values(6), x: random.values(12 * inner) };
      const { y, want } = axis(build, { ...a, outside: 1.5 });
      expectClose(y, want);
      expect(y[0]).toBe(1.5);
      expect(y[1 * inner]).not.toBe(1.5);
    }
  });

  test("NaN and infinities go through", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    for (const inner of [1, 4, 7, 16, 18]) {
      const x = new Float32Array(3 * inner).fill(1);
      x[0] = nan;
      x[inner - 1] = inf;
      const { y, want } = axis(build, {
        outer: 1,
        I: 3,
        inner,
        starts: [0, 1],
        weights: Float32Array.of(0.5, 0.5, 1, 2),
        x,
      });
      expectExact(y, want);
      expect(y[inner - 1]).toBe(inf);
      if (inner > 1) expect(y[0]).toBeNaN();
      expect(y[inner]).toBe(3);
    }
  });

  test("body and tail give the same bits", () => {
    const random = new Random(14);
    const [I, starts, weights] = [9, [0, 3, 5], random.values(12)];
    const x = random.values(9 * 40);
    const all = axis(build, { outer: 1, I, inner: 40, starts, weights, x }).y;
    for (const inner of [1, 2, 3, 4, 6, 11, 16, 17, 31]) {
      const part = axis(build, { outer: 1, I, inner, starts, weights, x: x.filter((_, i) => i % 40 < inner) }).y;
      expectSameBits(
        part,
        all.filter((_, i) => i % 40 < inner),
      );
    }
  });

  test("outputs that share their two elements have the bits that each has alone", () => {
    const starts = [0, 0, 1, 1, 1, 4, 4, 4, 4, -1, 2, 2];
    for (const inner of [4, 6, 15, 16, 17, 24, 35]) {
      const random = new Random(inner);
      const a = { outer: 2, I: 6, inner, x: random.values(12 * inner) };
      const weights = random.values(starts.length * 2);
      for (const zero of [5, 13, 14]) weights[zero] = 0;
      const { y, want } = axis(build, { ...a, starts, weights });
      expectClose(y, want);
      const fewer = axis(build, { ...a, starts, weights, O: 1 }).y;
      expectSameBits(fewer.subarray(0, inner), y.subarray(0, inner));
      starts.forEach((start, i) => {
        const alone = axis(build, { ...a, starts: [start], weights: weights.slice(2 * i, 2 * i + 2) }).y;
        const place = (k: number) => Math.floor(k / inner) % starts.length;
        expectSameBits(
          alone,
          y.filter((_, k) => place(k) === i),
        );
      });
    }
  });

  test.each([
    ["linear", 2],
    ["cubic", 4],
  ] as const)("two axes make a %s resize of channels-last images", (mode, taps) => {
    for (const [IH, IW, OH, OW] of [
      [4, 5, 8, 10],
      [7, 6, 3, 11],
      [1, 3, 4, 2],
      [5, 5, 5, 5],
    ]) {
      for (const C of [1, 3, 8]) {
        const x = new Random(IH * C).tensor([2, C, IH, IW]);
        const columns = tables(IW, OW, taps);
        const across = axis(build, {
          outer: 2 * IH,
          I: IW,
          inner: C,
          ...columns,
          x: Float32Array.from(channelsLast(x)),
        }).y;
        const rows = tables(IH, OH, taps);
        const { y } = axis(build, { outer: 2, I: IH, inner: OW * C, ...rows, x: across });
        const options: ResizeOptions = { sizes: [OH, OW], mode };
        const last = wantedChannelsLast(resize(x, options));
        // Two sums, and weights rounded twice; the kernel of a cubic has taps of both signs.
        expectClose(y, last, 4 * taps + 4);
      }
    }
  });

  test("any axis", () => {
    const few = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        few,
        few,
        few,
        fc.integer({ min: 1, max: 40 }),
        few,
        fc.nat(1000),
        (outer, O, taps, inner, spare, seed) => {
          const random = new Random(seed);
          const I = taps + spare;
          const starts = Array.from({ length: O }, () => random.integer(-1, I - taps));
          const weights = random.values(O * taps).map((v) => (random.integer(0, 2) === 0 ? 0 : v));
          const x = random.values(outer * I * inner);
          const { y, want } = axis(build, {
            outer,
            I,
            inner,
            starts,
            weights,
            x,
            gaps: [spare, 0, 1, spare],
            outside: 7,
          });
          expectClose(y, want);
        },
      ),
      { seed: 3, numRuns: 100 },
    );
  });
});
