// Functions of each element of one tensor, or of two that broadcast.

import { expected, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape, permute, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { applyEpilogue } from "./activation.ts";
import { type BinaryName, prepareBinary } from "./binary.ts";
import { operand, pairOf, type TensorOrNumber } from "./broadcast.ts";
import { call } from "./call.ts";
import { type UnaryName, unaryEpilogue } from "./epilogue.ts";
import { checkTensor, lieTogether } from "./operands.ts";

type Parameterless = Exclude<UnaryName, "clamp" | "linear" | "pow" | "leakyRelu" | "thresholdedRelu" | "hardSigmoid">;

function unary(name: Parameterless) {
  return (w: Workspace, x: Tensor): Tensor => {
    checkTensor(w, name, "x", x);
    return applyEpilogue(w, name, x, unaryEpilogue(name));
  };
}

/**
 * |x|.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Abs.html
 */
export const abs = unary("abs");

/**
 * -x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Neg.html
 */
export const neg = unary("neg");

/**
 * The greatest integer that is not above x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Floor.html
 */
export const floor = unary("floor");

/**
 * The least integer that is not below x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Ceil.html
 */
export const ceil = unary("ceil");

/**
 * The nearest integer; halves go to the even neighbour, as in PyTorch and WebNN (`roundEven`).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Round.html
 */
export const round = unary("round");

/**
 * -1, 0 or 1; NaN for NaN.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Sign.html
 */
export const sign = unary("sign");

/**
 * The square root; NaN below 0.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Sqrt.html
 */
export const sqrt = unary("sqrt");

/**
 * 1 / x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Reciprocal.html
 */
export const reciprocal = unary("reciprocal");

/**
 * The sine of x in radians.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Sin.html
 */
export const sin = unary("sin");

/**
 * The cosine of x in radians.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Cos.html
 */
export const cos = unary("cos");

/**
 * The tangent of x in radians.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Tan.html
 */
export const tan = unary("tan");

/**
 * The angle in radians whose sine is x; NaN beyond -1 to 1.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Asin.html
 */
export const asin = unary("asin");

/**
 * The angle in radians whose cosine is x; NaN beyond -1 to 1.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Acos.html
 */
export const acos = unary("acos");

/**
 * The angle in radians whose tangent is x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Atan.html
 */
export const atan = unary("atan");

/**
 * The hyperbolic sine.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Sinh.html
 */
export const sinh = unary("sinh");

/**
 * The hyperbolic cosine.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Cosh.html
 */
export const cosh = unary("cosh");

/**
 * The inverse of `sinh`.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Asinh.html
 */
export const asinh = unary("asinh");

/**
 * The inverse of `cosh`; NaN below 1.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Acosh.html
 */
export const acosh = unary("acosh");

/**
 * The inverse of `tanh`; NaN beyond -1 to 1.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Atanh.html
 */
export const atanh = unary("atanh");

function runBinary(w: Workspace, where: string, name: BinaryName, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const { format, order, shapes, addresses } = lieTogether(w, [a, b], shape.length);
  const y = w.create(where, shape, format);
  const prepared = prepareBinary(name, shapes[0], shapes[1], permute(shape, order));
  call(w, where, prepared, { inputs: addresses, outputs: [y] });
  return y;
}

function binary(name: BinaryName) {
  return (w: Workspace, a: TensorOrNumber, b: TensorOrNumber): Tensor => {
    const [p, q, shape] = pairOf(w, name, a, b);
    return runBinary(w, name, name, p, q, shape);
  };
}

/**
 * a + b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Add.html
 */
export const add = binary("add");

/**
 * a - b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Sub.html
 */
export const sub = binary("sub");

/**
 * a * b, element by element.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Mul.html
 */
export const mul = binary("mul");

/**
 * a / b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Div.html
 */
export const div = binary("div");

/**
 * The lesser; NaN if either is NaN.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Min.html
 */
export const min = binary("min");

/**
 * The greater; NaN if either is NaN.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Max.html
 */
export const max = binary("max");

/**
 * a to the power b, within 0.51 units in the last place; 1 to any power, and anything to the power 0, is 1.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Pow.html
 */
export const pow = binary("pow");

/**
 * The remainder of a / b with the sign of b, as `torch.remainder`.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://docs.pytorch.org/docs/stable/generated/torch.remainder.html
 */
export const mod = binary("mod");

/**
 * The remainder of a / b with the sign of a, as JavaScript's `%`.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://docs.pytorch.org/docs/stable/generated/torch.fmod.html
 */
export const fmod = binary("fmod");

/**
 * (a - b) squared.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://js.tensorflow.org/api/latest/#squaredDifference
 */
export const squaredDifference = binary("squaredDifference");

/**
 * x < 0 ? slope * x : x.
 *
 * @param x float32, of any shape, which is that of the result
 * @param slope broadcasts to x; for one slope a channel of images [N, C, H, W] its shape is [C, 1, 1]
 * @throws ShapeError if it does not broadcast to x, ArgumentError for operands of other types
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-prelu
 */
export function prelu(w: Workspace, x: Tensor, slope: TensorOrNumber): Tensor {
  const where = "prelu";
  checkTensor(w, where, "x", x);
  const factor = operand(w, where, "slope", slope);
  checkTensor(w, where, "slope", factor);
  if (!sameShape(broadcastShapes(x.shape, factor.shape) ?? [-1], x.shape)) {
    const wanted = `a shape that broadcasts to ${formatShape(x.shape)}`;
    throw new ShapeError(expected(where, "slope", wanted, formatShape(factor.shape)));
  }
  return runBinary(w, where, "prelu", x, factor, x.shape);
}
