import { expected, ShapeError } from "../../errors.ts";
import { prepareProduct } from "../../ops/product.ts";
import { broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";
import { NUMBERS, sameTyped } from "./types.ts";

/** y = a * b' + c with a [M, K], b [K, N] (or transposed), c [N]. */
const Gemm: Operator = {
  infer(node) {
    const { M, N } = gemm(node);
    return [{ type: node.input(0).type, shape: [M, N] }];
  },
  lower(node) {
    const { c, ...spec } = gemm(node);
    const prepared = prepareProduct({ ...spec, epilogue: fusedEpilogue(node) });
    return { prepared, inputs: [0], weights: [1, c ? 2 : -1] };
  },
};

/** Extents and parameters of a Gemm. */
export function gemm(node: NodeView) {
  node.input(1);
  const [a, b] = sameTyped(node, NUMBERS, [0, 1, 2]).map(({ shape }) => shape);
  if (a.length !== 2 || b.length !== 2) {
    throw new ShapeError(expected(node.where, "inputs", "two matrices", `${formatShape(a)} and ${formatShape(b)}`));
  }
  const transposed = node.number("transB", 0) !== 0;
  const xTransposed = node.number("transA", 0) !== 0;
  const [M, K] = xTransposed ? [a[1], a[0]] : a;
  const [N, rows] = transposed ? b : [b[1], b[0]];
  if (rows !== K) {
    throw new ShapeError(expected(node.where, "b", `${K} ${transposed ? "columns" : "rows"}`, formatShape(b)));
  }
  const c = node.optionalInput(2)?.shape;
  if (c && !sameShape(broadcastShapes(c, [M, N]) ?? [], [M, N])) {
    throw new ShapeError(expected(node.where, "c", `a shape that broadcasts to [${M}, ${N}]`, formatShape(c)));
  }
  return { M, K, N, xTransposed, transposed, alpha: node.number("alpha", 1), beta: node.number("beta", 1), c };
}

export const MATRIX = { Gemm };
