// What a plan needs that depends on values, fed or computed: loaded for networks with free shapes, and where the first plan asks for it.

import type { HostTensor } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Ground } from "./compile.ts";
import type { GraphNode } from "./graph.ts";
import { carried, type HalfType, halfOutput, isHalf } from "./halves.ts";
import type { Layer } from "./layers.ts";
import { settled } from "./lazy.ts";
import { NodeView, type Operator } from "./operator.ts";
import { findOperator } from "./operators/index.ts";
import type { Rest } from "./split.ts";
import { type Given, Stage, type StagePlan, type Task } from "./stage.ts";

export { refuse } from "./refused.ts";
export { splitDraft } from "./split.ts";
export { neededInputs } from "./value-inputs.ts";

/** What is done behind a plan that had to end early. */
export class Next {
  readonly #rest: Rest;
  readonly stage: Stage;
  #computed: readonly HostTask[] = [];

  constructor(rest: Rest, ground: Ground) {
    this.#rest = rest;
    this.stage = new Stage(rest.network, ground, rest.values);
  }

  get layers(): readonly Layer[] {
    return [...this.#computed.map(({ layer }) => layer), ...(this.stage.last?.layers ?? [])];
  }

  *tasks(given: readonly (readonly [string, Given])[], results: Map<string, Given>): Generator<Task, void> {
    const { computed, network } = this.#rest;
    const constants = Array.from(network.constants, ([name, tensor]): [string, Given] => [
      name,
      { known: network.halves.get(name) ?? tensor.type, tensor },
    ]);
    const values = new Map([...constants, ...given]);
    const tasks = computed.map((node) => new HostTask(node, values));
    yield* tasks;
    this.#computed = tasks;
    const feeds = network.inputs.map(({ name }) => [name, values.get(name) as Given] as const);
    const types = new Map(feeds.map(([name, { known, tensor }]) => [name, { type: known, shape: tensor.shape }]));
    const tensors = new Map(feeds.map(([name, { tensor }]) => [name, tensor]));
    yield* (this.stage.planFor(types, tensors) as StagePlan).tasks(tensors, results);
  }
}

/** A node that the host computes between two stages. */
class HostTask implements Task {
  readonly #node: GraphNode;
  readonly #values: Map<string, Given>;
  layer: Layer;

  constructor(node: GraphNode, values: Map<string, Given>) {
    this.#node = node;
    this.#values = values;
    const name = node.name || (node.outputs.find(Boolean) ?? "");
    const layer = { name, operator: node.op, algorithm: "host", macs: 0, packedBytes: 0, parameters: 0 };
    this.layer = { ...layer, outputShape: [] };
  }

  run(): void {
    this.layer = { ...this.layer, outputShape: computeOnHost(this.#node, this.#values) };
  }
}

/** Computes a node from values that a run has given, and adds its outputs to them; gives the shape of the first. */
function computeOnHost(node: GraphNode, values: Map<string, Given>): Shape {
  const tensors = new Map(Array.from(values, ([name, { tensor }]) => [name, tensor]));
  const inputs = node.inputs.map((name) => tensors.get(name));
  const results = computed(
    new NodeView(node, tensors, tensors),
    inputs.map((x) => x && settled(x)),
  );
  const halves = new Map(
    Array.from(values).flatMap(([name, { known }]): [string, HalfType][] => (isHalf(known) ? [[name, known]] : [])),
  );
  for (const [i, name] of node.outputs.entries()) {
    if (name === "") continue;
    const tensor = settled(carried(results[i]));
    values.set(name, { tensor, known: halfOutput(node, i, results[i], halves) ?? tensor.type });
  }
  return results[node.outputs.findIndex(Boolean)].shape;
}

function computed(view: NodeView, inputs: readonly (HostTensor | undefined)[]): HostTensor[] {
  const operator = findOperator(view.node.op) as Operator;
  operator.infer(view);
  return operator.fold?.(view) ?? operator.evaluate?.(view, inputs) ?? [];
}
