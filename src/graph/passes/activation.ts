import { type Epilogue, NO_ACTIVATION } from "../../ops/epilogue.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { isActivation } from "../operators/elementwise.ts";
import { epilogueAttribute } from "../operators/fused.ts";
import { findOperator } from "../operators/index.ts";

/** Operators whose kernels apply any activation to what they have just computed. */
export const ANY_ACTIVATION = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);
/** Operators whose kernels can clamp. */
const CLAMP_ONLY = new Set(["Add", "Sub", "Mul", "Div"]);

/** Lets an operator apply the activation behind it, where nobody else reads what comes between. */
export function fuseActivations(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changed = new Map<GraphNode, GraphNode | undefined>();
  for (const node of draft.nodes) {
    const operator = findOperator(node.op);
    const producer = producers.get(node.inputs[0]);
    if (!isActivation(operator) || !producer || changed.has(producer) || uses.get(node.inputs[0]) !== 1) continue;
    if (draft.types.get(node.outputs[0])?.type !== "float32" || producer.attributes["epilogue"]) continue;
    const epilogue = operator.epilogueOf(draft.view(node));
    if (!epilogue || !takes(producer, epilogue)) continue;
    const attributes = { ...producer.attributes, epilogue: epilogueAttribute(epilogue) };
    changed.set(producer, { ...producer, attributes, outputs: [node.outputs[0]] });
    changed.set(node, undefined);
  }
  draft.replace(changed);
  return changed.size / 2;
}

function takes({ op }: GraphNode, { code }: Epilogue): boolean {
  return ANY_ACTIVATION.has(op) || (CLAMP_ONLY.has(op) && code === NO_ACTIVATION.code);
}
