import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  globalAveragePool,
  type MaxPoolReference,
  type Plain,
} from "../reference.ts";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";
import { channelsLast, wantedChannelsLast } from "./images.ts";
import { agree, KINDS, random } from "./pools.ts";

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
