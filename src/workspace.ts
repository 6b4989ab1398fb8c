import { bytesPerElement, type DataType, type TypedArray, viewOf } from "./dtype.ts";
import { ArgumentError, DisposedError, expected } from "./errors.ts";
import { Heap } from "./memory.ts";
import { elementCount, type Shape } from "./shape.ts";
import { type Format, Tensor } from "./tensor.ts";
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

  constructor(module: WebAssembly.Module, memoryLimit?: number) {
    const { kernels, memory, heapBase } = instantiateKernels(module);
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
    if (!(tensor instanceof Tensor)) throw new ArgumentError(expected(where, what, "a Tensor", tensor));
    if (this.#storage.has(tensor)) return;
    throw new DisposedError(
      `${where}: ${what} expected a live tensor of this engine, got one that is disposed or another engine's`,
    );
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
    this.check("tensor.data", "tensor", tensor);
    this.arrange(tensor, "dense");
    return this.view(tensor).slice() as TypedArray;
  }

  /** Lets the elements lie in `format` from now on; their address may change. Returns it. */
  arrange(tensor: Tensor, format: Format): number {
    const storage = this.#of(tensor);
    if (storage.format === format) return storage.address;
    const [N, C, ...places] = tensor.shape;
    const P = elementCount(places);
    const address = this.heap.allocate(elementCount(tensor.shape) * 4, "tensor");
    if (format === "dense") this.kernels.transpose2d(storage.address, address, N, P, C);
    else this.kernels.transpose2d(storage.address, address, N, C, P);
    this.heap.free(storage.address);
    storage.address = address;
    storage.format = format;
    return address;
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

  /** Runs `body`; tensors made in it are released afterwards, but for those it returns. */
  scope<T>(body: () => T): T {
    this.#alive("scope");
    const made = new Set<Tensor>();
    this.#scopes.push(made);
    try {
      const result = body();
      for (const kept of tensorsIn(result)) made.delete(kept);
      const outer = this.#scopes.at(-2);
      if (outer) for (const kept of tensorsIn(result)) if (this.#storage.has(kept)) outer.add(kept);
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
function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  else if (Array.isArray(value)) for (const each of value) yield* tensorsIn(each);
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const each of Object.values(value)) yield* tensorsIn(each);
  }
}
