import type { Addresses, Prepared } from "../ops/prepared.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Of so many runs every other, and from then on one in as many, goes by the slower loop, lest a hiccup decide for good. */
const TRIALS = 64;

/**
 * A step of a plan: what `prepared` does at `at`, by that of the two loops of the micro-kernels (see `unrolled` in
 * assembly/convolution/gemm-context.ts) whose fastest run took less time here. The results are the same. Where the clock stands still,
 * it is the loop of four.
 */
export function timedStep(kernels: Kernels, prepared: Prepared, at: Addresses): () => void {
  const least = [Infinity, Infinity];
  let runs = 0;
  return () => {
    const faster = +(least[1] <= least[0]);
    const loop = ++runs % (runs < TRIALS ? 2 : TRIALS) ? faster : 1 - faster;
    kernels.unrolled.value = loop;
    const start = performance.now();
    prepared.run(kernels, at);
    least[loop] = Math.min(least[loop], performance.now() - start);
  };
}
