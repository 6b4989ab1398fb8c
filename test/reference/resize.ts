import { lanes } from "./move.ts";
import { axisOf, exact, numbers, type Plain, type Reference } from "./plain.ts";

export type CoordinateMode =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_crop_and_resize";

export type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";

export interface ResizeOptions {
  /** Output extent of each of `axes`. */
  sizes?: readonly number[];
  /** Output extent over input extent; the output extent is rounded down. One of the two is needed. */
  scales?: readonly number[];
  /** Default: the last axes, as many as there are sizes or scales. */
  axes?: readonly number[];
  mode?: "nearest" | "linear" | "cubic";
  coordinates?: CoordinateMode;
  nearest?: NearestMode;
  /** Coefficient a of the cubic kernel. */
  cubic?: number;
  /** Taps outside the input get no weight, and the others make up for it; else such taps show the edge. */
  excludeOutside?: boolean;
  /** When shrinking, the kernel is widened by 1 / scale. Linear and cubic. */
  antialias?: boolean;
  /** For "tf_crop_and_resize": start and end along each of `axes`, 0 the first element's centre and 1 the last one's. */
  roi?: { starts: readonly number[]; ends: readonly number[] };
  /** For "tf_crop_and_resize": what a place outside the input gives. */
  extrapolation?: number;
}

interface AxisRule {
  input: number;
  output: number;
  /** output / input, before the output was rounded down. */
  scale: number;
  start: number;
  end: number;
}

/** The place in the input, in elements, that output index o stands for. */
function inputPlace(o: number, mode: CoordinateMode, { input, output, scale, start, end }: AxisRule): number {
  // With fractional scales the definition measures by scale * input, not by the rounded extent.
  const resized = scale * input;
  switch (mode) {
    case "half_pixel":
      return (o + 0.5) / scale - 0.5;
    case "half_pixel_symmetric":
      return (input / 2) * (1 - output / resized) + (o + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return output > 1 ? (o + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return output === 1 || resized === 1 ? 0 : (o * (input - 1)) / (resized - 1);
    case "asymmetric":
      return o / scale;
    case "tf_crop_and_resize":
      return output > 1
        ? start * (input - 1) + (o * (end - start) * (input - 1)) / (output - 1)
        : 0.5 * (start + end) * (input - 1);
  }
}

function nearestIndex(place: number, mode: NearestMode): number {
  switch (mode) {
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
  }
}

/** The tent: 1 - |t| within 1. */
function linearKernel(t: number): number {
  return Math.max(0, 1 - Math.abs(t));
}

/** Keys' cubic convolution kernel, within 2. */
function cubicKernel(t: number, a: number): number {
  const d = Math.abs(t);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  if (d < 2) return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return 0;
}

/** Which input indices make output index o, and by which weights. */
function tapsOf(place: number, rule: AxisRule, options: ResizeOptions): [index: number, weight: number][] {
  const { mode = "nearest", nearest = "round_prefer_floor", cubic = -0.75, excludeOutside, antialias } = options;
  const last = rule.input - 1;
  const clamp = (i: number): number => Math.min(last, Math.max(0, i));
  if (mode === "nearest") return [[clamp(nearestIndex(place, nearest)), 1]];
  const shrink = antialias ? Math.min(1, rule.scale) : 1;
  const radius = (mode === "linear" ? 1 : 2) / shrink;
  let taps: [number, number][] = [];
  for (let i = Math.ceil(place - radius); i <= Math.floor(place + radius); i++) {
    const t = (i - place) * shrink;
    taps.push([i, mode === "linear" ? linearKernel(t) : cubicKernel(t, cubic)]);
  }
  if (excludeOutside) taps = taps.filter(([i]) => i >= 0 && i <= last);
  const total = excludeOutside || antialias ? taps.reduce((sum, [, weight]) => sum + weight, 0) : 1;
  return taps.filter(([, weight]) => weight !== 0).map(([i, weight]) => [clamp(i), weight / total]);
}

/**
 * ONNX Resize, one axis after another:
 * y[o] = sum over taps i of x[clamp(i)] * kernel((i - place(o)) * shrink) / total, or the nearest element.
 */
export function resize(x: Plain, options: ResizeOptions): Reference {
  const { sizes, scales, coordinates = "half_pixel", roi, extrapolation = 0 } = options;
  const given = (sizes ?? scales)!;
  const axes = options.axes ?? given.map((_, i) => i - given.length);
  let y = exact(x.shape, x.data);
  const outside: { axis: number; places: boolean[] }[] = [];
  given.forEach((_, k) => {
    const axis = axisOf(axes[k], x.shape.length);
    const input = x.shape[axis];
    const [start, end] = [roi?.starts[k] ?? 0, roi?.ends[k] ?? 1];
    const whole = coordinates === "tf_crop_and_resize" ? input * (end - start) : input;
    const output = sizes ? sizes[k] : Math.floor(whole * scales![k]);
    const scale = sizes ? output / input : scales![k];
    const rule = { input, output, scale, start, end };
    const places = Array.from({ length: output }, (_, o) => inputPlace(o, coordinates, rule));
    const taps = places.map((place) => tapsOf(place, rule, options));
    y = weighted(y, axis, taps);
    if (coordinates === "tf_crop_and_resize") {
      outside.push({ axis, places: places.map((place) => place < 0 || place > input - 1) });
    }
  });
  for (const { axis, places } of outside) {
    const { extent, inner } = lanes(y.shape, axis);
    for (let i = 0; i < y.data.length; i++) {
      if (!places[Math.floor(i / inner) % extent]) continue;
      y.data[i] = extrapolation;
      y.magnitude[i] = Math.abs(extrapolation);
    }
  }
  return y;
}

/** Along one axis, y[o] = sum of x[i] * weight over the taps of o. */
function weighted(x: Reference, axis: number, taps: [index: number, weight: number][][]): Reference {
  const { outer, extent, inner } = lanes(x.shape, axis);
  const shape = x.shape.map((old, k) => (k === axis ? taps.length : old));
  const xs = numbers(x.data);
  const data = new Float64Array(outer * taps.length * inner);
  const magnitude = new Float64Array(data.length);
  for (let before = 0; before < outer; before++) {
    taps.forEach((list, o) => {
      for (let after = 0; after < inner; after++) {
        const out = (before * taps.length + o) * inner + after;
        for (const [i, weight] of list) {
          const at = (before * extent + i) * inner + after;
          data[out] += xs[at] * weight;
          magnitude[out] += x.magnitude[at] * Math.abs(weight);
        }
      }
    });
  }
  const most = Math.max(1, ...taps.map((list) => list.length));
  const moves = taps.every((list) => list.length === 1 && list[0][1] === 1);
  return { shape, data, magnitude, terms: moves ? x.terms : Math.max(1, x.terms) * most };
}
