import type { Draft } from "../draft.ts";
import { reshapeNode, shapeOf } from "./constants.ts";

/** Operators whose output is their first input under another shape. */
export const RESHAPING = new Set(["Flatten", "Reshape", "Squeeze", "Unsqueeze"]);

/** Makes one reshape of several in a row; what nobody reads any more is left for the dropping of dead nodes. */
export function joinReshapes(draft: Draft): number {
  const producers = draft.producers();
  let joined = 0;
  draft.nodes = draft.nodes.map((node) => {
    if (!RESHAPING.has(node.op)) return node;
    let from = node.inputs[0];
    for (let before = producers.get(from); before && RESHAPING.has(before.op); before = producers.get(from)) {
      from = before.inputs[0];
    }
    if (from === node.inputs[0]) return node;
    joined++;
    return { ...reshapeNode(draft, from, node.outputs[0], shapeOf(draft, node.outputs[0])), name: node.name };
  });
  return joined;
}
