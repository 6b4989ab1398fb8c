import { afterEach, expect, test, vi } from "vitest";
import { timedStep } from "../../src/graph/timed-step.ts";
import type { Prepared } from "../../src/ops/prepared.ts";
import type { Kernels } from "../../src/wasm/kernels.ts";

afterEach(() => vi.restoreAllMocks());

/** How often a step of `runs` runs uses the loop of four, first and last, where the loops take so many milliseconds. */
function share(runs: number, plain: number, four: number, hiccup = -1): { early: number; late: number } {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const kernels = { unrolled: { value: 1 } } as unknown as Kernels;
  const used: number[] = [];
  const prepared = {
    run() {
      used.push(kernels.unrolled.value);
      now += (kernels.unrolled.value ? four : plain) + (used.length <= hiccup ? 100 : 0);
    },
  } as unknown as Prepared;
  const step = timedStep(kernels, prepared, { inputs: [], outputs: [], scratch: 0, packed: 0 });
  for (let i = 0; i < runs; i++) step();
  const mean = (some: readonly number[]) => some.reduce((sum, value) => sum + value, 0) / some.length;
  return { early: mean(used.slice(0, 62)), late: mean(used.slice(64)) };
}

test("a step tries both loops and keeps the faster one", () => {
  expect(share(1000, 2, 1).early).toBe(0.5);
  expect(share(1000, 2, 1).late).toBeGreaterThan(0.98);
  expect(share(1000, 1, 2).late).toBeLessThan(0.02);
});

test("a slow beginning does not decide, nor does one without end", () => {
  expect(share(1000, 2, 1, 40).late).toBeGreaterThan(0.98);
  expect(share(5000, 1, 2, 200).late).toBeLessThan(0.1);
});

test("where the clock stands still, the loop of four stays", () => {
  expect(share(1000, 0, 0).late).toBeGreaterThan(0.98);
});
