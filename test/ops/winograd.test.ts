import { describe, expect, test } from "vitest";
import { type Conv2dSpec, prepareConv2d } from "../../src/ops/convolve.ts";
import { resolveWindow } from "../../src/ops/window.ts";
import { conv2d as oracle } from "../reference.ts";
import { Random } from "../support/random.ts";
import { worstError } from "../support/tolerance.ts";
import { compute, engineOf } from "./engines.ts";

/** The algorithm for N images of side I, with a 3x3 window and padding 1. */
function algorithm(N: number, I: number, IC: number, OC: number, options: Partial<Conv2dSpec> = {}): string {
  const window = resolveWindow("test", [I, I], [3, 3], { padding: 1 });
  const filter = { oc: IC * 9, ic: 9, tap: 1 };
  const epilogue = { lo: 0, hi: 6, code: 0, alpha: 0, beta: 0 };
  return prepareConv2d({ N, IC, OC, groups: 1, window, filter, epilogue, residual: false, ...options }).algorithm;
}

describe("3x3 convolutions of stride 1 go by", () => {
  test.each([
    [1, 56, 64, 64],
    [1, 7, 128, 128],
    [1, 208, 12, 16],
    [1, 112, 8, 8],
    [4, 7, 512, 512],
  ])("F(4,3): %i images, side %i, %i to %i channels", (N, I, IC, OC) => {
    expect(algorithm(N, I, IC, OC)).toBe("winograd F(4,3)");
  });

  test.each([
    [1, 6, 128, 128],
    [1, 4, 32, 32],
    [1, 10, 512, 512],
    [1, 56, 16, 10],
    [1, 224, 32, 9],
    [1, 7, 512, 512], // 38 MB of weights transformed for F(4,3)
  ])("F(2,3): %i images, side %i, %i to %i channels", (N, I, IC, OC) => {
    expect(algorithm(N, I, IC, OC)).toBe("winograd F(2,3)");
  });

  test.each([
    [1, 3, 128, 128],
    [1, 1, 64, 64],
    [1, 56, 4, 64],
    [1, 56, 64, 4],
    [1, 56, 10, 16],
  ])("the direct way: %i images, side %i, %i to %i channels", (N, I, IC, OC) => {
    expect(algorithm(N, I, IC, OC)).not.toContain("winograd");
  });

  test("the direct way where asked to, and in groups", () => {
    expect(algorithm(1, 56, 64, 64, { numerics: "direct" })).not.toContain("winograd");
    expect(algorithm(1, 56, 64, 64, { groups: 2 })).not.toContain("winograd");
  });

  test.each([
    [7, 8, 12],
    [11, 12, 8],
    [5, 16, 20],
  ])("a way that stays close to the direct one: side %i, %i to %i channels", async (I, IC, OC) => {
    const random = new Random(I);
    const [x, filter] = [random.tensor([2, IC, I, I]), random.tensor([OC, IC, 3, 3])];
    const engine = await engineOf("release");
    const { data } = compute(engine, [x, filter], (image, weights) => engine.conv2d(image, weights, { padding: 1 }));
    expect(worstError(data, oracle(x, filter, { padding: 1 }))).toBeLessThan(14);
  });
});
