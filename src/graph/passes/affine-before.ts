import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { isAffine, perChannel, scaleAndShift } from "./affine.ts";
import { float32, shapeOf } from "./constants.ts";
import { untilDone } from "./rounds.ts";
import { type Affine, floatsOf, knownWeights } from "./scale-filter.ts";

/**
 * Folds a multiplication or addition of one constant per channel (or one for all) into the convolution behind it, if nobody else reads
 * what comes between. Padding must stay zero: a convolution that pads takes factors only.
 */
export function foldAffineBefore(draft: Draft): number {
  return untilDone(draft, foldOnce);
}

/** One round: several of them may stand before a convolution. */
function foldOnce(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode | undefined>();
  for (const node of draft.nodes) {
    const before = node.op === "Conv" ? producers.get(node.inputs[0]) : undefined;
    if (!before || uses.get(node.inputs[0]) !== 1 || changes.has(before)) continue;
    const known = affineOf(draft, before);
    const folded = known && scaleInput(draft, node, known.affine);
    if (!folded) continue;
    changes.set(before, undefined);
    changes.set(node, { ...folded, inputs: [known.input, ...folded.inputs.slice(1)] });
  }
  draft.replace(changes);
  return changes.size / 2;
}

/** What a node does to each channel of images, and to which. */
function affineOf(draft: Draft, node: GraphNode): { input: string; affine: Affine } | undefined {
  if (node.op === "Conv") return affineOfConv(draft, node);
  if (!isAffine(node.op)) return undefined;
  const swapped = draft.constants.has(node.inputs[0]);
  const [input, constant] = swapped ? node.inputs.toReversed() : node.inputs;
  if (swapped && node.op === "Div") return undefined;
  const channels = perChannel(draft, draft.constants.get(constant), 1, input, node);
  if (!channels) return undefined;
  const { scale, shift } = scaleAndShift(node.op, channels);
  if (!swapped || node.op !== "Sub") return { input, affine: { scale, shift } };
  return { input, affine: { scale: scale.map(() => -1), shift: shift.map((value) => -value) } };
}

/** A convolution of each channel by one place, such as a batch norm becomes. */
function affineOfConv(draft: Draft, node: GraphNode): { input: string; affine: Affine } | undefined {
  const known = knownWeights(draft, node);
  const [, C, H, W] = shapeOf(draft, node.inputs[0]);
  const [, , OH, OW] = shapeOf(draft, node.outputs[0]);
  if (!known || node.inputs[3] || node.attributes["epilogue"] || !isUnpadded(node)) return undefined;
  const ofEach = (node.attributes["group"] ?? 1) === C && known.filter.shape.join() === `${C},1,1,1`;
  if (!ofEach || H !== OH || W !== OW) return undefined;
  const scale = Float64Array.from(floatsOf(known.filter)!);
  return { input: node.inputs[0], affine: { scale, shift: scale.map((_, c) => known.bias?.[c] ?? 0) } };
}

/** The convolution of what `affine` makes of its input, as one of the input itself; undefined if there is none. */
function scaleInput(draft: Draft, node: GraphNode, { scale, shift }: Affine): GraphNode | undefined {
  const known = knownWeights(draft, node);
  const shifts = shift.some((value) => value !== 0);
  if (!known || ![...scale, ...shift].every(Number.isFinite) || (shifts && !isUnpadded(node))) return undefined;
  const { filter, bias } = known;
  const [OC, ICG] = filter.shape;
  if (OC === 0 || filter.shape.length !== 4) return undefined;
  const window = elementCount(filter.shape.slice(2));
  const perGroup = OC / (scale.length / ICG);
  const source = floatsOf(filter)!;
  const sums = Float64Array.from({ length: OC }, (_, oc) => bias?.[oc] ?? 0);
  const data = source.map((value, i) => {
    const oc = Math.floor(i / (ICG * window));
    const ic = Math.floor(oc / perGroup) * ICG + (Math.floor(i / window) % ICG);
    sums[oc] += value * shift[ic];
    return value * scale[ic];
  });
  const inputs = [node.inputs[0], draft.addConstant(`${node.inputs[1]}*scale`, float32(filter.shape, data))];
  if (shifts) inputs.push(draft.addConstant(`${node.outputs[0]}:bias`, float32([OC], Float32Array.from(sums))));
  else inputs.push(node.inputs[2] ?? "");
  return { ...node, inputs: [...inputs, ...node.inputs.slice(3)] };
}

function isUnpadded({ attributes }: GraphNode): boolean {
  const auto = attributes["auto_pad"] ?? "NOTSET";
  const pads = (attributes["pads"] as readonly number[] | undefined) ?? [];
  return auto === "VALID" || (auto === "NOTSET" && pads.every((pad) => pad === 0));
}
