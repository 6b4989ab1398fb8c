/** Where a picture goes in the input of a model: sizes, crops and letterboxes, in whole pixels. */
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { type Color, checkColor, checkPixelCount, checkSize, type Size } from "./picture.ts";

/** Everything that says how a picture came to lie in a model's input. Pairs are `[height, width]` or `[top, left]`. */
export interface Placement {
  /** The size of the picture. */
  readonly picture: readonly [number, number];
  /** The size it was resized to. */
  readonly resized: readonly [number, number];
  /** Where its top left corner went; negative where it was cropped. */
  readonly offset: readonly [number, number];
  /** The size of the input. */
  readonly size: readonly [number, number];
}

export interface LetterboxOptions {
  readonly size: Size;
  /** What fills the rest. Default 114, a dark grey. */
  readonly color?: Color;
  /** The picture in the middle (default) or at the top left. */
  readonly align?: "center" | "start";
}

/** One of: nothing (the size stays), `size`, `resize` and `crop` (either or both), `letterbox`. */
export interface GeometryOptions {
  /** Stretches to exactly this size. */
  readonly size?: Size;
  /** Resizes the short side to this many pixels and the long side in proportion, rounded down. */
  readonly resize?: number;
  /** Cuts this size out of the middle, after `resize`; an odd pixel goes where it makes the offset even. */
  readonly crop?: Size;
  /** Resizes to fit into this size and fills what remains. */
  readonly letterbox?: Size | LetterboxOptions;
}

export interface Geometry {
  readonly placement: Placement;
  /** Colour of what the picture does not cover. */
  readonly fill: readonly number[];
}

/** Works out the placement of a `height` x `width` picture. */
export function placePicture(where: string, height: number, width: number, options: GeometryOptions): Geometry {
  const { size, resize, crop, letterbox } = options;
  const ways = [
    size !== undefined && "size",
    (resize !== undefined || crop !== undefined) && "resize or crop",
    letterbox !== undefined && "letterbox",
  ].filter((way) => way !== false);
  if (ways.length > 1) {
    throw new ArgumentError(
      expected(where, "geometry", "one of size, resize with crop, letterbox", ways.join(" and ")),
    );
  }
  if (letterbox !== undefined) return placeInBox(where, height, width, letterbox);

  const picture = [height, width] as const;
  const resized = size === undefined ? scaleShortSide(where, height, width, resize) : checkSize(where, "size", size);
  const cut = crop === undefined ? resized : checkSize(where, "crop", crop);
  if (cut[0] > resized[0] || cut[1] > resized[1]) {
    throw new ShapeError(expected(where, "crop", `at most [${resized.join(", ")}], the size of the picture`, cut));
  }
  const offset = [halfToEven(cut[0] - resized[0]), halfToEven(cut[1] - resized[1])] as const;
  return { placement: { picture, resized, offset, size: cut }, fill: [0, 0, 0] };
}

function placeInBox(where: string, height: number, width: number, letterbox: Size | LetterboxOptions): Geometry {
  const options = isOptions(letterbox) ? letterbox : { size: letterbox };
  const { color = 114, align = "center" } = options;
  const size = checkSize(where, "letterbox size", options.size);
  if (align !== "center" && align !== "start") {
    throw new ArgumentError(expected(where, "letterbox align", `"center" or "start"`, align));
  }
  const scale = Math.min(size[0] / height, size[1] / width);
  const resized = [extentWithin(height * scale, size[0]), extentWithin(width * scale, size[1])] as const;
  const share = align === "center" ? 0.5 : 0;
  const offset = [Math.floor((size[0] - resized[0]) * share), Math.floor((size[1] - resized[1]) * share)] as const;
  return {
    placement: { picture: [height, width], resized, offset, size },
    fill: checkColor(where, "letterbox color", color),
  };
}

function isOptions(letterbox: Size | LetterboxOptions): letterbox is LetterboxOptions {
  return typeof letterbox === "object" && letterbox !== null && "size" in letterbox;
}

function extentWithin(extent: number, limit: number): number {
  return Math.min(limit, Math.max(1, Math.round(extent)));
}

function scaleShortSide(where: string, height: number, width: number, to: number | undefined): [number, number] {
  if (to === undefined) return [height, width];
  if (!Number.isSafeInteger(to) || to < 1) {
    throw new ArgumentError(expected(where, "resize", "a positive integer, the short side in pixels", to));
  }
  const size: [number, number] =
    height < width ? [to, Math.floor((to * width) / height)] : [Math.floor((to * height) / width), to];
  checkPixelCount(where, "resize", ...size);
  return size;
}

/** Half of a whole number; where that is not whole, the even one of its neighbours. */
function halfToEven(value: number): number {
  const low = Math.floor(value / 2);
  return value % 2 !== 0 && low % 2 !== 0 ? low + 1 : low;
}
