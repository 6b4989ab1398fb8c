import { permute, stridesOf } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { pickHost } from "../host.ts";
import type { Rearranged } from "../lazy.ts";
import { reshapeNode, shapeOf } from "./constants.ts";
import { RESHAPING } from "./reshape.ts";

const TO_FIRST = "0,3,1,2";

/**
 * Where a channels-last image is flattened for a product with known weights, permutes the weights instead of the image: transpose to
 * channels first, reshape to [N, C * H * W], product becomes a reshape and a product, with the rows of the weights in the image's order.
 */
export function permuteRows(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode>();
  for (const product of draft.nodes) {
    const reshape = producers.get(product.inputs[0]);
    const transpose = reshape && RESHAPING.has(reshape.op) ? producers.get(reshape.inputs[0]) : undefined;
    if (!isProduct(draft, product) || product.attributes["transA"] || !reshape || !transpose) continue;
    if (!isTranspose(transpose, TO_FIRST) || uses.get(reshape.outputs[0]) !== 1 || uses.get(transpose.outputs[0]) !== 1)
      continue;
    const [N, H, W, C] = shapeOf(draft, transpose.inputs[0]);
    if (shapeOf(draft, reshape.outputs[0]).join() !== [N, C * H * W].join()) continue;
    const rows = product.attributes["transB"] ? 1 : 0;
    const weights = permuteAxis(draft, product.inputs[1], rows, [C, H, W], [1, 2, 0]);
    changes.set(product, { ...product, inputs: product.inputs.map((name, i) => (i === 1 ? weights : name)) });
    changes.set(reshape, reshapeNode(draft, transpose.inputs[0], reshape.outputs[0], [N, C * H * W]));
  }
  draft.replace(changes);
  return changes.size / 2;
}

/** Whether a node is a product with a known matrix. */
export function isProduct(draft: Draft, { op, inputs }: GraphNode): boolean {
  const weights = draft.constants.get(inputs[1]);
  return (op === "Gemm" || op === "MatMul") && weights?.shape.length === 2;
}

/** Whether a node is the transposition of that order. */
export function isTranspose({ op, attributes }: GraphNode, order: string): boolean {
  return op === "Transpose" && String(attributes["perm"]) === order;
}

/** A constant whose axis, of extents `extents` taken apart, is put in another order. */
export function permuteAxis(
  draft: Draft,
  name: string,
  axis: number,
  extents: readonly number[],
  order: readonly number[],
): string {
  const tensor = draft.constants.get(name)!;
  const shape = [...tensor.shape.slice(0, axis), ...extents, ...tensor.shape.slice(axis + 1)];
  const perm = shape.map((_, i) => (i >= axis && i < axis + extents.length ? axis + order[i - axis] : i));
  const { data } = pickHost(tensor, permute(shape, perm), permute(stridesOf(shape), perm));
  const permuted: Rearranged = { type: tensor.type, shape: tensor.shape, data, of: tensor, how: `${shape}:${perm}` };
  return draft.addConstant(`${name}:permuted`, permuted);
}
