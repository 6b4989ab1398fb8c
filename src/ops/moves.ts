import { bytesPerElement, type DataType, viewOf } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call } from "./call.ts";
import { type Copy, type Movement, prepareCopies } from "./copies.ts";
import { createLike, type Lying, lie } from "./operands.ts";
import { collapse } from "./strided.ts";

/**
 * Runs a movement of elements of any one type, written for extents in the order in which they lie: its inputs by address, the results as
 * tensors that lie likewise.
 */
export function moveElements(
  w: Workspace,
  where: string,
  type: DataType,
  lying: Pick<Lying, "format" | "order">,
  movement: Movement,
  inputs: readonly number[],
): Tensor[] {
  const outputs = movement.outputShapes.map((shape) => createLike(w, where, lying, shape, type));
  const words = bytesPerElement(type) / 4;
  if (words >= 1) call(w, where, prepareCopies(words === 1 ? movement : inWords(movement)), { inputs, outputs });
  else {
    for (const copy of movement.copies) {
      copyOnHost(w, type, copy, inputs[copy.input], w.address(outputs[copy.output]));
    }
  }
  return outputs;
}

/** Runs a movement of x where it lies. `movementOf` gets the extents as they lie, and a function that puts lists in that order. */
export function moveLying(
  w: Workspace,
  where: string,
  x: Tensor,
  movementOf: (shape: Shape, reorder: <T>(list: readonly T[]) => T[], place: (axis: number) => number) => Movement,
): Tensor[] {
  const lying = lie(w, x);
  const { order, shape, address } = lying;
  const movement = movementOf(
    shape,
    (list) => order.map((axis) => list[axis]),
    (axis) => order.indexOf(axis),
  );
  return moveElements(w, where, x.type, lying, movement, [address]);
}

/** A movement of elements of 8 bytes as one of 4 bytes. */
function inWords({ outputShapes, copies }: Movement): Movement {
  const twice = (steps: readonly number[]) => [...steps.map((step) => step * 2), 1];
  return {
    outputShapes,
    copies: copies.map((copy) => ({
      ...copy,
      offset: copy.offset * 2,
      to: copy.to * 2,
      walk: { shape: [...copy.walk.shape, 2], from: twice(copy.walk.from), to: twice(copy.walk.to) },
    })),
  };
}

/** Elements of less than 4 bytes. */
function copyOnHost(w: Workspace, type: DataType, copy: Copy, from: number, to: number): void {
  const { shape, from: steps, to: strides } = collapse(copy.walk);
  if (shape.includes(0)) return;
  const { buffer } = w.heap.memory;
  const bytes = bytesPerElement(type);
  const all = (at: number) => viewOf(type, buffer as ArrayBuffer, at, Math.floor((buffer.byteLength - at) / bytes));
  const [source, target] = [all(from), all(to)];
  const visit = (axis: number, i: number, o: number) => {
    if (axis === shape.length) target[o] = source[i];
    else for (let n = 0; n < shape[axis]; n++) visit(axis + 1, i + n * steps[axis], o + n * strides[axis]);
  };
  visit(0, copy.offset, copy.to);
}
