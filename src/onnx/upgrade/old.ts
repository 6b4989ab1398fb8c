// Forms of operators that few files have: those of the first operator sets, and of rare operators.

import type { GraphNode } from "../../graph/graph.ts";
import { affineByChannel, legacyBroadcast, slopeByChannel } from "./broadcast.ts";
import { attributesToInputs, refuse, type Upgrade, type UpgradeContext, withAttributes } from "./context.ts";
import { EXPERIMENTAL } from "./experimental.ts";
import { gridSample, resize, roiAlign, upsample } from "./resize.ts";
import { Rewriting } from "./rewriting.ts";

/** As softmax, but rare: on the matrix that these axes make. */
function hardmax(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const rewriting = new Rewriting(node, context);
  const [x] = node.inputs;
  const matrix = rewriting.op("Flatten", [x], { axis: node.attributes["axis"] ?? 1 });
  const marked = rewriting.op("Hardmax", [matrix], { axis: -1 });
  rewriting.op("Reshape", [marked, rewriting.op("Shape", [x])], {}, node.outputs[0]);
  return rewriting.nodes;
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

/** Before set 10 k was an attribute, a number where it is a vector of one now. */
function topK(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const { k } = node.attributes;
  const vector = typeof k === "number" ? withAttributes(node, { k: [k] }) : node;
  return attributesToInputs(10, { k: 1 })(vector, context);
}

/** Each is for the operator sets before the one that upgrade.ts names. */
export const OLD: Readonly<Record<string, Upgrade>> = {
  Add: legacyBroadcast,
  And: legacyBroadcast,
  Cast: cast,
  Concat: (node) => [withAttributes(node, { axis: node.attributes["axis"] ?? 1 })],
  Div: legacyBroadcast,
  Equal: legacyBroadcast,
  Gemm: (node) => [withAttributes(node, { broadcast: undefined })],
  Greater: legacyBroadcast,
  GridSample: gridSample,
  GroupNormalization: affineByChannel,
  Hardmax: hardmax,
  Less: legacyBroadcast,
  Mul: legacyBroadcast,
  Or: legacyBroadcast,
  PRelu: slopeByChannel,
  Pow: legacyBroadcast,
  Reshape: attributesToInputs(5, { shape: 1 }),
  Resize: resize,
  RoiAlign: roiAlign,
  Scatter: (node) => [{ ...node, op: "ScatterElements" }],
  Selu: (node) => [withAttributes(node, { alpha: 1.6732, gamma: 1.0507, ...node.attributes })],
  Sub: legacyBroadcast,
  Tile: (node) => refuse(node, "the form of operator sets before 6 is not supported"),
  TopK: topK,
  Upsample: upsample,
  Xor: legacyBroadcast,
  ...EXPERIMENTAL,
};
