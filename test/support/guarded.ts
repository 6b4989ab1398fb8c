type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;
type NumbersConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Numbers;

interface Region {
  name: string;
  address: number;
  length: number;
  /** Bytes of one element. */
  size: number;
  type: NumbersConstructor;
  /** What an operand held when it was placed; undefined if it may change. */
  original: Uint8Array | undefined;
  output: boolean;
  /** What stands before and behind it, again and again. */
  guard: readonly number[];
}

/** A buffer, or something that holds one and may replace it by a longer one, such as a WebAssembly.Memory. */
export type GuardedMemory = ArrayBuffer | { readonly buffer: ArrayBufferLike; grow?(pages: number): number };

const GUARD_BYTES = 64;
const PAGE = 65536;
/**
 * Quiet NaNs with payloads that no arithmetic makes by itself, little-endian. Outputs have one of their own: what is read from behind an
 * operand and written behind an output would be the same NaN again.
 */
const GUARD = [0xa5, 0xa5, 0xc5, 0x7f];
const OUTPUT_GUARD = [0x5a, 0x5a, 0xda, 0x7f];

/**
 * Places operands in linear memory, each between two guards of NaN: reading too far poisons the result, writing too far
 * changes a guard, and an output element that was never written is still NaN.
 *
 *     const arena = new GuardedArena(memory, start);
 *     const x = arena.put(values);
 *     const y = arena.reserve(count);
 *     kernel(x, y, count);
 *     arena.check();
 *     arena.read(y);
 */
export class GuardedArena {
  readonly #memory: GuardedMemory;
  readonly #regions: Region[] = [];
  #end: number;

  /** `start` is the first byte that may be used. A memory that can grow is grown when needed. */
  constructor(memory: GuardedMemory, start = 0) {
    this.#memory = memory;
    this.#end = start;
  }

  /** The first byte after everything placed so far. */
  get end(): number {
    return this.#end;
  }

  /** Copies an operand in and returns its byte address, a multiple of 16. `check` will demand that it is unchanged. */
  put(values: Numbers, name = "operand"): number {
    const region = this.#place(values.length, values.constructor as NumbersConstructor, values.BYTES_PER_ELEMENT, name);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    this.#bytes(region.address, bytes.length).set(bytes);
    region.original = bytes;
    return region.address;
  }

  /** An operand that the kernel may change: for work in place. */
  putMutable(values: Numbers, name = "operand"): number {
    const address = this.put(values, name);
    this.#region(address).original = undefined;
    return address;
  }

  /** Room for `length` output elements, all NaN (of another type: a byte pattern), and its byte address. */
  reserve(length: number, type: NumbersConstructor = Float32Array, name = "output"): number {
    const size = (type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    const region = this.#place(length, type, size, name, OUTPUT_GUARD);
    region.output = true;
    return region.address;
  }

  /** Room for working memory: filled with NaN and guarded, but its contents are nobody's business. */
  scratch(bytes: number, name = "scratch"): number {
    return this.#place(bytes, Uint8Array, 1, name).address;
  }

  /** A copy of what lies at an address that `put` or `reserve` returned. */
  read(address: number): Numbers {
    const { type, length } = this.#region(address);
    return new type(this.#buffer, address, length).slice();
  }

  /** The same, for float32. */
  floats(address: number): Float32Array {
    const values = this.read(address);
    if (!(values instanceof Float32Array)) throw new Error(`guarded: the region at ${address} is no float32`);
    return values;
  }

  /**
   * Throws if a guard or an operand has changed, or if a float32 output is NaN where its reference, given as
   * `[address, reference]`, is not.
   */
  check(...wanted: readonly (readonly [address: number, want: { readonly data: ArrayLike<number> }])[]): void {
    for (const region of this.#regions) {
      const { name, address, length, size, original, guard } = region;
      const end = address + length * size;
      this.#checkGuard(guard, address - GUARD_BYTES, `before ${name}`, address);
      this.#checkGuard(guard, end, `after ${name}`, end);
      if (original) {
        const bytes = this.#bytes(address, original.length);
        const at = original.findIndex((byte, i) => byte !== bytes[i]);
        if (at >= 0) throw new Error(`guarded: element ${Math.floor(at / size)} of ${name} was overwritten`);
      }
      if (!region.output || region.type !== Float32Array) continue;
      const want = wanted.find(([at]) => at === address)?.[1].data;
      const got = new Float32Array(this.#buffer, address, length);
      const at = got.findIndex((value, i) => Number.isNaN(value) && !(want && Number.isNaN(want[i])));
      if (at >= 0) throw new Error(`guarded: element ${at} of ${name} is NaN: not written, or made from a guard`);
    }
  }

  get #buffer(): ArrayBufferLike {
    return "byteLength" in this.#memory ? this.#memory : this.#memory.buffer;
  }

  #place(length: number, type: NumbersConstructor, size: number, name: string, guard = GUARD): Region {
    const address = Math.ceil((this.#end + GUARD_BYTES) / 16) * 16;
    const end = address + length * size;
    this.#end = end + GUARD_BYTES;
    this.#ensure(this.#end);
    const bytes = this.#bytes(address - GUARD_BYTES, this.#end - address + GUARD_BYTES);
    for (let i = 0; i < bytes.length; i++) bytes[i] = guard[i % 4];
    // The guard after an operand starts at its last byte's neighbour, whatever the element size.
    this.#bytes(end, GUARD_BYTES).forEach((_, i, behind) => {
      behind[i] = guard[i % 4];
    });
    const region = { name, address, length, size, type, original: undefined, output: false, guard };
    this.#regions.push(region);
    return region;
  }

  #ensure(end: number): void {
    const missing = end - this.#buffer.byteLength;
    if (missing <= 0) return;
    if ("byteLength" in this.#memory || !this.#memory.grow) throw new Error(`guarded: ${missing} bytes too few`);
    this.#memory.grow(Math.ceil(missing / PAGE));
  }

  #bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, address, length);
  }

  #checkGuard(guard: readonly number[], address: number, where: string, edge: number): void {
    const at = this.#bytes(address, GUARD_BYTES).findIndex((byte, i) => byte !== guard[i % 4]);
    if (at < 0) return;
    const distance = address < edge ? address + at - edge : at;
    throw new Error(`guarded: byte ${distance} ${where} was overwritten`);
  }

  #region(address: number): Region {
    const region = this.#regions.find((candidate) => candidate.address === address);
    if (!region) throw new Error(`guarded: nothing was placed at ${address}`);
    return region;
  }
}
