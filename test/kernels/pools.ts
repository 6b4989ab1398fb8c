import {
  averagePool2d,
  lpPool2d,
  type MaxPoolReference,
  maxPool2d,
  type Plain,
  type PoolOptions,
  type Reference,
} from "../reference.ts";
import { type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { channelsLast, wantedChannelsLast } from "./images.ts";

export const KINDS = ["max", "max with indices", "average", "padded average", "l1", "l2"] as const;
type Kind = (typeof KINDS)[number];

interface Settings extends Omit<PoolOptions, "window"> {
  padding?: readonly [number, number, number, number];
  strides?: readonly [number, number];
  dilations?: readonly [number, number];
  /** Floats between one pixel's last channel and the next pixel's first, in x and in y and indices. */
  gaps?: readonly [number, number];
  divisor?: number;
}

const reference = (kind: Kind, x: Plain, options: PoolOptions, divisor?: number): Reference => {
  if (kind === "max" || kind === "max with indices") return maxPool2d(x, options);
  if (kind === "l1" || kind === "l2") return lpPool2d(x, { ...options, p: kind === "l1" ? 1 : 2 });
  const override = divisor ? { divisorOverride: divisor } : {};
  return averagePool2d(x, { ...options, ...override, countIncludePad: kind === "padded average" });
};

/** Runs a kernel on x, holds it against the oracle, and returns its output. */
export function agree(
  build: Build,
  kind: Kind,
  x: Plain,
  window: readonly [number, number],
  settings: Settings = {},
): Float32Array {
  const [N, C, IH, IW] = x.shape;
  const { gaps: [gapX, gapY] = [0, 0], divisor = 0, ...options } = settings;
  const want = reference(kind, x, { window, ...options }, divisor);
  const [, , OH, OW] = want.shape;
  const [KH, KW] = window;
  const [SH, SW] = settings.strides ?? [1, 1];
  const [DH, DW] = settings.dilations ?? [1, 1];
  const [PT, PL, PB, PR] = settings.padding ?? [0, 0, 0, 0];
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const xPixel = C + gapX;
  const yPixel = C + gapY;
  const at = arena.put(Float32Array.from(channelsLast(x, xPixel)), "x");
  const y = arena.reserve(N * OH * OW * yPixel, Float32Array, "y");
  const withIndices = kind === "max with indices";
  const indices = withIndices ? arena.reserve(N * OH * OW * yPixel, Int32Array, "indices") : 0;
  const image = [at, N, IH, IW, C, xPixel * 4, y, OH, OW, yPixel * 4] as const;
  const sliding = [KH, KW, SH, SW, DH, DW, PT, PL] as const;
  if (kind === "l1" || kind === "l2") kernels.lpPool2d(...image, ...sliding, kind === "l1" ? 1 : 2);
  else if (kind === "average") kernels.averagePool2d(...image, ...sliding, PB, PR, 0, divisor);
  else if (kind === "padded average") kernels.averagePool2d(...image, ...sliding, PB, PR, 1, divisor);
  else kernels.maxPool2d(...image, ...sliding, indices, yPixel * 4);
  const last = wantedChannelsLast(want, yPixel);
  arena.check([y, last]);
  const got = arena.floats(y);
  if (kind === "max" || withIndices) expectExact(got, last);
  else expectClose(got, last);
  if (withIndices) {
    const places = channelsLast({ shape: want.shape, data: (want as MaxPoolReference).planeIndices }, yPixel);
    arena.read(indices).forEach((index, i) => {
      if (!Number.isNaN(places[i]) && index !== places[i])
        throw new Error(`index ${i}: got ${index}, want ${places[i]}`);
    });
  }
  return got;
}

export function random(seed: number, shape: readonly number[]): Plain {
  return new Random(seed).tensor(shape);
}
