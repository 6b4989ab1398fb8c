/** Codes of the kernel `reduce`. An empty reduction gives 0, for `mean` NaN, `max` -Infinity, `min` Infinity, `prod` 1. */
export const REDUCE = {
  sum: 1,
  mean: 2,
  /** NaN if any is NaN. */
  max: 3,
  /** NaN if any is NaN. */
  min: 4,
  prod: 5,
  sumSquare: 6,
  /** Sum of absolute values. */
  l1: 7,
  /** Square root of `sumSquare`. */
  l2: 8,
} as const;
