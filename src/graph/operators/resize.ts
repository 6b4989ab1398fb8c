import { allocate, type HostTensor, type TypedArray } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { prepareResize, type ResizeSpec, resizedShape, resizePasses, takesResizeSteps } from "../../ops/resize.ts";
import type { CoordinateMode, NearestMode, ResizeAxis } from "../../ops/resize-tables.ts";
import { resolveAxes } from "../../ops/slice.ts";
import { formatShape, type Shape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { isChannelsLast, stepsOf } from "./image.ts";
import { isFloat, roundingOf } from "./more-types.ts";
import { floatKernel } from "./types.ts";

/** Inputs x, region, factors, sizes: factors or sizes for each of `axes` (default: all), and a region for "tf_crop_and_resize". */
const Resize: Operator = {
  infer(node) {
    const { type, shape } = node.input(0);
    const spec = specOf(node);
    if (spec.mode !== "nearest" && !isFloat(type)) {
      throw node.unsupported(`mode ${spec.mode} is not supported for ${type}`);
    }
    return [{ type, shape: resizedShape(shape, spec) }];
  },
  takesSteps(node, which) {
    const { type, shape } = node.input(0);
    return type === "float32" && takesResizeSteps(shape, specOf(node), which === 0 ? "x" : "y");
  },
  lower(node) {
    const { shape } = node.input(0);
    const spec = specOf(node);
    if (resizePasses(shape, spec).length === 0) return "alias";
    return floatKernel(node, [0], () => prepareResize(shape, spec, stepsOf(node)));
  },
  evaluate: (node, [x]: readonly HostTensor[]) => [resizeHost(x, specOf(node))],
};

function specOf(node: NodeView): ResizeSpec {
  return {
    mode: oneOf(node, "mode", "nearest", ["nearest", "linear", "cubic"]),
    coordinates: oneOf(node, "coordinate_transformation_mode", "half_pixel", COORDINATES),
    nearest: oneOf(node, "nearest_mode", "round_prefer_floor", ROUNDINGS),
    cubic: node.number("cubic_coeff_a", -0.75),
    excludeOutside: node.number("exclude_outside", 0) !== 0,
    antialias: node.number("antialias", 0) !== 0,
    extrapolation: node.number("extrapolation_value", 0),
    axes: axesOf(node),
  };
}

const COORDINATES: readonly CoordinateMode[] = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "tf_half_pixel_for_nn",
  "align_corners",
  "asymmetric",
  "tf_crop_and_resize",
];

const ROUNDINGS: readonly NearestMode[] = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"];

function oneOf<T extends string>(node: NodeView, name: string, fallback: T, choices: readonly T[]): T {
  const value = node.text(name, fallback);
  const known = choices.find((choice) => choice === value);
  if (known === undefined) throw new ArgumentError(expected(node.where, name, choices.join(", "), value));
  return known;
}

/** Where the axes of a channels-first image lie when it is channels last. */
const CHANNELS_LAST_AXES = [0, 3, 1, 2];

function axesOf(node: NodeView): ResizeAxis[] {
  const { shape } = node.input(0);
  const last = isChannelsLast(node);
  const first: Shape = last ? CHANNELS_LAST_AXES.map((axis) => shape[axis]) : shape;
  const axes = resolveAxes(node.where, node.numbers("axes") ?? first.map((_, i) => i), shape.length);
  const extents = axes.map((axis) => first[axis]);
  const region = regionOf(node, axes.length);
  return extentsOf(node, extents, region).map((extent, i) => ({
    axis: last ? CHANNELS_LAST_AXES[axes[i]] : axes[i],
    ...extent,
    start: region[i],
    end: region[i + axes.length],
  }));
}

