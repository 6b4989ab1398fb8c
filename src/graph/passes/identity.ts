import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";

/** Nodes that pass their first input on unchanged when lanewise runs them. */
const IDENTITIES = new Set(["Identity", "Dropout"]);

/** Drops nodes that change nothing: their readers read their input instead. Those that make an output of the graph stay. */
export function dropIdentities(draft: Draft): number {
  const outputs = new Set(draft.outputs);
  const instead = new Map<string, string>();
  const nodes: GraphNode[] = [];
  for (const node of draft.nodes) {
    const inputs = node.inputs.map((name) => instead.get(name) ?? name);
    const idle = IDENTITIES.has(node.op) || isIdleTranspose(draft, node) || isIdleCast(draft, node);
    if (idle && !outputs.has(node.outputs[0])) instead.set(node.outputs[0], inputs[0]);
    else nodes.push({ ...node, inputs });
  }
  draft.nodes = nodes;
  return instead.size;
}

function isIdleCast({ types }: Draft, { op, inputs, outputs }: GraphNode): boolean {
  return op === "Cast" && types.get(inputs[0])?.type === types.get(outputs[0])?.type;
}

function isIdleTranspose(draft: Draft, node: GraphNode): boolean {
  if (node.op !== "Transpose") return false;
  const permutation = node.attributes["perm"];
  const rank = draft.types.get(node.inputs[0])?.shape.length ?? 0;
  return Array.isArray(permutation) ? permutation.every((axis, i) => axis === i) : rank <= 1;
}
