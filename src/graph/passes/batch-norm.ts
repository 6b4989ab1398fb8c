import type { HostTensor } from "../../dtype.ts";
import { toFloat32 } from "../../half.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";

/**
 * Folds batch norms with known statistics: into the weights of the convolution before them, or, where there is none, into a
 * multiplication and an addition by channel.
 */
export function foldBatchNorm(draft: Draft): void {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const gone = new Set<GraphNode>();
  const changed = new Map<GraphNode, GraphNode[]>();
  for (const node of draft.nodes) {
    if (node.op !== "BatchNormalization") continue;
    const affine = affineOf(draft, node);
    if (!affine) continue;
    const producer = producers.get(node.inputs[0]);
    const foldable = producer?.op === "Conv" && uses.get(node.inputs[0]) === 1 && !changed.has(producer);
    const convolution = foldable ? scaledConvolution(draft, producer, affine, node.outputs[0]) : undefined;
    if (producer && convolution) {
      changed.set(producer, [convolution]);
      gone.add(node);
    } else changed.set(node, separateNodes(draft, node, affine));
  }
  draft.nodes = draft.nodes.flatMap((node) => (gone.has(node) ? [] : (changed.get(node) ?? [node])));
}

/** y = scale * x + shift for each channel. */
interface Affine {
  readonly scale: Float32Array<ArrayBuffer>;
  readonly shift: Float32Array<ArrayBuffer>;
}

/** Computed in float64, rounded once. */
function affineOf(draft: Draft, node: GraphNode): Affine | undefined {
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((name) => floats(draft.constants.get(name)));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = (node.attributes["epsilon"] as number | undefined) ?? 1e-5;
  const factor = Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale: Float32Array.from(factor), shift: Float32Array.from(factor, (f, c) => beta[c] - mean[c] * f) };
}

function floats(tensor: HostTensor | undefined): Float32Array<ArrayBuffer> | undefined {
  return tensor && toFloat32(tensor);
}

function scaledConvolution(
  draft: Draft,
  node: GraphNode,
  { scale, shift }: Affine,
  output: string,
): GraphNode | undefined {
  const filter = draft.constants.get(node.inputs[1]);
  const bias = node.inputs[2] ? draft.constants.get(node.inputs[2]) : undefined;
  if (!filter || filter.shape[0] !== scale.length || (node.inputs[2] && !bias)) return undefined;
  const each = filter.data.length / scale.length;
  const weights = toFloat32(filter).map((value, i) => value * scale[Math.floor(i / each)]);
  const old = floats(bias);
  const biases = shift.map((value, c) => value + (old ? old[c] * scale[c] : 0));
  const inputs = [
    node.inputs[0],
    draft.addConstant(`${node.inputs[1]}*scale`, { type: "float32", shape: filter.shape, data: weights }),
    draft.addConstant(`${output}:bias`, { type: "float32", shape: [biases.length], data: biases }),
  ];
  return { ...node, inputs, outputs: [output] };
}

function separateNodes(draft: Draft, node: GraphNode, { scale, shift }: Affine): GraphNode[] {
  const rank = draft.types.get(node.inputs[0])?.shape.length ?? 4;
  const shape = [scale.length, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
  const constant = (what: string, data: Float32Array<ArrayBuffer>) =>
    draft.addConstant(`${node.outputs[0]}:${what}`, { type: "float32", shape, data });
  const scaled = draft.freshName(`${node.outputs[0]}:scaled`);
  const { name } = node;
  const attributes = {};
  return [
    { op: "Mul", name, inputs: [node.inputs[0], constant("scale", scale)], outputs: [scaled], attributes },
    { op: "Add", name, inputs: [scaled, constant("shift", shift)], outputs: [node.outputs[0]], attributes },
  ];
}
