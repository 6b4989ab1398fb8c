/** `lanewise/image`: pixels to tensors and back, and what comes out of classifiers and detectors. */
export {
  type Boxes,
  type BoxFormat,
  convertBoxes,
  iou,
  type NmsOptions,
  nms,
  type UnletterboxOptions,
  unletterbox,
} from "./boxes.ts";
export type { Color, Picture, Size } from "./picture.ts";
export {
  type FromPixelsOptions,
  fromPixels,
  type PixelData,
  type PixelTensor,
  type ToPixelsOptions,
  toPixels,
  type ValueOptions,
} from "./pixels.ts";
export type { GeometryOptions, LetterboxOptions, Placement } from "./placement.ts";
export type { Filter } from "./resize.ts";
export { type RankedClass, softmax, topK } from "./scores.ts";
