import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { formatShape, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";

/** Order of the axes of images: [batch, channels, height, width] or [batch, height, width, channels]. */
export type Layout = "nchw" | "nhwc";

/** Order of the axes of sequences: [batch, channels, length] or [batch, length, channels]. */
export type SequenceLayout = "ncl" | "nlc";

/** Options of every operator on images. */
export interface LayoutOptions {
  /** Order of the axes of x and of the result. Default "nchw". */
  readonly inputLayout?: Layout;
}

/** Options of every operator on sequences. */
export interface SequenceLayoutOptions {
  /** Order of the axes of x and of the result. Default "ncl". */
  readonly inputLayout?: SequenceLayout;
}

/** Extents of a batch of images; sequences are images one row high. */
export interface ImageExtents {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
}

/** A batch of images whose pixels lie channels last, at an address. */
export interface Images extends ImageExtents {
  readonly address: number;
}

/** Checks that `x` is a batch of images, and lets it lie channels last. */
export function imagesOf(w: Workspace, where: string, what: string, x: Tensor, layout: Layout = "nchw"): Images {
  return { ...imageExtents(w, where, what, x, layout), address: arrangeImages(w, x, layout) };
}

/** Checks that `x` is a batch of sequences, and lets it lie channels last. */
export function sequencesOf(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor,
  layout: SequenceLayout = "ncl",
): Images {
  return { ...sequenceExtents(w, where, what, x, layout), address: arrangeImages(w, x, layout) };
}

/** Checks that `x` is a batch of sequences of at least one place and channel. */
export function sequenceExtents(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor,
  layout: SequenceLayout = "ncl",
): ImageExtents {
  return readExtents(w, where, what, x, layout, ["ncl", "nlc"], "sequences");
}

/** Checks that `x` is a batch of images of at least one pixel and channel. */
export function imageExtents(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor,
  layout: Layout = "nchw",
): ImageExtents {
  return readExtents(w, where, what, x, layout, ["nchw", "nhwc"], "images");
}

function readExtents(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor,
  layout: string,
  layouts: readonly string[],
  kind: string,
): ImageExtents {
  w.check(where, what, x);
  checkFloat(where, what, x);
  checkLayout(where, layout, layouts);
  const { shape } = x;
  if (shape.length !== layout.length) {
    throw new ShapeError(expected(where, what, `${kind} of rank ${layout.length} (${layout})`, formatShape(shape)));
  }
  if (shape.slice(1).includes(0)) {
    throw new ShapeError(expected(where, what, `${kind} of at least one channel and one place`, formatShape(shape)));
  }
  const places = isChannelsLast(layout) ? shape.slice(1, -1) : shape.slice(2);
  const [H, W] = places.length === 1 ? [1, places[0]] : places;
  return { N: shape[0], C: shape[isChannelsLast(layout) ? shape.length - 1 : 1], H, W };
}

export function checkLayout(where: string, layout: string, layouts: readonly string[] = ["nchw", "nhwc"]): void {
  if (layouts.includes(layout)) return;
  throw new ArgumentError(expected(where, "inputLayout", layouts.map((each) => `"${each}"`).join(" or "), layout));
}

function isChannelsLast(layout: string): boolean {
  return layout.endsWith("c");
}

/** Lets images lie channels last, and gives their address. */
export function arrangeImages(w: Workspace, x: Tensor, layout: Layout | SequenceLayout): number {
  return w.arrange(x, isChannelsLast(layout) ? "dense" : "channels-last");
}

/** The shape of a batch of images, or of sequences if the layout is one of theirs. */
export function imageShape(layout: Layout | SequenceLayout, { N, C, H, W }: ImageExtents): Shape {
  const places = layout.length === 3 ? [W] : [H, W];
  return isChannelsLast(layout) ? [N, ...places, C] : [N, C, ...places];
}

/** A tensor for a batch of images that a kernel writes channels last. */
export function createImages(
  w: Workspace,
  where: string,
  layout: Layout | SequenceLayout | undefined,
  N: number,
  C: number,
  H: number,
  W: number,
  type: "float32" | "int32" = "float32",
): Tensor {
  const shape = imageShape(layout ?? "nchw", { N, C, H, W });
  return w.create(where, shape, isChannelsLast(layout ?? "nchw") ? "dense" : "channels-last", type);
}

export function checkFloat(where: string, what: string, x: Tensor): void {
  if (x.type !== "float32") throw new ArgumentError(expected(where, what, "float32", x.type));
}

/** Checks a float32 tensor whose shape is fixed. */
export function checkOperand(w: Workspace, where: string, what: string, x: Tensor, shape: Shape): void {
  w.check(where, what, x);
  checkFloat(where, what, x);
  if (sameShape(x.shape, shape)) return;
  throw new ShapeError(expected(where, what, `shape ${formatShape(shape)}`, formatShape(x.shape)));
}

/** The same; gives its address with the elements in the order of the axes. */
export function operandOf(w: Workspace, where: string, what: string, x: Tensor, shape: Shape): number {
  checkOperand(w, where, what, x, shape);
  return w.arrange(x, "dense");
}
