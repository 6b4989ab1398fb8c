// Convolutions described in numbers, computed by the engine and by the oracle, and compared.

import type { Engine } from "../../src/engine.ts";
import type { Conv2dOptions, FilterLayout } from "../../src/ops/conv2d.ts";
import { conv2d, type PaddingMode, type Plain, type Reference, through } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose } from "../support/tolerance.ts";
import { compute, permuted } from "./engines.ts";

/** What is not said is 1 (extents, strides, dilations, groups), 0 (padding) or the engine's default. */
export interface ConvolutionCase {
  N?: number;
  IC?: number;
  H?: number;
  W?: number;
  OC?: number;
  K?: number | readonly [number, number];
  strides?: number | readonly [number, number];
  dilations?: number | readonly [number, number];
  /** [top, bottom, left, right] */
  padding?: number | readonly [number, number, number, number] | "same" | "same-lower" | "valid";
  paddingMode?: PaddingMode;
  groups?: number;
  bias?: boolean;
  residual?: boolean;
  relu?: boolean;
  inputLayout?: "nchw" | "nhwc";
  filterLayout?: FilterLayout;
  seed?: number;
}

const FILTER_AXES: Record<FilterLayout, number[]> = {
  oihw: [0, 1, 2, 3],
  hwio: [2, 3, 1, 0],
  ohwi: [0, 2, 3, 1],
  ihwo: [1, 2, 3, 0],
};

const both = (value: number | readonly [number, number] | undefined): readonly [number, number] =>
  typeof value === "object" ? value : [value ?? 1, value ?? 1];

/** Padding before and after for ceil(input / stride) outputs. */
function same(input: number, window: number, stride: number, dilation: number): [number, number] {
  let total = 0;
  while (Math.floor((input + total - dilation * (window - 1) - 1) / stride) + 1 < Math.ceil(input / stride)) total++;
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** [top, bottom, left, right] of a case. */
export function sidesOf(c: ConvolutionCase): readonly [number, number, number, number] {
  const { padding = 0, H = 1, W = 1 } = c;
  if (typeof padding === "object") return padding;
  if (typeof padding === "number") return [padding, padding, padding, padding];
  if (padding === "valid") return [0, 0, 0, 0];
  const [K, S, D] = [both(c.K), both(c.strides), both(c.dilations)];
  const [a, b] = same(H, K[0], S[0], D[0]);
  const [l, r] = same(W, K[1], S[1], D[1]);
  return padding === "same" ? [a, b, l, r] : [b, a, r, l];
}

export interface Computed {
  got: Float32Array;
  want: Reference;
  x: Plain;
  filter: Plain;
}

/** Computes a case by the engine, checks its shape, and by the oracle. */
export function convolve(engine: Engine, c: ConvolutionCase, change?: (x: Float32Array) => void): Computed {
  const { N = 1, IC = 1, H = 1, W = 1, OC = 1, groups = 1, inputLayout = "nchw", filterLayout = "oihw" } = c;
  const random = new Random(c.seed ?? 1);
  const [KH, KW] = both(c.K);
  const x = random.tensor([N, IC, H, W]);
  change?.(x.data);
  const filter = random.tensor([OC, IC / groups, KH, KW]);
  const bias = c.bias ? random.tensor([OC]) : undefined;
  const [top, bottom, left, right] = sidesOf(c);
  const geometry = { strides: both(c.strides), dilations: both(c.dilations), padding: [top, left, bottom, right] };
  const paddingMode = c.paddingMode ?? "zeros";
  const plain = conv2d(x, filter, { ...geometry, groups, bias, paddingMode });
  const residual = c.residual ? random.tensor(plain.shape) : undefined;
  const sum = residual ? conv2d(x, filter, { ...geometry, groups, bias, residual, paddingMode }) : plain;
  const want = c.relu ? through(sum, (v) => Math.max(v, 0)) : sum;
  const nhwc = [0, 2, 3, 1];
  const laidOut = (image: Plain) => (inputLayout === "nhwc" ? permuted(image, nhwc) : image);
  const operands = [laidOut(x), permuted(filter, FILTER_AXES[filterLayout])];
  if (bias) operands.push(bias);
  if (residual) operands.push(laidOut(residual));
  const result = compute(engine, operands, (image, weights, ...more) => {
    const options: Record<string, unknown> = { numerics: "direct" };
    for (const key of ["strides", "dilations", "padding", "paddingMode", "groups", "inputLayout", "filterLayout"]) {
      const value = c[key as keyof ConvolutionCase];
      if (value !== undefined) options[key] = value;
    }
    if (bias) options["bias"] = more.shift();
    if (residual) options["residual"] = more.shift();
    if (c.relu) options["activation"] = "relu";
    return engine.conv2d(image, weights, options as Conv2dOptions);
  });
  const wanted = laidOut({ shape: want.shape, data: want.shape.length ? want.data : [] });
  if (result.shape.join() !== wanted.shape.join()) throw new Error(`shape [${result.shape}], want [${wanted.shape}]`);
  const got = inputLayout === "nhwc" ? permuted(result, [0, 3, 1, 2]).data : (result.data as Float32Array);
  return { got, want, x, filter };
}

/** Holds a case against the oracle. */
export function checkConvolution(engine: Engine, c: ConvolutionCase): void {
  const { got, want } = convolve(engine, c);
  try {
    expectClose(got, want);
  } catch (error) {
    throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
  }
}
