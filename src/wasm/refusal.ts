// Why a runtime does not compile the kernels and what can be done about it, brought on demand.

import { expected, RuntimeError } from "../errors.ts";

/** (func (param v128)) is enough to ask for SIMD. */
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 123, 0);
/** A module without anything. */
const EMPTY = SIMD.slice(0, 8);

const WANTED = "to compile WebAssembly with SIMD";

/** The error for bytes that were not compiled; `cause` is what the runtime said. */
export async function refusal(cause: unknown): Promise<RuntimeError> {
  return new RuntimeError(expected("lanewise", ...(await reason(cause))), { cause });
}

async function reason(cause: unknown): Promise<[what: string, wanted: string, got: string]> {
  if (typeof WebAssembly === "undefined") {
    return ["runtime", WANTED, "no WebAssembly: switch it on (Lockdown Mode and --jitless switch it off)"];
  }
  if (!(await compiles(EMPTY))) {
    const remedy =
      'allow "wasm-unsafe-eval" in the Content-Security-Policy, or pass an imported lanewise/lanewise.wasm as the option wasm';
    return ["runtime", WANTED, `${cause}: ${remedy}`];
  }
  if (!WebAssembly.validate(SIMD)) {
    const since = "Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and later have it, on processors with SSE 4.1 or NEON";
    return ["runtime", WANTED, `no WebAssembly SIMD: ${since}`];
  }
  return ["wasm", "the bytes of lanewise/lanewise.wasm", String(cause)];
}

async function compiles(bytes: BufferSource): Promise<boolean> {
  try {
    await WebAssembly.compile(bytes);
    return true;
  } catch {
    return false;
  }
}
