// The `#wasm` of most runtimes: the module travels inside the JavaScript, and is decoded when first asked for.

import base64 from "../../build/wasm-base64.ts";
import { compileKernels } from "./kernels.ts";

/** The compiled kernel module. */
export function kernelModule(): Promise<WebAssembly.Module> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return compileKernels(bytes);
}
