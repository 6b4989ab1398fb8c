import type { Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** Where an operator finds its data: byte addresses in wasm memory. */
export interface Addresses {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** `scratchBytes` of memory whose content nobody relies on. */
  readonly scratch: number;
  /** `packing.bytes` of packed weights, where there are any. */
  readonly packed: number;
}

/**
 * An operator made ready for given shapes and options: checked, its algorithm chosen, its memory known. It runs as often as one
 * likes, on any addresses, and allocates nothing.
 */
export interface Prepared {
  /** The way it is computed, for profiles: "gemm", "depthwise 3x3", ... */
  readonly algorithm: string;
  readonly outputShapes: readonly Shape[];
  /** Multiply-adds of the definition, whatever the algorithm. */
  readonly macs: number;
  readonly scratchBytes: number;
  /** Weights that are laid out for the kernel once, before the first run. */
  readonly packing?: Packing | undefined;
  run(kernels: Kernels, at: Addresses): void;
}

/** How weights become what the kernel reads. */
export interface Packing {
  /** Tells this layout from others of the same weights. */
  readonly key: string;
  readonly bytes: number;
  write(kernels: Kernels, weights: WeightSource, to: number): void;
}

/** Unpacked weights, wherever they are. */
export interface WeightSource {
  /** Whether there is a weight tensor `index` (the filter is 0, the bias 1). */
  has(index: number): boolean;
  /** Address of float32 elements `start` to `start + count` of weight tensor `index`, until the next call for the same index. */
  at(index: number, start: number, count: number): number;
  /**
   * Address of `rows` pieces of `count` elements each, the first from element `start` on and each `step` elements behind the one before,
   * until the next call for the same index; and how many elements apart they are there.
   */
  rows(index: number, start: number, count: number, rows: number, step: number): { at: number; step: number };
}

/** Weights that are in wasm memory already, each at an address or not there (0). */
export function residentWeights(addresses: readonly number[]): WeightSource {
  return {
    has: (index) => (addresses[index] ?? 0) !== 0,
    at: (index, start) => addresses[index] + start * 4,
    rows: (index, start, _count, _rows, step) => ({ at: addresses[index] + start * 4, step }),
  };
}
