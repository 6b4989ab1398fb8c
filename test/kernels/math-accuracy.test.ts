import { describe, expect, it } from "vitest";
import type { UnaryName } from "../../src/ops/epilogue.ts";
import { UNARY } from "../../src/ops/unary-codes.ts";
import { scalar } from "../reference/activation.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { Random } from "../support/random.ts";

/** The bounds that the docstrings in assembly/numeric/math.ts and assembly/numeric/wide.ts state. */
interface Bound {
  name: UnaryName;
  /** In float64, for the float32 argument and parameters. */
  want: (x: number, alpha: number) => number;
  /** The greatest error, in ulp of the true result. */
  ulp: number;
  /** Added to it, in the result's own unit, where the relative error has no bound. */
  absolute?: (x: number, alpha: number) => number;
  /** Values of alpha to try; [1] if not given. */
  alphas?: number[];
}

const LEAST = 2 ** -149;
/** A factor that comes out subnormal has lost bits before it is multiplied by x. */
const subnormalFactor = (x: number) => Math.abs(x) * LEAST;

const BOUNDS: Bound[] = [
  { name: "exp", want: Math.exp, ulp: 1 },
  { name: "log", want: Math.log, ulp: 1 },
  { name: "sigmoid", want: scalar.sigmoid, ulp: 2.5 },
  { name: "silu", want: scalar.silu, ulp: 3.5, absolute: subnormalFactor },
  { name: "tanh", want: Math.tanh, ulp: 2.5 },
  { name: "elu", want: (x) => scalar.elu(x), ulp: 1 },
  { name: "softplus", want: scalar.softplus, ulp: 2 },
  { name: "mish", want: scalar.mish, ulp: 4, absolute: subnormalFactor },
  { name: "erf", want: scalar.erf, ulp: 1.5 },
  { name: "gelu", want: scalar.gelu, ulp: 7, absolute: subnormalFactor },
  {
    name: "geluTanh",
    // Without the oracle's 1 + tanh, which loses all digits far below 0.
    want: (x) => x * scalar.sigmoid(twiceTanhArgument(x)),
    ulp: 3,
    // The rounded argument of the exponential: its four roundings of 2^-24 times |x| times the derivative of the sigmoid.
    absolute: (x) =>
      subnormalFactor(x) + (x < 0 ? x * twiceTanhArgument(x) * scalar.sigmoid(twiceTanhArgument(x)) * 2 ** -22 : 0),
  },
  { name: "pow", want: Math.pow, ulp: 0.51, alphas: [2, 3, -1, 0.5, -2.5, 1 / 3, 7.7, -0.01, 100.3, 1e-20, -1e4, 3e6] },
  { name: "sin", want: Math.sin, ulp: 0.51 },
  { name: "cos", want: Math.cos, ulp: 0.51 },
  { name: "tan", want: Math.tan, ulp: 0.51 },
  { name: "asin", want: Math.asin, ulp: 0.51 },
  { name: "acos", want: Math.acos, ulp: 0.51 },
  { name: "atan", want: Math.atan, ulp: 0.51 },
  { name: "sinh", want: Math.sinh, ulp: 0.51 },
  { name: "cosh", want: Math.cosh, ulp: 0.51 },
  { name: "asinh", want: Math.asinh, ulp: 0.51 },
  { name: "acosh", want: Math.acosh, ulp: 0.51 },
  { name: "atanh", want: Math.atanh, ulp: 0.51 },
];

describe.each(BUILDS)("accuracy of elementary functions, %s build", (build) => {
  it.each(BOUNDS)("$name is within $ulp ulp", (bound) => {
    const alphas = bound.alphas ?? [1];
    for (const alpha of alphas) {
      const x = alphas.length > 1 ? sweep(60_000) : sweep(200_000);
      const worst = compare(bound, x, run(build, bound.name, x, alpha), Math.fround(alpha));
      if (process.env["ULP"]) console.log(build, bound.name, alpha, worst);
      expect(worst.message).toBe("");
    }
  });
});

/** `count` bit patterns of all exponents and both signs, as many values in (-1, 1), and as many in (-20, 20). */
function sweep(count: number): Float32Array {
  const random = new Random(count);
  const values = new Float32Array(3 * count);
  const bits = new Uint32Array(values.buffer);
  const step = Math.floor(2 ** 32 / count);
  for (let i = 0; i < count; i++) bits[i] = i * step + random.integer(0, step - 1);
  for (let i = 0; i < count; i++) {
    values[count + i] = 2 * random.uniform() - 1;
    values[2 * count + i] = 40 * random.uniform() - 20;
  }
  return values;
}

function run(build: Build, name: UnaryName, x: Float32Array, alpha: number): Float32Array {
  const { kernels, memory, heapBase } = instance(build, x.byteLength + 16);
  const values = new Float32Array(memory.buffer, heapBase, x.length);
  values.set(x);
  kernels.unary(UNARY[name], heapBase, heapBase, x.length, alpha, 0);
  return values.slice();
}

function compare(bound: Bound, x: Float32Array, got: Float32Array, alpha: number) {
  const worst = { ulp: 0, at: 0, message: "" };
  for (let i = 0; i < x.length; i++) {
    const want = bound.want(x[i], alpha);
    if (got[i] === want || (Number.isNaN(want) && Number.isNaN(got[i]))) continue;
    // Where the true result rounds to infinity, the greatest float is half an ulp from where that begins.
    const limit = 2 ** 128;
    const error = Math.abs(clamp(got[i], limit) - clamp(want, limit));
    const unit = ulp(want);
    const free = bound.absolute?.(x[i], alpha) ?? 0;
    const excess = Math.max(0, error - free) / unit;
    if (excess <= worst.ulp) continue;
    worst.ulp = excess;
    worst.at = x[i];
    if (!(excess <= bound.ulp)) worst.message = `${bound.name}(${x[i]}): got ${got[i]}, want ${want}, ${excess} ulp`;
    if (Number.isNaN(excess)) break;
  }
  return worst;
}

function clamp(x: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, x));
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The distance of float32 numbers next to x, 2^-149 where they are subnormal. */
function ulp(x: number): number {
  scratch[0] = Math.min(Math.abs(x), 3.4028234663852886e38);
  return 2 ** (Math.max(scratchBits[0] >>> 23, 1) - 150);
}

function twiceTanhArgument(x: number): number {
  return 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}
