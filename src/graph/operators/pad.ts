import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { ZERO } from "../../ops/copies.ts";
import { type PadMode, padMovement } from "../../ops/pad.ts";
import { resolveAxes } from "../../ops/slice.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { checkSameType, moving } from "../moving.ts";
import type { NodeView } from "../operator.ts";

const MODES = ["constant", "reflect", "edge", "wrap"];

/** Inputs x, pads (all before, then all after), the constant, the axes that the pads are for (default: all). */
const Pad = moving((node) => {
  const { shape } = node.input(0);
  const mode = node.text("mode", "constant");
  if (!MODES.includes(mode)) throw new ArgumentError(expected(node.where, "mode", MODES.join(", "), mode));
  const pads = node.integers(1, "pads") ?? [];
  const axes = axesOf(node, node.integers(3, "axes"));
  if (pads.length !== axes.length * 2) {
    throw new ShapeError(expected(node.where, "pads", `${axes.length * 2} values, two for each axis`, pads));
  }
  checkSameType(node, [0, 2]);
  const constant = node.optionalInput(2);
  if (constant && elementCount(constant.shape) !== 1) {
    throw new ShapeError(expected(node.where, "constant", "one element", formatShape(constant.shape)));
  }
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[i + axes.length];
  });
  return padMovement(node.where, shape, { before, after, mode: mode as PadMode, value: constant ? 2 : ZERO });
});

/** Inputs x and its new extents along the axes of attribute "axes"; what is odd is taken from or added to the end. */
const CenterCropPad = moving((node) => {
  const { shape } = node.input(0);
  const wanted = node.integers(1, "shape") ?? [];
  const axes = axesOf(node, node.numbers("axes"));
  if (wanted.length !== axes.length || wanted.some((extent) => extent < 0)) {
    throw new ShapeError(expected(node.where, "shape", `${axes.length} extents`, wanted));
  }
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  axes.forEach((axis, i) => {
    const more = wanted[i] - shape[axis];
    before[axis] = Math.trunc(more / 2);
    after[axis] = more - before[axis];
  });
  return padMovement(node.where, shape, { before, after, mode: "constant", value: ZERO });
});

function axesOf(node: NodeView, axes: readonly number[] | undefined): number[] {
  const rank = node.input(0).shape.length;
  return resolveAxes(node.where, axes ?? Array.from({ length: rank }, (_, i) => i), rank);
}

export const PADDING = { Pad, CenterCropPad };
