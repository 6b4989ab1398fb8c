import { bytesPerElement, type HostTensor, viewOf } from "../dtype.ts";
import type { Heap } from "../memory.ts";
import type { Packing, WeightSource } from "../ops/prepared.ts";
import { elementCount } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { floats } from "./halves.ts";
import { type Rearranged, settled, storedOf } from "./lazy.ts";

type Write = (to: number) => void;

/** A block of wasm memory, and how many leases hold it. */
interface Entry {
  readonly address: number;
  readonly bytes: number;
  users: number;
}

/** The weights that one plan uses. */
export interface WeightLease {
  /** Address of a constant's elements. */
  upload(name: string, tensor: HostTensor): number;
  /** Address of the packed form of weights; `key` tells them and their packing from all others. */
  pack(key: string, packing: Packing, tensors: readonly (HostTensor | undefined)[]): number;
  /** Lets go of them: what no other plan uses is freed. */
  end(): void;
}

/** Packed weights and uploaded constants of one model, in wasm memory; each is there once, however many plans use it. */
export class WeightStore {
  readonly #kernels: Kernels;
  readonly #heap: Heap;
  readonly #entries = new Map<string, Entry>();
  readonly #contents = new WeakMap<HostTensor, string>();
  /** Bytes in wasm memory. */
  bytes = 0;

  /** `lasting` are constants that stay the same objects for all plans: they are told from others by that, not by their elements. */
  constructor(kernels: Kernels, heap: Heap, lasting: Iterable<HostTensor> = []) {
    this.#kernels = kernels;
    this.#heap = heap;
    let count = 0;
    for (const tensor of lasting) this.#contents.set(tensor, `#${count++}`);
  }

  /**
   * For the weights of one plan. `byContent`: whether equal names may stand for different tensors, as in models that are planned for
   * several shapes.
   */
  lease(byContent: boolean): WeightLease {
    const held = new Set<string>();
    const once = (name: string, tensors: readonly (HostTensor | undefined)[], bytes: number, write: Write): number => {
      const key = byContent ? this.#identify(name, tensors) : name;
      const entry = this.#entries.get(key) ?? this.#add(key, bytes, write);
      if (!held.has(key)) entry.users++;
      held.add(key);
      return entry.address;
    };
    return {
      upload: (name, tensor) => {
        const count = elementCount(tensor.shape);
        return once(`=${name}`, [tensor], count * bytesPerElement(tensor.type), (to) => {
          viewOf(tensor.type, this.#heap.memory.buffer, to, count).set(tensor.data as never);
        });
      },
      pack: (key, packing, tensors) =>
        once(key, tensors, packing.bytes, (to) => {
          const staging = new Staging(this.#heap, tensors);
          packing.write(this.#kernels, staging, to);
          staging.free();
        }),
      end: () => {
        for (const key of held) this.#leave(key);
        held.clear();
      },
    };
  }

  #identify(key: string, tensors: readonly (HostTensor | undefined)[]): string {
    return [key, ...tensors.map((tensor) => (tensor ? this.#contentOf(tensor) : ""))].join("|");
  }

  #contentOf(tensor: HostTensor): string {
    const { of, how } = tensor as Partial<Rearranged>;
    const content =
      this.#contents.get(tensor) ??
      (of ? `${how}:${this.#contentOf(of)}` : `${tensor.shape.join("x")}:${fingerprint(tensor)}`);
    this.#contents.set(tensor, content);
    return content;
  }

  #add(key: string, bytes: number, write: Write): Entry {
    const entry = { address: this.#heap.allocate(bytes, "model"), bytes, users: 0 };
    this.#entries.set(key, entry);
    this.bytes += bytes;
    write(entry.address);
    return entry;
  }

  #leave(key: string): void {
    const entry = this.#entries.get(key) as Entry;
    if (--entry.users > 0) return;
    this.#entries.delete(key);
    this.#heap.free(entry.address);
    this.bytes -= entry.bytes;
  }
}

/** Weights in JavaScript memory, copied piece by piece to wasm memory as packing asks for them. */
class Staging implements WeightSource {
  readonly #heap: Heap;
  readonly #tensors: readonly (HostTensor | undefined)[];
  readonly #blocks: { at: number; count: number }[] = [];

  constructor(heap: Heap, tensors: readonly (HostTensor | undefined)[]) {
    this.#heap = heap;
    this.#tensors = tensors.map((tensor) => tensor && settled(storedOf(tensor)));
  }

  has(index: number): boolean {
    return this.#tensors[index] !== undefined;
  }

  at(index: number, start: number, count: number): number {
    return this.rows(index, start, count, 1, count).at;
  }

  rows(index: number, start: number, count: number, rows: number, step: number): { at: number; step: number } {
    const tensor = this.#tensors[index] as HostTensor;
    const block = this.#block(index, rows * count);
    const to = new Float32Array(this.#heap.memory.buffer, block, rows * count);
    for (let row = 0; row < rows; row++) {
      const from = start + row * step;
      to.set(floats({ ...tensor, data: tensor.data.subarray(from, from + count) } as HostTensor), row * count);
    }
    return { at: block, step: count };
  }

  #block(index: number, count: number): number {
    const known = this.#blocks[index];
    if (known && known.count >= count) return known.at;
    if (known) this.#heap.free(known.at);
    const at = this.#heap.allocate(count * 4, "model");
    this.#blocks[index] = { at, count };
    return at;
  }

  free(): void {
    for (const block of this.#blocks) if (block) this.#heap.free(block.at);
  }
}

/** 64 bits that tell the elements of a tensor from others. */
function fingerprint(tensor: HostTensor): string {
  const { data } = storedOf(tensor);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const words = bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : bytes;
  let a = 0x811c9dc5;
  let b = bytes.length;
  for (let i = 0; i < words.length; i++) {
    a = Math.imul(a ^ words[i], 0x01000193);
    b = Math.imul(b + words[i], 0x9e3779b1) ^ (b >>> 15);
  }
  for (let i = words.length * words.BYTES_PER_ELEMENT; i < bytes.length; i++) a = Math.imul(a ^ bytes[i], 0x01000193);
  return `${a >>> 0}.${b >>> 0}`;
}
