// Layers that act otherwise in training than afterwards.

import { expected, ShapeError } from "../errors.ts";
import { checkOptions } from "../ops/call.ts";
import { formatShape } from "../shape.ts";
import { activationUse, type LayerActivation } from "./activation.ts";
import { layerName, numberWithin } from "./checks.ts";
import type { Layer, LayerOptions } from "./layer.ts";

export interface BatchNormLayerOptions extends LayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** The share of a batch's statistics in the running ones. Default 0.1 (PyTorch's; Keras calls 0.9 what is 0.1 here). */
  readonly momentum?: number | undefined;
  /** Applied to the result. */
  readonly activation?: LayerActivation | undefined;
}

/**
 * Batch normalisation of images [C, H, W] or vectors [C]: (x - mean) / sqrt(variance + epsilon) * scale + bias for each channel. Training takes
 * the statistics of the batch and gathers running ones (of the variance the unbiased estimate), which hold afterwards. Exported, it folds
 * into the convolution before it when the model is loaded.
 *
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which it does not fit
 */
export function batchNorm(options: BatchNormLayerOptions = {}): Layer {
  const kind = "batchNorm";
  checkOptions(kind, options, ["name", "epsilon", "momentum", "activation"]);
  const epsilon = numberWithin(kind, "epsilon", options.epsilon ?? 1e-5, 0, Infinity);
  const momentum = numberWithin(kind, "momentum", options.momentum ?? 0.1, 0, 1);
  const activation = activationUse(kind, options.activation);
  return {
    kind,
    prefix: "norm",
    name: layerName(kind, options.name),
    place(site) {
      const { name, inputShape } = site;
      if (inputShape.length !== 1 && inputShape.length !== 3) {
        const wanted = "[channels] or [channels, height, width]";
        throw new ShapeError(expected(site.where, "input", wanted, formatShape(inputShape)));
      }
      const shape = [inputShape[0]];
      return {
        kind,
        name,
        inputShape,
        outputShape: inputShape,
        scale: site.constant("scale", shape, 1),
        bias: site.constant("bias", shape, 0),
        mean: site.statistic("mean", shape, 0),
        variance: site.statistic("variance", shape, 1),
        epsilon,
        momentum,
        activation,
      };
    },
  };
}

/**
 * In training each element is 0 with probability `rate`, and divided by 1 - rate otherwise; afterwards elements stay as they are, and the
 * layer is not exported.
 */
export function dropout(rate: number, options: LayerOptions = {}): Layer {
  const kind = "dropout";
  checkOptions(kind, options, ["name"]);
  numberWithin(kind, "rate", rate, 0, 1);
  return {
    kind,
    prefix: kind,
    name: layerName(kind, options.name),
    place: ({ name, inputShape }) => ({ kind, name, inputShape, outputShape: inputShape, rate }),
  };
}
