import { describe, expect, test } from "vitest";
import { type Conv2dSpec, oihwStrides } from "../../src/ops/convolve.ts";
import { NO_ACTIVATION, unaryEpilogue } from "../../src/ops/epilogue.ts";
import { residentWeights } from "../../src/ops/prepared.ts";
import { prepareWinograd } from "../../src/ops/winograd.ts";
import { conv2d, type Plain, plain, toChannelsFirst, toChannelsLast } from "../reference.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";

interface Case {
  readonly N?: number;
  readonly H: number;
  readonly W: number;
  readonly IC: number;
  readonly OC: number;
  readonly pads?: readonly [top: number, left: number, bottom: number, right: number];
  readonly bias?: boolean;
  readonly residual?: boolean;
}

/** Output channels around the panels of 12 and 8, sizes around the tiles of 4 and 2 and the blocks of 15. */
const CASES: readonly Case[] = [
  { H: 4, W: 4, IC: 4, OC: 4 },
  { H: 1, W: 1, IC: 4, OC: 8, bias: true },
  { H: 1, W: 7, IC: 8, OC: 12 },
  { H: 13, W: 11, IC: 16, OC: 20, bias: true },
  { H: 8, W: 6, IC: 12, OC: 16, residual: true },
  { H: 9, W: 7, IC: 8, OC: 9, bias: true, residual: true },
  { H: 6, W: 6, IC: 4, OC: 14, bias: true },
  { H: 5, W: 5, IC: 4, OC: 3, residual: true },
  { H: 5, W: 9, IC: 4, OC: 24, pads: [0, 0, 0, 0], bias: true },
  { H: 3, W: 3, IC: 4, OC: 4, pads: [0, 0, 0, 0] },
  { H: 6, W: 5, IC: 8, OC: 8, pads: [2, 3, 1, 4], bias: true, residual: true },
  { N: 3, H: 9, W: 9, IC: 20, OC: 28, bias: true },
  { N: 2, H: 17, W: 33, IC: 4, OC: 4 },
  // Several blocks of tiles, the last of them not full.
  { N: 2, H: 17, W: 13, IC: 64, OC: 64 },
  { N: 0, H: 5, W: 5, IC: 4, OC: 4 },
];

/** The constant of docs/accuracy.md. */
const BOUND = { 2: 2, 4: 8 } as const;

function run(
  build: Build,
  M: 2 | 4,
  c: Case,
  x: Plain,
  w: Plain,
  b: Plain | undefined,
  r: Plain | undefined,
  act = NO_ACTIVATION,
) {
  const [PT, PL, PB, PR] = c.pads ?? [1, 1, 1, 1];
  const { H: IH, W: IW, IC, OC, N = 1 } = c;
  const [OH, OW] = [IH + PT + PB - 2, IW + PL + PR - 2];
  const window = { IH, IW, OH, OW, KH: 3, KW: 3, SH: 1, SW: 1, DH: 1, DW: 1, PT, PB, PL, PR };
  const spec: Conv2dSpec = {
    N,
    IC,
    OC,
    groups: 1,
    window,
    filter: oihwStrides(IC, 9),
    epilogue: act,
    residual: r !== undefined,
  };
  const prepared = prepareWinograd(spec, M);
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const put = (t: Plain | undefined, name: string) => (t ? arena.put(Float32Array.from(t.data), name) : 0);
  const weights = [put(w, "filter"), put(b, "bias")];
  const inputs = [put(toChannelsLast(x), "x"), put(r && toChannelsLast(r), "residual")];
  const packed = arena.scratch(prepared.packing?.bytes ?? 0, "packed");
  const scratch = arena.scratch(prepared.scratchBytes, "scratch");
  const y = arena.reserve(N * OH * OW * OC, Float32Array, "y");
  prepared.packing?.write(kernels, residentWeights(weights), packed);
  prepared.run(kernels, { inputs, outputs: [y], scratch, packed });
  arena.check();
  return toChannelsFirst(plain([N, OH, OW, OC], arena.floats(y)));
}

