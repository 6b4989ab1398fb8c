import type { Contestant, EngineName, Timing } from "./engines/engine.ts";

/** Runs are timed in batches of at least this long, so that a coarse clock does not show. */
const BATCH_MS = 4;
const WARM_UP_MS = 200;
const WARM_UP_BATCHES = 3;

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

/** Runs until the runtime has had time to optimise; gives the size of a batch. */
async function warmUp(contestant: Contestant): Promise<number> {
  let batch = 1;
  let least = Number.POSITIVE_INFINITY;
  const end = performance.now() + WARM_UP_MS;
  for (let i = 0; i < WARM_UP_BATCHES || performance.now() < end; i++) {
    least = Math.min(least, (await contestant.time(batch)) / batch);
    batch = Math.max(1, Math.min(1000, Math.ceil(BATCH_MS / Math.max(least, 1e-3))));
  }
  return batch;
}

export function summary(values: readonly number[]): Timing {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return { min: sorted[0], median: (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2 };
}
