/** Pixels to tensors and back. */
import type { HostTensor } from "../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount } from "../shape.ts";
import { brightness, type Color, invertRaster, luma, type Picture, type Raster, toRaster } from "./picture.ts";
import { type GeometryOptions, type Placement, placePicture } from "./placement.ts";
import { type Filter, resizeRaster } from "./resize.ts";

/** How 8-bit values become the numbers of a tensor, for `fromPixels` and the way back. */
export interface ValueOptions {
  /** What 0 and 255 become, before `mean` and `std`. Default `[0, 1]`. */
  readonly range?: readonly [number, number];
  /** Subtracted after `range`, in the tensor's order of channels; one number serves all channels. Default 0. */
  readonly mean?: number | readonly number[];
  /** Divides after `mean`. Default 1. */
  readonly std?: number | readonly number[];
  /** Channels as blue, green, red. Default false: red, green, blue. */
  readonly bgr?: boolean;
  /** Default `"nchw"`. */
  readonly layout?: "nchw" | "nhwc";
}

export interface FromPixelsOptions extends GeometryOptions, ValueOptions {
  /** How pixels are mixed when resizing. Default `"bilinear"`, antialiased. */
  readonly filter?: Filter;
  /** One channel of grey instead of three. A grey picture is otherwise repeated into three. */
  readonly grayscale?: boolean;
  /** Light for dark: true, or `"auto"` to do so only where the mean of the picture is above half. Default false. */
  readonly invert?: boolean | "auto";
  /** What shows through transparent pixels. Default 255: white. */
  readonly background?: Color;
}

/** A `[1, C, H, W]` (or `[1, H, W, C]`) tensor, with where the picture lies in it. */
export interface PixelTensor extends HostTensor {
  readonly type: "float32";
  readonly shape: [number, number, number, number];
  readonly data: Float32Array<ArrayBuffer>;
  /** For `unletterbox`: boxes back to the picture. */
  readonly placement: Placement;
}

/**
 * A picture as the input of a network, shape `[1, 3, H, W]`, or `[1, 1, H, W]` with `grayscale`. In this order: lays
 * transparent pixels over `background`, turns grey, inverts, resizes, crops or letterboxes, then maps values:
 * `(range[0] + pixel / 255 * (range[1] - range[0]) - mean) / std`.
 *
 * @throws ArgumentError or ShapeError for options or pixels that do not fit.
 */
export function fromPixels(picture: Picture, options: FromPixelsOptions = {}): PixelTensor {
  const where = "fromPixels";
  const { filter = "bilinear", grayscale = false, invert = false, background = 255 } = options;
  const channels = grayscale ? 1 : 3;
  const nhwc = isChannelsLast(where, options.layout);
  const tables = valueTables(where, channels, options);
  let raster = toRaster(where, picture, channels, background);
  const { placement, fill } = placePicture(where, raster.height, raster.width, options);
  if (invert === true || (invert === "auto" && brightness(raster) > 0.5)) raster = invertRaster(raster);
  raster = resizeRaster(where, raster, ...placement.resized, filter);

  const [height, width] = placement.size;
  const data = new Float32Array(height * width * channels);
  for (let c = 0; c < channels; c++) {
    const from = options.bgr && channels === 3 ? 2 - c : c;
    const rest = channels === 1 ? luma(fill[0], fill[1], fill[2]) : Math.round(fill[from]);
    const at = nhwc ? { start: c, step: channels } : { start: c * height * width, step: 1 };
    writeChannel(data, at, raster, from, placement, tables[c], tables[c][rest]);
  }
  const shape: PixelTensor["shape"] = nhwc ? [1, height, width, channels] : [1, channels, height, width];
  return { type: "float32", shape, data, placement };
}

function writeChannel(
  data: Float32Array,
  { start, step }: { start: number; step: number },
  raster: Raster,
  channel: number,
  { size, offset }: Placement,
  table: Float32Array,
  rest: number,
): void {
  let at = start;
  for (let h = 0; h < size[0]; h++) {
    const fromH = h - offset[0];
    const inside = fromH >= 0 && fromH < raster.height;
    for (let w = 0; w < size[1]; w++, at += step) {
      const fromW = w - offset[1];
      const covered = inside && fromW >= 0 && fromW < raster.width;
      data[at] = covered ? table[raster.data[(fromH * raster.width + fromW) * raster.channels + channel]] : rest;
    }
  }
}

