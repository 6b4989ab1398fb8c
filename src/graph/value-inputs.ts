import type { UnsupportedItem } from "../errors.ts";
import type { Graph } from "./graph.ts";

/**
 * The inputs of a graph behind values that must be known before it can be planned (a shape that is fed, the axes of a reduction), as
 * far as these do not depend on images or matrices of floating point, that is, on the data.
 */
export function neededInputs(graph: Graph, items: readonly UnsupportedItem[]): string[] {
  return [...new Set(items.flatMap(({ needs }) => (needs === undefined ? [] : inputsBehind(graph, needs))))];
}

/** The inputs that a value is computed from; none if one of them is too large to be a parameter. */
function inputsBehind(graph: Graph, value: string): string[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  const seen = new Set<string>();
  const open = [value];
  const found: string[] = [];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === "" || seen.has(name) || graph.constants.has(name)) continue;
    seen.add(name);
    const input = inputs.get(name);
    if (input) {
      const rank = input.shape?.length ?? 0;
      if (rank > 2 || (rank > 1 && input.type.includes("float"))) return [];
      found.push(name);
    }
    const producer = producers.get(name);
    // A shape is known without the value.
    if (producer && producer.op !== "Shape" && producer.op !== "Size") open.push(...producer.inputs);
  }
  return found;
}
