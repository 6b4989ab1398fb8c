import { MalformedModelError } from "../errors.ts";
import { readNames } from "./names.ts";
import type { VersionedNode } from "./opset.ts";
import type { NodeProto } from "./proto-types.ts";

/** Outputs that ONNX lets a model leave out, from this place on. */
const FIRST_OPTIONAL_OUTPUT: Readonly<Record<string, number>> = {
  Attention: 1,
  BatchNormalization: 1,
  Dropout: 1,
  LayerNormalization: 1,
  MaxPool: 1,
  SoftmaxCrossEntropyLoss: 1,
};

/**
 * The nodes that `outputs` need, in an order in which they can run; the names of optional outputs that nobody reads
 * are left blank. `given` are values without a node: inputs and initializers; `isOuter` knows those of the graph around.
 *
 * @throws MalformedModelError for names that nothing gives, names given twice, and cycles.
 */
export function neededNodes(
  nodes: readonly VersionedNode[],
  outputs: readonly string[],
  given: ReadonlySet<string>,
  isOuter: (name: string) => boolean,
): { nodes: VersionedNode[]; read: ReadonlySet<string> } {
  const producers = producersOf(nodes, given);
  const read = new Set<string>();
  const kept = new Set<VersionedNode>();
  const need = (name: string, reader: string): VersionedNode[] => {
    read.add(name);
    const producer = producers.get(name);
    if (!producer && !given.has(name) && !isOuter(name)) {
      throw new MalformedModelError(`${reader} expected a value that the model has, got "${name}"`);
    }
    if (!producer || kept.has(producer)) return [];
    kept.add(producer);
    return [producer];
  };
  const stack = outputs.flatMap((name) => need(name, "model: output"));
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { proto } = node;
    for (const name of readNames(proto)) stack.push(...need(name, `${label(proto)}: input`));
  }
  const ordered = inOrder(
    nodes.filter((node) => kept.has(node)),
    producers,
  );
  return { nodes: ordered.map((node) => ({ ...node, proto: withoutUnread(node.proto, read) })), read };
}

function producersOf(nodes: readonly VersionedNode[], given: ReadonlySet<string>): Map<string, VersionedNode> {
  const producers = new Map<string, VersionedNode>();
  for (const node of nodes) {
    for (const name of node.proto.output) {
      if (name === "") continue;
      if (producers.has(name) || given.has(name)) {
        throw new MalformedModelError(`${label(node.proto)}: output expected a name of its own, got "${name}" again`);
      }
      producers.set(name, node);
    }
  }
  return producers;
}

/** The order of the file where it can run, as it should; otherwise as near to it as possible. */
function inOrder(nodes: readonly VersionedNode[], producers: ReadonlyMap<string, VersionedNode>): VersionedNode[] {
  const done = new Set<VersionedNode>();
  let waiting = nodes;
  while (waiting.length > 0) {
    const later: VersionedNode[] = [];
    for (const node of waiting) {
      const ready = readNames(node.proto).every((name) => {
        const producer = producers.get(name);
        return !producer || done.has(producer);
      });
      if (ready) done.add(node);
      else later.push(node);
    }
    if (later.length === waiting.length) {
      throw new MalformedModelError(
        `model: nodes expected to need no later ones, got a cycle at ${label(later[0].proto)}`,
      );
    }
    waiting = later;
  }
  return [...done];
}

function withoutUnread(node: NodeProto, read: ReadonlySet<string>): NodeProto {
  const first = FIRST_OPTIONAL_OUTPUT[node.opType];
  if (first === undefined) return node;
  return { ...node, output: node.output.map((name, i) => (i < first || read.has(name) ? name : "")) };
}

function label({ opType, name, output }: NodeProto): string {
  return `${opType} "${name || output.find((each) => each !== "")}"`;
}
