// What a model needs beyond the core of lanewise, loaded before it is imported.

import { findOperator, isKnownOperator, loadOperators, MORE, RARE_FORMS } from "../graph/operators/index.ts";
import { OnDemand } from "../on-demand.ts";
import { subgraphs } from "./names.ts";
import { isStandard, standardOpset } from "./opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./proto-types.ts";
import { EXTERNAL_DATA } from "./tensor.ts";
import { hasOldForm, isRewritten, OLD_FORMS } from "./upgrade.ts";

/** For models that have functions of their own. */
export const FUNCTIONS = new OnDemand(() => import("./functions.ts"));

/** For bytes that are no ONNX file. */
export const NOT_ONNX = new OnDemand(() => import("./not-onnx.ts"));

/** For models with operators that lanewise does not have. */
export const REFUSALS = new OnDemand(() => import("./refusals.ts"));

/** Whether lanewise runs an operator, maybe as others. */
export function isSupported(opType: string, domain = ""): boolean {
  return isStandard(domain) && (isRewritten(opType) || isKnownOperator(opType));
}

/**
 * Loads the rare operators, upgrades and other parts that a model needs, as far as its nodes, branches and functions tell.
 *
 * @throws RuntimeError if a part cannot be loaded.
 */
export async function loadNeeds(model: ModelProto): Promise<void> {
  const operators = new Set<string>();
  const parts = new Set<OnDemand<unknown>>();
  const visit = (nodes: readonly NodeProto[], opset: number): void => {
    for (const node of nodes) {
      const { opType, domain } = node;
      operators.add(opType);
      if (hasOldForm(opType, opset)) parts.add(OLD_FORMS);
      if (hasRareForm(node)) parts.add(RARE_FORMS);
      if (!isStandard(domain)) parts.add(REFUSALS);
      for (const { node: inner } of subgraphs(node)) visit(inner, opset);
    }
  };
  const opset = standardOpset(model.opsetImport);
  visit(model.graph.node, opset);
  for (const { node, opsetImport } of model.functions) visit(node, Math.min(opset, standardOpset(opsetImport)));
  if (model.functions.length > 0) parts.add(FUNCTIONS);
  if (hasVolumes(model.graph)) parts.add(RARE_FORMS);
  if (parts.has(OLD_FORMS)) parts.add(MORE);
  if (keepsElsewhere(model.graph) || model.functions.some(({ node }) => node.some(hasElsewhere)))
    parts.add(EXTERNAL_DATA);
  if (operators.has("Scatter")) operators.add("ScatterElements");
  await Promise.all([loadOperators(operators), ...Array.from(parts, (part) => part.load())]);
  if ([...operators].some((op) => !isSupported(op))) await REFUSALS.load();
  // Operators of its family become DequantizeLinear too.
  if (findOperator("DequantizeLinear")) await MORE.loaded.QUANTIZE_PASSES.load();
}

/** Whether a node's attributes make it one of those that `RARE_FORMS` is for. */
function hasRareForm({ attribute }: NodeProto): boolean {
  return attribute.some(({ name, i, ints }) => {
    if (name === "training_mode") return i === 1;
    return name === "p" ? i !== 1 && i !== 2 : name === "kernel_shape" && ints?.length === 3;
  });
}

/** Whether a graph or a branch of it keeps a tensor in another file. */
function keepsElsewhere({ initializer, node }: GraphProto): boolean {
  return initializer.some(isElsewhere) || node.some(hasElsewhere);
}

function hasElsewhere(node: NodeProto): boolean {
  return node.attribute.some(({ t }) => isElsewhere(t)) || subgraphs(node).some(keepsElsewhere);
}

function isElsewhere(tensor: TensorProto | undefined): boolean {
  return tensor?.dataLocation === 1;
}

/** Whether a graph says of a value that it is an image of three dimensions or more. */
function hasVolumes({ initializer, input, valueInfo }: GraphProto): boolean {
  const rank = ({ type }: ValueInfoProto) => type?.tensorType?.shape?.dim?.length ?? 0;
  return initializer.some(({ dims }) => dims.length > 4) || [...input, ...valueInfo].some((value) => rank(value) > 4);
}
