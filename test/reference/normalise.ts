import { axisOf, blank, count, four, numbers, type Plain, type Reference } from "./plain.ts";

/**
 * y[n, c, ...] = (x - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + bias[c], in inference.
 * The magnitude is that of x * a + (bias - mean * a), the form that folds into a convolution.
 */
export function batchNorm(
  x: Plain,
  scale: Plain,
  bias: Plain,
  mean: Plain,
  variance: Plain,
  epsilon = 1e-5,
): Reference {
  const C = x.shape[1];
  const inner = count(x.shape.slice(2));
  const y = blank(x.shape, 4);
  for (let i = 0; i < x.data.length; i++) {
    const c = Math.floor(i / inner) % C;
    const a = scale.data[c] / Math.sqrt(variance.data[c] + epsilon);
    y.data[i] = (x.data[i] - mean.data[c]) * a + bias.data[c];
    y.magnitude[i] = Math.abs(x.data[i] * a) + Math.abs(mean.data[c] * a) + Math.abs(bias.data[c]);
  }
  return y;
}

/**
 * Each run of `length` consecutive elements: (x - mean) / sqrt(variance + epsilon) * scale + bias, variance divided by `length`.
 * The magnitude carries the rounding of the mean (by mean |x|) into the difference and into the deviation.
 */
function standardise(
  x: Plain,
  length: number,
  epsilon: number,
  scale: (i: number) => number,
  bias: (i: number) => number,
): Reference {
  const y = blank(x.shape, length);
  const xs = numbers(x.data);
  for (let start = 0; start < xs.length; start += length) {
    const run = xs.subarray(start, start + length);
    const mean = run.reduce((sum, value) => sum + value, 0) / length;
    const size = run.reduce((sum, value) => sum + Math.abs(value), 0) / length;
    const variance = run.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    const deviation = Math.sqrt(variance + epsilon);
    for (let i = start; i < start + length; i++) {
      const a = scale(i) / deviation;
      const d = xs[i] - mean;
      y.data[i] = d * a + bias(i);
      y.magnitude[i] =
        (Math.abs(xs[i]) + size + Math.abs(d) * (1 + size / deviation)) * Math.abs(a) + Math.abs(bias(i));
    }
  }
  return y;
}

/** Over H, W (all axes from 2 on) of each n and c; scale and bias [C]. */
export function instanceNorm(x: Plain, scale: Plain, bias: Plain, epsilon = 1e-5): Reference {
  return groupNorm(x, x.shape[1], scale, bias, epsilon);
}

/** Over the channels of a group and all axes after them; scale and bias [C], one for each channel. */
export function groupNorm(x: Plain, groups: number, scale: Plain, bias: Plain, epsilon = 1e-5): Reference {
  const C = x.shape[1];
  const inner = count(x.shape.slice(2));
  const channel = (i: number): number => Math.floor(i / inner) % C;
  return standardise(
    x,
    (C / groups) * inner,
    epsilon,
    (i) => scale.data[channel(i)],
    (i) => bias.data[channel(i)],
  );
}

/** Over `axis` and all axes after it; scale and bias are of the shape of these. */
export function layerNorm(x: Plain, scale: Plain, bias: Plain | undefined, axis = -1, epsilon = 1e-5): Reference {
  const length = count(x.shape.slice(axisOf(axis, x.shape.length)));
  return standardise(
    x,
    length,
    epsilon,
    (i) => scale.data[i % length],
    (i) => (bias ? bias.data[i % length] : 0),
  );
}

/**
 * y[n, c, h, w] = x / (bias + alpha / size * sum of x[n, c', h, w]^2)^beta for c' from c - floor((size - 1) / 2) to
 * c + ceil((size - 1) / 2), within the channels.
 */
export function lrn(x: Plain, size: number, alpha = 1e-4, beta = 0.75, bias = 1): Reference {
  const [N, C, H, W] = four(x);
  const y = blank(x.shape, size);
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      for (let hw = 0; hw < H * W; hw++) {
        let sum = 0;
        const last = Math.min(C - 1, c + Math.ceil((size - 1) / 2));
        for (let near = Math.max(0, c - Math.floor((size - 1) / 2)); near <= last; near++) {
          sum += x.data[(n * C + near) * H * W + hw] ** 2;
        }
        const at = (n * C + c) * H * W + hw;
        y.data[at] = x.data[at] / (bias + (alpha / size) * sum) ** beta;
        y.magnitude[at] = Math.abs(y.data[at]);
      }
    }
  }
  return y;
}
