import { ArgumentError, expected, ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, resolveActivation } from "./activation.ts";
import { call, checkOptions } from "./call.ts";
import type { PixelSteps } from "./convolve.ts";
import type { Epilogue } from "./epilogue.ts";
import { checkGroups, readFilter } from "./filter.ts";
import { arrangeImages, createImages, imageExtents, type LayoutOptions, operandOf } from "./layout.ts";
import { panelsOf, scratchBytes } from "./panels.ts";
import type { Packing, Prepared } from "./prepared.ts";
import { type Pair, pair, resolvePadding, type WindowOptions } from "./window.ts";

/** Order of a transposed filter's axes: input channels, output channels of a group, window height, window width. */
export type TransposedFilterLayout = "iohw" | "hwoi" | "ohwi" | "oihw";

export interface ConvTranspose2dOptions extends WindowOptions, LayoutOptions {
  /** Order of the axes of the filter. Default "iohw". */
  readonly filterLayout?: TransposedFilterLayout;
  /** [OC], added to each output channel. Default: none. */
  readonly bias?: Tensor | undefined;
  /** Input and output channels are divided into so many groups. Default 1. */
  readonly groups?: number;
  /** Rows and columns added at the bottom and right of the result, less than the strides or dilations. Default 0. */
  readonly outputPadding?: Pair;
  /** [OH, OW] of the result; takes the place of `outputPadding`. Default: what that gives. */
  readonly outputSizes?: Pair;
  /** Applied to the result. Default: none. */
  readonly activation?: Activation | undefined;
}

const FILTER_LAYOUTS = ["iohw", "hwoi", "ohwi", "oihw"] as const satisfies readonly TransposedFilterLayout[];

/**
 * Transposed convolution, the gradient of `conv2d` with respect to its input:
 * y[n, oc, ih * SH + kh * DH - top, iw * SW + kw * DW - left] += x[n, ic, ih, iw] * filter[ic, oc, kh, kw], onto b[oc].
 *
 * @param x images [N, IC, IH, IW], or [N, IH, IW, IC] with `inputLayout: "nhwc"`
 * @param filter [IC, OC / groups, KH, KW], or as `filterLayout` says
 * @param options `padding` is what `conv2d` of the result would have; "same" gives OH = IH * SH. Defaults as for `conv2d`
 * @returns images [N, OC, OH, OW], OH = (IH - 1) * SH + DH * (KH - 1) + 1 - top - bottom + outputPadding
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-convtranspose2d
 */
export function convTranspose2d(w: Workspace, x: Tensor, filter: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const where = "convTranspose2d";
  checkOptions(where, options, [
    ...(["strides", "padding", "dilations", "outputPadding", "outputSizes", "groups"] as const),
    ...(["inputLayout", "filterLayout", "bias", "activation"] as const),
  ]);
  const { inputLayout = "nchw", filterLayout = "iohw", groups = 1, bias } = options;
  const { N, C: IC, H, W } = imageExtents(w, where, "x", x, inputLayout);
  checkGroups(where, groups, IC);
  const shape = readFilter(w, where, "filter", filter, filterLayout, FILTER_LAYOUTS, { i: IC });
  const window = resolveTransposedWindow(where, [H, W], [shape.KH, shape.KW], options);
  const OC = shape.O * groups;
  const epilogue = resolveActivation(where, options.activation);
  // All tensors are brought to lie as they should before the first address is taken: one may stand for both operands.
  const own = filter === x ? w.copy(where, x) : filter;
  const b = bias != null ? operandOf(w, where, "bias", bias, [OC]) : 0;
  const inputs = [arrangeImages(w, x, inputLayout)];
  const weights = [w.arrange(own, "dense"), b];
  const y = createImages(w, where, inputLayout, N, OC, window.OH, window.OW);
  const strides = { ic: shape.ic, oc: shape.oc, kh: shape.tap * shape.KW, kw: shape.tap };
  const spec = { N, IC, OC, groups, window, filter: strides, epilogue };
  call(w, where, prepareConvTranspose2d(spec), { inputs, weights, outputs: [y] });
  if (own !== filter) own.dispose();
  return y;
}

/** A window that spreads each place of [IH, IW] over an output [OH, OW]. */
export interface TransposedWindow {
  readonly IH: number;
  readonly IW: number;
  readonly OH: number;
  readonly OW: number;
  readonly KH: number;
  readonly KW: number;
  readonly SH: number;
  readonly SW: number;
  readonly DH: number;
  readonly DW: number;
  readonly PT: number;
  readonly PL: number;
}

