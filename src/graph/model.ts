import { DISPOSE } from "../dispose.ts";
import type { HostTensor } from "../dtype.ts";
import { type TypedArray, viewOf } from "../dtype.ts";
import { ArgumentError, checkAborted, DisposedError, expected } from "../errors.ts";
import { Heap } from "../memory.ts";
import type { Numerics } from "../ops/conv2d.ts";
import { elementCount, type Shape } from "../shape.ts";
import { instantiateKernels, type Kernels } from "../wasm/kernels.ts";
import { compileGraph } from "./compile.ts";
import { concreteTypes, copyFeeds, elementsOf, type Feed, type Feeds, feedType, fixShapes } from "./feeds.ts";
import type { Graph, TensorType, ValueInfo } from "./graph.ts";
import { carriedType, fetched } from "./halves.ts";
import { describeLayers, type Layer } from "./layers.ts";
import type { Pass, PassReport } from "./passes/index.ts";
import type { Plan, Port, Step } from "./plan.ts";
import { neededInputs } from "./value-inputs.ts";
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

interface BoundPlan {
  readonly plan: Plan;
  readonly layers: readonly Layer[];
  readonly reports: readonly PassReport[];
  steps: Step[];
  inputs: Port[];
  outputs: Port[];
}

/** Multiply-adds: some 10 ms. */
const WORK_BETWEEN_PAUSES = 2e8;
/** What writing an element costs, in multiply-adds. */
const WORK_OF_AN_ELEMENT = 4;

