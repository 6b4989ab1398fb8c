import { expected, ShapeError } from "../../errors.ts";
import { clampEpilogue, type Epilogue, type UnaryName, unaryEpilogue } from "../../ops/epilogue.ts";
import { prepareUnary } from "../../ops/unary.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { FLOATS, floatKernel, NUMBERS, overwriting, SIGNED, sameTyped, type TypeSet, typedInput } from "./types.ts";

/** A function of one float32 tensor; `epilogueOf` says which. The activation pass uses it to fuse the node. */
export interface ActivationOperator extends Operator {
  epilogueOf(node: NodeView): Epilogue | undefined;
}

export function isActivation(operator: Operator | undefined): operator is ActivationOperator {
  return operator !== undefined && "epilogueOf" in operator;
}

interface Rule {
  /** The kernel's function and parameters. */
  readonly epilogueOf: (node: NodeView) => Epilogue | undefined;
  /** Element types that ONNX has it for. */
  readonly set?: TypeSet;
}

export function unary({ epilogueOf, set = FLOATS }: Rule): ActivationOperator {
  return {
    epilogueOf,
    infer(node) {
      const { type, shape } = typedInput(node, 0, set);
      epilogueOf(node);
      return [{ type, shape }];
    },
    lower(node) {
      const { type, shape } = node.input(0);
      const epilogue = FLOATS.types.has(type) ? epilogueOf(node) : undefined;
      if (!epilogue) return undefined;
      const kernel = floatKernel(node, [0], () => prepareUnary(shape, epilogue));
      return overwriting(node, kernel);
    },
  };
}

/** A function with attributes as its parameters: name and default. */
export function parametric(name: UnaryName, alpha?: [string, number], beta?: [string, number]): ActivationOperator {
  return unary({ epilogueOf: (node) => unaryEpilogue(name, parameter(node, alpha), parameter(node, beta)) });
}

function parameter(node: NodeView, given: readonly [name: string, fallback: number] | undefined): number {
  return given ? node.number(given[0], given[1]) : 0;
}

/** Bounds are scalars and known; a missing one does not bound. */
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
    const epilogue = Clip.epilogueOf(node);
    return epilogue && { prepared: prepareUnary(node.input(0).shape, epilogue), inputs: [0], inPlace: [0] };
  },
};

export const ELEMENTWISE = {
  Relu: unary({ epilogueOf: () => clampEpilogue(0, Infinity), set: SIGNED }),
  Clip,
  LeakyRelu: parametric("leakyRelu", ["alpha", 0.01]),
  HardSigmoid: parametric("hardSigmoid", ["alpha", 0.2], ["beta", 0.5]),
  HardSwish: parametric("hardSwish"),
  Sigmoid: parametric("sigmoid"),
  Swish: parametric("silu", ["alpha", 1]),
  Tanh: parametric("tanh"),
};