function operands(c: Case, seed: number) {
  const random = new Random(seed);
  const { N = 1, H, W, IC, OC } = c;
  const [PT, PL, PB, PR] = c.pads ?? [1, 1, 1, 1];
  const x = random.tensor([N, IC, H, W]);
  const w = random.tensor([OC, IC, 3, 3]);
  const b = c.bias ? random.tensor([OC]) : undefined;
  const r = c.residual ? random.tensor([N, OC, H + PT + PB - 2, W + PL + PR - 2]) : undefined;
  const want = conv2d(x, w, { padding: [PT, PL, PB, PR], ...(b ? { bias: b } : {}), ...(r ? { residual: r } : {}) });
  // What the transform mixes: at most the largest place of each channel times the sum of its weights, plus bias and residual.
  const largest = Array.from({ length: IC }, (_, ic) => {
    let most = 0;
    for (let n = 0; n < N; n++)
      for (let i = 0; i < H * W; i++) most = Math.max(most, Math.abs(x.data[(n * IC + ic) * H * W + i]));
    return most;
  });
  const scale = Array.from({ length: OC }, (_, oc) => {
    let sum = 1;
    for (let i = 0; i < IC * 9; i++) sum += largest[Math.floor(i / 9)] * Math.abs(w.data[oc * IC * 9 + i]);
    return sum + 1;
  });
  return { x, w, b, r, want, scale };
}

function expectWithin(
  got: Plain,
  want: { data: ArrayLike<number>; shape: readonly number[] },
  scale: readonly number[],
  bound: number,
): number {
  expect(got.shape).toEqual(want.shape);
  const [, OC, OH, OW] = want.shape;
  let worst = 0;
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]) / scale[Math.floor(i / (OH * OW)) % OC] / 2 ** -24;
    worst = Math.max(worst, error);
    if (!(error <= bound))
      expect.fail(
        `element ${i}: got ${got.data[i]}, want ${want.data[i]}, error ${error} of 2^-24 * scale, bound ${bound}`,
      );
  }
  return worst;
}

describe.each(BUILDS)("winograd, %s build", (build) => {
  for (const M of [2, 4] as const) {
    test.each(CASES.map((c) => [JSON.stringify(c), c] as const))(`F(${M},3) meets its bound: %s`, (_, c) => {
      const { x, w, b, r, want, scale } = operands(c, 7);
      expectWithin(run(build, M, c, x, w, b, r), want, scale, BOUND[M]);
    });

    test(`F(${M},3) clamps and activates behind the residual`, () => {
      const c: Case = { H: 7, W: 10, IC: 8, OC: 12, bias: true, residual: true };
      const { x, w, b, r } = operands(c, 9);
      const all = run(build, M, c, x, w, b, r);
      const clamped = run(build, M, c, x, w, b, r, { ...NO_ACTIVATION, lo: -0.25, hi: 0.5 });
      const leaky = run(build, M, c, x, w, b, r, unaryEpilogue("leakyRelu", 0.5));
      for (let i = 0; i < all.data.length; i++) {
        expect(clamped.data[i]).toBe(Math.min(Math.max(all.data[i], -0.25), 0.5));
        expect(leaky.data[i]).toBe(all.data[i] < 0 ? Math.fround(all.data[i] * 0.5) : all.data[i]);
      }
    });

    test(`F(${M},3) gives a tile the same bits wherever it stands in a block`, () => {
      const c: Case = { N: 1, H: 8, W: 8, IC: 8, OC: 16 };
      const { x, w } = operands(c, 11);
      const one = run(build, M, c, x, w, undefined, undefined);
      const N = 9;
      const copies = plain(
        [N, 8, 8, 8],
        Float64Array.from({ length: N * x.data.length }, (_, i) => x.data[i % x.data.length]),
      );
      const many = run(build, M, { ...c, N }, copies, w, undefined, undefined);
      for (let i = 0; i < many.data.length; i++) expect(many.data[i]).toBe(one.data[i % one.data.length]);
    });
  }
});

test("the bounds leave room, but not much", () => {
  for (const [M, least] of [
    [2, 0.1],
    [4, 0.4],
  ] as const) {
    let worst = 0;
    for (let seed = 0; seed < 8; seed++) {
      const c: Case = { H: 12, W: 12, IC: 64, OC: 8 };
      const { x, w, b, r, want, scale } = operands(c, seed);
      worst = Math.max(worst, expectWithin(run("release", M, c, x, w, b, r), want, scale, BOUND[M]));
    }
    console.log(`F(${M},3): worst error ${worst.toFixed(2)} of 2^-24 * scale, bound ${BOUND[M]}`);
    expect(worst).toBeGreaterThan(least);
  }
});
