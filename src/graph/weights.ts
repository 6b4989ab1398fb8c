import { bytesPerElement, type HostTensor, viewOf } from "../dtype.ts";
import { toFloat32 } from "../half.ts";
import type { Heap } from "../memory.ts";
import type { Packing, WeightSource } from "../ops/prepared.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Packed weights and uploaded constants of one model, in wasm memory; each is there once, however many plans use it. */
export class WeightStore {
  readonly #kernels: Kernels;
  readonly #heap: Heap;
  readonly #addresses = new Map<string, number>();
  /** Bytes in wasm memory. */
  bytes = 0;

  constructor(kernels: Kernels, heap: Heap) {
    this.#kernels = kernels;
    this.#heap = heap;
  }

  /** Address of a constant's elements. */
  upload(name: string, tensor: HostTensor): number {
    return this.#once(`=${name}`, elementCount(tensor.shape) * bytesPerElement(tensor.type), (to) => {
      viewOf(tensor.type, this.#heap.memory.buffer, to, tensor.data.length).set(tensor.data as never);
    });
  }

  /** Address of the packed form of weights; `key` tells them and their packing from all others. */
  pack(key: string, packing: Packing, tensors: readonly (HostTensor | undefined)[]): number {
    return this.#once(key, packing.bytes, (to) => {
      const staging = new Staging(this.#heap, tensors);
      packing.write(this.#kernels, staging, to);
      staging.free();
    });
  }

  #once(key: string, bytes: number, write: (to: number) => void): number {
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const address = this.#heap.allocate(bytes, "model");
    this.#addresses.set(key, address);
    this.bytes += bytes;
    write(address);
    return address;
  }
}

/** Weights in JavaScript memory, copied piece by piece to wasm memory as packing asks for them. */
class Staging implements WeightSource {
  readonly #heap: Heap;
  readonly #tensors: readonly (HostTensor | undefined)[];
  readonly #blocks: { at: number; count: number }[] = [];

  constructor(heap: Heap, tensors: readonly (HostTensor | undefined)[]) {
    this.#heap = heap;
    this.#tensors = tensors;
  }

  has(index: number): boolean {
    return this.#tensors[index] !== undefined;
  }

  at(index: number, start: number, count: number): number {
    const tensor = this.#tensors[index] as HostTensor;
    let block = this.#blocks[index];
    if (!block || block.count < count) {
      if (block) this.#heap.free(block.at);
      block = { at: this.#heap.allocate(count * 4, "model"), count };
      this.#blocks[index] = block;
    }
    const piece = {
      ...tensor,
      shape: [count] as Shape,
      data: tensor.data.subarray(start, start + count),
    } as HostTensor;
    new Float32Array(this.#heap.memory.buffer, block.at, count).set(toFloat32(piece));
    return block.at;
  }

  free(): void {
    for (const block of this.#blocks) if (block) this.#heap.free(block.at);
  }
}
