import { expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call, checkOptions } from "./call.ts";
import { checkFloat, checkLayout, imageExtents, type Layout, type LayoutOptions } from "./layout.ts";
import type { Prepared } from "./prepared.ts";
import { prepareWalk } from "./strided.ts";
import { type Pair, pair, resolveWindow, type Window, type WindowOptions } from "./window.ts";

export interface ColumnOptions extends WindowOptions, LayoutOptions {
  /** [height, width] of the window. */
  readonly windowDimensions: Pair;
}

const COLUMN_OPTIONS = [
  ...(["windowDimensions", "strides", "padding", "dilations", "inputLayout"] as const),
] satisfies readonly (keyof ColumnOptions)[];

/**
 * The windows of images as columns (PyTorch's `unfold`):
 * y[n, (c * KH + kh) * KW + kw, oh * OW + ow] = x[n, c, oh * SH + kh * DH - top, ow * SW + kw * DW - left], 0 outside the image.
 * A filter as a [OC, C * KH * KW] matrix times these columns is a convolution.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param options defaults: strides 1 (as PyTorch), padding 0, dilations 1
 * @returns [N, C * KH * KW, OH * OW] in both layouts, OH and OW as for `conv2d`
 * @throws ShapeError if the window is larger than the padded image, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
 */
export function im2col(w: Workspace, x: Tensor, options: ColumnOptions): Tensor {
  const where = "im2col";
  checkOptions(where, options, COLUMN_OPTIONS);
  const { inputLayout = "nchw" } = options;
  const { N, C, H, W } = imageExtents(w, where, "x", x, inputLayout);
  const window = resolveWindow(where, [H, W], pair(where, "windowDimensions", options.windowDimensions, 1), options);
  if (inputLayout === "nhwc") w.arrange(x, "dense");
  const channelsLast = inputLayout === "nhwc" || w.format(x) === "channels-last";
  const prepared = prepareIm2col({ N, C, window, channelsLast });
  const y = w.create(where, prepared.outputShapes[0]);
  call(w, where, prepared, { inputs: [w.address(x)], outputs: [y] });
  return y;
}

/** Windows of images as columns, in numbers. */
export interface Im2colSpec {
  readonly N: number;
  readonly C: number;
  readonly window: Window;
  /** Whether the channels of a pixel of x lie together. */
  readonly channelsLast: boolean;
}

/** Makes `im2col` ready: input [x], output [N, C * KH * KW, OH * OW]. One strided copy for each place of the window. */
export function prepareIm2col({ N, C, window: v, channelsLast }: Im2colSpec): Prepared {
  const L = v.OH * v.OW;
  const outputShape = [N, C * v.KH * v.KW, L];
  const [row, column, channel] = channelsLast ? [v.IW * C, C, 1] : [v.IW, 1, v.IH * v.IW];
  const copies: ((...at: Parameters<ReturnType<typeof prepareWalk>>) => void)[] = [];
  let covered = 0;
  for (let kh = 0; kh < v.KH; kh++) {
    for (let kw = 0; kw < v.KW; kw++) {
      const rows = insideOf(v.OH, v.IH, v.SH, kh * v.DH - v.PT);
      const columns = insideOf(v.OW, v.IW, v.SW, kw * v.DW - v.PL);
      const places = rows.count * columns.count;
      if (places === 0) continue;
      covered += places;
      const offset = rows.place * row + columns.place * column;
      const to = (kh * v.KW + kw) * L + rows.first * v.OW + columns.first;
      // The channels stand where a plane of them and a row of pixels are the two innermost axes.
      const walk = prepareWalk({
        shape: [N, rows.count, C, columns.count],
        from: [v.IH * v.IW * C, v.SH * row, channel, v.SW * column],
        to: [C * v.KH * v.KW * L, v.OW, v.KH * v.KW * L, 1],
      });
      copies.push((k, x, y) => walk(k, x + offset * 4, y + to * 4));
    }
  }
  const count = elementCount(outputShape);
  const fills = covered < v.KH * v.KW * L;
  return {
    algorithm: "copy",
    outputShapes: [outputShape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs: [x], outputs: [y] }) {
      if (fills) k.fill(y, count, 0);
      for (const copy of copies) copy(k, x, y);
    },
  };
}

