import { add, mul, reciprocal, sqrt, sub } from "../../ops/elementwise.ts";
import { reshape } from "../../ops/movement.ts";
import { reduceMean, reduceSum } from "../../ops/reduction.ts";
import { elementCount } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { BatchNorm, Dropout } from "../layer.ts";
import type { Forward, Pass } from "./pass.ts";

/**
 * With h = (x - mean) * s, s = 1 / sqrt(variance + epsilon), over the m values of a channel:
 * y = scale * h + bias, dx = scale * s * (dy - (sum of dy + h * sum of h * dy) / m).
 */
export function forwardBatchNorm(pass: Pass, unit: BatchNorm, x: Tensor): Forward {
  const { w } = pass;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const channels = x.shape.map((extent, axis) => (axis === 1 ? extent : 1));
  const over = { axes, keepDimensions: true };
  const m = elementCount(x.shape) / x.shape[1];
  const mean = reduceMean(w, x, over);
  const centred = sub(w, x, mean);
  const variance = reduceMean(w, mul(w, centred, centred), over);
  gather(unit, mean.data as Float32Array, variance.data as Float32Array, m);
  const s = reciprocal(w, sqrt(w, add(w, variance, unit.epsilon)));
  const h = mul(w, centred, s);
  const scale = reshape(w, pass.tensor(unit.scale), channels);
  const y = add(w, mul(w, h, scale), reshape(w, pass.tensor(unit.bias), channels));
  return {
    y,
    backward(dy) {
      const sum = reduceSum(w, dy, over);
      const product = reduceSum(w, mul(w, h, dy), over);
      pass.keep(unit.bias, sum);
      pass.keep(unit.scale, product);
      if (x === pass.batch) return undefined;
      const common = mul(w, add(w, sum, mul(w, h, product)), 1 / m);
      return mul(w, sub(w, dy, common), mul(w, scale, s));
    },
  };
}

/** Moves the running statistics by the share `momentum` towards those of a batch, of the variance its unbiased estimate. */
function gather(
  { momentum, mean, variance }: BatchNorm,
  means: Float32Array,
  variances: Float32Array,
  m: number,
): void {
  const unbiased = m > 1 ? m / (m - 1) : 1;
  for (let c = 0; c < means.length; c++) {
    mean.values[c] += momentum * (means[c] - mean.values[c]);
    variance.values[c] += momentum * (variances[c] * unbiased - variance.values[c]);
  }
}

/** Each element times 0 or 1 / (1 - rate). */
export function forwardDropout(pass: Pass, { rate }: Dropout, x: Tensor): Forward {
  const { w, random } = pass;
  const kept = 1 / (1 - rate);
  const mask = pass.from(
    Float32Array.from({ length: elementCount(x.shape) }, () => (random() < rate ? 0 : kept)),
    x.shape,
  );
  return { y: mul(w, x, mask), backward: (dy) => mul(w, dy, mask) };
}
