import { lanes } from "./move.ts";
import { exact, numbers, type Plain, type Reference } from "./plain.ts";

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/** The error function to double precision: its series of positive terms near 0, the continued fraction of erfc beyond. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) >= 2.5) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  // erf x = 2 / sqrt(pi) * exp(-x^2) * sum of x * (2 x^2)^n / (1 * 3 * 5 ... (2n + 1))
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
}

/** 1 - erf(x), without the loss of digits where erf(x) is near 1. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 2.5) return 1 - erf(x);
  if (x > 30) return 0;
  // exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...))))
  let fraction = x;
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** NaN stays NaN through Math.min and Math.max. */
function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Activations of one number, with ONNX's default parameters. NaN gives NaN everywhere, and so does a product of infinity and 0
 * (silu, gelu, mish and hardSwish of -infinity), as in PyTorch.
 */
export const scalar = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  /** To the nearest; halves to the even neighbour. */
  round: (x: number): number => {
    const low = Math.floor(x);
    if (x - low !== 0.5) return Number.isFinite(x) ? Math.floor(x + 0.5) : x;
    return low % 2 === 0 ? low : low + 1;
  },
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  neg: (x: number): number => -x,
  reciprocal: (x: number): number => 1 / x,
  sign: Math.sign,
  erf,
  tanh: Math.tanh,
  sigmoid,
  relu: (x: number): number => Math.max(x, 0),
  /** max(low, min(high, x)); `high` wins where low > high. */
  clamp,
  leakyRelu: (x: number, alpha = 0.01): number => (x < 0 ? alpha * x : x),
  /** x above alpha, else 0. */
  thresholdedRelu: (x: number, alpha = 1): number => (x <= alpha ? 0 : x),
  elu: (x: number, alpha = 1): number => (x < 0 ? alpha * Math.expm1(x) : x),
  selu: (x: number, alpha = 1.6732632423543772, gamma = 1.0507009873554805): number =>
    gamma * (x < 0 ? alpha * Math.expm1(x) : x),
  celu: (x: number, alpha = 1): number => (x < 0 ? alpha * Math.expm1(x / alpha) : x),
  /** x * P(normal < x) = x / 2 * (1 + erf(x / sqrt 2)). */
  gelu: (x: number): number => 0.5 * x * erfc(-x / Math.SQRT2),
  geluTanh: (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  hardSigmoid: (x: number, alpha = 0.2, beta = 0.5): number => clamp(alpha * x + beta, 0, 1),
  hardSwish: (x: number): number => x * clamp(x / 6 + 0.5, 0, 1),
  silu: (x: number): number => x * sigmoid(x),
  mish: (x: number): number => x * Math.tanh(softplus(x)),
  softplus,
  softsign: (x: number): number => x / (1 + Math.abs(x)),
} as const;

/** `f` of every element; the magnitude is that of the value. */
export function map(x: Plain, f: (value: number) => number): Reference {
  return exact(
    x.shape,
    numbers(x.data).map((value) => f(value)),
    1,
  );
}

/** Calls `f` with the elements along `axis`, for every place of the other axes, and writes back what it returns. */
function alongAxis(
  x: Plain,
  axis: number,
  f: (values: number[]) => { values: number[]; magnitudes: number[] },
): Reference {
  const { outer, extent, inner } = lanes(x.shape, axis);
  const y = exact(x.shape, x.data, extent);
  for (let before = 0; before < outer; before++) {
    for (let after = 0; after < inner; after++) {
      const at = (i: number): number => (before * extent + i) * inner + after;
      const line = f(Array.from({ length: extent }, (_, i) => x.data[at(i)]));
      for (let i = 0; i < extent; i++) {
        y.data[at(i)] = line.values[i];
        y.magnitude[at(i)] = line.magnitudes[i];
      }
    }
  }
  return y;
}

/**
 * y_i = exp(x_i - m) / sum over j of exp(x_j - m), m = max x. The magnitude is y_i times 1 and the distances to m whose rounding
 * enters by the exponentials.
 */
export function softmax(x: Plain, axis = -1): Reference {
  return alongAxis(x, axis, (xs) => {
    const m = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = xs.map((value) => Math.exp(value - m));
    const sum = powers.reduce((a, b) => a + b, 0);
    const spread = xs.reduce((total, value, j) => total + (powers[j] > 0 ? (powers[j] / sum) * (m - value) : 0), 0);
    const values = powers.map((power) => power / sum);
    return { values, magnitudes: values.map((y, i) => (y > 0 ? y * (1 + (m - xs[i]) + spread) : 0)) };
  });
}

/** y_i = x_i - m - log(sum over j of exp(x_j - m)), m = max x. The magnitude adds up what is subtracted. */
export function logSoftmax(x: Plain, axis = -1): Reference {
  return alongAxis(x, axis, (xs) => {
    const m = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = xs.reduce((total, value) => total + Math.exp(value - m), 0);
    const values = xs.map((value) => value - m - Math.log(sum));
    return { values, magnitudes: values.map((y, i) => 1 + Math.abs(y) + (m - xs[i]) + Math.log(sum)) };
  });
}

/** 1 at the first greatest element along the axis, else 0. */
export function hardmax(x: Plain, axis = -1): Reference {
  return alongAxis(x, axis, (xs) => {
    const values = xs.map((_, i) => (i === xs.indexOf(Math.max(...xs)) ? 1 : 0));
    return { values, magnitudes: values };
  });
}
