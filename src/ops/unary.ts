import { elementCount, type Shape } from "../shape.ts";
import type { Epilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { UNARY } from "./unary-codes.ts";

/** Makes a function of one element ready: input [x], float32. */
export function prepareUnary(shape: Shape, { lo, hi, code, alpha, beta }: Epilogue): Prepared {
  const count = elementCount(shape);
  const clamps = lo !== -Infinity || hi !== Infinity;
  return {
    algorithm: "elementwise",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      if (clamps || code === 0) k.unary(UNARY.clamp, inputs[0], outputs[0], count, lo, hi);
      if (code !== 0) k.unary(code, clamps ? outputs[0] : inputs[0], outputs[0], count, alpha, beta);
    },
  };
}
