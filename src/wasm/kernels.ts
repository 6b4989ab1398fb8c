import { instantiateSync } from "@assemblyscript/loader";
import type * as Release from "../../build/release.js";
import { RuntimeError } from "../errors.ts";

/** The exports of the module, typed by the compiler that made it. */
export type Kernels = Awaited<ReturnType<typeof Release.instantiate>>;

/** One instance: kernels on one memory. */
export interface KernelInstance {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** First byte of memory that is not the module's own. */
  readonly heapBase: number;
}

/** A fresh instance of a compiled module, with a memory of its own. */
export function instantiateKernels(module: WebAssembly.Module): KernelInstance {
  // The loader knows a module by its prototype, which is another one if another realm has compiled it (edge runtimes).
  if (!(module instanceof WebAssembly.Module)) Object.setPrototypeOf(module, WebAssembly.Module.prototype);
  // The exports of the instance itself: those that the loader adds wrap each function in another.
  const kernels = instantiateSync(module, {}).instance.exports as unknown as Kernels;
  return { kernels, memory: kernels.memory, heapBase: kernels.heapBase() };
}

/** Compiles the bytes of the module, or says why this runtime cannot. */
export async function compileKernels(bytes: BufferSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") {
    throw new RuntimeError("lanewise: runtime expected to have WebAssembly, got none");
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    // (func (param v128)) is enough to ask for SIMD.
    const simd = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 123, 0);
    const reason = WebAssembly.validate(simd) ? String(cause) : "no WebAssembly SIMD";
    throw new RuntimeError(`lanewise: runtime expected to compile WebAssembly with SIMD, got ${reason}`, { cause });
  }
}
