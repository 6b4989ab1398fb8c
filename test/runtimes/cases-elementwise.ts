import type { Engine, Tensor } from "lanewise";
import type { Random } from "../support/random.ts";
import { anyBits, channelsLast, operator } from "./cases-operators.ts";
import type { Cases } from "./suite.ts";

type Draw = Parameters<typeof channelsLast>[1];

/** Floats of any size, floats of the size that networks have, and images that lie channels last. */
function operands(e: Engine, draw: Draw, random: Random): Tensor[] {
  return [
    anyBits(e, random, 3, 331),
    e.tensor(random.values(1501, 8)),
    e.tensor(random.values(403, 100)),
    channelsLast(e, draw, 2, 7, 3, 5),
  ];
}

/** Each function of each operand. */
function each(functions: readonly ((x: Tensor) => Tensor)[], xs: readonly Tensor[]): Tensor[] {
  return functions.flatMap((f) => xs.map((x) => f(x)));
}

/** Pairs of operands of the same shape, and of shapes that broadcast in one direction or in both. */
function pairs(e: Engine, draw: Draw, random: Random): [Tensor | number, Tensor | number][] {
  const images = channelsLast(e, draw, 2, 7, 3, 5);
  return [
    [anyBits(e, random, 1009), anyBits(e, random, 1009)],
    [e.tensor(random.values(403, 20)), e.tensor(random.values(403, 3))],
    [draw(4, 1, 7), draw(3, 1)],
    [draw(5, 13), draw(2, 5, 1)],
    [images, draw(7, 1, 1)],
    [draw(2, 7, 3, 5), images],
    [anyBits(e, random, 61), -1.5],
    [2.5, anyBits(e, random, 61)],
  ];
}

/** Whole numbers among others, for ties. */
function steps(e: Engine, random: Random, ...shape: number[]): Tensor {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return e.tensor(
    Float32Array.from({ length }, () => random.integer(-12, 12) / 4),
    shape,
  );
}

