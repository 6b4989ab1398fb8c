import type { Contestant, Timing } from "./engines/engine.ts";

/**
 * Runs are timed in batches of at least this long, or of so many steps of the clock where those are longer. A batch begins with caches
 * full of what another engine left there; the first runs of a layer of 5 MB then take up to five times as long as those to come.
 */
const BATCH_MS = 20;
const BATCH_STEPS = 200;

/** A contestant is warm after this long, and when it has not become faster by more than 2 % for the time after that. */
const WARM_UP_MS = 500;
const STEADY_MS = 400;
const WARM_UP_LIMIT_MS = 8000;

/** A least time counts once so many samples are within 3 % of it; rounds go on for that, up to so many times those asked for. */
const CONFIRMED = 3;
const MORE_ROUNDS = 6;

export type Clock = () => number;

/**
 * Times all contestants in turn, round after round, each round beginning with another, after warming them up. There are more
 * rounds than asked for where the machine is so busy that a contestant's least time may be chance.
 */
export async function race(
  contestants: readonly Pick<Contestant, "time">[],
  rounds: number,
  clock: Clock = () => performance.now(),
): Promise<Timing[]> {
  const least = Math.max(BATCH_MS, BATCH_STEPS * clockStep(clock));
  const batches: number[] = [];
  for (const contestant of contestants) batches.push(await warmUp(contestant, least, clock));
  const samples = contestants.map((): number[] => []);
  const enough = Math.min(CONFIRMED, rounds);
  for (let round = 0; round < MORE_ROUNDS * rounds; round++) {
    if (round >= rounds && samples.every((each) => isConfirmed(each, enough))) break;
    for (let turn = 0; turn < contestants.length; turn++) {
      const i = (round + turn) % contestants.length;
      samples[i].push((await contestants[i].time(batches[i])) / batches[i]);
    }
  }
  return samples.map(summary);
}

function isConfirmed(samples: readonly number[], enough: number): boolean {
  const near = 1.03 * Math.min(...samples);
  return samples.filter((ms) => ms <= near).length >= enough;
}

/** Milliseconds by which the clock goes on: browsers make it coarse. */
export function clockStep(clock: Clock): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = clock();
    let now = start;
    while (now === start) now = clock();
    least = Math.min(least, now - start);
  }
  return least;
}

/**
 * Runs until the runtime has optimised what runs: engines compile in the background, which takes long for large modules, and until
 * then run code several times slower. Gives the size of a batch, which takes at least `least` milliseconds.
 */
async function warmUp(contestant: Pick<Contestant, "time">, least: number, clock: Clock): Promise<number> {
  const start = clock();
  let best = Number.POSITIVE_INFINITY;
  let improved = start;
  let batch = 1;
  for (let now = start; now < start + WARM_UP_LIMIT_MS; ) {
    const ms = await contestant.time(batch);
    now = clock();
    if (ms < least) {
      // Too short to tell: a batch that gave nothing at all may be far too short.
      batch = Math.ceil(batch * Math.min(16, Math.max(1.25, (1.1 * least) / ms)));
      continue;
    }
    if (ms / batch < 0.98 * best) improved = now;
    best = Math.min(best, ms / batch);
    batch = Math.max(1, Math.ceil(least / best));
    if (now > start + WARM_UP_MS && now > improved + STEADY_MS) break;
  }
  return batch;
}

export function summary(values: readonly number[]): Timing {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return { min: sorted[0], median: (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2 };
}
