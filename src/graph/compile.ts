import type { Heap } from "../memory.ts";
import type { Numerics } from "../ops/convolve.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Draft } from "./draft.ts";
import { describeLayers, type Layer } from "./layers.ts";
import { type Pass, type PassReport, runPasses } from "./passes/index.ts";
import { Plan } from "./plan.ts";
import type { Rest } from "./split.ts";
import type { WeightLease, WeightStore } from "./weights.ts";

/** Where plans of a model run, and what they are made for besides shapes. */
export interface Ground {
  readonly kernels: Kernels;
  readonly heap: Heap;
  readonly weights: WeightStore;
  readonly arena: Arena;
  readonly numerics: Numerics;
  /** Default: all of them. Images turn channels last in one of them: convolutions and pools cannot do without that one. */
  readonly passes: readonly Pass[] | undefined;
}

/** Memory for the activations of all plans of a model, as only one of them runs at a time. */
export class Arena {
  readonly #heap: Heap;
  address = 0;
  bytes = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Makes it at least so large; its content is lost if it moves. */
  reserve(bytes: number): void {
    if (bytes <= this.bytes) return;
    if (this.bytes > 0) this.#heap.free(this.address);
    this.bytes = 0;
    this.address = this.#heap.allocate(bytes, "model");
    this.bytes = bytes;
  }
}

export interface Compiled {
  readonly plan: Plan;
  readonly layers: readonly Layer[];
  readonly reports: readonly PassReport[];
  readonly lease: WeightLease;
  readonly rest: Rest | undefined;
}

/**
 * From a draft whose types are known to steps that can run: passes, kernels, addresses. With `alone`, no other plan is ever made beside
 * it, but those of the rest.
 */
export function compileDraft(
  draft: Draft,
  rest: Rest | undefined,
  { kernels, heap, weights, arena, passes }: Ground,
  alone: boolean,
): Compiled {
  const reports = runPasses(draft, passes);
  const lease = weights.lease(!alone || rest !== undefined);
  try {
    const plan = new Plan(draft, kernels, heap, lease);
    const layers = describeLayers(plan);
    plan.forgetWeights();
    arena.reserve(plan.memory.arenaBytes);
    return { plan, layers, reports, lease, rest };
  } catch (error) {
    lease.end();
    throw error;
  }
}
