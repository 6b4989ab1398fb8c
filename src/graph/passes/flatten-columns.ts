import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { reshapeNode, shapeOf } from "./constants.ts";
import { isProduct, isTranspose, permuteAxis } from "./flatten.ts";
import { RESHAPING } from "./reshape.ts";

const TO_LAST = "0,2,3,1";

/** Where a product becomes a channels-last image, permutes its weights instead of the image. Product, reshape to [N, C, H, W], transpose to channels last: without the transposition, with permuted columns. */
export function permuteColumns(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode>();
  for (const transpose of draft.nodes) {
    const reshape = isTranspose(transpose, TO_LAST) ? producers.get(transpose.inputs[0]) : undefined;
    const product = reshape && RESHAPING.has(reshape.op) ? producers.get(reshape.inputs[0]) : undefined;
    if (!reshape || !product || !isProduct(draft, product)) continue;
    if (uses.get(reshape.outputs[0]) !== 1 || uses.get(product.outputs[0]) !== 1) continue;
    const [N, C, H, W] = shapeOf(draft, reshape.outputs[0]);
    if (shapeOf(draft, product.outputs[0]).join() !== [N, C * H * W].join() || changes.has(product)) continue;
    const bias = product.inputs[2];
    if (bias && elementCount(draft.constants.get(bias)?.shape ?? []) !== C * H * W) continue;
    const columns = product.attributes["transB"] ? 0 : 1;
    const inputs = [product.inputs[0], permuteAxis(draft, product.inputs[1], columns, [C, H, W], [1, 2, 0])];
    if (bias) inputs.push(permuteAxis(draft, bias, shapeOf(draft, bias).length - 1, [C, H, W], [1, 2, 0]));
    changes.set(product, { ...product, inputs });
    changes.set(transpose, reshapeNode(draft, product.outputs[0], transpose.outputs[0], [N, H, W, C]));
  }
  draft.replace(changes);
  return changes.size / 2;
}
