import { ArgumentError, checkAborted, expected } from "../errors.ts";
import { Model, type ModelOptions } from "../graph/model.ts";
import { type KernelSource, kernelsFrom } from "../wasm/source.ts";
import { importModel } from "./import.ts";
import { readModel } from "./proto.ts";
import type { ExternalData } from "./tensor.ts";

/** An ONNX file, or where to get it. */
export type ModelSource = Uint8Array | ArrayBuffer;

export interface LoadOptions extends ModelOptions {
  /** Stops loading between two steps. */
  readonly signal?: AbortSignal;
  /** Is told how far loading has come; `loaded` and `total` in bytes of the file or in steps. */
  readonly onProgress?: (progress: { phase: string; loaded: number; total: number }) => void;
  /** Contents of the files in which the model keeps its weights, by location, or a way to get them. */
  readonly externalData?: ExternalData;
  /** The kernels, for those who host `lanewise/lanewise.wasm` themselves. */
  readonly wasm?: KernelSource;
}

/**
 * Loads a network from an ONNX file (operator sets 6 and up).
 *
 * @throws MalformedModelError if the bytes are no valid ONNX file: says where.
 * @throws UnsupportedError if the network needs something that lanewise does not have: lists all of it.
 * @throws AbortedError if `signal` fires, MemoryLimitError if the memory does not suffice, RuntimeError without WebAssembly SIMD.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const bytes = bytesOf(source);
  const step = (phase: string, loaded: number) => {
    checkAborted(options.signal, "loadModel");
    options.onProgress?.({ phase, loaded, total: 3 });
  };
  step("compile", 0);
  const module = await kernelsFrom(options.wasm);
  step("read", 1);
  const graph = importModel(readModel(bytes), { externalData: options.externalData });
  step("prepare", 2);
  const model = new Model(graph, module, options);
  options.onProgress?.({ phase: "ready", loaded: 3, total: 3 });
  return model;
}

function bytesOf(source: ModelSource): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new ArgumentError(expected("loadModel", "source", "a Uint8Array or ArrayBuffer", source));
}
