import { logSoftmax, softmax } from "../ops/softmax.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";

/** What outputs should be: a class for each example, or values for each output. */
export type Wanted =
  | { readonly kind: "classes"; readonly labels: ArrayLike<number>; readonly smoothing: number }
  | { readonly kind: "values"; readonly targets: Float32Array };

export interface Scored {
  /** Sum over the examples of what each loses. */
  readonly loss: number;
  /** How many examples have their greatest output at their class; 0 without classes. */
  readonly right: number;
  /** Gradient of the mean loss by each output. */
  readonly gradient: Float32Array;
}

/** Scores outputs y [N, ...] against what is wanted of examples `order[0]`, `order[1]`, ... */
export function score(w: Workspace, y: Tensor, wanted: Wanted, order: ArrayLike<number>): Scored {
  return wanted.kind === "classes" ? crossEntropy(w, y, wanted, order) : squaredError(y, wanted.targets, order);
}

/**
 * Softmax cross-entropy of logits y [N, K]: -sum over k of t[k] * log(softmax(y)[k]), where t is 1 - smoothing at the class and smoothing / K
 * is added everywhere; its gradient is softmax(y) - t.
 */
function crossEntropy(
  w: Workspace,
  y: Tensor,
  { labels, smoothing }: Wanted & { kind: "classes" },
  order: ArrayLike<number>,
): Scored {
  const [N, K] = y.shape;
  const logarithms = logSoftmax(w, y).data as Float32Array;
  const gradient = softmax(w, y).data as Float32Array;
  let loss = 0;
  let right = 0;
  for (let n = 0; n < N; n++) {
    const label = labels[order[n]];
    let best = 0;
    for (let k = 0; k < K; k++) {
      const i = n * K + k;
      const target = smoothing / K + (k === label ? 1 - smoothing : 0);
      if (target > 0) loss -= target * logarithms[i];
      gradient[i] = (gradient[i] - target) / N;
      if (logarithms[i] > logarithms[n * K + best]) best = k;
    }
    if (best === label) right++;
  }
  return { loss, right, gradient };
}

/** The mean over the outputs of an example of (y - target) squared. */
function squaredError(y: Tensor, targets: Float32Array, order: ArrayLike<number>): Scored {
  const N = y.shape[0];
  const gradient = y.data as Float32Array;
  const size = gradient.length / N;
  let loss = 0;
  for (let i = 0; i < gradient.length; i++) {
    const n = Math.floor(i / size);
    const difference = gradient[i] - targets[order[n] * size + (i - n * size)];
    loss += (difference * difference) / size;
    gradient[i] = (2 * difference) / gradient.length;
  }
  return { loss, right: 0, gradient };
}
