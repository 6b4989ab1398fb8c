import { type HostTensor, toIntegers } from "../../dtype.ts";
import { elementCount, permute, sameShape, stridesOf } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { pickHost, reshapeHost } from "../host.ts";
import { settled } from "../lazy.ts";
import { isActivation } from "../operators/elementwise.ts";
import { findOperator } from "../operators/index.ts";
import { permutationOf } from "../operators/transpose.ts";
import { shapeOf } from "./constants.ts";
import { untilDone } from "./rounds.ts";

const BINARY = new Set(["Add", "Div", "Mul", "Sub"]);

/**
 * Moves transpositions, and squeezes of the sequences that run as images, behind functions of single elements, so that convolutions meet
 * their activations and transpositions meet each other; two in a row become one.
 */
export function sinkTransposes(draft: Draft): number {
  return untilDone(draft, () => joinTransposes(draft) + sinkOnce(draft));
}

function joinTransposes(draft: Draft): number {
  const producers = draft.producers();
  let joined = 0;
  draft.nodes = draft.nodes.map((node) => {
    const before = node.op === "Transpose" ? producers.get(node.inputs[0]) : undefined;
    if (before?.op !== "Transpose") return node;
    joined++;
    const first = permutationOf(draft.view(before));
    const perm = permutationOf(draft.view(node)).map((axis) => first[axis]);
    return { ...node, inputs: [before.inputs[0]], attributes: { perm } };
  });
  return joined;
}

function sinkOnce(draft: Draft): number {
  const producers = draft.producers();
  const uses = draft.useCounts();
  const changes = new Map<GraphNode, GraphNode[]>();
  for (const node of draft.nodes) {
    const mover = node.inputs.map((name) => producers.get(name)).find((producer) => producer && moves(draft, producer));
    if (!mover || !isPointwise(draft, node, mover) || changes.has(mover)) continue;
    const inputs = node.inputs.map((name) => {
      if (name === "") return name;
      const producer = producers.get(name);
      if (producer && isMover(producer) && uses.get(name) === 1 && sameMove(draft, producer, mover))
        return producer.inputs[0];
      return movedBack(draft, name, node, mover);
    });
    if (inputs.includes(undefined)) continue;
    const early = draft.freshName(`${node.outputs[0]}:early`);
    const type = draft.types.get(node.outputs[0])?.type ?? "float32";
    draft.types.set(early, { type, shape: shapeOf(draft, mover.inputs[0]) });
    changes.set(node, [
      { ...node, inputs: inputs as string[], outputs: [early] },
      { ...mover, inputs: [early, ...mover.inputs.slice(1)], outputs: node.outputs },
    ]);
    // Those that fed this node are gone; nothing else may be based on them in this round.
    for (const name of node.inputs) {
      const producer = producers.get(name);
      if (producer && isMover(producer)) changes.set(producer, []);
    }
  }
  draft.nodes = draft.nodes.flatMap((node) => changes.get(node) ?? [node]);
  return changes.size;
}

function moves(draft: Draft, node: GraphNode): boolean {
  if (node.op === "Transpose") return permutationOf(draft.view(node)).some((axis, i) => axis !== i);
  return node.op === "Squeeze";
}

function isMover({ op }: GraphNode): boolean {
  return op === "Transpose" || op === "Squeeze";
}

/** Whether a node computes each element of its result from the elements at the same place. */
function isPointwise(draft: Draft, node: GraphNode, mover: GraphNode): boolean {
  if (isActivation(findOperator(node.op))) return true;
  if (BINARY.has(node.op)) {
    const result = shapeOf(draft, node.outputs[0]);
    return node.inputs.every((name) => draft.constants.has(name) || sameShape(shapeOf(draft, name), result));
  }
  // Where batch and channels stay where they are.
  return node.op === "BatchNormalization" && mover.op === "Squeeze" && squeezedAxes(draft, mover)[0] > 1;
}

function sameMove(draft: Draft, a: GraphNode, b: GraphNode): boolean {
  if (a.op !== b.op || !sameShape(shapeOf(draft, a.inputs[0]), shapeOf(draft, b.inputs[0]))) return false;
  if (a.op === "Squeeze") return sameShape(squeezedAxes(draft, a), squeezedAxes(draft, b));
  return sameShape(permutationOf(draft.view(a)), permutationOf(draft.view(b)));
}

/** The name of a constant operand as it must be in front of `mover`; undefined where there is none such. */
function movedBack(draft: Draft, name: string, node: GraphNode, mover: GraphNode): string | undefined {
  const constant = draft.constants.get(name);
  if (!constant) return undefined;
  if (elementCount(constant.shape) === 1 || node.op === "BatchNormalization") return name;
  const rank = shapeOf(draft, mover.outputs[0]).length;
  if (constant.shape.length > rank) return undefined;
  const shape = [...new Array<number>(rank - constant.shape.length).fill(1), ...constant.shape];
  return draft.addConstant(`${name}:early`, unmoved(draft, { ...settled(constant), shape }, mover));
}

function unmoved(draft: Draft, tensor: HostTensor, mover: GraphNode): HostTensor {
  if (mover.op === "Transpose") {
    const perm = permutationOf(draft.view(mover));
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return pickHost(tensor, permute(tensor.shape, inverse), permute(stridesOf(tensor.shape), inverse));
  }
  // The axes that were squeezed come back; those that are left keep their order.
  const squeezed = squeezedAxes(draft, mover);
  const wide = shapeOf(draft, mover.inputs[0]);
  let next = 0;
  return reshapeHost(
    tensor,
    wide.map((_, axis) => (squeezed.includes(axis) ? 1 : tensor.shape[next++])),
  );
}

function squeezedAxes(draft: Draft, node: GraphNode): number[] {
  const shape = shapeOf(draft, node.inputs[0]);
  const given = node.inputs[1] ? draft.constants.get(node.inputs[1]) : undefined;
  const axes = given ? toIntegers(given) : shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  return axes.map((axis) => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b);
}
