import { ArgumentError, expected, ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, type Epilogue, resolveActivation } from "./activation.ts";
import { call, checkOptions } from "./call.ts";
import { isDepthwise, prepareDepthwise } from "./depthwise.ts";
import { checkGroups, type Filter, type FilterStrides, readFilter } from "./filter.ts";
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
import { largestPadding, type PaddingMode, padImages } from "./pad-images.ts";
import { panelsOf, scratchBytes } from "./panels.ts";
import type { Packing, Prepared, WeightSource } from "./prepared.ts";
import { resolveWindow, type Window, type WindowOptions } from "./window.ts";
import { prepareWinograd, winogradTile } from "./winograd.ts";

export { type FilterStrides, oihwStrides } from "./filter.ts";

/** Order of a filter's axes: output channels, input channels of a group, window height, window width. */
export type FilterLayout = "oihw" | "hwio" | "ohwi" | "ihwo";

/**
 * `default`: 3x3 convolutions of stride 1 may go by Winograd's method, which is about three times as fast; its error, measured in
 * docs/accuracy.md, is a few 2^-24 of the sum of |x * w| of the places around. `direct`: every product is computed and added.
 */
export type Numerics = "default" | "direct";

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

/** A convolution of channels-last images, checked and in numbers. */
export interface Conv2dSpec {
  readonly N: number;
  readonly IC: number;
  readonly OC: number;
  readonly groups: number;
  readonly window: Window;
  readonly filter: FilterStrides;
  readonly epilogue: Epilogue;
  /** Whether input 1 is a tensor in the shape of the output, added before the activation. */
  readonly residual: boolean;
  /** Default "zeros". */
  readonly paddingMode?: PaddingMode;
  /** Default "default". */
  readonly numerics?: Numerics;
  readonly steps?: PixelSteps | undefined;
}

/** Elements from pixel to pixel where images are some channels of wider ones. Default: images are dense. */
export interface PixelSteps {
  readonly x?: number | undefined;
  readonly residual?: number | undefined;
  readonly y?: number | undefined;
}

/** Below this many input channels a window row is gathered by padding the image, not by the table of addresses. */
const FEW_CHANNELS = 8;

/**
 * Makes a convolution ready: inputs [x, residual?], weights [filter, bias?], one output, all channels last
 * (x [N, IH, IW, IC], y [N, OH, OW, OC]).
 */
export function prepareConv2d(spec: Conv2dSpec): Prepared {
  const { IC, groups, paddingMode = "zeros" } = spec;
  const { PT, PB, PL, PR } = spec.window;
  if (paddingMode !== "zeros" && PT + PB + PL + PR > 0) return mirrored(spec, paddingMode);
  if (isDepthwise(spec)) return prepareDepthwise(spec);
  const tile = spec.numerics === "direct" ? undefined : winogradTile(spec);
  if (tile) return prepareWinograd(spec, tile);
  const { KW, DW } = spec.window;
  const dense = (spec.steps?.x ?? IC) === IC;
  if (groups === 1 && IC < FEW_CHANNELS && KW > 1 && DW === 1 && dense) return windowRows(spec);
  return gemm(spec);
}

/** Whether `steps` may be given. */
export function takesSteps(spec: Conv2dSpec): boolean {
  return !isDepthwise(spec) || (spec.OC === spec.IC && !spec.residual);
}

function shapeAndWork({ N, IC, OC, groups, window: { OH, OW, KH, KW } }: Conv2dSpec) {
  return { outputShapes: [[N, OH, OW, OC]], macs: N * OH * OW * OC * (IC / groups) * KH * KW };
}

/** The GEMM over rows where they lie. */
function gemm(spec: Conv2dSpec): Prepared {
  const { N, IC, OC, groups, window: v, epilogue: e } = spec;
  const ICG = IC / groups;
  const OCG = OC / groups;
  const taps = v.KH * v.KW;
  const panels = panelPacking(spec);
  const { x: xStep = IC, residual: rStep = OC, y: yStep = OC } = spec.steps ?? {};
  return {
    algorithm: groups === 1 ? "gemm" : `gemm in ${groups} groups`,
    ...shapeAndWork(spec),
    scratchBytes: scratchBytes(taps),
    packing: panels,
    run(k, { inputs, outputs, scratch, packed }) {
      const r = spec.residual ? inputs[1] : 0;
      // biome-ignore format: one line a subject
      k.conv2d(inputs[0], N, v.IH, v.IW, groups, ICG, xStep * 4, packed, outputs[0], v.OH, v.OW, OCG, yStep * 4,
        v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL,
        r, rStep * 4, e.lo, e.hi, e.code, e.alpha, e.beta, packed + panels.zeros, scratch);
    },
  };
}

