import type { HostTensor } from "../dtype.ts";
import type { GraphNode } from "./graph.ts";
import { int64Vector } from "./host.ts";
import type { NameMaker, NodeView } from "./operator.ts";

/** Nodes in the making, that together do what another node does; they and their values are named after it. */
export class NodeChain {
  readonly nodes: GraphNode[] = [];
  readonly #names: NameMaker;
  readonly #name: string;
  readonly #stem: string;

  constructor({ node }: NodeView, names: NameMaker) {
    this.#names = names;
    this.#stem = node.outputs.find(Boolean) ?? node.name;
    this.#name = node.name || this.#stem;
  }

  /** A node with one output; gives its name. */
  op(op: string, inputs: readonly string[], attributes: GraphNode["attributes"] = {}, output = this.fresh(op)): string {
    this.nodes.push({ op, name: this.#name, inputs, outputs: [output], attributes });
    return output;
  }

  reshape(x: string, shape: readonly number[], output?: string): string {
    return this.op("Reshape", [x, this.constant("shape", int64Vector(shape))], {}, output);
  }

  constant(what: string, value: HostTensor | number): string {
    const scalar = (number: number): HostTensor => ({ type: "float32", shape: [], data: Float32Array.of(number) });
    return this.#names.addConstant(`${this.#stem}:${what}`, typeof value === "number" ? scalar(value) : value);
  }

  fresh(what: string): string {
    return this.#names.freshName(`${this.#stem}:${what}`);
  }
}
