import { instantiateSync } from "@assemblyscript/loader";
import type * as Release from "../../build/release.js";
import { MemoryLimitError, RuntimeError } from "../errors.ts";
import { OnDemand } from "../on-demand.ts";

/** The exports of the module, typed by the compiler that made it. */
export type Kernels = Awaited<ReturnType<typeof Release.instantiate>>;

/** One instance: kernels on one memory. */
export interface KernelInstance {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** First byte of memory that is not the module's own. */
  readonly heapBase: number;
}

/** For bytes that are not compiled. */
const REFUSAL = new OnDemand(() => import("./refusal.ts"));

/**
 * A fresh instance of a compiled module, with a memory of its own.
 *
 * @throws MemoryLimitError if the runtime has no memory for it, RuntimeError if the module is another one.
 */
export function instantiateKernels(module: WebAssembly.Module): KernelInstance {
  try {
    // The loader knows a module by its prototype, which is another one if another realm has compiled it (edge runtimes).
    if (!(module instanceof WebAssembly.Module)) Object.setPrototypeOf(module, WebAssembly.Module.prototype);
    // The exports of the instance itself: those that the loader adds wrap each function in another.
    const kernels = instantiateSync(module, {}).instance.exports as unknown as Kernels;
    return { kernels, memory: kernels.memory, heapBase: kernels.heapBase() };
  } catch (cause) {
    const Kind = /out of memory/i.test(String(cause)) ? MemoryLimitError : RuntimeError;
    throw new Kind(`lanewise: wasm expected to start as the kernels, got ${cause}`, { cause });
  }
}

/**
 * Compiles the bytes of the module.
 *
 * @throws RuntimeError that says why this runtime does not, and what can be done.
 */
export async function compileKernels(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw await (await REFUSAL.load()).refusal(cause);
  }
}
