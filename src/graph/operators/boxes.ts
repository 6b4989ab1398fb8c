import type { HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import { int64Vector, reshapeHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";

/**
 * Inputs boxes [batches, boxes, 4], scores [batches, classes, boxes], how many a class, greatest overlap, least score: rows
 * [batch, class, box]. All must be known, as the number of rows depends on them.
 */
const NonMaxSuppression: Operator = {
  infer(node) {
    checkShapes(node);
    if (node.node.inputs.some((_, i) => node.has(i) && !node.constant(i))) {
      const instead = "end the model at its boxes and scores, and select with lanewise/image";
      throw node.unsupported(`how many boxes it keeps depends on the data, which is not supported; ${instead}`);
    }
    return [{ type: "int64", shape: [keptBoxes(node).length, 3] }];
  },
  evaluate(node) {
    const rows = keptBoxes(node);
    return [reshapeHost(int64Vector(rows.flat()), [rows.length, 3])];
  },
};

function checkShapes(node: NodeView): void {
  const boxes = node.input(0).shape;
  const scores = node.input(1).shape;
  if (boxes.length !== 3 || boxes[2] !== 4) {
    throw new ShapeError(expected(node.where, "boxes", "shape [batches, boxes, 4]", formatShape(boxes)));
  }
  if (scores.length !== 3 || scores[0] !== boxes[0] || scores[2] !== boxes[1]) {
    const wanted = `shape [${boxes[0]}, classes, ${boxes[1]}]`;
    throw new ShapeError(expected(node.where, "scores", wanted, formatShape(scores)));
  }
}

function keptBoxes(node: NodeView): [batch: number, category: number, box: number][] {
  const boxes = node.constant(0) as HostTensor;
  const scores = node.constant(1) as HostTensor;
  const setting = (index: number, fallback: number) => Number(node.constant(index)?.data[0] ?? fallback);
  const [limit, overlap, least] = [setting(2, 0), setting(3, 0), setting(4, -Infinity)];
  const [batches, categories, count] = scores.shape;
  const centred = node.number("center_point_box", 0) !== 0;
  const rows: [number, number, number][] = [];
  for (let batch = 0; batch < batches; batch++) {
    const corners = Array.from({ length: count }, (_, i) => {
      const at = (batch * count + i) * 4;
      return cornersOf(Array.from(boxes.data.subarray(at, at + 4), Number), centred);
    });
    for (let category = 0; category < categories; category++) {
      const start = (batch * categories + category) * count;
      const score = (i: number) => Number(scores.data[start + i]);
      const candidates = Array.from({ length: count }, (_, i) => i).filter((i) => score(i) > least);
      candidates.sort((i, j) => score(j) - score(i) || i - j);
      const kept: number[] = [];
      for (const i of candidates) {
        if (kept.length >= limit) break;
        if (kept.every((j) => !(sharedPart(corners[i], corners[j]) > overlap))) kept.push(i);
      }
      for (const box of kept) rows.push([batch, category, box]);
    }
  }
  return rows;
}

/** Least and greatest coordinate along each of two axes. */
type Corners = readonly [a0: number, a1: number, b0: number, b1: number];

/** From two corners (of either diagonal), or from [x, y, width, height] around a centre. */
function cornersOf([a, b, c, d]: number[], centred: boolean): Corners {
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

export const BOXES = { NonMaxSuppression };
