import { describe, expect, test } from "vitest";
import { col2im } from "../reference.ts";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose } from "../support/tolerance.ts";

// [planes, H, W, KH, KW, strides, dilations, top, left, bottom, right]: rows of 1 to 13 places, so that vectors, tails and neither occur.
const CASES = [
  [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0],
  [2, 13, 11, 3, 3, 1, 1, 1, 1, 1, 1],
  [3, 7, 13, 2, 3, 1, 1, 0, 0, 0, 0],
  [1, 5, 4, 3, 3, 2, 1, 2, 1, 0, 1],
  [2, 13, 11, 2, 2, 3, 1, 0, 0, 0, 0],
  [1, 9, 9, 3, 2, 1, 2, 2, 3, 1, 0],
  [2, 2, 3, 2, 2, 1, 1, 3, 5, 4, 2],
  [1, 4, 1, 2, 1, 2, 3, 1, 0, 0, 0],
  [0, 4, 4, 2, 2, 1, 1, 0, 0, 0, 0],
];

describe.each(BUILDS)("col2im (%s build)", (build) => {
  test.each(CASES)("%i planes of %ix%i, window %ix%i, stride %i, dilation %i, padding %i %i %i %i", (...c) => {
    const [P, H, W, KH, KW, S, D, top, left, bottom, right] = c;
    const OH = Math.floor((H + top + bottom - D * (KH - 1) - 1) / S) + 1;
    const OW = Math.floor((W + left + right - D * (KW - 1) - 1) / S) + 1;
    const x = new Random(W).tensor([1, P * KH * KW, OH * OW]);
    const options = { strides: S, dilations: D, padding: [top, left, bottom, right] };
    const want = col2im(x, [H, W], [KH, KW], options);
    const { kernels, memory, heapBase } = instance(build);
    const arena = new GuardedArena(memory, heapBase);
    const from = arena.put(x.data);
    const to = arena.reserve(P * H * W);
    kernels.col2im(from, P, to, H, W, OH, OW, KH, KW, S, S, D, D, top, left);
    arena.check([to, want]);
    expectClose(arena.floats(to), want);
    expect(want.shape).toEqual([1, P, H, W]);
  });
});
