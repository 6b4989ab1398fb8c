// Operators that move elements of any type: the results hold the same values, bit by bit.

import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, isShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { type Movement, wholeCopy } from "./copies.ts";
import { expandMovement, tileMovement } from "./expand.ts";
import type { LayoutOptions } from "./layout.ts";
import { moveElements, moveLying } from "./moves.ts";
import {
  checkAxes,
  checkAxis,
  checkImages,
  checkIntegers,
  checkTensors,
  lie,
  lieTogether,
  orderOf,
} from "./operands.ts";
import { concatMovement, type Range, rangesMovement, splitMovement } from "./slice.ts";
import { transposeWalk } from "./strided.ts";

/** Runs a movement of x with its elements in the order of the axes. */
function moveDense(w: Workspace, where: string, x: Tensor, movement: Movement): Tensor {
  const address = w.arrange(x, "dense");
  const rank = movement.outputShapes[0].length;
  const dense = { format: "dense", order: orderOf("dense", rank) } as const;
  return moveElements(w, where, x.type, dense, movement, [address])[0];
}

/** The same elements under another shape. */
function reshaped(w: Workspace, where: string, x: Tensor, shape: Shape): Tensor {
  const count = elementCount(shape);
  return moveDense(w, where, x, {
    outputShapes: [shape],
    copies: [wholeCopy({ shape: [count], from: [1], to: [1] })],
  });
}

/**
 * A copy of x.
 *
 * @param x of any type and shape, which are those of the result
 * @throws ArgumentError if x is no tensor
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-unary
 */
export function identity(w: Workspace, x: Tensor): Tensor {
  w.check("identity", "x", x);
  return w.copy("identity", x);
}

/**
 * The elements of x, in their order, in another shape.
 *
 * @param x of any type and shape
 * @param newShape the shape of the result; one extent may be -1, and is what the others leave
 * @throws ShapeError if newShape has another number of elements, ArgumentError if it is none
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-reshape-method
 */
export function reshape(w: Workspace, x: Tensor, newShape: Shape): Tensor {
  const where = "reshape";
  w.check(where, "x", x);
  const given = checkIntegers(where, "newShape", newShape, -1);
  const count = elementCount(x.shape);
  const open = given.filter((extent) => extent === -1).length;
  if (open > 1) throw new ArgumentError(expected(where, "newShape", "at most one -1", given));
  const known = elementCount(given.filter((extent) => extent !== -1));
  const shape = given.map((extent) => (extent === -1 ? count / known : extent));
  if (!isShape(shape) || elementCount(shape) !== count) {
    throw new ShapeError(expected(where, "newShape", `${count} elements as in ${formatShape(x.shape)}`, given));
  }
  return reshaped(w, where, x, shape);
}

/**
 * Without axes of extent 1.
 *
 * @param x of any type and shape
 * @param axes the axes to leave out. Default: all of extent 1
 * @throws ShapeError if x lacks an axis or it has another extent, ArgumentError if axes are no array
 * @see https://onnx.ai/onnx/operators/onnx__Squeeze.html
 */
export function squeeze(w: Workspace, x: Tensor, axes?: readonly number[]): Tensor {
  const where = "squeeze";
  w.check(where, "x", x);
  if (axes === undefined) {
    return reshaped(
      w,
      where,
      x,
      x.shape.filter((extent) => extent !== 1),
    );
  }
  const out = checkAxes(where, axes, x.shape);
  if (out.some((axis) => x.shape[axis] !== 1)) {
    throw new ShapeError(expected(where, "axes", `axes of extent 1 of ${formatShape(x.shape)}`, axes));
  }
  return reshaped(
    w,
    where,
    x,
    x.shape.filter((_, axis) => !out.includes(axis)),
  );
}

/**
 * With new axes of extent 1.
 *
 * @param x of any type and shape
 * @param axes where they are in the result; negative ones count from its end
 * @throws ShapeError if the result cannot have such an axis, ArgumentError if axes are no array
 * @see https://onnx.ai/onnx/operators/onnx__Unsqueeze.html
 */
export function unsqueeze(w: Workspace, x: Tensor, axes: readonly number[]): Tensor {
  const where = "unsqueeze";
  w.check(where, "x", x);
  const length = Array.isArray(axes) ? axes.length : 0;
  const shape = new Array<number>(x.shape.length + length).fill(1);
  const added = checkAxes(where, axes, shape);
  const left = [...x.shape];
  return reshaped(
    w,
    where,
    x,
    shape.map((_, axis) => (added.includes(axis) ? 1 : (left.shift() as number))),
  );
}

export interface TransposeOptions {
  /** Axis i of the result is axis permutation[i] of x. Default: the axes in reverse. */
  readonly permutation?: readonly number[] | undefined;
}

