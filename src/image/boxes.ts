/** Boxes that detectors find: formats, overlap, suppression of duplicates, and the way back to the picture. */
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import type { Placement } from "./placement.ts";

/**
 * What the four numbers of a box are, named as detectors do: two corners, x first (`xyxy`) or y first (`yxyx`); the top
 * left corner, width, height (`xywh`); the centre, width, height (`cxcywh`).
 */
export type BoxFormat = "xyxy" | "yxyx" | "xywh" | "cxcywh";

/** Four numbers a box, one box after the other: the data of an `[N, 4]` tensor. */
export type Boxes = ArrayLike<number>;

/** The same boxes in another format. */
export function convertBoxes(boxes: Boxes, from: BoxFormat, to: BoxFormat): Float32Array<ArrayBuffer> {
  checkFormat("convertBoxes", to);
  const corners = toCorners("convertBoxes", boxes, from);
  return fromCorners(corners, to);
}

/** Area in common over area in all, 0 to 1; 0 if both boxes are empty. */
export function iou(a: Boxes, b: Boxes, format: BoxFormat = "xyxy"): number {
  const first = toCorners("iou", a, format);
  const second = toCorners("iou", b, format);
  for (const [box, name] of [[first, "a"] as const, [second, "b"] as const]) {
    if (box.length !== 4) throw new ShapeError(expected("iou", name, "4 numbers", box.length));
  }
  return overlap(first, 0, second, 0);
}

export interface NmsOptions {
  /** A box is dropped if it overlaps a better one by more than this. Default 0.5. */
  readonly iouThreshold?: number;
  /** Boxes with a lower score are dropped first. Default: none is. */
  readonly scoreThreshold?: number;
  /** The most boxes to keep. Default: all. */
  readonly maxOutput?: number;
  /** The class of each box: only boxes of one class drop each other. Default: all are of one class. */
  readonly classes?: ArrayLike<number>;
  /** Default `"xyxy"`. */
  readonly format?: BoxFormat;
}

/**
 * Non-maximum suppression: the indices of the boxes to keep, best score first (of equal scores, the lower index). Boxes
 * whose score is NaN are dropped.
 */
export function nms(boxes: Boxes, scores: ArrayLike<number>, options: NmsOptions = {}): number[] {
  const { iouThreshold = 0.5, scoreThreshold = -Infinity, maxOutput = Infinity, classes, format = "xyxy" } = options;
  const corners = toCorners("nms", boxes, format);
  const count = corners.length / 4;
  if (scores.length !== count) {
    throw new ShapeError(expected("nms", "scores", `${count} values, one a box`, scores.length));
  }
  if (classes !== undefined && classes.length !== count) {
    throw new ShapeError(expected("nms", "classes", `${count} values, one a box`, classes.length));
  }
  if (!(iouThreshold >= 0 && iouThreshold <= 1)) {
    throw new ArgumentError(expected("nms", "iouThreshold", "0 to 1", iouThreshold));
  }
  if (Number.isNaN(scoreThreshold))
    throw new ArgumentError(expected("nms", "scoreThreshold", "a number", scoreThreshold));
  if (!(maxOutput >= 0)) throw new ArgumentError(expected("nms", "maxOutput", "a number of at least 0", maxOutput));

  const order: number[] = [];
  for (let i = 0; i < count; i++) if (scores[i] >= scoreThreshold) order.push(i);
  order.sort((a, b) => (scores[a] === scores[b] ? a - b : scores[b] - scores[a]));
  const kept: number[] = [];
  for (const i of order) {
    if (kept.length >= maxOutput) break;
    const rival = (k: number) => classes === undefined || classes[k] === classes[i];
    if (!kept.some((k) => rival(k) && overlap(corners, k, corners, i) > iouThreshold)) kept.push(i);
  }
  return kept;
}

export interface UnletterboxOptions {
  /** The format of the boxes, given and returned. Default `"xyxy"`. */
  readonly format?: BoxFormat;
  /** Whether the given boxes are in fractions of the input's height and width. Default false: in its pixels. */
  readonly relative?: boolean;
}

/**
 * Boxes in the input of a model, back in the picture it was made from: in its pixels, cut off at its edges. Serves every
 * geometry that `fromPixels` knows, not letterboxes only.
 *
 * @param placement what `fromPixels` said in its result.
 */
export function unletterbox(
  boxes: Boxes,
  placement: Placement,
  options: UnletterboxOptions = {},
): Float32Array<ArrayBuffer> {
  const { format = "xyxy", relative = false } = options;
  const corners = toCorners("unletterbox", boxes, format);
  const { picture, resized, offset, size } = placement;
  for (let i = 0; i < corners.length; i++) {
    const axis = i % 2 === 0 ? 1 : 0; // corners are xyxy, pairs [height, width]
    const pixels = relative ? corners[i] * size[axis] : corners[i];
    const back = ((pixels - offset[axis]) * picture[axis]) / resized[axis];
    corners[i] = Math.min(picture[axis], Math.max(0, back));
  }
  return fromCorners(corners, format);
}

/** A copy as xyxy, in double precision. */
function toCorners(where: string, boxes: Boxes, format: BoxFormat): Float64Array {
  checkFormat(where, format);
  if (boxes.length % 4 !== 0) throw new ShapeError(expected(where, "boxes", "4 numbers a box", boxes.length));
  const corners = Float64Array.from(boxes);
  for (let i = 0; i < corners.length; i += 4) {
    const [a, b, c, d] = corners.subarray(i, i + 4);
    if (format === "yxyx") corners.set([b, a, d, c], i);
    else if (format === "xywh") corners.set([a, b, a + c, b + d], i);
    else if (format === "cxcywh") corners.set([a - c / 2, b - d / 2, a + c / 2, b + d / 2], i);
  }
  return corners;
}

function fromCorners(corners: Float64Array, format: BoxFormat): Float32Array<ArrayBuffer> {
  const boxes = Float32Array.from(corners);
  for (let i = 0; i < corners.length; i += 4) {
    const [x0, y0, x1, y1] = corners.subarray(i, i + 4);
    if (format === "yxyx") boxes.set([y0, x0, y1, x1], i);
    else if (format === "xywh") boxes.set([x0, y0, x1 - x0, y1 - y0], i);
    else if (format === "cxcywh") boxes.set([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], i);
  }
  return boxes;
}

function checkFormat(where: string, format: string): void {
  if (!["xyxy", "yxyx", "xywh", "cxcywh"].includes(format)) {
    throw new ArgumentError(expected(where, "format", `"xyxy", "yxyx", "xywh" or "cxcywh"`, format));
  }
}

/** `i` and `k` count boxes. A box whose corners are the wrong way round is empty. */
function overlap(a: Float64Array, i: number, b: Float64Array, k: number): number {
  const common = area(
    Math.max(a[4 * i], b[4 * k]),
    Math.max(a[4 * i + 1], b[4 * k + 1]),
    Math.min(a[4 * i + 2], b[4 * k + 2]),
    Math.min(a[4 * i + 3], b[4 * k + 3]),
  );
  if (common === 0) return 0;
  const areaA = area(a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]);
  const areaB = area(b[4 * k], b[4 * k + 1], b[4 * k + 2], b[4 * k + 3]);
  return common / (areaA + areaB - common);
}

function area(x0: number, y0: number, x1: number, y1: number): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}
