import { expected, ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import type { Activation } from "./activation.ts";
import { checkOptions } from "./call.ts";
import { CONVOLUTION_OPTIONS, type ConvolutionOptions, convolve, FILTER_LAYOUTS, type FilterLayout } from "./conv2d.ts";
import type { Numerics } from "./convolve.ts";
import { type Filter, readFilter } from "./filter.ts";
import { imageExtents, type LayoutOptions } from "./layout.ts";
import type { PaddingMode } from "./pad-images.ts";
import { resolveWindow, type WindowOptions } from "./window.ts";

/**
 * Order of a depthwise filter's axes: those of `conv2d` with one input channel, [C * M, 1, KH, KW] and so on, or TensorFlow's
 * "hwcm", [KH, KW, C, M]. In all of them output channel c * M + m is made from input channel c.
 */
export type DepthwiseFilterLayout = FilterLayout | "hwcm";

const DEPTHWISE_LAYOUTS = [...FILTER_LAYOUTS, "hwcm"] as const;

export interface DepthwiseConv2dOptions extends Omit<ConvolutionOptions, "groups">, WindowOptions, LayoutOptions {
  /** Order of the axes of the filter. Default "oihw". */
  readonly filterLayout?: DepthwiseFilterLayout;
}

const DEPTHWISE_NAMES = { biasName: "depthwiseBias", activationName: "depthwiseActivation" };

const PLACEMENT = ["strides", "padding", "dilations", "inputLayout"] as const;

/**
 * Convolves each channel with M filters of its own: `conv2d` with as many groups as channels, for filters of TensorFlow too.
 *
 * @param x images [N, C, IH, IW], or [N, IH, IW, C] with `inputLayout: "nhwc"`
 * @param filter [C * M, 1, KH, KW], or [KH, KW, C, M] with `filterLayout: "hwcm"`, or another layout of `conv2d`
 * @param options defaults: strides 1, padding 0, dilations 1
 * @returns images [N, C * M, OH, OW] (or channels last, as x), sizes as for `conv2d`
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://js.tensorflow.org/api/latest/#depthwiseConv2d
 */
export function depthwiseConv2d(w: Workspace, x: Tensor, filter: Tensor, options: DepthwiseConv2dOptions = {}): Tensor {
  const where = "depthwiseConv2d";
  const names = CONVOLUTION_OPTIONS.filter((name) => name !== "groups");
  checkOptions(where, options, [...PLACEMENT, "filterLayout", ...names]);
  const { inputLayout: layout = "nchw", filterLayout = "oihw" } = options;
  const extents = imageExtents(w, where, "x", x, layout);
  const shape = readDepthwise(w, where, "filter", filter, filterLayout, extents.C);
  const window = resolveWindow(where, [extents.H, extents.W], [shape.KH, shape.KW], options);
  return convolve(w, { where, layout, x, extents, filter, shape, window }, { ...options, groups: extents.C });
}

function readDepthwise(
  w: Workspace,
  where: string,
  what: string,
  filter: Tensor,
  layout: DepthwiseFilterLayout,
  C: number,
): Filter {
  const shape = readFilter(w, where, what, filter, layout, DEPTHWISE_LAYOUTS, { i: 1, c: C });
  const O = layout === "hwcm" ? C * filter.shape[3] : shape.O;
  if (O % C !== 0) throw new ShapeError(expected(where, what, `output channels divisible by ${C} channels`, O));
  // Channel c's filter m stands where output channel c * M + m of a filter "hwio" does.
  return layout === "hwcm" ? { ...shape, O, I: 1, oc: 1 } : shape;
}

export interface DepthwiseSeparableConv2dOptions extends WindowOptions, LayoutOptions {
  /** Order of the axes of the depthwise filter. Default "oihw". */
  readonly depthwiseFilterLayout?: DepthwiseFilterLayout;
  /** Order of the axes of the pointwise filter. Default "oihw". */
  readonly pointwiseFilterLayout?: FilterLayout;
  /** [C * M], added behind the depthwise step. Default: none. */
  readonly depthwiseBias?: Tensor | undefined;
  /** Applied behind the depthwise step. Default: none. */
  readonly depthwiseActivation?: Activation | undefined;
  /** What stands in the padding. Default "zeros". */
  readonly paddingMode?: PaddingMode;
  /** [OC], added to each output channel. Default: none. */
  readonly bias?: Tensor | undefined;
  /** A tensor in the shape of the result, added before the activation. Default: none. */
  readonly residual?: Tensor | undefined;
  /** Applied to the result, after the residual. Default: none. */
  readonly activation?: Activation | undefined;
  /** As in `conv2d`. Default "default". */
  readonly numerics?: Numerics;
}

/**
 * A depthwise convolution, which looks at the places around, and a 1x1 convolution, which mixes the channels. With C input and OC output
 * channels it has C * M * (KH * KW + OC) weights where `conv2d` has C * OC * KH * KW.
 *
 * @param x images [N, C, IH, IW], or [N, IH, IW, C] with `inputLayout: "nhwc"`
 * @param depthwiseFilter [C * M, 1, KH, KW], or as `depthwiseFilterLayout` says ("hwcm" is TensorFlow's)
 * @param pointwiseFilter [OC, C * M, 1, 1], or as `pointwiseFilterLayout` says ("hwio" is TensorFlow's)
 * @param options window and padding are those of the depthwise step
 * @returns images [N, OC, OH, OW] (or channels last, as x), sizes as for `conv2d`
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://js.tensorflow.org/api/latest/#separableConv2d
 */
export function depthwiseSeparableConv2d(
  w: Workspace,
  x: Tensor,
  depthwiseFilter: Tensor,
  pointwiseFilter: Tensor,
  options: DepthwiseSeparableConv2dOptions = {},
): Tensor {
  const where = "depthwiseSeparableConv2d";
  checkOptions(where, options, [
    ...PLACEMENT,
    ...(["depthwiseFilterLayout", "pointwiseFilterLayout", "depthwiseBias", "depthwiseActivation"] as const),
    ...(["paddingMode", "bias", "residual", "activation", "numerics"] as const),
  ]);
  const { inputLayout: layout = "nchw", depthwiseFilterLayout = "oihw", pointwiseFilterLayout = "oihw" } = options;
  const { paddingMode = "zeros", numerics = "default", bias, residual, activation } = options;
  const extents = imageExtents(w, where, "x", x, layout);
  const { N, C } = extents;
  const shape = readDepthwise(w, where, "depthwiseFilter", depthwiseFilter, depthwiseFilterLayout, C);
  const window = resolveWindow(where, [extents.H, extents.W], [shape.KH, shape.KW], options);
  const fixed = { i: shape.O, h: 1, w: 1 };
  const mixing = readFilter(w, where, "pointwiseFilter", pointwiseFilter, pointwiseFilterLayout, FILTER_LAYOUTS, fixed);
  const middle = convolve(
    w,
    { where, layout, x, extents, filter: depthwiseFilter, shape, window, ...DEPTHWISE_NAMES },
    { groups: C, paddingMode, bias: options.depthwiseBias, activation: options.depthwiseActivation },
  );
  const between = { N, C: shape.O, H: window.OH, W: window.OW };
  const places = resolveWindow(where, [between.H, between.W], [1, 1], {});
  const y = convolve(
    w,
    { where, layout, x: middle, extents: between, filter: pointwiseFilter, shape: mixing, window: places },
    { bias, residual, activation, numerics },
  );
  middle.dispose();
  return y;
}
