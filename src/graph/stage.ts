import { type DataType, type HostTensor, type TypedArray, viewOf } from "../dtype.ts";
import { OnDemand } from "../on-demand.ts";
import { elementCount } from "../shape.ts";
import { type Compiled, compileDraft, type Ground } from "./compile.ts";
import { Draft, type Network } from "./draft.ts";
import type { Graph, TensorType } from "./graph.ts";
import { carriedType } from "./halves.ts";
import { inferKnown } from "./infer.ts";
import type { Layer } from "./layers.ts";
import type { Next } from "./next.ts";
import type { PassReport } from "./passes/index.ts";
import type { Port, Step } from "./plan.ts";

/** What a stage is fed: 16-bit floats as float32. */
type Tensors = ReadonlyMap<string, HostTensor>;

/** What a run has given: elements as they are carried, and the type by which the file knows them. */
export interface Given {
  readonly known: DataType;
  readonly tensor: HostTensor;
}

/** For plans that depend on values: whatever is not planned when a model is loaded may turn out to. */
export const STAGES = new OnDemand(() => import("./next.ts"));

/** Plans of a stage that are kept; the one that was last used the longest ago goes first. */
export const MOST_PLANS = 32;

/**
 * A part of a network that is planned as a whole, once for each set of input shapes. Most networks are one stage. Where shapes follow
 * from values that a run computes, the plan ends before them, and what is left is the next stage.
 */
export class Stage {
  readonly #ground: Ground;
  /** The graph, if its inputs are those of the model. */
  readonly #graph: Graph | undefined;
  #network: Network;
  /** Inputs whose values, not only their shapes, decide how it runs. */
  readonly #valueInputs: Set<string>;
  readonly #plans = new Map<string, StagePlan>();

  constructor(network: Network, ground: Ground, values: readonly string[] = []) {
    this.#network = network;
    this.#graph = "name" in network ? network : undefined;
    this.#ground = ground;
    this.#valueInputs = new Set(values);
  }

  get dependsOnValues(): boolean {
    return this.#valueInputs.size > 0;
  }

  /** The plan that was used last. */
  get last(): StagePlan | undefined {
    return [...this.#plans.values()].at(-1);
  }

  /** Plans it for shapes that never change, unless that has to wait for values that are fed. */
  planForGood(types: ReadonlyMap<string, TensorType>): void {
    // The weights are in wasm memory then, and need not be kept elsewhere.
    if (this.planFor(types, new Map(), true)) this.#network = { ...this.#network, constants: new Map() };
  }

  /** The plan for inputs of these types; undefined if it depends on values that `tensors` lacks, or is `alone` and needs `STAGES`. */
  planFor(types: ReadonlyMap<string, TensorType>, tensors: Tensors, alone = false): StagePlan | undefined {
    const names = [...this.#valueInputs];
    if (!names.every((name) => tensors.has(name))) return undefined;
    const values = new Map(names.map((name) => [name, tensors.get(name) as HostTensor]));
    const key = keyOf(types, values);
    const known = this.#plans.get(key);
    if (known) {
      this.#plans.delete(key);
      this.#plans.set(key, known);
      return known;
    }
    const draft = new Draft(this.#network, types, values, this.#ground.numerics, this.#ground.heap.limit);
    const waiting = inferKnown(draft);
    if (waiting && alone && !STAGES.available) return undefined;
    const needed = waiting && this.#graph ? STAGES.loaded.neededInputs(this.#graph, waiting.needs) : [];
    const added = needed.filter((name) => !values.has(name));
    if (added.length > 0) {
      for (const name of added) this.#valueInputs.add(name);
      return this.planFor(types, tensors, alone);
    }
    const rest = waiting && STAGES.loaded.splitDraft(draft, this.#network, waiting);
    const plan = new StagePlan(compileDraft(draft, rest, this.#ground, alone), this.#ground);
    this.#plans.set(key, plan);
    for (const [oldest, old] of this.#plans) {
      if (this.#plans.size <= MOST_PLANS) break;
      this.#plans.delete(oldest);
      old.end();
    }
    return plan;
  }

  /** The least that the arena of any of its plans could take, and of those behind it. */
  get arenaLowerBound(): number {
    return Math.max(0, ...Array.from(this.#plans.values(), (plan) => plan.arenaLowerBound));
  }

  end(): void {
    for (const plan of this.#plans.values()) plan.end();
    this.#plans.clear();
  }
}

function keyOf(types: ReadonlyMap<string, TensorType>, values: Tensors): string {
  const shapes = [...types.values()].map(({ type, shape }) => type + shape.join("x"));
  return [...shapes, ...[...values.values()].map(({ data }) => data.join(" "))].join(",");
}

/** One thing to do in a run. */
export interface Task {
  run(): void;
  /** Its shapes may be known only when it has run. */
  readonly layer: Layer;
}

/** A stage for given shapes. */
export class StagePlan {
  readonly #ground: Ground;
  readonly #compiled: Compiled;
  readonly #layers: readonly Layer[];
  readonly #next: Next | undefined;
  #bound: { readonly address: number; readonly tasks: Task[]; readonly inputs: Port[]; readonly outputs: Port[] };

  constructor(compiled: Compiled, ground: Ground) {
    const { layers, rest } = compiled;
    this.#compiled = compiled;
    this.#ground = ground;
    this.#layers = layers;
    this.#next = rest && new STAGES.loaded.Next(rest, ground);
    this.#bound = this.#bind();
  }

  /** All layers that are planned; those behind it as of the last run. */
  get layers(): readonly Layer[] {
    return [...this.#layers, ...(this.#next?.layers ?? [])];
  }

  get reports(): readonly PassReport[] {
    return [...this.#compiled.reports, ...(this.#next?.stage.last?.reports ?? [])];
  }

  /** The nodes, named as in messages, behind which a run has to plan. */
  get endsBefore(): readonly string[] {
    return this.#compiled.rest?.because ?? [];
  }

  get arenaLowerBound(): number {
    return Math.max(this.#compiled.plan.memory.lowerBound, this.#next?.stage.arenaLowerBound ?? 0);
  }

  /** What is to do in a run, and behind it; what comes out is put into `results`. */
  *tasks(feeds: Tensors, results: Map<string, Given>): Generator<Task, void> {
    const { tasks, inputs, outputs } = this.#bind();
    for (const port of inputs) this.#view(port).set(feeds.get(port.name)?.data as never);
    yield* tasks;
    const given = outputs.map((port): [string, Given] => {
      const { type, shape } = port.type;
      return [port.name, { known: type, tensor: { type: carriedType(type), shape, data: this.#view(port).slice() } }];
    });
    for (const [name, value] of given) results.set(name, value);
    if (this.#next) yield* this.#next.tasks(given, results);
  }

  end(): void {
    this.#compiled.lease.end();
    this.#next?.stage.end();
  }

  /** Tasks and ports in the arena, wherever it is now. */
  #bind() {
    const { plan } = this.#compiled;
    const { arena } = this.#ground;
    arena.reserve(plan.memory.arenaBytes);
    if (this.#bound?.address === arena.address) return this.#bound;
    const { steps, inputs, outputs } = plan.bind(arena.address);
    const tasks = steps.map((run: Step, i): Task => ({ run, layer: this.#layers[i] }));
    this.#bound = { address: arena.address, tasks, inputs, outputs };
    return this.#bound;
  }

  #view({ type, address }: Port): TypedArray {
    return viewOf(
      carriedType(type.type),
      this.#ground.heap.memory.buffer as ArrayBuffer,
      address,
      elementCount(type.shape),
    );
  }
}
