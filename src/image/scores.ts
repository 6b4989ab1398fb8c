/** Scores of classes. */
import { ArgumentError, expected } from "../errors.ts";

/** A class and its score; the label too where labels were given. */
export interface RankedClass {
  readonly class: number;
  readonly label?: string;
  readonly score: number;
}

/**
 * The `k` classes of the highest scores (all of them if there are fewer), best first. Of equal scores the lower class
 * comes first; NaN counts as the highest, so that it shows.
 *
 * @throws ArgumentError if `labels` does not have one name for each score.
 */
export function topK(scores: ArrayLike<number | bigint>, k = 5, labels?: readonly string[]): RankedClass[] {
  if (!Number.isSafeInteger(k) || k < 1) throw new ArgumentError(expected("topK", "k", "a positive integer", k));
  if (labels !== undefined && labels.length !== scores.length) {
    throw new ArgumentError(expected("topK", "labels", `${scores.length} names, one a score`, labels.length));
  }
  const values = Float64Array.from(scores as ArrayLike<number>, Number);
  const key = (i: number) => (Number.isNaN(values[i]) ? Infinity : values[i]);
  const rank = (a: number, b: number) => {
    const nanFirst = Number(Number.isNaN(values[b])) - Number(Number.isNaN(values[a]));
    return nanFirst || (key(a) === key(b) ? a - b : key(b) - key(a));
  };
  const order = Array.from(values.keys()).sort(rank).slice(0, k);
  return order.map((i) => ({ class: i, ...(labels && { label: labels[i] }), score: values[i] }));
}

/** `exp(score)` over the sum of all, so that the results are positive and add up to 1. Large scores do not overflow. */
export function softmax(scores: ArrayLike<number | bigint>): Float32Array<ArrayBuffer> {
  const values = Float64Array.from(scores as ArrayLike<number>, Number);
  let highest = -Infinity;
  for (const value of values) if (value > highest) highest = value;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    // Equal infinities share the whole; their difference would be NaN.
    values[i] = values[i] === highest ? 1 : Math.exp(values[i] - highest);
    sum += values[i];
  }
  return Float32Array.from(values, (value) => value / sum);
}
