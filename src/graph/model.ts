import { DISPOSE } from "../dispose.ts";
import type { HostTensor } from "../dtype.ts";
import { allocate, type DataType, holds, type TypedArray, viewOf } from "../dtype.ts";
import { ArgumentError, checkAborted, DisposedError, expected, ShapeError } from "../errors.ts";
import { Heap } from "../memory.ts";
import type { Numerics } from "../ops/conv2d.ts";
import { elementCount, formatShape, isShape, type Shape } from "../shape.ts";
import { instantiateKernels, type Kernels } from "../wasm/kernels.ts";
import { compileGraph } from "./compile.ts";
import type { Graph, TensorType, ValueInfo } from "./graph.ts";
import { describeLayers, type Layer } from "./layers.ts";
import type { Plan, Port, Step } from "./plan.ts";
import { neededInputs } from "./value-inputs.ts";
import { WeightStore } from "./weights.ts";

/** What a model is fed: an array with its shape, by input name. */
export interface Feed {
  readonly data: ArrayLike<number> | TypedArray;
  /** May be left out where the model fixes the shape. */
  readonly shape?: Shape;
}

export interface ModelOptions {
  /** Sizes for inputs whose dimensions the file leaves free, by input name. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
  /** Bytes that the model's memory may take. Default: what the runtime allows. */
  readonly memoryLimit?: number;
  /** "direct" computes and adds every product; "default" may use Winograd's method for 3x3 convolutions. */
  readonly numerics?: Numerics;
}

export interface RunOptions {
  /** Stops the run between two layers. */
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
  steps: Step[];
  inputs: Port[];
  outputs: Port[];
}

/** A network with its weights packed, in a wasm instance of its own: disposing of the model gives all its memory back. */
export class Model {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #numerics: Numerics;
  #graph: Graph;
  readonly #plans = new Map<string, BoundPlan>();
  /** Inputs whose values, not only their shapes, decide how the network runs. */
  readonly #valueInputs = new Set<string>();
  /** undefined once disposed of. */
  #parts: { readonly kernels: Kernels; readonly heap: Heap; readonly weights: WeightStore } | undefined;
  #arena = { address: 0, bytes: 0 };