/** A network with its weights packed, in a wasm instance of its own: disposing of the model gives all its memory back. */
export class Model {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What the user should know about how the model runs; usually nothing. */
  readonly notes: readonly string[];
  readonly #numerics: Numerics;
  readonly #passes: readonly Pass[] | undefined;
  #graph: Graph;
  readonly #plans = new Map<string, BoundPlan>();
  /** Inputs whose values, not only their shapes, decide how the network runs. */
  readonly #valueInputs = new Set<string>();
  /** undefined once disposed of. */
  #parts: { readonly kernels: Kernels; readonly heap: Heap; readonly weights: WeightStore } | undefined;
  #arena = { address: 0, bytes: 0 };
  /** How many runs have begun: tells a run that has paused whether the arena still is as it left it. */
  #runs = 0;
  /** Settles when no run that pauses is under way. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(graph: Graph, module: WebAssembly.Module, options: InternalOptions = {}, notes: readonly string[] = []) {
    const { kernels, memory, heapBase } = instantiateKernels(module);
    const heap = new Heap(memory, heapBase, options.memoryLimit);
    this.#numerics = options.numerics === "direct" ? "direct" : "default";
    this.notes = notes;
    this.#passes = options.passes;
    this.inputs = fixShapes(graph.inputs, options.inputShapes ?? {});
    this.outputs = graph.outputs;
    this.#graph = { ...graph, inputs: this.inputs };
    const types = concreteTypes(this.inputs);
    this.#parts = { kernels, heap, weights: new WeightStore(kernels, heap, types === undefined) };
    // With one plan for good, the weights are in wasm memory now, and need not be kept elsewhere.
    if (types && this.#planAhead(types)) this.#graph = { ...this.#graph, constants: new Map() };
  }

  /** Runs the network. The outputs are fresh arrays that belong to the caller. */
  async run(feeds: Feeds, { signal }: RunOptions = {}): Promise<Record<string, HostTensor>> {
    if (!signal) return this.runSync(feeds);
    const own = copyFeeds(feeds);
    const run = this.#turn.then(() => this.#runWithPauses(own, signal));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  /** Runs the network at once, without giving way to anything else. */
  runSync(feeds: Feeds): Record<string, HostTensor> {
    const bound = this.#prepare(feeds);
    for (const step of bound.steps) step();
    return this.#fetch(bound);
  }

  /** Runs the network and tells how long each layer took. */
  profile(feeds: Feeds): { outputs: Record<string, HostTensor>; layers: LayerTiming[] } {
    const bound = this.#prepare(feeds);
    const layers = bound.steps.map((step, i) => {
      const start = performance.now();
      step();
      return { ...bound.layers[i], ms: performance.now() - start };
    });
    return { outputs: this.#fetch(bound), layers };
  }

  /** The layers as they run. Shapes are needed where the model leaves dimensions free and has not run yet. */
  layers(inputShapes: Readonly<Record<string, Shape>> = {}): readonly Layer[] {
    return this.#boundFor("layers", inputShapes).layers;
  }

  /** What each rewriting of the graph did, in order. Shapes as for `layers`. */
  passes(inputShapes: Readonly<Record<string, Shape>> = {}): readonly PassReport[] {
    return this.#boundFor("passes", inputShapes).reports;
  }

  #boundFor(where: string, inputShapes: Readonly<Record<string, Shape>>): BoundPlan {
    this.#alive(where);
    const types = concreteTypes(fixShapes(this.inputs, inputShapes));
    const last = [...this.#plans.values()].at(-1);
    if (types && !(last && this.#valueInputs.size > 0)) return this.#planFor(types);
    if (last) return last;
    throw new ArgumentError(`${where}: inputShapes expected a shape for each input with free dimensions, got none`);
  }

  get memory(): ModelMemory {
    const bounds = [...this.#plans.values()].map(({ plan }) => plan.memory.lowerBound);
    return {
      weights: this.#parts?.weights.bytes ?? 0,
      arena: this.#parts ? this.#arena.bytes : 0,
      arenaLowerBound: Math.max(0, ...bounds),
      total: this.#parts?.heap.memory.buffer.byteLength ?? 0,
    };
  }

  /** Gives all memory back. The model cannot be used afterwards. */
  dispose(): void {
    this.#parts = undefined;
    this.#plans.clear();
  }

  [DISPOSE](): void {
    this.dispose();
  }

  async #runWithPauses(feeds: Feeds, signal: AbortSignal): Promise<Record<string, HostTensor>> {
    for (;;) {
      const bound = this.#prepare(feeds);
      const run = this.#runs;
      let work = 0;
      for (const [i, step] of bound.steps.entries()) {
        checkAborted(signal, "run");
        // Another run came in between: from the start again.
        if (run !== this.#runs) break;
        step();
        work += bound.layers[i].macs + WORK_OF_AN_ELEMENT * elementCount(bound.layers[i].outputShape);
        if (work < WORK_BETWEEN_PAUSES) continue;
        work = 0;
        await new Promise((resolve) => setTimeout(resolve, 0));
        this.#alive("run");
      }
      if (run === this.#runs) return this.#fetch(bound);
    }
  }

  #alive(where: string) {
    if (!this.#parts) throw new DisposedError(`${where}: model expected to be in use, got a disposed one`);
    return this.#parts;
  }

  /** The plan for these feeds, with the feeds in place. */
  #prepare(feeds: Feeds): BoundPlan {
    this.#alive("run");
    const types = new Map(this.inputs.map((input) => [input.name, feedType(input, feeds)]));
    const unknown = Object.keys(feeds).find((name) => !types.has(name));
    if (unknown !== undefined) throw new ArgumentError(expected("run", "feeds", this.#inputNames(), unknown));
    const bound = this.#planFor(types, feeds);
    this.#runs++;
    for (const port of bound.inputs) this.#write(port, feeds[port.name]);
    return bound;
  }

  #inputNames(): string {
    return `inputs ${this.inputs.map(({ name }) => `"${name}"`).join(", ")}`;
  }

  #write(port: Port, { data }: Feed): void {
    this.#view(port).set(elementsOf(port.type.type, data) as never);
  }

  #view({ type, address }: Port): TypedArray {
    const { buffer } = this.#alive("run").heap.memory;
    return viewOf(carriedType(type.type), buffer as ArrayBuffer, address, elementCount(type.shape));
  }

  #fetch({ outputs }: BoundPlan): Record<string, HostTensor> {
    const results = outputs.map((port) => {
      const { type, shape } = port.type;
      return [port.name, fetched(this.#view(port), type, shape)] as const;
    });
    return Object.fromEntries(results);
  }

  /** Plans before the first run, unless that has to wait for the values of some inputs: then it gives false. */
  #planAhead(types: ReadonlyMap<string, TensorType>): boolean {
    try {
      this.#planFor(types);
      return true;
    } catch (error) {
      const needed = neededInputs(this.#graph, error);
      if (needed.length === 0) throw error;
      for (const name of needed) this.#valueInputs.add(name);
      const { kernels, heap } = this.#alive("loadModel");
      this.#parts = { kernels, heap, weights: new WeightStore(kernels, heap, true) };
      return false;
    }
  }

  #planFor(types: ReadonlyMap<string, TensorType>, feeds: Feeds = {}): BoundPlan {
    const values = this.#fixedValues(types, feeds);
    const shapes = [...types.values()].map(({ shape }) => shape.join("x"));
    const key = [...shapes, ...[...values.values()].map(({ data }) => data.join(" "))].join(",");
    const known = this.#plans.get(key);
    if (known) return known;
    const { kernels, heap, weights } = this.#alive("run");
    let compiled: ReturnType<typeof compileGraph>;
    const numerics = this.#numerics;
    try {
      const options = { kernels, heap, weights, values, numerics };
      compiled = compileGraph(this.#graph, types, this.#passes ? { ...options, passes: this.#passes } : options);
    } catch (error) {
      const needed = neededInputs(this.#graph, error).filter((name) => feeds[name] && !values.has(name));
      if (needed.length === 0) throw error;
      for (const name of needed) this.#valueInputs.add(name);
      return this.#planFor(types, feeds);
    }
    const { plan, reports } = compiled;
    const bound: BoundPlan = { plan, layers: describeLayers(plan), reports, steps: [], inputs: [], outputs: [] };
    plan.forgetWeights();
    this.#reserve(plan.memory.arenaBytes);
    this.#plans.set(key, bound);
    Object.assign(bound, plan.bind(this.#arena.address));
    return bound;
  }

  #fixedValues(types: ReadonlyMap<string, TensorType>, feeds: Feeds): Map<string, HostTensor> {
    const values = new Map<string, HostTensor>();
    for (const name of this.#valueInputs) {
      const type = types.get(name);
      if (!type || !feeds[name]) continue;
      const data = elementsOf(type.type, feeds[name].data);
      values.set(name, { type: carriedType(type.type), shape: type.shape, data });
    }
    return values;
  }

  /** Makes the arena, which all plans share, at least so large. */
  #reserve(bytes: number): void {
    if (bytes <= this.#arena.bytes) return;
    const { heap } = this.#alive("run");
    if (this.#arena.bytes > 0) heap.free(this.#arena.address);
    this.#arena = { address: heap.allocate(bytes, "model"), bytes };
    for (const bound of this.#plans.values()) Object.assign(bound, bound.plan.bind(this.#arena.address));
  }
}
