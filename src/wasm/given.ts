// Kernels that the user gives, brought on demand.

import { ArgumentError, expected, RuntimeError } from "../errors.ts";
import { compileKernels } from "./kernels.ts";
import type { KernelSource } from "./source.ts";

/**
 * The compiled kernels from any source of them.
 *
 * @throws ArgumentError if the source is none, RuntimeError if the kernels cannot be fetched or compiled.
 */
export async function compileGiven(source: KernelSource): Promise<WebAssembly.Module> {
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
  if (!response.ok) {
    throw new RuntimeError(`lanewise: wasm expected to be found at ${name}, got HTTP status ${response.status}`);
  }
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    throw new RuntimeError(`lanewise: wasm expected to be read from ${name}, got ${cause}`, { cause });
  }
}

/** The built-in class of a value, whichever realm made it (edge runtimes and test runners have several). */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
