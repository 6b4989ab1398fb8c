// Files that the bundling of the suite puts into it (bundle.ts).
declare module "suite:inputs" {
  /** ONNX files of networks.ts, by name, and `digits`, the model that comes with the package. */
  export const models: Readonly<Record<string, Uint8Array>>;
  /** Pictures of the digits 0 to 9, grey values row by row, 0 is black. */
  export const pictures: readonly { width: number; height: number; data: Uint8Array }[];
  /** The kernels' .wasm file. */
  export const kernels: Uint8Array;
  /** Whether the runtime compiles bytes. */
  export const compiles: boolean;
}
