import { expected, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape, type Shape, stridesOf } from "../shape.ts";
import { type Movement, wholeCopy } from "./copies.ts";

/** A tensor stretched to what its shape and `target` broadcast to. */
export function expandMovement(where: string, shape: Shape, target: Shape): Movement {
  const result = broadcastShapes(shape, target);
  if (!result || target.some((extent) => extent < 0)) {
    throw new ShapeError(expected(where, "shape", `one that broadcasts with ${formatShape(shape)}`, target));
  }
  const strides = stridesOf(shape);
  const missing = result.length - shape.length;
  const from = result.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing]));
  return { outputShapes: [result], copies: [wholeCopy({ shape: result, from, to: stridesOf(result) })] };
}

/** A tensor repeated `repeats[axis]` times along each axis. */
export function tileMovement(where: string, shape: Shape, repeats: readonly number[]): Movement {
  if (repeats.length !== shape.length || repeats.some((repeat) => repeat < 0)) {
    throw new ShapeError(expected(where, "repeats", `${shape.length} values of at least 0`, repeats));
  }
  const result = shape.map((extent, axis) => extent * repeats[axis]);
  const strides = stridesOf(shape);
  // Each axis of the result is two: which repetition, and where in it.
  const extents = shape.flatMap((extent, axis) => [repeats[axis], extent]);
  const from = strides.flatMap((stride) => [0, stride]);
  return { outputShapes: [result], copies: [wholeCopy({ shape: extents, from, to: stridesOf(extents) })] };
}
