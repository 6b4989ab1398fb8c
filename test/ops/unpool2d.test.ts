import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxUnpool2d } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";
import { describeBuilds, engineOf, errorOf, permuted, upload } from "./engines.ts";

describeBuilds("maxUnpool2d", (engine) => {
  /** Distinct places for each plane, as a pool whose windows do not meet gives them. */
  function check(
    N: number,
    C: number,
    H: number,
    W: number,
    OH: number,
    OW: number,
    inputLayout: "nchw" | "nhwc",
  ): void {
    const random = new Random(H * W + C);
    const x = random.tensor([N, C, H, W]);
    const places = Array.from({ length: N * C }, () => Array.from(random.permutation(OH * OW).subarray(0, H * W)));
    const indices = { shape: [N, C, H, W], data: Float32Array.from(places.flat()) };
    const want = maxUnpool2d(x, indices.data, [N, C, OH, OW], { perPlane: true });
    const there = inputLayout === "nhwc" ? [0, 2, 3, 1] : [0, 1, 2, 3];
    engine().scope(() => {
      const given = permuted(indices, there);
      const y = engine().maxUnpool2d(
        upload(engine(), permuted(x, there)),
        engine().tensor(Int32Array.from(given.data), given.shape),
        { outputSizes: [OH, OW], inputLayout },
      );
      expect(y.shape).toEqual(inputLayout === "nhwc" ? [N, OH, OW, C] : [N, C, OH, OW]);
      const found = { shape: y.shape, data: y.data as Float32Array };
      expectExact(inputLayout === "nhwc" ? permuted(found, [0, 3, 1, 2]).data : found.data, want);
    });
  }

  test("random draws", () => {
    const size = fc.integer({ min: 1, max: 5 });
    const draw = fc.record({
      N: fc.nat(2),
      C: fc.integer({ min: 1, max: 9 }),
      H: size,
      W: size,
      OH: size,
      OW: size,
      nhwc: fc.boolean(),
    });
    fc.assert(
      fc.property(draw, ({ N, C, H, W, OH, OW, nhwc }) => {
        check(N, C, Math.min(H, OH), Math.min(W, OW), OH, OW, nhwc ? "nhwc" : "nchw");
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  test.each(["nchw", "nhwc"] as const)("brings back what maxPool2dWithIndices kept (%s)", (inputLayout) => {
    const x = new Random(51).tensor([2, 5, 6, 8]);
    const y = engine().scope(() => {
      const there = inputLayout === "nhwc" ? [0, 2, 3, 1] : [0, 1, 2, 3];
      const given = upload(engine(), permuted(x, there));
      const options = { windowDimensions: 2, strides: 2, inputLayout };
      const { values, indices } = engine().maxPool2dWithIndices(given, options);
      const back = engine().maxUnpool2d(values, indices, { outputSizes: [6, 8], inputLayout });
      // Pooled again it is the same: every value stands in its window, zeros beside it.
      const again = engine().maxPool2d(
        engine().maxUnpool2d(values, indices, { outputSizes: [6, 8], inputLayout }),
        options,
      );
      expect(again.data).toEqual((values.data as Float32Array).map((v) => Math.max(v, 0)));
      return permuted(
        { shape: back.shape, data: back.data as Float32Array },
        inputLayout === "nhwc" ? [0, 3, 1, 2] : there,
      );
    });
    let kept = 0;
    y.data.forEach((value, i) => {
      if (value === 0) return;
      kept++;
      expect(value).toBe(x.data[i]);
    });
    expect(kept).toBe(2 * 5 * 3 * 4);
  });

  test("of values for one place the last stays; -1 is no place", () => {
    const x = engine().tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const indices = engine().tensor(Int32Array.of(2, 0, 2, -1), [1, 1, 2, 2]);
    const y = engine().maxUnpool2d(x, indices, { outputSizes: [1, 4] });
    expect(y.data).toEqual(Float32Array.of(2, 0, 3, 0));
    for (const each of [x, indices, y]) each.dispose();
  });

  test("an index beyond the image is an error, not a write somewhere else", () => {
    for (const wrong of [4, -2, 2 ** 31 - 1, -(2 ** 31)]) {
      engine().scope(() => {
        const x = engine().tensor([1, 2, 3, 4], [1, 2, 1, 2]);
        const indices = engine().tensor(Int32Array.of(0, 1, 2, wrong), [1, 2, 1, 2]);
        expect(errorOf(() => engine().maxUnpool2d(x, indices, { outputSizes: 2 }))).toEqual({
          name: "ArgumentError",
          code: "argument",
          message: `maxUnpool2d: indices expected places from -1 to 3 of 2x2 images, got ${wrong}`,
        });
        expect(engine().memory.tensors).toBe(2);
      });
    }
  });
});

describe("maxUnpool2d refuses", async () => {
  const engine = await engineOf("release");
  const x = upload(engine, new Random(1).tensor([1, 2, 2, 2]));
  const indices = engine.tensor(new Int32Array(8), [1, 2, 2, 2]);
  const other = engine.tensor(new Int32Array(8), [2, 1, 2, 2]);
  const integers = "expected an integer >= 1 or a pair [height, width] of such, got";
  test.each<[string, string, () => unknown]>([
    [
      "ArgumentError",
      "maxUnpool2d: indices expected int32, got float32",
      () => engine.maxUnpool2d(x, x, { outputSizes: 4 }),
    ],
    [
      "ArgumentError",
      "maxUnpool2d: x expected float32, got int32",
      () => engine.maxUnpool2d(indices, indices, { outputSizes: 4 }),
    ],
    [
      "ShapeError",
      "maxUnpool2d: indices expected shape [1, 2, 2, 2], got [2, 1, 2, 2]",
      () => engine.maxUnpool2d(x, other, { outputSizes: 4 }),
    ],
    [
      "ArgumentError",
      `maxUnpool2d: outputSizes ${integers} [4, 0]`,
      () => engine.maxUnpool2d(x, indices, { outputSizes: [4, 0] }),
    ],
    [
      "ArgumentError",
      "maxUnpool2d: option expected outputSizes, inputLayout, got windowDimensions",
      () => engine.maxUnpool2d(x, indices, { windowDimensions: 2 } as never),
    ],
    [
      "ArgumentError",
      "maxUnpool2d: options expected an object with outputSizes, inputLayout, got undefined",
      () => engine.maxUnpool2d(x, indices, undefined as never),
    ],
  ])("%s: %s", (name, message, body) => {
    expect(errorOf(body)).toMatchObject({ name, message });
  });
});
