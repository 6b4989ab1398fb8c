import type { HostTensor } from "../../dtype.ts";
import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { int64Vector } from "../host.ts";

/** The value of a constant of one float32 element. */
export function scalarOf(draft: Draft, name: string | undefined): number | undefined {
  const tensor = name ? draft.constants.get(name) : undefined;
  return tensor?.type === "float32" && elementCount(tensor.shape) === 1 ? (tensor.data[0] as number) : undefined;
}

export function float32(shape: readonly number[], data: Float32Array<ArrayBuffer>): HostTensor {
  return { type: "float32", shape, data };
}

/** A node that gives `input` another shape. */
export function reshapeNode(draft: Draft, input: string, output: string, shape: readonly number[]): GraphNode {
  const constant = draft.addConstant(`${output}:shape`, int64Vector(shape));
  return { op: "Reshape", name: output, inputs: [input, constant], outputs: [output], attributes: { allowzero: 1 } };
}

export function shapeOf(draft: Draft, name: string): readonly number[] {
  return draft.types.get(name)?.shape ?? [];
}