  constructor(graph: Graph, module: WebAssembly.Module, options: ModelOptions = {}) {
    const { kernels, memory, heapBase } = instantiateKernels(module);
    const heap = new Heap(memory, heapBase, options.memoryLimit);
    this.#numerics = options.numerics ?? "default";
    this.inputs = fixShapes(graph.inputs, options.inputShapes ?? {});
    this.outputs = graph.outputs;
    this.#graph = { ...graph, inputs: this.inputs };
    const types = concreteTypes(this.inputs);
    this.#parts = { kernels, heap, weights: new WeightStore(kernels, heap, types === undefined) };
    // With one plan for good, the weights are in wasm memory now, and need not be kept elsewhere.
    if (types && this.#planAhead(types)) this.#graph = { ...this.#graph, constants: new Map() };
  }

  /** Runs the network. The outputs are fresh arrays that belong to the caller. */
  async run(feeds: Readonly<Record<string, Feed>>, options: RunOptions = {}): Promise<Record<string, HostTensor>> {
    const bound = this.#prepare(feeds);
    for (const step of bound.steps) {
      checkAborted(options.signal, "run");
      step();
    }
    return this.#fetch(bound);
  }

  /** Runs the network at once, without giving way to anything else. */
  runSync(feeds: Readonly<Record<string, Feed>>): Record<string, HostTensor> {
    const bound = this.#prepare(feeds);
    for (const step of bound.steps) step();
    return this.#fetch(bound);
  }

  /** Runs the network and tells how long each layer took. */
  profile(feeds: Readonly<Record<string, Feed>>): { outputs: Record<string, HostTensor>; layers: LayerTiming[] } {
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
    this.#alive("layers");
    const types = concreteTypes(fixShapes(this.inputs, inputShapes));
    if (types) return this.#planFor(types).layers;
    const last = [...this.#plans.values()].at(-1);
    if (last) return last.layers;
    throw new ArgumentError("layers: inputShapes expected a shape for each input with free dimensions, got none");
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

  #alive(where: string) {
    if (!this.#parts) throw new DisposedError(`${where}: model expected to be in use, got a disposed one`);
    return this.#parts;
  }

  /** The plan for these feeds, with the feeds in place. */
  #prepare(feeds: Readonly<Record<string, Feed>>): BoundPlan {
    this.#alive("run");
    const types = new Map(this.inputs.map((input) => [input.name, feedType(input, feeds)]));
    const unknown = Object.keys(feeds).find((name) => !types.has(name));
    if (unknown !== undefined) throw new ArgumentError(expected("run", "feeds", this.#inputNames(), unknown));
    const bound = this.#planFor(types, feeds);
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
    return viewOf(type.type, this.#alive("run").heap.memory.buffer as ArrayBuffer, address, elementCount(type.shape));
  }

  #fetch({ outputs }: BoundPlan): Record<string, HostTensor> {
    const results = outputs.map((port) => {
      const tensor: HostTensor = {
        type: port.type.type,
        shape: port.type.shape,
        data: this.#view(port).slice() as TypedArray,
      };
      return [port.name, tensor] as const;
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

  #planFor(types: ReadonlyMap<string, TensorType>, feeds: Readonly<Record<string, Feed>> = {}): BoundPlan {
    const values = this.#fixedValues(types, feeds);
    const shapes = [...types.values()].map(({ shape }) => shape.join("x"));
    const key = [...shapes, ...[...values.values()].map(({ data }) => data.join(" "))].join(",");
    const known = this.#plans.get(key);
    if (known) return known;
    const { kernels, heap, weights } = this.#alive("run");
    let plan: Plan;
    try {
      plan = compileGraph(this.#graph, types, kernels, heap, weights, values, this.#numerics);
    } catch (error) {
      const needed = neededInputs(this.#graph, error).filter((name) => feeds[name] && !values.has(name));
      if (needed.length === 0) throw error;
      for (const name of needed) this.#valueInputs.add(name);
      return this.#planFor(types, feeds);
    }
    const bound: BoundPlan = { plan, layers: describeLayers(plan), steps: [], inputs: [], outputs: [] };
    plan.forgetWeights();
    this.#reserve(plan.memory.arenaBytes);
    this.#plans.set(key, bound);
    Object.assign(bound, plan.bind(this.#arena.address));
    return bound;
  }

  #fixedValues(types: ReadonlyMap<string, TensorType>, feeds: Readonly<Record<string, Feed>>): Map<string, HostTensor> {
    const values = new Map<string, HostTensor>();
    for (const name of this.#valueInputs) {
      const type = types.get(name);
      if (type && feeds[name]) values.set(name, { ...type, data: elementsOf(type.type, feeds[name].data) });
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

/** Types of all inputs, if no dimension is free. */
function concreteTypes(inputs: readonly ValueInfo[]): Map<string, TensorType> | undefined {
  const types = new Map<string, TensorType>();
  for (const { name, type, shape } of inputs) {
    if (!isShape(shape)) return undefined;
    types.set(name, { type, shape });
  }
  return types;
}

function fixShapes(inputs: readonly ValueInfo[], shapes: Readonly<Record<string, Shape>>): ValueInfo[] {
  return inputs.map((input) => {
    const shape = shapes[input.name];
    if (!shape) return input;
    checkShape("inputShapes", input, shape);
    return { ...input, shape };
  });
}

function checkShape(where: string, { name, shape: declared }: ValueInfo, shape: Shape): void {
  const fits =
    isShape(shape) &&
    (!declared ||
      (declared.length === shape.length && declared.every((d, i) => typeof d === "string" || d === shape[i])));
  if (fits) return;
  const wanted = declared ? `shape ${formatShape(declared.map((d) => d || "?"))}` : "a shape";
  throw new ShapeError(expected(where, `"${name}"`, wanted, Array.isArray(shape) ? formatShape(shape) : shape));
}

function feedType(input: ValueInfo, feeds: Readonly<Record<string, Feed>>): TensorType {
  const feed = feeds[input.name];
  const { name, type } = input;
  if (!feed?.data) {
    const shape = input.shape ? ` ${formatShape(input.shape.map((d) => d || "?"))}` : "";
    throw new ArgumentError(expected("run", `input "${name}"`, `${type}${shape}`, feed === undefined ? "none" : feed));
  }
  const shape = feed.shape ?? (isShape(input.shape) ? input.shape : [feed.data.length]);
  checkShape("run", input, shape);
  if (feed.data.length !== elementCount(shape)) {
    const wanted = `${elementCount(shape)} elements for shape ${formatShape(shape)}`;
    throw new ShapeError(expected("run", `input "${name}"`, wanted, feed.data.length));
  }
  if (ArrayBuffer.isView(feed.data) && !holds(type, feed.data)) {
    throw new ArgumentError(expected("run", `input "${name}"`, type, feed.data));
  }
  return { type, shape };
}

/** Elements as an array of `type`; an array of that type is given back as it is. */
function elementsOf(type: DataType, data: Feed["data"]): TypedArray {
  if (holds(type, data)) return data;
  const array = allocate(type, data.length);
  const big = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < data.length; i++) array[i] = (big ? BigInt(data[i]) : data[i]) as never;
  return array;
}
