import { describe, expect, test } from "vitest";
import { lrn, type Plain } from "../reference.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectSameBits } from "../support/tolerance.ts";
import { channelsLast, wantedChannelsLast } from "./images.ts";

interface Settings {
  alpha?: number;
  beta?: number;
  bias?: number;
  gaps?: readonly [number, number];
  inPlace?: boolean;
}

function agree(build: Build, x: Plain, size: number, settings: Settings = {}): Float32Array {
  const { alpha = 0.5, beta = 0.75, bias = 1, gaps: [gapX, gapY] = [0, 0], inPlace = false } = settings;
  const [N, C, H, W] = x.shape;
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const image = Float32Array.from(channelsLast(x, C + gapX));
  const at = inPlace ? arena.putMutable(image, "x") : arena.put(image, "x");
  const y = inPlace ? at : arena.reserve(N * H * W * (C + gapY), Float32Array, "y");
  const scratch = arena.scratch(kernels.lrnScratch(C, size), "scratch");
  const [xStride, yStride] = [(C + gapX) * 4, (C + gapY) * 4];
  kernels.lrn(at, N * H * W, C, xStride, y, yStride, size, alpha, beta, bias, scratch);
  const want = wantedChannelsLast(lrn(x, size, alpha, beta, bias), C + gapY);
  arena.check([y, want]);
  const got = arena.floats(y);
  // The sum, bias and factor, whose errors the power may enlarge, the power itself and the quotient.
  expectClose(got, want, (size + 2) * Math.max(1, beta) + 3);
  return got;
}

describe.each(BUILDS)("lrn, %s build", (build) => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17])("%i channels, windows up to beyond them", (C) => {
    for (const size of [1, 2, 3, 4, 5, 8, 19]) {
      const x = new Random(C * 20 + size).tensor([2, C, 3, 2], 3);
      agree(build, x, size);
      agree(build, x, size, { gaps: [2, 3] });
    }
  });

  test.each([0.5, 0.75, 1, 0.25, 2, 0.6])("beta %f", (beta) => {
    for (const scale of [0.01, 1, 50]) {
      agree(build, new Random(7).tensor([1, 10, 4, 4], scale), 5, { beta, bias: 2, alpha: 1e-2 });
    }
  });

  test("in place", () => {
    const x = new Random(1).tensor([1, 11, 3, 3], 2);
    expectSameBits(agree(build, x, 5, { inPlace: true }), agree(build, x, 5));
  });

  test("the first channels do not depend on those out of their reach", () => {
    const x = new Random(2).tensor([1, 16, 1, 4], 2);
    const all = agree(build, x, 3);
    for (const C of [2, 3, 5, 6, 9, 15]) {
      const part = agree(build, { shape: [1, C, 1, 4], data: x.data.subarray(0, C * 4) }, 3);
      const keep = (_: number, pixel: number): boolean => pixel % 16 < C - 1;
      expectSameBits(
        part.filter((_, i) => i % C < C - 1),
        all.filter(keep),
      );
    }
  });

  test("NaN reaches as far as the window and no pixel further", () => {
    const x = new Random(3).tensor([1, 9, 1, 2]);
    x.data[4 * 2] = Number.NaN;
    const got = agree(build, x, 4);
    // Window of 4: one channel before, two behind.
    expect([...got].map((v, i) => (Number.isNaN(v) ? i : -1)).filter((i) => i >= 0)).toEqual([2, 3, 4, 5]);
  });
});
