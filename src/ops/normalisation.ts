// Normalisations: by given statistics, by the statistics of x itself, by neighbouring channels.

import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, resolveActivation } from "./activation.ts";
import { prepareBatchNorm } from "./batch-norm.ts";
import { call, checkOptions } from "./call.ts";
import { type Epilogue, NO_ACTIVATION } from "./epilogue.ts";
import { createImages, imagesOf, type Layout, type LayoutOptions } from "./layout.ts";
import { prepareLrn } from "./lrn.ts";
import { type NormaliseSpec, prepareNormalise } from "./normalise.ts";
import {
  checkAxes,
  checkAxis,
  checkEpsilon,
  checkNumber,
  checkTensor,
  checkWord,
  optionalOperand,
} from "./operands.ts";
import { prepareUnary } from "./unary.ts";

export interface NormalisationOptions {
  /** Factors. Default: all 1. */
  readonly scale?: Tensor | undefined;
  /** Summands. Default: all 0. */
  readonly bias?: Tensor | undefined;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

export interface BatchNormalizationOptions extends NormalisationOptions {
  /** The axis of the channels. Default 1. */
  readonly axis?: number | undefined;
  /** Applied to the result. Default: none. */
  readonly activation?: Activation | undefined;
}

/**
 * Each channel by statistics gathered in training: y = (x - mean) / sqrt(variance + epsilon) * scale + bias.
 *
 * @param x of any shape whose `axis` has C channels
 * @param mean [C]; as variance, scale and bias are
 * @param variance [C]
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-batchnorm
 */
export function batchNormalization(
  w: Workspace,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  options: BatchNormalizationOptions = {},
): Tensor {
  const where = "batchNormalization";
  checkTensor(w, where, "x", x);
  checkOptions(where, options, ["scale", "bias", "epsilon", "axis", "activation"]);
  const axis = checkAxis(where, options.axis ?? 1, x.shape);
  const channels = [x.shape[axis]];
  const epsilon = checkEpsilon(where, options.epsilon ?? 1e-5);
  const epilogue = resolveActivation(where, options.activation);
  w.check(where, "mean", mean);
  w.check(where, "variance", variance);
  const statistics = [
    optionalOperand(w, where, "scale", options.scale, channels) ?? filled(w, where, channels, 1),
    optionalOperand(w, where, "bias", options.bias, channels) ?? filled(w, where, channels, 0),
    optionalOperand(w, where, "mean", mean, channels) as number,
    optionalOperand(w, where, "variance", variance, channels) as number,
  ];
  // Channels that lie last may stay there.
  if (axis !== 1) w.arrange(x, "dense");
  const last = w.format(x) === "channels-last";
  const [outer, inner] = last
    ? [elementCount(x.shape) / Math.max(1, channels[0]), 1]
    : [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis + 1))];
  const y = w.create(where, x.shape, w.format(x));
  const prepared = prepareBatchNorm([outer, channels[0], inner], [channels[0], 1], epsilon);
  call(w, where, prepared, { inputs: [w.address(x), ...statistics], outputs: [y] });
  applyInPlace(w, where, y, epilogue);
  return y;
}

/** The address of a tensor of one value, which the scope around every operator takes back. */
function filled(w: Workspace, where: string, shape: Shape, value: number): number {
  const made = w.create(where, shape);
  w.kernels.fill(w.address(made), elementCount(shape), value);
  return w.address(made);
}

function applyInPlace(w: Workspace, where: string, y: Tensor, epilogue: Epilogue): void {
  if (epilogue === NO_ACTIVATION) return;
  call(w, where, prepareUnary(y.shape, epilogue), { inputs: [w.address(y)], outputs: [y] });
}

export interface InstanceNormalizationOptions extends NormalisationOptions {
  /** Order of the axes of x: channels at axis 1, or at the last one. Default "nchw"; there may be any number of places. */
  readonly inputLayout?: Layout | undefined;
}

/**
 * Each channel of each image by its own mean and variance over all places.
 *
 * @param x [N, C, ...], or [N, ..., C] with `inputLayout: "nhwc"`; scale and bias are [C]
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-instancenorm
 */
export function instanceNormalization(w: Workspace, x: Tensor, options: InstanceNormalizationOptions = {}): Tensor {
  return grouped(w, "instanceNormalization", x, undefined, options);
}

/**
 * Groups of neighbouring channels of each image by their mean and variance over all places. Sums go over the places of each channel, then over
 * the channels.
 *
 * @param x [N, C, ...], or [N, ..., C] with `inputLayout: "nhwc"`; scale and bias are [C]
 * @param groups a divisor of C
 * @throws ShapeError if shapes do not fit each other, ArgumentError for other groups or bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 */
export function groupNormalization(
  w: Workspace,
  x: Tensor,
  groups: number,
  options: InstanceNormalizationOptions = {},
): Tensor {
  return grouped(w, "groupNormalization", x, groups, options);
}

