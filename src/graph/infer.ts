import { bytesPerElement, type HostTensor } from "../dtype.ts";
import { expected, MemoryLimitError, ShapeError, UnsupportedError, type UnsupportedItem } from "../errors.ts";
import { elementCount, formatShape, isShape } from "../shape.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { carriedType, halfOutput } from "./halves.ts";
import { settled } from "./lazy.ts";
import type { NodeView, Operator } from "./operator.ts";
import { findOperator, RARE_FORMS } from "./operators/index.ts";

/** The part of a draft whose shapes follow from values that only a run gives. */
export interface Waiting {
  /** In order, with all that is behind them. */
  readonly nodes: readonly GraphNode[];
  /** Those among them that the host computes as soon as their inputs are there. */
  readonly computed: readonly GraphNode[];
  /** What others need to know. */
  readonly needs: readonly UnsupportedItem[];
}

/** `inferKnown`, for a draft in which nothing waits. */
export function inferTypes(draft: Draft): void {
  const waiting = inferKnown(draft);
  if (waiting) throw unsupportedModel(waiting.needs);
}

/**
 * Finds the type of every value, and computes on the host whatever does not depend on the data: those nodes become constants.
 * Nodes that have to wait for values leave the draft. Throws one UnsupportedError with everything that cannot be run.
 */
export function inferKnown(draft: Draft): Waiting | undefined {
  const problems: UnsupportedItem[] = [];
  const [kept, nodes, computed]: GraphNode[][] = [[], [], []];
  const visit = (node: GraphNode): void => {
    try {
      const outcome = inferNode(draft, node);
      if (outcome === "kept") kept.push(node);
      else if (outcome === "behind") nodes.push(node);
      else if (outcome === "computed") {
        nodes.push(node);
        computed.push(node);
      } else if (outcome !== "constant") outcome.forEach(visit);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      problems.push(...error.items);
      nodes.push(node);
    }
  };
  for (const name of draft.inputs) {
    const type = draft.types.get(name);
    if (type) checkSize(`input "${name}"`, "shape", type, draft.limit);
  }
  draft.nodes.forEach(visit);
  const hopeless = problems.filter(({ needs }) => needs === undefined);
  if (hopeless.length > 0) throw unsupportedModel(hopeless);
  draft.nodes = kept;
  return nodes.length > 0 ? { nodes, computed, needs: problems } : undefined;
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

/** What became of a node: it stays, its outputs are constants now, it or others before it wait, or other nodes take its place. */
function inferNode(draft: Draft, node: GraphNode): "kept" | "constant" | "computed" | "behind" | readonly GraphNode[] {
  const view = draft.view(node);
  const operator = findOperator(node.op);
  if (!operator) throw view.unsupported("operator is not supported");
  // Behind a node that is not supported, or waits, nothing is known; that node has been noted.
  if (node.inputs.some((name) => name !== "" && !draft.types.has(name))) return "behind";

  const expansion = RARE_FORMS.available?.expandRareForm(view, draft) ?? operator.expand?.(view, draft);
  if (expansion) return expansion;
  if (operator.waits?.(view)) return "computed";
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
