// Functions of each element of one tensor, or of two that broadcast.

import type { DataType } from "../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape, permute, type Shape, sameShape } from "../shape.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type UnaryName, unaryEpilogue } from "./activation.ts";
import { type BinaryName, prepareBinary } from "./binary.ts";
import { call } from "./call.ts";
import { type CompareName, type LogicalName, prepareCompare, prepareLogical } from "./compare.ts";
import { checkTensor, lieTogether } from "./operands.ts";
import { applyEpilogue } from "./unary.ts";
import { prepareWhere } from "./where.ts";

type Parameterless = Exclude<UnaryName, "clamp" | "linear" | "pow" | "leakyRelu" | "thresholdedRelu" | "hardSigmoid">;

function unary(name: Parameterless) {
  return (w: Workspace, x: Tensor): Tensor => {
    checkTensor(w, name, "x", x);
    return applyEpilogue(w, name, x, unaryEpilogue(name));
  };
}

/** |x|. */
export const abs = unary("abs");
/** -x. */
export const neg = unary("neg");
/** The greatest integer that is not above x. */
export const floor = unary("floor");
/** The least integer that is not below x. */
export const ceil = unary("ceil");
/** The nearest integer; halves go to the even neighbour, as in PyTorch and WebNN (`roundEven`). */
export const round = unary("round");
/** -1, 0 or 1; NaN for NaN. */
export const sign = unary("sign");
/** The square root; NaN below 0. */
export const sqrt = unary("sqrt");
/** 1 / x. */
export const reciprocal = unary("reciprocal");
export const sin = unary("sin");
export const cos = unary("cos");
export const tan = unary("tan");
export const asin = unary("asin");
export const acos = unary("acos");
export const atan = unary("atan");
export const sinh = unary("sinh");
export const cosh = unary("cosh");
export const asinh = unary("asinh");
export const acosh = unary("acosh");
export const atanh = unary("atanh");

/** A tensor, or a number that stands for a scalar. */
export type TensorOrNumber = Tensor | number;

/** Gives a number a tensor, which the scope around every operator takes back. */
function operand(w: Workspace, where: string, what: string, x: TensorOrNumber, type: DataType = "float32"): Tensor {
  if (isTensor(x)) return x;
  if (typeof x !== "number") throw new ArgumentError(expected(where, what, "a Tensor or a number", x));
  const scalar = w.create(where, [], "dense", type);
  w.view(scalar)[0] = x;
  return scalar;
}

function broadcast(where: string, named: Readonly<Record<string, Tensor>>): number[] {
  const tensors = Object.values(named);
  const shape = broadcastShapes(...tensors.map((x) => x.shape));
  if (shape) return shape;
  const got = tensors.map((x) => formatShape(x.shape)).join(" and ");
  throw new ShapeError(expected(where, Object.keys(named).join(" and "), "shapes that broadcast", got));
}

/** Both operands as float32 tensors, and the shape that they broadcast to. */
function pairOf(w: Workspace, where: string, a: TensorOrNumber, b: TensorOrNumber): [Tensor, Tensor, Shape] {
  const [p, q] = [operand(w, where, "a", a), operand(w, where, "b", b)];
  checkTensor(w, where, "a", p);
  checkTensor(w, where, "b", q);
  return [p, q, broadcast(where, { a: p, b: q })];
}

function runBinary(w: Workspace, where: string, name: BinaryName, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const { format, order, shapes, addresses } = lieTogether(w, [a, b], shape.length);
  const y = w.create(where, shape, format);
  const prepared = prepareBinary(name, shapes[0], shapes[1], permute(shape, order));
  call(w, where, prepared, { inputs: addresses, outputs: [y] });
  return y;
}

function binary(name: BinaryName) {
  return (w: Workspace, a: TensorOrNumber, b: TensorOrNumber): Tensor => {
    const [p, q, shape] = pairOf(w, name, a, b);
    return runBinary(w, name, name, p, q, shape);
  };
}

// Shapes broadcast as in NumPy: aligned at the last axis, extents of 1 stretch. Either operand may be a number.

/** a + b. */
export const add = binary("add");
/** a - b. */
export const sub = binary("sub");
/** a * b, element by element. */
export const mul = binary("mul");
/** a / b. */
export const div = binary("div");
/** The lesser; NaN if either is NaN. */
export const min = binary("min");
/** The greater; NaN if either is NaN. */
export const max = binary("max");
/** a to the power b, within 0.51 units in the last place; 1 to any power, and anything to the power 0, is 1. */
export const pow = binary("pow");
/** The remainder of a / b with the sign of b, as `torch.remainder`. */
export const mod = binary("mod");
/** The remainder of a / b with the sign of a, as JavaScript's `%`. */
export const fmod = binary("fmod");
/** (a - b) squared. */
export const squaredDifference = binary("squaredDifference");

/**
 * x < 0 ? slope * x : x.
 *
 * @param slope broadcasts to x; for one slope a channel of images [N, C, H, W] its shape is [C, 1, 1]
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-prelu
 */
