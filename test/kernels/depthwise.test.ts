import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conv2d, type Plain } from "../reference.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";
import { channelsLast, clamped, wantedChannelsLast } from "./images.ts";

interface Case {
  x: Plain;
  /** [C * M, 1, KH, KW] */
  w: Plain;
  b?: Plain | undefined;
  strides?: readonly number[];
  dilations?: readonly number[];
  padding?: readonly number[];
  /** Floats between one pixel's last channel and the next pixel's first, in x and in y. */
  gaps?: readonly [number, number];
  clamp?: readonly [number, number];
  act?: readonly [code: number, alpha: number, beta: number];
  OH: number;
  OW: number;
}

/** Channels-last output of the kernel, gaps included; the guards are checked. */
function run(build: Build, c: Case, wanted?: { data: ArrayLike<number> }): Float32Array {
  const [N, C, IH, IW] = c.x.shape;
  const [, , KH, KW] = c.w.shape;
  const [gapX, gapY] = c.gaps ?? [0, 0];
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const x = arena.put(Float32Array.from(channelsLast(c.x, C + gapX)), "x");
  const filter = arena.put(Float32Array.from(c.w.data), "filter");
  const b = c.b ? arena.put(Float32Array.from(c.b.data), "bias") : 0;
  const taps = KH * KW;
  const w = arena.scratch(Math.ceil(C / 4) * 16 * (taps + 1), "packed");
  kernels.packDepthwise(filter, taps * 4, 4, b, C, taps, w);
  const y = arena.reserve(N * c.OH * c.OW * (C + gapY), Float32Array, "y");
  const [SH, SW] = c.strides ?? [1, 1];
  const [DH, DW] = c.dilations ?? [1, 1];
  const [PT, PL] = c.padding ?? [0, 0];
  const [lo, hi] = c.clamp ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [act, alpha, beta] = c.act ?? [0, 0, 0];
  const xStride = (C + gapX) * 4;
  const yStride = (C + gapY) * 4;
  kernels.depthwise(
    ...([x, N, IH, IW, C, xStride, w, y, c.OH, c.OW, yStride] as const),
    ...([KH, KW, SH, SW, DH, DW, PT, PL, lo, hi, act, alpha, beta] as const),
  );
  arena.check([y, wanted ?? { data: gapsOf(c, C + gapY, C) }]);
  return arena.floats(y);
}

/** NaN where a gap is. */
function gapsOf(c: Case, pixel: number, C: number): Float64Array {
  const length = c.x.shape[0] * c.OH * c.OW * pixel;
  return Float64Array.from({ length }, (_, i) => (i % pixel < C ? 0 : Number.NaN));
}

type Settings = Omit<Case, "x" | "w" | "b" | "OH" | "OW"> & { bias?: boolean };

/** Kernel against oracle for random data of a shape. */
function agree(
  build: Build,
  [N, C, IH, IW]: readonly number[],
  [KH, KW]: readonly number[],
  settings: Settings = {},
): void {
  const random = new Random(N + 10 * C + 1000 * IH + 100_000 * IW + KH * 7 + KW);
  const x = random.tensor([N, C, IH, IW]);
  const w = random.tensor([C, 1, KH, KW]);
  const b = settings.bias === false ? undefined : random.tensor([C]);
  let want = conv2d(x, w, {
    ...{ groups: C, bias: b },
    ...{ strides: settings.strides ?? 1, dilations: settings.dilations ?? 1, padding: settings.padding ?? 0 },
  });
  if (settings.clamp) want = clamped(want, ...settings.clamp);
  const last = wantedChannelsLast(want, C + (settings.gaps?.[1] ?? 0));
  const got = run(build, { ...settings, x, w, b, OH: want.shape[2], OW: want.shape[3] }, last);
  expectClose(got, last);
}

const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17];
const WINDOWS = [
  [1, 1],
  [2, 2],
  [3, 3],
  [2, 3],
  [3, 2],
  [1, 3],
  [5, 3],
  [3, 5],
  [1, 5],
  [5, 5],
  [7, 7],
  [1, 7],
  [4, 1],
];
const STRIDES = [
  [1, 1],
  [2, 2],
  [1, 2],
  [2, 1],
  [3, 3],
  [8, 9],
];

