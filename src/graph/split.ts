import type { Draft, Network, Remainder } from "./draft.ts";
import { type Attribute, type Graph, type GraphNode, nodeLabel } from "./graph.ts";
import type { Waiting } from "./infer.ts";

/** What is to be done behind a draft that had to end early. */
export interface Rest {
  /** The nodes before which it ends, named as in messages. */
  readonly because: readonly string[];
  /** Nodes that the host computes first, from what the draft gives. */
  readonly computed: readonly GraphNode[];
  /** Its inputs are values that the draft and these nodes give. */
  readonly network: Remainder;
  /** Inputs of the network for whose values, not only shapes, it is to be planned. */
  readonly values: readonly string[];
}

/** Makes a draft give what the nodes that wait need, and the outputs of `network` that it can give; the others are left to the rest. */
export function splitDraft(draft: Draft, { outputs }: Network, { nodes, computed, needs }: Waiting): Rest {
  const isKnown = (name: string) => draft.types.has(name);
  const later = nodes.filter((node) => !computed.includes(node));
  const left = outputs.filter(({ name }) => !isKnown(name));
  const reads = new Set([...later.flatMap(namesRead), ...left.map(({ name }) => name)]);
  const readByHost = computed.flatMap(namesRead);
  const isGiven = (name: string) => isKnown(name) && !draft.constants.has(name);
  const values = [...new Set(needs.flatMap((item) => item.needs ?? []))];
  const passedOn = [...reads, ...values].filter(isGiven);
  const computedValues = computed.flatMap((node) => node.outputs).filter((name) => reads.has(name));
  const inputs = [...new Set([...passedOn, ...computedValues])];
  const constants = [...draft.constants].filter(([name]) => reads.has(name) || readByHost.includes(name));
  const known = outputs.map(({ name }) => name).filter(isKnown);
  draft.outputs = [...new Set([...known, ...passedOn, ...readByHost.filter(isGiven)])];
  return {
    because: [...computed.map(nodeLabel), ...needs.map(({ operator, node }) => `${operator} "${node}"`)],
    computed,
    values,
    network: {
      inputs: inputs.map((name) => ({ name })),
      outputs: left,
      nodes: later,
      constants: new Map(constants),
      needsMore: draft.needsMore,
      halves: new Map([...draft.halves].filter(([name]) => draft.constants.has(name))),
    },
  };
}

/** Values that a node reads, those from around its branches included. */
function namesRead({ inputs, attributes }: GraphNode): string[] {
  const inside = Object.values(attributes).flatMap((value) => (isGraph(value) ? namesAround(value) : []));
  return [...inputs, ...inside].filter((name) => name !== "");
}

function namesAround({ nodes, outputs }: Graph): string[] {
  return [...nodes.flatMap(namesRead), ...outputs.map(({ name }) => name)];
}

function isGraph(value: Attribute): value is Graph {
  return typeof value === "object" && "nodes" in value;
}
