import { ArgumentError, expected, ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, resolveActivation } from "./activation.ts";
import { call, checkOptions } from "./call.ts";
import { type Numerics, prepareConv2d } from "./convolve.ts";
import { checkGroups, type Filter, readFilter } from "./filter.ts";
import {
  arrangeImages,
  checkOperand,
  createImages,
  type ImageExtents,
  imageExtents,
  imageShape,
  type Layout,
  type LayoutOptions,
  operandOf,
  type SequenceLayout,
} from "./layout.ts";
import { largestPadding, type PaddingMode } from "./pad-images.ts";
import { resolveWindow, type Window, type WindowOptions } from "./window.ts";

/** Order of a filter's axes: output channels, input channels of a group, window height, window width. */
export type FilterLayout = "oihw" | "hwio" | "ohwi" | "ihwo";

/** Options of convolutions of images and of sequences. */
export interface ConvolutionOptions {
  /** [OC], added to each output channel. Default: none. */
  readonly bias?: Tensor | undefined;
  /** What stands in the padding. Default "zeros"; "reflect" and "circular" want images larger than it. */
  readonly paddingMode?: PaddingMode;
  /** Input and output channels are divided into so many groups, each convolved by itself. Default 1. */
  readonly groups?: number;
  /** Whether Winograd's method may be used. Default "default". */
  readonly numerics?: Numerics;
  /** Applied to the result, after the residual. Default: none. */
  readonly activation?: Activation | undefined;
  /** A tensor in the shape of the result, added before the activation. Default: none. */
  readonly residual?: Tensor | undefined;
}

export interface Conv2dOptions extends ConvolutionOptions, WindowOptions, LayoutOptions {
  /** Order of the axes of the filter. Default "oihw". */
  readonly filterLayout?: FilterLayout;
}

export const FILTER_LAYOUTS = ["oihw", "hwio", "ohwi", "ihwo"] as const satisfies readonly FilterLayout[];

/** The names in ConvolutionOptions. */
export const CONVOLUTION_OPTIONS = [
  "bias",
  "paddingMode",
  "groups",
  "numerics",
  "activation",
  "residual",
] as const satisfies readonly (keyof ConvolutionOptions)[];

/**
 * Two-dimensional convolution (cross-correlation, as everywhere in this field):
 * y[n, oc, oh, ow] = b[oc] + sum of x[n, ic, oh * SH + kh * DH - top, ow * SW + kw * DW - left] * filter[oc, ic, kh, kw],
 * where places outside the image are 0. Each output is within (terms + 1) * 2^-24 * sum |x * w| of the exact value, where Winograd's
 * method is not used (see `Numerics`).
 *
 * @param x images [N, IC, IH, IW], or [N, IH, IW, IC] with `inputLayout: "nhwc"`
 * @param filter [OC, IC / groups, KH, KW], or as `filterLayout` says
 * @param options defaults: strides 1, padding 0, dilations 1, groups 1
 * @returns images [N, OC, OH, OW] (or channels last, as x), OH = floor((IH + top + bottom - DH * (KH - 1) - 1) / SH) + 1
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-conv2d
 */
export function conv2d(w: Workspace, x: Tensor, filter: Tensor, options: Conv2dOptions = {}): Tensor {
  const where = "conv2d";
  checkOptions(where, options, [
    ...(["strides", "padding", "dilations", "inputLayout", "filterLayout"] as const),
    ...CONVOLUTION_OPTIONS,
  ]);
  const { inputLayout: layout = "nchw", filterLayout = "oihw", groups = 1 } = options;
  const extents = imageExtents(w, where, "x", x, layout);
  checkGroups(where, groups, extents.C);
  const fixed = { i: extents.C / groups };
  const shape = readFilter(w, where, "filter", filter, filterLayout, FILTER_LAYOUTS, fixed);
  const window = resolveWindow(where, [extents.H, extents.W], [shape.KH, shape.KW], options);
  return convolve(w, { where, layout, x, extents, filter, shape, window }, options);
}

/** Operands of a convolution, checked but for its options. */
export interface Convolution {
  readonly where: string;
  readonly layout: Layout | SequenceLayout;
  readonly x: Tensor;
  readonly extents: ImageExtents;
  readonly filter: Tensor;
  readonly shape: Filter;
  readonly window: Window;
  /** What the bias and the activation are called in messages. */
  readonly biasName?: string;
  readonly activationName?: string;
}

/** What convolutions of images and of sequences share: checks the options, convolves. */
export function convolve(w: Workspace, convolution: Convolution, options: ConvolutionOptions): Tensor {
  const { where, layout, x, extents, shape, window, biasName = "bias" } = convolution;
  const { groups = 1, bias, residual, paddingMode = "zeros", numerics = "default" } = options;
  const { O: OC, oc, ic, tap } = shape;
  const { N, C: IC } = extents;
  const { OH, OW } = window;
  if (OC % groups !== 0) {
    throw new ShapeError(expected(where, "filter", `output channels divisible by ${groups} groups`, OC));
  }
  checkPaddingMode(where, paddingMode, window, layout);
  if (numerics !== "default" && numerics !== "direct") {
    throw new ArgumentError(expected(where, "numerics", '"default" or "direct"', numerics));
  }
  const epilogue = resolveActivation(where, options.activation, convolution.activationName);
  if (residual != null) checkOperand(w, where, "residual", residual, imageShape(layout, { N, C: OC, H: OH, W: OW }));
  // All tensors are brought to lie as they should before the first address is taken: one may stand for two operands.
  const filter =
    convolution.filter === x || convolution.filter === residual
      ? w.copy(where, convolution.filter)
      : convolution.filter;
  const b = bias != null ? operandOf(w, where, biasName, bias, [OC]) : 0;
  const images = residual ? [x, residual] : [x];
  for (const each of images) arrangeImages(w, each, layout);
  const weights = [w.arrange(filter, "dense"), b];
  const inputs = images.map((each) => w.address(each));
  const y = createImages(w, where, layout, N, OC, OH, OW);
  const strides = { oc, ic, tap };
  const spec = { N, IC, OC, groups, window, filter: strides, epilogue, residual: !!residual, paddingMode, numerics };
  call(w, where, prepareConv2d(spec), { inputs, weights, outputs: [y] });
  if (filter !== convolution.filter) filter.dispose();
  return y;
}

function checkPaddingMode(where: string, mode: PaddingMode, { IH, IW, PT, PB, PL, PR }: Window, layout: string): void {
  const modes = ["zeros", "reflect", "replicate", "circular"];
  if (!modes.includes(mode)) throw new ArgumentError(expected(where, "paddingMode", modes.join(", "), mode));
  const [rows, columns] = [largestPadding(mode, IH), largestPadding(mode, IW)];
  const isSequence = layout.length === 3;
  if ((isSequence || Math.max(PT, PB) <= rows) && Math.max(PL, PR) <= columns) return;
  if (isSequence) {
    const wanted = `at most ${columns} places for sequences of ${IW} in mode ${mode}`;
    throw new ShapeError(expected(where, "padding", wanted, [PL, PR]));
  }
  const wanted = `at most ${rows} rows and ${columns} columns for ${IH}x${IW} images in mode ${mode}`;
  throw new ShapeError(expected(where, "padding", wanted, [PT, PB, PL, PR]));
}
