import { bytesPerElement, type DataType, type TypedArray, viewOf } from "./dtype.ts";
import { ArgumentError, DisposedError, expected, MemoryLimitError } from "./errors.ts";
import { Heap } from "./memory.ts";
import { elementCount, type Shape } from "./shape.ts";
import { type Format, isTensor, Tensor } from "./tensor.ts";
import { instantiateKernels, type Kernels } from "./wasm/kernels.ts";

/** Where a tensor's elements are. */
interface Storage {
  address: number;
  format: Format;
}

/** Kernels, their memory, and the tensors in it: what operators work with. */
export class Workspace {
  #parts: { readonly kernels: Kernels; readonly heap: Heap } | undefined;
  readonly #storage = new Map<Tensor, Storage>();
  readonly #scopes: Set<Tensor>[] = [];

  constructor(where: string, module: WebAssembly.Module, memoryLimit = Infinity) {
    const { kernels, memory, heapBase } = instantiateKernels(module);
    const { byteLength } = memory.buffer;
    if (memoryLimit < byteLength) {
      throw new MemoryLimitError(expected(where, "memoryLimit", `at least ${byteLength} bytes`, memoryLimit));
    }
    this.#parts = { kernels, heap: new Heap(memory, heapBase, memoryLimit) };
  }

  get kernels(): Kernels {
    return this.#alive("engine").kernels;
  }

  get heap(): Heap {
    return this.#alive("engine").heap;
  }

  get memory(): { readonly tensors: number; readonly bytes: number; readonly total: number } {
    const heap = this.#parts?.heap;
    return { tensors: this.#storage.size, bytes: heap?.used ?? 0, total: heap?.memory.buffer.byteLength ?? 0 };
  }

  /** A tensor with undefined content. */
  create(where: string, shape: Shape, format: Format = "dense", type: DataType = "float32"): Tensor {
    this.#alive(where);
    const tensor = new Tensor(this, type, shape);
    const address = this.heap.allocate(elementCount(shape) * bytesPerElement(type), where);
    this.#storage.set(tensor, { address, format });
    this.#scopes.at(-1)?.add(tensor);
    return tensor;
  }

  owns(tensor: Tensor): boolean {
    return this.#storage.has(tensor);
  }

  release(tensor: Tensor): void {
    const storage = this.#storage.get(tensor);
    if (!storage) return;
    this.heap.free(storage.address);
    this.#storage.delete(tensor);
    for (const scope of this.#scopes) scope.delete(tensor);
  }

  /** Checks that a value is a usable tensor of this engine. */
  check(where: string, what: string, tensor: Tensor): void {
    this.#alive(where);
    if (this.#storage.has(tensor)) return;
    if (!isTensor(tensor)) throw new ArgumentError(expected(where, what, "a Tensor", tensor));
    if (tensor.disposed) throw new DisposedError(`${where}: ${what} expected a live tensor, got a disposed one`);
    throw new ArgumentError(`${where}: ${what} expected a tensor of this engine, got one of another engine`);
  }

  /** Address of the elements as they lie. */
  address(tensor: Tensor): number {
    return this.#of(tensor).address;
  }

  format(tensor: Tensor): Format {
    return this.#of(tensor).format;
  }

  /** The elements where they lie, until memory grows. */
  view(tensor: Tensor): TypedArray {
    return viewOf(
      tensor.type,
      this.heap.memory.buffer as ArrayBuffer,
      this.#of(tensor).address,
      elementCount(tensor.shape),
    );
  }

  /** A copy of the elements in the order of the axes. */
  read(tensor: Tensor): TypedArray {
    const where = "tensor.data";
    this.check(where, "tensor", tensor);
    if (this.format(tensor) === "dense") return this.view(tensor).slice() as TypedArray;
    const count = elementCount(tensor.shape);
    return this.withScratch(where, count * 4, (at) => {
      this.#transpose(tensor.shape, "dense", this.address(tensor), at);
      return viewOf(tensor.type, this.heap.memory.buffer as ArrayBuffer, at, count).slice() as TypedArray;
    });
  }

  /** A tensor with the same elements. */
  copy(where: string, tensor: Tensor): Tensor {
    const made = this.create(where, tensor.shape, this.format(tensor), tensor.type);
    this.view(made).set(this.view(tensor) as never);
    return made;
  }

  /** Lets the elements lie in `format` from now on; their address may change. Returns it. */
  arrange(tensor: Tensor, format: Format): number {
    const storage = this.#of(tensor);
    if (storage.format === format) return storage.address;
    const address = this.heap.allocate(elementCount(tensor.shape) * 4, "tensor");
    this.#transpose(tensor.shape, format, storage.address, address);
    this.heap.free(storage.address);
    storage.address = address;
    storage.format = format;
    return address;
  }

  /** Copies 4-byte elements that lie in the other format to `to`, where they lie in `format`. */
  #transpose([N, C, ...places]: Shape, format: Format, from: number, to: number): void {
    const P = elementCount(places);
    if (format === "dense") this.kernels.transpose2d(from, to, N, P, C);
    else this.kernels.transpose2d(from, to, N, C, P);
  }

  /** Calls `body` with `bytes` bytes of memory that are free again afterwards. */
  withScratch<T>(where: string, bytes: number, body: (address: number) => T): T {
    if (bytes === 0) return body(0);
    const address = this.heap.allocate(bytes, where);
    try {
      return body(address);
    } finally {
      this.heap.free(address);
    }
  }

  /** Runs `body`; tensors made in it are released afterwards, but for those it returns, which pass to the scope around. */
  scope<T>(where: string, body: () => T): T {
    this.#alive(where);
    const made = new Set<Tensor>();
    this.#scopes.push(made);
    try {
      const result = body();
      if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
        throw new ArgumentError(expected(where, "body", "a function that is done when it returns", result));
      }
      const outer = this.#scopes.at(-2);
      for (const kept of tensorsIn(result)) if (made.delete(kept)) outer?.add(kept);
      return result;
    } finally {
      this.#scopes.pop();
      for (const tensor of made) this.release(tensor);
    }
  }

  dispose(): void {
    this.#parts = undefined;
    this.#storage.clear();
  }

  #alive(where: string) {
    if (!this.#parts) throw new DisposedError(`${where}: engine expected to be in use, got a disposed one`);
    return this.#parts;
  }

  #of(tensor: Tensor): Storage {
    return this.#storage.get(tensor) as Storage;
  }
}

/** Tensors in a value: itself, or the elements of its arrays and plain objects at any depth. */
function* tensorsIn(value: unknown, seen = new Set<unknown>()): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (Array.isArray(value)) for (const each of value) yield* tensorsIn(each, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const each of Object.values(value)) yield* tensorsIn(each, seen);
  }
}
