/**
 * The oracle: every operator in float64, in the order of its definition, from plain NCHW arrays. It imports nothing from
 * `src/` and works out output sizes by itself, so that a mistake there cannot hide here.
 */
export * from "./reference/activation.ts";
export * from "./reference/boxes.ts";
export * from "./reference/conv.ts";
export * from "./reference/elementwise.ts";
export * from "./reference/matmul.ts";
export * from "./reference/move.ts";
export * from "./reference/normalise.ts";
export * from "./reference/pad.ts";
export * from "./reference/plain.ts";
export * from "./reference/pool.ts";
export * from "./reference/reduce.ts";
export * from "./reference/resize.ts";
