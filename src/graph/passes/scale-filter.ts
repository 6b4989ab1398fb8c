import { toFloat32 } from "../../half.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";

/** y = scale * x + shift for each channel, in float64. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * The convolution that also does what `affine` does behind it, under the output name `output`: its weights are multiplied in float64
 * and rounded once. undefined if its weights are not known or it has a residual.
 */
export function scaleFilter(
  draft: Draft,
  node: GraphNode,
  { scale, shift }: Affine,
  output: string,
): GraphNode | undefined {
  const filter = draft.constants.get(node.inputs[1]);
  const bias = node.inputs[2] ? draft.constants.get(node.inputs[2]) : undefined;
  if (!filter || filter.shape[0] !== scale.length || (node.inputs[2] && !bias) || node.inputs[3]) return undefined;
  const each = filter.data.length / scale.length;
  const source = toFloat32(filter);
  const data = scale.every((factor) => factor === 1)
    ? source
    : source.map((value, i) => value * scale[Math.floor(i / each)]);
  const old = bias && toFloat32(bias);
  const biases = Float32Array.from(shift, (value, c) => value + (old ? old[c] * scale[c] : 0));
  const inputs = [
    node.inputs[0],
    data === source
      ? node.inputs[1]
      : draft.addConstant(`${node.inputs[1]}*scale`, { type: "float32", shape: filter.shape, data }),
    draft.addConstant(`${output}:bias`, { type: "float32", shape: [biases.length], data: biases }),
  ];
  return { ...node, inputs, outputs: [output] };
}
