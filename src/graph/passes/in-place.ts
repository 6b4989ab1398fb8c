import { bytesPerElement } from "../../dtype.ts";
import { elementCount, normaliseAxis } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { Attribute, GraphNode } from "../graph.ts";
import { CHANNELS_LAST } from "../operators/image.ts";
import { findOperator } from "../operators/index.ts";
import { shapeOf } from "./constants.ts";
import { Lifetimes } from "./lifetimes.ts";

/** Which of a node's images attribute "steps" speaks of. */
const [X, RESIDUAL, Y] = [0, 1, 2];

/**
 * Lets producers write into the concatenation behind them, and readers read out of the split before them, without copies: along an
 * axis before which all extents are 1 the parts are dense; along the channels of a channels-last image they are if all who touch them
 * take a step from pixel to pixel. Never where that would make the memory larger.
 */
export function concatInPlace(draft: Draft): number {
  return new InPlacePass(draft).run();
}

/** An input of a concatenation that might lie in it, by way of the value `root`. */
interface Candidate {
  readonly input: number;
  readonly root: string;
}

class InPlacePass {
  readonly #draft: Draft;
  readonly #producers: ReadonlyMap<string, GraphNode>;
  readonly #readers = new Map<string, GraphNode[]>();
  readonly #lifetimes: Lifetimes;
  readonly #changed = new Map<GraphNode, Record<string, Attribute>>();
  /** Values that lie in others already, or that others lie in by pixel. */
  readonly #taken = new Set<string>();

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#producers = draft.producers();
    for (const node of draft.nodes) {
      for (const name of node.inputs) this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
    }
    this.#lifetimes = new Lifetimes(draft);
  }

  run(): number {
    let changes = 0;
    const { nodes } = this.#draft;
    // From the end: what lies in a concatenation takes along what lies in it.
    for (const node of nodes.toReversed()) if (node.op === "Concat") changes += this.#concat(node);
    for (const node of nodes) if (node.op === "Split" || node.op === "Slice") changes += this.#views(node);
    this.#draft.nodes = nodes.map((node) => {
      const attributes = this.#changed.get(node);
      return attributes ? { ...node, attributes: { ...node.attributes, ...attributes } } : node;
    });
    return changes;
  }

  #concat(node: GraphNode): number {
    const whole = node.outputs[0];
    const shape = shapeOf(this.#draft, whole);
    const axis = normaliseAxis((node.attributes["axis"] as number | undefined) ?? 1, shape.length) ?? 0;
    const dense = elementCount(shape.slice(0, axis)) === 1;
    if (elementCount(shape) === 0 || (!dense && axis !== shape.length - 1)) return 0;
    const candidates = node.inputs.flatMap((name, input) => {
      const root = dense ? this.#densePart(name) : this.#pixelPart(name, node);
      return root === undefined ? [] : [{ input, root }];
    });
    const placed = this.#join(candidates, whole);
    if (placed.length === 0) return 0;
    if (!dense) for (const { root } of placed) this.#writeByPixel(root, node, this.#stepOf(whole) || shape[axis]);
    this.#change(node, { inPlace: placed.map(({ input }) => input).sort((p, q) => p - q) });
    return placed.length;
  }

  /** Lets all candidates lie in `whole`, or as many as one may, the latest first. A value can lie in one place only. */
  #join(candidates: readonly Candidate[], whole: string): Candidate[] {
    const first = candidates.filter(({ root }, i) => candidates.findIndex((other) => other.root === root) === i);
    const roots = first.map(({ root }) => root);
    const placed = this.#lifetimes.join(roots, whole)
      ? first
      : first.toReversed().filter(({ root }) => this.#lifetimes.join([root], whole));
    for (const { root } of placed) this.#taken.add(root);
    return placed;
  }

  /** The value that would be a dense part: its producer need not know. */
  #densePart(name: string): string | undefined {
    const root = this.#unreshaped(name);
    if (root === undefined || this.#taken.has(root) || this.#draft.constants.has(root)) return undefined;
    return this.#bytes(root) === 0 ? undefined : root;
  }

  /** The value that this one is under another shape; undefined if that is a part of a third. */
  #unreshaped(name: string): string | undefined {
    let root = name;
    for (let node = this.#producers.get(root); node; node = this.#producers.get(root)) {
      const lowered = this.#lifetimes.loweredMove(node);
      if (lowered !== undefined && lowered !== "alias" && !lowered.prepared) return undefined;
      if (lowered !== "alias") break;
      root = node.inputs[0];
    }
    return root;
  }

  /** The value itself, if all who touch it can take a step from pixel to pixel. */
  #pixelPart(name: string, concat: GraphNode): string | undefined {
    const producer = this.#producers.get(name);
    const once = concat.inputs.filter((input) => input === name).length === 1;
    if (!producer || !once || this.#taken.has(name) || this.#draft.outputs.includes(name)) return undefined;
    const fits =
      producer.outputs[0] === name && this.#takesSteps(producer, Y) && this.#canRead(this.#others(name, concat), name);
    return fits ? name : undefined;
  }

  #writeByPixel(name: string, concat: GraphNode, step: number): void {
    this.#setStep(this.#producers.get(name)!, Y, step);
    this.#setReaders(this.#others(name, concat), name, step);
  }

  #others(name: string, concat: GraphNode): GraphNode[] {
    return (this.#readers.get(name) ?? []).filter((reader) => reader !== concat);
  }

  /** Lets the channels that a node picks from an image stay where they are. */
  #views(node: GraphNode): number {
    const [whole] = node.inputs;
    const shape = shapeOf(this.#draft, whole);
    const parts = node.outputs.filter((name) => name !== "");
    if (!this.#picksChannels(node) || this.#draft.constants.has(whole) || elementCount(shape) === 0) return 0;
    const readers = (name: string) => this.#readers.get(name) ?? [];
    const fit = parts.every(
      (name) => !this.#taken.has(name) && !this.#draft.outputs.includes(name) && this.#canRead(readers(name), name),
    );
    if (!fit || !this.#lifetimes.join(parts, whole)) return 0;
    const step = this.#stepOf(whole) || shape[shape.length - 1];
    for (const name of parts) {
      this.#setReaders(readers(name), name, step);
      this.#taken.add(name);
    }
    this.#change(node, { views: 1 });
    return parts.length;
  }

  /** Whether a node's outputs are some neighbouring channels of a dense channels-last image. */
  #picksChannels({ op, inputs, outputs, attributes }: GraphNode): boolean {
    const from = shapeOf(this.#draft, inputs[0]);
    if (from.length !== 4 || !this.#draft.channelsLast.has(inputs[0]) || this.#stepOf(inputs[0])) return false;
    if (op === "Split") return normaliseAxis((attributes["axis"] as number | undefined) ?? 0, 4) === 3;
    const to = shapeOf(this.#draft, outputs[0]);
    const steps = inputs[4] ? this.#draft.constants.get(inputs[4]) : undefined;
    const forward = !inputs[4] || (steps !== undefined && Array.from(steps.data, Number).every((step) => step === 1));
    return forward && from.slice(0, 3).join() === to.slice(0, 3).join();
  }

  /** The step with which a value is written, 0 if it is dense. */
  #stepOf(name: string): number {
    const producer = this.#producers.get(name);
    const steps = producer && (this.#changed.get(producer)?.["steps"] as readonly number[] | undefined);
    return steps?.[Y] ?? 0;
  }

  #canRead(readers: readonly GraphNode[], name: string): boolean {
    return readers.every((reader) => {
      const places = placesOf(name, reader);
      if (reader.op === "Concat") return this.#takesSteps(reader, X);
      return places.every(
        (i) => (i === 0 || (i === 3 && reader.op === "Conv")) && this.#takesSteps(reader, i && RESIDUAL),
      );
    });
  }

  #takesSteps(node: GraphNode, which: number): boolean {
    const isImage = node.op === "Concat" ? this.#joinsChannels(node) : node.attributes["layout"] === CHANNELS_LAST;
    return isImage && (findOperator(node.op)?.takesSteps?.(this.#draft.view(node), which) ?? false);
  }

  #joinsChannels({ inputs, outputs, attributes }: GraphNode): boolean {
    const { channelsLast } = this.#draft;
    return (
      [...inputs, ...outputs].every((name) => channelsLast.has(name)) &&
      normaliseAxis(Number(attributes["axis"]), 4) === 3
    );
  }

  #setReaders(readers: readonly GraphNode[], name: string, step: number): void {
    for (const reader of readers) {
      if (reader.op === "Concat") {
        const steps = [...((this.#changed.get(reader)?.["inputSteps"] as readonly number[] | undefined) ?? [])];
        for (const i of placesOf(name, reader)) steps[i] = step;
        this.#change(reader, { inputSteps: Array.from(reader.inputs, (_, i) => steps[i] ?? 0) });
        continue;
      }
      if (reader.inputs[0] === name) this.#setStep(reader, X, step);
      if (reader.inputs[3] === name) this.#setStep(reader, RESIDUAL, step);
    }
  }

  #setStep(node: GraphNode, which: number, step: number): void {
    const steps = [...((this.#changed.get(node)?.["steps"] as readonly number[] | undefined) ?? [0, 0, 0])];
    steps[which] = step;
    this.#change(node, { steps });
  }

  #change(node: GraphNode, attributes: Record<string, Attribute>): void {
    this.#changed.set(node, { ...this.#changed.get(node), ...attributes });
  }

  #bytes(name: string): number {
    const { type, shape } = this.#draft.types.get(name)!;
    return elementCount(shape) * bytesPerElement(type);
  }
}

/** Which inputs of a node a value is. */
function placesOf(name: string, { inputs }: GraphNode): number[] {
  return inputs.flatMap((input, i) => (input === name ? [i] : []));
}
