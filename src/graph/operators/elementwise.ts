import type { HostTensor } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { clampEpilogue, type Epilogue, type UnaryName, unaryEpilogue } from "../../ops/activation.ts";
import { prepareUnary } from "../../ops/unary.ts";
import { prepareClamp } from "../../ops/variadic.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { mapHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import {
  FLOATS,
  floatKernel,
  greater,
  isBig,
  NUMBERS,
  overwriting,
  roundingOf,
  SIGNED,
  sameTyped,
  type TypeSet,
  typedInput,
} from "./types.ts";

/** A function of one float32 tensor; `epilogueOf` says which. The activation pass uses it to fuse the node. */
export interface ActivationOperator extends Operator {
  epilogueOf(node: NodeView): Epilogue | undefined;
}

export function isActivation(operator: Operator | undefined): operator is ActivationOperator {
  return operator !== undefined && "epilogueOf" in operator;
}

/** The function on the host, rounding after every step as the kernel does. Only what is the same in every engine. */
type Exact = (x: number, round: (value: number) => number, node: NodeView) => number;

interface Rule {
  /** The kernel's function and parameters. */
  readonly epilogueOf: (node: NodeView) => Epilogue | undefined;
  /** Element types that ONNX has it for. */
  readonly set?: TypeSet;
  readonly exact?: Exact;
  /** For int64 and uint64. */
  readonly big?: (x: bigint) => bigint;
}

function unary({ epilogueOf, set = FLOATS, exact, big }: Rule): ActivationOperator {
  const operator: ActivationOperator = {
    epilogueOf,
    infer(node) {
      const { type, shape } = typedInput(node, 0, set);
      epilogueOf(node);
      return [{ type, shape }];
    },
    lower(node) {
      const { type, shape } = node.input(0);
      if (!FLOATS.types.has(type)) return undefined;
      const epilogue = epilogueOf(node);
      return (
        epilogue &&
        overwriting(
          node,
          floatKernel(node, [0], () => prepareUnary(shape, epilogue)),
        )
      );
    },
  };
  if (!exact) return operator;
  return {
    ...operator,
    evaluate: (node, [x]: readonly HostTensor[]) => {
      if (isBig(x.type)) return [mapHost(x, x.type, (value) => big!(value as bigint))];
      const round = roundingOf(x.type);
      return [mapHost(x, x.type, (value) => exact(value as number, round, node))];
    },
  };
}

/** A function that only the kernel computes, with attributes as its parameters: name and default. */
function kernelOnly(name: UnaryName, alpha?: [string, number], beta?: [string, number]): ActivationOperator {
  return unary({ epilogueOf: (node) => unaryEpilogue(name, parameter(node, alpha), parameter(node, beta)) });
}

function parameter(node: NodeView, given: readonly [name: string, fallback: number] | undefined): number {
  return given ? node.number(given[0], given[1]) : 0;
}

function named(name: UnaryName, exact: Exact, rest: Partial<Rule> = {}): ActivationOperator {
  return unary({ epilogueOf: () => unaryEpilogue(name), exact, ...rest });
}

/** Halves go to the even neighbour. */
export function roundHalfEven(x: number): number {
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

const LeakyRelu = unary({
  epilogueOf: (node) => unaryEpilogue("leakyRelu", node.number("alpha", 0.01)),
  exact: (x, round, node) => (x < 0 ? x * round(node.number("alpha", 0.01)) : x),
});

const ThresholdedRelu = unary({
  epilogueOf: (node) => unaryEpilogue("thresholdedRelu", node.number("alpha", 1)),
  exact: (x, round, node) => (x <= round(node.number("alpha", 1)) ? 0 : x),
});

const HardSigmoid = unary({
  epilogueOf: (node) => unaryEpilogue("hardSigmoid", node.number("alpha", 0.2), node.number("beta", 0.5)),
  exact: (x, round, node) => clamp(round(x * round(node.number("alpha", 0.2))) + round(node.number("beta", 0.5)), 0, 1),
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

/** Bounds are scalars; a missing one does not bound. */
const Clip: ActivationOperator = {
  infer(node) {
    const [x, ...bounds] = sameTyped(node, NUMBERS, [0, 1, 2]);
    for (const bound of bounds)
      if (elementCount(bound.shape) !== 1)
        throw new ShapeError(expected(node.where, "bounds", "scalars", formatShape(bound.shape)));
    return [{ type: x.type, shape: x.shape }];
  },
  epilogueOf(node) {
    const [lo, hi] = [1, 2].map((i) => (node.has(i) ? node.constant(i) : null));
    // A computed bound, or one that is no number a kernel could have as a parameter.
    if (lo === undefined || hi === undefined) return undefined;
    const [low, high] = [Number(lo?.data[0] ?? -Infinity), Number(hi?.data[0] ?? Infinity)];
    return low <= Infinity && high <= Infinity ? clampEpilogue(low, high) : undefined;
  },
  lower(node) {
    const { type, shape } = node.input(0);
    const epilogue = type === "float32" ? Clip.epilogueOf(node) : undefined;
    if (epilogue) return { prepared: prepareUnary(shape, epilogue), inputs: [0], inPlace: [0] };
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

const magnitude = (x: bigint) => (x < 0n ? -x : x);
const signum = (x: bigint) => (x > 0n ? 1n : x < 0n ? -1n : 0n);

export const ELEMENTWISE = {
  Relu: unary({
    epilogueOf: () => clampEpilogue(0, Infinity),
    set: SIGNED,
    // biome-ignore lint/complexity/useMathMinMax: leaves -0 as it is, like the kernel
    exact: (x) => (x < 0 ? 0 : x),
    big: (x) => greater(x, 0n),
  }),
  Clip,
  LeakyRelu,
  ThresholdedRelu,
  HardSigmoid,
  HardSwish: kernelOnly("hardSwish"),
  Abs: named("abs", Math.abs, { set: NUMBERS, big: magnitude }),
  Neg: named("neg", (x) => -x, { set: SIGNED, big: (x) => -x }),
  Sign: named("sign", Math.sign, { set: NUMBERS, big: signum }),
  Floor: named("floor", Math.floor),
  Ceil: named("ceil", Math.ceil),
  Round: named("round", roundHalfEven),
  Sqrt: named("sqrt", Math.sqrt),
  Reciprocal: named("reciprocal", (x) => 1 / x),
  Softsign: named("softsign", (x, round) => x / round(1 + Math.abs(x))),
  Exp: kernelOnly("exp"),
  Log: kernelOnly("log"),
  Sigmoid: kernelOnly("sigmoid"),
  Swish: kernelOnly("silu", ["alpha", 1]),
  Tanh: kernelOnly("tanh"),
  Elu: kernelOnly("elu", ["alpha", 1]),
  Selu: kernelOnly("selu", ["alpha", 1.6732632423543772], ["gamma", 1.0507009873554805]),
  Celu,
  Softplus: kernelOnly("softplus"),
  Mish: kernelOnly("mish"),
  Erf: kernelOnly("erf"),
  Gelu,
  Sin: kernelOnly("sin"),
  Cos: kernelOnly("cos"),
  Tan: kernelOnly("tan"),
  Asin: kernelOnly("asin"),
  Acos: kernelOnly("acos"),
  Atan: kernelOnly("atan"),
  Sinh: kernelOnly("sinh"),
  Cosh: kernelOnly("cosh"),
  Asinh: kernelOnly("asinh"),
  Acosh: kernelOnly("acosh"),
  Atanh: kernelOnly("atanh"),
  Shrink,
};
