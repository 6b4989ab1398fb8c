import { sameShape } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { shapeOf } from "./constants.ts";

/** Lets a convolution add the residual behind it, where nobody else reads what comes between: the sum becomes its input 3. */
export function fuseResiduals(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const place = new Map(draft.nodes.map((node, i) => [node, i]));
  const gone = new Map<GraphNode, GraphNode | undefined>();
  const moved = new Map<GraphNode, GraphNode>();
  for (const node of draft.nodes) {
    if (node.op !== "Add") continue;
    const [a, b] = node.inputs;
    if (!sameShape(shapeOf(draft, a), shapeOf(draft, b)) || draft.constants.has(a) || draft.constants.has(b)) continue;
    // Of two convolutions the later one can wait for the other.
    const candidates = [a, b]
      .map((value) => ({ value, producer: producers.get(value) }))
      .filter(
        ({ value, producer }) => producer && isFree(draft, producer) && uses.get(value) === 1 && !gone.has(producer),
      )
      .sort((p, q) => (place.get(q.producer as GraphNode) ?? 0) - (place.get(p.producer as GraphNode) ?? 0));
    const producer = candidates[0]?.producer;
    if (!producer) continue;
    const other = candidates[0].value === a ? b : a;
    const inputs = [producer.inputs[0], producer.inputs[1], producer.inputs[2] ?? "", other];
    gone.set(producer, undefined);
    moved.set(node, { ...producer, inputs, outputs: node.outputs });
  }
  // The convolution runs where the addition stood, when both its operands are there.
  draft.nodes = draft.nodes.filter((node) => !gone.has(node)).map((node) => moved.get(node) ?? node);
  return moved.size;
}

/** Whether a node is a convolution that can add something. The kernels for one channel a filter cannot. */
function isFree(draft: Draft, node: GraphNode): boolean {
  if (node.op !== "Conv" || node.inputs[3] || node.attributes["epilogue"]) return false;
  const groups = node.attributes["group"] ?? 1;
  return groups === 1 || groups !== shapeOf(draft, node.inputs[0])[1];
}
