import { expected, ShapeError } from "../errors.ts";
import { checkOptions } from "../ops/call.ts";
import { positive } from "../ops/window.ts";
import { elementCount, formatShape } from "../shape.ts";
import { layerName } from "./checks.ts";
import { type WeightOptions, weightOptions } from "./convolution.ts";
import type { Layer, LayerOptions } from "./layer.ts";

/**
 * A fully connected layer: weight * x + bias, with a weight [outputs, inputs].
 *
 * @param options defaults: with a bias, no activation
 * @returns a layer that takes vectors [inputs] and gives [outputs]
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which it does not fit
 */
export function dense(outputs: number, options: WeightOptions = {}): Layer {
  const where = "dense";
  checkOptions(where, options, ["name", "bias", "activation", "initialisation"]);
  positive(where, "outputs", outputs);
  const { bias, activation, initialisation } = weightOptions(where, options);
  return {
    kind: where,
    prefix: where,
    name: layerName(where, options.name),
    place(site) {
      const { name, inputShape } = site;
      if (inputShape.length !== 1) {
        const wanted = "a vector, as flatten() makes it of images";
        throw new ShapeError(expected(site.where, "input", wanted, formatShape(inputShape)));
      }
      const [inputs] = inputShape;
      return {
        kind: where,
        name,
        inputShape,
        outputShape: [outputs],
        weight: site.weights("weight", [outputs, inputs], { inputs, outputs, initialisation }),
        bias: bias ? site.constant("bias", [outputs], 0) : undefined,
        activation,
      };
    },
  };
}

/** All elements of an example as a vector, in the order of its axes. */
export function flatten(options: LayerOptions = {}): Layer {
  const kind = "flatten";
  checkOptions(kind, options, ["name"]);
  return {
    kind,
    prefix: kind,
    name: layerName(kind, options.name),
    place: ({ name, inputShape }) => ({ kind, name, inputShape, outputShape: [elementCount(inputShape)] }),
  };
}

/** e^x divided by its sum: over a vector, or over the channels of each place of an image. */
export function softmax(options: LayerOptions = {}): Layer {
  const kind = "softmax";
  checkOptions(kind, options, ["name"]);
  return {
    kind,
    prefix: kind,
    name: layerName(kind, options.name),
    place: ({ name, inputShape }) => ({ kind, name, inputShape, outputShape: inputShape }),
  };
}