/** Outputs `first` ... `first + count - 1` of an axis see a place inside the input; the first of them sees `place`. */
function insideOf(output: number, input: number, stride: number, shift: number) {
  const first = Math.max(0, Math.ceil(-shift / stride));
  const end = Math.min(output, Math.ceil((input - shift) / stride));
  return { first, count: Math.max(0, end - first), place: first * stride + shift };
}

export interface Col2imOptions extends ColumnOptions {
  /** [H, W] of the images. */
  readonly outputSizes: Pair;
}

/**
 * The sum into images of columns as `im2col` makes them (PyTorch's `fold`): the inverse of `im2col` where windows do not overlap, its
 * transpose always. Values that meet at a place are added to 0 in the row-major order of their window places kh, kw.
 *
 * @param x columns [N, C * KH * KW, OH * OW], where OH and OW are those of `im2col` of images of the output size
 * @param options `outputSizes` and `windowDimensions` are needed; defaults: strides 1, padding 0, dilations 1
 * @returns images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @throws ShapeError if the columns do not fit the sizes, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
 */
export function col2im(w: Workspace, x: Tensor, options: Col2imOptions): Tensor {
  const where = "col2im";
  checkOptions(where, options, [...COLUMN_OPTIONS, "outputSizes"]);
  const { inputLayout = "nchw" } = options;
  w.check(where, "x", x);
  checkFloat(where, "x", x);
  checkLayout(where, inputLayout);
  const sizes = pair(where, "outputSizes", options.outputSizes, 1);
  const window = resolveWindow(where, sizes, pair(where, "windowDimensions", options.windowDimensions, 1), options);
  const [N, rows, L] = x.shape;
  const { KH, KW, OH, OW } = window;
  if (x.shape.length !== 3 || rows === 0 || rows % (KH * KW) !== 0 || L !== OH * OW) {
    const wanted = `shape [n, a multiple of ${KH * KW}, ${OH * OW}] for ${OH}x${OW} windows of ${KH}x${KW}`;
    throw new ShapeError(expected(where, "x", wanted, formatShape(x.shape)));
  }
  return addColumns(w, where, x, { N, C: rows / (KH * KW), window }, inputLayout);
}

/** Columns to add into images, in numbers. */
export interface Col2imSpec {
  readonly N: number;
  readonly C: number;
  /** The window of the `im2col` that it turns round: IH, IW are the extents of the result. */
  readonly window: Window;
}

function addColumns(w: Workspace, where: string, x: Tensor, spec: Col2imSpec, layout: Layout): Tensor {
  const prepared = prepareCol2im(spec);
  const { N, C, window } = spec;
  const planes = w.create(where, prepared.outputShapes[0]);
  call(w, where, prepared, { inputs: [w.arrange(x, "dense")], outputs: [planes] });
  if (layout === "nchw") return planes;
  const y = w.create(where, [N, window.IH, window.IW, C]);
  w.kernels.transpose2d(w.address(planes), w.address(y), N, C, window.IH * window.IW);
  planes.dispose();
  return y;
}

/** Makes `col2im` ready: input [x] [N, C * KH * KW, OH * OW], output dense [N, C, IH, IW]. */
export function prepareCol2im({ N, C, window: v }: Col2imSpec): Prepared {
  return {
    algorithm: "add columns",
    outputShapes: [[N, C, v.IH, v.IW]],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs: [x], outputs: [y] }) {
      k.col2im(x, N * C, y, v.IH, v.IW, v.OH, v.OW, v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL);
    },
  };
}
