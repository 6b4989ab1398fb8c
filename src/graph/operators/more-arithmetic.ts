import type { DataType, HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { toFloat32 } from "../../half.ts";
import { type BinaryName, prepareBinary } from "../../ops/binary.ts";
import { unaryEpilogue } from "../../ops/epilogue.ts";
import { prepareUnary } from "../../ops/unary.ts";
import { prepareVariadic } from "../../ops/variadic.ts";
import { broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import { NodeChain } from "../chain.ts";
import { zipHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { binary, broadcastShape, lowerBinary } from "./arithmetic.ts";
import { greater, isBig, isFloat, lesser } from "./more-types.ts";
import { FLOATS, floatKernel, NUMBERS, overwriting, sameTyped, type TypeSet, typedInput } from "./types.ts";

type Scalar = number | bigint;
type Fold = (a: Scalar, b: Scalar) => Scalar;

/** A function of two elements on the host. Results wrap as the element type stores them. */
interface Rule {
  readonly floats?: (a: number, b: number) => number;
  /** Integers of up to 32 bits; a product of two may not fit a number. */
  readonly integers: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
}

function foldOf({ floats, integers, big }: Rule, type: DataType): Fold {
  if (isBig(type)) return big as Fold;
  return (isFloat(type) ? (floats ?? integers) : integers) as Fold;
}

function evaluateRule(node: NodeView, inputs: readonly (HostTensor | undefined)[], rule: Rule): HostTensor[] {
  const [a, b] = inputs as readonly HostTensor[];
  return [zipHost(a, b, a.type, broadcastShape(node, a.shape, b.shape), foldOf(rule, a.type))];
}

/** A function of two tensors, on the host too. */
function ruled(name: BinaryName, rule: Rule): Operator {
  return { ...binary(name), evaluate: (node, inputs) => evaluateRule(node, inputs, rule) };
}

const ADD: Rule = { integers: (a, b) => a + b, big: (a, b) => a + b };
const SUB: Rule = { integers: (a, b) => a - b, big: (a, b) => a - b };
const MUL: Rule = { floats: (a, b) => a * b, integers: Math.imul, big: (a, b) => a * b };
/** Integer division truncates; by 0 it gives 0. */
const DIV: Rule = {
  floats: (a, b) => a / b,
  integers: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  big: (a, b) => (b === 0n ? 0n : a / b),
};
const MAX: Rule = { integers: Math.max, big: greater };
const MIN: Rule = { integers: Math.min, big: lesser };
/** Remainders with the sign of the dividend. */
const FMOD: Rule = {
  floats: (a, b) => a % b,
  integers: (a, b) => (b === 0 ? 0 : a % b),
  big: (a, b) => (b === 0n ? 0n : a % b),
};
/** Remainders with the sign of the divisor. */
const MOD: Rule = {
  floats: floored,
  integers: (a, b) => (b === 0 ? 0 : floored(a, b)),
  big(a, b) {
    if (b === 0n) return 0n;
    const r = a % b;
    return r !== 0n && r < 0n !== b < 0n ? r + b : r;
  },
};
const PRELU: Rule = {
  floats: (a, b) => (a < 0 ? a * b : a),
  integers: (a, b) => (a < 0 ? Math.imul(a, b) : a),
  big: (a, b) => (a < 0n ? a * b : a),
};

function floored(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

const isFmod = (node: NodeView) => node.number("fmod", 0) !== 0;

const Mod: Operator = {
  ...ruled("mod", MOD),
  lower: (node) => lowerBinary(node, isFmod(node) ? "fmod" : "mod"),
  evaluate: (node, inputs) => evaluateRule(node, inputs, isFmod(node) ? FMOD : MOD),
};

/** The slope broadcasts to x, not x to the slope. */
const PRelu: Operator = {
  ...ruled("prelu", PRELU),
  infer(node) {
    node.input(1);
    const [x, slope] = sameTyped(node, NUMBERS, [0, 1]);
    if (!sameShape(broadcastShapes(x.shape, slope.shape) ?? [-1], x.shape)) {
      const wanted = `a shape that broadcasts to ${formatShape(x.shape)}`;
      throw new ShapeError(expected(node.where, "slope", wanted, formatShape(slope.shape)));
    }
    return [{ type: x.type, shape: x.shape }];
  },
};

/** A function of any number of tensors of one type, with broadcasting. */
function variadic(name: BinaryName, rule: Rule, set: TypeSet, mean = false): Operator {
  const all = (node: NodeView) => node.node.inputs.map((_, i) => i);
  const result = (node: NodeView) => broadcastShape(node, ...all(node).map((i) => node.input(i).shape));
  return {
    infer(node) {
      for (const i of [0, ...all(node)]) node.input(i);
      const [first] = sameTyped(node, set, all(node));
      return [{ type: first.type, shape: result(node) }];
    },
    lower(node) {
      if (node.inputCount === 1) return "alias";
      const shapes = all(node).map((i) => node.input(i).shape);
      const prepare = () => prepareVariadic(name, shapes, result(node), mean);
      return overwriting(node, floatKernel(node, all(node), prepare));
    },
    evaluate: (node, [first, ...others]: readonly HostTensor[]) => {
      const fold = foldOf(rule, first.type);
      const shape = result(node);
      let y = zipHost(first, ZERO, first.type, shape, (a) => a);
      for (const x of others) y = zipHost(y, x, first.type, shape, fold);
      const count = others.length + 1;
      return [mean ? zipHost(y, ZERO, first.type, shape, (a) => (a as number) / count) : y];
    },
  };
}

const ZERO: HostTensor = { type: "float32", shape: [], data: new Float32Array(1) };

/** The result has the type of the base; an exponent of another type is converted for a base of floats. */
const Pow: Operator = {
  infer(node) {
    const { type, shape } = typedInput(node, 0, NUMBERS);
    const exponent = typedInput(node, 1, NUMBERS);
    if (type === "float64") throw node.unsupported("powers of float64 are not supported");
    return [{ type, shape: broadcastShape(node, shape, exponent.shape) }];
  },
  expand(node, names) {
    if (node.input(0).type !== "float32" || node.input(1).type === "float32") return undefined;
    const chain = new NodeChain(node, names);
    const [base, exponent] = node.node.inputs;
    chain.op("Pow", [base, chain.op("Cast", [exponent], { to: 1 })], {}, node.node.outputs[0]);
    return chain.nodes;
  },
  lower(node) {
    const [a, b] = [node.input(0), node.input(1)];
    if (a.type !== "float32") return undefined;
    const shape = broadcastShape(node, a.shape, b.shape);
    const power = node.constant(1);
    if (power && power.data.length === 1 && sameShape(shape, a.shape)) {
      const alpha = toFloat32(power)[0];
      if (alpha === 1) return "alias";
      if (alpha === 2) return { prepared: prepareBinary("mul", shape, shape, shape), inputs: [0, 0] };
      return { prepared: prepareUnary(shape, unaryEpilogue("pow", alpha)), inputs: [0] };
    }
    return { prepared: prepareBinary("pow", a.shape, b.shape, shape), inputs: [0, 1] };
  },
  evaluate(node, [a, b]) {
    const [x, y] = [a as HostTensor, b as HostTensor];
    if (isFloat(x.type)) return undefined;
    const big = isBig(x.type);
    const power: Fold = (base, exponent) => {
      const result = integerPower(base, exponent);
      return big ? result : Number(BigInt.asIntN(32, result));
    };
    return [zipHost(x, y, x.type, broadcastShape(node, x.shape, y.shape), power)];
  },
};

/** Exact for whole exponents from 0 on, modulo 2^64; truncated for others. */
function integerPower(base: Scalar, exponent: Scalar): bigint {
  const whole = typeof exponent === "bigint" || Number.isInteger(exponent);
  if (whole && exponent >= 0) {
    let result = 1n;
    let square = BigInt(base);
    for (let rest = BigInt(exponent); rest > 0n; rest >>= 1n) {
      if (rest & 1n) result = BigInt.asUintN(64, result * square);
      square = BigInt.asUintN(64, square * square);
    }
    return result;
  }
  const value = Number(base) ** Number(exponent);
  if (!Number.isFinite(value)) return 0n;
  // Engines differ in the last bits: a result next to an integer is that integer.
  const near = Math.round(value);
  return BigInt(Math.abs(value - near) <= 1e-9 * Math.abs(near) ? near : Math.trunc(value));
}

export const MORE_ARITHMETIC = {
  Add: ruled("add", ADD),
  Sub: ruled("sub", SUB),
  Mul: ruled("mul", MUL),
  Div: ruled("div", DIV),
  Mod,
  PRelu,
  Pow,
  Sum: variadic("add", ADD, FLOATS),
  Mean: variadic("add", ADD, FLOATS, true),
  Max: variadic("max", MAX, NUMBERS),
  Min: variadic("min", MIN, NUMBERS),
};
