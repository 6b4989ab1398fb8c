import type { HostTensor } from "../dtype.ts";
import { type Prepared, residentWeights } from "../ops/prepared.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode } from "./graph.ts";
import type { Kernel } from "./operator.ts";
import { findOperator } from "./operators/index.ts";

/** A node as it will run. */
export type Work =
  | { readonly kind: "alias"; readonly node: GraphNode }
  | { readonly kind: "host"; readonly node: GraphNode }
  | KernelWork;

export interface KernelWork {
  readonly kind: "kernel";
  readonly node: GraphNode;
  readonly prepared: Prepared;
  /** Values that the kernel reads, in its order. */
  readonly inputs: readonly string[];
  /** Values among `inputs` whose memory the first output may take over. */
  readonly overwrites: readonly string[];
  /** Constants to pack before the first run; "" where there is none. */
  readonly weights: readonly string[];
}

/** Chooses how each node runs. */
export function lower(draft: Draft): Work[] {
  return draft.nodes.map((node) => lowerNode(draft, node));
}

function lowerNode(draft: Draft, node: GraphNode): Work {
  const operator = findOperator(node.op);
  const view = draft.view(node);
  const lowered = operator?.lower?.(view);
  if (lowered === "alias") return { kind: "alias", node };
  if (lowered) return kernelWork(draft, node, lowered);
  if (operator?.evaluate) return { kind: "host", node };
  throw view.unsupported(`not supported for ${node.inputs.map((name) => draft.types.get(name)?.type).join(", ")}`);
}

function kernelWork(
  { constants }: Draft,
  node: GraphNode,
  { prepared, inputs, inPlace = [], weights = [] }: Kernel,
): KernelWork {
  const name = (index: number) => (index < 0 ? "" : (node.inputs[index] ?? ""));
  const reads = inputs.map(name);
  const overwrites = inPlace.map((index) => reads[index]);
  const weightNames = weights.map(name);
  const known = weightNames.every((weight) => weight === "" || constants.has(weight));
  if (known) return { kind: "kernel", node, prepared, inputs: reads, overwrites, weights: weightNames };
  return {
    kind: "kernel",
    node,
    prepared: packingEachRun(prepared, reads.length, weightNames),
    inputs: [...reads, ...weightNames.filter((weight) => weight !== "")],
    overwrites,
    weights: [],
  };
}

/** For weights that are computed or fed: they follow the inputs, and are packed into scratch at every run. */
function packingEachRun(prepared: Prepared, inputCount: number, weights: readonly string[]): Prepared {
  const packing = prepared.packing;
  if (!packing) return prepared;
  const packed = Math.ceil(packing.bytes / 64) * 64;
  let next = inputCount;
  const places = weights.map((weight) => (weight === "" ? -1 : next++));
  return {
    ...prepared,
    packing: undefined,
    scratchBytes: packed + prepared.scratchBytes,
    run(kernels, at) {
      packing.write(kernels, residentWeights(places.map((i) => (i < 0 ? 0 : at.inputs[i]))), at.scratch);
      prepared.run(kernels, { ...at, packed: at.scratch, scratch: at.scratch + packed });
    },
  };
}

/** The tensors behind the names of `KernelWork.weights`. */
export function weightTensors(draft: Draft, names: readonly string[]): (HostTensor | undefined)[] {
  return names.map((name) => (name ? draft.constants.get(name) : undefined));
}
