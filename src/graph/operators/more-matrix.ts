import { allocate, type HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { prepareGeneralGemm } from "../../ops/gemm.ts";
import { prepareMatmul } from "../../ops/matmul.ts";
import { broadcastShapes, elementCount, formatShape, type Shape } from "../../shape.ts";
import { broadcastSteps, walk } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";
import { gemm, MATRIX } from "./matrix.ts";
import { isBig } from "./more-types.ts";
import { FLOATS, NUMBERS, sameTyped } from "./types.ts";

/** y = alpha * a' * b' + beta * c with a [M, K] and b [K, N] (or transposed), c broadcasting to [M, N]. */
const Gemm: Operator = {
  ...MATRIX.Gemm,
  lower(node) {
    if (node.input(0).type !== "float32") return undefined;
    const { c, ...spec } = gemm(node);
    const isRow = !c || (c.at(-1) === spec.N && elementCount(c) === spec.N && spec.K > 0);
    if (isRow && !spec.xTransposed && spec.alpha === 1 && (!c || spec.beta === 1)) return MATRIX.Gemm.lower?.(node);
    const prepared = prepareGeneralGemm({ ...spec, c, epilogue: fusedEpilogue(node) });
    return { prepared, inputs: c ? [0, 2] : [0], weights: [1] };
  },
  evaluate: (node, [a, b, c]: readonly HostTensor[]) => {
    const { M, K, N, xTransposed, transposed, alpha, beta } = gemm(node);
    const [am, ak] = xTransposed ? [1, M] : [K, 1];
    const [bk, bn] = transposed ? [1, K] : [N, 1];
    const shape = [M, N];
    const added = c && broadcastSteps(c.shape, shape);
    const data = allocate(a.type, M * N);
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        const sum = dot(a, m * am, ak, b, n * bn, bk, K);
        const term = c && added ? c.data[m * added[0] + n * added[1]] : undefined;
        data[m * N + n] = combined(sum, alpha, term, beta) as never;
      }
    }
    return [{ type: a.type, shape, data }];
  },
};

type Scalar = number | bigint;

/** alpha * sum + beta * term. Integers are scaled in float64, and truncated. */
function combined(sum: Scalar, alpha: number, term: Scalar | undefined, beta: number): Scalar {
  if (typeof sum === "number") return alpha * sum + (term === undefined ? 0 : beta * (term as number));
  const scaled = (value: bigint, by: number) => (by === 1 ? value : BigInt(Math.trunc(Number(value) * by)));
  return scaled(sum, alpha) + (term === undefined ? 0n : scaled(term as bigint, beta));
}

/** Matrices [.., M, K] and [.., K, N]; a vector is a row on the left and a column on the right. Passes may add a bias [N] to one [K, N]. */
const MatMul: Operator = {
  infer(node) {
    const { type, result } = product(node);
    return [{ type, shape: result }];
  },
  lower(node) {
    const { type, result, ...spec } = product(node);
    if (type !== "float32") return undefined;
    const prepared = prepareMatmul({ ...spec, epilogue: fusedEpilogue(node) });
    return { prepared: { ...prepared, outputShapes: [result] }, inputs: [0], weights: [1, node.has(2) ? 2 : -1] };
  },
  evaluate: (node, [a, b]: readonly HostTensor[]) => {
    const { M, K, N, batch, xBatch, wBatch, result } = product(node);
    const data = allocate(a.type, elementCount(result));
    const steps = [broadcastSteps(xBatch, batch), broadcastSteps(wBatch, batch)];
    walk(batch, steps, (at, [i, j]) => {
      for (let m = 0; m < M; m++)
        for (let n = 0; n < N; n++)
          data[(at * M + m) * N + n] = dot(a, (i * M + m) * K, 1, b, j * K * N + n, N, K) as never;
    });
    return [{ type: a.type, shape: result, data }];
  },
};

/** The sum of K products, from elements `p` and `q` on by steps; integers of up to 32 bits wrap. */
function dot(a: HostTensor, p: number, aStep: number, b: HostTensor, q: number, bStep: number, K: number): Scalar {
  if (isBig(a.type)) {
    let sum = 0n;
    for (let k = 0; k < K; k++) sum += (a.data[p + k * aStep] as bigint) * (b.data[q + k * bStep] as bigint);
    return sum;
  }
  const [x, y] = [a.data as Float64Array, b.data as Float64Array];
  let sum = 0;
  if (FLOATS.types.has(a.type)) for (let k = 0; k < K; k++) sum += x[p + k * aStep] * y[q + k * bStep];
  else for (let k = 0; k < K; k++) sum = (sum + Math.imul(x[p + k * aStep], y[q + k * bStep])) | 0;
  return sum;
}

/** Extents and element type of a MatMul. */
function product(node: NodeView) {
  node.input(1);
  const [a, b] = sameTyped(node, NUMBERS, [0, 1]);
  return { type: a.type, ...productOf(node, a.shape, b.shape) };
}

/** Extents of a product of vectors, matrices or batches of them. */
export function productOf(node: NodeView, a: Shape, b: Shape) {
  const left: Shape = a.length === 1 ? [1, a[0]] : a;
  const right: Shape = b.length === 1 ? [b[0], 1] : b;
  if (left.length < 2 || right.length < 2) {
    const got = `${formatShape(a)} and ${formatShape(b)}`;
    throw new ShapeError(expected(node.where, "inputs", "vectors, matrices or batches of them", got));
  }
  const [M, K] = left.slice(-2);
  const [rows, N] = right.slice(-2);
  if (rows !== K) throw new ShapeError(expected(node.where, "b", `${K} rows`, formatShape(b)));
  const [xBatch, wBatch] = [left.slice(0, -2), right.slice(0, -2)];
  const batch = broadcastShapes(xBatch, wBatch);
  if (!batch) {
    const got = `${formatShape(a)} and ${formatShape(b)}`;
    throw new ShapeError(expected(node.where, "inputs", "batches that broadcast", got));
  }
  const result = [...batch, ...(a.length === 1 ? [] : [M]), ...(b.length === 1 ? [] : [N])];
  return { M, K, N, xBatch, wBatch, batch, result };
}

export const MORE_MATRIX = { Gemm, MatMul };
