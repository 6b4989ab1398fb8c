// Reductions over any axes, and the places of greatest and least elements.

import { expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { prepareArgReduce } from "./arg-reduce.ts";
import { call, checkOptions } from "./call.ts";
import { checkAxes, checkAxis, checkBoolean, checkTensor, lie } from "./operands.ts";
import { prepareReduce, type Reduction, reducedShape } from "./reduce.ts";

export interface ReduceOptions {
  /** The axes to reduce; negative ones count from the end. Default: all. */
  readonly axes?: readonly number[] | undefined;
  /** Whether reduced axes stay, with an extent of 1. Default false. */
  readonly keepDimensions?: boolean | undefined;
}

function resultShape(where: string, shape: Shape, axes: readonly number[], keepDimensions?: boolean): Shape {
  return checkBoolean(where, "keepDimensions", keepDimensions)
    ? reducedShape(shape, axes)
    : shape.filter((_, axis) => !axes.includes(axis));
}

/**
 * A tensor to be reduced, its extents and the axes as it lies. Images stay channels last where neither the order of additions nor that
 * of the results depends on it: over channels alone, over all places.
 */
function lyingFor(w: Workspace, x: Tensor, axes: readonly number[]) {
  const overChannels = axes.length === 1 && axes[0] === 1;
  const overPlaces = axes.length === x.shape.length - 2 && axes[0] === 2;
  if (!overChannels && !overPlaces) w.arrange(x, "dense");
  const { address, shape, order } = lie(w, x);
  return { address, shape, axes: axes.map((axis) => order.indexOf(axis)).sort((a, b) => a - b) };
}

function reduction(where: string, kind: Reduction) {
  return (w: Workspace, x: Tensor, options: ReduceOptions = {}): Tensor => {
    checkTensor(w, where, "x", x);
    checkOptions(where, options, ["axes", "keepDimensions"]);
    const axes = checkAxes(where, options.axes ?? x.shape.map((_, axis) => axis), x.shape);
    const lying = lyingFor(w, x, axes);
    const y = w.create(where, resultShape(where, x.shape, axes, options.keepDimensions));
    call(w, where, prepareReduce(kind, lying.shape, lying.axes), { inputs: [lying.address], outputs: [y] });
    return y;
  };
}

/**
 * The sum; 0 of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceSum.html
 */
export const reduceSum = reduction("reduceSum", "sum");

/**
 * The mean; NaN of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceMean.html
 */
export const reduceMean = reduction("reduceMean", "mean");

/**
 * The greatest; NaN if any is NaN, -Infinity of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceMax.html
 */
export const reduceMax = reduction("reduceMax", "max");

/**
 * The least; NaN if any is NaN, Infinity of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceMin.html
 */
export const reduceMin = reduction("reduceMin", "min");

/**
 * The product; 1 of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceProd.html
 */
export const reduceProduct = reduction("reduceProduct", "prod");

/**
 * The sum of |x|; 0 of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceL1.html
 */
export const reduceL1 = reduction("reduceL1", "l1");

/**
 * The root of the sum of squares; 0 of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceL2.html
 */
export const reduceL2 = reduction("reduceL2", "l2");

/**
 * The sum of squares; 0 of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html
 */
export const reduceSumSquare = reduction("reduceSumSquare", "sumSquare");

/**
 * The logarithm of the sum; -Infinity of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceLogSum.html
 */
export const reduceLogSum = reduction("reduceLogSum", "logSum");

/**
 * The logarithm of the sum of e^x, without overflow; -Infinity of nothing.
 *
 * @param x float32, of any shape
 * @returns x without `axes` (default all), which stay as 1 with `keepDimensions`
 * @throws ShapeError for an axis that x lacks, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html
 */
export const reduceLogSumExp = reduction("reduceLogSumExp", "logSumExp");

export interface ArgReduceOptions {
  /** Whether the axis stays, with an extent of 1. Default false. */
  readonly keepDimensions?: boolean | undefined;
  /** Whether the last of equal elements counts, not the first. Default false. */
  readonly selectLastIndex?: boolean | undefined;
}

function argReduction(where: string, kind: "max" | "min") {
  return (w: Workspace, x: Tensor, axis: number, options: ArgReduceOptions = {}): Tensor => {
    checkTensor(w, where, "x", x);
    checkOptions(where, options, ["keepDimensions", "selectLastIndex"]);
    const along = checkAxis(where, axis, x.shape);
    if (x.shape[along] === 0) {
      throw new ShapeError(expected(where, "x", `at least one element along axis ${axis}`, formatShape(x.shape)));
    }
    const { address, shape, axes } = lyingFor(w, x, [along]);
    const [at] = axes;
    const fold = {
      outer: elementCount(shape.slice(0, at)),
      length: shape[at],
      inner: elementCount(shape.slice(at + 1)),
    };
    const result = resultShape(where, x.shape, [along], options.keepDimensions);
    const y = w.create(where, result, "dense", "int32");
    const last = checkBoolean(where, "selectLastIndex", options.selectLastIndex);
    const prepared = prepareArgReduce(kind, last, fold, result, "int32");
    call(w, where, prepared, { inputs: [address], outputs: [y] });
    return y;
  };
}

/**
 * The places of the greatest elements along an axis, as int32; a NaN is greater than everything else.
 *
 * @param x float32, of any shape with something along the axis
 * @param axis negative ones count from the end
 * @returns x without the axis, which stays as 1 with `keepDimensions`
 * @throws ShapeError if x lacks the axis or has nothing along it, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ArgMax.html
 */
export const argMax = argReduction("argMax", "max");

/**
 * The places of the least elements along an axis, as int32; a NaN is less than everything else.
 *
 * @param x float32, of any shape with something along the axis
 * @param axis negative ones count from the end
 * @returns x without the axis, which stays as 1 with `keepDimensions`
 * @throws ShapeError if x lacks the axis or has nothing along it, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__ArgMin.html
 */
export const argMin = argReduction("argMin", "min");
