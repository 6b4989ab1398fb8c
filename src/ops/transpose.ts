import { permute, type Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";
import { collapse, prepareWalk, transposeWalk } from "./strided.ts";

/** Whether a permutation only moves axes of extent 1, so that the elements stay in order. */
export function keepsOrder(shape: Shape, permutation: readonly number[]): boolean {
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > moved[i - 1]);
}

/** Makes a permutation of axes ready: input x of `shape`, output axis i is input axis `permutation[i]`. 4-byte elements. */
export function prepareTranspose(shape: Shape, permutation: readonly number[]): Prepared {
  const walk = transposeWalk(shape, permutation);
  const result = { outputShapes: [permute(shape, permutation)], macs: 0, scratchBytes: 0 };
  const planes = asPlanes(walk);
  if (planes) {
    const { batch, rows, columns } = planes;
    return {
      ...result,
      algorithm: "transpose planes",
      run: (k, { inputs, outputs }) => k.transpose2d(inputs[0], outputs[0], batch, rows, columns),
    };
  }
  const copy = prepareWalk(walk);
  return { ...result, algorithm: "copy", run: (k, { inputs, outputs }) => copy(k, inputs[0], outputs[0]) };
}

/** A walk that transposes each of a batch of [rows, columns] planes, if it is one. */
function asPlanes(
  walk: ReturnType<typeof transposeWalk>,
): { batch: number; rows: number; columns: number } | undefined {
  const { shape, from } = collapse(walk);
  const [columns, rows] = shape.slice(-2);
  const [columnStep, rowStep] = from.slice(-2);
  // Of a dense array, what an axis before these two steps over is a plane.
  const isPlanes = (shape.length === 2 || shape.length === 3) && columnStep === 1 && rowStep === columns;
  return isPlanes ? { batch: shape.length === 3 ? shape[0] : 1, rows, columns } : undefined;
}
