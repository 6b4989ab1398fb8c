import type { Addresses, Prepared } from "../ops/prepared.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Runs after which the choice is made: the engine has compiled the kernels for good long before. */
const TRIALS = 40;

/**
 * A step of a plan: what `prepared` does at `at`. Its first runs use the two loops of the micro-kernels in turn (see `unrolled` in
 * assembly/gemm-context.ts), the others the one whose fastest run took less time here. The results are the same. Where the clock
 * stands still, the loop of four is kept.
 */
export function timedStep(kernels: Kernels, prepared: Prepared, at: Addresses): () => void {
  const least = [Infinity, Infinity];
  let runs = 0;
  return () => {
    const loop = runs < TRIALS ? ++runs & 1 : +(least[1] <= least[0]);
    kernels.unrolled.value = loop;
    const start = performance.now();
    prepared.run(kernels, at);
    least[loop] = Math.min(least[loop], performance.now() - start);
  };
}
