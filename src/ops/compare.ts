import type { Shape } from "../shape.ts";
import { broadcastLoops } from "./binary.ts";
import { COMPARE, LOGICAL } from "./binary-codes.ts";
import type { Prepared } from "./prepared.ts";

export type CompareName = keyof typeof COMPARE;
export type LogicalName = keyof typeof LOGICAL;

/** Makes a comparison of float32 operands that broadcast to `shape` ready: inputs [a, b], output of bytes 0 or 1. */
export function prepareCompare(name: CompareName, a: Shape, b: Shape, shape: Shape): Prepared {
  const loops = broadcastLoops(a, b, shape);
  return {
    algorithm: "compare",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      loops.each((d, s, t, i, j, at) => {
        // biome-ignore format: extents, steps of a, steps of b
        k.compare(COMPARE[name], inputs[0] + i, inputs[1] + j, outputs[0] + at / 4, d[0], d[1], d[2], d[3],
          s[0], s[1], s[2], s[3], t[0], t[1], t[2], t[3]);
      });
    },
  };
}

/** Makes a function of operands of bytes 0 or 1 that broadcast to `shape` ready: inputs [a, b], or [a] for "not". */
export function prepareLogical(name: LogicalName, a: Shape, b: Shape, shape: Shape): Prepared {
  const loops = broadcastLoops(a, b, shape, 1);
  return {
    algorithm: "logical",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      const second = inputs[1] ?? inputs[0];
      loops.each((d, s, t, i, j, at) => {
        // biome-ignore format: extents, steps of a, steps of b
        k.logical(LOGICAL[name], inputs[0] + i, second + j, outputs[0] + at, d[0], d[1], d[2], d[3],
          s[0], s[1], s[2], s[3], t[0], t[1], t[2], t[3]);
      });
    },
  };
}
