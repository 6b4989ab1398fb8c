import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Lifetime, planMemory } from "../../src/graph/memory-plan.ts";
import { loadModel } from "../../src/index.ts";
import { readBytes, shared } from "../support/fixtures.ts";

const piece = fc
  .tuple(fc.oneof(fc.nat(300), fc.nat(200_000)), fc.nat(30), fc.nat(8))
  .map(([bytes, first, length]): Lifetime => ({ bytes, first: first - 1, last: first - 1 + length }));

test("pieces alive at the same time lie apart, aligned, within the arena", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { offsets, arenaBytes, lowerBound } = planMemory(pieces);
      expect(offsets).toHaveLength(pieces.length);
      for (const [i, a] of pieces.entries()) {
        expect(offsets[i] % 64).toBe(0);
        expect(offsets[i] + a.bytes).toBeLessThanOrEqual(arenaBytes);
        for (const [j, b] of pieces.entries()) {
          if (j <= i || a.first > b.last || b.first > a.last || a.bytes * b.bytes === 0) continue;
          const apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
          expect(apart, `pieces ${i} and ${j}`).toBe(true);
        }
      }
      expect(arenaBytes).toBeGreaterThanOrEqual(lowerBound);
    }),
    { numRuns: 500, seed: 7 },
  );
});

test("the lower bound is the most that lives at one step", () => {
  const pieces = [
    { bytes: 640, first: -1, last: 0 },
    { bytes: 64, first: 0, last: 1 },
    { bytes: 100, first: 1, last: 2 },
    { bytes: 1000, first: 2, last: 2 },
  ];
  expect(planMemory(pieces).lowerBound).toBe(128 + 1024);
  expect(planMemory([]).arenaBytes).toBe(0);
});

test("what lives one after the other takes the same memory", () => {
  const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 4096, first: i, last: i + 1 }));
  expect(planMemory(chain).arenaBytes).toBe(8192);
});

test("large pieces start at different places of a page", () => {
  const large = Array.from({ length: 4 }, () => ({ bytes: 100_000, first: 0, last: 0 }));
  expect(new Set(planMemory(large).offsets.map((offset) => offset % 4096)).size).toBe(4);
});

test("large pieces of steps one after the other start an odd number of cache lines apart", () => {
  // An image, then one and scratch memory in turn.
  const steps = Array.from({ length: 9 }, (_, i) => [
    { bytes: 100_000, first: i - 1, last: i },
    ...(i % 2 ? [{ bytes: 50_000, first: i - 1, last: i - 1 }] : []),
  ]);
  const pieces = steps.flat();
  const { offsets } = planMemory(pieces);
  const lines = steps.map(([image]) => offsets[pieces.indexOf(image)] / 64);
  for (const [i, line] of lines.slice(1).entries()) expect(Math.abs(line - lines[i]) % 2).toBe(1);
});

describe("arenas of real models", () => {
  const models = [
    "squeezenet1.1",
    "mnist-8",
    "mnist-pytorch",
    "mobilenetv2-int8-qdq",
    "ultraface",
    "yolox-nano",
    "super-resolution",
  ];
  for (const name of models) {
    const path = shared(`models/${name}/model.onnx`);
    const run = path ? test : test.skip;
    run(
      `${name} needs at most a tenth more than it must${path ? "" : " (skipped: ../shared/models is absent)"}`,
      async () => {
        const model = await loadModel(readBytes(path as string));
        model.layers(
          Object.fromEntries(
            model.inputs.map(({ name, shape }) => [name, (shape ?? []).map((d) => (typeof d === "number" ? d : 1))]),
          ),
        );
        const { arena, arenaLowerBound, weights, total } = model.memory;
        console.log(`${name}: arena ${arena} bytes, at least ${arenaLowerBound}; weights ${weights}, in all ${total}`);
        expect(arena).toBeLessThanOrEqual(arenaLowerBound * 1.1);
        expect(total).toBeLessThanOrEqual(weights + arena + 4 * 2 ** 20);
        model.dispose();
      },
    );
  }
});
