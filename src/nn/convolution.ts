// Convolutional layers.

import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { checkOptions } from "../ops/call.ts";
import { type Pair, pair, positive, resolveWindow, type WindowOptions } from "../ops/window.ts";
import { activationUse, type LayerActivation } from "./activation.ts";
import { imageShape, layerName, truth } from "./checks.ts";
import { sequence } from "./combine.ts";
import type { Convolution, Layer, LayerOptions, Site } from "./layer.ts";
import type { Initialisation } from "./parameter.ts";

/** What layers with weights take. */
export interface WeightOptions extends LayerOptions {
  /** Whether there is a bias, which starts at 0. Default true. */
  readonly bias?: boolean | undefined;
  /** Applied to the result. */
  readonly activation?: LayerActivation | undefined;
  /** How weights start. Default "glorot" where the activation is sigmoid or tanh, else "he". */
  readonly initialisation?: Initialisation | undefined;
}

export interface Conv2dLayerOptions extends WindowOptions, WeightOptions {
  /** Input and output channels are divided into so many groups, each convolved by itself. Default 1. */
  readonly groups?: number | undefined;
}

export interface DepthwiseLayerOptions extends WindowOptions, WeightOptions {
  /** Output channels for each input channel. Default 1. */
  readonly multiplier?: number | undefined;
}

const WEIGHT_OPTIONS = [
  "name",
  "bias",
  "activation",
  "initialisation",
] as const satisfies readonly (keyof WeightOptions)[];
const WINDOW_OPTIONS = ["strides", "dilations", "padding"] as const satisfies readonly (keyof WindowOptions)[];

/** The checked options of a layer with weights. */
export function weightOptions(where: string, options: WeightOptions) {
  const { bias = true, initialisation } = options;
  const activation = activationUse(where, options.activation);
  const usual: Initialisation = activation?.name === "sigmoid" || activation?.name === "tanh" ? "glorot" : "he";
  if (initialisation !== undefined && initialisation !== "he" && initialisation !== "glorot") {
    throw new ArgumentError(expected(where, "initialisation", '"he" or "glorot"', initialisation));
  }
  return { bias: truth(where, "bias", bias), activation, initialisation: initialisation ?? usual };
}

/**
 * Convolution of images [IC, H, W] by a filter [outputs, IC / groups, KH, KW]; the options are those of the engine's `conv2d`.
 *
 * @param outputs output channels
 * @param window its size, for both axes or [height, width]
 * @param options defaults: strides 1, padding 0, dilations 1, groups 1, with a bias, no activation
 * @returns a layer that gives [outputs, OH, OW], OH = floor((H + top + bottom - DH * (KH - 1) - 1) / SH) + 1
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which it does not fit
 */
export function conv2d(outputs: number, window: Pair, options: Conv2dLayerOptions = {}): Layer {
  const where = "conv2d";
  checkOptions(where, options, [...WEIGHT_OPTIONS, ...WINDOW_OPTIONS, "groups"]);
  positive(where, "outputs", outputs);
  const groups = positive(where, "groups", options.groups ?? 1);
  const kernel = pair(where, "window", window, 1);
  const weights = weightOptions(where, options);
  const place = (site: Site) => convolution(site, where, outputs, groups, kernel, options, weights);
  return { kind: where, prefix: "conv", name: layerName(where, options.name), place };
}

/**
 * Convolution of each channel by itself, by a filter [C * multiplier, 1, KH, KW].
 *
 * @param window its size, for both axes or [height, width]
 * @param options defaults as for `conv2d`; `multiplier` 1
 * @returns a layer that gives [C * multiplier, OH, OW]
 * @throws ArgumentError for bad options; a ShapeError when a network is made in which it does not fit
 */
export function depthwiseConv2d(window: Pair, options: DepthwiseLayerOptions = {}): Layer {
  const where = "depthwiseConv2d";
  checkOptions(where, options, [...WEIGHT_OPTIONS, ...WINDOW_OPTIONS, "multiplier"]);
  const multiplier = positive(where, "multiplier", options.multiplier ?? 1);
  const kernel = pair(where, "window", window, 1);
  const weights = weightOptions(where, options);
  const place = (site: Site) => {
    const [C] = imageShape(site);
    return convolution(site, where, C * multiplier, C, kernel, options, weights);
  };
  return { kind: where, prefix: "depthwise", name: layerName(where, options.name), place };
}

/**
 * A depthwise convolution, then a 1x1 convolution of the channels: `options` are those of the former, but for `bias`, which both have or
 * have not, and `activation`, which follows the latter.
 *
 * @param outputs output channels
 */
export function separableConv2d(outputs: number, window: Pair, options: DepthwiseLayerOptions = {}): Layer {
  const { name, activation, ...depthwise } = options;
  const { bias, initialisation } = options;
  const layers = [depthwiseConv2d(window, depthwise), conv2d(outputs, 1, { bias, initialisation, activation })];
  return { ...sequence(layers, { name }), kind: "separableConv2d", prefix: "separable" };
}

function convolution(
  site: Site,
  kind: Convolution["kind"],
  OC: number,
  groups: number,
  [KH, KW]: readonly [number, number],
  options: WindowOptions,
  { bias, activation, initialisation }: ReturnType<typeof weightOptions>,
): Convolution {
  const { name, where, inputShape } = site;
  const [IC, H, W] = imageShape(site);
  if (IC % groups !== 0) throw new ShapeError(expected(where, "input", `channels divisible by ${groups} groups`, IC));
  if (OC % groups !== 0) throw new ShapeError(expected(where, "outputs", `a multiple of ${groups} groups`, OC));
  const window = resolveWindow(where, [H, W], [KH, KW], options);
  const fans = { inputs: (IC / groups) * KH * KW, outputs: (OC / groups) * KH * KW, initialisation };
  return {
    kind,
    name,
    inputShape,
    outputShape: [OC, window.OH, window.OW],
    groups,
    window,
    weight: site.weights("weight", [OC, IC / groups, KH, KW], fans),
    bias: bias ? site.constant("bias", [OC], 0) : undefined,
    activation,
  };
}
