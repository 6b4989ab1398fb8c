/** How a picture is made ready for a model, from the shape of its input and from what the user said. */
import { ArgumentError, expected } from "../errors.ts";
import { type FromPixelsOptions, fromPixels, type Picture, type PixelTensor } from "../image/index.ts";
import type { ValueInfo } from "../index.ts";

/** What the user said about preparing pictures. */
export interface PrepareFlags {
  readonly mean?: number[];
  readonly std?: number[];
  readonly range?: [number, number];
  readonly bgr?: boolean;
  readonly invert?: boolean;
  readonly resize?: number;
  readonly crop?: number;
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const DEFAULT_EXTENT = 224; // where a model leaves its height or width open

interface InputImage {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly layout: "nchw" | "nhwc";
}

/**
 * A function from pictures to what the model takes. Without flags, three channels are prepared as torchvision does for
 * ImageNet, and one channel by stretching to 0..1; the embedded digit reader (`digits`) wants light ink on dark paper.
 */
export function preparationFor(
  path: string,
  input: ValueInfo,
  flags: PrepareFlags,
  digits: boolean,
): (picture: Picture) => PixelTensor {
  const image = imageOf(path, input);
  const { layout } = image;
  const imagenet = image.channels === 3 && !flags.range;
  const inOrder = (values: number[]) => (flags.bgr ? values.toReversed() : values);
  const options: FromPixelsOptions = {
    layout,
    grayscale: image.channels === 1,
    bgr: flags.bgr ?? false,
    invert: flags.invert ?? (digits ? "auto" : false),
    range: flags.range ?? [0, 1],
    mean: oneOrAll(flags.mean) ?? (imagenet ? inOrder(IMAGENET.mean) : 0),
    std: oneOrAll(flags.std) ?? (imagenet ? inOrder(IMAGENET.std) : 1),
  };
  fromPixels({ data: new Uint8Array(1), height: 1, width: 1 }, options); // flags that do not fit fail here, once
  return (picture) => fromPixels(picture, { ...options, ...geometryFor(picture, image, flags) });
}

function geometryFor(picture: Picture, image: InputImage, flags: PrepareFlags): FromPixelsOptions {
  const { height, width } = image;
  if (image.channels === 1 && flags.resize === undefined && flags.crop === undefined) return { size: [height, width] };
  const crop = flags.crop === undefined ? ([height, width] as const) : ([flags.crop, flags.crop] as const);
  // The short side at which the picture covers the crop, and an eighth or so more: 256 for 224.
  const short = Math.min(picture.height, picture.width);
  const cover = Math.max((crop[0] * short) / picture.height, (crop[1] * short) / picture.width);
  return { resize: flags.resize ?? Math.round((cover * 256) / 224), crop };
}

function imageOf(path: string, { name, type, shape }: ValueInfo): InputImage {
  if (type !== "float32") throw new ArgumentError(expected(path, `input ${name}`, "type float32", type));
  const isColor = (extent: number | string): extent is 1 | 3 => extent === 1 || extent === 3;
  const extent = (value: number | string) => (typeof value === "number" ? value : DEFAULT_EXTENT);
  if (shape?.length === 4 && (shape[0] === 1 || typeof shape[0] === "string")) {
    const [, a, b, c] = shape;
    if (isColor(a)) return { channels: a, height: extent(b), width: extent(c), layout: "nchw" };
    if (isColor(c)) return { channels: c, height: extent(a), width: extent(b), layout: "nhwc" };
  }
  const wanted = "shape [1, C, H, W] or [1, H, W, C] with C of 1 or 3";
  throw new ArgumentError(expected(path, `input ${name}`, wanted, shape ? [...shape] : "none"));
}

function oneOrAll(values: number[] | undefined): number | number[] | undefined {
  return values?.length === 1 ? values[0] : values;
}
