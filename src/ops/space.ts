import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { type Movement, wholeCopy } from "./copies.ts";
import type { LayoutOptions } from "./layout.ts";
import { moveLying } from "./moves.ts";
import { checkImages, checkWord } from "./operands.ts";

export interface SpaceOptions extends LayoutOptions {
  /**
   * Which channels of the deep images make a square: "DCR" (default) pixel by pixel, each with all its channels, as in TensorFlow;
   * "CRD" channel by channel, as PyTorch's `pixel_shuffle`.
   */
  readonly order?: "DCR" | "CRD" | undefined;
}

/**
 * Groups of block * block channels become squares of pixels.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`; C is a multiple of block * block
 * @param block side of the squares, an integer of at least 1
 * @returns [N, C / (block * block), H * block, W * block], in the layout of x
 * @throws ShapeError if the channels do not divide so, ArgumentError for another block or bad options
 * @see https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
 */
export function depthToSpace(w: Workspace, x: Tensor, block: number, options: SpaceOptions = {}): Tensor {
  return rearrange(w, "depthToSpace", x, block, options, depthToSpaceMovement);
}

/**
 * The inverse of `depthToSpace`: squares of pixels become groups of block * block channels.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`; H and W are multiples of block
 * @param block side of the squares, an integer of at least 1
 * @returns [N, C * block * block, H / block, W / block], in the layout of x
 * @throws ShapeError if the images do not divide so, ArgumentError for another block or bad options
 * @see https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
 */
export function spaceToDepth(w: Workspace, x: Tensor, block: number, options: SpaceOptions = {}): Tensor {
  return rearrange(w, "spaceToDepth", x, block, options, spaceToDepthMovement);
}

function rearrange(
  w: Workspace,
  where: string,
  x: Tensor,
  block: number,
  options: SpaceOptions,
  movementOf: (where: string, spec: SpaceSpec) => Movement,
): Tensor {
  w.check(where, "x", x);
  checkOptions(where, options, ["order", "inputLayout"]);
  const { inputLayout = "nchw" } = options;
  const order = checkWord(where, "order", ["DCR", "CRD"], options.order ?? "DCR");
  const extents = checkImages(w, where, "x", x, inputLayout);
  if (!Number.isSafeInteger(block) || block < 1) {
    throw new ArgumentError(expected(where, "block", "an integer of at least 1", block));
  }
  if (inputLayout === "nhwc") w.arrange(x, "dense");
  const channelsLast = inputLayout === "nhwc" || w.format(x) === "channels-last";
  return moveLying(w, where, x, () => movementOf(where, { ...extents, block, order, channelsLast }))[0];
}

export interface SpaceSpec {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  /** Side of the squares of pixels that become channels, or the other way. */
  readonly block: number;
  /** Whether a pixel's channels are its square's pixels of all channels ("DCR": pixel by pixel) or each channel's square ("CRD"). */
  readonly order: "DCR" | "CRD";
  readonly channelsLast: boolean;
}

/** Axes of both layouts, by what they count: batch, rows, columns, rows and columns within a square, channels. */
type Axis = "n" | "h" | "w" | "i" | "j" | "c";

/** [N, C, H, W] to [N, C / block^2, H * block, W * block], or both channels last. */
export function depthToSpaceMovement(where: string, spec: SpaceSpec): Movement {
  const { N, C, H, W, block } = spec;
  checkBlock(where, block);
  if (C % (block * block) !== 0) {
    throw new ShapeError(expected(where, "input", `a multiple of ${block * block} channels for blocks of ${block}`, C));
  }
  const extents = { n: N, h: H, w: W, i: block, j: block, c: C / (block * block) };
  const [H2, W2] = [H * block, W * block];
  return move(extents, deepOrder(spec), wideOrder(spec), imageShape(spec, extents.c, H2, W2));
}

/** [N, C, H, W] to [N, C * block^2, H / block, W / block], or both channels last; the inverse of depthToSpace. */
export function spaceToDepthMovement(where: string, spec: SpaceSpec): Movement {
  const { N, C, H, W, block } = spec;
  checkBlock(where, block);
  if (H % block !== 0 || W % block !== 0) {
    throw new ShapeError(expected(where, "input", `height and width that are multiples of ${block}`, [H, W]));
  }
  const extents = { n: N, h: H / block, w: W / block, i: block, j: block, c: C };
  return move(extents, wideOrder(spec), deepOrder(spec), imageShape(spec, C * block * block, H / block, W / block));
}

function checkBlock(where: string, block: number): void {
  if (!Number.isInteger(block) || block < 1) {
    throw new ShapeError(expected(where, "blocksize", "an integer of at least 1", block));
  }
}

function imageShape({ N, channelsLast }: SpaceSpec, C: number, H: number, W: number): Shape {
  return channelsLast ? [N, H, W, C] : [N, C, H, W];
}

function deepOrder({ order, channelsLast }: SpaceSpec): Axis[] {
  const channels: Axis[] = order === "DCR" ? ["i", "j", "c"] : ["c", "i", "j"];
  return channelsLast ? ["n", "h", "w", ...channels] : ["n", ...channels, "h", "w"];
}

function wideOrder({ channelsLast }: SpaceSpec): Axis[] {
  return channelsLast ? ["n", "h", "i", "w", "j", "c"] : ["n", "c", "h", "i", "w", "j"];
}

function move(extents: Record<Axis, number>, from: readonly Axis[], to: readonly Axis[], result: Shape): Movement {
  const shape = to.map((axis) => extents[axis]);
  const strides = stridesOf(from.map((axis) => extents[axis]));
  const walk = { shape, from: to.map((axis) => strides[from.indexOf(axis)]), to: stridesOf(shape) };
  return { outputShapes: [result], copies: [wholeCopy(walk)] };
}
