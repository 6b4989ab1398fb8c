import { bytesPerElement, type HostTensor, viewOf } from "../dtype.ts";
import type { Heap } from "../memory.ts";
import type { Addresses } from "../ops/prepared.ts";
import { elementCount, permute, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode, TensorType } from "./graph.ts";
import { floats, isHalf } from "./halves.ts";
import { type Home, Homes } from "./homes.ts";
import { type HostWork, type KernelWork, lower, weightTensors } from "./lower.ts";
import { type Lifetime, type MemoryPlan, planMemory } from "./memory-plan.ts";
import { stepsOf } from "./operators/image.ts";
import { findOperator } from "./operators/index.ts";
import { timedStep } from "./timed-step.ts";
import type { WeightLease } from "./weights.ts";

/** What is to be known of one thing to do in a run. */
export interface StepInfo {
  readonly node: GraphNode;
  readonly algorithm: string;
  /** As users know it: channels first, however the image lies. */
  readonly outputShape: Shape;
  readonly macs: number;
  readonly packedBytes: number;
}

/** One thing to do in a run, on addresses. */
export type Step = () => void;

/** A value that users feed or fetch: its type as they know it, and where it lies. */
export interface Port {
  readonly name: string;
  readonly type: TensorType;
  readonly address: number;
}

/** Elements up to which a constant may be a parameter of a node. */
const SMALL = 256;

/** Where a value lies that lies in no other: in a piece of the arena, or at an address that does not change. */
type Place = { readonly piece: number } | { readonly address: number };

/** A graph for given input shapes, ready to run: steps on addresses in one arena. */
export class Plan {
  readonly #kernels: Kernels;
  readonly #heap: Heap;
  readonly #draft: Draft;
  readonly #works: readonly (KernelWork | HostWork)[];
  readonly #homes: Homes;
  readonly #places = new Map<string, Place>();
  readonly #scratch: (number | undefined)[] = [];
  readonly #packed: number[] = [];
  readonly memory: MemoryPlan;

