import type { HostTensor } from "../dtype.ts";
import { UnsupportedError, type UnsupportedItem } from "../errors.ts";
import { type Prepared, residentWeights } from "../ops/prepared.ts";
import type { Draft } from "./draft.ts";
import type { GraphNode } from "./graph.ts";
import type { Link } from "./homes.ts";
import { unsupportedModel } from "./infer.ts";
import type { InPlace, Kernel, Lowered } from "./operator.ts";
import { findOperator } from "./operators/index.ts";

/** A node as it will run. */
export type Work =
  | KernelWork
  | HostWork
  | { readonly kind: "none"; readonly node: GraphNode; readonly links: readonly Link[] };

/** A node whose operator computes it in JavaScript. */
export interface HostWork {
  readonly kind: "host";
  readonly node: GraphNode;
  readonly links: readonly Link[];
}

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
  /** Values that lie in others. */
  readonly links: readonly Link[];
}

/** Chooses how each node runs. Throws one UnsupportedError for all that cannot. */
export function lower(draft: Draft): Work[] {
  const problems: UnsupportedItem[] = [];
  const works = draft.nodes.flatMap((node) => {
    try {
      return [lowerNode(draft, node)];
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      problems.push(...error.items);
      return [];
    }
  });
  if (problems.length > 0) throw unsupportedModel(problems);
  return works;
}

function lowerNode(draft: Draft, node: GraphNode): Work {
  const operator = findOperator(node.op);
  const view = draft.view(node);
  const lowered = operator?.lower?.(view);
  if (lowered) {
    const links = linksOf(node, lowered);
    return lowered === "alias" || !lowered.prepared
      ? { kind: "none", node, links }
      : kernelWork(draft, node, lowered, links);
  }
  if (operator?.evaluate) return { kind: "host", node, links: [] };
  throw view.unsupported(`not supported for ${node.inputs.map((name) => draft.types.get(name)?.type).join(", ")}`);
}

function linksOf({ inputs, outputs }: GraphNode, lowered: Lowered): Link[] {
  const [views, within]: [readonly number[], readonly InPlace[]] =
    lowered === "alias" ? [[0], []] : ["views" in lowered ? (lowered.views ?? []) : [], lowered.within ?? []];
  return [
    ...views.flatMap((offset, i) => (outputs[i] ? [{ value: outputs[i], whole: inputs[0], offset }] : [])),
    ...within.map(({ input, offset }) => ({ value: inputs[input], whole: outputs[0], offset })),
  ];
}

function kernelWork(
  { constants }: Draft,
  node: GraphNode,
  { prepared, inputs, inPlace = [], weights = [] }: Kernel,
  links: readonly Link[],
): KernelWork {
  const name = (index: number) => (index < 0 ? "" : (node.inputs[index] ?? ""));
  const reads = inputs.map(name);
  const overwrites = inPlace.map((index) => reads[index]);
  const weightNames = weights.map(name);
  const known = weightNames.every((weight) => weight === "" || constants.has(weight));
  if (known) return { kind: "kernel", node, prepared, inputs: reads, overwrites, weights: weightNames, links };
  return {
    kind: "kernel",
    node,
    prepared: packingEachRun(prepared, reads.length, weightNames),
    inputs: [...reads, ...weightNames.filter((weight) => weight !== "")],
    overwrites,
    weights: [],
    links,
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
