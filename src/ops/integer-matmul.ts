import { broadcastShapes, elementCount, type Shape } from "../shape.ts";
import { type ByteType, prepareIntegerConv2d } from "./integer-conv2d.ts";
import { placesOf, shifted } from "./matmul.ts";
import type { Packing, Prepared } from "./prepared.ts";
import { resolveWindow } from "./window.ts";

/** A product of matrices of 8 bits, in numbers: y [.., M, N] from x [.., M, K] and w [.., K, N]. */
export interface IntegerMatmulSpec {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** The axes before the last two, which broadcast. */
  readonly xBatch: Shape;
  readonly wBatch: Shape;
  readonly x: ByteType;
  /** What the sums are brought to; undefined for the int32 sums themselves. */
  readonly y: ByteType | undefined;
  /** How many zero points and scales x has: one for all, or one for each row of each matrix; no zero point is 0 of them. */
  readonly xZeros: number;
  readonly xScales: number;
  /** The same of w, for its columns. */
  readonly wZeros: number;
  readonly wScales: number;
}

/** Makes an integer product ready: inputs and weights as of `prepareIntegerConv2d`, without a bias. */
export function prepareIntegerMatmul(spec: IntegerMatmulSpec): Prepared {
  const { M, K, N, xBatch, wBatch, x, y, xZeros, xScales, wZeros, wScales } = spec;
  const byRow = xZeros > 1 || xScales > 1;
  const rows = byRow ? 1 : M;
  const one = prepareIntegerConv2d({
    N: 1,
    IC: K,
    OC: N,
    groups: 1,
    window: resolveWindow("matmul", [rows, 1], [1, 1], {}),
    filter: { oc: 1, ic: N, tap: 0 },
    x,
    y,
    scales: Math.min(wScales, N),
    zeros: Math.min(wZeros, N),
  });
  const packing = one.packing as Packing;
  const each = Math.ceil(packing.bytes / 64) * 64;
  const matrices = elementCount(wBatch);
  const batch = broadcastShapes(xBatch, wBatch) ?? [];
  const count = elementCount(batch);
  const xPlace = placesOf(xBatch, batch);
  const wPlace = placesOf(wBatch, batch);
  return {
    ...one,
    algorithm: count > 1 ? `${one.algorithm}, ${count} times` : one.algorithm,
    outputShapes: [[...batch, M, N]],
    macs: count * M * K * N,
    packing: {
      key: `${matrices} of ${packing.key}`,
      bytes: each * matrices,
      write(k, weights, to) {
        for (let i = 0; i < matrices; i++) {
          const zero = wZeros > 1 ? i * N : 0;
          packing.write(k, shifted(weights, [i * K * N, zero]), to + i * each);
        }
      },
    },
    run(k, at) {
      const [from, xZero, xScale, wScale, ...rest] = at.inputs;
      for (let i = 0; i < count; i++) {
        for (let m = 0; m < M; m += rows) {
          const row = xPlace(i) * M + m;
          const inputs = [from + row * K, xZero && xZero + (xZeros > 1 ? row : 0)];
          if (y)
            inputs.push(xScale + (xScales > 1 ? row * 4 : 0), wScale + (wScales > 1 ? wPlace(i) * N * 4 : 0), ...rest);
          const to = at.outputs[0] + (i * M + m) * N * (y ? 1 : 4);
          one.run(k, { inputs, outputs: [to], scratch: at.scratch, packed: at.packed + wPlace(i) * each });
        }
      }
    },
  };
}
