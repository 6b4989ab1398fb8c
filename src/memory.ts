import { MemoryLimitError } from "./errors.ts";

const PAGE = 65536;
const ALIGNMENT = 64; // a cache line
const ADDRESS_SPACE = 2 ** 32;

interface Block {
  start: number;
  bytes: number;
}

/** Blocks of one wasm memory, handed out first fit and merged again when freed. The memory grows as needed. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Largest size in bytes that the memory may grow to. */
  readonly limit: number;
  /** Bytes handed out at the moment. */
  used = 0;
  /** Free blocks in order of address; the last one reaches to the end of the memory. */
  readonly #free: Block[];
  readonly #taken = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, base: number, limit = Infinity) {
    this.memory = memory;
    this.limit = Math.min(limit, ADDRESS_SPACE);
    const start = align(base);
    this.#free = [{ start, bytes: memory.buffer.byteLength - start }];
  }

  /** Address of a block of at least `bytes` bytes, aligned to a cache line. The content is undefined. */
  allocate(bytes: number, where: string): number {
    const size = Math.max(ALIGNMENT, align(bytes));
    const at = this.#find(size) ?? this.#grow(size, where);
    const block = this.#free[at];
    const start = block.start;
    block.start += size;
    block.bytes -= size;
    if (block.bytes === 0 && at < this.#free.length - 1) this.#free.splice(at, 1);
    this.#taken.set(start, size);
    this.used += size;
    return start;
  }

  /** Throws unless the limit allows so many bytes behind all that is handed out. */
  allow(bytes: number, where: string): void {
    const wanted = this.#free[this.#free.length - 1].start + bytes;
    if (wanted > this.limit) throw beyond(where, this.limit, wanted);
  }

  /** Gives a block back. */
  free(start: number): void {
    const bytes = this.#taken.get(start);
    if (bytes === undefined) return;
    this.#taken.delete(start);
    this.used -= bytes;
    let at = this.#free.findIndex((block) => block.start > start);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { start, bytes });
    this.#merge(at);
    this.#merge(at - 1);
  }

  #find(size: number): number | undefined {
    const at = this.#free.findIndex((block) => block.bytes >= size);
    return at < 0 ? undefined : at;
  }

  /** Lengthens the last free block, the one at the end of memory, to `size`. */
  #grow(size: number, where: string): number {
    const at = this.#free.length - 1;
    const last = this.#free[at];
    const now = this.memory.buffer.byteLength;
    const pages = Math.ceil((size - last.bytes) / PAGE);
    const wanted = now + pages * PAGE;
    if (wanted > this.limit) {
      throw beyond(where, this.limit, wanted);
    }
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw refusal(where, `to grow to ${wanted} bytes, the runtime refused`, { cause });
    }
    last.bytes += pages * PAGE;
    return at;
  }

  /** Joins block `at` with the one behind it where they touch. */
  #merge(at: number): void {
    const block = this.#free[at];
    const next = this.#free[at + 1];
    if (!block || !next || block.start + block.bytes !== next.start) return;
    block.bytes += next.bytes;
    this.#free.splice(at + 1, 1);
  }
}

function beyond(where: string, limit: number, wanted: number): MemoryLimitError {
  return refusal(where, `to stay within ${limit} bytes, needs ${wanted}`);
}

function refusal(where: string, what: string, options?: ErrorOptions): MemoryLimitError {
  const remedy = "dispose of what is done with, give smaller inputs, or raise memoryLimit";
  return new MemoryLimitError(`${where}: memory expected ${what}: ${remedy}`, options);
}

/** `bytes` rounded up to a whole number of cache lines. */
export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
