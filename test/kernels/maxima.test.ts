// The rows of windows that max pooling takes together: assembly/image/maxima.ts.

import { describe, expect, test } from "vitest";
import { BUILDS, instance } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { expectSameBits } from "../support/tolerance.ts";
import { agree, random } from "./pools.ts";

describe.each(BUILDS)("rows of maxima of three columns, two columns apart, %s build", (build) => {
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

  test("nothing is read behind an image at the end of memory", () => {
    const { kernels, memory, heapBase } = instance(build);
    for (const [H, W] of [
      [5, 5],
      [5, 6],
      [6, 6],
      [1, 2],
    ]) {
      for (const C of [4, 16, 22]) {
        const x = memory.buffer.byteLength - H * W * C * 4;
        for (const pad of [0, 1]) {
          const OW = Math.ceil((W + pad) / 2);
          // The last row's windows hang over below, or end with the image.
          for (const OH of [Math.ceil(H / 2), Math.max(1, (H + pad - 1) >> 1)]) {
            const image = [x, 1, H, W, C, C * 4, heapBase, OH, OW, C * 4] as const;
            expect(() => kernels.maxPool2d(...image, 3, 3, 2, 2, 1, 1, pad, pad, 0, 0)).not.toThrow();
          }
        }
      }
    }
  });

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
