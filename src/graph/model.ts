import { DISPOSE } from "../dispose.ts";
import type { HostTensor } from "../dtype.ts";
import { ArgumentError, checkAborted, DisposedError, expected } from "../errors.ts";
import { Heap } from "../memory.ts";
import type { Numerics } from "../ops/convolve.ts";
import { elementCount, type Shape } from "../shape.ts";
import { instantiateKernels } from "../wasm/kernels.ts";
import { Arena, type Ground } from "./compile.ts";
import { concreteTypes, copyFeeds, elementsOf, type Feeds, feedType, fixShapes } from "./feeds.ts";
import type { Graph, ValueInfo } from "./graph.ts";
import { carriedType, fetched } from "./halves.ts";
import type { Layer } from "./layers.ts";
import type { Pass, PassReport } from "./passes/index.ts";
import { type Given, Stage, type StagePlan, type Task } from "./stage.ts";
import { WeightStore } from "./weights.ts";

export interface ModelOptions {
  /** Sizes for inputs whose dimensions the file leaves free, by input name. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
  /** Bytes that the model's memory may take. Default: what the runtime allows. */
  readonly memoryLimit?: number;
  /**
   * "direct" computes and adds every product; "default" may use Winograd's method for 3x3 convolutions. "relaxed" takes a second build
   * of the kernels, with fused multiply-add: about a tenth faster, but bits differ from processor to processor. Where the runtime has
   * no relaxed SIMD the default kernels run, and `model.notes` says so.
   */
  readonly numerics?: Numerics | "relaxed";
}

/** For tests and tools: not part of what `loadModel` promises. */
export interface InternalOptions extends ModelOptions {
  /** The passes to run, which must include the one that turns images channels last. Default: all. */
  readonly passes?: readonly Pass[];
}

export interface RunOptions {
  /**
   * Stops the run between two layers. A run that can be stopped pauses now and then (every 2e8 multiply-adds or so) to let the signal
   * come through, and whatever else waits.
   */
  readonly signal?: AbortSignal;
}

/** A step's time in a profile. */
export interface LayerTiming extends Layer {
  /** Milliseconds. */
  readonly ms: number;
}

/** What came of a run, and how long it took. */
export interface Profile {
  readonly outputs: Record<string, HostTensor>;
  readonly layers: readonly LayerTiming[];
  /** What is wrong with the times; usually nothing. The clock of deployed Workers stands still while they compute. */
  readonly notes: readonly string[];
}

/** Bytes of wasm memory. */
export interface ModelMemory {
  /** Packed weights and constants. */
  readonly weights: number;
  /** Activations and scratch of the largest plan so far. */
  readonly arena: number;
  /** The least an arena could be: the largest sum of values alive at the same time. */
  readonly arenaLowerBound: number;
  /** The whole memory of the instance. */
  readonly total: number;
}

const CLOCK_STANDS = "profile: performance.now() stood still during the run, so the times say nothing";
/** Multiply-adds: some 10 ms. */
const WORK_BETWEEN_PAUSES = 2e8;
/** What writing an element costs, in multiply-adds. */
const WORK_OF_AN_ELEMENT = 4;

/** A network with its weights packed, in a wasm instance of its own: disposing of the model gives all its memory back. */
export class Model {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #notes: readonly string[];
  /** undefined once disposed of. */
  #parts: { readonly stage: Stage; readonly ground: Ground } | undefined;
  /** How often a plan or its data may have moved: tells a run that has paused whether the arena still is as it left it. */
  #turns = 0;
  /** Settles when no run that pauses is under way. */
  #pausing: Promise<unknown> = Promise.resolve();

  constructor(graph: Graph, module: WebAssembly.Module, options: InternalOptions = {}, notes: readonly string[] = []) {
    const { kernels, memory, heapBase } = instantiateKernels(module);
    const heap = new Heap(memory, heapBase, options.memoryLimit);
    this.#notes = notes;
    this.inputs = fixShapes(graph.inputs, options.inputShapes ?? {});
    this.outputs = graph.outputs;
    const ground: Ground = {
      ...{ kernels, heap, weights: new WeightStore(kernels, heap, graph.constants.values()), arena: new Arena(heap) },
      numerics: options.numerics === "direct" ? "direct" : "default",
      passes: options.passes,
    };
    const stage = new Stage({ ...graph, inputs: this.inputs }, ground);
    this.#parts = { stage, ground };
    this.planAhead();
  }

  /**
   * Plans for good, where no shape is free. Gives whether that is done: if not, runs may need `STAGES`, and loading that may help. For
   * `loadModel`.
   */
  planAhead(): boolean {
    const { stage } = this.#alive("loadModel");
    const types = concreteTypes(this.inputs);
    if (types && !stage.last) stage.planForGood(types);
    return stage.last !== undefined;
  }

