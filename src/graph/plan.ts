import { bytesPerElement, type HostTensor, viewOf } from "../dtype.ts";
import type { Heap } from "../memory.ts";
import type { Addresses } from "../ops/prepared.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { type KernelWork, lower, type Work, weightTensors } from "./lower.ts";
import { type Lifetime, type MemoryPlan, planMemory } from "./memory-plan.ts";
import { findOperator } from "./operators/index.ts";
import type { WeightStore } from "./weights.ts";

/** What is to be known of one thing to do in a run. */
export interface StepInfo {
  readonly node: GraphNode;
  readonly algorithm: string;
  readonly outputShape: Shape;
  readonly macs: number;
}

/** One thing to do in a run, on addresses. */
export type Step = () => void;

/** A value that users feed or fetch: its type, and where it lies. */
export interface Port {
  readonly name: string;
  readonly type: TensorType;
  readonly address: number;
}

/** Elements up to which a constant may be a parameter of a node. */
const SMALL = 256;

/** Where a value lies: at an offset of the arena, or at an address that does not change. */
type Place = { readonly piece: number } | { readonly address: number };

/** A graph for given input shapes, ready to run: steps on addresses in one arena. */
export class Plan {
  readonly #kernels: Kernels;
  readonly #heap: Heap;
  readonly #draft: Draft;
  readonly #works: Exclude<Work, { kind: "alias" }>[];
  readonly #places = new Map<string, Place>();
  readonly #scratch: (number | undefined)[] = [];
  readonly #packed: number[] = [];
  readonly memory: MemoryPlan;

  constructor(draft: Draft, kernels: Kernels, heap: Heap, weights: WeightStore) {
    this.#draft = draft;
    this.#kernels = kernels;
    this.#heap = heap;
    const all = lower(draft);
    const aliases = new Aliases(all);
    this.#works = all.filter((work) => work.kind !== "alias");
    this.memory = this.#planArena(aliases);
    this.#placeConstants(aliases, weights);
    for (const work of this.#works) {
      const { packing } = work.kind === "kernel" ? work.prepared : {};
      if (!packing || work.kind !== "kernel") this.#packed.push(0);
      else this.#packed.push(weights.pack(packingKey(work), packing, weightTensors(draft, work.weights)));
    }
  }

  /** Lets go of the constants in JavaScript memory, but for the small ones that host steps may ask for. */
  forgetWeights(): void {
    const { constants } = this.#draft;
    for (const [name, { data }] of constants) if (data.length > SMALL) constants.delete(name);
  }

  /** All nodes, those that need no step included. */
  get nodes(): readonly GraphNode[] {
    return this.#draft.nodes;
  }

  get types(): ReadonlyMap<string, TensorType> {
    return this.#draft.types;
  }

  get constants(): ReadonlyMap<string, HostTensor> {
    return this.#draft.constants;
  }

  /** What is done, in order. */
  get steps(): readonly StepInfo[] {
    return this.#works.map((work) => this.#info(work));
  }

  /** Steps and ports for an arena at address `base`. */
  bind(base: number): { steps: Step[]; inputs: Port[]; outputs: Port[] } {
    const address = (name: string): number => {
      const place = name === "" ? undefined : this.#places.get(name);
      if (!place) return 0;
      return "address" in place ? place.address : base + this.memory.offsets[place.piece];
    };
    const port = (name: string): Port => ({ name, type: this.#type(name), address: address(name) });
    const steps = this.#works.map((work, i): Step => {
      const scratch = this.#scratch[i];
      const at: Addresses = {
        inputs: (work.kind === "kernel" ? work.inputs : work.node.inputs).map(address),
        outputs: work.node.outputs.map(address),
        scratch: scratch === undefined ? 0 : base + this.memory.offsets[scratch],
        packed: this.#packed[i],
      };
      return work.kind === "kernel" ? () => work.prepared.run(this.#kernels, at) : this.#hostStep(work.node, at);
    });
    return { steps, inputs: this.#draft.inputs.map(port), outputs: this.#draft.outputs.map(port) };
  }

  #type(name: string): TensorType {
    return this.#draft.types.get(name) as TensorType;
  }

  #bytes(name: string): number {
    const { type, shape } = this.#type(name);
    return elementCount(shape) * bytesPerElement(type);
  }

