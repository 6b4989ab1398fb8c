import type { GraphNode } from "./graph.ts";
import type { Plan } from "./plan.ts";

/** [height, width]. */
export type Size = readonly [number, number];

/** What one place of a value sees of the input: its extent, and the distance between neighbours, in places of the input. */
export interface Field {
  readonly size: Size;
  readonly jump: Size;
}

/** What a place of the input sees. */
export const ONE_PLACE: Field = { size: [1, 1], jump: [1, 1] };

/**
 * Receptive field [height, width] of each value that is a channels-last image. A window of size k and dilation d makes it
 * (k - 1) * d * jump larger, a stride of s multiplies the jump by s; of several inputs the largest counts.
 */
export function receptiveFields(plan: Plan): Map<string, Size> {
  const fields = new Map<string, Field>();
  for (const node of plan.nodes) {
    const before = node.inputs.map((name) => fields.get(name) ?? ONE_PLACE).reduce(larger, ONE_PLACE);
    const field = behind(plan, node, before);
    for (const output of node.outputs) fields.set(output, field);
  }
  const sizes = new Map<string, Size>();
  for (const [name, { size }] of fields) if (plan.types.get(name)?.shape.length === 4) sizes.set(name, size);
  return sizes;
}

/** What sees all that either of two sees. */
export function larger(a: Field, b: Field): Field {
  return {
    size: [Math.max(a.size[0], b.size[0]), Math.max(a.size[1], b.size[1])],
    jump: [Math.max(a.jump[0], b.jump[0]), Math.max(a.jump[1], b.jump[1])],
  };
}

function behind(plan: Plan, node: GraphNode, field: Field): Field {
  const kernel = kernelOf(plan, node);
  if (!kernel) return field;
  const strides = node.attributes["strides"] as Size | undefined;
  const dilations = node.attributes["dilations"] as Size | undefined;
  return grown(field, { kernel, strides, dilations });
}

export interface FieldWindow {
  readonly kernel: Size;
  /** Default 1. */
  readonly strides?: Size | undefined;
  /** Default 1. */
  readonly dilations?: Size | undefined;
}

/** What a place sees behind a window. */
export function grown({ size, jump }: Field, { kernel, strides = [1, 1], dilations = [1, 1] }: FieldWindow): Field {
  const extent = (i: 0 | 1) => size[i] + (kernel[i] - 1) * dilations[i] * jump[i];
  return { size: [extent(0), extent(1)], jump: [jump[0] * strides[0], jump[1] * strides[1]] };
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
