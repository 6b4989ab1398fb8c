import { DISPOSE } from "./dispose.ts";
import { holds, type TypedArray, typeOfArray } from "./dtype.ts";
import { ArgumentError, expected, ShapeError } from "./errors.ts";
import { checkOptions } from "./ops/call.ts";
import { OPERATORS } from "./ops/index.ts";
import { elementCount, formatShape, isShape, type Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { type KernelSource, kernelsFrom } from "./wasm/source.ts";
import { Workspace } from "./workspace.ts";

export interface EngineOptions {
  /** The kernels, for those who host `lanewise/lanewise.wasm` themselves. */
  readonly wasm?: KernelSource;
  /** Bytes that the engine's memory may take; wasm memory comes in pages of 64 KiB. Default: what the runtime allows. */
  readonly memoryLimit?: number;
}

/** An operator without its first parameter, which the engine fills in. */
type Bound<F> = F extends (workspace: Workspace, ...rest: infer A) => infer R ? (...rest: A) => R : never;

/**
 * The operators as methods: `engine.conv2d(x, filter, options)`. All of them throw an ArgumentError for what is no tensor of this engine
 * and for an option that they do not have, and a DisposedError for a tensor or an engine that was disposed of.
 */
export type EngineOperators = { readonly [K in keyof typeof OPERATORS]: Bound<(typeof OPERATORS)[K]> };

/** Operators on tensors in one wasm memory. */
export type Engine = EngineCore & EngineOperators;

class EngineCore {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    for (const [name, operator] of Object.entries(OPERATORS)) {
      const run = operator as (w: Workspace, ...operands: unknown[]) => unknown;
      // An operator that fails half-way leaves no tensor behind.
      const value = (...operands: unknown[]) => workspace.scope(name, () => run(workspace, ...operands));
      Object.defineProperty(this, name, { value });
    }
  }

  /**
   * Copies an array into a new tensor. `shape` may be left out for a vector. Arrays of numbers become float32; typed arrays keep
   * their type.
   *
   * @throws ShapeError if the shape is none or does not fit the data, ArgumentError if the data are of no element type.
   */
  tensor(data: AnyTypedArray | readonly number[], shape: Shape = [data?.length]): Tensor {
    if (!isNumeric(data)) {
      throw new ArgumentError(expected("tensor", "data", "a typed array or an array of numbers", data));
    }
    if (!isShape(shape)) throw new ShapeError(expected("tensor", "shape", "integers >= 0", shape));
    if (elementCount(shape) !== data.length) {
      const wanted = `${elementCount(shape)} elements for shape ${formatShape(shape)}`;
      throw new ShapeError(expected("tensor", "data", wanted, data.length));
    }
    const values = ArrayBuffer.isView(data) ? (data as TypedArray) : Float32Array.from(data);
    const tensor = this.#workspace.create("tensor", [...shape], "dense", typeOfArray(values));
    this.#workspace.view(tensor).set(values as never);
    return tensor;
  }

  /**
   * Runs `body`, then releases every tensor made in it but those that it returns (alone, or in arrays and objects). Scopes nest: what an
   * inner one returns belongs to the outer one.
   *
   * @throws ArgumentError if `body` is asynchronous.
   */
  scope<T>(body: () => T): T {
    return this.#workspace.scope("scope", body);
  }

  /** Live tensors, the bytes they take, and the size of the whole memory; all 0 once disposed of. */
  get memory(): { readonly tensors: number; readonly bytes: number; readonly total: number } {
    return this.#workspace.memory;
  }

  /** Gives all memory back. The engine and its tensors cannot be used afterwards. */
  dispose(): void {
    this.#workspace.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}

/** A typed array of any element type, on a buffer of any kind. */
export type AnyTypedArray =
  | (Float32Array | Float64Array)
  | (Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array)
  | (BigInt64Array | BigUint64Array);

/** One for each kind of typed array. */
const ELEMENT_TYPES = [
  ...(["float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const),
];

function isNumeric(data: unknown): data is AnyTypedArray | readonly number[] {
  if (Array.isArray(data)) return data.every((value) => typeof value === "number");
  return ELEMENT_TYPES.some((type) => holds(type, data));
}

/** `createEngine`. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const where = "createEngine";
  checkOptions(where, options, ["wasm", "memoryLimit"]);
  const { wasm, memoryLimit } = options;
  if (memoryLimit !== undefined && !(memoryLimit > 0)) {
    throw new ArgumentError(expected(where, "memoryLimit", "a number of bytes above 0", memoryLimit));
  }
  const module = await kernelsFrom(wasm);
  return new EngineCore(new Workspace(where, module, memoryLimit)) as Engine;
}
