import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { checkBoolean, checkNumber, checkTensor } from "./operands.ts";

export interface NonMaxSuppressionOptions {
  /** Most boxes of a class of an image to keep. Default: all. */
  readonly maxOutputBoxesPerClass?: number | undefined;
  /** A box is dropped if it overlaps a better one of its class by more than this part of their joint area. Default 0.5. */
  readonly iouThreshold?: number | undefined;
  /** Boxes that do not score more than this are dropped first. Default: none is. */
  readonly scoreThreshold?: number | undefined;
  /** Whether boxes are [x centre, y centre, width, height], not two opposite corners. Default false. */
  readonly centerPointBox?: boolean | undefined;
}

/**
 * Of boxes that overlap, the one with the highest score, for each image and class.
 *
 * @param boxes float32 [images, boxes, 4], each [y, x, y, x] (or [x, y, x, y]) of two opposite corners
 * @param scores float32 [images, classes, boxes]; a box whose score is NaN is dropped
 * @returns int32 rows [image, class, box], [kept, 3]: image by image, class by class, best first (of equal scores, the first)
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html
 */
export function nonMaxSuppression(
  w: Workspace,
  boxes: Tensor,
  scores: Tensor,
  options: NonMaxSuppressionOptions = {},
): Tensor {
  const where = "nonMaxSuppression";
  checkTensor(w, where, "boxes", boxes);
  checkTensor(w, where, "scores", scores);
  checkOptions(where, options, ["maxOutputBoxesPerClass", "iouThreshold", "scoreThreshold", "centerPointBox"]);
  if (boxes.shape.length !== 3 || boxes.shape[2] !== 4) {
    throw new ShapeError(expected(where, "boxes", "shape [images, boxes, 4]", formatShape(boxes.shape)));
  }
  const [images, count] = boxes.shape;
  if (scores.shape.length !== 3 || scores.shape[0] !== images || scores.shape[2] !== count) {
    const wanted = `shape [${images}, classes, ${count}]`;
    throw new ShapeError(expected(where, "scores", wanted, formatShape(scores.shape)));
  }
  const limit = options.maxOutputBoxesPerClass ?? Infinity;
  checkBetween(where, "maxOutputBoxesPerClass", "a number >= 0", limit, Infinity);
  const overlap = options.iouThreshold ?? 0.5;
  checkBetween(where, "iouThreshold", "0 to 1", overlap, 1);
  const least = checkNumber(where, "scoreThreshold", options.scoreThreshold ?? -Infinity);
  w.arrange(boxes, "dense");
  w.arrange(scores, "dense");
  const rows = selectBoxes({
    boxes: w.view(boxes) as Float32Array,
    scores: w.view(scores) as Float32Array,
    extents: [images, scores.shape[1], count],
    limit,
    overlap,
    least,
    centred: checkBoolean(where, "centerPointBox", options.centerPointBox),
  });
  const y = w.create(where, [rows.length, 3], "dense", "int32");
  (w.view(y) as Int32Array).set(rows.flat());
  return y;
}

function checkBetween(where: string, what: string, wanted: string, value: number, most: number): void {
  if (typeof value === "number" && value >= 0 && value <= most) return;
  throw new ArgumentError(expected(where, what, wanted, value));
}

/** A suppression in numbers. */
export interface SuppressionSpec {
  /** Four numbers a box, image by image. */
  readonly boxes: Float32Array | Float64Array;
  readonly scores: Float32Array | Float64Array;
  readonly extents: readonly [images: number, classes: number, boxes: number];
  /** Most boxes to keep of a class of an image. */
  readonly limit: number;
  /** Greatest overlap with a box that is kept. */
  readonly overlap: number;
  /** What a score must exceed. */
  readonly least: number;
  /** Whether boxes are a centre and a size, not two corners. */
  readonly centred: boolean;
}

/** The boxes that are kept. */
export function selectBoxes(spec: SuppressionSpec): [image: number, category: number, box: number][] {
  const { boxes, scores, extents, limit, overlap, least, centred } = spec;
  const [images, classes, count] = extents;
  const rows: [number, number, number][] = [];
  for (let image = 0; image < images; image++) {
    const corners = Array.from({ length: count }, (_, i) => {
      const at = (image * count + i) * 4;
      return cornersOf(boxes.subarray(at, at + 4), centred);
    });
    for (let category = 0; category < classes; category++) {
      const start = (image * classes + category) * count;
      const score = (i: number) => scores[start + i];
      const candidates = Array.from({ length: count }, (_, i) => i).filter((i) => score(i) > least);
      candidates.sort((i, j) => (score(i) === score(j) ? i - j : score(j) - score(i)));
      const kept: number[] = [];
      for (const i of candidates) {
        if (kept.length >= limit) break;
        if (kept.every((j) => !(sharedPart(corners[i], corners[j]) > overlap))) kept.push(i);
      }
      for (const box of kept) rows.push([image, category, box]);
    }
  }
  return rows;
}

/** Least and greatest coordinate along each of two axes. */
type Corners = readonly [a0: number, a1: number, b0: number, b1: number];

/** From two corners (of either diagonal), or from [x, y, width, height] around a centre. */
function cornersOf([a, b, c, d]: Float32Array | Float64Array, centred: boolean): Corners {
  if (centred) return [a - c / 2, a + c / 2, b - d / 2, b + d / 2];
  return [Math.min(a, c), Math.max(a, c), Math.min(b, d), Math.max(b, d)];
}

/** Intersection over union. */
function sharedPart(p: Corners, q: Corners): number {
  const shared = (low: number, high: number) => Math.max(0, Math.min(p[high], q[high]) - Math.max(p[low], q[low]));
  const area = ([a0, a1, b0, b1]: Corners) => (a1 - a0) * (b1 - b0);
  const intersection = shared(0, 1) * shared(2, 3);
  const union = area(p) + area(q) - intersection;
  return union > 0 ? intersection / union : 0;
}
