import type { HostTensor } from "../dtype.ts";
import type { Heap } from "../memory.ts";
import type { Numerics } from "../ops/conv2d.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { Draft } from "./draft.ts";
import type { Graph, TensorType } from "./graph.ts";
import { inferTypes } from "./infer.ts";
import { runPasses } from "./passes/index.ts";
import { Plan } from "./plan.ts";
import type { WeightStore } from "./weights.ts";

/**
 * From a graph and the types of its inputs to steps that can run: shapes, passes, kernels, addresses. `values` are inputs whose
 * value the plan is made for, such as a shape to reshape to.
 */
export function compileGraph(
  graph: Graph,
  inputTypes: ReadonlyMap<string, TensorType>,
  kernels: Kernels,
  heap: Heap,
  weights: WeightStore,
  values: ReadonlyMap<string, HostTensor> = new Map(),
  numerics: Numerics = "default",
): Plan {
  const draft = new Draft(graph, inputTypes, values, numerics);
  inferTypes(draft);
  runPasses(draft);
  return new Plan(draft, kernels, heap, weights);
}