export function prelu(w: Workspace, x: Tensor, slope: TensorOrNumber): Tensor {
  const where = "prelu";
  checkTensor(w, where, "x", x);
  const factor = operand(w, where, "slope", slope);
  checkTensor(w, where, "slope", factor);
  if (!sameShape(broadcastShapes(x.shape, factor.shape) ?? [-1], x.shape)) {
    const wanted = `a shape that broadcasts to ${formatShape(x.shape)}`;
    throw new ShapeError(expected(where, "slope", wanted, formatShape(factor.shape)));
  }
  return runBinary(w, where, "prelu", x, factor, x.shape);
}

/** A comparison of float32 operands; with NaN it is false (`notEqual`: true). */
function comparison(where: string, name: CompareName) {
  return (w: Workspace, a: TensorOrNumber, b: TensorOrNumber): Tensor => {
    const [p, q, shape] = pairOf(w, where, a, b);
    const inputs = [w.arrange(p, "dense"), w.arrange(q, "dense")];
    const y = w.create(where, shape, "dense", "bool");
    call(w, where, prepareCompare(name, p.shape, q.shape, shape), { inputs, outputs: [y] });
    return y;
  };
}

// Comparisons give bool tensors, whose data are bytes 0 and 1.

/** a = b. */
export const equal = comparison("equal", "eq");
/** a != b. */
export const notEqual = comparison("notEqual", "ne");
/** a > b. */
export const greater = comparison("greater", "gt");
/** a >= b. */
export const greaterOrEqual = comparison("greaterOrEqual", "ge");
/** a < b. */
export const lesser = comparison("lesser", "lt");
/** a <= b. */
export const lesserOrEqual = comparison("lesserOrEqual", "le");

function notANumber(w: Workspace, x: Tensor): Tensor {
  checkTensor(w, "isNaN", "x", x);
  return notEqual(w, x, x);
}

/** Whether x is NaN: a bool tensor. */
export { notANumber as isNaN };

/** Whether x is Infinity or -Infinity: a bool tensor. */
export function isInfinite(w: Workspace, x: Tensor): Tensor {
  checkTensor(w, "isInfinite", "x", x);
  return equal(w, abs(w, x), Infinity);
}

/** A bool tensor; of a uint8 tensor whatever is not 0 counts as true. Gives its address. */
function truth(w: Workspace, where: string, what: string, x: Tensor): number {
  checkTensor(w, where, what, x, ["bool", "uint8"]);
  if (x.type === "bool") return w.address(x);
  const made = w.create(where, x.shape, "dense", "bool");
  const [from, to] = [w.view(x), w.view(made)];
  for (let i = 0; i < from.length; i++) to[i] = from[i] ? 1 : 0;
  return w.address(made);
}

function runLogical(w: Workspace, where: string, name: LogicalName, a: Tensor, b: Tensor): Tensor {
  const inputs = [truth(w, where, "a", a), truth(w, where, "b", b)];
  const shape = broadcast(where, { a, b });
  const y = w.create(where, shape, "dense", "bool");
  call(w, where, prepareLogical(name, a.shape, b.shape, shape), { inputs, outputs: [y] });
  return y;
}

function logical(where: string, name: LogicalName) {
  return (w: Workspace, a: Tensor, b: Tensor): Tensor => runLogical(w, where, name, a, b);
}

// Logic takes bool tensors, or uint8 tensors of which everything but 0 is true, that broadcast; it gives bool tensors.

/** Whether both are true. */
export const logicalAnd = logical("logicalAnd", "and");
/** Whether at least one is true. */
export const logicalOr = logical("logicalOr", "or");
/** Whether one is true and one is not. */
export const logicalXor = logical("logicalXor", "xor");
/** Whether it is not true. */
export function logicalNot(w: Workspace, a: Tensor): Tensor {
  return runLogical(w, "logicalNot", "not", a, a);
}

/**
 * condition ? a : b for each element; the three shapes broadcast.
 *
 * @param condition a bool tensor, or a uint8 tensor of which everything but 0 is true
 * @param a a tensor of 4-byte elements, or a number
 * @param b of the type of a, or a number
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-where
 */
export function where(w: Workspace, condition: Tensor, a: TensorOrNumber, b: TensorOrNumber): Tensor {
  const name = "where";
  checkTensor(w, name, "condition", condition, ["bool", "uint8"]);
  const type = isTensor(a) ? a.type : isTensor(b) ? b.type : "float32";
  const [yes, no] = [operand(w, name, "a", a, type), operand(w, name, "b", b, type)];
  checkTensor(w, name, "a", yes, ["float32", "int32", "uint32"]);
  checkTensor(w, name, "b", no, [yes.type]);
  const shape = broadcast(name, { condition, a: yes, b: no });
  const inputs = [w.address(condition), w.arrange(yes, "dense"), w.arrange(no, "dense")];
  const y = w.create(name, shape, "dense", yes.type);
  call(w, name, prepareWhere(condition.shape, yes.shape, no.shape, shape), { inputs, outputs: [y] });
  return y;
}