/** Those of `ConvTranspose2dOptions` that place the window. */
export type TransposedWindowOptions = Pick<
  ConvTranspose2dOptions,
  "strides" | "dilations" | "padding" | "outputPadding" | "outputSizes"
>;

/** Checks the options and computes the output size. `same` gives outputs of input * stride. */
export function resolveTransposedWindow(
  where: string,
  [IH, IW]: readonly [number, number],
  [KH, KW]: readonly [number, number],
  options: TransposedWindowOptions,
): TransposedWindow {
  const [SH, SW] = pair(where, "strides", options.strides ?? 1, 1);
  const [DH, DW] = pair(where, "dilations", options.dilations ?? 1, 1);
  const extra = pair(where, "outputPadding", options.outputPadding ?? 0, 0);
  const most = [Math.max(SH, DH) - 1, Math.max(SW, DW) - 1];
  if (extra[0] > most[0] || extra[1] > most[1]) {
    throw new ArgumentError(expected(where, "outputPadding", `at most [${most.join(", ")}]`, extra));
  }
  const { padding = 0 } = options;
  // The padding of a convolution that makes [IH, IW] of an image `strides` times as large.
  const image: [number, number] = [IH * SH, IW * SW];
  const [PT, PB, PL, PR] = resolvePadding(where, padding, image, [KH, KW], [SH, SW], [DH, DW]);
  const same = padding === "same" || padding === "same-lower";
  const least = same
    ? image
    : [(IH - 1) * SH + DH * (KH - 1) + 1 - PT - PB, (IW - 1) * SW + DW * (KW - 1) + 1 - PL - PR];
  let [OH, OW] = [least[0] + extra[0], least[1] + extra[1]];
  if (options.outputSizes !== undefined) {
    [OH, OW] = pair(where, "outputSizes", options.outputSizes, 1);
    const over = [OH - least[0], OW - least[1]];
    if (over.some((places, axis) => places < 0 || places > most[axis])) {
      const wanted = `[${least.join(", ")}] to [${least.map((size, axis) => size + most[axis]).join(", ")}]`;
      throw new ArgumentError(expected(where, "outputSizes", wanted, [OH, OW]));
    }
  }
  if (OH < 1 || OW < 1) throw new ShapeError(expected(where, "output", "at least 1x1", `${OH}x${OW}`));
  return { IH, IW, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL };
}

/** Elements from one filter value to the next along each axis. */
export interface TransposedFilterStrides {
  readonly ic: number;
  readonly oc: number;
  readonly kh: number;
  readonly kw: number;
}

/** A transposed convolution of channels-last images, checked and in numbers. */
export interface ConvTranspose2dSpec {
  readonly N: number;
  readonly IC: number;
  readonly OC: number;
  readonly groups: number;
  readonly window: TransposedWindow;
  readonly filter: TransposedFilterStrides;
  readonly epilogue: Epilogue;
  readonly steps?: PixelSteps | undefined;
}

/**
 * The output places o with equal (o + padding) mod stride see the same subset of the window: for each such phase the operator is a
 * plain convolution of stride 1 with that subset turned round.
 */
interface Phase {
  /** First output place; the next is `stride` further. */
  readonly first: number;
  /** Window places of the phase: the last one, the step down to the next, and how many. */
  readonly last: number;
  readonly step: number;
  readonly taps: number;
  /** Distance in the input from one tap to the next. */
  readonly dilation: number;
}

