import type { Kernels } from "../wasm/kernels.ts";
import { prepareWalk } from "./strided.ts";
import type { Window } from "./window.ts";

/** What stands in the padding: zeros, the image mirrored at its edge places, its edge places, or the opposite side. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Channels-last images with their padding written out: [N, H, W, C]. */
export interface PaddedImages {
  readonly H: number;
  readonly W: number;
  readonly bytes: number;
  write(kernels: Kernels, from: number, to: number): void;
}

/** Prepares images [N, IH, IW, C] to be copied into a larger array with the padding of `window` around each. */
export function padImages(N: number, C: number, window: Window, mode: PaddingMode = "zeros"): PaddedImages {
  const { IH, IW, PT, PB, PL, PR } = window;
  const H = IH + PT + PB;
  const W = IW + PL + PR;
  const line = W * C;
  const image = H * line;
  const inside = PT * line + PL * C;
  const middle = prepareWalk({ shape: [N, IH, IW * C], from: [IH * IW * C, IW * C, 1], to: [image, line, 1] });
  // Both copies are within the padded images: columns beside the rows of the image, then whole rows above and below.
  const columns = (count: number) => (source: number, step: number, target: number) =>
    copyWithin(
      [N, IH, count, C],
      [image, line, step * C, 1],
      [image, line, C, 1],
      PT * line + source * C,
      PT * line + target * C,
    );
  const rows = (count: number) => (source: number, step: number, target: number) =>
    copyWithin([N, count, line], [image, step * line, 1], [image, line, 1], source * line, target * line);
  const border = mode === "zeros" ? [] : [...mirrors(mode, IW, PL, PR, columns), ...mirrors(mode, IH, PT, PB, rows)];
  return {
    H,
    W,
    bytes: N * image * 4,
    write(k, from, to) {
      if (mode === "zeros") k.fill(to, N * image, 0);
      middle(k, from, to + inside * 4);
      for (const copy of border) copy(k, to);
    },
  };
}

type CopyLines = (source: number, step: number, target: number) => (kernels: Kernels, images: number) => void;

/** The copies that fill `before` and `after` places of an axis from the `extent` places between them. */
function mirrors(
  mode: PaddingMode,
  extent: number,
  before: number,
  after: number,
  lines: (count: number) => CopyLines,
) {
  const first = before;
  const last = before + extent - 1;
  const behind = last + 1;
  const copies = [];
  if (before > 0) {
    const [source, step] =
      mode === "reflect" ? [first + before, -1] : mode === "replicate" ? [first, 0] : [behind - before, 1];
    copies.push(lines(before)(source, step, 0));
  }
  if (after > 0) {
    const [source, step] = mode === "reflect" ? [last - 1, -1] : mode === "replicate" ? [last, 0] : [first, 1];
    copies.push(lines(after)(source, step, behind));
  }
  return copies;
}

function copyWithin(shape: number[], from: number[], to: number[], source: number, target: number) {
  const copy = prepareWalk({ shape, from, to });
  return (k: Kernels, images: number) => copy(k, images + source * 4, images + target * 4);
}

/** Most padding that an axis of `extent` places can have in a mode. */
export function largestPadding(mode: PaddingMode, extent: number): number {
  if (mode === "reflect") return Math.max(0, extent - 1);
  if (mode === "circular") return extent;
  return extent > 0 || mode === "zeros" ? Number.POSITIVE_INFINITY : 0;
}
