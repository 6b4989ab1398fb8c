import { expected, ShapeError } from "../errors.ts";
import { broadcastShapes, elementCount, formatShape, type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, resolveActivation } from "./activation.ts";
import { call, checkOptions } from "./call.ts";
import type { Epilogue } from "./epilogue.ts";
import { checkBoolean, checkTensor } from "./operands.ts";
import type { Packing, Prepared, WeightSource } from "./prepared.ts";
import { prepareProduct } from "./product.ts";
import { prepareTranspose } from "./transpose.ts";

export interface MatmulOptions {
  /** Whether the matrices of a are stored as [.., K, M]. Default false. */
  readonly aTranspose?: boolean | undefined;
  /** Whether the matrices of b are stored as [.., N, K]. Default false. */
  readonly bTranspose?: boolean | undefined;
  /** Applied to the result. Default: none. */
  readonly activation?: Activation | undefined;
}

/**
 * Products of matrices: y[.., m, n] = sum over k of a[.., m, k] * b[.., k, n]. Each element is within
 * (K + 1) * 2^-24 * sum |a * b| of the exact value.
 *
 * @param a a matrix [M, K], a batch of such [.., M, K] ([.., K, M] with `aTranspose`), or a vector [K], which is a row
 * @param b a matrix [K, N], a batch [.., K, N] ([.., N, K] with `bTranspose`), or a vector [K], which is a column
 * @returns [.., M, N], where batches broadcast and the axis of a vector is left out
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-matmul
 */
export function matmul(w: Workspace, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const where = "matmul";
  checkTensor(w, where, "a", a);
  checkTensor(w, where, "b", b);
  checkOptions(where, options, ["aTranspose", "bTranspose", "activation"]);
  const x = checkBoolean(where, "aTranspose", options.aTranspose) ? turned(w, where, "a", a) : a;
  const y = checkBoolean(where, "bTranspose", options.bTranspose) ? turned(w, where, "b", b) : b;
  return multiplied(w, where, x, y, options.activation);
}

/** Its matrices transposed. */
function turned(w: Workspace, where: string, what: string, x: Tensor): Tensor {
  const rank = x.shape.length;
  if (rank < 2) throw new ShapeError(expected(where, what, "matrices to transpose", formatShape(x.shape)));
  const axes = x.shape.map((_, axis) => axis);
  const prepared = prepareTranspose(x.shape, [...axes.slice(0, -2), rank - 1, rank - 2]);
  const y = w.create(where, prepared.outputShapes[0]);
  call(w, where, prepared, { inputs: [w.arrange(x, "dense")], outputs: [y] });
  return y;
}

function multiplied(w: Workspace, where: string, a: Tensor, b: Tensor, activation: Activation | undefined): Tensor {
  const left: Shape = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
  const right: Shape = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
  const got = `${formatShape(a.shape)} and ${formatShape(b.shape)}`;
  if (left.length < 2 || right.length < 2) {
    throw new ShapeError(expected(where, "a and b", "vectors, matrices or batches of matrices", got));
  }
  const [M, K] = left.slice(-2);
  const [rows, N] = right.slice(-2);
  if (rows !== K) throw new ShapeError(expected(where, "b", `${K} rows, as many as a has columns`, got));
  const [xBatch, wBatch] = [left.slice(0, -2), right.slice(0, -2)];
  const batch = broadcastShapes(xBatch, wBatch);
  if (!batch) throw new ShapeError(expected(where, "a and b", "batches that broadcast", got));
  const epilogue = resolveActivation(where, activation);
  const result = [...batch, ...(a.shape.length === 1 ? [] : [M]), ...(b.shape.length === 1 ? [] : [N])];
  const operands = { inputs: [w.arrange(a, "dense")], weights: [w.arrange(b, "dense")] };
  const y = w.create(where, result);
  call(w, where, prepareMatmul({ M, K, N, xBatch, wBatch, epilogue }), { ...operands, outputs: [y] });
  return y;
}

/** A product of matrices, in numbers: y [.., M, N] = act(x [.., M, K] * w [.., K, N]). */
export interface MatmulSpec {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** The axes before the last two, which broadcast. */
  readonly xBatch: Shape;
  readonly wBatch: Shape;
  readonly epilogue: Epilogue;
}

/** Makes a product of batches of matrices ready: input [x], weights [w]. */
export function prepareMatmul({ M, K, N, xBatch, wBatch, epilogue }: MatmulSpec): Prepared {
  const batch = broadcastShapes(xBatch, wBatch) ?? [];
  const shape = [...batch, M, N];
  const matrices = elementCount(wBatch);
  const gemm = { K, N, transposed: false, epilogue };
  if (matrices === 1) return { ...prepareProduct({ ...gemm, M: M * elementCount(xBatch) }), outputShapes: [shape] };

  const one = prepareProduct({ ...gemm, M });
  const packing = one.packing as Packing;
  const each = Math.ceil(packing.bytes / 64) * 64;
  const count = elementCount(batch);
  const xPlaces = placesOf(xBatch, batch);
  const wPlaces = placesOf(wBatch, batch);
  return {
    ...one,
    algorithm: `${one.algorithm}, ${count} times`,
    outputShapes: [shape],
    macs: one.macs * count,
    packing: {
      key: `${matrices} of ${packing.key}`,
      bytes: each * matrices,
      write(k, weights, to) {
        for (let i = 0; i < matrices; i++) packing.write(k, shifted(weights, [i * K * N]), to + i * each);
      },
    },
    run(k, at) {
      for (let i = 0; i < count; i++) {
        const x = at.inputs[0] + xPlaces(i) * M * K * 4;
        const y = at.outputs[0] + i * M * N * 4;
        one.run(k, { inputs: [x], outputs: [y], scratch: at.scratch, packed: at.packed + wPlaces(i) * each });
      }
    },
  };
}

/** Which matrix of a batch of `shape` is the one at place `i` of the whole `batch`. */
export function placesOf(shape: Shape, batch: Shape): (i: number) => number {
  const missing = batch.length - shape.length;
  const own = stridesOf(shape);
  const all = stridesOf(batch);
  return (i) =>
    shape.reduce((sum, extent, axis) => {
      const at = axis + missing;
      return extent === 1 ? sum : sum + (Math.floor(i / all[at]) % batch[at]) * own[axis];
    }, 0);
}

/** Weights from element `offsets[i]` of tensor i on. */
export function shifted(weights: WeightSource, offsets: readonly number[]): WeightSource {
  return {
    has: (index) => weights.has(index),
    at: (index, start, count) => weights.at(index, start + (offsets[index] ?? 0), count),
    rows: (index, start, count, rows, step) => weights.rows(index, start + (offsets[index] ?? 0), count, rows, step),
  };
}
