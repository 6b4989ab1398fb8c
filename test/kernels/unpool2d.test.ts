import { describe, expect, test } from "vitest";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";

/** N images of P places and C channels, given channels last or in planes, spread over Q places. */
function run(build: Build, [N, P, C, Q]: readonly number[], channelsLast: boolean, places: Int32Array) {
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const values = new Random(P).values(N * P * C);
  const x = arena.put(values);
  const indices = arena.put(places);
  const y = arena.putMutable(new Float32Array(N * Q * C));
  const [pStep, cStep, qStep, yStep] = channelsLast ? [C * 4, 4, C * 4, 4] : [4, P * 4, 4, Q * 4];
  const wrong = kernels.maxUnpool2d(x, indices, N, P, C, pStep, cStep, y, Q, qStep, yStep);
  arena.check();
  return { wrong, values, y: arena.floats(y) };
}

describe.each(BUILDS)("maxUnpool2d (%s build)", (build) => {
  test.each([
    [1, 1, 1, 1],
    [2, 6, 3, 24],
    [1, 5, 4, 7],
    [3, 2, 9, 2],
    [0, 2, 2, 4],
  ])("%i images of %i places and %i channels to %i places", (...size) => {
    const [N, P, C, Q] = size;
    for (const channelsLast of [true, false]) {
      const random = new Random(Q);
      const element = (n: number, p: number, c: number) => n * P * C + (channelsLast ? p * C + c : c * P + p);
      const places = new Int32Array(N * P * C);
      for (let n = 0; n < N; n++) {
        for (let c = 0; c < C; c++) {
          const free = random.permutation(Q);
          for (let p = 0; p < P; p++) places[element(n, p, c)] = p === 1 ? -1 : free[p];
        }
      }
      const { wrong, values, y } = run(build, size, channelsLast, places);
      expect(wrong).toBe(-1);
      const want = new Float32Array(N * Q * C);
      for (let n = 0; n < N; n++) {
        for (let c = 0; c < C; c++) {
          for (let p = 0; p < P; p++) {
            const q = places[element(n, p, c)];
            if (q >= 0) want[n * Q * C + (channelsLast ? q * C + c : c * Q + q)] = values[element(n, p, c)];
          }
        }
      }
      expect(y).toEqual(want);
    }
  });

  test.each([4, -2, 2 ** 31 - 1, -(2 ** 31)])("stops at the index %i and writes nothing outside", (index) => {
    for (const channelsLast of [true, false]) {
      const places = Int32Array.of(0, 1, 2, index, 3, 0, 1, 2);
      expect(run(build, [2, 2, 2, 4], channelsLast, places).wrong).toBe(3);
    }
  });
});
