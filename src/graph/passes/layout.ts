import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { int64Vector } from "../host.ts";
import { isActivation } from "../operators/elementwise.ts";
import { CHANNELS_LAST } from "../operators/image.ts";
import { findOperator, MORE } from "../operators/index.ts";

export const TO_LAST: readonly number[] = [0, 2, 3, 1];
export const TO_FIRST: readonly number[] = [0, 3, 1, 2];

/** Kernels of these work on channels-last images only; input 0 and output 0 (and a fused residual) are images. */
const IMAGE_OPERATORS = new Set(["AveragePool", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"]);

/**
 * Turns images channels last. Every value that an image operator computes lives channels last only; pointwise operators follow
 * their operands; a conversion is made where a value is read in the other layout, once.
 */
export function moveChannelsLast(draft: Draft): number {
  return new (draft.needsMore ? MORE.loaded.FurtherLayout : Layout)(draft).run();
}

/** The pass at work, for plain networks. */
export class Layout {
  protected readonly draft: Draft;
  /** Name of the channels-last form of a value. */
  protected readonly last = new Map<string, string>();
  /** Values that exist channels first: inputs, constants, and results of other operators. */
  protected readonly first: Set<string>;
  readonly #nodes: GraphNode[] = [];

  constructor(draft: Draft) {
    this.draft = draft;
    this.first = new Set([...draft.inputs, ...draft.constants.keys()]);
  }

  run(): number {
    const { draft } = this;
    for (const node of draft.nodes) this.visit(node);
    for (const output of draft.outputs) this.channelsFirst(output);
    for (const name of this.last.values()) if (!this.first.has(name)) draft.channelsLast.add(name);
    draft.nodes = this.#nodes;
    return this.last.size;
  }

  protected visit(node: GraphNode): void {
    if (this.isForImages(node.op) && this.#rank(node.inputs[0]) === 4) this.#image(node);
    else if (this.isOfImages(node) && this.followsOperands(node)) this.pointwise(node);
    else this.#other(node);
  }

  #image(node: GraphNode): void {
    const inputs = node.inputs.map((name, i) =>
      i === 0 || (i === 3 && node.op === "Conv") ? this.channelsLast(name) : this.channelsFirst(name),
    );
    this.emitLast({ ...node, inputs, attributes: { ...node.attributes, layout: CHANNELS_LAST } });
  }

  /** Works on channels-last images only. */
  protected isForImages(op: string): boolean {
    return IMAGE_OPERATORS.has(op);
  }

  /** The axis that an operator works along if no attribute names one; undefined where there is no such axis. */
  protected defaultAxis(op: string): number | undefined {
    return op === "Softmax" || op === "LogSoftmax" ? -1 : undefined;
  }

  /** Whether only input 0 is an image. */
  protected takesOneImage(op: string): boolean {
    return op === "Clip";
  }

  /** Works on any layout, as long as all operands share it. */
  protected isPointwise(op: string): boolean {
    return op === "Add" || op === "Identity" || isActivation(findOperator(op));
  }

  /** Whether a node computes images, and its attributes say nothing that speaks of another layout. */
  protected isOfImages({ outputs, attributes }: GraphNode): boolean {
    if (attributes["trailing"] || attributes["block_size"]) return false;
    return outputs.every((name) => name === "" || this.#rank(name) === 4);
  }

  /** Whether a node runs in the layout of its operands, and at least half of what varies of these is channels last already. */
  protected followsOperands({ op, inputs }: GraphNode): boolean {
    if (!this.isPointwise(op) && this.defaultAxis(op) === undefined) return false;
    const images = this.takesOneImage(op) ? inputs.slice(0, 1) : inputs;
    const varying = images.filter((name) => !this.isKnown(name) && this.#rank(name) === 4);
    const last = varying.filter((name) => this.last.has(name));
    return last.length > 0 && last.length * 2 >= varying.length;
  }

  protected pointwise(node: GraphNode): void {
    const { op, attributes } = node;
    const inputs = node.inputs.map((name, i) => (i > 0 && this.takesOneImage(op) ? name : this.operand(name)));
    const axis = this.defaultAxis(op);
    const given = attributes["axis"] as number | undefined;
    const moved = axis === undefined ? attributes : { ...attributes, axis: lastAxis(given ?? axis) };
    this.emitLast({ ...node, inputs, attributes: moved });
  }

  /** An operand that is channels last; a value of one element fits any layout. */
  protected operand(name: string): string {
    const isScalar = this.first.has(name) && this.draft.types.get(name)?.shape.every((extent) => extent === 1);
    return name === "" || isScalar ? name : this.channelsLast(name);
  }

  protected isKnown(name: string): boolean {
    return name === "" || this.draft.constants.has(name);
  }

  #other(node: GraphNode): void {
    this.emit({ ...node, inputs: node.inputs.map((name) => this.channelsFirst(name)) });
    for (const output of node.outputs) this.first.add(output);
  }

  /** Emits a node that computes the channels-last forms of its outputs. */
  protected emitLast(node: GraphNode): void {
    const outputs = node.outputs.map((name) => {
      if (name === "") return "";
      const last = this.draft.freshName(`${name}:nhwc`);
      this.last.set(name, last);
      return last;
    });
    this.emit({ ...node, name: node.name || node.outputs[0], outputs });
  }

  protected emit(node: GraphNode): void {
    this.#nodes.push(node);
  }

  #convert(from: string, to: string, perm: readonly number[], name: string): void {
    this.emit({ op: "Transpose", name, inputs: [from], outputs: [to], attributes: { perm } });
  }

  protected channelsLast(name: string): string {
    const known = this.last.get(name);
    if (known) return known;
    const last = this.draft.freshName(`${name}:nhwc`);
    this.#convert(this.#widen(name), last, TO_LAST, `${name} to nhwc`);
    this.last.set(name, last);
    return last;
  }

  /** A value of lower rank as one of rank 4, for broadcasting. */
  #widen(name: string): string {
    const missing = 4 - this.#rank(name);
    if (missing === 0) return name;
    const axes = Array.from({ length: missing }, (_, i) => i);
    const constant = this.draft.addConstant(`${name}:axes`, int64Vector(axes));
    const wide = this.draft.freshName(`${name}:rank4`);
    this.emit({
      op: "Unsqueeze",
      name: `${name} to rank 4`,
      inputs: [name, constant],
      outputs: [wide],
      attributes: {},
    });
    return wide;
  }

  protected channelsFirst(name: string): string {
    if (name === "" || this.first.has(name)) return name;
    this.#convert(this.last.get(name) as string, name, TO_FIRST, `${name} to nchw`);
    this.first.add(name);
    return name;
  }

  #rank(name: string): number {
    return this.draft.types.get(name)?.shape.length ?? -1;
  }
}

/** Where an axis of a channels-first image lies when it is channels last. */
export function lastAxis(axis: number): number {
  return TO_LAST.indexOf(axis < 0 ? axis + 4 : axis);
}
