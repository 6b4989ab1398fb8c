import type { Tensor } from "../tensor.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Workspace } from "../workspace.ts";
import { call, checkOptions } from "./call.ts";
import { createImages, type Images, imagesOf, type Layout, type LayoutOptions, type SequenceLayout } from "./layout.ts";
import { checkBoolean } from "./operands.ts";
import type { Addresses, Prepared } from "./prepared.ts";
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

export type PoolKind = "max" | "average" | "l1" | "l2";

/** A pooling of channels-last images, checked and in numbers. */
export interface Pool2dSpec {
  readonly kind: PoolKind;
  readonly N: number;
  readonly C: number;
  readonly window: Window;
  /** Average only: whether places in the padding count. */
  readonly countPadding?: boolean;
  /** Max only: whether output 1 takes the int32 place h * W + w of each maximum in its image. */
  readonly indices?: boolean;
  /** Elements from pixel to pixel of x and y where they are some channels of wider images. */
  readonly steps?: { readonly x?: number | undefined; readonly y?: number | undefined } | undefined;
}

/** Makes a pooling ready: input [x] [N, IH, IW, C], output [N, OH, OW, C]. */
export function preparePool2d(spec: Pool2dSpec): Prepared {
  const { kind, N, C, window: v } = spec;
  const outputShape = [N, v.OH, v.OW, C];
  const everyPlace = v.KH === v.IH && v.KW === v.IW && v.DH === 1 && v.DW === 1 && v.PT + v.PL === 0;
  const whole = everyPlace && v.OH === 1 && v.OW === 1;
  const empty = N * v.OH * v.OW * C === 0;
  return {
    algorithm: whole && kind === "average" ? "global average" : `${kind} ${v.KH}x${v.KW}`,
    outputShapes: spec.indices ? [outputShape, outputShape] : [outputShape],
    macs: 0,
    scratchBytes: 0,
    run: empty
      ? () => {}
      : (k, at) => (whole && kind === "average" ? runGlobalAverage(k, at, spec) : runPool(k, at, spec)),
  };
}

function runGlobalAverage(k: Kernels, { inputs, outputs }: Addresses, { N, C, window: v, steps }: Pool2dSpec): void {
  k.globalAveragePool2d(inputs[0], N, v.IH * v.IW, C, (steps?.x ?? C) * 4, outputs[0], (steps?.y ?? C) * 4);
}

// biome-ignore format: one line a subject
function runPool(k: Kernels, { inputs: [x], outputs: [y, places] }: Addresses, spec: Pool2dSpec): void {
  const { kind, N, C, window: v, countPadding, indices } = spec;
  const xStep = (spec.steps?.x ?? C) * 4;
  const yStep = (spec.steps?.y ?? C) * 4;
  if (kind === "max") {
    k.maxPool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, indices ? places : 0, C * 4);
  } else if (kind === "average") {
    k.averagePool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, v.PB, v.PR, countPadding ? 1 : 0, 0);
  } else {
    k.lpPool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, kind === "l1" ? 1 : 2);
  }
}

/** An adaptive pooling of channels-last images in numbers. */
export interface AdaptivePool2dSpec {
  readonly kind: "max" | "average";
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly OH: number;
  readonly OW: number;
}

/** Makes an adaptive pooling ready: input [x] [N, H, W, C], output [N, OH, OW, C]. The bounds of its windows are packed as tables. */
export function prepareAdaptivePool2d({ kind, N, C, H, W, OH, OW }: AdaptivePool2dSpec): Prepared {
  const bounds = Int32Array.from([...adaptiveBounds(H, OH), ...adaptiveBounds(W, OW)]);
  return {
    algorithm: `adaptive ${kind}`,
    outputShapes: [[N, OH, OW, C]],
    macs: 0,
    scratchBytes: 0,
    packing: {
      key: `adaptive ${H}x${W} to ${OH}x${OW}`,
      bytes: bounds.byteLength,
      write: (k, _, to) => new Int32Array(k.memory.buffer, to, bounds.length).set(bounds),
    },
    run(k, { inputs: [x], outputs: [y], packed }) {
      if (N * C === 0) return;
      const average = kind === "average" ? 1 : 0;
      // biome-ignore format: one line a subject
      k.adaptivePool2d(average, x, N, H, W, C, C * 4, y, OH, OW, C * 4, packed, packed + OH * 8, 0, 0);
    },
  };
}

function* adaptiveBounds(input: number, output: number): Generator<number> {
  for (let i = 0; i < output; i++) {
    yield Math.floor((i * input) / output);
    yield Math.ceil(((i + 1) * input) / output);
  }
}
