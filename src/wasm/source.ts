import { kernelModule, relaxedModule } from "#wasm";
import { ArgumentError, expected, RuntimeError } from "../errors.ts";
import { compileKernels } from "./kernels.ts";

/** The kernels as a compiled module, as the bytes of `lanewise/lanewise.wasm`, or where to get these. */
export type KernelSource = WebAssembly.Module | ArrayBuffer | Uint8Array | Response | URL;

/**
 * The compiled kernels from what the user gave, or those that come with the package.
 *
 * @throws RuntimeError if they cannot be fetched or compiled.
 */
export async function kernelsFrom(source?: KernelSource): Promise<WebAssembly.Module> {
  if (source === undefined) return kernelModule();
  if (ArrayBuffer.isView(source)) return compileKernels(source as BufferSource);
  switch (kindOf(source)) {
    case "WebAssembly.Module":
      return source as WebAssembly.Module;
    case "ArrayBuffer":
      return compileKernels(source as ArrayBuffer);
    case "URL":
      return compileKernels(await download(source as URL));
    case "Response":
      return compileKernels(await bodyOf(source as Response, "the response"));
  }
  const wanted = "a WebAssembly.Module, bytes, a Response or a URL";
  throw new ArgumentError(expected("lanewise", "wasm", wanted, typeof source === "string" ? `"${source}"` : source));
}

/** (func (result v128) (f32x4.relaxed_madd 0 0 0)): valid only with relaxed SIMD. */
const RELAXED_PROBE = [
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  [65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
].flat();

/** The kernels with fused multiply-add; undefined where the runtime has no relaxed SIMD, or does not take them this way. */
export async function relaxedKernels(): Promise<WebAssembly.Module | undefined> {
  return WebAssembly.validate(Uint8Array.from(RELAXED_PROBE)) ? relaxedModule() : undefined;
}

async function download(url: URL): Promise<ArrayBuffer> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new RuntimeError(`lanewise: wasm expected to be found at ${url}, got ${cause}`, { cause });
  }
  return bodyOf(response, String(url));
}

async function bodyOf(response: Response, name: string): Promise<ArrayBuffer> {
  if (response.ok) return response.arrayBuffer();
  throw new RuntimeError(`lanewise: wasm expected to be found at ${name}, got HTTP status ${response.status}`);
}

/** The built-in class of a value, whichever realm made it (edge runtimes and test runners have several). */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
