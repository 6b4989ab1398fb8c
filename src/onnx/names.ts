import type { GraphProto, NodeProto } from "./proto-types.ts";

/** The names of all values of a model, so that new ones can be told from them. */
export class Names {
  readonly #taken = new Set<string>();

  constructor(graph: GraphProto) {
    this.#take(graph);
  }

  /** A name that no value has yet, made from `stem`. */
  fresh(stem: string): string {
    let name = stem;
    for (let i = 2; this.#taken.has(name); i++) name = `${stem}~${i}`;
    this.#taken.add(name);
    return name;
  }

  #take(graph: GraphProto): void {
    for (const name of definedNames(graph)) this.#taken.add(name);
    for (const node of graph.node) for (const inner of subgraphs(node)) this.#take(inner);
  }
}

/** Names that a graph gives to values: its inputs, its initializers and what its nodes compute. */
export function definedNames({ input, initializer, sparseInitializer, node }: GraphProto): Set<string> {
  const names = new Set<string>();
  for (const { name } of input) names.add(name);
  for (const { name } of initializer) names.add(name);
  for (const { values } of sparseInitializer ?? []) if (values) names.add(values.name);
  for (const { output } of node) for (const name of output) if (name) names.add(name);
  return names;
}

/** The graphs among a node's attributes. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs));
}

/** Names that a node reads, those inside its subgraphs included. */
export function readNames(node: NodeProto): string[] {
  return [...node.input.filter((name) => name !== ""), ...subgraphs(node).flatMap(freeNames)];
}

/** Names that a graph takes from the graph around it. */
function freeNames(graph: GraphProto): string[] {
  const own = definedNames(graph);
  const read = [...graph.node.flatMap(readNames), ...graph.output.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}
