// Operands that broadcast: their shapes are aligned at the last axis, and extents of 1 stretch. A number may stand for a tensor.

import type { DataType } from "../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkTensor } from "./operands.ts";

/** A tensor, or a number that stands for a scalar. */
export type TensorOrNumber = Tensor | number;

/** Gives a number a tensor, which the scope around every operator takes back. */
export function operand(
  w: Workspace,
  where: string,
  what: string,
  x: TensorOrNumber,
  type: DataType = "float32",
): Tensor {
  if (isTensor(x)) return x;
  if (typeof x !== "number") throw new ArgumentError(expected(where, what, "a Tensor or a number", x));
  const scalar = w.create(where, [], "dense", type);
  w.view(scalar)[0] = x;
  return scalar;
}

export function broadcast(where: string, named: Readonly<Record<string, Tensor>>): number[] {
  const tensors = Object.values(named);
  const shape = broadcastShapes(...tensors.map((x) => x.shape));
  if (shape) return shape;
  const got = tensors.map((x) => formatShape(x.shape)).join(" and ");
  throw new ShapeError(expected(where, Object.keys(named).join(" and "), "shapes that broadcast", got));
}

/** Both operands as float32 tensors, and the shape that they broadcast to. */
export function pairOf(w: Workspace, where: string, a: TensorOrNumber, b: TensorOrNumber): [Tensor, Tensor, Shape] {
  const [p, q] = [operand(w, where, "a", a), operand(w, where, "b", b)];
  checkTensor(w, where, "a", p);
  checkTensor(w, where, "b", q);
  return [p, q, broadcast(where, { a: p, b: q })];
}
