import { ArgumentError, expected } from "../errors.ts";
import { elementCount, type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call, checkOptions } from "./call.ts";
import type { Movement } from "./copies.ts";
import { checkAxis, checkTensor } from "./operands.ts";
import { piecesOf } from "./pad.ts";
import type { Prepared } from "./prepared.ts";

/** Pieces up to which strided copies are made instead of one look-up an index. */
const FEW = 16;

export interface GatherOptions {
  /** Default 0. */
  readonly axis?: number | undefined;
}

/**
 * The parts of x that indices name along an axis.
 *
 * @param x a tensor of 4-byte elements
 * @param indices int32 or int64, from -extent to extent - 1; negative ones count from the end
 * @returns a tensor in the shape of x with `axis` replaced by the axes of the indices
 * @throws ArgumentError for an index outside x
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-gather
 */
export function gather(w: Workspace, x: Tensor, indices: Tensor, options: GatherOptions = {}): Tensor {
  const where = "gather";
  checkTensor(w, where, "x", x, ["float32", "int32", "uint32"]);
  checkTensor(w, where, "indices", indices, ["int32", "int64"]);
  checkOptions(where, options, ["axis"]);
  const axis = checkAxis(where, options.axis ?? 0, x.shape);
  const inputs = [w.arrange(x, "dense"), w.arrange(indices, "dense")];
  const type = indices.type === "int64" ? "int64" : "int32";
  const prepared = prepareGather(where, x.shape, axis, indices.shape, type);
  const y = w.create(where, prepared.outputShapes[0], "dense", x.type);
  call(w, where, prepared, { inputs, outputs: [y] });
  return y;
}

/** The shape of x with `axis` replaced by the axes of the indices. */
export function gatherShape(shape: Shape, axis: number, indices: Shape): Shape {
  return [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
}

/** The first index that is no place along an axis of `extent`, negative ones counting from the end. */
export function outsideIndex(indices: ArrayLike<number>, extent: number): number | undefined {
  return Array.prototype.find.call(indices, (index: number) => index < -extent || index >= extent);
}

export function indexError(where: string, extent: number, index: number | bigint): ArgumentError {
  return new ArgumentError(expected(where, "indices", `values from ${-extent} to ${extent - 1}`, index));
}

/** Known indices as a few copies; undefined where they make many. Negative indices count from the end. */
export function gatherMovement(
  shape: Shape,
  axis: number,
  indices: readonly number[],
  indicesShape: Shape,
): Movement | undefined {
  const extent = shape[axis];
  const pieces = piecesOf(indices.map((index) => (index < 0 ? index + extent : index)));
  if (pieces.length > FEW) return undefined;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const [row, line] = stridesOf([outer, indices.length, inner]);
  const copies = pieces.map(({ at, count, start = 0, step }) => ({
    input: 0,
    output: 0,
    offset: start * inner,
    to: at * line,
    walk: { shape: [outer, count, inner], from: [extent * inner, step * inner, 1], to: [row, line, 1] },
  }));
  return { outputShapes: [gatherShape(shape, axis, indicesShape)], copies };
}

/**
 * Makes y = x[.., indices, ..] ready: inputs [x of 4-byte elements, indices of `indexType`]. An index outside -extent ... extent - 1
 * throws an ArgumentError when it runs.
 */
export function prepareGather(
  where: string,
  shape: Shape,
  axis: number,
  indicesShape: Shape,
  indexType: "int32" | "int64",
): Prepared {
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const extent = shape[axis];
  const count = elementCount(indicesShape);
  const wide = indexType === "int64";
  return {
    algorithm: "gather",
    outputShapes: [gatherShape(shape, axis, indicesShape)],
    macs: 0,
    scratchBytes: wide ? count * 4 : 0,
    run(k, { inputs, outputs, scratch }) {
      const narrow = wide ? scratch : inputs[1];
      const { buffer } = k.memory;
      if (wide) {
        const from = new BigInt64Array(buffer, inputs[1], count);
        const bad = narrowIndices(from, new Int32Array(buffer, scratch, count));
        if (bad !== undefined) throw indexError(where, extent, bad);
      }
      const bad = k.gather(inputs[0], narrow, outputs[0], outer, extent, inner, count);
      if (bad >= 0) throw indexError(where, extent, new Int32Array(buffer, narrow, count)[bad]);
    },
  };
}

/** Writes int64 values as int32; returns the first that does not fit. */
function narrowIndices(from: BigInt64Array, to: Int32Array): bigint | undefined {
  // By halves, without making a BigInt of each: the upper half repeats the sign of the lower one.
  const halves = new Int32Array(from.buffer, from.byteOffset, from.length * 2);
  for (let i = 0; i < to.length; i++) {
    const low = halves[2 * i];
    if (halves[2 * i + 1] !== low >> 31) return from[i];
    to[i] = low;
  }
  return undefined;
}
