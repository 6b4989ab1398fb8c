import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";

/** Drops nodes whose outputs nobody reads, and constants likewise. */
export function dropDeadNodes(draft: Draft): number {
  const needed = new Set(draft.outputs);
  const kept: GraphNode[] = [];
  for (const node of draft.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const input of node.inputs) needed.add(input);
    kept.push(node);
  }
  const dropped = draft.nodes.length - kept.length;
  draft.nodes = kept.reverse();
  for (const name of draft.constants.keys()) if (!needed.has(name)) draft.constants.delete(name);
  return dropped;
}
