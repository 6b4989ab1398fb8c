import type { DataType, HostTensor } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import { type CompareName, type LogicalName, prepareCompare, prepareLogical } from "../../ops/compare.ts";
import { mapHost, zipHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { broadcastShape } from "./arithmetic.ts";
import { ANY, BOOLEANS, INTEGERS, isBig } from "./more-types.ts";
import { FLOATS, floatKernel, NUMBERS, sameTyped, type TypeSet, typedInput } from "./types.ts";

type Scalar = number | bigint;

/** A comparison of two tensors of one type, with broadcasting; any comparison with NaN is false. */
function comparison(name: CompareName, test: (a: Scalar, b: Scalar) => boolean, set: TypeSet = NUMBERS): Operator {
  return {
    infer: (node) => [{ type: "bool", shape: pairOf(node, set).shape }],
    lower(node) {
      const { a, b, shape } = pairOf(node, set);
      return floatKernel(node, [0, 1], () => prepareCompare(name, a, b, shape));
    },
    evaluate: (node, [a, b]: readonly HostTensor[]) => {
      const shape = broadcastShape(node, a.shape, b.shape);
      return [zipHost(a, b, "bool", shape, (p, q) => (test(p, q) ? 1 : 0))];
    },
  };
}

function pairOf(node: NodeView, set: TypeSet) {
  node.input(1);
  const [a, b] = sameTyped(node, set, [0, 1]);
  return { type: a.type, a: a.shape, b: b.shape, shape: broadcastShape(node, a.shape, b.shape) };
}

/** A function of truth values with broadcasting. */
function logical(name: LogicalName, f: (a: number, b: number) => number): Operator {
  return {
    infer: (node) => [{ type: "bool", shape: pairOf(node, BOOLEANS).shape }],
    lower(node) {
      const { a, b, shape } = pairOf(node, BOOLEANS);
      return { prepared: prepareLogical(name, a, b, shape), inputs: [0, 1] };
    },
    evaluate(node, [a, b]) {
      const [x, y] = [a as HostTensor, b as HostTensor];
      return [zipHost(x, y, "bool", broadcastShape(node, x.shape, y.shape), f as (a: Scalar, b: Scalar) => Scalar)];
    },
  };
}

const Not: Operator = {
  infer: (node) => [typedInput(node, 0, BOOLEANS)],
  lower(node) {
    const { shape } = node.input(0);
    return { prepared: prepareLogical("not", shape, shape, shape), inputs: [0] };
  },
  evaluate: (_, [x]) => [mapHost(x as HostTensor, "bool", (value) => (value ? 0 : 1))],
};

/** A test of floats, each by itself. */
function floatTest(testOf: (node: NodeView) => (x: number) => boolean): Operator {
  return {
    infer: (node) => [{ type: "bool", shape: typedInput(node, 0, FLOATS).shape }],
    evaluate: (node, [x]: readonly HostTensor[]) => {
      const test = testOf(node);
      return [mapHost(x, "bool", (value) => (test(value as number) ? 1 : 0))];
    },
  };
}

const IsNaN: Operator = {
  ...floatTest(() => Number.isNaN),
  lower(node) {
    const { shape } = node.input(0);
    return floatKernel(node, [0, 0], () => prepareCompare("ne", shape, shape, shape));
  },
};

const IsInf = floatTest((node) => {
  const positive = node.number("detect_positive", 1) !== 0;
  const negative = node.number("detect_negative", 1) !== 0;
  return (x) => (positive && x === Infinity) || (negative && x === -Infinity);
});

type Bits = (a: Scalar, b: Scalar) => Scalar;

/** A function of the bits of two tensors of integers, with broadcasting. Typed arrays keep the bits that their type has. */
function bitwise(fOf: (node: NodeView, type: DataType) => Bits, set: TypeSet = INTEGERS): Operator {
  return {
    infer(node) {
      const { type, shape } = pairOf(node, set);
      fOf(node, type);
      return [{ type, shape }];
    },
    evaluate(node, [a, b]) {
      const [x, y] = [a as HostTensor, b as HostTensor];
      return [zipHost(x, y, x.type, broadcastShape(node, x.shape, y.shape), fOf(node, x.type))];
    },
  };
}

function either(small: (a: number, b: number) => number, big: (a: bigint, b: bigint) => bigint) {
  return (_: NodeView, type: DataType) => (isBig(type) ? big : small) as Bits;
}

const BitwiseNot: Operator = {
  infer: (node) => [typedInput(node, 0, INTEGERS)],
  evaluate: (_, [x]) => [
    mapHost(x as HostTensor, (x as HostTensor).type, (value) => (typeof value === "bigint" ? ~value : ~value)),
  ],
};

const UNSIGNED: TypeSet = {
  wanted: "a tensor of unsigned integers",
  types: new Set(["uint8", "uint16", "uint32", "uint64"]),
};

/** A shift by as many bits as there are, or more, leaves nothing. */
const BitShift = bitwise((node, type) => {
  const direction = node.text("direction", "");
  if (direction !== "LEFT" && direction !== "RIGHT") {
    throw new ArgumentError(expected(node.where, "direction", `"LEFT" or "RIGHT"`, direction));
  }
  const left = direction === "LEFT";
  if (isBig(type)) {
    return ((a: bigint, b: bigint) => (b > 63n ? 0n : left ? a << b : a >> b)) as Bits;
  }
  return ((a: number, b: number) => (b > 31 ? 0 : left ? a << b : a >>> b)) as Bits;
}, UNSIGNED);

export const COMPARISON = {
  Equal: comparison("eq", (a, b) => a === b, ANY),
  Less: comparison("lt", (a, b) => a < b),
  LessOrEqual: comparison("le", (a, b) => a <= b),
  Greater: comparison("gt", (a, b) => a > b),
  GreaterOrEqual: comparison("ge", (a, b) => a >= b),
  And: logical("and", (a, b) => a & b),
  Or: logical("or", (a, b) => a | b),
  Xor: logical("xor", (a, b) => a ^ b),
  Not,
  IsNaN,
  IsInf,
  BitwiseAnd: bitwise(
    either(
      (a, b) => a & b,
      (a, b) => a & b,
    ),
  ),
  BitwiseOr: bitwise(
    either(
      (a, b) => a | b,
      (a, b) => a | b,
    ),
  ),
  BitwiseXor: bitwise(
    either(
      (a, b) => a ^ b,
      (a, b) => a ^ b,
    ),
  ),
  BitwiseNot,
  BitShift,
};
