import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { formatShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";

/** Order of the axes of images: [batch, channels, height, width] or [batch, height, width, channels]. */
export type Layout = "nchw" | "nhwc";

/** Options of every operator on images. */
export interface LayoutOptions {
  /** Order of the axes of x and of the result. Default "nchw". */
  readonly inputLayout?: Layout;
}

/** A batch of images whose pixels lie channels last, at an address. */
export interface Images {
  readonly address: number;
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
}

/** Checks that `x` is a batch of images, and lets it lie channels last. */
export function imagesOf(w: Workspace, where: string, what: string, x: Tensor, layout: Layout = "nchw"): Images {
  w.check(where, what, x);
  checkFloat(where, what, x);
  if (layout !== "nchw" && layout !== "nhwc")
    throw new ArgumentError(expected(where, "inputLayout", '"nchw" or "nhwc"', layout));
  if (x.shape.length !== 4) {
    throw new ShapeError(expected(where, what, `images of rank 4 (${layout})`, formatShape(x.shape)));
  }
  const [N, a, b, c] = x.shape;
  if (layout === "nhwc") return { address: w.arrange(x, "dense"), N, H: a, W: b, C: c };
  return { address: w.arrange(x, "channels-last"), N, C: a, H: b, W: c };
}

/** A tensor for a batch of images that a kernel writes channels last. */
export function createImages(
  w: Workspace,
  where: string,
  layout: Layout | undefined,
  N: number,
  C: number,
  H: number,
  W: number,
  type: "float32" | "int32" = "float32",
): Tensor {
  if (layout === "nhwc") return w.create(where, [N, H, W, C], "dense", type);
  return w.create(where, [N, C, H, W], "channels-last", type);
}

export function checkFloat(where: string, what: string, x: Tensor): void {
  if (x.type !== "float32") throw new ArgumentError(expected(where, what, "float32", x.type));
}

/** Checks a tensor whose shape is fixed; gives its address with the elements in the order of the axes. */
export function operandOf(w: Workspace, where: string, what: string, x: Tensor, shape: Shape): number {
  w.check(where, what, x);
  checkFloat(where, what, x);
  if (x.shape.length !== shape.length || x.shape.some((extent, i) => extent !== shape[i])) {
    throw new ShapeError(expected(where, what, `shape ${formatShape(shape)}`, formatShape(x.shape)));
  }
  return w.arrange(x, "dense");
}
