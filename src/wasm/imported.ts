// The `#wasm` of runtimes that refuse to compile bytes (Cloudflare Workers, Vercel Edge): they bundle the .wasm file as a module.

// @ts-expect-error: the bundler of such a runtime gives a WebAssembly.Module here.
import module from "../lanewise.wasm";

/** The compiled kernel module. */
export async function kernelModule(): Promise<WebAssembly.Module> {
  return module as WebAssembly.Module;
}
