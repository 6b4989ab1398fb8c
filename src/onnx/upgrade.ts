import type { GraphNode } from "../graph/graph.ts";
import { OnDemand } from "../on-demand.ts";
import {
  attributesToInputs,
  before,
  refuse,
  type Upgrade,
  type UpgradeContext,
  withAttributes,
} from "./upgrade/context.ts";

export type { UpgradeContext };

/** The upgrades that few files need. */
export const OLD_FORMS = new OnDemand(async () => (await import("./upgrade/old.ts")).OLD);

/** What these are for: operators, and the set from which on they are as now. */
const OLD_NAMES: readonly (readonly [since: number, operators: string])[] = [
  [4, "Concat"],
  [5, "Reshape"],
  [6, "Cast Selu Tile"],
  [7, "Add And Div Equal Gemm Greater Less Mul Or PRelu Pow Sub Xor"],
  [10, "TopK"],
  [11, "Resize"],
  [13, "Hardmax"],
  [16, "RoiAlign"],
  [20, "GridSample"],
  [21, "GroupNormalization"],
  [Infinity, "Affine ConstantFill Crop ImageScaler ParametricSoftplus Scale ScaledTanh Scatter Upsample"],
];

const NEW_SINCE = new Map(OLD_NAMES.flatMap(([since, names]) => names.split(" ").map((name) => [name, since])));

/** Whether `OLD_FORMS` must have been loaded to upgrade an operator of a set. */
export function hasOldForm(op: string, opset: number): boolean {
  return opset < (NEW_SINCE.get(op) ?? 0);
}

/** Whether an operator that no new file has becomes others. */
export function isRewritten(op: string): boolean {
  return NEW_SINCE.get(op) === Infinity;
}

/**
 * Rewrites a node of operator set `context.opset` in the form of the newest set: what were attributes and became inputs
 * (axes, shapes, bounds, pads) become constants, and operators that are no more become those that took their place.
 *
 * @throws UnsupportedError for an old form that has no newer one.
 */
export function upgradeNode(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const { op } = node;
  if (hasOldForm(op, context.opset)) return OLD_FORMS.loaded[op](node, context);
  return Object.hasOwn(UPGRADES, op) ? UPGRADES[op](node, context) : [node];
}

const reduction = attributesToInputs(18, { axes: 1 });

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  BatchNormalization: before(14, batchNormalization),
  Clip: attributesToInputs(11, { min: 1, max: 2 }),
  Dropout: before(12, dropout),
  LogSoftmax: softmaxOverTrailingAxes(),
  Pad: pad,
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
  Resize: withoutEmptyInputs,
  Slice: attributesToInputs(10, { starts: 1, ends: 2, axes: 3 }),
  Softmax: softmaxOverTrailingAxes(),
  Split: before(18, split),
  Squeeze: attributesToInputs(13, { axes: 1 }),
  Unsqueeze: attributesToInputs(13, { axes: 1 }),
};

/** Before set 13, softmax ran over all axes from `axis` (default 1) to the last as one. */
function softmaxOverTrailingAxes(): Upgrade {
  return before(13, (node) => [{ ...node, attributes: { axis: 1, ...node.attributes, trailing: 1 } }]);
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
  if (opset < 9 && node.attributes["spatial"] === 0)
    refuse(node, "statistics for every place (spatial = 0) are not supported");
  if (node.outputs.slice(1).some((name) => name !== "")) refuse(node, "training mode is not supported");
  return [withAttributes(node, { is_test: undefined, spatial: undefined, consumed_inputs: undefined })];
}

/** Before set 2 the pads had another name; before 11 they and the value were attributes. */
function pad(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const { paddings, pads = paddings } = node.attributes;
  const named = pads === undefined ? node : withAttributes(node, { paddings: undefined, pads });
  return attributesToInputs(11, { pads: 1, value: 2 })(named, context);
}

/** Before set 18 the outputs told how many parts there are; before 13 their sizes were an attribute. */
function split(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const [moved] = attributesToInputs(13, { split: 1 })(node, context);
  return [moved.inputs[1] ? moved : withAttributes(moved, { num_outputs: node.outputs.length })];
}

/** A constant without elements stands for an input that is not given. */
function withoutEmptyInputs(node: GraphNode, context: UpgradeContext): GraphNode[] {
  const inputs = node.inputs.map((name) => (name && context.constant(name)?.shape.includes(0) ? "" : name));
  return [{ ...node, inputs }];
}
