import { broadcastShapes, elementCount, type Shape, stridesOf } from "../shape.ts";
import type { Epilogue } from "./activation.ts";
import { prepareGemm } from "./gemm.ts";
import type { Packing, Prepared, WeightSource } from "./prepared.ts";

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
  if (matrices === 1) return { ...prepareGemm({ ...gemm, M: M * elementCount(xBatch) }), outputShapes: [shape] };

  const one = prepareGemm({ ...gemm, M });
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
        for (let i = 0; i < matrices; i++) packing.write(k, shifted(weights, i * K * N), to + i * each);
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
function placesOf(shape: Shape, batch: Shape): (i: number) => number {
  const missing = batch.length - shape.length;
  const own = stridesOf(shape);
  const all = stridesOf(batch);
  return (i) =>
    shape.reduce((sum, extent, axis) => {
      const at = axis + missing;
      return extent === 1 ? sum : sum + (Math.floor(i / all[at]) % batch[at]) * own[axis];
    }, 0);
}

/** Weights from element `offset` of tensor 0 on. */
function shifted(weights: WeightSource, offset: number): WeightSource {
  return {
    has: (index) => weights.has(index),
    at: (index, start, count) => weights.at(index, start + offset, count),
  };
}
