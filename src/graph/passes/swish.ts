import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";

/** Functions f for which x * f(x) has a name of its own. */
const GATES: Readonly<Record<string, string>> = { Sigmoid: "Swish", HardSigmoid: "HardSwish" };

/** Recognises x * sigmoid(x) as swish (SiLU) and x * hardSigmoid(x) as hard-swish, where nobody else reads the gate. */
export function recogniseSwish(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode | undefined>();
  for (const node of draft.nodes) {
    if (node.op !== "Mul") continue;
    for (const [x, gate] of [node.inputs, node.inputs.toReversed()]) {
      const producer = producers.get(gate);
      if (!producer || producer.inputs[0] !== x || uses.get(gate) !== 1 || !isGate(producer)) continue;
      changes.set(producer, undefined);
      changes.set(node, { ...node, op: GATES[producer.op], inputs: [x], attributes: {} });
      break;
    }
  }
  draft.replace(changes);
  return changes.size / 2;
}

/** HardSwish is defined with the hard sigmoid of slope 1/6 and offset 1/2 only. */
function isGate({ op, attributes }: GraphNode): boolean {
  if (op !== "HardSigmoid") return op in GATES;
  const alpha = (attributes["alpha"] as number | undefined) ?? 0.2;
  return Math.abs(alpha - 1 / 6) < 1e-6 && ((attributes["beta"] as number | undefined) ?? 0.5) === 0.5;
}
