import { elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call } from "./call.ts";
import { checkAxis, checkTensor, createLike, lie } from "./operands.ts";
import { prepareSoftmax } from "./soften.ts";

/**
 * e^x divided by its sum along an axis.
 *
 * @param x of any shape with at least one axis
 * @param axis negative ones count from the end. Default -1
 * @throws ShapeError if x lacks the axis, ArgumentError if x is no float32 tensor
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-softmax-method
 */
export function softmax(w: Workspace, x: Tensor, axis = -1): Tensor {
  return run(w, "softmax", x, axis, false);
}

/**
 * The logarithm of `softmax`, without the loss of what is near 0.
 *
 * @param x of any shape with at least one axis
 * @param axis negative ones count from the end. Default -1
 * @throws ShapeError if x lacks the axis, ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__LogSoftmax.html
 */
export function logSoftmax(w: Workspace, x: Tensor, axis = -1): Tensor {
  return run(w, "logSoftmax", x, axis, true);
}

function run(w: Workspace, where: string, x: Tensor, axis: number, log: boolean): Tensor {
  checkTensor(w, where, "x", x);
  const along = checkAxis(where, axis, x.shape);
  const lying = lie(w, x);
  const { shape, order, address } = lying;
  const at = order.indexOf(along);
  const y = createLike(w, where, lying, shape, "float32");
  const [outer, inner] = [elementCount(shape.slice(0, at)), elementCount(shape.slice(at + 1))];
  call(w, where, prepareSoftmax(shape, outer, shape[at], inner, log), { inputs: [address], outputs: [y] });
  return y;
}