export interface ToPixelsOptions extends ValueOptions {
  /** Light for dark. Default false. */
  readonly invert?: boolean;
  /** Which picture of a batch. Default: the only one. */
  readonly index?: number;
}

/** RGBA pixels: `new ImageData(data, width, height)` takes them as they are. */
export interface PixelData {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/**
 * A tensor as an opaque RGBA picture: `fromPixels` backwards, with the same options. Values are rounded and clamped
 * to 0..255. `tensor` is `[N, C, H, W]`, `[C, H, W]` (or channels last, by `layout`) or `[H, W]`; C is 1 or 3.
 *
 * @throws ArgumentError or ShapeError for options or shapes that do not fit.
 */
export function toPixels(
  tensor: { readonly data: ArrayLike<number | bigint>; readonly shape: readonly number[] },
  options: ToPixelsOptions = {},
): PixelData {
  const where = "toPixels";
  const nhwc = isChannelsLast(where, options.layout);
  const { batch, channels, height, width } = imageShape(where, tensor.shape, nhwc);
  const count = elementCount(tensor.shape);
  if (tensor.data.length !== count) {
    throw new ShapeError(expected(where, "tensor data", `${count} values`, tensor.data.length));
  }
  const index = options.index ?? 0;
  if (options.index === undefined ? batch !== 1 : !Number.isInteger(index) || index < 0 || index >= batch) {
    throw new ArgumentError(expected(where, "index", `0 to ${batch - 1}, a picture of the batch`, options.index));
  }
  const [low, high] = checkRange(where, options.range);
  const mean = perChannel(where, "mean", options.mean ?? 0, channels);
  const std = perChannel(where, "std", options.std ?? 1, channels);

  const data = new Uint8ClampedArray(height * width * 4);
  const first = index * channels * height * width;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      const from = channels === 1 ? 0 : options.bgr ? 2 - c : c;
      const at = first + (nhwc ? i * channels + from : from * height * width + i);
      const value = ((Number(tensor.data[at]) * std[from] + mean[from] - low) / (high - low)) * 255;
      data[i * 4 + c] = options.invert ? 255 - value : value;
    }
    data[i * 4 + 3] = 255;
  }
  return { data, width, height };
}

function imageShape(where: string, shape: readonly number[], nhwc: boolean) {
  const full =
    shape.length === 2 ? [1, ...(nhwc ? [...shape, 1] : [1, ...shape])] : shape.length === 3 ? [1, ...shape] : shape;
  const [batch, height, width, channels] = nhwc ? full : [full[0], full[2], full[3], full[1]];
  if (full.length !== 4 || (channels !== 1 && channels !== 3) || height < 1 || width < 1) {
    const wanted = nhwc ? "[N, H, W, C], [H, W, C] or [H, W]" : "[N, C, H, W], [C, H, W] or [H, W]";
    throw new ShapeError(expected(where, "tensor", `shape ${wanted} with C of 1 or 3`, shape));
  }
  return { batch, channels, height, width };
}

/** For each channel, the value of each of the 256 levels. */
function valueTables(where: string, channels: number, options: ValueOptions): Float32Array[] {
  const [low, high] = checkRange(where, options.range);
  const mean = perChannel(where, "mean", options.mean ?? 0, channels);
  const std = perChannel(where, "std", options.std ?? 1, channels);
  return mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, level) => (low + (level / 255) * (high - low) - m) / std[c]),
  );
}

function perChannel(where: string, what: string, value: number | readonly number[], channels: number): number[] {
  const values = typeof value === "number" ? new Array<number>(channels).fill(value) : Array.from(value);
  if (values.length !== channels) {
    throw new ArgumentError(expected(where, what, `${channels} value${channels === 1 ? "" : "s"}`, values.length));
  }
  const wanted = what === "std" ? "numbers other than 0" : "finite numbers";
  if (!values.every((v) => Number.isFinite(v) && (what !== "std" || v !== 0))) {
    throw new ArgumentError(expected(where, what, wanted, values));
  }
  return values;
}

function checkRange(where: string, range: readonly [number, number] = [0, 1]): readonly [number, number] {
  if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isFinite) || range[0] === range[1]) {
    throw new ArgumentError(expected(where, "range", "two different numbers", range));
  }
  return range;
}

function isChannelsLast(where: string, layout: string = "nchw"): boolean {
  if (layout !== "nchw" && layout !== "nhwc") {
    throw new ArgumentError(expected(where, "layout", `"nchw" or "nhwc"`, layout));
  }
  return layout === "nhwc";
}
