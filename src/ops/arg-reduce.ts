import type { Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";
import type { Fold } from "./reduce.ts";

/**
 * Makes the places of greatest or least elements ready: input [x] as [outer, length, inner] float32, output of `type`. Of equal
 * elements the first or the last; a NaN beats everything.
 */
export function prepareArgReduce(
  kind: "max" | "min",
  last: boolean,
  fold: Fold,
  result: Shape,
  type: "int32" | "int64" = "int64",
): Prepared {
  const { outer, length, inner } = fold;
  const count = outer * inner;
  const wide = type === "int64";
  return {
    algorithm: "reduce, places",
    outputShapes: [result],
    macs: 0,
    scratchBytes: wide ? count * 4 : 0,
    run(k, { inputs, outputs, scratch }) {
      if (count === 0) return;
      const places = wide ? scratch : outputs[0];
      k.argReduce(kind === "max" ? 1 : 0, last ? 1 : 0, inputs[0], places, outer, length, inner);
      if (!wide) return;
      // A place is never negative: the upper half of its int64 is 0.
      k.fill(outputs[0], count * 2, 0);
      k.copyStrided(scratch, outputs[0], 1, 1, 1, 1, 1, count, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8);
    },
  };
}
