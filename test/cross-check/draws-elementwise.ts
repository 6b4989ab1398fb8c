// Activations, functions of elements, and what broadcasts.

import type { ActivationName } from "../../src/ops/activation.ts";
import { binary, binaryFunctions, exact, map, prelu, scalar, where } from "../reference.ts";
import type { Random } from "../support/random.ts";
import { type Drawing, pairOf, shapeOf } from "./draws.ts";
import type { Input } from "./onnx.ts";

/** A parameter as float32 has it, as an attribute is read. */
const parameter = (random: Random, low: number, high: number) => Math.fround(low + (high - low) * random.uniform());

/** Units in the last place, in halves: the bound that the tests of activations have. */
const ROUNDINGS = 40;

type Scalar = (x: number, ...parameters: number[]) => number;

function activation(
  type: ActivationName,
  f: Scalar,
  parameters: Readonly<Record<string, readonly [low: number, high: number]>> = {},
  { cancels = false, theirs = 0 } = {},
): Drawing {
  return (random) => {
    const x = random.tensor(shapeOf(random, 1, 4), 4);
    const options = Object.fromEntries(
      Object.entries(parameters).map(([name, [low, high]]) => [name, parameter(random, low, high)]),
    );
    const want = map(x, (value) => f(value, ...Object.values(options)));
    // Summands of a size of 1 and more, of which little may be left.
    if (cancels) want.magnitude = want.magnitude.map((size) => size + 4);
    return {
      inputs: [x],
      attributes: Object.fromEntries(Object.entries(options).map(([name, float]) => [name, { float }])),
      want: [want],
      ...{ extra: ROUNDINGS, theirs },
      run: (engine, [t]) => (engine[type] as (t: unknown, o?: object) => never)(t, options),
    };
  };
}

type UnaryMethod =
  | "abs"
  | "neg"
  | "floor"
  | "ceil"
  | "round"
  | "sign"
  | "sqrt"
  | "reciprocal"
  | "isNaN"
  | "isInfinite"
  | Trigonometric;
type Trigonometric = "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "asinh" | "acosh" | "atanh";

/** Of arguments in (-scale, scale), moved by `shift`. */
function unary(method: UnaryMethod, f: (x: number) => number, scale = 4, shift = 0, extra = 0): Drawing {
  return (random) => {
    const x = random.tensor(shapeOf(random, 0, 4), scale);
    for (let i = 0; i < x.data.length; i++) x.data[i] += shift;
    const run = { inputs: [x], attributes: {}, want: [map(x, f)], extra, theirs: extra > 0 ? 1 : 0 };
    return { ...run, run: (engine, [t]) => engine[method](t) };
  };
}

type BinaryMethod = "add" | "sub" | "mul" | "div" | "min" | "max" | "pow" | "fmod";

function arithmetic(method: BinaryMethod, f: (a: number, b: number) => number, attributes = {}): Drawing {
  return (random) => {
    const [p, q] = pairOf(random);
    const [a, b] = [random.tensor(p, 3), random.tensor(q, 3)];
    if (method === "pow") for (let i = 0; i < a.data.length; i++) a.data[i] = Math.abs(a.data[i]);
    // 2^x of a logarithm that is itself rounded, in onnxruntime.
    const extra = method === "pow" ? ROUNDINGS : 0;
    return {
      inputs: [a, b],
      attributes,
      want: [binary(a, b, f)],
      extra,
      run: (engine, [s, t]) => engine[method](s, t),
    };
  };
}

type Comparison = "equal" | "greater" | "greaterOrEqual" | "lesser" | "lesserOrEqual";

/** Of few different values, so that some are equal. */
function comparison(method: Comparison, f: (a: number, b: number) => number): Drawing {
  return (random) => {
    const [a, b] = pairOf(random).map((shape) => {
      const made = random.tensor(shape, 3);
      return { shape, data: made.data.map(Math.round) };
    });
    const run = { outputs: ["bool"] as const, attributes: {}, inputs: [a, b] };
    return { ...run, want: [binary(a, b, f)], run: (engine, [s, t]) => engine[method](s, t) };
  };
}

