import type { Plain } from "./plain.ts";

export interface NonMaxSuppressionOptions {
  /** Default 0: none. */
  maxOutputBoxesPerClass?: number;
  /** Boxes that overlap a chosen one by more than this are dropped. Default 0. */
  iouThreshold?: number;
  /** Only boxes that score more than this are looked at. Default: all. */
  scoreThreshold?: number;
  /** Boxes are [x centre, y centre, width, height] rather than [y, x, y, x] of two opposite corners. */
  centrePointBox?: boolean;
}

type Corners = [top: number, left: number, bottom: number, right: number];

/**
 * ONNX NonMaxSuppression: boxes [B, M, 4], scores [B, C, M]. For each batch and class, from the highest score down (of equals the
 * first), a box is chosen unless it overlaps one chosen before. Gives [batch, class, box] for each chosen box, in that order.
 */
export function nonMaxSuppression(
  boxes: Plain,
  scores: Plain,
  options: NonMaxSuppressionOptions = {},
): [batch: number, category: number, box: number][] {
  const { maxOutputBoxesPerClass = 0, iouThreshold = 0, scoreThreshold = Number.NEGATIVE_INFINITY } = options;
  const [B, M] = boxes.shape;
  const C = scores.shape[1];
  const cornersOf = (batch: number, box: number): Corners => {
    const [a, b, c, d] = Array.from({ length: 4 }, (_, i) => boxes.data[(batch * M + box) * 4 + i]);
    if (options.centrePointBox) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
    return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  };
  const chosen: [number, number, number][] = [];
  for (let batch = 0; batch < B; batch++) {
    for (let category = 0; category < C; category++) {
      const score = (box: number): number => scores.data[(batch * C + category) * M + box];
      const order = Array.from({ length: M }, (_, box) => box)
        .filter((box) => score(box) > scoreThreshold)
        .sort((a, b) => score(b) - score(a) || a - b);
      const kept: Corners[] = [];
      for (const box of order) {
        if (kept.length >= maxOutputBoxesPerClass) break;
        const corners = cornersOf(batch, box);
        if (kept.some((other) => intersectionOverUnion(corners, other) > iouThreshold)) continue;
        kept.push(corners);
        chosen.push([batch, category, box]);
      }
    }
  }
  return chosen;
}

/** Common area over joint area; 0 for boxes without area. */
export function intersectionOverUnion(a: Corners, b: Corners): number {
  const area = ([top, left, bottom, right]: Corners): number => Math.max(0, bottom - top) * Math.max(0, right - left);
  const common = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return common > 0 ? common / (area(a) + area(b) - common) : 0;
}
