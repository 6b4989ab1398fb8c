import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { CONVOLUTION_OPTIONS, type ConvolutionOptions, convolve } from "./conv2d.ts";
import { checkGroups, readFilter } from "./filter.ts";
import { type SequenceLayoutOptions, sequenceExtents } from "./layout.ts";
import { resolveSequenceWindow, type SequenceWindowOptions } from "./sequence-window.ts";

/** Order of a filter's axes: output channels, input channels of a group, window. */
export type SequenceFilterLayout = "oik" | "kio" | "oki" | "iko";

export interface Conv1dOptions extends ConvolutionOptions, SequenceWindowOptions, SequenceLayoutOptions {
  /** Order of the axes of the filter. Default "oik"; "kio" is TensorFlow's. */
  readonly filterLayout?: SequenceFilterLayout;
}

const FILTER_LAYOUTS = ["oik", "kio", "oki", "iko"] as const satisfies readonly SequenceFilterLayout[];

/**
 * One-dimensional convolution: `conv2d` of images one row high,
 * y[n, oc, ol] = b[oc] + sum of x[n, ic, ol * S + k * D - begin] * filter[oc, ic, k].
 *
 * @param x sequences [N, IC, L], or [N, L, IC] with `inputLayout: "nlc"`
 * @param filter [OC, IC / groups, K], or as `filterLayout` says
 * @param options defaults: strides 1, padding 0, dilations 1, groups 1
 * @returns sequences [N, OC, OL] (or channels last, as x), OL = floor((L + begin + end - D * (K - 1) - 1) / S) + 1
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html
 */
export function conv1d(w: Workspace, x: Tensor, filter: Tensor, options: Conv1dOptions = {}): Tensor {
  const where = "conv1d";
  checkOptions(where, options, [
    ...(["strides", "padding", "dilations", "inputLayout", "filterLayout"] as const),
    ...CONVOLUTION_OPTIONS,
  ]);
  const { inputLayout: layout = "ncl", filterLayout = "oik", groups = 1 } = options;
  const extents = sequenceExtents(w, where, "x", x, layout);
  checkGroups(where, groups, extents.C);
  const fixed = { i: extents.C / groups };
  const shape = readFilter(w, where, "filter", filter, filterLayout, FILTER_LAYOUTS, fixed);
  const window = resolveSequenceWindow(where, extents.W, shape.KW, options);
  return convolve(w, { where, layout, x, extents, filter, shape, window }, options);
}
