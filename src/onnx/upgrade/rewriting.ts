import type { GraphNode } from "../../graph/graph.ts";
import { int64Vector } from "../../graph/host.ts";
import { float, stemOf, type UpgradeContext } from "./context.ts";

/** Builds the nodes that take another's place; each has one output. */
export class Rewriting {
  readonly nodes: GraphNode[] = [];
  readonly #node: GraphNode;
  readonly #context: UpgradeContext;

  constructor(node: GraphNode, context: UpgradeContext) {
    this.#node = node;
    this.#context = context;
  }

  /** Adds a node, and gives the name of its output, `output` if that is given. */
  op(op: string, inputs: readonly string[], attributes: GraphNode["attributes"] = {}, output?: string): string {
    const name = output ?? this.#context.fresh(`${stemOf(this.#node)}:${op}`);
    const label = output === undefined ? name : this.#node.name;
    this.nodes.push({ op, name: label, inputs, outputs: [name], attributes });
    return name;
  }

  /** An int64 vector. */
  integers(...values: number[]): string {
    return this.#context.add(`${stemOf(this.#node)}:integers`, int64Vector(values));
  }

  float(value: number): string {
    return this.#context.add(`${stemOf(this.#node)}:float`, float(value));
  }
}
