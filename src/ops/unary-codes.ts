/** The functions of the `unary` kernel and their codes, the same as in assembly/numeric/unary.ts and assembly/numeric/wide.ts. */
export const UNARY = {
  /** To [alpha, beta]; ReLU is clamp to [0, Infinity]. */
  clamp: 1,
  /** alpha * x + beta. */
  linear: 2,
  /** x < 0 ? alpha * x : x. */
  leakyRelu: 3,
  /** x > alpha ? x : 0. */
  thresholdedRelu: 4,
  /** alpha * x + beta, clamped to [0, 1]. */
  hardSigmoid: 5,
  /** x * clamp(x + 3, 0, 6) / 6. */
  hardSwish: 6,
  abs: 7,
  neg: 8,
  floor: 9,
  ceil: 10,
  /** Half to even. */
  round: 11,
  /** -1, 0 or 1, and NaN for NaN (PyTorch gives 0). */
  sign: 12,
  sqrt: 13,
  reciprocal: 14,
  /** x / (1 + |x|). */
  softsign: 15,
  exp: 16,
  log: 17,
  sigmoid: 18,
  /** x * sigmoid(alpha * x); alpha is 1 for SiLU. */
  silu: 19,
  tanh: 20,
  /** x < 0 ? alpha * (e^x - 1) : x. */
  elu: 21,
  /** beta * (x < 0 ? alpha * (e^x - 1) : x); beta is what ONNX calls gamma. */
  selu: 22,
  /** x < 0 ? alpha * (e^(x / alpha) - 1) : x, for alpha > 0. */
  celu: 23,
  /** log(1 + e^x). */
  softplus: 24,
  /** x * tanh(softplus(x)). */
  mish: 25,
  erf: 26,
  /** x * (1 + erf(x / sqrt(2))) / 2. */
  gelu: 27,
  /** GELU by its approximation with tanh. */
  geluTanh: 28,
  /** x^alpha. */
  pow: 29,
  /** The nearest multiple of alpha, half to even, counted in steps of beta: nearest(x / alpha) * beta. */
  roundTo: 30,
  sin: 31,
  cos: 32,
  tan: 33,
  asin: 34,
  acos: 35,
  atan: 36,
  sinh: 37,
  cosh: 38,
  asinh: 39,
  acosh: 40,
  atanh: 41,
} as const;
