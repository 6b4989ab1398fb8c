// Activations as operators of their own. Each is a function of one float32 tensor of any shape; the result lies as x does.

import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import {
  type ActivationName,
  type ActivationOptions,
  activationEpilogue,
  applyEpilogue,
  DEFAULTS,
} from "./activation.ts";
import { checkOptions } from "./call.ts";
import { checkTensor } from "./operands.ts";

function simple(name: ActivationName) {
  return (w: Workspace, x: Tensor): Tensor => {
    checkTensor(w, name, "x", x);
    return applyEpilogue(w, name, x, activationEpilogue(name, name, {}));
  };
}

function withOptions<N extends ActivationName>(name: N) {
  return (w: Workspace, x: Tensor, options?: ActivationOptions<N>): Tensor => {
    checkTensor(w, name, "x", x);
    const given: Readonly<Record<string, unknown>> = options ?? {};
    checkOptions(name, given, Object.keys(DEFAULTS[name]));
    return applyEpilogue(w, name, x, activationEpilogue(name, name, given));
  };
}

/**
 * max(x, 0).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Relu.html
 */
export const relu = simple("relu");

/**
 * x between 0 and 6.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
 */
export const relu6 = simple("relu6");

/**
 * x between minValue (default -Infinity) and maxValue (default Infinity).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Clip.html
 */
export const clamp = withOptions("clamp");

/**
 * alpha (default 1) * x + beta (default 0).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-linear
 */
export const linear = withOptions("linear");

/**
 * x < 0 ? alpha * x : x; alpha is 0.01 by default.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__LeakyRelu.html
 */
export const leakyRelu = withOptions("leakyRelu");

/**
 * x > alpha ? x : 0; alpha is 1 by default.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__ThresholdedRelu.html
 */
export const thresholdedRelu = withOptions("thresholdedRelu");

/**
 * x < 0 ? alpha * (e^x - 1) : x; alpha is 1 by default.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Elu.html
 */
export const elu = withOptions("elu");

/**
 * gamma * (x < 0 ? alpha * (e^x - 1) : x); the defaults are those of the paper, 1.6732632423543772 and 1.0507009873554805.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Selu.html
 */
export const selu = withOptions("selu");

/**
 * x < 0 ? alpha * (e^(x / alpha) - 1) : x for alpha > 0; alpha is 1 by default.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Celu.html
 */
export const celu = withOptions("celu");

/**
 * x * (1 + erf(x / sqrt(2))) / 2, or with `approximate: "tanh"` (default "none") its approximation by tanh.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Gelu.html
 */
export const gelu = withOptions("gelu");

/**
 * 1 / (1 + e^-x).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Sigmoid.html
 */
export const sigmoid = simple("sigmoid");

/**
 * alpha * x + beta between 0 and 1; 0.2 and 0.5 by default, as in WebNN and ONNX. PyTorch's alpha is 1 / 6.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__HardSigmoid.html
 */
export const hardSigmoid = withOptions("hardSigmoid");

/**
 * x * (x + 3 between 0 and 6) / 6.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__HardSwish.html
 */
export const hardSwish = simple("hardSwish");

/**
 * x * sigmoid(alpha * x), also known as Swish; alpha is 1 by default.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor, or for a bad option
 * @see https://onnx.ai/onnx/operators/onnx__Swish.html
 */
export const silu = withOptions("silu");

/**
 * x * tanh(softplus(x)).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Mish.html
 */
export const mish = simple("mish");

/**
 * log(1 + e^x).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Softplus.html
 */
export const softplus = simple("softplus");

/**
 * x / (1 + |x|).
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Softsign.html
 */
export const softsign = simple("softsign");

/**
 * The hyperbolic tangent.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Tanh.html
 */
export const tanh = simple("tanh");

/**
 * The error function.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Erf.html
 */
export const erf = simple("erf");

/**
 * e^x.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Exp.html
 */
export const exp = simple("exp");

/**
 * The natural logarithm; NaN below 0.
 *
 * @param x float32, of any shape, which is that of the result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__Log.html
 */
export const log = simple("log");
