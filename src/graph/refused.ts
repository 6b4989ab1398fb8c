import { UnsupportedError, type UnsupportedItem } from "../errors.ts";
import { Draft } from "./draft.ts";
import type { Graph } from "./graph.ts";
import { inferKnown, unsupportedModel } from "./infer.ts";

/** No value that is computed to find more of what is refused may take more bytes. */
const LIMIT = 2 ** 28;

/**
 * What else is not supported in a graph that lacks nodes for that reason: attributes, types and shapes of the others, as far as they
 * can be told. Extents that are free are taken for 1.
 */
export function refusedBesides(graph: Graph): readonly UnsupportedItem[] {
  const types = graph.inputs.flatMap(({ name, type, shape }) =>
    shape ? [[name, { type, shape: shape.map((extent) => Number(extent) || 1) }] as const] : [],
  );
  try {
    inferKnown(new Draft(graph, new Map(types), new Map(), "default", LIMIT));
  } catch (error) {
    if (error instanceof UnsupportedError) return error.items;
  }
  return [];
}

/**
 * Refuses a graph with free extents for what is not supported whatever these are. One with branches is left to its runs: extents may
 * decide which are taken.
 *
 * @throws UnsupportedError that lists all of it.
 */
export function refuse(graph: Graph): void {
  const items = graph.nodes.some(({ op }) => op === "If") ? [] : refusedBesides(graph);
  if (items.length > 0) throw unsupportedModel(items);
}
