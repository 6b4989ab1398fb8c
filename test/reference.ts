/**
 * The oracle: every operator in float64, in the order of its definition, from plain NCHW arrays. It imports nothing from
 * `src/` and works out output sizes by itself, so that a mistake there cannot hide here.
 */
export * from "./reference/conv.ts";
export * from "./reference/plain.ts";
export * from "./reference/pool.ts";
