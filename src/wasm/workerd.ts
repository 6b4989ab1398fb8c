// The `#wasm` of Cloudflare Workers, which refuse to compile bytes: the .wasm file is one of the worker's modules.

// @ts-expect-error: the bundler of the runtime gives a WebAssembly.Module here.
import module from "../lanewise.wasm";

/** The compiled kernel module. */
export async function kernelModule(): Promise<WebAssembly.Module> {
  return module as WebAssembly.Module;
}

/** Not among the modules of such runtimes: whoever wants it passes `lanewise/lanewise-relaxed.wasm` as the option `wasm`. */
export async function relaxedModule(): Promise<WebAssembly.Module | undefined> {
  return undefined;
}
