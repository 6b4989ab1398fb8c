import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { type SequenceLayoutOptions, sequencesOf } from "./layout.ts";
import { checkBoolean } from "./operands.ts";
import type { PoolKind } from "./pool.ts";
import { poolImages } from "./pool2d.ts";
import { resolveSequenceWindow, type SequenceWindowOptions } from "./sequence-window.ts";
import { positive, type Rounding } from "./window.ts";

export interface Pool1dOptions extends SequenceWindowOptions, SequenceLayoutOptions {
  /** Length of the window. Default: the whole sequence. */
  readonly windowDimensions?: number;
  /** Whether a last window that hangs over the padded sequence counts ("ceil") or not ("floor", the default). */
  readonly outputShapeRounding?: Rounding;
}

export interface AveragePool1dOptions extends Pool1dOptions {
  /** Whether places in the padding count as zeros. Default false (ONNX's default; PyTorch's is true). */
  readonly countIncludePad?: boolean;
}

const POOL_OPTIONS = [
  ...(["windowDimensions", "strides", "padding", "dilations", "outputShapeRounding"] as const),
  "inputLayout",
] as const satisfies readonly (keyof Pool1dOptions)[];

/**
 * The largest value of each window of a sequence: `maxPool2d` of images one row high.
 *
 * @param x sequences [N, C, L], or [N, L, C] with `inputLayout: "nlc"`
 * @returns sequences [N, C, OL], OL = floor((L + begin + end - D * (K - 1) - 1) / S) + 1; strides default to 1
 * @throws ShapeError if the window is larger than the padded sequence, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
 */
export function maxPool1d(w: Workspace, x: Tensor, options: Pool1dOptions = {}): Tensor {
  checkOptions("maxPool1d", options, POOL_OPTIONS);
  return pool(w, "maxPool1d", "max", x, options, false);
}

/**
 * The mean of each window of a sequence; places in the padding are left out unless `countIncludePad`.
 *
 * @param x sequences [N, C, L], or [N, L, C] with `inputLayout: "nlc"`
 * @returns sequences, sizes and defaults as for `maxPool1d`
 * @throws ShapeError if the window is larger than the padded sequence, ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
 */
export function averagePool1d(w: Workspace, x: Tensor, options: AveragePool1dOptions = {}): Tensor {
  checkOptions("averagePool1d", options, [...POOL_OPTIONS, "countIncludePad"]);
  return pool(
    w,
    "averagePool1d",
    "average",
    x,
    options,
    checkBoolean("averagePool1d", "countIncludePad", options.countIncludePad),
  );
}

function pool(
  w: Workspace,
  where: string,
  kind: PoolKind,
  x: Tensor,
  options: Pool1dOptions,
  countPadding: boolean,
): Tensor {
  const { inputLayout = "ncl" } = options;
  const sequences = sequencesOf(w, where, "x", x, inputLayout);
  const K = positive(where, "windowDimensions", options.windowDimensions ?? sequences.W);
  const window = resolveSequenceWindow(where, sequences.W, K, options);
  return poolImages(w, where, inputLayout, kind, sequences, window, countPadding);
}
