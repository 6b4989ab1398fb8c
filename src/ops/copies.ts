import { elementCount, type Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";
import { collapse, prepareWalk, type Walk } from "./strided.ts";

/** The input that stands for zero: a copy from it fills. */
export const ZERO = -1;

/** Elements of an input that go to places of an output; offsets and steps in elements. */
export interface Copy {
  /** Which input, or `ZERO`. */
  readonly input: number;
  readonly output: number;
  /** First element read. */
  readonly offset: number;
  /** First element written. */
  readonly to: number;
  readonly walk: Walk;
}

/** An operator that only moves elements, whatever their type: every element of every output is written by exactly one copy. */
export interface Movement {
  readonly outputShapes: readonly Shape[];
  readonly copies: readonly Copy[];
}

/** A copy of one input to all of one output, dense, read by steps. */
export function wholeCopy(walk: Walk, offset = 0): Copy {
  return { input: 0, output: 0, offset, to: 0, walk };
}

/** Makes an operator ready that only moves elements of 4 bytes: concat, split, slice, pad, expand, tile, ... */
export function prepareCopies({ outputShapes, copies }: Movement): Prepared {
  const prepared = copies.map((copy) => ({ ...copy, run: prepareWalk(copy.walk) }));
  const fills = copies.some((copy) => copy.input === ZERO);
  return {
    algorithm: "copy",
    outputShapes,
    macs: 0,
    scratchBytes: fills ? 4 : 0,
    run(k, { inputs, outputs, scratch }) {
      if (fills) k.fill(scratch, 1, 0);
      for (const copy of prepared) {
        const from = copy.input === ZERO ? scratch : inputs[copy.input];
        copy.run(k, from + copy.offset * 4, outputs[copy.output] + copy.to * 4);
      }
    },
  };
}

/** Whether the only output is input 0 (of `shape`), element by element. */
export function keepsElements(shape: Shape, { outputShapes, copies }: Movement): boolean {
  if (outputShapes.length !== 1 || copies.length !== 1) return false;
  const { input, offset, to, walk } = copies[0];
  const { from, to: steps, shape: extents } = collapse(walk);
  const dense = extents.length === 0 || (extents.length === 1 && from[0] === 1 && steps[0] === 1);
  return input === 0 && offset === 0 && to === 0 && dense && elementCount(shape) === elementCount(outputShapes[0]);
}