  #info(work: Exclude<Work, { kind: "alias" }>): StepInfo {
    const { algorithm, macs } = work.kind === "kernel" ? work.prepared : { algorithm: "host", macs: 0 };
    return {
      node: work.node,
      algorithm,
      macs,
      outputShape: this.#type(work.node.outputs.find(Boolean) as string).shape,
    };
  }

  /** A node computed by the host: on views of wasm memory, its results copied back. */
  #hostStep(node: GraphNode, at: Addresses): Step {
    const view = this.#draft.view(node);
    const operator = findOperator(node.op);
    const tensor = (name: string, address: number): HostTensor => {
      const { type, shape } = this.#type(name);
      return { type, shape, data: viewOf(type, this.#heap.memory.buffer as ArrayBuffer, address, elementCount(shape)) };
    };
    return () => {
      const inputs = node.inputs.map((name, i) => (name ? tensor(name, at.inputs[i]) : undefined));
      const results = operator?.evaluate?.(view, inputs) ?? [];
      node.outputs.forEach((name, i) => {
        if (name) tensor(name, at.outputs[i]).data.set(results[i].data as never);
      });
    };
  }

  /** Finds when each value is needed, and gives every one that is no constant a piece of the arena. */
  #planArena(aliases: Aliases): MemoryPlan {
    const lastUse = this.#lastUses(aliases);
    const pieces: { bytes: number; first: number; last: number }[] = [];
    const define = (name: string, step: number, over: readonly string[] = []) => {
      if (name === "" || this.#draft.constants.has(name)) return;
      const last = lastUse.get(name) ?? step;
      const reused = over
        .map((input) => this.#dying(aliases.root(input), step, lastUse))
        .find((place) => place !== undefined);
      if (reused !== undefined && pieces[reused].bytes === this.#bytes(name)) {
        pieces[reused].last = last;
        this.#places.set(name, { piece: reused });
        return;
      }
      this.#places.set(name, { piece: pieces.length });
      pieces.push({ bytes: this.#bytes(name), first: step, last });
    };
    for (const input of this.#draft.inputs) define(input, -1);
    this.#works.forEach((work, step) => {
      work.node.outputs.forEach((output, i) => {
        define(output, step, work.kind === "kernel" && i === 0 ? work.overwrites : []);
      });
      const scratchBytes = work.kind === "kernel" ? work.prepared.scratchBytes : 0;
      this.#scratch.push(scratchBytes > 0 ? pieces.length : undefined);
      if (scratchBytes > 0) pieces.push({ bytes: scratchBytes, first: step, last: step });
    });
    for (const name of aliases.names()) {
      const place = this.#places.get(aliases.root(name));
      if (place) this.#places.set(name, place);
    }
    return planMemory(pieces satisfies Lifetime[]);
  }

  /** The last step that reads each value, under whatever name; outputs of the graph are read after all. */
  #lastUses(aliases: Aliases): Map<string, number> {
    const last = new Map<string, number>();
    this.#works.forEach((work, step) => {
      for (const input of work.kind === "kernel" ? work.inputs : work.node.inputs) last.set(aliases.root(input), step);
    });
    for (const output of this.#draft.outputs) last.set(aliases.root(output), this.#works.length);
    return last;
  }

  /** The piece of a value that nobody reads after `step`. */
  #dying(name: string, step: number, lastUse: ReadonlyMap<string, number>): number | undefined {
    const place = this.#places.get(name);
    return place && "piece" in place && lastUse.get(name) === step ? place.piece : undefined;
  }

  /** Uploads the constants that are read as they are. */
  #placeConstants(aliases: Aliases, weights: WeightStore): void {
    const { constants, outputs } = this.#draft;
    const place = (name: string) => {
      const root = aliases.root(name);
      const tensor = constants.get(root);
      if (tensor) this.#places.set(name, { address: weights.upload(root, tensor) });
    };
    for (const work of this.#works)
      for (const name of work.kind === "kernel" ? work.inputs : work.node.inputs) place(name);
    for (const name of outputs) place(name);
  }
}

/** Packed weights are shared by plans that pack the same tensors in the same way. */
function packingKey({ weights, prepared }: KernelWork): string {
  return [prepared.packing?.key, ...weights].join("|");
}

/** Values that are another value under another shape. */
class Aliases {
  readonly #roots = new Map<string, string>();

  constructor(works: readonly Work[]) {
    for (const { kind, node } of works)
      if (kind === "alias") this.#roots.set(node.outputs[0], this.root(node.inputs[0]));
  }

  root(name: string): string {
    return this.#roots.get(name) ?? name;
  }

  names(): Iterable<string> {
    return this.#roots.keys();
  }
}
