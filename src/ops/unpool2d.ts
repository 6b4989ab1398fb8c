import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import { imageExtents, imageShape, type LayoutOptions } from "./layout.ts";
import { type Pair, pair } from "./window.ts";

export interface MaxUnpool2dOptions extends LayoutOptions {
  /** [OH, OW] of the result: the extents of the images that were pooled. */
  readonly outputSizes: Pair;
}

/**
 * Puts each value back to where max pooling found it, zeros elsewhere: y[n, c, indices[n, c, h, w]] = x[n, c, h, w], with the places
 * h * OW + w of an image counted as `maxPool2dWithIndices` gives them. Of several values for one place the last (in the order of h,
 * w) stays; an index of -1, which a window without a place has, is passed over.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @param indices int32, in the shape of x
 * @returns images [N, C, OH, OW], or channels last, as x
 * @throws ShapeError if the shapes differ, ArgumentError for an index beyond the image
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
 */
export function maxUnpool2d(w: Workspace, x: Tensor, indices: Tensor, options: MaxUnpool2dOptions): Tensor {
  const where = "maxUnpool2d";
  checkOptions(where, options, ["outputSizes", "inputLayout"]);
  const { inputLayout = "nchw" } = options;
  const { N, C, H, W } = imageExtents(w, where, "x", x, inputLayout);
  w.check(where, "indices", indices);
  if (indices.type !== "int32") throw new ArgumentError(expected(where, "indices", "int32", indices.type));
  if (!sameShape(indices.shape, x.shape)) {
    throw new ShapeError(expected(where, "indices", `shape ${formatShape(x.shape)}`, formatShape(indices.shape)));
  }
  const [OH, OW] = pair(where, "outputSizes", options.outputSizes, 1);
  // The result lies as x does, so that nothing is rearranged between a pool and its reversal.
  if (inputLayout === "nhwc") w.arrange(x, "dense");
  const format = w.format(x);
  const channelsLast = inputLayout === "nhwc" || format === "channels-last";
  w.arrange(indices, format);
  const y = w.create(where, imageShape(inputLayout, { N, C, H: OH, W: OW }), format);
  const { kernels } = w;
  const [P, Q] = [H * W, OH * OW];
  kernels.fill(w.address(y), elementCount(y.shape), 0);
  const [pStep, cStep, qStep, yStep] = channelsLast ? [C, 1, C, 1] : [1, P, 1, Q];
  // biome-ignore format: x and indices, then y
  const wrong = kernels.maxUnpool2d(w.address(x), w.address(indices), N, P, C, pStep * 4, cStep * 4,
    w.address(y), Q, qStep * 4, yStep * 4);
  if (wrong >= 0) {
    const wanted = `places from -1 to ${Q - 1} of ${OH}x${OW} images`;
    throw new ArgumentError(expected(where, "indices", wanted, w.view(indices)[wrong]));
  }
  return y;
}
