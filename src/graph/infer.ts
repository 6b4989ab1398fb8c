import { bytesPerElement, type HostTensor } from "../dtype.ts";
import { expected, MemoryLimitError, ShapeError, UnsupportedError, type UnsupportedItem } from "../errors.ts";
import { elementCount, formatShape, isShape } from "../shape.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { carriedType, halfOutput } from "./halves.ts";
import { settled } from "./lazy.ts";
import type { NodeView, Operator } from "./operator.ts";
import { findOperator, RARE_FORMS } from "./operators/index.ts";

/**
 * Finds the type of every value, and computes on the host whatever does not depend on the data: those nodes become constants.
 * Throws one UnsupportedError with everything that cannot be run.
 */
export function inferTypes(draft: Draft): void {
  const problems: UnsupportedItem[] = [];
  const kept: GraphNode[] = [];
  const visit = (node: GraphNode): void => {
    try {
      const outcome = inferNode(draft, node);
      if (outcome === "kept") kept.push(node);
      else if (outcome !== "constant") outcome.forEach(visit);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      problems.push(...error.items);
    }
  };
  for (const name of draft.inputs) {
    const type = draft.types.get(name);
    if (type) checkSize(`input "${name}"`, "shape", type, draft.limit);
  }
  draft.nodes.forEach(visit);
  if (problems.length > 0) throw unsupportedModel(problems);
  draft.nodes = kept;
}

/** Of nodes that are refused for the same reason a message names so many. */
const NAMED = 3;

/** One error for all items; its message has a line for each operator and reason. */
export function unsupportedModel(items: readonly UnsupportedItem[]): UnsupportedError {
  const groups = new Map<string, UnsupportedItem[]>();
  for (const item of items) {
    const key = `${item.operator}: ${item.reason}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  const lines = Array.from(groups.values(), (group) => {
    const names = group.slice(0, NAMED).map(({ node }) => `"${node}"`);
    const more = group.length > NAMED ? ` and ${group.length - NAMED} more` : "";
    return `  ${group[0].operator} ${names.join(", ")}${more}: ${group[0].reason}`;
  });
  return new UnsupportedError(`model: expected supported operators only, got\n${lines.join("\n")}`, items);
}

/** What became of a node: it stays, its outputs are constants now, or other nodes take its place. */
function inferNode(draft: Draft, node: GraphNode): "kept" | "constant" | readonly GraphNode[] {
  const view = draft.view(node);
  const operator = findOperator(node.op);
  if (!operator) throw view.unsupported("operator is not supported");
  // Behind a node that is not supported nothing is known; that node has been noted.
  if (node.inputs.some((name) => name !== "" && !draft.types.has(name))) return "kept";

  const expansion = RARE_FORMS.available?.expandRareForm(view, draft) ?? operator.expand?.(view, draft);
  if (expansion) return expansion;
  const types = operator.infer(view);
  types.forEach((type, i) => {
    if (node.outputs[i]) checkSize(view.where, `output ${i}`, type, draft.limit);
  });
  node.outputs.forEach((name, i) => {
    // Passes give values other producers: what they are in the file is known from the first look.
    const half = types[i] && !draft.types.has(name) && halfOutput(node, i, types[i], draft.halves);
    if (half) draft.halves.set(name, half);
  });
  const folded = operator.fold?.(view) ?? evaluateConstants(draft, view, operator);
  if (folded) {
    node.outputs.forEach((name, i) => {
      if (name) draft.setConstant(name, folded[i]);
    });
    return "constant";
  }
  node.outputs.forEach((name, i) => {
    if (!name) return;
    if (!types[i]) throw view.unsupported(`output ${i} is not supported`);
    draft.types.set(name, { ...types[i], type: carriedType(types[i].type) });
  });
  return "kept";
}

/** Before anything is computed: a few bytes of a file can ask for any size. */
function checkSize(where: string, what: string, { type, shape }: TensorType, limit: number): void {
  if (!isShape(shape)) {
    throw new ShapeError(expected(where, what, "extents of at least 0", formatShape(shape)));
  }
  // Tables have a place for each index along an axis, even where there are no elements.
  const bytes = elementCount(shape.map((extent) => Math.max(1, extent))) * bytesPerElement(type);
  if (bytes <= limit) return;
  throw new MemoryLimitError(expected(where, what, `to stay within ${limit} bytes`, `shape ${formatShape(shape)}`));
}

function evaluateConstants(draft: Draft, view: NodeView, operator: Operator): HostTensor[] | undefined {
  const names = view.node.inputs;
  if (!operator.evaluate || names.some((name) => name !== "" && !draft.constants.has(name))) return undefined;
  const inputs = names.map((name) => (name ? settled(draft.constants.get(name) as HostTensor) : undefined));
  return operator.evaluate(view, inputs);
}
