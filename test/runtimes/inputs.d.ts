// Files that the bundling of the suite puts into it (project.ts).
declare module "suite:inputs" {
  /** ONNX files of networks.ts, by name, and `digits`, the model that comes with the package. */
  export const models: Readonly<Record<string, Uint8Array>>;
  /** Pictures of the digits 0 to 9, grey values row by row, 0 is black. */
  export const pictures: readonly { width: number; height: number; data: Uint8Array }[];
  /** The kernels' .wasm file. */
  export const kernels: Uint8Array;
  /** Whether the runtime compiles bytes. */
  export const compiles: boolean;
  /** The kernels as the runtime imports a .wasm file; undefined where it does not. */
  export const module: WebAssembly.Module | undefined;
  /** A server that answers at "half" with half of a model and at "nothing" not at all, and has nothing else. */
  export const stalled: string;
}

/** The package once more. */
declare module "lanewise-copy" {
  export * from "lanewise";
}