/**
 * For images of few channels: with the padding written out, the KW * IC floats of a window row are contiguous, and the GEMM has only
 * KH taps, each that long. The order of addition, and so every bit, is that of `gemm`.
 */
function windowRows(spec: Conv2dSpec): Prepared {
  const { N, IC, OC, window: v, epilogue: e } = spec;
  const panels = panelPacking(spec);
  const pads = v.PT + v.PB + v.PL + v.PR > 0;
  const padded = padImages(N, IC, v);
  const imageBytes = pads ? padded.bytes : 0;
  const { residual: rStep = OC, y: yStep = OC } = spec.steps ?? {};
  return {
    algorithm: "gemm by window rows",
    ...shapeAndWork(spec),
    scratchBytes: imageBytes + scratchBytes(v.KH),
    packing: panels,
    run(k, { inputs, outputs, scratch, packed }) {
      if (pads) padded.write(k, inputs[0], scratch);
      const x = pads ? scratch : inputs[0];
      const r = spec.residual ? inputs[1] : 0;
      // biome-ignore format: one line a subject
      k.conv2d(x, N, padded.H, padded.W, 1, v.KW * IC, IC * 4, packed, outputs[0], v.OH, v.OW, OC, yStep * 4,
        v.KH, 1, v.SH, v.SW, v.DH, 1, 0, 0,
        r, rStep * 4, e.lo, e.hi, e.code, e.alpha, e.beta, packed + panels.zeros, scratch + imageBytes);
    },
  };
}

/** Writes the padding out first, where it is no zeros. */
function mirrored(spec: Conv2dSpec, mode: PaddingMode): Prepared {
  const { N, IC, window: v } = spec;
  const padded = padImages(N, IC, v, mode);
  const window = { ...v, IH: padded.H, IW: padded.W, PT: 0, PB: 0, PL: 0, PR: 0 };
  const prepared = prepareConv2d({ ...spec, window, paddingMode: "zeros" });
  return {
    ...prepared,
    algorithm: `${prepared.algorithm}, ${mode} padding`,
    scratchBytes: padded.bytes + prepared.scratchBytes,
    run(k, at) {
      padded.write(k, at.inputs[0], at.scratch);
      prepared.run(k, { ...at, inputs: [at.scratch, ...at.inputs.slice(1)], scratch: at.scratch + padded.bytes });
    },
  };
}

interface PanelPacking extends Packing {
  /** Offset of a row of zeros behind the panels, for window places outside the image. */
  readonly zeros: number;
}

function panelPacking({ IC, OC, groups, window: { KH, KW }, filter }: Conv2dSpec): PanelPacking {
  const ICG = IC / groups;
  const OCG = OC / groups;
  const taps = KH * KW;
  const panels = [...panelsOf(OCG)];
  const rows = taps * ICG + 1;
  const groupBytes = panels.reduce((sum, panel) => sum + panel.width, 0) * rows * 4;
  const zeros = groups * groupBytes;
  return {
    key: `panels of ${groups} x ${OCG} x ${ICG} x ${KH}x${KW}, steps ${filter.oc} ${filter.ic} ${filter.tap}`,
    zeros,
    bytes: zeros + Math.max(IC, KW * ICG) * 4,
    write(k, weights, to) {
      let at = to;
      for (let g = 0; g < groups; g++) {
        for (const { start, columns, width } of panels) {
          const f = filterPanel(weights, filter, g * OCG + start, columns, ICG, taps, OC);
          const bias = weights.has(1) ? weights.at(1, g * OCG + start, columns) : 0;
          // biome-ignore format: steps, then extents
          k.packPanel(f.at, f.oc * 4, f.tap * KW * 4, f.tap * 4, f.ic * 4, bias,
            width, columns, KH, KW, ICG, at);
          at += width * rows * 4;
        }
      }
      k.fill(to + zeros, Math.max(IC, KW * ICG), 0);
    },
  };
}

/** Output channels `oc` to `oc + columns` of a filter and their steps; asks only for these where they lie together, or side by side. */
function filterPanel(
  w: WeightSource,
  filter: FilterStrides,
  oc: number,
  columns: number,
  ICG: number,
  taps: number,
  OC: number,
): FilterStrides & { readonly at: number } {
  const each = ICG * taps;
  if (filter.oc === each) return { ...filter, at: w.at(0, oc * each, columns * each) };
  const rowsOfChannels = filter.oc === 1 && filter.ic === OC && (taps === 1 || filter.tap === ICG * OC);
  if (!rowsOfChannels) return { ...filter, at: w.at(0, 0, OC * each) + oc * filter.oc * 4 };
  const { at, step } = w.rows(0, oc, columns, each, OC);
  return { at, oc: 1, ic: step, tap: ICG * step };
}
