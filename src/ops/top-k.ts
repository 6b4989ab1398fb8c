import { ArgumentError, expected } from "../errors.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call, checkOptions } from "./call.ts";
import { checkAxis, checkBoolean, checkTensor, createLike, lie } from "./operands.ts";
import type { Prepared } from "./prepared.ts";

export interface TopKOptions {
  /** Default -1. */
  readonly axis?: number | undefined;
  /** Whether the greatest elements are wanted, not the least. Default true. */
  readonly largest?: boolean | undefined;
}

/**
 * The k greatest (or least) elements along an axis, best first; of equal ones the first comes first. A NaN is greater than all else.
 *
 * @param x float32, of any shape with at least one axis
 * @param k from 0 to the extent of the axis
 * @returns the values, and their places along the axis as int32; both in the shape of x with k along the axis
 * @throws ShapeError if x lacks the axis, ArgumentError for another k or bad options
 * @see https://onnx.ai/onnx/operators/onnx__TopK.html
 */
export function topK(
  w: Workspace,
  x: Tensor,
  k: number,
  options: TopKOptions = {},
): { values: Tensor; indices: Tensor } {
  const where = "topK";
  checkTensor(w, where, "x", x);
  checkOptions(where, options, ["axis", "largest"]);
  const along = checkAxis(where, options.axis ?? -1, x.shape);
  if (!Number.isSafeInteger(k) || k < 0 || k > x.shape[along]) {
    throw new ArgumentError(expected(where, "k", `an integer from 0 to ${x.shape[along]}, the extent of the axis`, k));
  }
  const largest = checkBoolean(where, "largest", options.largest, true);
  const lying = lie(w, x);
  const at = lying.order.indexOf(along);
  const shape = lying.shape.map((extent, i) => (i === at ? k : extent));
  const values = createLike(w, where, lying, shape, "float32");
  const indices = createLike(w, where, lying, shape, "int32");
  if (elementCount(shape) === 0) return { values, indices };
  const prepared = prepareTopK(lying.shape, at, k, largest, "int32");
  call(w, where, prepared, { inputs: [lying.address], outputs: [values, indices] });
  return { values, indices };
}

/**
 * Makes the k greatest (or least) elements along an axis of float32 x ready, best first, the first of equal ones first: outputs
 * [values, their places]; an output at address 0 is not wanted. A NaN is greater than everything else. k <= the extent.
 */
export function prepareTopK(
  shape: Shape,
  axis: number,
  k: number,
  largest: boolean,
  type: "int32" | "int64" = "int64",
): Prepared {
  const result = shape.map((extent, i) => (i === axis ? k : extent));
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const count = elementCount(result);
  return {
    algorithm: "top k",
    outputShapes: [result, result],
    macs: 0,
    scratchBytes: count * 8,
    run(kernels, { inputs, outputs, scratch }) {
      const values = outputs[0] || scratch + count * 4;
      const narrow = type === "int32" && outputs[1] ? outputs[1] : scratch;
      kernels.topK(inputs[0], values, narrow, outer, shape[axis], inner, k, largest ? 1 : 0);
      if (!outputs[1] || type === "int32") return;
      const places = new Int32Array(kernels.memory.buffer, scratch, count);
      const halves = new Int32Array(kernels.memory.buffer, outputs[1], count * 2);
      for (let i = 0; i < count; i++) {
        halves[2 * i] = places[i];
        halves[2 * i + 1] = 0;
      }
    },
  };
}