/** All starts, then all ends. */
function regionOf(node: NodeView, count: number): number[] {
  const whole = [...new Array<number>(count).fill(0), ...new Array<number>(count).fill(1)];
  if (node.text("coordinate_transformation_mode", "") !== "tf_crop_and_resize") return whole;
  const region = listInput(node, 1, "region") ?? whole;
  if (region.length !== count * 2) {
    throw new ShapeError(expected(node.where, "region", `${count * 2} values, two for each axis`, region));
  }
  return region;
}

function extentsOf(
  node: NodeView,
  extents: readonly number[],
  region: readonly number[],
): { output: number; scale: number }[] {
  const scales = listInput(node, 2, "scales");
  const sizes = listInput(node, 3, "sizes");
  if ((scales === undefined) === (sizes === undefined)) {
    throw new ArgumentError(expected(node.where, "inputs", "either scales or sizes", scales ? "both" : "none"));
  }
  const list = (scales ?? sizes) as number[];
  const least = scales ? 0 : 1;
  if (list.length !== extents.length || list.some((value) => !(value >= least) || value === 0)) {
    const wanted = `${extents.length} values ${scales ? "above 0" : "of at least 1"} for ${formatShape(extents)}`;
    throw new ShapeError(expected(node.where, scales ? "scales" : "sizes", wanted, list));
  }
  if (extents.includes(0))
    throw new ShapeError(expected(node.where, "x", "at least one element", formatShape(extents)));
  if (sizes) return fitSizes(node, extents, sizes);
  return list.map((scale, i) => {
    // Measured in float32, as the factors are: 0.7 of 10 is 7.
    const whole = extents[i] * (region[i + extents.length] - region[i]);
    return { output: Math.max(0, Math.floor(Math.fround(whole * scale))), scale };
  });
}

function fitSizes(node: NodeView, extents: readonly number[], sizes: readonly number[]) {
  const policies = ["stretch", "not_larger", "not_smaller"] as const;
  const policy = oneOf(node, "keep_aspect_ratio_policy", "stretch", policies);
  const scales = sizes.map((size, i) => size / extents[i]);
  if (policy === "stretch") return sizes.map((output, i) => ({ output, scale: scales[i] }));
  const scale = policy === "not_larger" ? Math.min(...scales) : Math.max(...scales);
  return extents.map((extent) => ({ output: Math.floor(extent * scale + 0.5), scale }));
}

/** Numbers of an input that must be known; undefined if it is not given or empty. */
function listInput(node: NodeView, index: number, what: string): number[] | undefined {
  if (!node.has(index) || node.input(index).shape.includes(0)) return undefined;
  const value = node.constant(index);
  if (!value) throw node.needsValue(index, what);
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/** The same sums as the kernel's, each rounded to the type of x; nearest moves elements of any type. */
function resizeHost(x: HostTensor, spec: ResizeSpec): HostTensor {
  const round = roundingOf(x.type);
  const outside = (
    x.data instanceof BigInt64Array || x.data instanceof BigUint64Array
      ? BigInt(Math.trunc(spec.extrapolation))
      : spec.extrapolation
  ) as never;
  let from: TypedArray = x.data;
  for (const { outer, input, output, inner, starts, weights, taps } of resizePasses(x.shape, spec)) {
    const to = allocate(x.type, outer * output * inner);
    const sum = (at: number, o: number) => {
      let total = 0;
      for (let t = 0; t < taps; t++) {
        const weight = weights?.[o * taps + t] as number;
        if (weight !== 0) total = round(total + round(weight * (from[at + t * inner] as number)));
      }
      return total as never;
    };
    for (let line = 0; line < outer * output; line++) {
      const o = line % output;
      const start = (((line - o) / output) * input + starts[o]) * inner;
      for (let i = 0; i < inner; i++) {
        const value = starts[o] < 0 ? outside : weights ? sum(start + i, o) : (from[start + i] as never);
        to[line * inner + i] = value;
      }
    }
    from = to;
  }
  return { type: x.type, shape: resizedShape(x.shape, spec), data: from };
}

export const RESIZE = { Resize };
