import { sameShape } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { findOperator, MORE } from "../operators/index.ts";

/** Operators of plain networks that, depending on their parameters, may leave their first input as it is. */
const MAY_BE_IDLE = new Set(["Dropout", "Flatten", "Identity", "Transpose"]);

/** Drops nodes that change nothing: their readers read their input instead. Those that make an output of the graph stay. */
export function dropIdentities(draft: Draft): number {
  const outputs = new Set(draft.outputs);
  const instead = new Map<string, string>();
  const nodes: GraphNode[] = [];
  for (const node of draft.nodes) {
    const inputs = node.inputs.map((name) => instead.get(name) ?? name);
    if (!outputs.has(node.outputs[0]) && isIdle(draft, node)) instead.set(node.outputs[0], inputs[0]);
    else nodes.push({ ...node, inputs });
  }
  draft.nodes = nodes;
  return instead.size;
}

function isIdle(draft: Draft, node: GraphNode): boolean {
  const mayBeIdle = MAY_BE_IDLE.has(node.op) || (draft.needsMore && MORE.loaded.MAY_BE_IDLE.has(node.op));
  if (!mayBeIdle || node.outputs.slice(1).some((name) => name !== "")) return false;
  const from = draft.types.get(node.inputs[0]);
  const to = draft.types.get(node.outputs[0]);
  if (!from || !to || from.type !== to.type || !sameShape(from.shape, to.shape)) return false;
  return findOperator(node.op)?.lower?.(draft.view(node)) === "alias";
}