describe.each(BUILDS)("depthwise, %s build", (build) => {
  test.each(CHANNELS)("3x3 of %i channels, in and out of a wider tensor", (C) => {
    agree(build, [2, C, 7, 6], [3, 3], { padding: [1, 1, 1, 1], gaps: [0, 0] });
    agree(build, [1, C, 7, 6], [3, 3], { padding: [1, 1, 1, 1], gaps: [3, 5] });
    agree(build, [1, C, 7, 6], [3, 3], { padding: [1, 1, 1, 1], strides: [2, 2], gaps: [1, 2] });
    agree(build, [1, C, 7, 6], [5, 5], { padding: [2, 2, 2, 2], gaps: [4, 1] });
    agree(build, [1, C, 7, 6], [5, 5], { padding: [2, 2, 2, 2], strides: [2, 2], bias: false });
  });

  test.each(WINDOWS)("window %i x %i, all strides, with and without padding", (KH, KW) => {
    for (const strides of STRIDES) {
      agree(build, [1, 5, 13, 11], [KH, KW], { strides });
      agree(build, [1, 5, 13, 11], [KH, KW], { strides, padding: [1, 1, 1, 1] });
      agree(build, [1, 5, 11, 13], [KH, KW], { strides, padding: [0, 2, 3, 1] });
      agree(build, [2, 4, 9, 10], [KH, KW], { strides, padding: [3, 0, 1, 4] });
    }
  });

  test.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 2],
    [4, 3],
    [40, 3],
    [3, 40],
  ])("image of %i x %i under windows with padding beyond them", (IH, IW) => {
    for (const window of [
      [3, 3],
      [5, 5],
      [2, 2],
      [7, 7],
    ]) {
      for (const strides of [
        [1, 1],
        [2, 2],
        [3, 1],
      ]) {
        for (const pad of [window[0] >> 1, 3, 6, 8]) {
          if (IH + 2 * pad >= window[0] && IW + 2 * pad >= window[1]) {
            agree(build, [1, 4, IH, IW], window, { strides, padding: [pad, pad, pad, pad] });
          }
        }
      }
    }
  });

  test.each([
    [2, 2],
    [1, 3],
    [3, 1],
    [5, 6],
  ])("dilations %i, %i", (DH, DW) => {
    for (const window of [
      [3, 3],
      [5, 5],
      [2, 3],
    ]) {
      for (const strides of [
        [1, 1],
        [2, 2],
        [2, 1],
      ]) {
        agree(build, [1, 6, 13, 12], window, { strides, dilations: [DH, DW], padding: [12, 12, 12, 13] });
      }
    }
  });

  test("images wider than a band of rows", () => {
    agree(build, [1, 4, 9, 401], [3, 3], { padding: [1, 1, 1, 1] });
    agree(build, [1, 4, 60, 63], [5, 5], { padding: [2, 2, 2, 2], strides: [2, 2] });
    agree(build, [1, 8, 33, 97], [3, 3], { padding: [1, 1, 1, 1], strides: [2, 2] });
  });

  test("3x3 of more channels than wait for their columns at once", () => {
    agree(build, [1, 518, 5, 4], [3, 3], { padding: [1, 1, 1, 1], gaps: [2, 6] });
    agree(build, [1, 518, 8, 5], [3, 3], { padding: [1, 1, 1, 1], strides: [2, 2] });
  });

  test("nothing is read behind an image at the end of memory", () => {
    const { kernels, memory, heapBase } = instance(build);
    const [C, IW, w, y] = [8, 6, heapBase, heapBase + 65536]; // all weights are 0
    for (const K of [3, 5, 7]) {
      for (const S of [1, 2]) {
        for (let IH = K; IH < K + 8; IH++) {
          const x = memory.buffer.byteLength - IH * IW * C * 4;
          const [OH, OW] = [Math.ceil(IH / S), Math.ceil(IW / S)];
          const run = (pad: number) =>
            kernels.depthwise(
              ...([x, 1, IH, IW, C, C * 4, w, y, pad ? OH : Math.floor((IH - K) / S) + 1, OW, C * 4] as const),
              ...([K, K, S, S, 1, 1, pad, K >> 1, 0, 1, 0, 0, 0] as const),
            );
          for (const pad of [0, K >> 1]) expect(() => run(pad)).not.toThrow();
        }
      }
    }
  });

  test("3x3 gives a row the same bits, alone or with the rows below and above", () => {
    const random = new Random(9);
    const [C, IW] = [12, 11];
    const [x, w, b] = [random.tensor([1, C, 9, IW]), random.tensor([C, 1, 3, 3]), random.tensor([C])];
    const lines = { ...x, shape: [1, C, 3, IW], data: x.data.filter((_, i) => Math.floor(i / IW) % 9 < 3) };
    for (const [stride, OW] of [
      [1, IW],
      [2, 6],
    ]) {
      const same = { w, b, strides: [stride, stride], padding: [0, 1], OW };
      const one = run(build, { x: lines, ...same, OH: 1 });
      expectSameBits(one, run(build, { x, ...same, OH: stride === 1 ? 7 : 4 }).slice(0, OW * C));
    }
  });

  test("images whose rows are cut into tiles", () => {
    for (const strides of [
      [1, 1],
      [2, 2],
    ]) {
      agree(build, [1, 32, 7, 101], [3, 3], { padding: [1, 1, 1, 1], strides });
      agree(build, [1, 32, 9, 90], [5, 5], { padding: [2, 3, 2, 1], strides });
      agree(build, [1, 5, 9, 160], [5, 5], { padding: [4, 90, 4, 70], strides });
      agree(build, [1, 4, 30, 90], [7, 7], { padding: [3, 3, 3, 3], strides, dilations: [3, 2] });
    }
    const random = new Random(9);
    for (const K of [3, 5, 7]) {
      const [x, w] = [random.tensor([1, 32, K, 200]), random.tensor([32, 1, K, K])];
      const narrow = { ...x, shape: [1, 32, K, 24], data: x.data.filter((_, i) => i % 200 < 24) };
      const pad = K >> 1;
      const wide = run(build, { x, w, padding: [pad, pad], OH: K, OW: 200 });
      const whole = run(build, { x: narrow, w, padding: [pad, pad], OH: K, OW: 24 });
      const before = 24 - pad; // columns that do not see where the image is cut off
      const left = (row: Float32Array, OW: number) => row.filter((_, i) => Math.floor(i / 32) % OW < before);
      expectSameBits(left(wide, 200), left(whole, 24));
    }
  });

  test.each([
    [1, 1, 1],
    [2, 1, 1],
    [1, 2, 5],
  ])("images too large for the caches have the bits of single ones: stride %i, dilation %i, padding %i", (S, D, P) => {
    const random = new Random(13);
    const [N, C, I] = [3, 4, 90];
    const O = Math.floor((I + 2 * P - 2 * D - 1) / S) + 1;
    const x = random.tensor([N, C, I, I]);
    const w = random.tensor([C, 1, 3, 3]);
    const b = random.tensor([C]);
    const gaps = [140, 3] as const; // 576 bytes a pixel
    const common = { w, b, strides: [S, S], dilations: [D, D], padding: [P, P], OH: O, OW: O };
    const together = run(build, { ...common, x, gaps });
    const [image, result] = [C * I * I, C * O * O];
    const dense = together.filter((_, i) => i % (C + gaps[1]) < C);
    for (let n = 0; n < N; n++) {
      const one = { shape: [1, C, I, I], data: x.data.subarray(n * image, (n + 1) * image) };
      expectSameBits(dense.subarray(n * result, (n + 1) * result), run(build, { ...common, x: one }));
    }
  });

  test("clamps, and leaves NaN a NaN", () => {
    for (const clamp of [
      [0, 0.5] as const,
      [0, Number.POSITIVE_INFINITY] as const,
      [Number.NEGATIVE_INFINITY, 0.1] as const,
    ]) {
      for (const window of [[3, 3] as const, [5, 5] as const]) {
        for (const S of [1, 2]) agree(build, [1, 7, 9, 8], window, { padding: [1, 1, 1, 1], clamp, strides: [S, S] });
      }
    }
    const x = {
      shape: [1, 4, 1, 4],
      data: [1, 2, 3, 4, 1, Number.NaN, 3, 4, 1, 2, 3, Number.POSITIVE_INFINITY, -1, 2, 3, 4],
    };
    const w = { shape: [4, 1, 1, 3], data: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] };
    const got = run(build, { x, w, OH: 1, OW: 2, clamp: [0, 6] }, { data: [6, Number.NaN, 6, 4, 6, Number.NaN, 6, 6] });
    expect([...got]).toEqual([6, Number.NaN, 6, 4, 6, Number.NaN, 6, 6]);
  });

  test("leaves padding out: an infinite weight over it gives no NaN", () => {
    const x = { shape: [1, 4, 1, 1], data: [1, -1, 2, -2] };
    for (const [K, corner] of [
      [3, 0],
      [5, 0],
      [3, 2],
      [2, 0],
    ]) {
      const filter = new Float32Array(4 * K * K).fill(Number.POSITIVE_INFINITY);
      for (let c = 0; c < 4; c++) filter[c * K * K + (K - 1 - corner) * K + (K - 1 - corner)] = 0.5;
      const pad = K - 1 - corner;
      const got = run(build, { x, w: { shape: [4, 1, K, K], data: filter }, padding: [pad, pad], OH: 1, OW: 1 });
      expect([...got]).toEqual([0.5, -0.5, 1, -1]);
    }
  });

  test("applies an activation after the clamp, over rows with gaps too", () => {
    const random = new Random(5);
    for (const gap of [0, 3]) {
      const c: Case = { x: random.tensor([1, 6, 5, 5]), w: random.tensor([6, 1, 3, 3]), gaps: [0, gap], OH: 3, OW: 3 };
      const plain = run(build, { ...c, clamp: [-1, 1] });
      const scaled = run(build, { ...c, clamp: [-1, 1], act: [1, -0.25, 0.125] });
      expectSameBits(
        scaled,
        plain.map((v) => Math.min(Math.max(v, -0.25), 0.125)),
      );
      expect(plain.some((v) => v > 0.125)).toBe(true);
    }
  });

  test.each([
    [3, 3, 1],
    [3, 3, 2],
    [5, 5, 1],
    [5, 5, 2],
    [3, 5, 1],
    [5, 3, 2],
  ])("the sliding kernels for %i x %i, stride %i give the bits of the path for any window", (KH, KW, S) => {
    const random = new Random(11);
    const [C, I, P] = [8, 14, KH >> 1];
    const x = random.tensor([1, C, I, I]);
    const w = random.tensor([C, 1, KH, KW]);
    const b = random.tensor([C]);
    // A window column of zeros at the right end adds zeros, and there is no sliding kernel for its width.
    const wider = new Float32Array(C * KH * (KW + 1));
    w.data.forEach((v, i) => {
      wider[Math.floor(i / KW) * (KW + 1) + (i % KW)] = v;
    });
    const O = Math.floor((I - 1) / S) + 1;
    const common = { x, b, strides: [S, S], padding: [P, P], OH: O, OW: O };
    const slid = run(build, { ...common, w });
    expectSameBits(run(build, { ...common, w: { shape: [C, 1, KH, KW + 1], data: wider } }), slid);
  });

  test("the first channels do not depend on how many there are", () => {
    const random = new Random(12);
    for (const [K, S] of [
      [3, 1],
      [3, 2],
      [5, 1],
      [5, 2],
      [4, 1],
    ]) {
      const x = random.tensor([1, 8, 9, 9]);
      const w = random.tensor([8, 1, K, K]);
      const O = Math.floor((9 + 2 - K) / S) + 1;
      const all = run(build, { x, w, strides: [S, S], padding: [1, 1], OH: O, OW: O });
      for (let C = 1; C < 8; C++) {
        const part = run(build, {
          x: { shape: [1, C, 9, 9], data: x.data.subarray(0, C * 81) },
          w: { shape: [C, 1, K, K], data: w.data.subarray(0, C * K * K) },
          ...{ strides: [S, S], padding: [1, 1], OH: O, OW: O },
        });
        expectSameBits(
          part,
          all.filter((_, i) => i % 8 < C),
        );
      }
    }
  });

  test("any shape", () => {
    const size = fc.integer({ min: 1, max: 12 });
    const pad = fc.integer({ min: 0, max: 4 });
    const K = fc.integer({ min: 1, max: 6 });
    const step = fc.integer({ min: 1, max: 3 });
    const gap = fc.integer({ min: 0, max: 3 });
    const C = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(C, size, size, K, K, step, step, step, step, pad, pad, pad, pad, gap, (...drawn) => {
        const [channels, IH, IW, KH, KW, SH, SW, DH, DW, top, left, bottom, right, extra] = drawn;
        if (IH + top + bottom <= (KH - 1) * DH || IW + left + right <= (KW - 1) * DW) return;
        agree(build, [1, channels, IH, IW], [KH, KW], {
          ...{ strides: [SH, SW], dilations: [DH, DW], padding: [top, left, bottom, right], gaps: [extra, 3 - extra] },
        });
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});
