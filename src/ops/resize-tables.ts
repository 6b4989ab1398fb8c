// Which input elements make an output element of a resize along one axis, and by which weights.

/** How an output place becomes a place of the input; ONNX's names. */
export type CoordinateMode =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "tf_half_pixel_for_nn"
  | "align_corners"
  | "asymmetric"
  | "tf_crop_and_resize";

/** Rounding to the nearest element; "simple" is "ceil" where the axis gets smaller and "floor" elsewhere. */
export type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil" | "simple";

export interface ResizeRules {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinates: CoordinateMode;
  readonly nearest: NearestMode;
  /** Coefficient a of the cubic kernel. */
  readonly cubic: number;
  /** Elements outside the input get no weight, and the others make up for it; else they show the edge. */
  readonly excludeOutside: boolean;
  /** When an axis gets smaller, the kernel widens accordingly. Linear and cubic. */
  readonly antialias: boolean;
}

export interface ResizeAxis {
  readonly axis: number;
  /** Extent of the result. */
  readonly output: number;
  /** The factor that coordinates are computed with: output / input where nothing else is said. */
  readonly scale: number;
  /** The part of the axis that is taken by "tf_crop_and_resize": 0 is the first element, 1 the last. */
  readonly start: number;
  readonly end: number;
}

/** For each output place the element that it shows; -1 for none. */
export function nearestTable(rules: ResizeRules, input: number, axis: ResizeAxis): Int32Array {
  return Int32Array.from({ length: axis.output }, (_, o) => {
    const place = placeOf(o, rules.coordinates, input, axis);
    if (isOutside(rules, place, input)) return -1;
    return clamp(roundPlace(snap(place), rules.nearest, axis.scale), input);
  });
}

/** For each output place the first of `taps` elements that it is made of (-1 for none), and their weights. */
export interface WeightTable {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly weights: Float32Array;
}

export function weightTable(rules: ResizeRules, input: number, axis: ResizeAxis): WeightTable {
  const rows = Array.from({ length: axis.output }, (_, o) => {
    const place = placeOf(o, rules.coordinates, input, axis);
    return isOutside(rules, place, input) ? undefined : weightsAt(place, rules, input, axis.scale);
  });
  const taps = rows.reduce((most, row) => Math.max(most, row?.weights.length ?? 0), 1);
  const weights = new Float32Array(rows.length * taps);
  rows.forEach((row, o) => {
    weights.set(row?.weights ?? [], o * taps);
  });
  return { taps, starts: Int32Array.from(rows, (row) => row?.first ?? -1), weights };
}

function placeOf(o: number, mode: CoordinateMode, input: number, { output, scale, start, end }: ResizeAxis): number {
  // With a factor that does not divide evenly coordinates are measured by the extent before it was rounded.
  const resized = scale * input;
  switch (mode) {
    case "half_pixel":
      return (o + 0.5) / scale - 0.5;
    case "half_pixel_symmetric":
      return (input / 2) * (1 - output / resized) + (o + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return output > 1 ? (o + 0.5) / scale - 0.5 : 0;
    case "tf_half_pixel_for_nn":
      return (o + 0.5) / scale;
    case "align_corners":
      return output === 1 || resized === 1 ? 0 : (o * (input - 1)) / (resized - 1);
    case "asymmetric":
      return o / scale;
    case "tf_crop_and_resize":
      if (output === 1) return 0.5 * (start + end) * (input - 1);
      return start * (input - 1) + (o * (end - start) * (input - 1)) / (output - 1);
  }
}

function isOutside({ coordinates }: ResizeRules, place: number, input: number): boolean {
  return coordinates === "tf_crop_and_resize" && (place < 0 || place > input - 1);
}

/** A factor such as 1/3 is not exact: a place as close to a half or whole one as float32 can tell is taken to be it. */
function snap(place: number): number {
  const exact = Math.round(place * 2) / 2;
  return Math.abs(place - exact) <= 2 ** -22 * Math.max(1, Math.abs(place)) ? exact : place;
}

function roundPlace(place: number, mode: NearestMode, scale: number): number {
  switch (mode) {
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    case "simple":
      return scale < 1 ? Math.ceil(place) : Math.floor(place);
  }
}

function clamp(place: number, input: number): number {
  return Math.min(Math.max(place, 0), input - 1);
}

/** Weights of consecutive elements from `first` on. Those of elements outside the input go to the edge, or to nobody. */
function weightsAt(
  place: number,
  rules: ResizeRules,
  input: number,
  scale: number,
): { first: number; weights: number[] } {
  const shrink = rules.antialias ? Math.min(1, scale) : 1;
  const radius = (rules.mode === "linear" ? 1 : 2) / shrink;
  const from = Math.ceil(place - radius);
  const to = Math.floor(place + radius);
  const first = clamp(from, input);
  const weights = new Array<number>(clamp(to, input) - first + 1).fill(0);
  let total = 0;
  for (let i = from; i <= to; i++) {
    if (rules.excludeOutside && (i < 0 || i >= input)) continue;
    const weight = kernel((i - place) * shrink, rules);
    weights[clamp(i, input) - first] += weight;
    total += weight;
  }
  if (!rules.excludeOutside && !rules.antialias) return { first, weights };
  return { first, weights: weights.map((weight) => weight / total) };
}

function kernel(t: number, { mode, cubic: a }: ResizeRules): number {
  const d = Math.abs(t);
  if (mode === "linear") return Math.max(0, 1 - d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}
