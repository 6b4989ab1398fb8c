import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { float32, shapeOf } from "./constants.ts";
import { type Affine, channelAxis, floatsOf, scaleFilter } from "./scale-filter.ts";

/**
 * Folds batch norms with known statistics: into the weights of the convolution or product before them, or, where there is none, into a
 * 1x1 convolution of each channel (images), or a multiplication and an addition by channel.
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
    const foldable = channelAxis(draft, producer) === 1 && uses.get(node.inputs[0]) === 1;
    const convolution =
      foldable && producer && !changes.has(producer)
        ? scaleFilter(draft, producer, affine, node.outputs[0])
        : undefined;
    if (producer && convolution) changes.set(producer, [convolution]).set(node, []);
    else changes.set(node, separateNodes(draft, node, affine));
  }
  draft.nodes = draft.nodes.flatMap((node) => changes.get(node) ?? [node]);
  return folded;
}

function affineOf(draft: Draft, node: GraphNode): Affine | undefined {
  if (draft.types.get(node.inputs[0])?.type !== "float32") return undefined;
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((name) => floatsOf(draft.constants.get(name)));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = (node.attributes["epsilon"] as number | undefined) ?? 1e-5;
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: scale.map((factor, c) => beta[c] - mean[c] * factor) };
}

function separateNodes(draft: Draft, node: GraphNode, { scale, shift }: Affine): GraphNode[] {
  const from = shapeOf(draft, node.inputs[0]);
  const constant = (what: string, shape: readonly number[], values: Float64Array) =>
    draft.addConstant(`${node.outputs[0]}:${what}`, float32(shape, Float32Array.from(values)));
  const { name } = node;
  const C = scale.length;
  if (from.length === 4 && C > 1) {
    const inputs = [node.inputs[0], constant("scale", [C, 1, 1, 1], scale), constant("shift", [C], shift)];
    return [{ op: "Conv", name, inputs, outputs: node.outputs, attributes: { group: C } }];
  }
  // One value for all elements of a vector.
  const shape = from.length === 1 ? [C] : [C, ...new Array<number>(from.length - 2).fill(1)];
  const scaled = draft.freshName(`${node.outputs[0]}:scaled`);
  const [factor, term] = [constant("scale", shape, scale), constant("shift", shape, shift)];
  return [
    { op: "Mul", name, inputs: [node.inputs[0], factor], outputs: [scaled], attributes: {} },
    { op: "Add", name, inputs: [scaled, term], outputs: [node.outputs[0]], attributes: {} },
  ];
}
