import { elementCount, type Shape } from "../shape.ts";
import type { Prepared } from "./prepared.ts";

/**
 * Makes the k greatest (or least) elements along an axis of float32 x ready, best first, the first of equal ones first: outputs
 * [values, their places as int64]; an output at address 0 is not wanted. A NaN is greater than everything else. k <= the extent.
 */
export function prepareTopK(shape: Shape, axis: number, k: number, largest: boolean): Prepared {
  const result = shape.map((extent, i) => (i === axis ? k : extent));
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const count = elementCount(result);
  return {
    algorithm: "top k",
    outputShapes: [result, result],
    macs: 0,
    scratchBytes: count * 8,
    run(kernels, { inputs, outputs, scratch }) {
      const values = outputs[0] || scratch + count * 4;
      kernels.topK(inputs[0], values, scratch, outer, shape[axis], inner, k, largest ? 1 : 0);
      if (!outputs[1]) return;
      const places = new Int32Array(kernels.memory.buffer, scratch, count);
      const halves = new Int32Array(kernels.memory.buffer, outputs[1], count * 2);
      for (let i = 0; i < count; i++) {
        halves[2 * i] = places[i];
        halves[2 * i + 1] = 0;
      }
    },
  };
}
