import type { HostTensor } from "../dtype.ts";
import type { Numerics } from "../ops/convolve.ts";
import type { Graph, GraphNode, TensorType } from "./graph.ts";
import { carried, carriedType, type HalfType, isHalf } from "./halves.ts";
import { needsMore } from "./needs.ts";
import { NodeView } from "./operator.ts";

/** What is left of a graph that could not be planned as a whole. */
export interface Remainder {
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, HostTensor>;
  /** Constants that stand for 16-bit floats of the file. */
  readonly halves: ReadonlyMap<string, HalfType>;
  /** Of the whole graph. */
  readonly needsMore: boolean;
}

export type Network = Graph | Remainder;

/** A graph on its way to a plan: shapes are concrete, and passes rewrite it in place. */
export class Draft {
  readonly inputs: readonly string[];
  /** Names of the outputs. */
  outputs: readonly string[];
  nodes: GraphNode[];
  readonly constants = new Map<string, HostTensor>();
  /** Types of all values that are known, constants included, as they lie in memory. */
  readonly types = new Map<string, TensorType>();
  /** Values of the file that are 16-bit floats there. */
  readonly halves = new Map<string, HalfType>();
  /** Images that lie channels last: their type says [N, H, W, C] of what users know as [N, C, H, W]. */
  readonly channelsLast = new Set<string>();
  /** Whether `MORE` is for the graph that it was made of. */
  readonly needsMore: boolean;
  /** Bytes that a value may have. */
  readonly limit: number;
  readonly #numerics: Numerics;
  readonly #names = new Set<string>();

  /** `values` are inputs whose value is fixed for this draft: they are constants of it. */
  constructor(
    graph: Network,
    inputTypes: ReadonlyMap<string, TensorType>,
    values: ReadonlyMap<string, HostTensor> = new Map(),
    numerics: Numerics = "default",
    limit = Infinity,
  ) {
    this.#numerics = numerics;
    this.limit = limit;
    this.inputs = graph.inputs.map((input) => input.name).filter((name) => !values.has(name));
    this.outputs = graph.outputs.map((output) => output.name);
    this.nodes = [...graph.nodes];
    this.needsMore = "needsMore" in graph ? graph.needsMore : needsMore(graph);
    for (const [name, { type, shape }] of inputTypes) {
      this.types.set(name, { type: carriedType(type), shape });
      if (isHalf(type)) this.halves.set(name, type);
    }
    for (const [name, type] of "halves" in graph ? graph.halves : []) this.halves.set(name, type);
    for (const [name, tensor] of [...graph.constants, ...values]) this.setConstant(name, tensor);
    for (const name of this.types.keys()) this.#names.add(name);
    for (const node of this.nodes) for (const name of node.outputs) this.#names.add(name);
  }

  view(node: GraphNode): NodeView {
    return new NodeView(node, this.types, this.constants, this.#numerics);
  }

  /** A name that no value has yet, made from `stem`. */
  freshName(stem: string): string {
    let name = stem;
    for (let i = 2; this.#names.has(name); i++) name = `${stem}~${i}`;
    this.#names.add(name);
    return name;
  }

  addConstant(stem: string, tensor: HostTensor): string {
    const name = this.freshName(stem);
    this.setConstant(name, tensor);
    return name;
  }

  setConstant(name: string, tensor: HostTensor): void {
    const { type, shape } = tensor;
    this.constants.set(name, carried(tensor));
    this.types.set(name, { type: carriedType(type), shape });
    if (isHalf(type)) this.halves.set(name, type);
  }

  /** The node that computes each value. */
  producers(): Map<string, GraphNode> {
    const producers = new Map<string, GraphNode>();
    for (const node of this.nodes) for (const output of node.outputs) if (output) producers.set(output, node);
    return producers;
  }

  /** How often each value is read, as input of a node or output of the graph. */
  useCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const node of this.nodes) for (const input of node.inputs) if (input) add(input);
    for (const output of this.outputs) add(output);
    return counts;
  }

  /** Replaces nodes: a node that maps to undefined is dropped, one that is not in the map stays. */
  replace(changes: ReadonlyMap<GraphNode, GraphNode | undefined>): void {
    if (changes.size === 0) return;
    this.nodes = this.nodes.flatMap((node) => {
      if (!changes.has(node)) return [node];
      const change = changes.get(node);
      return change ? [change] : [];
    });
  }
}
