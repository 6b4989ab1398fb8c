import { toIntegers } from "../../dtype.ts";
import { permute, type Shape, stridesOf } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { Attribute, GraphNode } from "../graph.ts";
import { int64Vector, pickHost } from "../host.ts";
import { isActivation } from "../operators/elementwise.ts";
import { CHANNELS_LAST } from "../operators/image.ts";
import { findOperator } from "../operators/index.ts";
import { reshapeNode, shapeOf } from "./constants.ts";
import { findShuffles, type Shuffle } from "./shuffle.ts";

const TO_LAST = [0, 2, 3, 1];
const TO_FIRST = [0, 3, 1, 2];

/** Kernels of these work on channels-last images only; input 0 and output 0 (and a fused residual) are images. */
const IMAGE_OPERATORS = new Set([
  "AveragePool",
  "Conv",
  "ConvInteger",
  "ConvTranspose",
  "DepthToSpace",
  "GlobalAveragePool",
  "GlobalLpPool",
  "GlobalMaxPool",
  "GroupNormalization",
  "InstanceNormalization",
  "LpPool",
  "LRN",
  "MaxPool",
  "QLinearConv",
  "Resize",
  "SpaceToDepth",
]);

/** Besides activations, what works on any layout, as long as all operands share it. */
const POINTWISE = new Set(
  (
    "Add And Cast Div Equal Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max Mean Min Mod Mul Not Or Pow " +
    "PRelu Shrink Sub Sum Where Xor lanewise.FakeQuantize"
  ).split(" "),
);

/** Work along one axis that an attribute names, with this default. */
const AXIS_DEFAULTS: Readonly<Record<string, number>> = {
  Concat: 1,
  DequantizeLinear: 1,
  Hardmax: -1,
  LogSoftmax: -1,
  LpNormalization: -1,
  QuantizeLinear: 1,
  Softmax: -1,
  Split: 0,
};

/** Reduce axes that input 1 names, or all. */
const REDUCTIONS = new Set(
  "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split(" ").map((kind) => `Reduce${kind}`),
);

/** Input 3 names their axes; without it they are the first ones, as many as input 1 has values for. */
const AXES_INPUT: Readonly<Record<string, { valuesPerAxis: number }>> = {
  Slice: { valuesPerAxis: 1 },
  Pad: { valuesPerAxis: 2 },
};

/** Input 1 has one value for each of the last axes. */
const EXTENTS_INPUT = new Set(["Expand", "Tile"]);

/** Of these only input 0 is an image. */
const ONE_IMAGE = new Set([
  "Clip",
  "DequantizeLinear",
  "QuantizeLinear",
  "Split",
  ...Object.keys(AXES_INPUT),
  ...EXTENTS_INPUT,
]);

/**
 * Turns images channels last. Every value that an image operator computes lives channels last only; pointwise operators follow
 * their operands; a conversion is made where a value is read in the other layout, once.
 */
export function moveChannelsLast(draft: Draft): number {
  return new LayoutPass(draft).run();
}

