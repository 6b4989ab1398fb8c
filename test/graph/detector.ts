// A small detector: a convolution, boxes of four corners and scores of three classes at each of 64 places, and those that are kept.
import type { Feeds } from "../../src/graph/feeds.ts";
import { integers } from "../support/onnx-model.ts";
import { Random } from "../support/random.ts";
import { scalar, type Words, weights } from "./graphs.ts";

export const DETECTOR: Words = {
  inputs: { x: [1, 3, 16, 16], least: [1] },
  lines: [
    ["Conv x stem -> stem_out", { pads: [1, 1, 1, 1], strides: [2, 2] }],
    "Relu stem_out -> features",
    "Conv features boxes_w -> boxes_image",
    ["Transpose boxes_image -> boxes_last", { perm: [0, 2, 3, 1] }],
    "Reshape boxes_last boxes_shape -> boxes_raw",
    "Sigmoid boxes_raw -> boxes",
    "Conv features scores_w -> scores_image",
    "Reshape scores_image scores_shape -> scores_raw",
    "Sigmoid scores_raw -> scores",
    "NonMaxSuppression boxes scores limit overlap least -> rows",
    ["Gather rows two -> column", { axis: 1 }],
    "Squeeze boxes axis0 -> flat",
    ["Gather flat column -> gathered", { axis: 0 }],
    "Reshape gathered four -> kept",
  ],
  outputs: "kept features rows",
  constants: {
    stem: weights([8, 3, 3, 3], 0.5),
    boxes_w: weights([4, 8, 1, 1], 2),
    scores_w: weights([3, 8, 1, 1], 0.5),
    boxes_shape: integers(1, -1, 4),
    scores_shape: integers(1, 3, -1),
    limit: integers(20),
    overlap: scalar(0.4),
    two: integers(2),
    axis0: integers(0),
    four: integers(-1, 4),
  },
};

export function detectorFeeds(seed: number, least: number): Feeds {
  return { x: new Random(seed).tensor([1, 3, 16, 16]), least: { data: Float32Array.of(least), shape: [1] } };
}
