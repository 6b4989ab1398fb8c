import type { GraphNode } from "./graph.ts";
import type { Plan } from "./plan.ts";

type Size = readonly [number, number];

/** What one place of a value sees of the input: its extent, and the distance between neighbours, in places of the input. */
interface Field {
  readonly size: Size;
  readonly jump: Size;
}

/**
 * Receptive field [height, width] of each value that is a channels-last image. A window of size k and dilation d makes it
 * (k - 1) * d * jump larger, a stride of s multiplies the jump by s; of several inputs the largest counts.
 */
export function receptiveFields(plan: Plan): Map<string, Size> {
  const fields = new Map<string, Field>();
  for (const node of plan.nodes) {
    const inputs = node.inputs.map((name) => fields.get(name) ?? { size: [1, 1] as Size, jump: [1, 1] as Size });
    const before = inputs.reduce(larger, inputs[0] ?? { size: [1, 1], jump: [1, 1] });
    const field = behind(plan, node, before);
    for (const output of node.outputs) fields.set(output, field);
  }
  const sizes = new Map<string, Size>();
  for (const [name, { size }] of fields) if (plan.types.get(name)?.shape.length === 4) sizes.set(name, size);
  return sizes;
}

function larger(a: Field, b: Field): Field {
  return {
    size: [Math.max(a.size[0], b.size[0]), Math.max(a.size[1], b.size[1])],
    jump: [Math.max(a.jump[0], b.jump[0]), Math.max(a.jump[1], b.jump[1])],
  };
}

function behind(plan: Plan, node: GraphNode, { size, jump }: Field): Field {
  const kernel = kernelOf(plan, node);
  if (!kernel) return { size, jump };
  const strides = (node.attributes["strides"] as Size | undefined) ?? [1, 1];
  const dilations = (node.attributes["dilations"] as Size | undefined) ?? [1, 1];
  const grown = (i: 0 | 1) => size[i] + (kernel[i] - 1) * dilations[i] * jump[i];
  return { size: [grown(0), grown(1)], jump: [jump[0] * strides[0], jump[1] * strides[1]] };
}

/** Window of a node that slides one over channels-last images. */
function kernelOf(plan: Plan, { op, inputs, attributes }: GraphNode): Size | undefined {
  const shape = plan.types.get(inputs[0])?.shape;
  if (shape?.length !== 4) return undefined;
  if (op.startsWith("Global")) return [shape[1], shape[2]];
  if (op === "Conv") {
    const filter = plan.types.get(inputs[1])?.shape;
    return filter && [filter[2], filter[3]];
  }
  return op.endsWith("Pool") ? (attributes["kernel_shape"] as Size | undefined) : undefined;
}
