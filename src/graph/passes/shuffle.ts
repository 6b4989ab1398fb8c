import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { permutationOf } from "../operators/transpose.ts";
import { shapeOf } from "./constants.ts";

/** Channels of `input`, in so many groups, put in another order: the first of each group, the second of each group, ... */
export interface Shuffle {
  readonly input: string;
  readonly groups: number;
}

/** Reshape [N, groups, C / groups, ..], transpose of these two axes, reshape back: the last node of each such chain. */
export function findShuffles(draft: Draft): ReadonlyMap<GraphNode, Shuffle> {
  const producers = draft.producers();
  const found = new Map<GraphNode, Shuffle>();
  for (const node of draft.nodes) {
    const transpose = node.op === "Reshape" ? producers.get(node.inputs[0]) : undefined;
    const reshape = transpose?.op === "Transpose" ? producers.get(transpose.inputs[0]) : undefined;
    if (!transpose || reshape?.op !== "Reshape") continue;
    const [image, back] = [reshape.inputs[0], node.outputs[0]].map((name) => shapeOf(draft, name));
    const [N, groups, each, ...places] = shapeOf(draft, reshape.outputs[0]);
    const isImage = image.length === 4 && image.join() === back.join() && N === image[0] && groups * each === image[1];
    const turned = permutationOf(draft.view(transpose)).join() === [0, 2, 1, ...places.map((_, i) => i + 3)].join();
    if (isImage && turned && elementCount(places) === image[2] * image[3]) {
      found.set(node, { input: reshape.inputs[0], groups });
    }
  }
  return found;
}
