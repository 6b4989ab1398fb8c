import { isDepthwise, prepareDepthwise } from "./depthwise.ts";
import type { Epilogue } from "./epilogue.ts";
import { type PaddingMode, padImages } from "./pad-images.ts";
import { panelsOf, scratchBytes } from "./panels.ts";
import type { Packing, Prepared, WeightSource } from "./prepared.ts";
import type { Window } from "./window.ts";
import { prepareWinograd, winogradTile } from "./winograd.ts";

/**
 * `default`: 3x3 convolutions of stride 1 may go by Winograd's method, which is about three times as fast; its error, measured in
 * docs/accuracy.md, is a few 2^-24 of the sum of |x * w| of the places around. `direct`: every product is computed and added.
 */
export type Numerics = "default" | "direct";

/** Elements from one filter value to the next along each axis; taps are the KH * KW places, row by row. */
export interface FilterStrides {
  readonly oc: number;
  readonly ic: number;
  readonly tap: number;
}

/** Element strides of a dense [OC, IC / groups, KH, KW] filter. */
export function oihwStrides(ICG: number, taps: number): FilterStrides {
  return { oc: ICG * taps, ic: taps, tap: 1 };
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
