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

// ln 2 in two parts; the first has few enough bits that its products with exponents are exact.
const [LN2_HIGH, LN2_LOW] = [0.6931471803691238, 1.9082149292705877e-10];

/** e^x for x <= 0, by sums and products alone, which are the same in every engine as `Math.exp` is not; 0 below -150. */
function exponential(x: number): number {
  if (x < -150) return 0;
  const halvings = Math.round(-x / Math.LN2);
  const rest = x + halvings * LN2_HIGH + halvings * LN2_LOW;
  // The series to its 14th term: |rest| is at most ln 2 / 2.
  let power = 1;
  for (let term = 14; term > 0; term--) power = 1 + (rest / term) * power;
  for (let i = 0; i < halvings; i++) power /= 2;
  return power;
}

/** `exp(score)` over the sum of all, so that the results are positive and add up to 1. Large scores do not overflow. */
export function softmax(scores: ArrayLike<number | bigint>): Float32Array<ArrayBuffer> {
  const values = Float64Array.from(scores as ArrayLike<number>, Number);
  let highest = -Infinity;
  for (const value of values) if (value > highest) highest = value;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    // Equal infinities share the whole; their difference would be NaN.
    values[i] = values[i] === highest ? 1 : exponential(values[i] - highest);
    sum += values[i];
  }
  return Float32Array.from(values, (value) => value / sum);
}
