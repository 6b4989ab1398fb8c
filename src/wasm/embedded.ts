// The `#wasm` of most runtimes: the module travels inside the JavaScript, and is decoded when first asked for.

import { alphabet, frequent, text } from "../../build/wasm-text.js";
import { compileKernels } from "./kernels.ts";
import { bytesFromText } from "./text.ts";

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled kernel module. Engines share it, so that a second one starts with optimised code; a failed start is forgotten. */
export function kernelModule(): Promise<WebAssembly.Module> {
  compiled ??= compileKernels(bytesFromText({ alphabet, frequent, text })).catch((error) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

/** The kernels with fused multiply-add, in a file of their own that is fetched when first asked for. */
export async function relaxedModule(): Promise<WebAssembly.Module> {
  const { alphabet, frequent, text } = await import("../../build/relaxed-text.js");
  return compileKernels(bytesFromText({ alphabet, frequent, text }));
}
