import type { Graph, GraphNode } from "./graph.ts";
import { isPlain } from "./operators/index.ts";

/**
 * Whether a graph is more than a chain of the core's operators on float32 images and matrices, so that `MORE` has operators, forms of
 * them or passes for it. It depends on nothing but the graph: what was loaded for others changes no results.
 */
export function needsMore({ nodes, inputs, constants }: Graph): boolean {
  const isCommon = (type: string, shape: readonly unknown[] | undefined) =>
    type === "float32" && shape !== undefined && shape.length <= 4 && shape.length !== 3;
  return (
    inputs.some(({ type, shape }) => !isCommon(type, shape)) ||
    [...constants.values()].some(({ type, shape }) => !isCommon(type, shape)) ||
    nodes.some((node) => !isPlain(node.op) || hasFurtherForm(node, constants))
  );
}

/** A second output, nothing but known inputs, or what the operator has a rule for. */
function hasFurtherForm(node: GraphNode, constants: Graph["constants"]): boolean {
  const { op, inputs, outputs } = node;
  return outputs.length > 1 || inputs.every((name) => constants.has(name)) || (RULES[op]?.(node, constants) ?? false);
}

/** What the core's operators have forms for in `MORE`. */
const RULES: Readonly<Record<string, (node: GraphNode, constants: Graph["constants"]) => boolean>> = {
  /** Additions of what is known, which may be folded. */
  Add: ({ inputs }, constants) => inputs.some((name) => constants.has(name)),
  /** Bounds that are computed, or no numbers. */
  Clip: ({ inputs: [, ...bounds] }, constants) =>
    bounds.some((name) => name !== "" && !(Number(constants.get(name)?.data[0]) <= Infinity)),
  /** All but a known matrix, as it is, and a row that is added. */
  Gemm({ inputs: [, b, c = ""], attributes }, constants) {
    const { transA = 0, transB = 0, alpha = 1, beta = 1 } = attributes;
    const [matrix, row] = [b, c].map((name) => constants.get(name)?.shape ?? []);
    const fits = c === "" || (row.length === 1 && row[0] === matrix[transB ? 0 : 1]);
    return Boolean(transA) || alpha !== 1 || beta !== 1 || matrix.length !== 2 || !fits || matrix.includes(0);
  },
};
