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
  w: Plain;
  b?: Plain | undefined;
  /** [N, OC, OH, OW] */
  residual?: Plain | undefined;
  strides?: readonly number[];
  dilations?: readonly number[];
  padding?: readonly number[];
  groups?: number;
  /** Floats between one pixel's last channel and the next pixel's first, in x, y and residual. */
  gaps?: readonly [number, number, number];
  clamp?: readonly [number, number];
  act?: readonly [code: number, alpha: number, beta: number];
  OH: number;
  OW: number;
  /** Order of the filter's axes in memory; default "oihw". */
  filter?: "oihw" | "hwio";
}

/** Channels-last output of the kernel, gaps included; the guards are checked. */
function run(build: Build, c: Case, wanted?: { data: ArrayLike<number> }): Float32Array {
  const [N, C, IH, IW] = c.x.shape;
  const [allOC, IC, KH, KW] = c.w.shape;
  const groups = c.groups ?? 1;
  const OC = allOC / groups;
  const taps = KH * KW;
  const [gapX, gapY, gapR] = c.gaps ?? [0, 0, 0];
  const [xPixel, yPixel, rPixel] = [C + gapX, allOC + gapY, allOC + gapR];
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const x = arena.put(Float32Array.from(channelsLast(c.x, xPixel)), "x");
  const r = c.residual ? arena.put(Float32Array.from(channelsLast(c.residual, rPixel)), "residual") : 0;
  const hwio = c.filter === "hwio";
  const filter = arena.put(hwio ? lastIsOutput(c.w) : Float32Array.from(c.w.data), "filter");
  const [ocStride, tapStride, icStride] = hwio ? [4, IC * allOC * 4, allOC * 4] : [IC * taps * 4, 4, taps * 4];
  const b = c.b ? arena.put(Float32Array.from(c.b.data), "bias") : 0;
  const zeros = arena.put(new Float32Array(groups * IC), "zeros");
  const scratch = arena.scratch(kernels.conv2dScratch(taps), "scratch");
  const y = arena.reserve(N * c.OH * c.OW * yPixel, Float32Array, "y");
  const [SH, SW] = c.strides ?? [1, 1];
  const [DH, DW] = c.dilations ?? [1, 1];
  const [PT, PL] = c.padding ?? [0, 0];
  const [lo, hi] = c.clamp ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [act, alpha, beta] = c.act ?? [0, 0, 0];
  const widths: number[] = [];
  for (let oc = 0; oc < OC; oc += widths.at(-1)!) widths.push(kernels.panelWidth(OC - oc, 12));
  const groupFloats = widths.reduce((sum, width) => sum + width, 0) * (taps * IC + 1);
  const w = arena.scratch(groups * groupFloats * 4, "packed");
  let to = w;
  for (let g = 0; g < groups; g++) {
    let oc = 0;
    for (const width of widths) {
      const columns = Math.min(width, OC - oc);
      const channel = g * OC + oc;
      const from = filter + channel * ocStride;
      kernels.packPanel(from, ocStride, tapStride, 0, icStride, b && b + channel * 4, width, columns, taps, 1, IC, to);
      to += (taps * IC + 1) * width * 4;
      oc += width;
    }
  }
  kernels.conv2d(
    ...([x, N, IH, IW, groups, IC, xPixel * 4, w, y, c.OH, c.OW, OC, yPixel * 4] as const),
    ...([KH, KW, SH, SW, DH, DW, PT, PL, r, rPixel * 4, lo, hi, act, alpha, beta] as const),
    ...([zeros, scratch] as const),
  );
  const length = N * c.OH * c.OW * yPixel;
  const gaps = { data: Float64Array.from({ length }, (_, i) => (i % yPixel < allOC ? 0 : Number.NaN)) };
  arena.check([y, wanted ?? gaps]);
  return arena.floats(y);
}

function lastIsOutput(w: Plain): Float32Array {
  const [OC, IC, KH, KW] = w.shape;
  const taps = KH * KW;
  const y = new Float32Array(w.data.length);
  for (let oc = 0; oc < OC; oc++) {
    for (let ic = 0; ic < IC; ic++) {
      for (let t = 0; t < taps; t++) y[(t * IC + ic) * OC + oc] = w.data[(oc * IC + ic) * taps + t];
    }
  }
  return y;
}

type Settings = Omit<Case, "x" | "w" | "b" | "residual" | "OH" | "OW"> & { bias?: boolean; residual?: boolean };

