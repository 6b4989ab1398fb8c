import { expected, ShapeError } from "../../errors.ts";
import { type BinaryName, prepareBinary } from "../../ops/binary.ts";
import { broadcastShapes, formatShape, type Shape } from "../../shape.ts";
import type { Lowered, NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";
import { floatKernel, NUMBERS, overwriting, sameTyped } from "./types.ts";

export function broadcastShape(node: NodeView, ...shapes: Shape[]): Shape {
  const shape = broadcastShapes(...shapes);
  if (shape) return shape;
  throw new ShapeError(expected(node.where, "inputs", "shapes that broadcast", shapes.map(formatShape).join(" and ")));
}

/** A function of two tensors of one type, with broadcasting. */
export function binary(name: BinaryName): Operator {
  return {
    infer(node) {
      node.input(1);
      const [a, b] = sameTyped(node, NUMBERS, [0, 1]);
      return [{ type: a.type, shape: broadcastShape(node, a.shape, b.shape) }];
    },
    lower: (node) => lowerBinary(node, name),
  };
}

/** The kernel of a function of two tensors. */
export function lowerBinary(node: NodeView, name: BinaryName): Lowered | undefined {
  const [a, b] = [node.input(0).shape, node.input(1).shape];
  const { lo, hi } = fusedEpilogue(node);
  const prepare = () => prepareBinary(name, a, b, broadcastShape(node, a, b), [lo, hi]);
  return overwriting(node, floatKernel(node, [0, 1], prepare));
}

export const ARITHMETIC = { Add: binary("add") };
