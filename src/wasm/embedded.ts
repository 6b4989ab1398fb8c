// The `#wasm` of most runtimes: the module travels inside the JavaScript, and is decoded when first asked for.

import { alphabet, frequent, text } from "../../build/wasm-text.js";
import { bytesFromText } from "./text.ts";

/** Compiles the bytes of the module, or says why this runtime cannot. Handed in, so that this file stands alone. */
type Compile = (bytes: BufferSource) => Promise<WebAssembly.Module>;

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled kernel module. Engines share it, so that a second one starts with optimised code; a failed start is forgotten. */
export function kernelModule(compile: Compile): Promise<WebAssembly.Module> {
  compiled ??= compile(bytesFromText({ alphabet, frequent, text })).catch((error) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

/** The kernels with fused multiply-add, in a file of their own that is fetched when first asked for. */
export async function relaxedModule(compile: Compile): Promise<WebAssembly.Module> {
  const { alphabet, frequent, text } = await import("../../build/relaxed-text.js");
  return compile(bytesFromText({ alphabet, frequent, text }));
}
