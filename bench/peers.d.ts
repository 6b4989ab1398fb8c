// The little of the peers that the bench uses, so that the project's types can be checked without installing them.

declare module "@tensorflow/tfjs-core" {
  export interface Tensor {
    dataSync(): Float32Array;
    dispose(): void;
  }
  type Pair = [number, number];
  type Pads = [Pair, Pair, Pair, Pair];
  interface FusedOptions {
    x: Tensor;
    filter: Tensor;
    strides: Pair;
    pad: Pads;
    dilations: Pair;
    bias: Tensor;
    activation?: "linear" | "relu";
  }
  export const fused: {
    conv2d(options: FusedOptions): Tensor;
    depthwiseConv2d(options: FusedOptions): Tensor;
    matMul(options: { a: Tensor; b: Tensor; bias: Tensor; activation?: "linear" | "relu" }): Tensor;
  };
  export const image: {
    resizeNearestNeighbor(x: Tensor, size: Pair, alignCorners: boolean, halfPixelCenters: boolean): Tensor;
    resizeBilinear(x: Tensor, size: Pair, alignCorners: boolean, halfPixelCenters: boolean): Tensor;
  };
  export function conv2dTranspose(x: Tensor, filter: Tensor, shape: number[], strides: Pair, pad: Pads): Tensor;
  export function maxPool(x: Tensor, size: Pair, strides: Pair, pad: Pads | "valid"): Tensor;
  export function avgPool(x: Tensor, size: Pair, strides: Pair, pad: Pads | "valid"): Tensor;
  export function add(a: Tensor, b: Tensor): Tensor;
  export function relu(x: Tensor): Tensor;
  export function reshape(x: Tensor, shape: number[]): Tensor;
  export function softmax(x: Tensor, axis?: number): Tensor;
  export function mul(a: Tensor, b: Tensor): Tensor;
  export function sigmoid(x: Tensor): Tensor;
  export function mean(x: Tensor, axis: number): Tensor;
  export function transpose(x: Tensor, permutation: number[]): Tensor;
  export function tidy<T>(body: () => T): T;
  export function tensor(data: Float32Array, shape?: number[]): Tensor;
  export function setBackend(name: string): Promise<boolean>;
  export function findBackendFactory(name: string): () => unknown;
  export function registerBackend(name: string, factory: () => unknown): boolean;
  export function removeBackend(name: string): void;
  export function backend(): Record<string, unknown>;
  export function getBackend(): string;
  export function ready(): Promise<void>;
  export function env(): { set(flag: string, value: boolean): void; getBool(flag: string): boolean };
}

declare module "@tensorflow/tfjs-backend-wasm" {
  export function setWasmPaths(prefix: string): void;
}
