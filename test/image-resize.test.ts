import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Filter, fromPixels, type Picture } from "../src/image/index.ts";

/** Pixels in, levels 0..255 out: one channel for a grey picture, three otherwise. */
function resize(picture: Picture, height: number, width: number, filter: Filter = "bilinear"): number[] {
  const grayscale = picture.data.length === picture.height * picture.width;
  const { data } = fromPixels(picture, { size: [height, width], filter, grayscale, range: [0, 255] });
  return Array.from(data);
}

const grey = (height: number, width: number, ...values: number[]): Picture => ({
  data: Uint8Array.from(values),
  height,
  width,
});

const FILTERS: Filter[] = ["bilinear", "bicubic", "nearest"];

describe("resize", () => {
  test("bilinear doubles a row and a column", () => {
    // Centres of the output fall at -0.25, 0.25, 0.75, 1.25 of the input; the ends have one tap only.
    expect(resize(grey(1, 2, 0, 100), 1, 4)).toEqual([0, 25, 75, 100]);
    expect(resize(grey(2, 1, 0, 100), 4, 1)).toEqual([0, 25, 75, 100]);
  });

  test("bilinear halves a row with a window of four pixels", () => {
    // Support 2: weights of the distances 0.5 and 1.5 are 0.75 and 0.25, cut off and rescaled at the borders.
    // First output: pixels 0, 1, 2 with 0.75, 0.75, 0.25 over 1.75.
    expect(resize(grey(1, 4, 0, 70, 140, 210), 1, 2)).toEqual([50, 160]);
  });

  test("bicubic overshoots where bilinear does not, and is clamped", () => {
    // At a quarter of the way from the edge, weights of the taps -0.0703125, 0.8671875, 0.2265625, -0.0234375.
    const row = grey(1, 8, 50, 50, 50, 50, 200, 200, 200, 200);
    const cubic = resize(row, 1, 16, "bicubic");
    expect(cubic[8]).toBe(Math.round(50 * (-0.0234375 + 0.2265625) + 200 * (0.8671875 - 0.0703125)));
    expect(Math.max(...cubic)).toBeGreaterThan(200);
    expect(Math.max(...resize(row, 1, 16, "bilinear"))).toBe(200);
    expect(Math.max(...resize(grey(1, 4, 0, 0, 255, 255), 1, 8, "bicubic"))).toBe(255);
  });

  test("nearest takes the pixel under the centre", () => {
    expect(resize(grey(1, 4, 1, 2, 3, 4), 1, 2, "nearest")).toEqual([2, 4]);
    expect(resize(grey(1, 2, 1, 2), 1, 5, "nearest")).toEqual([1, 1, 2, 2, 2]);
  });

  test("columns come first and each pass rounds to 8 bits", () => {
    // Halving rows of (0, 1) and (0, 0) gives 0.5 -> 1 and 0; then 0.5 -> 1. Rounded once, 0.25 would be 0.
    expect(resize(grey(2, 2, 0, 1, 0, 0), 1, 1)).toEqual([1]);
  });

  test("a shrunk checkerboard is grey, unless nearest", () => {
    const board = grey(64, 64, ...Array.from({ length: 64 * 64 }, (_, i) => ((i + (i >> 6)) % 2) * 255));
    for (const level of resize(board, 8, 8)) expect(Math.abs(level - 127.5)).toBeLessThanOrEqual(1.5);
    for (const level of resize(board, 8, 8, "bicubic")) expect(Math.abs(level - 127.5)).toBeLessThanOrEqual(2.5);
    expect(new Set(resize(board, 8, 8, "nearest"))).not.toContain(128);
  });

  test("every size keeps a constant picture constant", () => {
    const extent = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        extent,
        extent,
        extent,
        extent,
        fc.nat(255),
        fc.constantFrom(...FILTERS),
        (h, w, oh, ow, level, filter) => {
          const result = resize({ data: new Uint8Array(h * w * 3).fill(level), height: h, width: w }, oh, ow, filter);
          expect(result).toEqual(new Array(oh * ow * 3).fill(level));
        },
      ),
    );
  });

  test("the same size gives the same pixels, and channels do not mix", () => {
    const extent = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        extent,
        extent,
        extent,
        extent,
        fc.constantFrom(...FILTERS),
        fc.nat(),
        (h, w, oh, ow, filter, seed) => {
          const plane = (c: number) =>
            Uint8Array.from({ length: h * w }, (_, i) => ((i + c * 997 + seed) * 2654435761) >>> 24);
          const planes = [plane(0), plane(1), plane(2)];
          const data = Uint8Array.from({ length: h * w * 3 }, (_, i) => planes[i % 3][Math.floor(i / 3)]);
          const together = resize({ data, height: h, width: w }, oh, ow, filter);
          const apart = planes.flatMap((values) => resize({ data: values, height: h, width: w }, oh, ow, filter));
          expect(together).toEqual(apart);
          expect(resize({ data, height: h, width: w }, h, w, filter)).toEqual(
            planes.flatMap((values) => Array.from(values)),
          );
        },
      ),
    );
  });

  test("mirrored pictures give mirrored results", () => {
    const extent = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(extent, extent, fc.array(fc.nat(255), { minLength: 20, maxLength: 20 }), (w, ow, pool) => {
        const values = pool.slice(0, w);
        const there = resize(grey(1, w, ...values), 1, ow);
        const back = resize(grey(1, w, ...values.toReversed()), 1, ow).toReversed();
        // Weights may round differently by one unit in 2^22, so levels by one.
        there.forEach((level, i) => {
          expect(Math.abs(level - back[i])).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});
