// Comparisons of elements, logic on what they give, and choice by it. Bool tensors hold bytes 0 and 1.

import { isTensor, type Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { broadcast, operand, pairOf, type TensorOrNumber } from "./broadcast.ts";
import { call } from "./call.ts";
import { type CompareName, type LogicalName, prepareCompare, prepareLogical } from "./compare.ts";
import { abs } from "./elementwise.ts";
import { checkTensor } from "./operands.ts";
import { prepareWhere } from "./where.ts";

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

/**
 * a = b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Equal.html
 */
export const equal = comparison("equal", "eq");

/**
 * a != b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-logical
 */
export const notEqual = comparison("notEqual", "ne");

/**
 * a > b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Greater.html
 */
export const greater = comparison("greater", "gt");

/**
 * a >= b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__GreaterOrEqual.html
 */
export const greaterOrEqual = comparison("greaterOrEqual", "ge");

/**
 * a < b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Less.html
 */
export const lesser = comparison("lesser", "lt");

/**
 * a <= b.
 *
 * @param a float32, or a number; as b. Their shapes broadcast to that of the result, which is bool
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__LessOrEqual.html
 */
export const lesserOrEqual = comparison("lesserOrEqual", "le");

function notANumber(w: Workspace, x: Tensor): Tensor {
  checkTensor(w, "isNaN", "x", x);
  return notEqual(w, x, x);
}

/**
 * Whether x is NaN.
 *
 * @param x float32, of any shape, which is that of the bool result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__IsNaN.html
 */
export { notANumber as isNaN };

/**
 * Whether x is Infinity or -Infinity.
 *
 * @param x float32, of any shape, which is that of the bool result
 * @throws ArgumentError if x is no float32 tensor
 * @see https://onnx.ai/onnx/operators/onnx__IsInf.html
 */
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

/**
 * Whether both are true.
 *
 * @param a bool, or uint8 of which everything but 0 is true; as b. Their shapes broadcast to that of the bool result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__And.html
 */
export const logicalAnd = logical("logicalAnd", "and");

/**
 * Whether at least one is true.
 *
 * @param a bool, or uint8 of which everything but 0 is true; as b. Their shapes broadcast to that of the bool result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Or.html
 */
export const logicalOr = logical("logicalOr", "or");

/**
 * Whether one is true and one is not.
 *
 * @param a bool, or uint8 of which everything but 0 is true; as b. Their shapes broadcast to that of the bool result
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
 * @see https://onnx.ai/onnx/operators/onnx__Xor.html
 */
export const logicalXor = logical("logicalXor", "xor");

/**
 * Whether it is not true.
 *
 * @param a bool, or uint8 of which everything but 0 is true, of any shape, which is that of the bool result
 * @throws ArgumentError for a tensor of another type
 * @see https://onnx.ai/onnx/operators/onnx__Not.html
 */
export function logicalNot(w: Workspace, a: Tensor): Tensor {
  return runLogical(w, "logicalNot", "not", a, a);
}

/**
 * condition ? a : b for each element; the three shapes broadcast.
 *
 * @param condition a bool tensor, or a uint8 tensor of which everything but 0 is true
 * @param a a tensor of 4-byte elements, or a number
 * @param b of the type of a, or a number
 * @throws ArgumentError for operands of other types, ShapeError if shapes do not broadcast
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