/** `groups` undefined: each channel by itself. */
function grouped(
  w: Workspace,
  where: string,
  x: Tensor,
  groups: number | undefined,
  options: InstanceNormalizationOptions,
): Tensor {
  checkTensor(w, where, "x", x);
  checkOptions(where, options, ["scale", "bias", "epsilon", "inputLayout"]);
  const layout = checkWord(where, "inputLayout", ["nchw", "nhwc"], options.inputLayout ?? "nchw");
  const rank = x.shape.length;
  if (rank < 3) throw new ShapeError(expected(where, "x", "images of rank 3 or more", formatShape(x.shape)));
  const C = x.shape[layout === "nchw" ? 1 : rank - 1];
  const G = groups ?? C;
  if (groups !== undefined && !(Number.isInteger(groups) && groups >= 1 && C % groups === 0)) {
    throw new ArgumentError(expected(where, "groups", `a divisor of the ${C} channels`, groups));
  }
  const epsilon = checkEpsilon(where, options.epsilon ?? 1e-5);
  const { scale, bias } = options;
  const given = [scale, bias].map((each, i) => optionalOperand(w, where, i === 0 ? "scale" : "bias", each, [C]));
  if (layout === "nhwc") w.arrange(x, "dense");
  const y = w.create(where, x.shape, w.format(x));
  const each = G === 0 ? 0 : C / G;
  const last = layout === "nhwc" || w.format(x) === "channels-last";
  const places = elementCount(layout === "nchw" ? x.shape.slice(2) : x.shape.slice(1, -1));
  const lying = last
    ? { shape: [x.shape[0], places, G, each], axes: [1, 3], own: [G, each] }
    : { shape: [x.shape[0], G, each, places], axes: [3, 2], own: [G, each, 1] };
  const shapes = { scale: scale && lying.own, bias: bias && lying.own };
  const spec: NormaliseSpec = { ...lying, ...shapes, inTurn: true, centred: true, epsilon, epsilonTo: "variance" };
  run(w, where, spec, w.address(x), given, y);
  return y;
}

function run(
  w: Workspace,
  where: string,
  spec: NormaliseSpec,
  x: number,
  given: readonly (number | undefined)[],
  y: Tensor,
): void {
  if (elementCount(spec.shape) === 0) return;
  const inputs = [x, ...given.filter((address) => address !== undefined)];
  call(w, where, prepareNormalise(spec), { inputs, outputs: [y] });
}

export interface LayerNormalizationOptions extends NormalisationOptions {
  /** The axes over which mean and variance are taken. Default: all but the first, as in WebNN. */
  readonly axes?: readonly number[] | undefined;
}

/**
 * By mean and variance over some axes, for each place of the others.
 *
 * @param x of any shape; scale and bias have the extents of `axes`, in ascending order of the axes
 * @throws ShapeError if shapes do not fit each other or x lacks an axis, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-layernorm
 */
export function layerNormalization(w: Workspace, x: Tensor, options: LayerNormalizationOptions = {}): Tensor {
  const where = "layerNormalization";
  checkTensor(w, where, "x", x);
  checkOptions(where, options, ["scale", "bias", "epsilon", "axes"]);
  const axes = checkAxes(where, options.axes ?? x.shape.map((_, axis) => axis).slice(1), x.shape);
  const epsilon = checkEpsilon(where, options.epsilon ?? 1e-5);
  const extents = axes.map((axis) => x.shape[axis]);
  const { scale, bias } = options;
  const given = [scale, bias].map((each, i) => optionalOperand(w, where, i === 0 ? "scale" : "bias", each, extents));
  const own = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const from = w.arrange(x, "dense");
  const y = w.create(where, x.shape);
  const shapes = { shape: x.shape, scale: scale && own, bias: bias && own };
  run(w, where, { ...shapes, axes, centred: true, epsilon, epsilonTo: "variance" }, from, given, y);
  return y;
}

export interface LocalResponseNormalizationOptions extends LayoutOptions {
  /** Default 1e-4. */
  readonly alpha?: number | undefined;
  /** Default 0.75. */
  readonly beta?: number | undefined;
  /** Default 1. */
  readonly bias?: number | undefined;
}

/**
 * By neighbouring channels: y[c] = x[c] / (bias + alpha / size * sum of squares of x[c - (size - 1) / 2] up to
 * x[c + (size - 1) / 2])^beta, within the channels; of an even size the greater half lies behind.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param size how many channels, an integer of at least 1
 * @throws ShapeError if x are no images, ArgumentError for another size or bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html (where the greater half lies before)
 */
export function localResponseNormalization(
  w: Workspace,
  x: Tensor,
  size: number,
  options: LocalResponseNormalizationOptions = {},
): Tensor {
  const where = "localResponseNormalization";
  w.check(where, "x", x);
  checkOptions(where, options, ["alpha", "beta", "bias", "inputLayout"]);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new ArgumentError(expected(where, "size", "an integer of at least 1", size));
  }
  const alpha = checkNumber(where, "alpha", options.alpha ?? 1e-4);
  const beta = checkNumber(where, "beta", options.beta ?? 0.75);
  const bias = checkNumber(where, "bias", options.bias ?? 1);
  const { address, N, C, H, W } = imagesOf(w, where, "x", x, options.inputLayout);
  const y = createImages(w, where, options.inputLayout, N, C, H, W);
  const prepared = prepareLrn([N, H, W, C], C, { size, alpha, beta, bias });
  call(w, where, prepared, { inputs: [address], outputs: [y] });
  return y;
}
