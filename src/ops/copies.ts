import type { Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";
import { prepareWalk, type Walk } from "./strided.ts";

/** Elements of an input that go to places of an output; offsets and steps in elements. */
export interface Copy {
  readonly input: number;
  readonly output: number;
  /** First element read. */
  readonly offset: number;
  /** First element written. */
  readonly to: number;
  readonly walk: Walk;
}

/** Makes an operator ready that only moves elements: concat, split, slice, expand, tile, ... */
export function prepareCopies(outputShapes: readonly Shape[], copies: readonly Copy[]): Prepared {
  const prepared = copies.map((copy) => ({ ...copy, run: prepareWalk(copy.walk) }));
  return {
    algorithm: "copy",
    outputShapes,
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      for (const copy of prepared)
        copy.run(k, inputs[copy.input] + copy.offset * 4, outputs[copy.output] + copy.to * 4);
    },
  };
}
