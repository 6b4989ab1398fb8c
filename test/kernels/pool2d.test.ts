import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  globalAveragePool,
  lpPool2d,
  type MaxPoolReference,
  maxPool2d,
  type Plain,
  type PoolOptions,
  type Reference,
} from "../reference.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";
import { channelsLast, wantedChannelsLast } from "./images.ts";

const KINDS = ["max", "max with indices", "average", "padded average", "l1", "l2"] as const;
type Kind = (typeof KINDS)[number];

interface Settings extends Omit<PoolOptions, "window"> {
  padding?: readonly [number, number, number, number];
  strides?: readonly [number, number];
  dilations?: readonly [number, number];
  /** Floats between one pixel's last channel and the next pixel's first, in x and in y and indices. */
  gaps?: readonly [number, number];
  divisor?: number;
}

const reference = (kind: Kind, x: Plain, options: PoolOptions, divisor?: number): Reference => {
  if (kind === "max" || kind === "max with indices") return maxPool2d(x, options);
  if (kind === "l1" || kind === "l2") return lpPool2d(x, { ...options, p: kind === "l1" ? 1 : 2 });
  const override = divisor ? { divisorOverride: divisor } : {};
  return averagePool2d(x, { ...options, ...override, countIncludePad: kind === "padded average" });
};

/** Runs a kernel on x, holds it against the oracle, and returns its output. */
function agree(
  build: Build,
  kind: Kind,
  x: Plain,
  window: readonly [number, number],
  settings: Settings = {},
): Float32Array {
  const [N, C, IH, IW] = x.shape;
  const { gaps: [gapX, gapY] = [0, 0], divisor = 0, ...options } = settings;
  const want = reference(kind, x, { window, ...options }, divisor);
  const [, , OH, OW] = want.shape;
  const [KH, KW] = window;
  const [SH, SW] = settings.strides ?? [1, 1];
  const [DH, DW] = settings.dilations ?? [1, 1];
  const [PT, PL, PB, PR] = settings.padding ?? [0, 0, 0, 0];
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const xPixel = C + gapX;
  const yPixel = C + gapY;
  const at = arena.put(Float32Array.from(channelsLast(x, xPixel)), "x");
  const y = arena.reserve(N * OH * OW * yPixel, Float32Array, "y");
  const withIndices = kind === "max with indices";
  const indices = withIndices ? arena.reserve(N * OH * OW * yPixel, Int32Array, "indices") : 0;
  const image = [at, N, IH, IW, C, xPixel * 4, y, OH, OW, yPixel * 4] as const;
  const sliding = [KH, KW, SH, SW, DH, DW, PT, PL] as const;
  if (kind === "l1" || kind === "l2") kernels.lpPool2d(...image, ...sliding, kind === "l1" ? 1 : 2);
  else if (kind === "average") kernels.averagePool2d(...image, ...sliding, PB, PR, 0, divisor);
  else if (kind === "padded average") kernels.averagePool2d(...image, ...sliding, PB, PR, 1, divisor);
  else kernels.maxPool2d(...image, ...sliding, indices, yPixel * 4);
  const last = wantedChannelsLast(want, yPixel);
  arena.check([y, last]);
  const got = arena.floats(y);
  if (kind === "max" || withIndices) expectExact(got, last);
  else expectClose(got, last);
  if (withIndices) {
    const places = channelsLast({ shape: want.shape, data: (want as MaxPoolReference).planeIndices }, yPixel);
    arena.read(indices).forEach((index, i) => {
      if (!Number.isNaN(places[i]) && index !== places[i])
        throw new Error(`index ${i}: got ${index}, want ${places[i]}`);
    });
  }
  return got;
}

function random(seed: number, shape: readonly number[]): Plain {
  return new Random(seed).tensor(shape);
}

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 19, 20, 21, 31, 32, 35, 36];
const WINDOWS = [
  [1, 1],
  [2, 2],
  [3, 3],
  [2, 3],
  [5, 1],
  [1, 4],
  [7, 7],
] as const;

