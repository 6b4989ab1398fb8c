// Layers made of layers.

import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { checkOptions } from "../ops/call.ts";
import { formatShape, sameShape } from "../shape.ts";
import { activationUse, type LayerActivation } from "./activation.ts";
import { layerList, layerName } from "./checks.ts";
import type { Layer, LayerOptions } from "./layer.ts";

/** Layers one after another, as one: a block with a name of its own. */
export function sequence(layers: readonly Layer[], options: LayerOptions = {}): Layer {
  const where = "sequence";
  checkOptions(where, options, ["name"]);
  const list = layerList(where, "layers", layers);
  return {
    kind: where,
    prefix: "block",
    name: layerName(where, options.name),
    place: (site) => site.within(list),
  };
}

export interface ResidualOptions extends LayerOptions {
  /** The way around the body. Default: the input itself. */
  readonly shortcut?: readonly Layer[] | undefined;
  /** Applied to the sum. */
  readonly activation?: LayerActivation | undefined;
}

/**
 * body(x) + x, or body(x) + shortcut(x).
 *
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which the two shapes differ
 */
export function residual(body: readonly Layer[], options: ResidualOptions = {}): Layer {
  const kind = "residual";
  checkOptions(kind, options, ["name", "shortcut", "activation"]);
  const main = layerList(kind, "body", body);
  const around = options.shortcut && layerList(kind, "shortcut", options.shortcut);
  const activation = activationUse(kind, options.activation);
  return {
    kind,
    prefix: "block",
    name: layerName(kind, options.name),
    place(site) {
      const { name, inputShape } = site;
      const body = site.within(main);
      const shortcut = around && site.within(around);
      const [wanted, { outputShape }] = [body.outputShape, shortcut ?? { outputShape: inputShape }];
      if (!sameShape(wanted, outputShape)) {
        const what = shortcut ? "shortcut" : "input (it has no shortcut)";
        throw new ShapeError(
          expected(site.where, what, `the shape of its body, ${formatShape(wanted)}`, formatShape(outputShape)),
        );
      }
      return { kind, name, inputShape, outputShape, body, shortcut, activation };
    },
  };
}

/**
 * Branches that see the same input, each a list of layers (an empty one is the input itself). Their outputs are concatenated: the channels of
 * images [C, H, W], the elements of vectors.
 *
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which the images differ in size
 */
export function parallel(branches: readonly (readonly Layer[])[], options: LayerOptions = {}): Layer {
  const kind = "parallel";
  checkOptions(kind, options, ["name"]);
  if (!Array.isArray(branches) || branches.length === 0) {
    throw new ArgumentError(expected(kind, "branches", "an array of at least one array of layers", branches));
  }
  const lists = branches.map((layers, i) => layerList(kind, `branches[${i}]`, layers));
  return {
    kind,
    prefix: "block",
    name: layerName(kind, options.name),
    place(site) {
      const { name, inputShape } = site;
      const placed = lists.map((layers) => site.within(layers));
      const [[, ...places]] = placed.map(({ outputShape }) => outputShape);
      for (const [i, { outputShape }] of placed.entries()) {
        if (sameShape(outputShape.slice(1), places)) continue;
        const wanted = `shape ${formatShape(["any", ...places])}, as branches[0]`;
        throw new ShapeError(expected(site.where, `branches[${i}]`, wanted, formatShape(outputShape)));
      }
      const channels = placed.reduce((sum, { outputShape }) => sum + outputShape[0], 0);
      return { kind, name, inputShape, outputShape: [channels, ...places], branches: placed };
    },
  };
}
