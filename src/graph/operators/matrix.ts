import { expected, ShapeError } from "../../errors.ts";
import { NO_ACTIVATION } from "../../ops/activation.ts";
import { prepareGemm } from "../../ops/gemm.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";

/** y = a' * b' + c with a [M, K], b [K, N] (or transposed), c [N]. */
const Gemm: Operator = {
  infer(node) {
    const { M, N } = gemm(node);
    return [{ type: node.input(0).type, shape: [M, N] }];
  },
  lower(node) {
    if (node.input(0).type !== "float32") return undefined;
    const spec = gemm(node);
    return {
      prepared: prepareGemm({ ...spec, epilogue: fusedEpilogue(node) }),
      inputs: [0],
      weights: [1, node.has(2) ? 2 : -1],
    };
  },
};

function gemm(node: NodeView) {
  const a = node.input(0).shape;
  const b = node.input(1).shape;
  if (a.length !== 2 || b.length !== 2) {
    throw new ShapeError(expected(node.where, "inputs", "two matrices", `${formatShape(a)} and ${formatShape(b)}`));
  }
  const transposed = node.number("transB", 0) !== 0;
  const [M, K] = a;
  const [N, rows] = transposed ? b : [b[1], b[0]];
  if (node.number("transA", 0)) throw node.unsupported("transA is not supported");
  if (rows !== K) throw new ShapeError(expected(node.where, "b", `${K} rows`, formatShape(b)));
  if (node.number("alpha", 1) !== 1 || (node.has(2) && node.number("beta", 1) !== 1)) {
    throw node.unsupported("alpha and beta other than 1 are not supported");
  }
  const c = node.optionalInput(2)?.shape;
  if (c && (elementCount(c) !== N || c.at(-1) !== N))
    throw node.unsupported(`c of shape ${formatShape(c)} is not supported`);
  return { M, K, N, transposed };
}

/** Matrices [.., M, K] and [K, N]. */
const MatMul: Operator = {
  infer(node) {
    const { M, N, batch } = product(node);
    return [{ type: node.input(0).type, shape: [...batch, M, N] }];
  },
  lower(node) {
    const { M, N, K, batch } = product(node);
    if (node.input(0).type !== "float32") return undefined;
    const spec = { M: M * elementCount(batch), K, N, transposed: false, epilogue: NO_ACTIVATION };
    return { prepared: prepareGemm(spec), inputs: [0], weights: [1] };
  },
};

function product(node: NodeView) {
  const a = node.input(0).shape;
  const b = node.input(1).shape;
  if (b.length !== 2 || a.length < 2)
    throw node.unsupported(`a product of shapes ${formatShape(a)} and ${formatShape(b)} is not supported`);
  const K = a[a.length - 1];
  if (b[0] !== K) throw new ShapeError(expected(node.where, "b", `${K} rows`, formatShape(b)));
  return { M: a[a.length - 2], K, N: b[1], batch: a.slice(0, -2) };
}

export const MATRIX = { Gemm, MatMul };
