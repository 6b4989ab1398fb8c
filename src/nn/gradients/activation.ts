import { applyEpilogue } from "../../ops/activation.ts";
import { erf, exp, relu, sigmoid } from "../../ops/activations.ts";
import { add, mul, sign, sub } from "../../ops/elementwise.ts";
import type { Tensor } from "../../tensor.ts";
import type { Workspace } from "../../workspace.ts";
import type { ActivationUse } from "../activation.ts";
import type { Forward } from "./pass.ts";

/** The activation of x; backward takes the slope at each element, that from the left where there are two. */
export function forwardActivation(w: Workspace, use: ActivationUse, x: Tensor): Forward {
  const y = applyEpilogue(w, "train", x, use.epilogue);
  return { y, backward: (dy) => mul(w, dy, slope(w, use, x, y)) };
}

/** dy / dx, from x and y as suits. */
function slope(w: Workspace, { name, alpha }: ActivationUse, x: Tensor, y: Tensor): Tensor {
  switch (name) {
    case "relu":
      return sign(w, y);
    case "relu6":
      return between(w, y, 0, 6);
    case "leakyRelu":
      return add(w, mul(w, above(w, x), 1 - alpha), alpha);
    case "elu": {
      // Below 0, y + alpha = alpha * e^x.
      const positive = above(w, x);
      return add(w, positive, mul(w, sub(w, 1, positive), add(w, y, alpha)));
    }
    case "sigmoid":
      return mul(w, y, sub(w, 1, y));
    case "tanh":
      return sub(w, 1, mul(w, y, y));
    case "softplus":
      return sigmoid(w, x);
    case "silu": {
      const s = sigmoid(w, x);
      return add(w, s, mul(w, y, sub(w, 1, s)));
    }
    case "hardSigmoid":
      return mul(w, between(w, y, 0, 1), alpha);
    case "hardSwish": {
      // x * h with h = x / 6 + 1/2 between 0 and 1.
      const h = applyEpilogue(w, "train", add(w, mul(w, x, 1 / 6), 0.5), { lo: 0, hi: 1, code: 0, alpha: 0, beta: 0 });
      return add(w, h, mul(w, between(w, h, 0, 1), mul(w, x, 1 / 6)));
    }
    case "gelu": {
      // P(normal < x) + x * density(x).
      const share = mul(w, add(w, erf(w, mul(w, x, Math.SQRT1_2)), 1), 0.5);
      const density = mul(w, exp(w, mul(w, mul(w, x, x), -0.5)), 0.3989422804014327);
      return add(w, share, mul(w, x, density));
    }
  }
}

/** 1 above 0, else 0. */
function above(w: Workspace, x: Tensor): Tensor {
  return sign(w, relu(w, x));
}

/** 1 where low < y < high, 0 elsewhere; y is never beyond them. */
function between(w: Workspace, y: Tensor, low: number, high: number): Tensor {
  return mul(w, sign(w, sub(w, y, low)), sign(w, sub(w, high, y)));
}
