import type { HostTensor } from "../../dtype.ts";
import { toFloat32 } from "../../half.ts";
import { sameShape } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { untilDone } from "./rounds.ts";
import { type Affine, channelAxis, scaleFilter } from "./scale-filter.ts";

/** Folds a multiplication or addition of one constant per channel (or one for all) into the convolution or product before it. */
export function foldAffine(draft: Draft): number {
  return untilDone(draft, foldOnce);
}

/** One round: a convolution may be followed by several of them. */
function foldOnce(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode | undefined>();
  for (const node of draft.nodes) {
    if (!isAffine(node.op)) continue;
    const [first, second] = node.inputs;
    const swapped = draft.constants.has(first);
    if (swapped && (node.op === "Sub" || node.op === "Div")) continue;
    const value = swapped ? second : first;
    const producer = producers.get(value);
    const axis = channelAxis(draft, producer);
    if (!producer || axis === undefined || uses.get(value) !== 1 || changes.has(producer)) continue;
    const channels = perChannel(draft, draft.constants.get(swapped ? first : second), axis, value, node);
    const folded = channels && scaleFilter(draft, producer, scaleAndShift(node.op, channels), node.outputs[0]);
    if (!folded) continue;
    changes.set(producer, folded);
    changes.set(node, undefined);
  }
  draft.replace(changes);
  return changes.size / 2;
}

/** Whether an operator multiplies or adds. */
export function isAffine(op: string): boolean {
  return op === "Add" || op === "Mul" || op === "Sub" || op === "Div";
}

/** What an operator with the constant on its right does to each channel. */
export function scaleAndShift(op: string, values: Float32Array): Affine {
  const scale = Float64Array.from(values, (v) => (op === "Mul" ? v : op === "Div" ? 1 / v : 1));
  const shift = Float64Array.from(values, (v) => (op === "Add" ? v : op === "Sub" ? -v : 0));
  return { scale, shift };
}

/** A constant as one value for each place of an axis, if it broadcasts that way over `value` without changing its shape. */
export function perChannel(
  draft: Draft,
  tensor: HostTensor | undefined,
  axis: number,
  value: string,
  node: GraphNode,
): Float32Array | undefined {
  const from = draft.types.get(value)?.shape;
  const result = draft.types.get(node.outputs[0])?.shape;
  if (tensor?.type !== "float32" || !from || !result || !sameShape(from, result)) return undefined;
  const C = from[axis];
  const shape = [...new Array<number>(Math.max(0, from.length - tensor.shape.length)).fill(1), ...tensor.shape];
  const data = toFloat32(tensor);
  if (data.length === 1) return new Float32Array(C).fill(data[0]);
  return shape.every((extent, i) => extent === (i === axis ? C : 1)) ? data : undefined;
}
