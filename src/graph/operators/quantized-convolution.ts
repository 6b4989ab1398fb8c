import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { oihwStrides } from "../../ops/convolve.ts";
import {
  type ByteType,
  type IntegerConv2dSpec,
  type IntegerWeight,
  isByte,
  packedEachRun,
  prepareIntegerConv2d,
} from "../../ops/integer-conv2d.ts";
import type { Prepared } from "../../ops/prepared.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { TensorType } from "../graph.ts";
import type { Kernel, NodeView, Operator } from "../operator.ts";
import { imageOf, imageShape, windowOf } from "./image.ts";
import { withSequences } from "./one-dimensional.ts";
import { type TypeSet, typedInput } from "./types.ts";

const FLOAT32: TypeSet = { wanted: "a tensor of float32", types: new Set(["float32"]) };
const BYTES: TypeSet = { wanted: "a tensor of int8 or uint8", types: new Set(["int8", "uint8"]) };

/** Sums of products of integers less their zero points, in int32: inputs x, w, zero points of x and w. */
const ConvInteger: Operator = {
  infer(node) {
    const { N, OC, window } = specOf(node, CONV_INTEGER, undefined);
    return [{ type: "int32", shape: imageShape(node, N, OC, window.OH, window.OW) }];
  },
  lower: (node) => integerKernel(node, prepareIntegerConv2d(specOf(node, CONV_INTEGER, undefined)), [0, 2], [1, 3]),
};

/** As ConvInteger, brought to 8 bits: inputs x, w and y with a scale and a zero point each, then a bias of int32. */
const QLinearConv: Operator = {
  infer(node) {
    const y = byteInput(node, 7);
    const spec = specOf(node, QLINEAR_CONV, y);
    for (const index of [1, 4, 6]) typedInput(node, index, FLOAT32);
    for (const index of [1, 6]) single(node, index, "scale");
    single(node, 7, "zero point");
    perChannel(node, 4, "scale", spec.OC);
    const bias = node.optionalInput(8);
    if (bias && (bias.type !== "int32" || bias.shape.length !== 1 || bias.shape[0] !== spec.OC)) {
      throw new ShapeError(
        expected(node.where, "bias", `int32 [${spec.OC}]`, `${bias.type} ${formatShape(bias.shape)}`),
      );
    }
    return [{ type: y, shape: imageShape(node, spec.N, spec.OC, spec.window.OH, spec.window.OW) }];
  },
  lower(node) {
    const prepared = prepareIntegerConv2d(specOf(node, QLINEAR_CONV, byteInput(node, 7)));
    return integerKernel(node, prepared, [0, 2, 1, 4, 6, 7, 8], [3, 5]);
  },
};

/** Where inputs stand. */
interface Places {
  readonly xZero: number;
  readonly w: number;
  readonly wZero: number;
  readonly wScale?: number;
}

const CONV_INTEGER: Places = { xZero: 2, w: 1, wZero: 3 };
const QLINEAR_CONV: Places = { xZero: 2, w: 3, wZero: 5, wScale: 4 };

function specOf(node: NodeView, at: Places, y: ByteType | undefined): IntegerConv2dSpec {
  const x = byteInput(node, 0);
  byteInput(node, at.w);
  const { N, C: IC, H, W } = imageOf(node, 0);
  const { shape } = node.input(at.w);
  const groups = node.number("group", 1);
  if (shape.length !== 4 || shape[1] * groups !== IC || shape[0] % groups !== 0 || elementCount(shape) === 0) {
    const wanted = `shape [a multiple of ${groups}, ${IC / groups}, kh, kw] for ${IC} channels in ${groups} groups`;
    throw new ShapeError(expected(node.where, "filter", wanted, formatShape(shape)));
  }
  const [OC, ICG, KH, KW] = shape;
  if (node.has(at.xZero)) single(node, at.xZero, "zero point", x);
  const zeros = node.has(at.wZero) ? perChannel(node, at.wZero, "zero point", OC, byteInput(node, at.w)) : 0;
  const scales = at.wScale === undefined ? 1 : perChannel(node, at.wScale, "scale", OC);
  const window = windowOf(node, [H, W], [KH, KW]);
  const bounds = node.numbers("bounds") as [number, number] | undefined; // set by a pass, for a clamp behind it
  return { N, IC, OC, groups, window, filter: oihwStrides(ICG, KH * KW), x, y, scales, zeros, bounds };
}

export function byteInput(node: NodeView, index: number): ByteType {
  const { type } = typedInput(node, index, BYTES);
  return isByte(type) ? type : "int8";
}

/** Checks that an input is one number, and of a type if one is given. */
function single(node: NodeView, index: number, what: string, type?: ByteType): void {
  if (elementCount(checked(node, index, what, type).shape) === 1) return;
  throw new ShapeError(expected(node.where, what, "one value", formatShape(node.input(index).shape)));
}

/** Checks that an input is one number or one a channel; gives how many. */
function perChannel(node: NodeView, index: number, what: string, OC: number, type?: ByteType): number {
  const { shape } = checked(node, index, what, type);
  const count = elementCount(shape);
  if (count === 1 || (shape.length === 1 && count === OC)) return count;
  throw new ShapeError(expected(node.where, what, `one value or shape [${OC}]`, formatShape(shape)));
}

function checked(node: NodeView, index: number, what: string, type: ByteType | undefined): TensorType {
  const input = node.input(index);
  if (type && input.type !== type) throw new ArgumentError(expected(node.where, what, type, input.type));
  return input;
}

/** A kernel whose weights, filter and zero points, are integers: packed once if they are known. */
export function integerKernel(
  node: NodeView,
  prepared: Prepared,
  reads: readonly number[],
  weights: readonly [number, number],
): Kernel {
  const inputs = reads.map((index) => (node.has(index) ? index : -1));
  const given = weights.map((index) => (node.has(index) ? index : -1));
  if (given.every((index) => index < 0 || node.constant(index))) return { prepared, inputs, weights: given };
  const tensors = given.map((index): IntegerWeight | undefined =>
    index < 0 ? undefined : { type: byteInput(node, index), shape: node.input(index).shape },
  );
  const all = [...inputs, ...given.filter((index) => index >= 0)];
  return { prepared: packedEachRun(prepared, inputs.length, tensors), inputs: all };
}

export const QUANTIZED_CONVOLUTION = {
  ConvInteger: withSequences(ConvInteger, [0, 1]),
  QLinearConv: withSequences(QLinearConv, [0, 3]),
};
