import type { HostTensor } from "../../dtype.ts";
import { toFloat32 } from "../../half.ts";
import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { LazyTensor } from "../lazy.ts";
import { float32, shapeOf } from "./constants.ts";

/** A constant of floating point as float32 elements. */
export function floatsOf(tensor: HostTensor | undefined): Float32Array | undefined {
  return tensor?.type.includes("float") ? toFloat32(tensor) : undefined;
}

/** y = scale * x + shift for each channel, in float64. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** How the weights of a node divide into output channels. */
interface Weights {
  readonly filter: HostTensor;
  readonly channels: number;
  /** So many elements of the filter that follow each other are of one channel. */
  readonly run: number;
  /** The channel of each run, in order. */
  readonly channelOf: (run: number) => number;
  /** The bias as one value for each channel; undefined if there is none. */
  readonly bias: ArrayLike<number> | undefined;
  /** What the node is with weights and bias in inputs 1 and 2. */
  readonly rest: Partial<GraphNode>;
}

/** The axis of a linear node's output along which its channels lie; undefined for other nodes. */
export function channelAxis(draft: Draft, node: GraphNode | undefined): number | undefined {
  if (node?.op === "MatMul") return shapeOf(draft, node.outputs[0]).length - 1;
  return node && node.op in RULES ? 1 : undefined;
}

/**
 * The convolution, transposed convolution or product that also does what `affine` does behind it, under the output name `output`: its
 * weights are multiplied in float64 and rounded once. undefined if its weights are not known, or it has a residual or an activation.
 */
export function scaleFilter(draft: Draft, node: GraphNode, affine: Affine, output: string): GraphNode | undefined {
  const { scale, shift } = affine;
  if (node.inputs[3] || node.attributes["epilogue"]) return undefined;
  const weights = RULES[node.op]?.(draft, node);
  if (!weights || weights.channels !== scale.length) return undefined;
  const { filter, bias, rest } = weights;
  const plain = scale.every((factor) => factor === 1);
  const biases = Float32Array.from(shift, (value, c) => value + (bias ? bias[c] * scale[c] : 0));
  const inputs = [
    node.inputs[0],
    plain
      ? node.inputs[1]
      : draft.addConstant(
          `${node.inputs[1]}*scale`,
          new LazyTensor("float32", filter.shape, () => scaled(weights, scale)),
        ),
    draft.addConstant(`${output}:bias`, float32([biases.length], biases)),
  ];
  return { ...node, ...rest, inputs, outputs: [output] };
}

function scaled({ filter, run, channelOf }: Weights, scale: Float64Array): Float32Array<ArrayBuffer> {
  const source = toFloat32(filter);
  const data = new Float32Array(source.length);
  for (let at = 0, index = 0; at < data.length; index++) {
    const factor = scale[channelOf(index)];
    for (const end = at + run; at < end; at++) data[at] = source[at] * factor;
  }
  return data;
}

type Rule = (draft: Draft, node: GraphNode) => Weights | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  Conv(draft, node) {
    const known = knownWeights(draft, node);
    if (!known) return undefined;
    const { filter, bias } = known;
    const each = elementCount(filter.shape.slice(1));
    return { filter, bias, channels: filter.shape[0], run: each, channelOf: (oc) => oc, rest: {} };
  },
  ConvTranspose(draft, node) {
    const known = knownWeights(draft, node);
    if (!known) return undefined;
    const { filter, bias } = known;
    const groups = (node.attributes["group"] as number | undefined) ?? 1;
    const [IC, OCG, KH, KW] = filter.shape;
    const channelOf = (index: number) => {
      const ic = Math.floor(index / OCG);
      return Math.floor(ic / (IC / groups)) * OCG + (index % OCG);
    };
    return { filter, bias, channels: OCG * groups, run: KH * KW, channelOf, rest: {} };
  },
  Gemm(draft, node) {
    const known = knownWeights(draft, node);
    if (!known) return undefined;
    const { filter, bias } = known;
    const transposed = Boolean(node.attributes["transB"]);
    const [N, K] = transposed ? filter.shape : filter.shape.toReversed();
    // A bias that is not the same for all rows stays outside.
    if (bias && (bias.length > N || (bias.length !== 1 && bias.length !== N))) return undefined;
    if (bias && bias.length === N && known.biasShape.at(-1) !== N) return undefined;
    const beta = (node.attributes["beta"] as number | undefined) ?? 1;
    return {
      filter,
      channels: N,
      run: transposed ? K : 1,
      channelOf: (index) => index % N,
      bias: bias && Float64Array.from({ length: N }, (_, c) => beta * bias[bias.length === 1 ? 0 : c]),
      rest: { attributes: { ...node.attributes, beta: 1 } },
    };
  },
  MatMul(draft, node) {
    const known = knownWeights(draft, node);
    const [rank, columns] = [shapeOf(draft, node.inputs[0]).length, known?.filter.shape.at(-1)];
    if (!known || !columns || elementCount(known.filter.shape) === 0 || known.filter.shape.length !== 2 || rank < 2)
      return undefined;
    const { filter, bias } = known;
    return {
      filter,
      bias,
      channels: columns,
      run: 1,
      channelOf: (i) => i % columns,
      rest: rank === 2 ? { op: "Gemm" } : {},
    };
  },
};

/** Filter or matrix of a node, and its bias, if they are known. */
export function knownWeights({ constants }: Draft, { inputs }: GraphNode) {
  const filter = constants.get(inputs[1]);
  const bias = inputs[2] ? constants.get(inputs[2]) : undefined;
  if (filter?.type !== "float32" || (inputs[2] && bias?.type !== "float32")) return undefined;
  return { filter, bias: bias && toFloat32(bias), biasShape: bias?.shape ?? [] };
}
