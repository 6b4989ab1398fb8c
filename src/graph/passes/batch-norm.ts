import type { HostTensor } from "../../dtype.ts";
import { toFloat32 } from "../../half.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { type Affine, scaleFilter } from "./scale-filter.ts";

/**
 * Folds batch norms with known statistics: into the weights of the convolution before them, or, where there is none, into a
 * multiplication and an addition by channel.
 */
export function foldBatchNorm(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode[]>();
  let folded = 0;
  for (const node of draft.nodes) {
    if (node.op !== "BatchNormalization") continue;
    const affine = affineOf(draft, node);
    if (!affine) continue;
    folded++;
    const producer = producers.get(node.inputs[0]);
    const foldable = producer?.op === "Conv" && uses.get(node.inputs[0]) === 1 && !changes.has(producer);
    const convolution = foldable ? scaleFilter(draft, producer, affine, node.outputs[0]) : undefined;
    if (producer && convolution) changes.set(producer, [convolution]).set(node, []);
    else changes.set(node, separateNodes(draft, node, affine));
  }
  draft.nodes = draft.nodes.flatMap((node) => changes.get(node) ?? [node]);
  return folded;
}

function affineOf(draft: Draft, node: GraphNode): Affine | undefined {
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((name) => floats(draft.constants.get(name)));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = (node.attributes["epsilon"] as number | undefined) ?? 1e-5;
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: scale.map((factor, c) => beta[c] - mean[c] * factor) };
}

function floats(tensor: HostTensor | undefined): Float32Array | undefined {
  return tensor && toFloat32(tensor);
}

function separateNodes(draft: Draft, node: GraphNode, { scale, shift }: Affine): GraphNode[] {
  const rank = draft.types.get(node.inputs[0])?.shape.length ?? 4;
  const shape = [scale.length, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
  const constant = (what: string, values: Float64Array) =>
    draft.addConstant(`${node.outputs[0]}:${what}`, { type: "float32", shape, data: Float32Array.from(values) });
  const scaled = draft.freshName(`${node.outputs[0]}:scaled`);
  const { name } = node;
  return [
    { op: "Mul", name, inputs: [node.inputs[0], constant("scale", scale)], outputs: [scaled], attributes: {} },
    { op: "Add", name, inputs: [scaled, constant("shift", shift)], outputs: [node.outputs[0]], attributes: {} },
  ];
}
