import type { HostTensor } from "../dtype.ts";
import type { Heap } from "../memory.ts";
import type { Numerics } from "../ops/conv2d.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { Draft } from "./draft.ts";
import type { Graph, TensorType } from "./graph.ts";
import { inferTypes } from "./infer.ts";
import { PASSES, type Pass, type PassReport, runPasses } from "./passes/index.ts";
import { Plan } from "./plan.ts";
import type { WeightStore } from "./weights.ts";

/** Where a plan runs, and what it is made for besides shapes. */
export interface CompileOptions {
  readonly kernels: Kernels;
  readonly heap: Heap;
  readonly weights: WeightStore;
  /** Inputs whose value the plan is made for, such as a shape to reshape to. */
  readonly values?: ReadonlyMap<string, HostTensor>;
  readonly numerics?: Numerics;
  /** Default: all of them. Images turn channels last in one of them: convolutions and pools cannot do without that one. */
  readonly passes?: readonly Pass[];
}

/** From a graph and the types of its inputs to steps that can run: shapes, passes, kernels, addresses. */
export function compileGraph(
  graph: Graph,
  inputTypes: ReadonlyMap<string, TensorType>,
  { kernels, heap, weights, values, numerics, passes = PASSES }: CompileOptions,
): { plan: Plan; reports: PassReport[] } {
  const draft = new Draft(graph, inputTypes, values, numerics, heap.limit);
  inferTypes(draft);
  const reports = runPasses(draft, passes);
  return { plan: new Plan(draft, kernels, heap, weights), reports };
}
