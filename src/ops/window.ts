import { ArgumentError, expected, ShapeError } from "../errors.ts";

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];

/** Padding: one number for all sides, [vertical, horizontal], [top, bottom, left, right], or a rule. */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number] | PaddingRule;

/**
 * `valid`: none. `same`: output size is ceil(input / stride), the odd place goes to the bottom and right (TensorFlow's SAME, ONNX's
 * SAME_UPPER); `same-lower`: the odd place goes to the top and left.
 */
export type PaddingRule = "valid" | "same" | "same-lower";

export type Rounding = "floor" | "ceil";

/** Options of everything that slides a window over an image. */
export interface WindowOptions {
  /** Step of the window. Default 1. */
  readonly strides?: Pair;
  /** Distance of neighbouring places of the window. Default 1. */
  readonly dilations?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
}

/** A window and the image it slides over, in numbers. */
export interface Window {
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
  /** Padding at top, bottom, left, right. */
  readonly PT: number;
  readonly PB: number;
  readonly PL: number;
  readonly PR: number;
}

/**
 * Checks the options and computes the output size; `where` opens the error messages.
 *
 * @throws ShapeError for an empty image, or a window larger than the padded image
 */
export function resolveWindow(
  where: string,
  image: readonly [number, number],
  window: readonly [number, number],
  options: WindowOptions & { readonly outputShapeRounding?: Rounding },
): Window {
  const [IH, IW] = image;
  const [KH, KW] = window;
  if (IH < 1 || IW < 1) throw new ShapeError(`${where}: image expected at least 1x1, got ${IH}x${IW}`);
  const [SH, SW] = pair(where, "strides", options.strides ?? 1, 1);
  const [DH, DW] = pair(where, "dilations", options.dilations ?? 1, 1);
  const [PT, PB, PL, PR] = resolvePadding(where, options.padding ?? 0, [IH, IW], [KH, KW], [SH, SW], [DH, DW]);
  const rounding = checkRounding(where, options.outputShapeRounding);
  const OH = outputSize(where, "height", IH, KH, SH, DH, PT, PB, rounding);
  const OW = outputSize(where, "width", IW, KW, SW, DW, PL, PR, rounding);
  return { IH, IW, OH, OW, KH, KW, SH, SW, DH, DW, PT, PB, PL, PR };
}

/** Checks an integer of at least 1. */
export function positive(where: string, what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ArgumentError(expected(where, what, "an integer >= 1", value));
}

/** Checks a rounding. */
export function checkRounding(where: string, rounding: Rounding = "floor"): Rounding {
  if (rounding === "floor" || rounding === "ceil") return rounding;
  throw new ArgumentError(expected(where, "outputShapeRounding", '"floor" or "ceil"', rounding));
}

/** A `Pair` as two integers of at least `least`. */
export function pair(where: string, what: string, value: Pair, least: number): [number, number] {
  const both = typeof value === "number" ? [value, value] : value;
  const ok = Array.isArray(both) && both.length === 2 && both.every((v) => Number.isSafeInteger(v) && v >= least);
  if (!ok)
    throw new ArgumentError(expected(where, what, `an integer >= ${least} or a pair [height, width] of such`, value));
  return [both[0], both[1]];
}

type TwoNumbers = readonly [number, number];

/** Padding at top, bottom, left, right. */
export function resolvePadding(
  where: string,
  padding: Padding,
  image: TwoNumbers,
  window: TwoNumbers,
  strides: TwoNumbers,
  dilations: TwoNumbers,
): [number, number, number, number] {
  if (padding === "valid") return [0, 0, 0, 0];
  if (padding === "same" || padding === "same-lower") {
    const [top, bottom] = samePadding(image[0], window[0], strides[0], dilations[0]);
    const [left, right] = samePadding(image[1], window[1], strides[1], dilations[1]);
    return padding === "same" ? [top, bottom, left, right] : [bottom, top, right, left];
  }
  const sides = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  const ok =
    Array.isArray(sides) &&
    (sides.length === 2 || sides.length === 4) &&
    sides.every((v) => Number.isSafeInteger(v) && v >= 0);
  if (!ok) {
    const wanted =
      'an integer >= 0, [vertical, horizontal], [top, bottom, left, right], "same", "same-lower" or "valid"';
    throw new ArgumentError(expected(where, "padding", wanted, padding));
  }
  const [a, b, c, d] = sides as number[];
  return sides.length === 2 ? [a, a, b, b] : [a, b, c, d];
}

/** Padding before and after for an output of ceil(input / stride); the odd place goes behind. */
function samePadding(input: number, window: number, stride: number, dilation: number): [number, number] {
  const reach = dilation * (window - 1) + 1;
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach - input);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** How many windows fit an axis, named `axis` in messages. */
export function outputSize(
  where: string,
  axis: string,
  input: number,
  window: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
  rounding: Rounding,
): number {
  const reach = dilation * (window - 1) + 1;
  const room = input + before + after - reach;
  if (room < 0) {
    throw new ShapeError(
      `${where}: padded ${axis} expected at least ${reach} for the window, got ${input} + ${before} + ${after}`,
    );
  }
  const size = Math.floor(room / stride) + 1;
  // A window may hang over the end if it starts inside the image or the padding before it.
  const hangsOver = rounding === "ceil" && room % stride !== 0 && size * stride < input + before;
  return hangsOver ? size + 1 : size;
}