  constructor(draft: Draft, kernels: Kernels, heap: Heap, weights: WeightLease) {
    this.#draft = draft;
    this.#kernels = kernels;
    this.#heap = heap;
    const all = lower(draft);
    this.#homes = new Homes(all.flatMap((work) => work.links));
    this.#works = all.filter((work) => work.kind !== "none");
    this.memory = this.#planArena();
    // What a first plan needs is known before any of it is packed.
    if (heap.used === 0) heap.allow(this.memory.arenaBytes + packedBytes(this.#works), "model");
    this.#placeConstants(weights);
    for (const work of this.#works) {
      const { packing } = work.kind === "kernel" ? work.prepared : {};
      if (!packing || work.kind !== "kernel") this.#packed.push(0);
      else this.#packed.push(weights.pack(packingKey(work), packing, weightTensors(draft, work.weights)));
    }
  }

  /** Lets go of the constants in JavaScript memory, but for the small ones that host steps may ask for. */
  forgetWeights(): void {
    const { constants } = this.#draft;
    for (const [name, { shape }] of constants) if (elementCount(shape) > SMALL) constants.delete(name);
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
      if (name === "") return 0;
      const { root, offset } = this.#homes.of(name);
      const place = this.#places.get(root) as Place;
      return offset + ("address" in place ? place.address : base + this.memory.offsets[place.piece]);
    };
    const port = (name: string): Port => {
      const { type, shape } = this.#type(name);
      return { name, type: { type: this.#draft.halves.get(name) ?? type, shape }, address: address(name) };
    };
    const steps = this.#works.map((work, i): Step => {
      const scratch = this.#scratch[i];
      const at: Addresses = {
        inputs: readsOf(work).map(address),
        outputs: work.node.outputs.map(address),
        scratch: scratch === undefined ? 0 : base + this.memory.offsets[scratch],
        packed: this.#packed[i],
      };
      return work.kind === "kernel" ? timedStep(this.#kernels, work.prepared, at) : this.#hostStep(work.node, at);
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

  #info(work: KernelWork | HostWork): StepInfo {
    const { algorithm, macs, packing } =
      work.kind === "kernel" ? work.prepared : { algorithm: "host", macs: 0, packing: undefined };
    const output = work.node.outputs.find(Boolean) as string;
    const { shape } = this.#type(output);
    const outputShape = this.#draft.channelsLast.has(output) ? permute(shape, [0, 3, 1, 2]) : shape;
    return { node: work.node, algorithm, macs, outputShape, packedBytes: packing?.bytes ?? 0 };
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
        if (!name) return;
        const { data } = isHalf(results[i].type) ? { data: floats(results[i]) } : results[i];
        tensor(name, at.outputs[i]).data.set(data as never);
      });
    };
  }

  /** Finds when each value is needed, and gives every one that is no constant and lies in no other a piece of the arena. */
  #planArena(): MemoryPlan {
    const lastUse = this.#lastUses();
    const pieces: { bytes: number; first: number; last: number }[] = [];
    const define = (name: string, step: number, overwrites: readonly string[] = [], pixelStep = 0) => {
      const { root } = name === "" ? { root: "" } : this.#homes.of(name);
      if (root === "" || this.#draft.constants.has(root) || this.#places.has(root)) return;
      const last = lastUse.get(root) ?? step;
      // Apart from one another, pixels need more.
      const C = this.#type(root).shape.at(-1) as number;
      const bytes = pixelStep && root === name ? (this.#bytes(root) / C) * pixelStep : this.#bytes(root);
      const takenOver = overwrites
        .map((input) => this.#dyingPiece(this.#homes.of(input), step, lastUse))
        .find((piece) => piece !== undefined && pieces[piece].bytes === bytes);
      if (takenOver === undefined) {
        this.#places.set(root, { piece: pieces.length });
        pieces.push({ bytes, first: step, last });
      } else {
        pieces[takenOver].last = last;
        this.#places.set(root, { piece: takenOver });
      }
    };
    for (const input of this.#draft.inputs) define(input, -1);
    this.#works.forEach((work, step) => {
      work.node.outputs.forEach((output, i) => {
        const { y } = stepsOf(this.#draft.view(work.node));
        define(output, step, i === 0 && work.kind === "kernel" ? this.#overwritten(work) : [], y);
      });
      const scratchBytes = work.kind === "kernel" ? work.prepared.scratchBytes : 0;
      this.#scratch.push(scratchBytes > 0 ? pieces.length : undefined);
      if (scratchBytes > 0) pieces.push({ bytes: scratchBytes, first: step, last: step });
    });
    return planMemory(pieces satisfies Lifetime[]);
  }

  /** Values that the output may overwrite: those whose memory the kernel reads once only, and if the output has its own. */
  #overwritten({ overwrites, inputs, node }: KernelWork): readonly string[] {
    if (this.#homes.of(node.outputs[0]).root !== node.outputs[0]) return [];
    const roots = inputs.map((name) => this.#homes.of(name).root);
    return overwrites.filter((name) => roots.filter((root) => root === this.#homes.of(name).root).length === 1);
  }

  /** The last step that needs each piece of memory, by the name of its root; outputs of the graph are read after all. */
  #lastUses(): Map<string, number> {
    const last = new Map<string, number>();
    const use = (name: string, step: number) => {
      if (name !== "") last.set(this.#homes.of(name).root, step);
    };
    this.#works.forEach((work, step) => {
      for (const name of [...readsOf(work), ...work.node.outputs]) use(name, step);
    });
    for (const output of this.#draft.outputs) use(output, this.#works.length);
    return last;
  }

  /** The piece of a value that nobody reads after `step`. */
  #dyingPiece({ root }: Home, step: number, lastUse: ReadonlyMap<string, number>): number | undefined {
    const place = this.#places.get(root);
    return place && "piece" in place && lastUse.get(root) === step ? place.piece : undefined;
  }

  /** Uploads the constants that are read as they are. */
  #placeConstants(weights: WeightLease): void {
    const { constants, outputs } = this.#draft;
    for (const name of [...this.#works.flatMap(readsOf), ...outputs]) {
      if (name === "") continue;
      const { root } = this.#homes.of(name);
      const tensor = constants.get(root);
      if (tensor) this.#places.set(root, { address: weights.upload(root, tensor) });
    }
  }
}

function readsOf(work: KernelWork | HostWork): readonly string[] {
  return work.kind === "kernel" ? work.inputs : work.node.inputs;
}

/** Bytes of all packed weights. */
function packedBytes(works: readonly (KernelWork | HostWork)[]): number {
  const bytes = new Map<string, number>();
  for (const work of works) {
    if (work.kind === "kernel") bytes.set(packingKey(work), work.prepared.packing?.bytes ?? 0);
  }
  return [...bytes.values()].reduce((sum, each) => sum + each, 0);
}

/** Packed weights are shared by plans that pack the same tensors in the same way. */
function packingKey({ weights, prepared }: KernelWork): string {
  return [prepared.packing?.key, ...weights].join("|");
}
