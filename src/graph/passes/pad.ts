import { toIntegers } from "../../dtype.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { shapeOf } from "./constants.ts";
import { floatsOf } from "./scale-filter.ts";

/** Rows and columns around an image: [top, left, bottom, right]. */
type Pads = readonly [number, number, number, number];

/** Lets a convolution or pool do the padding before it: each has its own. */
export function absorbPads(draft: Draft): number {
  const producers = draft.producers();
  let changes = 0;
  draft.nodes = draft.nodes.map((node) => {
    const pad = producers.get(node.inputs[0]);
    const pads = pad?.op === "Pad" && hasOwnPads(node) ? padsOf(draft, pad) : undefined;
    if (!pad || !pads) return node;
    const more = allowance(draft, node, pad);
    if (!more) return node;
    const own = (node.attributes["pads"] as readonly number[] | undefined) ?? [0, 0, 0, 0];
    changes++;
    const attributes = { ...node.attributes, ...more, auto_pad: "NOTSET", pads: own.map((p, i) => p + pads[i]) };
    return { ...node, inputs: [pad.inputs[0], ...node.inputs.slice(1)], attributes };
  });
  return changes;
}

function hasOwnPads({ attributes }: GraphNode): boolean {
  const auto = attributes["auto_pad"] ?? "NOTSET";
  return (auto === "NOTSET" || auto === "VALID") && !attributes["ceil_mode"];
}

/** What a Pad adds around images, if it adds nothing else. */
function padsOf(draft: Draft, { inputs, attributes }: GraphNode): Pads | undefined {
  const given = draft.constants.get(inputs[1]);
  if (!given || (attributes["mode"] ?? "constant") !== "constant" || shapeOf(draft, inputs[0]).length !== 4)
    return undefined;
  const pads = toIntegers(given);
  const axes = inputs[3] ? draft.constants.get(inputs[3]) : undefined;
  if (inputs[3] && !axes) return undefined;
  const at = axes ? toIntegers(axes).map((axis) => (axis < 0 ? axis + 4 : axis)) : [0, 1, 2, 3];
  const all = new Array<number>(8).fill(0);
  at.forEach((axis, i) => {
    all[axis] = pads[i];
    all[axis + 4] = pads[i + at.length];
  });
  const [n, c, top, left, n2, c2, bottom, right] = all;
  if (n || c || n2 || c2 || Math.min(top, left, bottom, right) < 0) return undefined;
  return [top, left, bottom, right];
}

/** Attributes under which the node's own padding means the same as `pad`; undefined if there are none. */
function allowance(draft: Draft, node: GraphNode, pad: GraphNode): Record<string, number> | undefined {
  const value = pad.inputs[2] ? floatsOf(draft.constants.get(pad.inputs[2]))?.[0] : 0;
  const own = (node.attributes["pads"] as readonly number[] | undefined) ?? [];
  const unpadded = own.every((p) => p === 0);
  switch (node.op) {
    case "Conv":
      return value === 0 ? {} : undefined;
    case "AveragePool":
      return value === 0 && (unpadded || node.attributes["count_include_pad"]) ? { count_include_pad: 1 } : undefined;
    case "LpPool":
      return value === 0 ? {} : undefined;
    case "MaxPool":
      if (node.outputs[1]) return undefined;
      if (value === -Infinity) return {};
      return value === 0 && unpadded && isNeverNegative(draft, pad.inputs[0]) && reachesImage(draft, node, pad)
        ? {}
        : undefined;
    default:
      return undefined;
  }
}

/** Zeros do not change the maximum of values that are never negative. */
function isNeverNegative(draft: Draft, name: string): boolean {
  const producer = draft.producers().get(name);
  if (producer?.op === "Relu" || producer?.op === "Sigmoid") return true;
  const low = producer?.op === "Clip" ? floatsOf(draft.constants.get(producer.inputs[1]))?.[0] : undefined;
  return low !== undefined && low >= 0;
}

/** Whether every window holds a place of the image: the maximum of padding alone would be minus infinity. */
function reachesImage(draft: Draft, node: GraphNode, pad: GraphNode): boolean {
  const pads = padsOf(draft, pad) as Pads;
  const kernel = node.attributes["kernel_shape"] as readonly number[];
  const dilations = (node.attributes["dilations"] as readonly number[] | undefined) ?? [1, 1];
  return dilations.every((d) => d === 1) && pads.every((p, i) => p < kernel[i % 2]);
}
