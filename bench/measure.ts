import type { Contestant, EngineName, Timing } from "./engines/engine.ts";

/** Runs are timed in batches of at least this long, so that a coarse clock does not show. */
const BATCH_MS = 4;

/** A contestant is warm after this long, and when it has not become faster by more than 2 % for the time after that. */
const WARM_UP_MS = 500;
const STEADY_MS = 400;
const WARM_UP_LIMIT_MS = 8000;

/** Times all contestants in turn, round after round, each round beginning with another, after warming them up. */
export async function race(contestants: readonly Contestant[], rounds: number): Promise<Map<EngineName, Timing>> {
  const batches: number[] = [];
  for (const contestant of contestants) batches.push(await warmUp(contestant));
  const samples = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const i = (round + turn) % contestants.length;
      samples[i].push((await contestants[i].time(batches[i])) / batches[i]);
    }
  }
  return new Map(contestants.map(({ engine }, i) => [engine, summary(samples[i])]));
}

/**
 * Runs until the runtime has optimised what runs: engines compile in the background, which takes long for large modules, and until
 * then run code several times slower. Gives the size of a batch.
 */
async function warmUp(contestant: Contestant): Promise<number> {
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  let improved = start;
  let batch = 1;
  for (let now = start; now < start + WARM_UP_LIMIT_MS; ) {
    const ms = (await contestant.time(batch)) / batch;
    now = performance.now();
    if (ms < 0.98 * best) improved = now;
    best = Math.min(best, ms);
    batch = Math.max(1, Math.min(1000, Math.ceil(BATCH_MS / Math.max(best, 1e-3))));
    if (now > start + WARM_UP_MS && now > improved + STEADY_MS) break;
  }
  return batch;
}

export function summary(values: readonly number[]): Timing {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return { min: sorted[0], median: (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2 };
}
