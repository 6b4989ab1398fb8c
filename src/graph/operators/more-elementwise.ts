import type { HostTensor } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import { type UnaryName, unaryEpilogue } from "../../ops/epilogue.ts";
import { prepareClamp } from "../../ops/variadic.ts";
import { mapHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { type ActivationOperator, ELEMENTWISE, parametric, unary } from "./elementwise.ts";
import { greater, isBig, roundingOf } from "./more-types.ts";
import { floatKernel, NUMBERS, SIGNED, type TypeSet, typedInput } from "./types.ts";

/** A function on the host, rounding after every step as the kernel does. Only what is the same in every engine. */
interface OnHost {
  readonly exact: (x: number, round: (value: number) => number, node: NodeView) => number;
  /** For int64 and uint64. */
  readonly big?: (x: bigint) => bigint;
}

/** A function that the host computes too. */
function onHost(operator: ActivationOperator, { exact, big }: OnHost): ActivationOperator {
  return {
    ...operator,
    evaluate: (node, [x]: readonly HostTensor[]) => {
      if (isBig(x.type)) return [mapHost(x, x.type, (value) => big!(value as bigint))];
      const round = roundingOf(x.type);
      return [mapHost(x, x.type, (value) => exact(value as number, round, node))];
    },
  };
}

function named(name: UnaryName, exact: OnHost["exact"], set?: TypeSet, big?: OnHost["big"]): ActivationOperator {
  const operator = unary({ epilogueOf: () => unaryEpilogue(name), ...(set && { set }) });
  return onHost(operator, big ? { exact, big } : { exact });
}

/** Halves go to the even neighbour. */
export function roundHalfEven(x: number): number {
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

const ThresholdedRelu = onHost(parametric("thresholdedRelu", ["alpha", 1]), {
  exact: (x, round, node) => (x <= round(node.number("alpha", 1)) ? 0 : x),
});

const Gelu = unary({
  epilogueOf(node) {
    const approximate = node.text("approximate", "none");
    if (approximate === "none") return unaryEpilogue("gelu");
    if (approximate === "tanh") return unaryEpilogue("geluTanh");
    throw new ArgumentError(expected(node.where, "approximate", `"none" or "tanh"`, approximate));
  },
});

/** alpha > 0. */
const Celu = unary({
  epilogueOf(node) {
    const alpha = node.number("alpha", 1);
    if (alpha > 0) return unaryEpilogue("celu", alpha);
    throw node.unsupported(`alpha of ${alpha} is not supported`);
  },
});

/** x + bias below -lambd, x - bias above lambd, 0 between. */
const Shrink: Operator = {
  infer(node) {
    const { type, shape } = typedInput(node, 0, NUMBERS);
    return [{ type, shape }];
  },
  evaluate: (node, [x]: readonly HostTensor[]) => {
    const [lambda, bias] = [Math.fround(node.number("lambd", 0.5)), Math.fround(node.number("bias", 0))];
    const shrink = (value: number) =>
      value < -lambda ? value + bias : value > lambda ? value - bias : Number.isNaN(value) ? value : 0;
    if (!isBig(x.type)) return [mapHost(x, x.type, (value) => shrink(value as number))];
    return [mapHost(x, x.type, (value) => BigInt(Math.trunc(shrink(Number(value)))))];
  },
};

const magnitude = (x: bigint) => (x < 0n ? -x : x);
const signum = (x: bigint) => (x > 0n ? 1n : x < 0n ? -1n : 0n);

/** Bounds may be computed. */
const Clip: ActivationOperator = {
  ...ELEMENTWISE.Clip,
  lower(node) {
    const { type, shape } = node.input(0);
    if (type === "float32" && ELEMENTWISE.Clip.epilogueOf(node)) return ELEMENTWISE.Clip.lower?.(node);
    return floatKernel(
      node,
      [0, 1, 2].filter((i) => node.has(i)),
      () => prepareClamp(shape, node.has(1), node.has(2)),
    );
  },
  evaluate: (_, [x, low, high]: readonly HostTensor[]) => {
    const [lo, hi] = [low?.data[0], high?.data[0]];
    return [
      mapHost(x, x.type, (value) => {
        const raised = lo !== undefined && value < lo ? lo : value;
        return hi !== undefined && raised > hi ? hi : raised;
      }),
    ];
  },
};

export const MORE_ELEMENTWISE = {
  Relu: onHost(ELEMENTWISE.Relu, {
    // biome-ignore lint/complexity/useMathMinMax: leaves -0 as it is, like the kernel
    exact: (x) => (x < 0 ? 0 : x),
    big: (x) => greater(x, 0n),
  }),
  Clip,
  LeakyRelu: onHost(ELEMENTWISE.LeakyRelu, {
    exact: (x, round, node) => (x < 0 ? x * round(node.number("alpha", 0.01)) : x),
  }),
  HardSigmoid: onHost(ELEMENTWISE.HardSigmoid, {
    exact: (x, round, node) =>
      Math.min(Math.max(round(x * round(node.number("alpha", 0.2))) + round(node.number("beta", 0.5)), 0), 1),
  }),
  ThresholdedRelu,
  Abs: named("abs", Math.abs, NUMBERS, magnitude),
  Neg: named(
    "neg",
    (x) => -x,
    SIGNED,
    (x) => -x,
  ),
  Sign: named("sign", Math.sign, NUMBERS, signum),
  Floor: named("floor", Math.floor),
  Ceil: named("ceil", Math.ceil),
  Round: named("round", roundHalfEven),
  Sqrt: named("sqrt", Math.sqrt),
  Reciprocal: named("reciprocal", (x) => 1 / x),
  Softsign: named("softsign", (x, round) => x / round(1 + Math.abs(x))),
  Exp: parametric("exp"),
  Log: parametric("log"),
  Elu: parametric("elu", ["alpha", 1]),
  Selu: parametric("selu", ["alpha", 1.6732632423543772], ["gamma", 1.0507009873554805]),
  Celu,
  Softplus: parametric("softplus"),
  Mish: parametric("mish"),
  Erf: parametric("erf"),
  Gelu,
  Sin: parametric("sin"),
  Cos: parametric("cos"),
  Tan: parametric("tan"),
  Asin: parametric("asin"),
  Acos: parametric("acos"),
  Atan: parametric("atan"),
  Sinh: parametric("sinh"),
  Cosh: parametric("cosh"),
  Asinh: parametric("asinh"),
  Acosh: parametric("acosh"),
  Atanh: parametric("atanh"),
  Shrink,
};
