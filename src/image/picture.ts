/** Pictures as they come in, and the opaque grey or RGB raster that everything else works on. */
import { ArgumentError, expected, ShapeError } from "../errors.ts";

/** 8-bit pixels, row by row from the top, channels last: what a canvas calls ImageData, or a decoder's output. */
export interface Picture {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 4 is RGBA, 3 is RGB, 1 is grey. Taken from the length of `data` if absent. */
  readonly channels?: number;
}

/** `[height, width]` in pixels; one number is a square. */
export type Size = number | readonly [number, number];

/** One value for every channel, or one for each of red, green, blue. 0 to 255. */
export type Color = number | readonly [number, number, number];

/** Opaque pixels, channels last. */
export interface Raster {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

export const MAX_PIXELS = 2 ** 28;

/**
 * The picture without its alpha channel (laid over `background`) and with the asked number of channels: grey is
 * repeated into RGB, RGB becomes grey by the weights of ITU-R BT.601. May share the data of `picture`.
 */
export function toRaster(where: string, picture: Picture, channels: 1 | 3, background: Color): Raster {
  const from = checkPicture(where, picture);
  const backdrop = checkColor(where, "background", background);
  const { data, height, width } = picture;
  if (from === channels) return { data, height, width, channels };
  const pixels = new Uint8ClampedArray(height * width * channels);
  const rgb = [0, 0, 0];
  for (let i = 0, at = 0; i < data.length; i += from, at += channels) {
    if (from === 1) rgb.fill(data[i]);
    else for (let c = 0; c < 3; c++) rgb[c] = data[i + c];
    if (from === 4 && data[i + 3] !== 255) {
      const alpha = data[i + 3];
      for (let c = 0; c < 3; c++) rgb[c] = Math.round((rgb[c] * alpha + backdrop[c] * (255 - alpha)) / 255);
    }
    if (channels === 1) pixels[at] = luma(rgb[0], rgb[1], rgb[2]);
    else for (let c = 0; c < 3; c++) pixels[at + c] = rgb[c];
  }
  return { data: pixels, height, width, channels };
}

/** 255 minus every value. */
export function invertRaster(raster: Raster): Raster {
  return { ...raster, data: raster.data.map((value) => 255 - value) };
}

/** The mean of all values, 0 to 1. */
export function brightness(raster: Raster): number {
  let sum = 0;
  for (const value of raster.data) sum += value;
  return sum / raster.data.length / 255;
}

/** Height and width out of a `Size`. */
export function checkSize(where: string, what: string, size: Size): [number, number] {
  const pair = typeof size === "number" ? [size, size] : size;
  if (
    !Array.isArray(pair) ||
    pair.length !== 2 ||
    !pair.every((extent) => Number.isSafeInteger(extent) && extent > 0)
  ) {
    throw new ArgumentError(expected(where, what, "[height, width] as positive integers", size));
  }
  const [height, width] = pair;
  checkPixelCount(where, what, height, width);
  return [height, width];
}

export function checkPixelCount(where: string, what: string, height: number, width: number): void {
  if (height * width > MAX_PIXELS) {
    throw new ArgumentError(expected(where, what, `at most ${MAX_PIXELS} pixels`, [height, width]));
  }
}

/** The three values of a colour. */
export function checkColor(where: string, what: string, color: Color): number[] {
  const values = typeof color === "number" ? [color, color, color] : [...color];
  if (values.length !== 3 || !values.every((value) => value >= 0 && value <= 255)) {
    throw new ArgumentError(expected(where, what, "one value or three, 0 to 255", color));
  }
  return values;
}

/** Grey of a colour, rounded: weights .299 .587 .114 in 16-bit fixed point, which sum to exactly 1. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Checks the picture and gives its number of channels. */
function checkPicture(where: string, picture: Picture): number {
  const { data, height, width } = picture ?? {};
  // By tag and not by instanceof: a canvas of another frame has classes of its own.
  const kind = Object.prototype.toString.call(data).slice(8, -1);
  if (kind !== "Uint8ClampedArray" && kind !== "Uint8Array") {
    throw new ArgumentError(expected(where, "picture data", "a Uint8ClampedArray or Uint8Array", data));
  }
  for (const [what, extent] of [["height", height] as const, ["width", width] as const]) {
    if (!Number.isSafeInteger(extent) || extent < 1) {
      throw new ArgumentError(expected(where, `picture ${what}`, "a positive integer", extent));
    }
  }
  const channels = picture.channels ?? data.length / (height * width);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw picture.channels === undefined
      ? new ShapeError(
          expected(where, "picture data", `1, 3 or 4 values for each of ${height} x ${width} pixels`, data.length),
        )
      : new ArgumentError(expected(where, "picture channels", "1, 3 or 4", channels));
  }
  const length = height * width * channels;
  if (data.length !== length) {
    throw new ShapeError(
      expected(where, "picture data", `${height} x ${width} x ${channels} = ${length} values`, data.length),
    );
  }
  return channels;
}
