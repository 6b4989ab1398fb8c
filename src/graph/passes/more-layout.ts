import { toIntegers } from "../../dtype.ts";
import { permute } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { int64Vector } from "../host.ts";
import { reshapeNode, shapeOf } from "./constants.ts";
import { Layout, lastAxis, TO_FIRST, TO_LAST } from "./layout.ts";
import { findShuffles, type Shuffle } from "./shuffle.ts";

/** Besides what plain networks have, what works on channels-last images only. */
const IMAGE_OPERATORS = new Set(
  (
    "ConvInteger ConvTranspose DepthToSpace GlobalLpPool GroupNormalization InstanceNormalization LpPool LRN QLinearConv Resize " +
    "SpaceToDepth"
  ).split(" "),
);

/** What works along one axis that an attribute names, with this default. */
const DEFAULT_AXES: Readonly<Record<string, number>> = {
  Concat: 1,
  DequantizeLinear: 1,
  Hardmax: -1,
  LpNormalization: -1,
  QuantizeLinear: 1,
  Split: 0,
};

/** Of these only input 0 is an image. */
const ONE_IMAGE = new Set(["DequantizeLinear", "QuantizeLinear", "Split"]);

/** Besides what plain networks have, what works on any layout, as long as all operands share it. */
const POINTWISE = new Set(
  (
    "Add And Cast Div Equal Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max Mean Min Mod Mul Not Or Pow " +
    "PRelu Shrink Sub Sum Where Xor lanewise.FakeQuantize"
  ).split(" "),
);

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

/** The pass at work, for all other networks. */
export class FurtherLayout extends Layout {
  readonly #shuffles: ReadonlyMap<GraphNode, Shuffle>;

  constructor(draft: Draft) {
    super(draft);
    this.#shuffles = findShuffles(draft);
  }

  protected override visit(node: GraphNode): void {
    const shuffle = this.#shuffles.get(node);
    if (shuffle && this.last.has(shuffle.input)) this.#shuffle(node, shuffle);
    else if (node.op === "Transpose" && this.last.has(node.inputs[0])) this.#transpose(node);
    else if (node.op === "Transpose" && isToFirst(node)) this.#transposeToFirst(node);
    else if (!this.#reduce(node)) super.visit(node);
  }

  protected override isForImages(op: string): boolean {
    return IMAGE_OPERATORS.has(op) || super.isForImages(op);
  }

  protected override defaultAxis(op: string): number | undefined {
    return DEFAULT_AXES[op] ?? super.defaultAxis(op);
  }

  protected override takesOneImage(op: string): boolean {
    return ONE_IMAGE.has(op) || super.takesOneImage(op);
  }

  protected override isPointwise(op: string): boolean {
    return POINTWISE.has(op) || super.isPointwise(op);
  }

  protected override followsOperands(node: GraphNode): boolean {
    const { op, inputs } = node;
    if (!(op in AXES_INPUT) && !EXTENTS_INPUT.has(op)) return super.followsOperands(node);
    return this.last.has(inputs[0]) && inputs.every((name, i) => i === 0 || i === 2 || this.isKnown(name));
  }

  protected override pointwise(node: GraphNode): void {
    const { op, outputs } = node;
    if (!(op in AXES_INPUT) && !EXTENTS_INPUT.has(op)) {
      super.pointwise(node);
      return;
    }
    const inputs = node.inputs.map((name, i) => (i > 0 ? name : this.operand(name)));
    if (op in AXES_INPUT) {
      const count = this.#known(node.inputs[1])!.length / AXES_INPUT[op].valuesPerAxis;
      const axes = this.#known(node.inputs[3]) ?? Array.from({ length: count }, (_, i) => i);
      while (inputs.length < 3) inputs.push("");
      inputs[3] = this.draft.addConstant(`${outputs[0]}:axes`, int64Vector(axes.map(lastAxis)));
    } else {
      const extents = this.#known(node.inputs[1])!;
      const all = [...new Array<number>(4 - extents.length).fill(1), ...extents];
      inputs[1] = this.draft.addConstant(`${outputs[0]}:extents`, int64Vector(permute(all, TO_LAST)));
    }
    this.emitLast({ ...node, inputs });
  }

  #known(name: string | undefined): number[] | undefined {
    const constant = name ? this.draft.constants.get(name) : undefined;
    return constant && toIntegers(constant);
  }

  /** The same shuffle of the last axis; the nodes that led to it, which work on channels first, are dead then. */
  #shuffle(node: GraphNode, { input, groups }: Shuffle): void {
    const image = this.last.get(input) as string;
    const [N, C, H, W] = shapeOf(this.draft, input);
    const [apart, turned] = ["apart", "turned"].map((what) => this.draft.freshName(`${node.outputs[0]}:${what}`));
    this.emit(reshapeNode(this.draft, image, apart, [N, H, W, groups, C / groups]));
    const attributes = { perm: [0, 1, 2, 4, 3] };
    this.emit({ op: "Transpose", name: node.name, inputs: [apart], outputs: [turned], attributes });
    this.emitLast({ ...reshapeNode(this.draft, turned, node.outputs[0], [N, H, W, C]), name: node.name });
  }

  /** A permutation of a value that exists channels last is one of that form; often none at all. */
  #transpose(node: GraphNode): void {
    const permutation = (node.attributes["perm"] as readonly number[] | undefined) ?? [3, 2, 1, 0];
    const perm = permutation.map((axis) => TO_LAST.indexOf(axis));
    this.emit({ ...node, inputs: [this.last.get(node.inputs[0]) as string], attributes: { perm } });
    this.first.add(node.outputs[0]);
  }

  /** The channels-last form of what becomes channels first is there already. */
  #transposeToFirst(node: GraphNode): void {
    this.last.set(node.outputs[0], this.channelsFirst(node.inputs[0]));
  }

  /** A reduction of a channels-last value, over the axes where they lie now; false if the result would have another order. */
  #reduce(node: GraphNode): boolean {
    const last = this.last.get(node.inputs[0]);
    const axes = last && this.#reducedAxes(node);
    if (!axes) return false;
    const moved = axes.map(lastAxis);
    const keeps = ((node.attributes["keepdims"] as number | undefined) ?? 1) !== 0;
    const left = [0, 1, 2, 3].map(lastAxis).filter((axis) => !moved.includes(axis));
    const isFloat = REDUCTIONS.has(node.op);
    // Only an image of floats is quickly converted afterwards.
    if (!(keeps && isFloat) && left.some((axis, i) => axis < left[i - 1])) return false;
    const reduced: GraphNode = isFloat
      ? { ...node, inputs: [last, this.draft.addConstant(`${node.outputs[0]}:axes`, int64Vector(moved))] }
      : { ...node, inputs: [last], attributes: { ...node.attributes, axis: moved[0] } };
    if (keeps) this.emitLast(reduced);
    else {
      this.emit(reduced);
      this.first.add(node.outputs[0]);
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
}

function isToFirst({ attributes }: GraphNode): boolean {
  const permutation = attributes["perm"];
  return Array.isArray(permutation) && permutation.join() === TO_FIRST.join();
}