/** Kernel against oracle for random data of a shape: x is `image`, the filter has OC output channels. */
function agree(
  build: Build,
  [N, C, IH, IW]: readonly number[],
  [OC, KH, KW]: readonly number[],
  settings: Settings = {},
): void {
  const random = new Random(N + 10 * C + 1000 * IH + 100_000 * IW + OC * 31 + KH * 7 + KW);
  const groups = settings.groups ?? 1;
  const x = random.tensor([N, C, IH, IW]);
  const w = random.tensor([OC, C / groups, KH, KW]);
  const b = settings.bias === false ? undefined : random.tensor([OC]);
  const options = {
    ...{ groups, bias: b, strides: settings.strides ?? 1 },
    ...{ dilations: settings.dilations ?? 1, padding: settings.padding ?? 0 },
  };
  let want = conv2d(x, w, options);
  const residual = settings.residual ? random.tensor(want.shape) : undefined;
  if (residual) want = conv2d(x, w, { ...options, residual });
  if (settings.clamp) want = clamped(want, ...settings.clamp);
  const last = wantedChannelsLast(want, OC + (settings.gaps?.[1] ?? 0));
  const got = run(build, { ...settings, x, w, b, residual, OH: want.shape[2], OW: want.shape[3] }, last);
  expectClose(got, last);
}

