// The builds of the kernels that every kernel test runs over.
import { readFileSync } from "node:fs";
import { instantiateKernels, type KernelInstance } from "../../src/wasm/kernels.ts";

export const BUILDS = ["debug", "release"] as const;
export type Build = (typeof BUILDS)[number];

export function compileBuild(build: Build): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

/** A fresh instance of a build with at least `bytes` of free memory behind `heapBase`. */
export function instance(build: Build, bytes = 1 << 20): KernelInstance {
  const made = instantiateKernels(compileBuild(build));
  const missing = made.heapBase + bytes - made.memory.buffer.byteLength;
  if (missing > 0) made.memory.grow(Math.ceil(missing / 65536));
  return made;
}