function phasesOf(stride: number, dilation: number, window: number, padding: number, output: number): Phase[] {
  const common = greatestCommonDivisor(stride, dilation);
  const step = stride / common;
  return Array.from({ length: Math.min(stride, output) }, (_, first) => {
    const places = Array.from({ length: window }, (_, k) => k).filter(
      (k) => mod(first + padding - k * dilation, stride) === 0,
    );
    return { first, last: places.at(-1) ?? 0, step, taps: places.length, dilation: dilation / common };
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function mod(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** Makes a transposed convolution ready: input [x] [N, IH, IW, IC], weights [filter, bias?], output [N, OH, OW, OC]. */
export function prepareConvTranspose2d(spec: ConvTranspose2dSpec): Prepared {
  const { N, IC, OC, groups, window: v } = spec;
  const rows = phasesOf(v.SH, v.DH, v.KH, v.PT, v.OH);
  const columns = phasesOf(v.SW, v.DW, v.KW, v.PL, v.OW);
  const parts = rows.flatMap((row) => columns.map((column) => ({ row, column })));
  const packing = phasePacking(spec, parts);
  return {
    algorithm: `gemm in ${parts.length} phases`,
    outputShapes: [[N, v.OH, v.OW, OC]],
    macs: N * v.IH * v.IW * IC * (OC / groups) * v.KH * v.KW,
    scratchBytes: scratchBytes(v.KH * v.KW),
    packing,
    run(k, { inputs, outputs, scratch, packed }) {
      parts.forEach((part, i) => {
        for (let g = 0; g < groups; g++) {
          const w = packed + packing.offsets[i] + g * packing.groupBytes[i];
          runPhase(k, spec, part, g, inputs[0], w, outputs[0], packed + packing.zeros, scratch);
        }
      });
    },
  };
}

interface Part {
  readonly row: Phase;
  readonly column: Phase;
}

/** The output rows of a phase, each a convolution with one output row. */
function runPhase(
  k: Kernels,
  { N, IC, OC, groups, window: v, epilogue: e, steps }: ConvTranspose2dSpec,
  { row, column }: Part,
  g: number,
  x: number,
  w: number,
  y: number,
  zeros: number,
  scratch: number,
): void {
  const ICG = IC / groups;
  const OCG = OC / groups;
  const { x: xStep = IC, y: yStep = OC } = steps ?? {};
  const empty = row.taps * column.taps === 0;
  const OW = Math.ceil((v.OW - column.first) / v.SW);
  const left = empty ? 0 : (column.last * v.DW - column.first - v.PL) / v.SW;
  for (let n = 0; n < N; n++) {
    const image = x + (n * v.IH * v.IW * xStep + g * ICG) * 4;
    for (let oh = row.first; oh < v.OH; oh += v.SH) {
      // Without taps a window place outside the image stands for none.
      const top = empty ? v.IH : (row.last * v.DH - oh - v.PT) / v.SH;
      const to = y + (((n * v.OH + oh) * v.OW + column.first) * yStep + g * OCG) * 4;
      // biome-ignore format: one line a subject
      k.conv2d(image, 1, v.IH, v.IW, 1, ICG, xStep * 4, w, to, 1, OW, OCG, v.SW * yStep * 4,
        empty ? 1 : row.taps, empty ? 1 : column.taps, 1, 1, row.dilation, column.dilation, top, left,
        0, 0, e.lo, e.hi, e.code, e.alpha, e.beta, zeros, scratch);
    }
  }
}

interface PhasePacking extends Packing {
  /** Where the panels of each phase start, and the bytes from group to group there. */
  readonly offsets: readonly number[];
  readonly groupBytes: readonly number[];
  readonly zeros: number;
}

function phasePacking(
  { IC, OC, groups, window: v, filter: f }: ConvTranspose2dSpec,
  parts: readonly Part[],
): PhasePacking {
  const ICG = IC / groups;
  const OCG = OC / groups;
  const panels = [...panelsOf(OCG)];
  const width = panels.reduce((sum, panel) => sum + panel.width, 0);
  const tapsOf = ({ row, column }: Part) => Math.max(1, row.taps * column.taps);
  const groupBytes = parts.map((part) => (tapsOf(part) * ICG + 1) * width * 4);
  let zeros = 0;
  const offsets = groupBytes.map((bytes) => {
    const offset = zeros;
    zeros += bytes * groups;
    return offset;
  });
  return {
    key: `phases ${v.KH}x${v.KW} ${v.SH}x${v.SW} ${v.DH}x${v.DW} ${v.PT} ${v.PL} of ${groups} x ${OCG} x ${ICG}, steps ${f.ic} ${f.oc}`,
    offsets,
    groupBytes,
    zeros,
    bytes: zeros + ICG * 4,
    write(k, weights, to) {
      const filter = weights.at(0, 0, IC * OCG * v.KH * v.KW);
      const bias = weights.has(1) ? weights.at(1, 0, OC) : 0;
      let at = to;
      for (const { row, column } of parts) {
        const [KH, KW] = row.taps * column.taps === 0 ? [1, 1] : [row.taps, column.taps];
        const lastTap = filter + (row.last * f.kh + column.last * f.kw) * 4;
        for (let g = 0; g < groups; g++) {
          for (const panel of panels) {
            const from = lastTap + (g * ICG * f.ic + panel.start * f.oc) * 4;
            const b = bias ? bias + (g * OCG + panel.start) * 4 : 0;
            // biome-ignore format: steps, then extents
            k.packPanel(from, f.oc * 4, -row.step * f.kh * 4, -column.step * f.kw * 4, f.ic * 4, b,
              panel.width, panel.columns, KH, KW, ICG, at);
            at += (KH * KW * ICG + 1) * panel.width * 4;
          }
        }
      }
      k.fill(to + zeros, ICG, 0);
    },
  };
}
