import { ArgumentError, expected } from "../../errors.ts";
import type { Attribute, Graph, GraphNode } from "../graph.ts";
import type { NameMaker, Operator } from "../operator.ts";

/** Becomes the nodes of the branch that it takes: the condition must be known before the run. */
const If: Operator = {
  infer: (node) => {
    throw node.needsValue(0, "the condition");
  },
  expand(node, names) {
    const condition = node.constant(0);
    if (!condition) throw node.needsValue(0, "the condition");
    const branch = node.attribute(condition.data[0] ? "then_branch" : "else_branch");
    if (isGraph(branch)) return inlined(names, node.node, branch);
    throw new ArgumentError(expected(node.where, "branches", "two graphs", branch ?? "none"));
  },
};

/** Values of the branch get names of their own, its outputs those of the If. */
function inlined(maker: NameMaker, node: GraphNode, branch: Graph): GraphNode[] {
  const names = new Map<string, string>();
  const stem = node.name || node.outputs[0];
  for (const [name, tensor] of branch.constants) names.set(name, maker.addConstant(`${stem}/${name}`, tensor));
  const computed = branch.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "");
  for (const name of computed) names.set(name, maker.freshName(`${stem}/${name}`));
  // An output that the branch computes takes the If's name; a constant or a value from around the If is copied to it.
  const copies: GraphNode[] = [];
  branch.outputs.forEach(({ name }, i) => {
    const output = node.outputs[i];
    if (!output) return;
    if (computed.includes(name) && !node.outputs.includes(names.get(name) ?? "")) names.set(name, output);
    else
      copies.push({
        op: "Identity",
        name: output,
        inputs: [names.get(name) ?? name],
        outputs: [output],
        attributes: {},
      });
  });
  return [...branch.nodes.map((each) => renamed(each, names)), ...copies];
}

function renamed(node: GraphNode, names: ReadonlyMap<string, string>): GraphNode {
  const rename = (name: string) => names.get(name) ?? name;
  const attributes = Object.entries(node.attributes).map(([name, value]) => [
    name,
    isGraph(value) ? renamedGraph(value, names) : value,
  ]);
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: Object.fromEntries(attributes),
  };
}

/** A graph inside a branch: only what it takes from around it is renamed. */
function renamedGraph(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const outside = new Map(names);
  for (const { name } of graph.inputs) outside.delete(name);
  for (const name of graph.constants.keys()) outside.delete(name);
  for (const { outputs } of graph.nodes) for (const name of outputs) outside.delete(name);
  const outputs = graph.outputs.map((output) => ({ ...output, name: outside.get(output.name) ?? output.name }));
  return { ...graph, nodes: graph.nodes.map((each) => renamed(each, outside)), outputs };
}

function isGraph(value: Attribute | undefined): value is Graph {
  return typeof value === "object" && "nodes" in value;
}

export const BRANCH = { If };
