// Pooling layers.

import { checkOptions } from "../ops/call.ts";
import { type Pair, pair, type Rounding, resolveWindow, type WindowOptions } from "../ops/window.ts";
import { imageShape, layerName, truth } from "./checks.ts";
import type { Layer, LayerOptions, Pool } from "./layer.ts";

export interface PoolLayerOptions extends Omit<WindowOptions, "strides">, LayerOptions {
  /** Step of the window. Default: the window, so that each place is seen once. */
  readonly strides?: Pair | undefined;
  /** Whether a last window that hangs over the padded image counts ("ceil") or not ("floor", the default). */
  readonly outputShapeRounding?: Rounding | undefined;
}

/** Without dilations, which average pools of ONNX's operator set 17 lack. */
export interface AveragePoolLayerOptions extends Omit<PoolLayerOptions, "dilations"> {
  /** Whether places in the padding count as zeros. Default false. */
  readonly countIncludePad?: boolean | undefined;
}

const OPTIONS = [
  ...(["name", "strides", "padding", "dilations", "outputShapeRounding"] as const),
] satisfies readonly (keyof PoolLayerOptions)[];

/**
 * The largest value of each window of images [C, H, W].
 *
 * @param window its size, for both axes or [height, width]
 * @param options defaults: strides as the window, padding 0, dilations 1
 * @returns a layer that gives [C, OH, OW], sizes as for `conv2d`
 */
export function maxPool2d(window: Pair, options: PoolLayerOptions = {}): Layer {
  checkOptions("maxPool2d", options, OPTIONS);
  return pool("maxPool2d", window, options, false);
}

/** The mean of each window of images [C, H, W]; else as `maxPool2d`. */
export function averagePool2d(window: Pair, options: AveragePoolLayerOptions = {}): Layer {
  const where = "averagePool2d";
  checkOptions(where, options, ["name", "strides", "padding", "outputShapeRounding", "countIncludePad"]);
  return pool(where, window, options, truth(where, "countIncludePad", options.countIncludePad ?? false));
}

function pool(kind: Pool["kind"], window: Pair, options: PoolLayerOptions, countPadding: boolean): Layer {
  const kernel = pair(kind, "window", window, 1);
  const { padding = 0, dilations = 1, strides = kernel, outputShapeRounding = "floor" } = options;
  return {
    kind,
    prefix: "pool",
    name: layerName(kind, options.name),
    place(site) {
      const [C, H, W] = imageShape(site);
      const resolved = resolveWindow(site.where, [H, W], kernel, { padding, dilations, strides, outputShapeRounding });
      const outputShape = [C, resolved.OH, resolved.OW];
      return { kind, name: site.name, inputShape: site.inputShape, outputShape, window: resolved, countPadding };
    },
  };
}

/** The mean of all places of images [C, H, W]: a layer that gives [C, 1, 1]. */
export function globalAveragePool(options: LayerOptions = {}): Layer {
  const kind = "globalAveragePool";
  checkOptions(kind, options, ["name"]);
  return {
    kind,
    prefix: "pool",
    name: layerName(kind, options.name),
    place(site) {
      const [C] = imageShape(site);
      return { kind, name: site.name, inputShape: site.inputShape, outputShape: [C, 1, 1] };
    },
  };
}
