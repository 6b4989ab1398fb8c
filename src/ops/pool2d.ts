import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { prepareAdaptivePool2d } from "./adaptive-pool.ts";
import { call, checkOptions } from "./call.ts";
import { createImages, type Images, imagesOf, type Layout, type LayoutOptions, type SequenceLayout } from "./layout.ts";
import { checkBoolean } from "./operands.ts";
import { type PoolKind, preparePool2d } from "./pool.ts";
import { type Pair, pair, type Rounding, resolveWindow, type Window, type WindowOptions } from "./window.ts";

export interface Pool2dOptions extends WindowOptions, LayoutOptions {
  /** [height, width] of the window. Default: the whole image. */
  readonly windowDimensions?: Pair;
  /** Whether a last window that hangs over the padded image counts ("ceil") or not ("floor", the default). */
  readonly outputShapeRounding?: Rounding;
}

export interface AveragePool2dOptions extends Pool2dOptions {
  /** Whether places in the padding count as zeros. Default false (ONNX's default; PyTorch's is true). */
  readonly countIncludePad?: boolean;
}

const POOL_OPTIONS = [
  ...(["windowDimensions", "strides", "padding", "dilations", "outputShapeRounding"] as const),
  "inputLayout",
] as const satisfies readonly (keyof Pool2dOptions)[];

/**
 * The largest value of each window; a window that holds a NaN gives NaN, one that lies wholly in the padding -Infinity.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @returns images [N, C, OH, OW], sizes as for `conv2d`; strides default to 1 (PyTorch's to the window)
 * @throws ShapeError if the window is larger than the padded image, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-pool2d-max
 */
export function maxPool2d(w: Workspace, x: Tensor, options: Pool2dOptions = {}): Tensor {
  return pool(w, "maxPool2d", "max", x, options);
}

/**
 * As `maxPool2d`, with the place h * W + w of each maximum in its image: the first of equals, the last NaN, -1 for a window without
 * a place.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @returns the values, and int32 indices in their shape, for `maxUnpool2d`
 * @throws ShapeError if the window is larger than the padded image, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export function maxPool2dWithIndices(
  w: Workspace,
  x: Tensor,
  options: Pool2dOptions = {},
): { values: Tensor; indices: Tensor } {
  const where = "maxPool2dWithIndices";
  checkOptions(where, options, POOL_OPTIONS);
  const images = imagesOf(w, where, "x", x, options.inputLayout);
  const window = poolWindow(where, images, options);
  const { N, C } = images;
  const make = (type: "float32" | "int32") =>
    createImages(w, where, options.inputLayout, N, C, window.OH, window.OW, type);
  const [values, indices] = [make("float32"), make("int32")];
  const prepared = preparePool2d({ kind: "max", N, C, window, indices: true });
  call(w, where, prepared, { inputs: [images.address], outputs: [values, indices] });
  return { values, indices };
}

/**
 * The mean of each window; places in the padding are left out unless `countIncludePad`.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @returns images, sizes and defaults as for `maxPool2d`
 * @throws ShapeError if the window is larger than the padded image, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-pool2d-average
 */
export function averagePool2d(w: Workspace, x: Tensor, options: AveragePool2dOptions = {}): Tensor {
  checkOptions("averagePool2d", options, [...POOL_OPTIONS, "countIncludePad"]);
  const { countIncludePad, ...rest } = options;
  return pool(
    w,
    "averagePool2d",
    "average",
    x,
    rest,
    checkBoolean("averagePool2d", "countIncludePad", countIncludePad),
  );
}

/**
 * The root of the sum of squares of each window.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @returns images, sizes and defaults as for `maxPool2d`
 * @throws ShapeError if the window is larger than the padded image, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-pool2d-l2
 */
export function l2Pool2d(w: Workspace, x: Tensor, options: Pool2dOptions = {}): Tensor {
  return pool(w, "l2Pool2d", "l2", x, options);
}

function pool(
  w: Workspace,
  where: string,
  kind: PoolKind,
  x: Tensor,
  options: Pool2dOptions,
  countPadding = false,
): Tensor {
  checkOptions(where, options, POOL_OPTIONS);
  const { inputLayout = "nchw" } = options;
  const images = imagesOf(w, where, "x", x, inputLayout);
  return poolImages(w, where, inputLayout, kind, images, poolWindow(where, images, options), countPadding);
}

/** What pools of images and of sequences share: pools images that lie channels last. */
export function poolImages(
  w: Workspace,
  where: string,
  layout: Layout | SequenceLayout,
  kind: PoolKind,
  { N, C, address }: Images,
  window: Window,
  countPadding: boolean,
): Tensor {
  const y = createImages(w, where, layout, N, C, window.OH, window.OW);
  call(w, where, preparePool2d({ kind, N, C, window, countPadding }), { inputs: [address], outputs: [y] });
  return y;
}

function poolWindow(where: string, { H, W }: Images, options: Pool2dOptions): Window {
  const dimensions = pair(where, "windowDimensions", options.windowDimensions ?? [H, W], 1);
  return resolveWindow(where, [H, W], dimensions, options);
}

/**
 * The mean of the [OH, OW] windows that divide each image as evenly as can be: row oh covers rows floor(oh * H / OH) up to, not
 * including, ceil((oh + 1) * H / OH), as in PyTorch; columns likewise.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param outputSizes [OH, OW], or one number for both; they may be larger than the image
 * @throws ShapeError if x are no images, ArgumentError for other sizes or a bad option
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 */
export function adaptiveAveragePool2d(w: Workspace, x: Tensor, outputSizes: Pair, options: LayoutOptions = {}): Tensor {
  return adaptivePool(w, "adaptiveAveragePool2d", "average", x, outputSizes, options);
}

/**
 * The largest value of each of the windows of `adaptiveAveragePool2d`; NaN of a window that holds one.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param outputSizes [OH, OW], or one number for both; they may be larger than the image
 * @throws ShapeError if x are no images, ArgumentError for other sizes or a bad option
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
 */
export function adaptiveMaxPool2d(w: Workspace, x: Tensor, outputSizes: Pair, options: LayoutOptions = {}): Tensor {
  return adaptivePool(w, "adaptiveMaxPool2d", "max", x, outputSizes, options);
}

function adaptivePool(
  w: Workspace,
  where: string,
  kind: "max" | "average",
  x: Tensor,
  sizes: Pair,
  options: LayoutOptions,
): Tensor {
  checkOptions(where, options, ["inputLayout"]);
  const { inputLayout } = options;
  const { N, C, H, W, address } = imagesOf(w, where, "x", x, inputLayout);
  const [OH, OW] = pair(where, "outputSizes", sizes, 1);
  const y = createImages(w, where, inputLayout, N, C, OH, OW);
  call(w, where, prepareAdaptivePool2d({ kind, N, C, H, W, OH, OW }), { inputs: [address], outputs: [y] });
  return y;
}