describe.each(BUILDS)("pool2d, %s build", (build) => {
  describe.each(KINDS)("%s", (kind) => {
    test.each(CHANNELS)("%i channels, in and out of a wider tensor", (C) => {
      agree(build, kind, random(C, [2, C, 5, 6]), [3, 2], { padding: [1, 0, 1, 1] });
      agree(build, kind, random(C, [1, C, 5, 6]), [2, 2], { strides: [2, 2], gaps: [3, 2] });
    });

    test.each(WINDOWS)("window %i x %i, strides and padding", (KH, KW) => {
      for (const strides of [
        [1, 1],
        [2, 2],
        [1, 3],
        [9, 8],
      ] as const) {
        const x = random(KH * 10 + KW, [1, 5, 13, 11]);
        agree(build, kind, x, [KH, KW], { strides });
        agree(build, kind, x, [KH, KW], { strides, padding: [1, 2, 1, 0] });
        agree(build, kind, x, [KH, KW], { strides, padding: [KH >> 1, KW >> 1, KH >> 1, KW >> 1], ceilMode: true });
        agree(build, kind, x, [KH, KW], { strides, padding: [KH + 1, KW, KH + 2, KW + 1] });
      }
    });

    test("dilations", () => {
      const x = random(3, [1, 6, 12, 11]);
      for (const dilations of [
        [2, 2],
        [1, 3],
        [5, 4],
      ] as const) {
        agree(build, kind, x, [3, 2], { dilations });
        agree(build, kind, x, [2, 3], { dilations, padding: [3, 4, 2, 5], strides: [2, 1] });
      }
    });

    test("small images, windows over all of them", () => {
      for (const [H, W] of [
        [1, 1],
        [1, 7],
        [7, 1],
        [2, 3],
      ] as const) {
        agree(build, kind, random(H * 10 + W, [3, 17, H, W]), [H, W]);
        agree(build, kind, random(H * 10 + W, [1, 4, H, W]), [3, 3], { padding: [1, 1, 1, 1] });
      }
    });

    test("the first channels do not depend on how many there are", () => {
      const x = new Random(4).tensor([1, 36, 6, 6]);
      const all = agree(build, kind, x, [3, 3], { strides: [2, 1], padding: [1, 1, 0, 0] });
      for (const C of [1, 3, 4, 6, 7, 16, 19, 31]) {
        const first = { shape: [1, C, 6, 6], data: x.data.subarray(0, C * 36) };
        const part = agree(build, kind, first, [3, 3], { strides: [2, 1], padding: [1, 1, 0, 0] });
        expectSameBits(
          part,
          all.filter((_, i) => i % 36 < C),
        );
      }
    });

    test("NaN wherever it lies in the window, and infinities", () => {
      for (const C of [1, 4, 6, 16]) {
        for (let place = 0; place < 9; place++) {
          const x = new Random(place).tensor([1, C, 3, 3]);
          for (let c = 0; c < C; c += 2) x.data[c * 9 + place] = Number.NaN;
          const got = agree(build, kind, x, [3, 3]);
          got.forEach((v, c) => {
            expect(Number.isNaN(v)).toBe(c % 2 === 0);
          });
          x.data.fill(Number.NaN, 0, 4);
          agree(build, kind, x, [2, 2], { padding: [1, 1, 1, 1] });
        }
        const x = new Random(C).tensor([1, C, 2, 3]);
        x.data.fill(Number.NEGATIVE_INFINITY);
        const got = agree(build, kind, x, [2, 3]);
        expect(got[0]).toBe(kind === "l1" || kind === "l2" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
        x.data[0] = Number.POSITIVE_INFINITY;
        agree(build, kind, x, [2, 3]);
      }
    });

    test("any shape", () => {
      const size = fc.integer({ min: 1, max: 9 });
      const pad = fc.integer({ min: 0, max: 3 });
      const K = fc.integer({ min: 1, max: 4 });
      const at = fc.integer({ min: 1, max: 3 });
      const C = fc.integer({ min: 1, max: 21 });
      fc.assert(
        fc.property(C, size, size, K, K, at, at, at, at, pad, pad, pad, pad, fc.boolean(), (...drawn) => {
          const [channels, IH, IW, KH, KW, SH, SW, DH, DW, top, left, bottom, right, ceilMode] = drawn;
          if (IH + top + bottom <= (KH - 1) * DH || IW + left + right <= (KW - 1) * DW) return;
          agree(build, kind, random(IH * IW, [1, channels, IH, IW]), [KH, KW], {
            ...{
              strides: [SH, SW],
              dilations: [DH, DW],
              padding: [top, left, bottom, right],
              ceilMode,
              gaps: [top, left],
            },
          });
        }),
        { seed: 2, numRuns: 80 },
      );
    });
  });

  describe("rows of maxima of three columns, two columns apart", () => {
    const strides = [2, 2] as const;

    test.each([4, 6, 15, 16, 17, 20, 32, 37])("%i channels", (C) => {
      for (const [H, W] of [
        [3, 3],
        [5, 4],
        [4, 13],
        [9, 30],
      ] as const) {
        agree(build, "max", random(W, [2, C, H, W]), [3, 3], { strides });
        agree(build, "max", random(W, [1, C, H, W]), [3, 3], { strides, padding: [1, 1, 1, 1], gaps: [3, 2] });
        agree(build, "max", random(W, [1, C, H, W]), [3, 3], { strides: [1, 2], padding: [2, 0, 0, 2] });
        agree(build, "max", random(W, [1, C, H, W]), [3, 3], { strides, padding: [0, 0, 1, 1] });
        agree(build, "max", random(W, [1, C, H, W]), [3, 3], { strides, padding: [2, 2, 2, 2] });
      }
    });

    test.each([
      [1, 1],
      [2, 1],
      [3, 1],
      [2, 2],
      [3, 2],
    ])("windows of %i lines, dilation %i, over images of few lines and columns", (KH, DH) => {
      for (const H of [1, 2, 3, 6]) {
        for (const W of [1, 2, 3, 4, 5]) {
          for (const padding of [
            [DH, 1, DH, 1],
            [0, 1, 2 * DH, 0],
            [2 * DH, 0, 0, 1],
          ] as const) {
            if (H + padding[0] + padding[2] <= (KH - 1) * DH || W + padding[1] + padding[3] < 3) continue;
            agree(build, "max", random(W, [2, 22, H, W]), [KH, 3], { strides, dilations: [DH, 1], padding });
          }
        }
      }
    });

    test.each([
      [2, 1, [0, 0, 0, 0]],
      [2, 1, [1, 1, 1, 1]],
      [1, 1, [0, 0, 0, 0]],
      [3, 1, [0, 0, 1, 0]],
      [2, 2, [0, 0, 0, 0]],
      [4, 2, [1, 0, 0, 0]],
      [2, 1, [0, 0, -2, 0]],
      [2, 1, [0, 0, 0, -1]],
      [2, 1, [1, 0, 0, 2]],
      [1, 2, [3, 1, 3, 0]],
    ] as const)(
      "NaN in any place, infinities of both signs: %i rows apart, dilation %i, padding %j",
      (SH, DH, padding) => {
        const settings = { strides: [SH, 2], dilations: [DH, 1], padding } as const;
        for (let place = 0; place < 49; place++) {
          const x = new Random(place).tensor([2, 22, 7, 7]);
          x.data[(place % 6) * 4 * 49 + place] = Number.NaN;
          const other = x.data.subarray(22 * 49); // the second image
          other.fill(Number.NEGATIVE_INFINITY, 49, 98);
          other[49 + place] = Number.POSITIVE_INFINITY;
          other[98 + place] = 3e38;
          other[98 + ((place + 1) % 49)] = 3e38;
          other[98 + ((place + 2) % 49)] = Number.NEGATIVE_INFINITY;
          agree(build, "max", x, [3, 3], settings);
        }
      },
    );

    test("a NaN in one channel alone, in a row and in a window by itself", () => {
      for (let c = 0; c < 39; c++) {
        const x = new Random(c).tensor([1, 39, 3, 7]);
        x.data[c * 21 + 9] = Number.NaN;
        for (const apart of [2, 1]) {
          const got = agree(build, "max", x, [3, 3], { strides: [1, apart] });
          const channels = new Set(Array.from(got, (v, i) => (Number.isNaN(v) ? i % 39 : -1)));
          expect([...channels].sort((i, j) => i - j)).toEqual([-1, c]);
        }
      }
    });

    test("zeros of either sign as in a window by itself", () => {
      const zeros = new Random(6).tensor([1, 22, 7, 9]);
      zeros.data.forEach((v, i) => {
        zeros.data[i] = v < 0 ? -0 : 0;
      });
      const rows = agree(build, "max", zeros, [3, 3], { strides });
      const windows = agree(build, "max", zeros, [3, 3], { strides: [2, 1] });
      expectSameBits(
        rows,
        windows.filter((_, i) => (Math.floor(i / 22) % 7) % 2 === 0),
      );
    });
  });

  test("of equal maxima the first has its index taken", () => {
    for (const C of [1, 4, 5]) {
      const x = { shape: [1, C, 3, 3], data: new Float32Array(C * 9).fill(-2) };
      agree(build, "max with indices", x, [2, 2]);
      agree(build, "max with indices", { ...x, data: x.data.fill(Number.NEGATIVE_INFINITY) }, [2, 2], {
        padding: [1, 1, 0, 0],
      });
    }
  });

  test("a given divisor", () => {
    for (const divisor of [1, 4, 7]) {
      agree(build, "average", random(1, [1, 5, 6, 6]), [3, 3], { padding: [1, 1, 1, 1], divisor });
      agree(build, "padded average", random(1, [1, 5, 6, 6]), [3, 3], { padding: [1, 1, 1, 1], divisor });
    }
  });

  test.each([
    [1, 1],
    [2, 3],
    [3, 2],
    [5, 7],
    [6, 9],
  ])("adaptive to %i x %i", (OH, OW) => {
    const spans = (input: number, output: number): Int32Array =>
      Int32Array.from({ length: 2 * output }, (_, i) => {
        const o = i >> 1;
        return i & 1 ? Math.ceil(((o + 1) * input) / output) : Math.floor((o * input) / output);
      });
    for (const [C, gap] of [
      [1, 0],
      [6, 2],
      [20, 0],
    ]) {
      const x = random(C, [2, C, 7, 8]);
      for (const kind of ["average", "max", "indices"]) {
        const want = kind === "average" ? adaptiveAveragePool2d(x, [OH, OW]) : adaptiveMaxPool2d(x, [OH, OW]);
        const { kernels, memory, heapBase } = instance(build);
        const arena = new GuardedArena(memory, heapBase);
        const at = arena.put(Float32Array.from(channelsLast(x, C + gap)), "x");
        const rows = arena.put(spans(7, OH), "rows");
        const columns = arena.put(spans(8, OW), "columns");
        const y = arena.reserve(2 * OH * OW * (C + gap), Float32Array, "y");
        const indices = kind === "indices" ? arena.reserve(2 * OH * OW * C, Int32Array, "indices") : 0;
        kernels.adaptivePool2d(
          ...([kind === "average" ? 1 : 0, at, 2, 7, 8, C, (C + gap) * 4, y, OH, OW, (C + gap) * 4] as const),
          ...([rows, columns, indices, C * 4] as const),
        );
        const last = wantedChannelsLast(want, C + gap);
        arena.check([y, last]);
        expectClose(arena.floats(y), last);
        if (indices) {
          const places = channelsLast({ shape: want.shape, data: (want as MaxPoolReference).planeIndices });
          expect([...arena.read(indices)]).toEqual([...places]);
        }
      }
    }
  });

  function globalAverage(x: Plain, gaps: readonly [number, number] = [0, 0]): Float32Array {
    const [N, C, IH, IW] = x.shape;
    const { kernels, memory, heapBase } = instance(build);
    const arena = new GuardedArena(memory, heapBase);
    const at = arena.put(Float32Array.from(channelsLast(x, C + gaps[0])), "x");
    const y = arena.reserve(N * (C + gaps[1]), Float32Array, "y");
    kernels.globalAveragePool2d(at, N, IH * IW, C, (C + gaps[0]) * 4, y, (C + gaps[1]) * 4);
    const want = globalAveragePool(x);
    const last = wantedChannelsLast(want, C + gaps[1]);
    arena.check([y, last]);
    const got = arena.floats(y);
    // 63 additions in a block, one for each block, one division.
    expectClose(got, last, Math.min(64, IH * IW) + Math.ceil((IH * IW) / 64));
    return got;
  }

  test.each(CHANNELS)("global average of %i channels", (C) => {
    globalAverage(random(C, [2, C, 7, 7]));
    globalAverage(random(C, [3, C, 1, 1]), [3, 2]);
    globalAverage(random(C, [1, C, 8, 8]), [1, 0]);
    globalAverage(random(C, [1, C, 13, 10]), [0, 1]);
  });

  test("global average of 224 x 224 pixels keeps its precision", () => {
    const value = Math.fround(0.1);
    const x = { shape: [1, 3, 224, 224], data: new Float32Array(3 * 50176).fill(value) };
    let chain = 0;
    for (let i = 0; i < 50176; i++) chain = Math.fround(chain + value);
    const naive = Math.abs(chain / 50176 - value);
    for (const v of globalAverage(x)) expect(Math.abs(v - value)).toBeLessThan(naive / 50);
  });

  test("the first channels of a global average do not depend on how many there are", () => {
    const x = new Random(8).tensor([1, 36, 9, 8]);
    const all = globalAverage(x);
    for (const C of [1, 3, 4, 6, 15, 16, 19]) {
      expectSameBits(globalAverage({ shape: [1, C, 9, 8], data: x.data.subarray(0, C * 72) }), all.subarray(0, C));
    }
  });
});
