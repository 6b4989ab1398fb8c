import type { HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { selectBoxes } from "../../ops/non-max-suppression.ts";
import { formatShape } from "../../shape.ts";
import { int64Vector, reshapeHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";

/**
 * Inputs boxes [batches, boxes, 4], scores [batches, classes, boxes], how many a class, greatest overlap, least score: rows
 * [batch, class, box]. How many rows there are depends on all of them.
 */
const NonMaxSuppression: Operator = {
  infer(node) {
    checkShapes(node);
    return [{ type: "int64", shape: [keptBoxes(node).length, 3] }];
  },
  waits(node) {
    checkShapes(node);
    return node.node.inputs.some((_, i) => node.has(i) && !node.constant(i));
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
  return selectBoxes({
    boxes: Float64Array.from(boxes.data as ArrayLike<number>),
    scores: Float64Array.from(scores.data as ArrayLike<number>),
    extents: scores.shape as [number, number, number],
    limit: setting(2, 0),
    overlap: setting(3, 0),
    least: setting(4, -Infinity),
    centred: node.number("center_point_box", 0) !== 0,
  });
}

export const BOXES = { NonMaxSuppression };
