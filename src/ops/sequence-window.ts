import { ArgumentError, expected } from "../errors.ts";
import {
  checkRounding,
  outputSize,
  type Padding,
  type PaddingRule,
  positive,
  type Rounding,
  resolvePadding,
  type Window,
} from "./window.ts";

/** Options of everything that slides a window over a sequence. */
export interface SequenceWindowOptions {
  /** Step of the window. Default 1. */
  readonly strides?: number;
  /** Distance of neighbouring places of the window. Default 1. */
  readonly dilations?: number;
  /** One number for both ends, [begin, end], or a rule. Default 0. */
  readonly padding?: number | readonly [number, number] | PaddingRule;
}

/** `resolveWindow` for a sequence of L places and a window of K: an image and a window one row high. */
export function resolveSequenceWindow(
  where: string,
  L: number,
  K: number,
  options: SequenceWindowOptions & { readonly outputShapeRounding?: Rounding },
): Window {
  const SW = positive(where, "strides", options.strides ?? 1);
  const DW = positive(where, "dilations", options.dilations ?? 1);
  const padding = sequencePadding(where, options.padding ?? 0);
  const [, , PL, PR] = resolvePadding(where, padding, [1, L], [1, K], [1, SW], [1, DW]);
  const rounding = checkRounding(where, options.outputShapeRounding);
  const OW = outputSize(where, "length", L, K, SW, DW, PL, PR, rounding);
  return { IH: 1, IW: L, OH: 1, OW, KH: 1, KW: K, SH: 1, SW, DH: 1, DW, PT: 0, PB: 0, PL, PR };
}

function sequencePadding(where: string, padding: number | readonly [number, number] | PaddingRule): Padding {
  if (padding === "valid" || padding === "same" || padding === "same-lower") return padding;
  const ends = typeof padding === "number" ? [padding, padding] : padding;
  if (Array.isArray(ends) && ends.length === 2 && ends.every((v) => Number.isSafeInteger(v) && v >= 0)) {
    return [0, 0, ends[0], ends[1]];
  }
  const wanted = 'an integer >= 0, [begin, end], "same", "same-lower" or "valid"';
  throw new ArgumentError(expected(where, "padding", wanted, padding));
}