describe.each(BUILDS)("conv2d, %s build", (build) => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 19, 20, 21, 23, 24, 25, 28, 29, 36, 37])(
    "%i output channels",
    (OC) => {
      agree(build, [1, 5, 7, 6], [OC, 3, 3], { padding: [1, 1, 1, 1] });
      agree(build, [1, 3, 5, 4], [OC, 1, 1], { bias: false, gaps: [2, 3, 0] });
      agree(build, [1, 3, 5, 4], [OC, 2, 2], { residual: true, gaps: [1, 5, 2], clamp: [-0.5, 0.75] });
    },
  );

  test.each([1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17])("%i input channels", (C) => {
    agree(build, [1, C, 6, 7], [9, 3, 2], { padding: [1, 1, 1, 1] });
    agree(build, [2, C, 6, 7], [13, 1, 1], { gaps: [3, 0, 0] });
  });

  // Tiles are 3 or 5 pixels high, blocks 60; one image of pixels x 1, and batches that share tiles and blocks.
  test.each([
    1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 15, 16, 29, 30, 31, 59, 60, 61, 62, 63, 64, 65, 66, 119, 120, 121, 125,
  ])("%i output pixels", (pixels) => {
    for (const OC of [8, 12, 20, 7, 11]) {
      agree(build, [1, 2, pixels, 1], [OC, 1, 1]);
      agree(build, [1, 2, 1, pixels], [OC, 1, 3], { padding: [0, 1, 0, 1], residual: true, gaps: [0, 1, 1] });
    }
    agree(build, [pixels, 3, 2, 2], [20, 2, 2]);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 5],
    [2, 3],
    [3, 1],
    [1, 7],
    [7, 7],
  ])("window %i x %i, all strides, with and without padding", (KH, KW) => {
    for (const strides of [
      [1, 1],
      [2, 2],
      [1, 3],
      [3, 1],
      [8, 9],
    ]) {
      agree(build, [1, 3, 13, 11], [8, KH, KW], { strides });
      agree(build, [2, 3, 13, 11], [12, KH, KW], { strides, padding: [KH >> 1, KW >> 1, KH >> 1, KW >> 1] });
      agree(build, [1, 3, 11, 13], [5, KH, KW], { strides, padding: [0, 2, 3, 1] });
    }
  });

  test.each([
    [2, 2],
    [1, 3],
    [4, 1],
    [6, 5],
  ])("dilations %i, %i", (DH, DW) => {
    agree(build, [1, 4, 13, 12], [9, 3, 3], { dilations: [DH, DW], padding: [DH, DW, DH, DW] });
    agree(build, [1, 4, 13, 12], [9, 2, 3], { dilations: [DH, DW], padding: [0, 0, 3, 0], strides: [2, 3] });
  });

  test.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 3],
  ])("image of %i x %i under padding beyond the window", (IH, IW) => {
    for (const pad of [2, 3, 5]) {
      agree(build, [1, 3, IH, IW], [8, 3, 3], { padding: [pad, pad, pad, pad] });
      agree(build, [2, 3, IH, IW], [13, 3, 2], { padding: [pad, 0, pad, 4], strides: [2, 3], residual: true });
    }
  });

  test.each([
    [2, 3, 4],
    [3, 1, 1],
    [4, 2, 3],
    [2, 8, 12],
    [5, 4, 8],
  ])("%i groups of %i to %i channels, as slices of one tensor", (groups, IC, OC) => {
    agree(build, [2, groups * IC, 6, 5], [groups * OC, 3, 3], { groups, padding: [1, 1, 1, 1] });
    agree(build, [1, groups * IC, 6, 5], [groups * OC, 1, 1], {
      groups,
      residual: true,
      clamp: [0, 6],
      gaps: [1, 2, 3],
    });
  });

  test("filters with the output channel last", () => {
    agree(build, [1, 3, 6, 5], [13, 3, 2], { filter: "hwio" });
    agree(build, [1, 6, 6, 5], [14, 2, 2], { filter: "hwio", groups: 2 });
  });

  test("an activation comes after residual and clamp, over rows with gaps too", () => {
    const random = new Random(3);
    for (const [gap, OC] of [
      [0, 12],
      [3, 7],
      [1, 8],
    ]) {
      const c: Case = {
        ...{ x: random.tensor([1, 4, 8, 9]), w: random.tensor([OC, 4, 1, 1]), residual: random.tensor([1, OC, 8, 9]) },
        ...{ gaps: [0, gap, 0], OH: 8, OW: 9 },
      };
      const plain = run(build, { ...c, clamp: [-1, 1] });
      const wanted = plain.map((v) => Math.min(Math.max(v, -0.25), 0.125));
      expectSameBits(run(build, { ...c, clamp: [-1, 1], act: [1, -0.25, 0.125] }), wanted);
      expect(plain.some((v) => v > 0.125)).toBe(true);
      expect(plain.some((v) => v > 1)).toBe(false);
    }
  });

  test("NaN and infinities go through", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const x = { shape: [1, 1, 1, 5], data: [1, nan, inf, -inf, 2] };
    for (const OC of [1, 8, 12]) {
      const w = { shape: [OC, 1, 1, 1], data: new Array<number>(OC).fill(1) };
      const want = [1, nan, 6, 0, 2].flatMap((v) => new Array<number>(OC).fill(v));
      expect([...run(build, { x, w, OH: 1, OW: 5, clamp: [0, 6] }, { data: want })]).toEqual(want);
      const open = [1, nan, inf, -inf, 2].flatMap((v) => new Array<number>(OC).fill(v));
      expect([...run(build, { x, w, OH: 1, OW: 5 }, { data: open })]).toEqual(open);
    }
  });

  test("the first channels have the same bits whatever the tile: 7 of 8, 8 of 12, 12 of 20, 20 of 24", () => {
    const random = new Random(9);
    const [C, I] = [17, 9];
    const x = random.tensor([1, C, I, I]);
    const w = random.tensor([37, C, 3, 3]);
    const b = random.tensor([37]);
    const residual = random.tensor([1, 37, I, I]);
    const first = (OC: number): Float32Array =>
      run(build, {
        ...{ x, w: { shape: [OC, C, 3, 3], data: w.data.subarray(0, OC * C * 9) }, b },
        ...{ residual: { shape: [1, OC, I, I], data: residual.data.subarray(0, OC * I * I) } },
        ...{ padding: [1, 1], clamp: [-3, 3], OH: I, OW: I },
      });
    const all = first(37);
    for (const OC of [1, 3, 7, 8, 11, 12, 13, 16, 20, 24, 25, 36]) {
      expectSameBits(
        first(OC),
        all.filter((_, i) => i % 37 < OC),
      );
    }
  });

  test("a pixel has the same bits whatever its place in tiles, blocks and batch", () => {
    const random = new Random(10);
    for (const OC of [8, 12]) {
      const w = random.tensor([OC, 6, 1, 1]);
      const x = random.tensor([67, 6, 1, 1]);
      const all = run(build, { x, w, OH: 1, OW: 1 });
      for (const from of [1, 2, 4, 7, 59, 61]) {
        const rest = { shape: [67 - from, 6, 1, 1], data: x.data.subarray(from * 6) };
        expectSameBits(run(build, { x: rest, w, OH: 1, OW: 1 }), all.subarray(from * OC));
      }
    }
  });

  test("any shape", () => {
    const size = fc.integer({ min: 1, max: 10 });
    const pad = fc.integer({ min: 0, max: 4 });
    const K = fc.integer({ min: 1, max: 4 });
    const step = fc.integer({ min: 1, max: 3 });
    const channels = fc.integer({ min: 1, max: 26 });
    const gap = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(channels, channels, size, size, K, K, step, step, step, step, pad, pad, pad, pad, gap, (...drawn) => {
        const [C, OC, IH, IW, KH, KW, SH, SW, DH, DW, top, left, bottom, right, extra] = drawn;
        if (IH + top + bottom <= (KH - 1) * DH || IW + left + right <= (KW - 1) * DW) return;
        agree(build, [1 + (extra & 1), C, IH, IW], [OC, KH, KW], {
          ...{ strides: [SH, SW], dilations: [DH, DW], padding: [top, left, bottom, right] },
          ...{ gaps: [extra, 3 - extra, 1], residual: extra > 1 },
        });
      }),
      { seed: 8, numRuns: 120 },
    );
  });
});