/**
 * The axes in another order.
 *
 * @param x of any type and shape
 * @throws ArgumentError if the permutation does not name each axis once
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-transpose
 */
export function transpose(w: Workspace, x: Tensor, options: TransposeOptions = {}): Tensor {
  const where = "transpose";
  w.check(where, "x", x);
  checkOptions(where, options, ["permutation"]);
  const axes = x.shape.map((_, axis) => axis);
  const permutation = checkIntegers(where, "permutation", options.permutation ?? [...axes].reverse(), 0, axes.length);
  if (!axes.every((axis) => permutation.includes(axis))) {
    throw new ArgumentError(expected(where, "permutation", `each of 0 to ${axes.length - 1} once`, permutation));
  }
  const { address, shape, order } = lie(w, x);
  const walk = transposeWalk(
    shape,
    permutation.map((axis) => order.indexOf(axis)),
  );
  const dense = { format: "dense", order: axes } as const;
  const movement = { outputShapes: [walk.shape], copies: [wholeCopy(walk)] };
  return moveElements(w, where, x.type, dense, movement, [address])[0];
}

/**
 * x stretched along axes of extent 1, and repeated along new ones before.
 *
 * @param x of any type and shape
 * @param newShape what x broadcasts to, the shape of the result
 * @throws ShapeError if x does not broadcast to it, ArgumentError if it is no shape
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-expand
 */
export function expand(w: Workspace, x: Tensor, newShape: Shape): Tensor {
  const where = "expand";
  w.check(where, "x", x);
  const shape = checkIntegers(where, "newShape", newShape, 0);
  const missing = shape.length - x.shape.length;
  if (missing < 0 || x.shape.some((extent, axis) => extent !== 1 && extent !== shape[axis + missing])) {
    const wanted = `a shape that ${formatShape(x.shape)} broadcasts to`;
    throw new ShapeError(expected(where, "newShape", wanted, formatShape(shape)));
  }
  return moveDense(w, where, x, expandMovement(where, x.shape, shape));
}

/**
 * x repeated.
 *
 * @param x of any type and shape
 * @param repetitions how many times along each axis; the extents of the result are those of x times these
 * @throws ArgumentError if there is not one integer of at least 0 for each axis
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-tile
 */
export function tile(w: Workspace, x: Tensor, repetitions: readonly number[]): Tensor {
  const where = "tile";
  w.check(where, "x", x);
  checkIntegers(where, "repetitions", repetitions, 0, x.shape.length);
  return moveLying(w, where, x, (shape, reorder) => tileMovement(where, shape, reorder(repetitions)))[0];
}

/**
 * Tensors of one type one after another along an axis.
 *
 * @param inputs at least one tensor; their shapes are alike but for the extent of the axis, which adds up in the result
 * @param axis negative ones count from the end
 * @throws ShapeError if shapes do not fit each other or the axis, ArgumentError for tensors of several types
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-concat
 */
export function concat(w: Workspace, inputs: readonly Tensor[], axis: number): Tensor {
  const where = "concat";
  checkTensors(w, where, "inputs", inputs);
  const [{ type, shape: first }] = inputs;
  const along = checkAxis(where, axis, first);
  for (const [i, x] of inputs.entries()) {
    if (x.type !== type) throw new ArgumentError(expected(where, `inputs[${i}]`, type, x.type));
    if (x.shape.length !== first.length || x.shape.some((extent, at) => at !== along && extent !== first[at])) {
      const wanted = `shape [${first.map((extent, at) => (at === along ? "any" : extent)).join(", ")}]`;
      throw new ShapeError(expected(where, `inputs[${i}]`, wanted, formatShape(x.shape)));
    }
  }
  const { format, order, shapes, addresses } = lieTogether(w, inputs, first.length);
  const movement = concatMovement(where, shapes, order.indexOf(along));
  return moveElements(w, where, type, { format, order }, movement, addresses)[0];
}

export interface SplitOptions {
  /** Default 0. */
  readonly axis?: number | undefined;
}

/**
 * Consecutive pieces of x along an axis.
 *
 * @param x of any type and shape
 * @param splits the extents of the pieces, or the number of pieces of the same extent
 * @returns the pieces, in the shape of x but for the extent of the axis
 * @throws ShapeError if x lacks the axis or the extents do not add up to it, ArgumentError if they are none
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-split
 */
export function split(
  w: Workspace,
  x: Tensor,
  splits: number | readonly number[],
  options: SplitOptions = {},
): Tensor[] {
  const where = "split";
  w.check(where, "x", x);
  checkOptions(where, options, ["axis"]);
  const along = checkAxis(where, options.axis ?? 0, x.shape);
  const extent = x.shape[along];
  const sizes = typeof splits === "number" ? equalParts(where, extent, splits) : splits;
  checkIntegers(where, "splits", sizes, 0);
  if (sizes.reduce((sum, size) => sum + size, 0) !== extent) {
    throw new ShapeError(expected(where, "splits", `extents that add up to ${extent}`, sizes));
  }
  return moveLying(w, where, x, (shape, _, place) => splitMovement(where, shape, place(along), sizes));
}