class LayoutPass {
  readonly #draft: Draft;
  readonly #nodes: GraphNode[] = [];
  /** Name of the channels-last form of a value. */
  readonly #last = new Map<string, string>();
  /** Values that exist channels first: inputs, constants, and results of other operators. */
  readonly #first: Set<string>;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#first = new Set([...draft.inputs, ...draft.constants.keys()]);
  }

  run(): number {
    const shuffles = findShuffles(this.#draft);
    for (const node of this.#draft.nodes) {
      const shuffle = shuffles.get(node);
      if (shuffle && this.#last.has(shuffle.input)) this.#shuffle(node, shuffle);
      else if (IMAGE_OPERATORS.has(node.op) && this.#rank(node.inputs[0]) === 4) this.#image(node);
      else if (this.#followsOperands(node)) this.#pointwise(node);
      else if (node.op === "Transpose" && this.#last.has(node.inputs[0])) this.#transpose(node);
      else if (node.op === "Transpose" && isToFirst(node)) this.#transposeToFirst(node);
      else if (!this.#reduce(node)) this.#other(node);
    }
    for (const output of this.#draft.outputs) this.#channelsFirst(output);
    for (const name of this.#last.values()) if (!this.#first.has(name)) this.#draft.channelsLast.add(name);
    this.#draft.nodes = this.#nodes;
    return this.#last.size;
  }

  #image(node: GraphNode): void {
    const inputs = node.inputs.map((name, i) =>
      i === 0 || (i === 3 && node.op === "Conv") ? this.#channelsLast(name) : this.#channelsFirst(name),
    );
    this.#emitLast({ ...node, inputs, attributes: { ...node.attributes, layout: CHANNELS_LAST } });
  }

  #followsOperands({ op, inputs, outputs, attributes }: GraphNode): boolean {
    if (!POINTWISE.has(op) && !isActivation(findOperator(op)) && !(op in AXIS_DEFAULTS) && !ONE_IMAGE.has(op))
      return false;
    if (attributes["trailing"] || attributes["block_size"]) return false;
    if (outputs.some((name) => name && this.#rank(name) !== 4)) return false;
    const isKnown = (name: string) => name === "" || this.#draft.constants.has(name);
    if (op in AXES_INPUT || EXTENTS_INPUT.has(op)) {
      const axesKnown = inputs.every((name, i) => i === 0 || i === 2 || isKnown(name));
      return axesKnown && this.#last.has(inputs[0]);
    }
    // At least half of what varies must be channels last already.
    const images = ONE_IMAGE.has(op) ? inputs.slice(0, 1) : inputs;
    const varying = images.filter((name) => !isKnown(name) && this.#rank(name) === 4);
    const last = varying.filter((name) => this.#last.has(name));
    return last.length > 0 && last.length * 2 >= varying.length;
  }

  #pointwise(node: GraphNode): void {
    const inputs = node.inputs.map((name, i) =>
      name === "" || (i > 0 && ONE_IMAGE.has(node.op)) || this.#isScalar(name) ? name : this.#channelsLast(name),
    );
    const attributes: Record<string, Attribute> = { ...node.attributes };
    if (node.op in AXIS_DEFAULTS) {
      const axis = (attributes["axis"] as number | undefined) ?? AXIS_DEFAULTS[node.op];
      attributes["axis"] = lastAxis(axis);
    } else if (node.op in AXES_INPUT) {
      const count = this.#known(node.inputs[1])!.length / AXES_INPUT[node.op].valuesPerAxis;
      const axes = this.#known(node.inputs[3]) ?? Array.from({ length: count }, (_, i) => i);
      while (inputs.length < 3) inputs.push("");
      inputs[3] = this.#draft.addConstant(`${node.outputs[0]}:axes`, int64Vector(axes.map(lastAxis)));
    } else if (EXTENTS_INPUT.has(node.op)) {
      const extents = this.#known(node.inputs[1])!;
      const all = [...new Array<number>(4 - extents.length).fill(1), ...extents];
      inputs[1] = this.#draft.addConstant(`${node.outputs[0]}:extents`, int64Vector(permute(all, TO_LAST)));
    }
    this.#emitLast({ ...node, inputs, attributes });
  }

  #known(name: string | undefined): number[] | undefined {
    const constant = name ? this.#draft.constants.get(name) : undefined;
    return constant && toIntegers(constant);
  }

  /** The same shuffle of the last axis; the nodes that led to it, which work on channels first, are dead then. */
  #shuffle(node: GraphNode, { input, groups }: Shuffle): void {
    const image = this.#last.get(input) as string;
    const [N, C, H, W] = shapeOf(this.#draft, input);
    const [apart, turned] = ["apart", "turned"].map((what) => this.#draft.freshName(`${node.outputs[0]}:${what}`));
    this.#emit(reshapeNode(this.#draft, image, apart, [N, H, W, groups, C / groups]));
    const attributes = { perm: [0, 1, 2, 4, 3] };
    this.#emit({ op: "Transpose", name: node.name, inputs: [apart], outputs: [turned], attributes });
    this.#emitLast({ ...reshapeNode(this.#draft, turned, node.outputs[0], [N, H, W, C]), name: node.name });
  }

  /** A permutation of a value that exists channels last is one of that form; often none at all. */
  #transpose(node: GraphNode): void {
    const permutation = (node.attributes["perm"] as readonly number[] | undefined) ?? [3, 2, 1, 0];
    const perm = permutation.map((axis) => TO_LAST.indexOf(axis));
    this.#emit({ ...node, inputs: [this.#last.get(node.inputs[0]) as string], attributes: { perm } });
    this.#first.add(node.outputs[0]);
  }

  /** The channels-last form of what becomes channels first is there already. */
  #transposeToFirst(node: GraphNode): void {
    this.#last.set(node.outputs[0], this.#channelsFirst(node.inputs[0]));
  }

  /** A reduction of a channels-last value, over the axes where they lie now; false if the result would have another order. */
  #reduce(node: GraphNode): boolean {
    const last = this.#last.get(node.inputs[0]);
    const axes = last && this.#reducedAxes(node);
    if (!axes) return false;
    const moved = axes.map(lastAxis);
    const keeps = ((node.attributes["keepdims"] as number | undefined) ?? 1) !== 0;
    const left = [0, 1, 2, 3].map(lastAxis).filter((axis) => !moved.includes(axis));
    const isFloat = REDUCTIONS.has(node.op);
    // Only an image of floats is quickly converted afterwards.
    if (!(keeps && isFloat) && left.some((axis, i) => axis < left[i - 1])) return false;
    const reduced: GraphNode = isFloat
      ? { ...node, inputs: [last, this.#draft.addConstant(`${node.outputs[0]}:axes`, int64Vector(moved))] }
      : { ...node, inputs: [last], attributes: { ...node.attributes, axis: moved[0] } };
    if (keeps) this.#emitLast(reduced);
    else {
      this.#emit(reduced);
      this.#first.add(node.outputs[0]);
    }
    return true;
  }

  /** The axes, if they are known, of an operator that reduces some. */
  #reducedAxes({ op, inputs, attributes }: GraphNode): number[] | undefined {
    if (op === "ArgMax" || op === "ArgMin") return [(attributes["axis"] as number | undefined) ?? 0];
    if (!REDUCTIONS.has(op)) return undefined;
    const given = inputs[1] ? this.#known(inputs[1]) : [];
    if (given?.length === 0) return attributes["noop_with_empty_axes"] ? undefined : [0, 1, 2, 3];
    return given;
  }

  #other(node: GraphNode): void {
    this.#emit({ ...node, inputs: node.inputs.map((name) => (name === "" ? "" : this.#channelsFirst(name))) });
    for (const output of node.outputs) this.#first.add(output);
  }

  /** Emits a node that computes the channels-last forms of its outputs. */
  #emitLast(node: GraphNode): void {
    const outputs = node.outputs.map((name) => {
      if (name === "") return "";
      const last = this.#draft.freshName(`${name}:nhwc`);
      this.#last.set(name, last);
      return last;
    });
    this.#emit({ ...node, outputs });
  }

  #emit(node: GraphNode): void {
    this.#nodes.push(node);
  }

  #channelsLast(name: string): string {
    const known = this.#last.get(name);
    if (known) return known;
    const constant = this.#draft.constants.get(name);
    let last: string;
    if (constant) {
      const shape: Shape = [...new Array<number>(4 - constant.shape.length).fill(1), ...constant.shape];
      const result = pickHost(constant, permute(shape, TO_LAST), permute(stridesOf(shape), TO_LAST));
      last = this.#draft.addConstant(`${name}:nhwc`, result);
    } else {
      last = this.#draft.freshName(`${name}:nhwc`);
      const widened = this.#widen(name);
      this.#emit({
        op: "Transpose",
        name: `${name} to nhwc`,
        inputs: [widened],
        outputs: [last],
        attributes: { perm: TO_LAST },
      });
    }
    this.#last.set(name, last);
    return last;
  }

  /** A value of lower rank as one of rank 4, for broadcasting. */
  #widen(name: string): string {
    const missing = 4 - this.#rank(name);
    if (missing === 0) return name;
    const axes = Array.from({ length: missing }, (_, i) => BigInt(i));
    const constant = this.#draft.addConstant(`${name}:axes`, {
      type: "int64",
      shape: [missing],
      data: BigInt64Array.from(axes),
    });
    const wide = this.#draft.freshName(`${name}:rank4`);
    this.#emit({
      op: "Unsqueeze",
      name: `${name} to rank 4`,
      inputs: [name, constant],
      outputs: [wide],
      attributes: {},
    });
    return wide;
  }

  #channelsFirst(name: string): string {
    if (name === "" || this.#first.has(name)) return name;
    const last = this.#last.get(name) as string;
    this.#emit({
      op: "Transpose",
      name: `${name} to nchw`,
      inputs: [last],
      outputs: [name],
      attributes: { perm: TO_FIRST },
    });
    this.#first.add(name);
    return name;
  }

  #rank(name: string): number {
    return this.#draft.types.get(name)?.shape.length ?? -1;
  }

  /** Whether a value of one element exists under its own name: then it fits any layout. */
  #isScalar(name: string): boolean {
    if (!this.#first.has(name)) return false;
    return this.#draft.types.get(name)?.shape.every((extent) => extent === 1) ?? false;
  }
}

function isToFirst({ attributes }: GraphNode): boolean {
  const permutation = attributes["perm"];
  return Array.isArray(permutation) && permutation.join() === TO_FIRST.join();
}

/** Where an axis of a channels-first image lies when it is channels last. */
function lastAxis(axis: number): number {
  return TO_LAST.indexOf(axis < 0 ? axis + 4 : axis);
}
