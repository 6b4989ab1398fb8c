import { Draft } from "../../src/graph/draft.ts";
import type { TensorType } from "../../src/graph/graph.ts";
import { inferTypes } from "../../src/graph/infer.ts";
import { needsMore } from "../../src/graph/needs.ts";
import { MORE } from "../../src/graph/operators/index.ts";
import { runPasses } from "../../src/graph/passes/index.ts";
import { Plan } from "../../src/graph/plan.ts";
import { WeightStore } from "../../src/graph/weights.ts";
import { Heap } from "../../src/memory.ts";
import { importModel } from "../../src/onnx/import.ts";
import { loadNeeds } from "../../src/onnx/needs.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { kernelsFrom, relaxedKernels } from "../../src/wasm/source.ts";
import type { Contestant, Feed } from "./engine.ts";

/** One module for all layers: the runtime keeps the code that it has optimised. */
let relaxed: ReturnType<typeof relaxedKernels> | undefined;

/**
 * A network of one node, loaded as `loadModel` does; times the steps that are no changes of layout (all Transpose steps are that),
 * again and again on the same data in wasm memory. undefined where the runtime has no relaxed SIMD and that is wanted.
 */
export async function openLanewiseLayer(
  bytes: Uint8Array,
  feed: Feed,
  engine: "lanewise" | "relaxed" = "lanewise",
): Promise<Contestant | undefined> {
  relaxed ??= engine === "relaxed" ? relaxedKernels() : undefined;
  const module = engine === "relaxed" ? await relaxed : await kernelsFrom();
  if (!module) return undefined;
  const { kernels, memory, heapBase } = instantiateKernels(module);
  const heap = new Heap(memory, heapBase);
  const proto = readModel(bytes);
  await loadNeeds(proto);
  const type: TensorType = { type: "float32", shape: feed.shape };
  const graph = importModel(proto);
  if (needsMore(graph)) await MORE.load();
  const draft = new Draft(graph, new Map([[feed.name, type]]));
  inferTypes(draft);
  runPasses(draft);
  const plan = new Plan(draft, kernels, heap, new WeightStore(kernels, heap).lease(false));
  const bound = plan.bind(heap.allocate(plan.memory.arenaBytes, "bench"));
  const [{ address }] = bound.inputs;
  const changes = plan.steps.map(({ node }) => node.op === "Transpose");
  // Where there is nothing else, the change of layout is the layer.
  const isLayer = changes.map((change) => !change || changes.every(Boolean));
  const timed = bound.steps.filter((_, i) => isLayer[i]);
  const before = bound.steps.slice(0, isLayer.indexOf(true));
  const after = bound.steps.slice(isLayer.lastIndexOf(true) + 1);
  if (before.length + timed.length + after.length !== bound.steps.length) {
    throw new Error(`bench: ${proto.graph.name} expected changes of layout at its ends only`);
  }
  // What comes after may overwrite what the layer reads.
  const place = () => {
    new Float32Array(memory.buffer, address, feed.data.length).set(feed.data);
    for (const step of before) step();
  };
  place();
  return {
    engine,
    async run() {
      place();
      for (const step of [...timed, ...after]) step();
      const outputs = bound.outputs.map(({ name, type, address }) => {
        const elements = type.shape.reduce((a, b) => a * b, 1);
        return [name, new Float32Array(memory.buffer, address, elements).slice()];
      });
      place();
      return Object.fromEntries(outputs);
    },
    async time(runs) {
      const start = performance.now();
      for (let i = 0; i < runs; i++) for (const step of timed) step();
      return performance.now() - start;
    },
    dispose() {},
  };
}
