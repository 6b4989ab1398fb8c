import { ArgumentError, checkAborted, expected } from "../errors.ts";
import { Model, type ModelOptions } from "../graph/model.ts";
import { needsMore } from "../graph/needs.ts";
import { MORE } from "../graph/operators/index.ts";
import { STAGES } from "../graph/stage.ts";
import { type KernelSource, kernelsFrom, relaxedKernels } from "../wasm/source.ts";
import type { ExternalResolver } from "./external-data.ts";
import { importModel } from "./import.ts";
import { loadNeeds, NOT_ONNX } from "./needs.ts";
import { type ModelProto, readModel } from "./proto.ts";
import { bytesOf, type ModelSource } from "./source.ts";
import { EXTERNAL_DATA, type ExternalData } from "./tensor.ts";

export type { ModelSource };

/** How far loading has come. */
export interface LoadProgress {
  /** What is being done: the bytes come ("download"), then three steps follow; "ready" is told last. */
  readonly phase: "download" | "compile" | "read" | "prepare" | "ready";
  /** Bytes that have come; after "download", steps that are done. */
  readonly loaded: number;
  /** Bytes in all, 0 while that is not known; after "download" the number of steps. */
  readonly total: number;
}

export interface LoadOptions extends ModelOptions {
  /** Stops the download, or loading between two steps. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /**
   * Contents of the files in which the model keeps its weights, by location (the path that the model names), or a function that gives
   * or promises them; it is asked once for each file.
   */
  readonly externalData?: ExternalData | ExternalResolver;
  /** The kernels, for those who host `lanewise/lanewise.wasm` themselves. */
  readonly wasm?: KernelSource;
}

/**
 * Loads a network from an ONNX file (operator sets 6 and up).
 *
 * @param source The file's bytes (which must stay as they are while the model is in use), or a Blob, Response,
 * ReadableStream or URL that gives them.
 *
 * @throws ArgumentError if the source is none of these, or an option is wrong.
 * @throws MalformedModelError if the bytes are no valid ONNX file: says where.
 * @throws UnsupportedError if the network needs something that lanewise does not have: lists all of it.
 * @throws AbortedError if `signal` fires, MemoryLimitError if the memory does not suffice.
 * @throws RuntimeError if the source cannot be fetched (HTTP status, connection), or without WebAssembly SIMD.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const { signal, onProgress } = options;
  const bytes = await bytesOf(source, {
    signal,
    onBytes: (loaded, total) => onProgress?.({ phase: "download", loaded, total }),
  });
  const step = (phase: LoadProgress["phase"], loaded: number) => {
    checkAborted(signal, "loadModel");
    onProgress?.({ phase, loaded, total: 3 });
  };
  step("compile", 0);
  const wantsRelaxed = options.numerics === "relaxed" && options.wasm === undefined;
  const relaxed = wantsRelaxed ? await relaxedKernels() : undefined;
  const module = relaxed ?? (await kernelsFrom(options.wasm));
  step("read", 1);
  const proto = await read(bytes);
  await loadNeeds(proto);
  const { externalData: given } = options;
  const files = typeof given === "function" ? (await EXTERNAL_DATA.load()).gatherExternal(proto, given) : given;
  const graph = importModel(proto, { externalData: await files });
  const more = needsMore(graph);
  if (more) await MORE.load();
  checkInputNames(graph.inputs, options.inputShapes);
  step("prepare", 2);
  const notes = wantsRelaxed && !relaxed ? [NO_RELAXED] : [];
  const model = new Model(graph, module, options, notes);
  // The core's operators have shapes that follow from shapes: what waits for values is of `MORE`.
  if (more && !model.planAhead()) {
    const { refuse } = await STAGES.load();
    // Extents that are free need not hide what runs with none.
    if (!model.planAhead()) refuse({ ...graph, inputs: model.inputs });
  }
  onProgress?.({ phase: "ready", loaded: 3, total: 3 });
  return model;
}

async function read(bytes: Uint8Array): Promise<ModelProto> {
  try {
    return readModel(bytes);
  } catch (error) {
    throw (await NOT_ONNX.load()).explain(bytes, error);
  }
}

const NO_RELAXED = "numerics: relaxed SIMD is not to be had in this runtime, the default kernels run instead";

function checkInputNames(inputs: readonly { readonly name: string }[], shapes: ModelOptions["inputShapes"] = {}): void {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(shapes).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const wanted = `names of inputs (${names.map((name) => `"${name}"`).join(", ")})`;
  throw new ArgumentError(expected("loadModel", "inputShapes", wanted, `"${unknown}"`));
}
