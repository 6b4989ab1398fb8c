import type { GraphNode } from "../graph/graph.ts";
import { affineByChannel, legacyBroadcast, slopeByChannel } from "./upgrade/broadcast.ts";
import {
  attributesToInputs,
  before,
  Rewriting,
  refuse,
  type Upgrade,
  type UpgradeContext,
  withAttributes,
} from "./upgrade/context.ts";
import { EXPERIMENTAL } from "./upgrade/experimental.ts";
import { gridSample, resize, roiAlign, upsample } from "./upgrade/resize.ts";

export type { UpgradeContext };

/**
 * Rewrites a node of operator set `context.opset` in the form of the newest set: what were attributes and became inputs
 * (axes, shapes, bounds, pads) become constants, and operators that are no more become those that took their place.
 *
 * @throws UnsupportedError for an old form that has no newer one.
 */
export function upgradeNode(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const upgrade = Object.hasOwn(UPGRADES, node.op) ? UPGRADES[node.op] : undefined;
  return upgrade ? upgrade(node, context) : [node];
}

/** Whether an operator that no new file has becomes others. */
export function isRewritten(op: string): boolean {
  return Object.hasOwn(EXPERIMENTAL, op) || op === "Upsample" || op === "Scatter";
}

const reduction = attributesToInputs(18, { axes: 1 });

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  Add: legacyBroadcast,
  And: legacyBroadcast,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: attributesToInputs(11, { min: 1, max: 2 }),
  Concat: before(4, (node) => [withAttributes(node, { axis: node.attributes["axis"] ?? 1 })]),
  Div: legacyBroadcast,
  Dropout: before(12, dropout),
  Equal: legacyBroadcast,
  Gemm: before(7, (node) => [withAttributes(node, { broadcast: undefined })]),
  Greater: legacyBroadcast,
  GridSample: gridSample,
  GroupNormalization: affineByChannel,
  Hardmax: before(13, hardmax),
  Less: legacyBroadcast,
  LogSoftmax: softmaxOverTrailingAxes(),
  Mul: legacyBroadcast,
  Or: legacyBroadcast,
  PRelu: slopeByChannel,
  Pad: pad,
  Pow: legacyBroadcast,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: attributesToInputs(13, { axes: 1 }),
  ReduceSumSquare: reduction,
  Reshape: attributesToInputs(5, { shape: 1 }),
  Resize: (node, context) => resize(node, context),
  RoiAlign: roiAlign,
  Scatter: (node) => [{ ...node, op: "ScatterElements" }],
  Selu: before(6, (node) => [withAttributes(node, { alpha: 1.6732, gamma: 1.0507, ...node.attributes })]),
  Slice: attributesToInputs(10, { starts: 1, ends: 2, axes: 3 }),
  Softmax: softmaxOverTrailingAxes(),
  Split: split,
  Squeeze: attributesToInputs(13, { axes: 1 }),
  Sub: legacyBroadcast,
  Tile: before(6, (node) => refuse(node, "the form of operator sets before 6 is not supported")),
  TopK: topK,
  Unsqueeze: attributesToInputs(13, { axes: 1 }),
  Upsample: upsample,
  Xor: legacyBroadcast,
  ...EXPERIMENTAL,
};

/** Before set 13, softmax ran over all axes from `axis` (default 1) to the last as one. */
function softmaxOverTrailingAxes(): Upgrade {
  return before(13, (node) => [{ ...node, attributes: { axis: 1, ...node.attributes, trailing: 1 } }]);
}

/** As softmax, but rare: on the matrix that these axes make. */
function hardmax(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const rewriting = new Rewriting(node, context);
  const [x] = node.inputs;
  const matrix = rewriting.op("Flatten", [x], { axis: node.attributes["axis"] ?? 1 });
  const marked = rewriting.op("Hardmax", [matrix], { axis: -1 });
  rewriting.op("Reshape", [marked, rewriting.op("Shape", [x])], {}, node.outputs[0]);
  return rewriting.nodes;
}

/** At inference dropout passes its input on; an old `is_test` and the ratio say nothing then. */
function dropout(node: GraphNode): GraphNode[] {
  return [{ ...node, inputs: [node.inputs[0]], attributes: {} }];
}

/**
 * Before set 14 training was told by outputs that are read (before 7: by `is_test`), and until 9 statistics could be those
 * of every place instead of every channel.
 */
function batchNormalization(node: GraphNode, { opset }: UpgradeContext): GraphNode[] {
  if (opset >= 14) return [node];
  if (opset < 9 && node.attributes["spatial"] === 0)
    refuse(node, "statistics for every place (spatial = 0) are not supported");
  if (node.outputs.slice(1).some((name) => name !== "")) refuse(node, "training mode is not supported");
  return [withAttributes(node, { is_test: undefined, spatial: undefined, consumed_inputs: undefined })];
}

/** Names of element types in files from before set 6, and their codes now. */
const TYPE_NAMES: readonly string[] = [
  "UNDEFINED",
  "FLOAT",
  "UINT8",
  "INT8",
  "UINT16",
  "INT16",
  "INT32",
  "INT64",
  "STRING",
  "BOOL",
  "FLOAT16",
  "DOUBLE",
  "UINT32",
  "UINT64",
];

function cast(node: GraphNode): GraphNode[] {
  const { to } = node.attributes;
  if (typeof to !== "string") return [node];
  const code = TYPE_NAMES.indexOf(to.toUpperCase());
  if (code <= 0) refuse(node, `type ${to} is not supported`);
  return [withAttributes(node, { to: code })];
}

/** Before set 2 the pads had another name; before 11 they and the value were attributes. */
function pad(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const { paddings, pads = paddings } = node.attributes;
  const named = pads === undefined ? node : withAttributes(node, { paddings: undefined, pads });
  return attributesToInputs(11, { pads: 1, value: 2 })(named, context);
}

/** Before set 18 the outputs told how many parts there are; before 13 their sizes were an attribute. */
function split(node: GraphNode, context: UpgradeContext): GraphNode[] {
  if (context.opset >= 18) return [node];
  const [moved] = attributesToInputs(13, { split: 1 })(node, context);
  return [moved.inputs[1] ? moved : withAttributes(moved, { num_outputs: node.outputs.length })];
}

/** Before set 10 k was an attribute, a number where it is a vector of one now. */
function topK(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const { k } = node.attributes;
  const vector = typeof k === "number" ? withAttributes(node, { k: [k] }) : node;
  return attributesToInputs(10, { k: 1 })(vector, context);
}
