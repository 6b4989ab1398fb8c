import { isStored, rangeOf } from "../../ops/stored.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { epilogueAttribute, fusedEpilogue } from "../operators/fused.ts";
import { fakeEpilogue } from "../operators/quantize.ts";
import { ANY_ACTIVATION } from "./activation.ts";
import { stepOf } from "./integer.ts";

const FAKE = "lanewise.FakeQuantize";

/**
 * Turns floats that are stored in few bits only to be read again, with one known scale, into a rounding of floats: nothing is stored.
 * Readers that agree on the scale share it.
 */
export function fuseQuantization(draft: Draft): number {
  const producers = draft.producers();
  const changes = new Map<GraphNode, GraphNode | undefined>();
  const shared = new Map<string, string>();
  const instead = new Map<string, string>();
  const outputs = new Set(draft.outputs);
  const needed = new Set(draft.nodes.flatMap(({ op, inputs }) => (op === "DequantizeLinear" ? [] : inputs)));
  for (const node of draft.nodes) {
    if (node.op !== "DequantizeLinear") continue;
    const writer = producers.get(node.inputs[0]);
    const idle = writer?.op === "QuantizeLinear" && !needed.has(node.inputs[0]) && !outputs.has(node.inputs[0]);
    const attributes = idle ? roundingOf(draft, writer, node) : undefined;
    if (!writer || !attributes) continue;
    const key = `${writer.outputs[0]} ${attributes.scale}`;
    const [output] = node.outputs;
    const same = shared.get(key);
    if (same && !outputs.has(output)) {
      instead.set(output, same);
      changes.set(node, undefined);
    } else {
      changes.set(node, { ...node, op: FAKE, inputs: [writer.inputs[0]], attributes });
      if (!same) shared.set(key, output);
    }
  }
  draft.replace(changes);
  if (instead.size > 0) {
    draft.nodes = draft.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => instead.get(name) ?? name),
    }));
  }
  return changes.size;
}

/** The attributes of the rounding that a writer and a reader of stored numbers come to, if both have the same known scale. */
function roundingOf(draft: Draft, writer: GraphNode, reader: GraphNode) {
  const type = draft.types.get(writer.outputs[0])?.type;
  const floats = [writer.inputs[0], reader.outputs[0]].every((name) => draft.types.get(name)?.type === "float32");
  if (!type || !isStored(type) || !floats) return undefined;
  const [written, read] = [stepOf(draft, writer), stepOf(draft, reader)];
  if (!written || written.scale !== read?.scale || written.zero !== read.zero) return undefined;
  const { scale, zero } = written;
  const { lowest, highest } = rangeOf(type);
  const bounds = [lowest - zero, highest - zero].map((bound) => Math.fround(bound * scale));
  return bounds.every(Number.isFinite) ? { type, scale, zero } : undefined;
}

/** Lets an operator that clamps at most round what it has just computed, where nobody else reads it unrounded. */
export function fuseRounding(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode | undefined>();
  for (const node of draft.nodes) {
    if (node.op !== FAKE) continue;
    const producer = producers.get(node.inputs[0]);
    if (!producer || !ANY_ACTIVATION.has(producer.op) || uses.get(node.inputs[0]) !== 1) continue;
    const before = fusedEpilogue(draft.view(producer));
    if (before.code !== 0) continue;
    const rounding = fakeEpilogue(draft.view(node));
    const clamp = (bound: number) => Math.min(Math.max(bound, before.lo), before.hi);
    const epilogue = epilogueAttribute({ ...rounding, lo: clamp(rounding.lo), hi: clamp(rounding.hi) });
    changes.set(producer, { ...producer, attributes: { ...producer.attributes, epilogue }, outputs: node.outputs });
    changes.set(node, undefined);
  }
  draft.replace(changes);
  return changes.size / 2;
}