export const elementwiseCases: Cases = {
  "activations by themselves": operator(20, (e, draw, random) => {
    const simple = ["relu", "relu6", "sigmoid", "hardSwish", "mish", "softplus", "softsign", "tanh", "erf"] as const;
    const withOptions = ["clamp", "linear", "leakyRelu", "thresholdedRelu", "elu"] as const;
    const more = ["selu", "celu", "gelu", "hardSigmoid", "silu", "exp", "log"] as const;
    return each(
      [...simple, ...withOptions, ...more].map((name) => e[name]),
      operands(e, draw, random),
    );
  }),
  "activations with parameters": operator(21, (e, draw, random) =>
    each(
      [
        (x) => e.clamp(x, { minValue: -0.25, maxValue: 3 }),
        (x) => e.linear(x, { alpha: -1.5, beta: 0.1 }),
        (x) => e.leakyRelu(x, { alpha: 0.3 }),
        (x) => e.thresholdedRelu(x, { alpha: 0.4 }),
        (x) => e.elu(x, { alpha: 0.7 }),
        (x) => e.selu(x, { alpha: 1.2, gamma: 0.9 }),
        (x) => e.celu(x, { alpha: 0.6 }),
        (x) => e.gelu(x, { approximate: "tanh" }),
        (x) => e.hardSigmoid(x, { alpha: 1 / 6 }),
        (x) => e.silu(x, { alpha: 1.702 }),
      ],
      operands(e, draw, random),
    ),
  ),
  "functions of each element": operator(22, (e, draw, random) => {
    const exact = ["abs", "neg", "floor", "ceil", "round", "sign", "sqrt", "reciprocal"] as const;
    const xs = operands(e, draw, random);
    return [
      ...each(
        exact.map((name) => e[name]),
        [...xs, steps(e, random, 203)],
      ),
      ...each([e.isNaN, e.isInfinite], xs),
    ];
  }),
  "circular and hyperbolic functions": operator(23, (e, draw, random) => {
    const circular = ["sin", "cos", "tan", "asin", "acos", "atan"] as const;
    const hyperbolic = ["sinh", "cosh", "asinh", "acosh", "atanh"] as const;
    return each(
      [...circular, ...hyperbolic].map((name) => e[name]),
      [...operands(e, draw, random), draw(1001)],
    );
  }),
  "arithmetic that broadcasts": operator(24, (e, draw, random) => {
    const names = ["add", "sub", "mul", "div", "min", "max", "pow", "mod", "fmod", "squaredDifference"] as const;
    const operandPairs = pairs(e, draw, random);
    return names.flatMap((name) => operandPairs.map(([a, b]) => e[name](a, b)));
  }),
  "slopes of prelu": operator(25, (e, draw, random) => {
    const images = channelsLast(e, draw, 2, 7, 3, 5);
    return [
      e.prelu(images, draw(7, 1, 1)),
      e.prelu(draw(2, 7, 3, 5), draw(2, 7, 3, 5)),
      e.prelu(anyBits(e, random, 61), 0.2),
    ];
  }),
  "comparisons and logic": operator(26, (e, draw, random) => {
    const names = ["equal", "notEqual", "greater", "greaterOrEqual", "lesser", "lesserOrEqual"] as const;
    const near: [Tensor, Tensor] = [steps(e, random, 9, 1, 7), steps(e, random, 5, 1)];
    const compared = [near, ...pairs(e, draw, random)].flatMap(([a, b]) => names.map((name) => e[name](a, b)));
    const [p, q] = [e.lesser(draw(4, 1, 37), 0), e.greater(draw(3, 37), 0.2)];
    const bytes = e.tensor(
      Uint8Array.from({ length: 37 }, () => random.pick([0, 1, 0, 128, 255])),
      [37],
    );
    const logic = (["logicalAnd", "logicalOr", "logicalXor"] as const).flatMap((name) => [
      e[name](p, q),
      e[name](bytes, p),
    ]);
    return [...compared, ...logic, e.logicalNot(p), e.logicalNot(bytes)];
  }),
  where: operator(27, (e, draw, random) => {
    const condition = e.greater(draw(3, 1, 11), 0);
    const whole = e.tensor(
      Int32Array.from({ length: 55 }, () => random.bits()),
      [5, 11],
    );
    return [
      e.where(condition, draw(5, 11), draw(5, 1)),
      e.where(condition, whole, -7),
      e.where(e.tensor(Uint8Array.from([0, 2, 1])), 1.5, draw(4, 3)),
      e.where(e.greater(draw(2, 7, 3, 5), 0), channelsLast(e, draw, 2, 7, 3, 5), 0),
    ];
  }),
  casts: operator(28, (e, draw, random) => {
    const types = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "bool"] as const;
    const floats = ["float16", "bfloat16", "float64", "float32"] as const;
    const edges = [0, -0, 0.5, -0.5, 1.999, -1.999, 127.5, 128, 255, 256, -129, 32768, 65504, 65520, 1e-7, 6e-8];
    const more = [2147483647, 2147483648, -2147483648, 4294967296, 4294967297, 1e15, -1e15, 3e38, 1e-40];
    const x = e.tensor(Float32Array.from([...edges, ...more, ...random.values(300, 40), ...random.values(300, 1e5)]));
    const odd = e.tensor(Float32Array.from([Number.NaN, Infinity, -Infinity]));
    const wide = e.tensor(BigInt64Array.from([0n, -1n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n + 1n, 2n ** 62n]));
    return [
      ...[...types, ...floats].map((type) => e.cast(x, type)),
      ...types.map((type) => e.cast(odd, type)),
      ...[...types, ...floats].map((type) => e.cast(wide, type)),
      ...[...types, ...floats].map((type) => e.cast(e.cast(x, "float16"), type)),
      e.cast(e.cast(x, "bfloat16"), "float32"),
      e.cast(channelsLast(e, draw, 2, 3, 5, 4), "float64"),
    ];
  }),
};