function equalParts(where: string, extent: number, count: number): number[] {
  if (Number.isSafeInteger(count) && count >= 1 && extent % count === 0) {
    return new Array<number>(count).fill(extent / count);
  }
  throw new ArgumentError(expected(where, "splits", `a divisor of the extent ${extent}, or extents`, count));
}

export interface SliceOptions {
  /** The step along each axis; a negative one walks backwards from the last element of the window. Default: all 1. */
  readonly strides?: readonly number[] | undefined;
}

/**
 * The window of x that begins at `starts` and has extents `sizes`, or every so manieth element of it.
 *
 * @param x of any type and shape
 * @param starts first element along each axis
 * @param sizes how many elements the window spans along each axis; with strides, ceil(size / |stride|) of them remain
 * @throws ShapeError if the window is not within x, ArgumentError for lists that are none
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-slice
 */
export function slice(
  w: Workspace,
  x: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  options: SliceOptions = {},
): Tensor {
  const where = "slice";
  w.check(where, "x", x);
  checkOptions(where, options, ["strides"]);
  const rank = x.shape.length;
  checkIntegers(where, "starts", starts, 0, rank);
  checkIntegers(where, "sizes", sizes, 0, rank);
  const strides = options.strides ?? new Array<number>(rank).fill(1);
  checkIntegers(where, "strides", strides, -Infinity, rank);
  if (strides.includes(0)) throw new ArgumentError(expected(where, "strides", "no 0", strides));
  if (starts.some((start, axis) => start + sizes[axis] > x.shape[axis])) {
    const got = `starts ${formatShape(starts)} and sizes ${formatShape(sizes)}`;
    throw new ShapeError(expected(where, "window", `to lie within ${formatShape(x.shape)}`, got));
  }
  const ranges = starts.map((start, axis) => ({
    start: strides[axis] > 0 ? start : start + sizes[axis] - 1,
    step: strides[axis],
    count: Math.ceil(sizes[axis] / Math.abs(strides[axis])),
  }));
  return sliced(w, where, x, ranges);
}

function sliced(w: Workspace, where: string, x: Tensor, ranges: readonly Range[]): Tensor {
  return moveLying(w, where, x, (shape, reorder) => rangesMovement(shape, reorder(ranges)))[0];
}

export interface ReverseOptions {
  /** Default: all. */
  readonly axes?: readonly number[] | undefined;
}

/**
 * The order of the elements along some axes turned round.
 *
 * @param x of any type and shape, which are those of the result
 * @throws ShapeError if x lacks an axis, ArgumentError if axes are no array
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-reverse-method
 */
export function reverse(w: Workspace, x: Tensor, options: ReverseOptions = {}): Tensor {
  const where = "reverse";
  w.check(where, "x", x);
  checkOptions(where, options, ["axes"]);
  const turned = checkAxes(where, options.axes ?? x.shape.map((_, axis) => axis), x.shape);
  const ranges = x.shape.map((count, axis) =>
    turned.includes(axis) ? { start: count - 1, step: -1, count } : { start: 0, step: 1, count },
  );
  return sliced(w, where, x, ranges);
}

/**
 * A part of each image.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param start [top, left]
 * @param size [height, width] of the result
 * @throws ShapeError if x are no images or the part is not within them, ArgumentError for pairs that are none
 * @see https://pytorch.org/vision/stable/generated/torchvision.transforms.functional.crop.html
 */
export function crop(
  w: Workspace,
  x: Tensor,
  start: readonly [number, number],
  size: readonly [number, number],
  options: LayoutOptions = {},
): Tensor {
  const where = "crop";
  w.check(where, "x", x);
  checkOptions(where, options, ["inputLayout"]);
  const { inputLayout = "nchw" } = options;
  const { H, W } = checkImages(w, where, "x", x, inputLayout);
  checkIntegers(where, "start", start, 0, 2);
  checkIntegers(where, "size", size, 0, 2);
  if (start[0] + size[0] > H || start[1] + size[1] > W) {
    const got = `start ${formatShape(start)} and size ${formatShape(size)}`;
    throw new ShapeError(expected(where, "window", `to lie within images of ${H}x${W}`, got));
  }
  const rows = inputLayout === "nchw" ? 2 : 1;
  const ranges = x.shape.map((count, axis) => {
    const i = axis - rows;
    return i === 0 || i === 1 ? { start: start[i], step: 1, count: size[i] } : { start: 0, step: 1, count };
  });
  return sliced(w, where, x, ranges);
}
