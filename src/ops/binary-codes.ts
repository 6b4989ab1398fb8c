/** Codes of the kernel `binary`: float32 from two float32 operands. */
export const BINARY = {
  add: 1,
  sub: 2,
  mul: 3,
  div: 4,
  /** NaN if either is NaN. */
  min: 5,
  /** NaN if either is NaN. */
  max: 6,
  /** As IEEE 754 and PyTorch: 1 to any power, and anything to the power 0, is 1. Within 0.51 units in the last place. */
  pow: 7,
  /** Remainder with the sign of the divisor, as `torch.remainder` and `numpy.mod`. */
  mod: 8,
  /** Remainder with the sign of the dividend, as C's `fmod` and JavaScript's `%`. */
  fmod: 9,
  /** a < 0 ? a * b : a. */
  prelu: 10,
  /** (a - b) squared. */
  squaredDifference: 11,
} as const;

/** Codes of the kernel `compare`: a byte 0 or 1 from two float32 operands. */
export const COMPARE = { eq: 1, ne: 2, lt: 3, le: 4, gt: 5, ge: 6 } as const;

/** Codes of the kernel `logical`: a byte 0 or 1 from two such bytes. `not` looks at the first operand alone. */
export const LOGICAL = { and: 1, or: 2, xor: 3, not: 4 } as const;
