import { UnsupportedError } from "../errors.ts";
import type { Graph } from "./graph.ts";

/**
 * The inputs of a graph whose values a failed compilation would have to know (a shape that is fed, the axes of a reduction). Empty if
 * it failed for another reason too, or if something it needs depends on inputs of floating point, that is, on the data.
 */
export function neededInputs(graph: Graph, error: unknown): string[] {
  if (!(error instanceof UnsupportedError) || error.items.length === 0) return [];
  const found = new Set<string>();
  for (const { needs } of error.items) {
    if (needs === undefined) return [];
    const inputs = inputsBehind(graph, needs);
    if (inputs.length === 0) return [];
    for (const name of inputs) found.add(name);
  }
  return [...found];
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
      if ((input.shape?.length ?? 0) > 1 && input.type.startsWith("float")) return [];
      found.push(name);
    }
    const producer = producers.get(name);
    // A shape is known without the value.
    if (producer && producer.op !== "Shape" && producer.op !== "Size") open.push(...producer.inputs);
  }
  return found;
}
