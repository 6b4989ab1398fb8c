import type { HostTensor } from "../../dtype.ts";
import { UnsupportedError } from "../../errors.ts";
import type { Attribute, GraphNode } from "../../graph/graph.ts";
import { int64Vector } from "../../graph/host.ts";

/** What a rewriting may use besides the node. */
export interface UpgradeContext {
  /** The operator set that the node is of. */
  readonly opset: number;
  /** Value of a name that is constant in the file. */
  readonly constant: (name: string) => HostTensor | undefined;
  /** A name that no value has yet. */
  readonly fresh: (stem: string) => string;
  /** Adds a constant, and gives its name. */
  readonly add: (stem: string, tensor: HostTensor) => string;
}

/** Gives the nodes that do the same in the newest form, in the order in which they run. */
export type Upgrade = (node: GraphNode, context: UpgradeContext) => GraphNode[];

/** An upgrade for nodes of operator sets before `opset` only. */
export function before(opset: number, upgrade: Upgrade): Upgrade {
  return (node, context) => (context.opset < opset ? upgrade(node, context) : [node]);
}

/** Attributes that have gone, or that are given where they are missing. */
export function withAttributes(node: GraphNode, changes: Readonly<Record<string, Attribute | undefined>>): GraphNode {
  const attributes: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries({ ...node.attributes, ...changes })) {
    if (value !== undefined) attributes[name] = value;
  }
  return { ...node, attributes };
}

/** Attributes that are inputs since operator set `since`: name and place among the inputs. */
export function attributesToInputs(since: number, places: Readonly<Record<string, number>>): Upgrade {
  return before(since, (node, context) => {
    const inputs = [...node.inputs];
    for (const [name, place] of Object.entries(places)) {
      const value = node.attributes[name];
      if (value === undefined) continue;
      while (inputs.length < place) inputs.push("");
      inputs[place] = context.add(`${stemOf(node)}:${name}`, tensorOf(value));
    }
    const gone = Object.fromEntries(Object.keys(places).map((name) => [name, undefined]));
    return [{ ...withAttributes(node, gone), inputs }];
  });
}

/** Integers become an int64 tensor, a single float a float32 scalar: the types of all inputs that once were attributes. */
function tensorOf(value: Attribute): HostTensor {
  return typeof value === "number" ? float(value) : int64Vector(value as readonly number[]);
}

/** What names of helping values are made from. */
export function stemOf(node: GraphNode): string {
  return node.outputs.find((name) => name !== "") ?? node.name;
}

/** A float32 scalar. */
export function float(value: number): HostTensor {
  return { type: "float32", shape: [], data: Float32Array.of(value) };
}

export function integersAttribute(node: GraphNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}

/** An error for an old form that has no newer one. */
export function refuse(node: GraphNode, reason: string): never {
  throw new UnsupportedError(`${node.op}: ${reason}`, [{ node: node.name, operator: node.op, reason }]);
}
