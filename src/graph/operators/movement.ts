import { bytesPerElement } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import type { Copy } from "../../ops/copies.ts";
import { expandMovement, tileMovement } from "../../ops/expand.ts";
import { concatMovement, sliceMovement, splitMovement } from "../../ops/slice.ts";
import { depthToSpaceMovement, type SpaceSpec, spaceToDepthMovement } from "../../ops/space.ts";
import { prepareTranspose } from "../../ops/transpose.ts";
import { normaliseAxis } from "../../shape.ts";
import { checkSameType, moving, movingAny } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { imageOf, isChannelsLast, stepsOf } from "./image.ts";
import { axisError } from "./shapes.ts";
import { permutationOf, TRANSPOSITION } from "./transpose.ts";

/** A transposition of elements of other sizes too. */
const Transpose: Operator = {
  ...TRANSPOSITION.Transpose,
  lower(node) {
    const lowered = TRANSPOSITION.Transpose.lower?.(node);
    if (lowered) return lowered;
    const { type, shape } = node.input(0);
    const prepared = movingAny(prepareTranspose(shape, permutationOf(node)), type, [shape]);
    return prepared && { prepared, inputs: [0] };
  },
};

/** Attribute "steps" speaks of its output, "inputSteps" of each of its inputs. */
const Concat: Operator = {
  ...moving((node) => {
    const indices = node.node.inputs.map((_, i) => i);
    checkSameType(node, indices);
    const shapes = indices.map((i) => node.input(i).shape);
    const movement = concatMovement(node.where, shapes, axisOf(node, 1, shapes[0].length));
    const { y } = stepsOf(node);
    const from = node.numbers("inputSteps");
    return y || from
      ? { ...movement, copies: movement.copies.map((copy) => byPixel(copy, from?.[copy.input], y)) }
      : movement;
  }),
  takesSteps: (node) => bytesPerElement(node.input(0).type) === 4,
};

/** A copy of the channels of all pixels whose input or output has other channels between. */
function byPixel(copy: Copy, xStep: number | undefined, yStep: number | undefined): Copy {
  const { shape, from, to } = copy.walk;
  return { ...copy, walk: { shape, from: [xStep || from[0], from[1]], to: [yStep || to[0], to[1]] } };
}

/** Inputs x, starts, ends, axes, steps. */
const Slice = moving((node) => {
  const starts = node.integers(1, "starts");
  const ends = node.integers(2, "ends");
  if (!starts || !ends) throw new ArgumentError(`${node.where}: starts and ends expected, got none`);
  const spec = { starts, ends, axes: node.integers(3, "axes"), steps: node.integers(4, "steps") };
  return sliceMovement(node.where, node.input(0).shape, spec);
});

/** Inputs x and the sizes of the pieces; without sizes, pieces as equal as they can be. */
const Split = moving((node) => {
  const { shape } = node.input(0);
  const axis = axisOf(node, 0, shape.length);
  const sizes = node.integers(1, "split") ?? equalPieces(node, shape[axis]);
  if (sizes.length < node.node.outputs.length) {
    throw new ShapeError(expected(node.where, "split", `${node.node.outputs.length} sizes`, sizes));
  }
  return splitMovement(node.where, shape, axis, sizes);
});

/** All pieces of one size but the last, which may be smaller. */
function equalPieces(node: NodeView, extent: number): number[] {
  const outputs = node.node.outputs.length;
  const count = node.number("num_outputs", outputs);
  if (count !== outputs) throw new ArgumentError(expected(node.where, "num_outputs", `${outputs}, the outputs`, count));
  const size = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? size : extent - size * (count - 1)));
}

/** Inputs x and a shape that x is stretched to, where it has extent 1. */
const Expand = moving((node) => {
  return expandMovement(node.where, node.input(0).shape, node.integers(1, "shape") ?? []);
});

/** Inputs x and how often it is repeated along each axis. */
const Tile = moving((node) => {
  return tileMovement(node.where, node.input(0).shape, node.integers(1, "repeats") ?? []);
});

const DepthToSpace = moving((node) => depthToSpaceMovement(node.where, spaceOf(node)));

const SpaceToDepth = moving((node) => spaceToDepthMovement(node.where, { ...spaceOf(node), order: "DCR" }));

function spaceOf(node: NodeView): SpaceSpec {
  const order = node.text("mode", "DCR");
  if (order !== "DCR" && order !== "CRD") throw new ArgumentError(expected(node.where, "mode", "DCR or CRD", order));
  const block = node.number("blocksize", 0);
  return { ...imageOf(node, 0), block, order, channelsLast: isChannelsLast(node) };
}

/** Attribute "axis", counted from the front. */
export function axisOf(node: NodeView, fallback: number, rank: number): number {
  const given = node.number("axis", fallback);
  const axis = normaliseAxis(given, rank);
  if (axis === undefined) throw axisError(node, given, rank);
  return axis;
}

export const MOVEMENT = { Transpose, Concat, Slice, Split, Expand, Tile, DepthToSpace, SpaceToDepth };