function truths(random: Random, shape: readonly number[]): Input {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { type: "bool", shape, data: Uint8Array.from({ length: count }, () => random.integer(0, 1)) };
}

const numbersOf = ({ shape, data }: Input) => ({ shape, data: Array.from<number | bigint, number>(data, Number) });

function logical(method: "logicalAnd" | "logicalOr" | "logicalXor", f: (a: number, b: number) => number): Drawing {
  return (random) => {
    const inputs = pairOf(random).map((shape) => truths(random, shape));
    const [a, b] = inputs.map(numbersOf);
    const run = { outputs: ["bool"] as const, attributes: {}, inputs };
    return { ...run, want: [binary(a, b, f)], run: (engine, [s, t]) => engine[method](s, t) };
  };
}

/** onnxruntime takes 1 from e^x, times at most 2 * 2. */
const LESS_ONE = { theirs: 4 };

export const ELEMENTWISE: Readonly<Record<string, Drawing>> = {
  Relu: activation("relu", scalar.relu),
  LeakyRelu: activation("leakyRelu", scalar.leakyRelu, { alpha: [-1, 2] }),
  ThresholdedRelu: activation("thresholdedRelu", scalar.thresholdedRelu, { alpha: [-2, 2] }),
  Elu: activation("elu", scalar.elu, { alpha: [0.1, 2] }, LESS_ONE),
  Selu: activation("selu", scalar.selu, { alpha: [0.1, 2], gamma: [0.5, 2] }, LESS_ONE),
  Celu: activation("celu", scalar.celu, { alpha: [0.1, 2] }, LESS_ONE),
  Sigmoid: activation("sigmoid", scalar.sigmoid, {}, { theirs: 1 }),
  HardSigmoid: activation("hardSigmoid", scalar.hardSigmoid, { alpha: [0.1, 1], beta: [0, 1] }, { cancels: true }),
  HardSwish: activation("hardSwish", scalar.hardSwish, {}, { cancels: true }),
  Mish: activation("mish", scalar.mish),
  Softplus: activation("softplus", scalar.softplus),
  Softsign: activation("softsign", scalar.softsign),
  Tanh: activation("tanh", scalar.tanh),
  Erf: activation("erf", scalar.erf),
  Exp: activation("exp", scalar.exp),
  Log: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4), 4);
    for (let i = 0; i < x.data.length; i++) x.data[i] = Math.abs(x.data[i]);
    const want = map(x, Math.log);
    return { inputs: [x], attributes: {}, want: [want], extra: ROUNDINGS, run: (engine, [t]) => engine.log(t) };
  },
  Gelu: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4), 4);
    const approximate = random.pick(["none", "tanh"] as const);
    const want = map(x, approximate === "none" ? scalar.gelu : scalar.geluTanh);
    // onnxruntime adds 1 to an error function near -1, times x.
    return {
      ...{ inputs: [x], attributes: { approximate }, want: [want], extra: ROUNDINGS, theirs: 4 },
      run: (engine, [t]) => engine.gelu(t, { approximate }),
    };
  },
  Clip: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4), 4);
    const [minValue, maxValue] = [parameter(random, -3, 0), parameter(random, 0, 3)];
    const scalars = [minValue, maxValue].map((value) => ({ shape: [], data: Float32Array.of(value) }));
    return {
      ...{
        inputs: [x, ...scalars],
        attributes: {},
        want: [map(x, (value) => scalar.clamp(value, minValue, maxValue))],
      },
      run: (engine, [t]) => engine.clamp(t, { minValue, maxValue }),
    };
  },
  Abs: unary("abs", scalar.abs),
  Neg: unary("neg", scalar.neg),
  Floor: unary("floor", scalar.floor),
  Ceil: unary("ceil", scalar.ceil),
  Round: unary("round", scalar.round),
  Sign: unary("sign", scalar.sign),
  Sqrt: unary("sqrt", scalar.sqrt, 3, 3),
  Reciprocal: unary("reciprocal", scalar.reciprocal),
  Sin: unary("sin", Math.sin, 9, 0, ROUNDINGS),
  Cos: unary("cos", Math.cos, 9, 0, ROUNDINGS),
  Tan: unary("tan", Math.tan, 1.5, 0, ROUNDINGS),
  Asin: unary("asin", Math.asin, 1, 0, ROUNDINGS),
  Acos: unary("acos", Math.acos, 1, 0, ROUNDINGS),
  Atan: unary("atan", Math.atan, 9, 0, ROUNDINGS),
  Sinh: unary("sinh", Math.sinh, 4, 0, ROUNDINGS),
  Cosh: unary("cosh", Math.cosh, 4, 0, ROUNDINGS),
  Asinh: unary("asinh", Math.asinh, 9, 0, ROUNDINGS),
  Acosh: unary("acosh", Math.acosh, 4, 5, ROUNDINGS),
  Atanh: unary("atanh", Math.atanh, 0.95, 0, ROUNDINGS),
  Add: arithmetic("add", binaryFunctions.add),
  Sub: arithmetic("sub", binaryFunctions.sub),
  Mul: arithmetic("mul", binaryFunctions.mul),
  Div: arithmetic("div", binaryFunctions.div),
  Min: arithmetic("min", binaryFunctions.min),
  Max: arithmetic("max", binaryFunctions.max),
  Pow: arithmetic("pow", binaryFunctions.pow),
  Mod: arithmetic("fmod", binaryFunctions.fmod, { fmod: 1 }),
  Equal: comparison("equal", binaryFunctions.equal),
  Greater: comparison("greater", binaryFunctions.greater),
  GreaterOrEqual: comparison("greaterOrEqual", binaryFunctions.greaterOrEqual),
  Less: comparison("lesser", binaryFunctions.less),
  LessOrEqual: comparison("lesserOrEqual", binaryFunctions.lessOrEqual),
  And: logical("logicalAnd", (a, b) => a & b),
  Or: logical("logicalOr", (a, b) => a | b),
  Xor: logical("logicalXor", (a, b) => a ^ b),
  Not: (random) => {
    const x = truths(random, shapeOf(random, 0, 4));
    const want = map(numbersOf(x), (value) => 1 - value);
    return { inputs: [x], attributes: {}, outputs: ["bool"], want: [want], run: (engine, [t]) => engine.logicalNot(t) };
  },
  Where: (random) => {
    const [p, q] = pairOf(random);
    const [a, b] = [random.tensor(p), random.tensor(q)];
    const condition = truths(random, random.pick([p, q]));
    const want = where(numbersOf(condition), a, b);
    return {
      inputs: [condition, a, b],
      attributes: {},
      want: [want],
      run: (engine, [c, s, t]) => engine.where(c, s, t),
    };
  },
  PRelu: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4));
    const own = x.shape
      .map((extent) => (random.integer(0, 1) === 1 ? 1 : extent))
      .slice(random.integer(0, x.shape.length - 1));
    const slope = random.tensor(own);
    return { inputs: [x, slope], attributes: {}, want: [prelu(x, slope)], run: (engine, [s, t]) => engine.prelu(s, t) };
  },
  IsNaN: specials("isNaN", Number.isNaN),
  IsInf: specials("isInfinite", (x) => Math.abs(x) === Number.POSITIVE_INFINITY),
};

function specials(method: "isNaN" | "isInfinite", f: (x: number) => boolean): Drawing {
  return (random) => {
    const shape = shapeOf(random, 0, 4);
    const choices = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1, -2];
    const x = { shape, data: random.tensor(shape).data.map(() => random.pick(choices)) };
    const want = exact(
      shape,
      Array.from(x.data, (value) => (f(value) ? 1 : 0)),
    );
    return { inputs: [x], attributes: {}, outputs: ["bool"], want: [want], run: (engine, [t]) => engine[method](t) };
  };
}