  /** What the user should know about how the model runs; usually nothing. */
  get notes(): readonly string[] {
    const nodes = this.#parts?.stage.last?.endsBefore ?? [];
    if (nodes.length === 0) return this.#notes;
    return [...this.#notes, `stages: a run plans what is behind ${nodes.join(", ")}, where shapes depend on data`];
  }

  /** Runs the network. The outputs are fresh arrays that belong to the caller. */
  async run(feeds: Feeds, { signal }: RunOptions = {}): Promise<Record<string, HostTensor>> {
    if (!signal) return this.runSync(feeds);
    const own = copyFeeds(feeds);
    const run = this.#pausing.then(() => this.#runWithPauses(own, signal));
    this.#pausing = run.catch(() => undefined);
    return run;
  }

  /** Runs the network at once, without giving way to anything else. */
  runSync(feeds: Feeds): Record<string, HostTensor> {
    const { tasks, fetch } = this.#begin(feeds);
    for (const task of tasks) task.run();
    return fetch();
  }

  /** Runs the network and tells how long each layer took. */
  profile(feeds: Feeds): Profile {
    const { tasks, fetch } = this.#begin(feeds);
    const layers: LayerTiming[] = [];
    for (const task of tasks) {
      const start = performance.now();
      task.run();
      const ms = performance.now() - start;
      layers.push({ ...task.layer, ms });
    }
    const notes = layers.some(({ ms }) => ms > 0) ? [] : [CLOCK_STANDS];
    return { outputs: fetch(), layers, notes };
  }

  /**
   * The layers as they run. Shapes are needed where the model leaves dimensions free and has not run yet. Of a network that is planned
   * in stages (see `notes`), those behind the first are of the last run.
   */
  layers(inputShapes: Readonly<Record<string, Shape>> = {}): readonly Layer[] {
    return this.#planned("layers", inputShapes).layers;
  }

  /** What each rewriting of the graph did, in order. Shapes and stages as for `layers`. */
  passes(inputShapes: Readonly<Record<string, Shape>> = {}): readonly PassReport[] {
    return this.#planned("passes", inputShapes).reports;
  }

  get memory(): ModelMemory {
    if (!this.#parts) return { weights: 0, arena: 0, arenaLowerBound: 0, total: 0 };
    const { stage, ground } = this.#parts;
    return {
      weights: ground.weights.bytes,
      arena: ground.arena.bytes,
      arenaLowerBound: stage.arenaLowerBound,
      total: ground.heap.memory.buffer.byteLength,
    };
  }

  /** Gives all memory back. The model cannot be used afterwards. */
  dispose(): void {
    this.#parts = undefined;
  }

  [DISPOSE](): void {
    this.dispose();
  }

  async #runWithPauses(feeds: Feeds, signal: AbortSignal): Promise<Record<string, HostTensor>> {
    for (;;) {
      const { tasks, fetch } = this.#begin(feeds);
      const turn = this.#turns;
      let work = 0;
      for (const task of tasks) {
        checkAborted(signal, "run");
        task.run();
        work += task.layer.macs + WORK_OF_AN_ELEMENT * elementCount(task.layer.outputShape);
        if (work < WORK_BETWEEN_PAUSES) continue;
        work = 0;
        await new Promise((resolve) => setTimeout(resolve, 0));
        this.#alive("run");
        // Another run came in between: from the start again.
        if (turn !== this.#turns) break;
      }
      if (turn === this.#turns) return fetch();
    }
  }

  #alive(where: string) {
    if (!this.#parts) throw new DisposedError(`${where}: model expected to be in use, got a disposed one`);
    return this.#parts;
  }

  /** What is to do for these feeds, and what gives the outputs afterwards. */
  #begin(feeds: Feeds): { tasks: Iterable<Task>; fetch: () => Record<string, HostTensor> } {
    const { stage } = this.#alive("run");
    const types = new Map(this.inputs.map((input) => [input.name, feedType(input, feeds)]));
    const unknown = Object.keys(feeds).find((name) => !types.has(name));
    if (unknown !== undefined) throw new ArgumentError(expected("run", "feeds", this.#inputNames(), unknown));
    const tensors = new Map<string, HostTensor>();
    for (const [name, { type, shape }] of types) {
      tensors.set(name, { type: carriedType(type), shape, data: elementsOf(type, feeds[name].data) });
    }
    this.#turns++;
    const plan = stage.planFor(types, tensors) as StagePlan;
    const results = new Map<string, Given>();
    const fetch = () =>
      Object.fromEntries(
        this.outputs.map(({ name }) => {
          const { known, tensor } = results.get(name) as Given;
          return [name, fetched(tensor, known)] as const;
        }),
      );
    return { tasks: plan.tasks(tensors, results), fetch };
  }

  #planned(where: string, inputShapes: Readonly<Record<string, Shape>>): StagePlan {
    const { stage } = this.#alive(where);
    const types = concreteTypes(fixShapes(this.inputs, inputShapes));
    if (types && !(stage.last && stage.dependsOnValues)) {
      this.#turns++;
      const plan = stage.planFor(types, new Map());
      if (plan) return plan;
      throw new ArgumentError(
        `${where}: model expected to have run, as values of its inputs decide shapes, got no run`,
      );
    }
    if (stage.last) return stage.last;
    throw new ArgumentError(`${where}: inputShapes expected a shape for each input with free dimensions, got none`);
  }

  #inputNames(): string {
    return `inputs ${this.inputs.map(({ name }) => `"${name}"`).join(", ")}`;
  }
}
