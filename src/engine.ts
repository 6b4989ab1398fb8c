import type { Engine, EngineOptions } from "./engine-core.ts";
import { OnDemand } from "./on-demand.ts";

export type { AnyTypedArray, Engine, EngineOptions } from "./engine-core.ts";

/** Programs that only load models start without it. */
const CORE = new OnDemand(() => import("./engine-core.ts"));

/**
 * Starts an engine with a wasm memory of its own. Engines share nothing; a failed start can be tried again.
 *
 * @throws RuntimeError without WebAssembly SIMD or if its operators cannot be fetched, MemoryLimitError if the limit is less than an empty engine takes.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return (await CORE.load()).startEngine(options);
}
