import { elementCount, type Shape } from "../shape.ts";
import type { GraphNode } from "./graph.ts";
import type { Plan } from "./plan.ts";
import { receptiveFields } from "./receptive-field.ts";

/** One thing that a model does, for people to read. */
export interface Layer {
  readonly name: string;
  readonly operator: string;
  /** Of its first output; images are [N, C, H, W] here, though most lie channels last in memory. */
  readonly outputShape: Shape;
  readonly algorithm: string;
  /** Elements of its weights. */
  readonly parameters: number;
  /** Bytes of its weights in the order in which its kernel reads them; Winograd's method reads transformed, larger ones. */
  readonly packedBytes: number;
  /** Multiply-adds. */
  readonly macs: number;
  /** Places of the network's input that one output place sees: [height, width]; undefined where that means nothing. */
  readonly receptiveField?: readonly [number, number];
}

/** The layers of a plan, one for each of its steps. */
export function describeLayers(plan: Plan): Layer[] {
  const fields = receptiveFields(plan);
  return plan.steps.map(({ node, algorithm, macs, outputShape, packedBytes }) => {
    const field = fields.get(node.outputs[0]);
    const layer = {
      name: node.name || node.outputs[0],
      operator: node.op,
      outputShape,
      algorithm,
      macs,
      packedBytes,
      parameters: parameters(plan, node),
    };
    return field ? { ...layer, receptiveField: field } : layer;
  });
}

function parameters(plan: Plan, node: GraphNode): number {
  return node.inputs.slice(1).reduce((sum, name) => {
    const tensor = plan.constants.get(name);
    return tensor?.type === "float32" ? sum + elementCount(tensor.shape) : sum;
  }, 0);
}
