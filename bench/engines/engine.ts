import type { Outputs } from "../agree.ts";

export const ENGINES = ["lanewise", "onnxruntime-web", "tfjs-wasm"] as const;
/** "relaxed" is lanewise's second build, with fused multiply-add. */
export type EngineName = (typeof ENGINES)[number] | "relaxed";

/** Milliseconds of a run: the least and the median over the rounds. */
export interface Timing {
  readonly min: number;
  readonly median: number;
}

/** A layer or network in one engine, ready to run on one input. */
export interface Contestant {
  readonly engine: EngineName;
  /** Runs once. */
  run(): Promise<Outputs>;
  /** Runs that many times; milliseconds of all together. */
  time(runs: number): Promise<number>;
  dispose(): void | Promise<void>;
}

export interface Feed {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}
