import type { Engine } from "./engine-core.ts";
import { ArgumentError, expected } from "./errors.ts";
import { OnDemand } from "./on-demand.ts";
import { checkOptions } from "./ops/call.ts";
import { type KernelSource, kernelsFrom } from "./wasm/source.ts";

export type { AnyTypedArray, Engine } from "./engine-core.ts";

/** Programs that only load models start without it. */
const CORE = new OnDemand(() => import("./engine-core.ts"));

export interface EngineOptions {
  /** The kernels, for those who host `lanewise/lanewise.wasm` themselves. */
  readonly wasm?: KernelSource;
  /** Bytes that the engine's memory may take; wasm memory comes in pages of 64 KiB. Default: what the runtime allows. */
  readonly memoryLimit?: number;
}

/**
 * Starts an engine with a wasm memory of its own. Engines share nothing; a failed start can be tried again.
 *
 * @throws RuntimeError without WebAssembly SIMD or if its operators cannot be fetched, MemoryLimitError if the limit is less than an empty engine takes.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const where = "createEngine";
  checkOptions(where, options, ["wasm", "memoryLimit"]);
  const { wasm, memoryLimit } = options;
  if (memoryLimit !== undefined && !(memoryLimit > 0)) {
    throw new ArgumentError(expected(where, "memoryLimit", "a number of bytes above 0", memoryLimit));
  }
  const [{ startEngine }, module] = await Promise.all([CORE.load(), kernelsFrom(wasm)]);
  return startEngine(where, module, memoryLimit);
}
