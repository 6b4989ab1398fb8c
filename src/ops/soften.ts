import type { Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";

/** Makes a softmax over the middle of [outer, length, inner] elements ready: input [x], float32. */
export function prepareSoftmax(shape: Shape, outer: number, length: number, inner: number, log = false): Prepared {
  return {
    algorithm: log ? "log-softmax" : "softmax",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: inner > 1 ? 64 * length : 0,
    run(k, { inputs, outputs, scratch }) {
      if (outer * length * inner === 0) return;
      k.softmax(+log, inputs[0], outputs[0], outer, length, inner, scratch);
    },
  };
}
