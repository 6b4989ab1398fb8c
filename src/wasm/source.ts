import { kernelModule } from "#wasm";
import { OnDemand } from "../on-demand.ts";
import { compileKernels } from "./kernels.ts";

/** The kernels as a compiled module, as the bytes of `lanewise/lanewise.wasm`, or where to get these. */
export type KernelSource = WebAssembly.Module | ArrayBuffer | Uint8Array | Response | URL;

/** For kernels that the user gives. */
const GIVEN = new OnDemand(() => import("./given.ts"));

/** For relaxed numerics. */
const RELAXED = new OnDemand(() => import("./relaxed.ts"));

/**
 * The compiled kernels from what the user gave, or those that come with the package.
 *
 * @throws RuntimeError if they cannot be fetched or compiled.
 */
export async function kernelsFrom(source?: KernelSource): Promise<WebAssembly.Module> {
  return source === undefined ? kernelModule(compileKernels) : (await GIVEN.load()).compileGiven(source);
}

/**
 * The kernels with fused multiply-add; undefined where the runtime has no relaxed SIMD, or does not take them this way.
 *
 * @throws RuntimeError if they cannot be fetched or compiled.
 */
export async function relaxedKernels(): Promise<WebAssembly.Module | undefined> {
  return (await RELAXED.load()).relaxedKernels();
}
