// The kernels with fused multiply-add, brought on demand.

import { relaxedModule } from "#wasm";
import { compileKernels } from "./kernels.ts";

/** (func (result v128) (f32x4.relaxed_madd 0 0 0)): valid only with relaxed SIMD. */
const PROBE = [
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  [65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
].flat();

/** The compiled module; undefined where the runtime has no relaxed SIMD, or does not take it this way. */
export async function relaxedKernels(): Promise<WebAssembly.Module | undefined> {
  const exists = typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(PROBE));
  return exists ? relaxedModule(compileKernels) : undefined;
}
