/** Layers of well-known networks, each a network of one node. */

import { type AttributeValue, type Constant, writeOnnx } from "./models/onnx.ts";
import { Random } from "./random.ts";

export type LayerKind =
  | "conv"
  | "transposed conv"
  | "max pool"
  | "average pool"
  | "nearest resize"
  | "linear resize"
  | "sum"
  | "scale"
  | "sigmoid"
  | "softmax"
  | "channel mean"
  | "channels last";

/** A layer on one image, channels first. */
export interface Layer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly IC: number;
  readonly IH: number;
  readonly IW: number;
  readonly OC: number;
  readonly OH: number;
  readonly OW: number;
  readonly KH: number;
  readonly KW: number;
  readonly stride: number;
  readonly dilation: number;
  readonly groups: number;
  /** Padding above and below, left and right. */
  readonly PH: number;
  readonly PW: number;
  /** Products, or summands, of an output element. */
  readonly terms: number;
  /** Operations, a multiply-add as two, a comparison as one; 0 for resizing, which only moves data. */
  readonly flop: number;
}

interface Options {
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** `size` is the height and width of the square input; padding keeps it, but for the stride. */
export function conv(
  network: string,
  IC: number,
  size: number,
  OC: number,
  [KH, KW]: readonly [number, number],
  options: Options = {},
): Layer {
  const { stride = 1, dilation = 1, groups = 1 } = options;
  const PH = ((KH - 1) * dilation) >> 1;
  const PW = ((KW - 1) * dilation) >> 1;
  const extent = (K: number, P: number) => Math.floor((size + 2 * P - (K - 1) * dilation - 1) / stride) + 1;
  const OH = extent(KH, PH);
  const OW = extent(KW, PW);
  const terms = (IC / groups) * KH * KW;
  const what = groups === IC ? "depthwise " : groups > 1 ? `${groups} groups ` : "";
  const how = `${stride > 1 ? ` s${stride}` : ""}${dilation > 1 ? ` d${dilation}` : ""}`;
  const name = `${network} ${what}${KH}x${KW}${how} ${IC}@${size} to ${OC}`;
  const window = { KH, KW, PH, PW, stride, dilation, groups };
  return { name, kind: "conv", IC, IH: size, IW: size, OC, OH, OW, ...window, terms, flop: 2 * OC * OH * OW * terms };
}

export function depthwise(network: string, C: number, size: number, K: number, stride = 1): Layer {
  return conv(network, C, size, C, [K, K], { stride, groups: C });
}

const NO_WINDOW = { KH: 1, KW: 1, PH: 0, PW: 0, stride: 1, dilation: 1, groups: 1 };

/** 4x4, stride 2, padding 1: twice the size, four taps of each input channel for an output. */
function transposed(network: string, IC: number, size: number, OC: number): Layer {
  const image = { IC, IH: size, IW: size, OC, OH: 2 * size, OW: 2 * size };
  const name = `${network} transposed 4x4 s2 ${IC}@${size} to ${OC}`;
  const window = { ...NO_WINDOW, KH: 4, KW: 4, PH: 1, PW: 1, stride: 2 };
  return { name, kind: "transposed conv", ...image, ...window, terms: 4 * IC, flop: 2 * 16 * IC * OC * size * size };
}

/** 3x3, stride 2, padding 1. */
export function maxPool(network: string, C: number, size: number): Layer {
  const image = { IC: C, IH: size, IW: size, OC: C, OH: size / 2, OW: size / 2 };
  const name = `${network} max pool 3x3 s2 ${C}@${size}`;
  const window = { ...NO_WINDOW, KH: 3, KW: 3, PH: 1, PW: 1, stride: 2 };
  return { name, kind: "max pool", ...image, ...window, terms: 1, flop: 9 * C * image.OH * image.OW };
}

function globalPool(network: string, C: number, size: number): Layer {
  const image = { IC: C, IH: size, IW: size, OC: C, OH: 1, OW: 1 };
  const name = `${network} global average pool ${C}@${size}`;
  const window = { ...NO_WINDOW, KH: size, KW: size };
  return { name, kind: "average pool", ...image, ...window, terms: size * size, flop: C * size * size };
}

function resize(network: string, mode: "nearest" | "linear", C: number, size: number): Layer {
  const image = { IC: C, IH: size, IW: size, OC: C, OH: 2 * size, OW: 2 * size };
  const name = `${network} ${mode} resize x2 ${C}@${size}`;
  return { name, kind: `${mode} resize`, ...image, ...NO_WINDOW, terms: 4, flop: 0 };
}

/** An operator without a window; `operations` for each element of the input, `terms` summands of an output element. */
function plain(network: string, kind: LayerKind, C: number, size: number, operations: number, terms = 1): Layer {
  const image = { IC: C, IH: size, IW: size, OC: kind === "channel mean" ? 1 : C, OH: size, OW: size };
  const flop = operations * C * size * size;
  return { name: `${network} ${kind} ${C}@${size}`, kind, ...image, ...NO_WINDOW, terms, flop };
}

export const LAYERS: readonly Layer[] = [
  conv("ResNet stem", 3, 224, 64, [7, 7], { stride: 2 }),
  conv("ResNet", 64, 56, 64, [3, 3]),
  conv("ResNet", 128, 28, 128, [3, 3]),
  conv("ResNet", 256, 14, 256, [3, 3]),
  conv("ResNet", 512, 7, 512, [3, 3]),
  conv("ResNet", 128, 56, 128, [3, 3], { stride: 2 }),
  conv("ResNet-50", 256, 56, 64, [1, 1]),
  conv("ResNet-50", 1024, 14, 256, [1, 1]),
  conv("MobileNetV2 stem", 3, 224, 32, [3, 3], { stride: 2 }),
  depthwise("MobileNetV2", 96, 112, 3, 2),
  depthwise("MobileNetV2", 144, 56, 3),
  depthwise("MobileNetV2", 384, 14, 3),
  depthwise("MobileNetV2", 960, 7, 3),
  depthwise("EfficientNet", 240, 28, 5),
  depthwise("EfficientNet", 144, 56, 5, 2),
  conv("MobileNetV2", 24, 56, 144, [1, 1]),
  conv("MobileNetV2", 320, 7, 1280, [1, 1]),
  conv("DeepLab", 128, 28, 128, [3, 3], { dilation: 2 }),
  conv("ResNeXt", 128, 56, 128, [3, 3], { groups: 32 }),
  conv("Inception", 192, 17, 192, [1, 7]),
  conv("Inception", 192, 17, 192, [7, 1]),
  transposed("DCGAN", 128, 28, 64),
  maxPool("ResNet", 64, 112),
  globalPool("MobileNetV2", 1280, 7),
  resize("YOLO", "nearest", 128, 26),
  resize("DeepLab", "linear", 64, 56),
  plain("ResNet-50", "sum", 256, 56, 1),
  plain("EfficientNet", "scale", 144, 56, 1),
  plain("EfficientNet", "sigmoid", 144, 56, 0, 4),
  plain("DeepLab", "softmax", 21, 128, 0, 25),
  plain("ConvNeXt", "channel mean", 96, 56, 1, 96),
  plain("ResNet", "channels last", 64, 112, 0),
];

/** Seeded data of a layer: an image [IC, IH, IW], and what it is combined with. */
export interface LayerData {
  readonly x: Float32Array<ArrayBuffer>;
  /** Of a sum, another image; of a scale, [IC]. */
  readonly other?: Float32Array<ArrayBuffer>;
  /** [OC, IC / groups, KH, KW], or [IC, OC, KH, KW] when transposed. */
  readonly filter?: Float32Array<ArrayBuffer>;
  readonly bias?: Float32Array<ArrayBuffer>;
}

export function dataOf({ kind, IC, IH, IW, OC, groups, KH, KW, terms }: Layer, seed: number): LayerData {
  const random = new Random(seed);
  const x = random.values(IC * IH * IW);
  if (kind === "sum") return { x, other: random.values(x.length) };
  // Not below 1: lanewise scales in place, again and again, and slow denormal numbers would be what is left.
  if (kind === "scale") return { x, other: random.values(IC, 1, 2) };
  if (kind !== "conv" && kind !== "transposed conv") return { x };
  return { x, filter: random.he((OC * IC * KH * KW) / groups, terms), bias: random.values(OC, -0.1, 0.1) };
}

/** The same data without signs: what a layer gives for them is the sum of what it adds up, taken absolutely. */
export function magnitudes(data: LayerData): LayerData {
  return Object.fromEntries(
    Object.entries(data).map(([name, values]) => [name, values.map(Math.abs)]),
  ) as unknown as LayerData;
}

const OPERATORS: Readonly<Record<LayerKind, string>> = {
  conv: "Conv",
  "transposed conv": "ConvTranspose",
  "max pool": "MaxPool",
  "average pool": "GlobalAveragePool",
  "nearest resize": "Resize",
  "linear resize": "Resize",
  sum: "Add",
  scale: "Mul",
  sigmoid: "Sigmoid",
  softmax: "Softmax",
  "channel mean": "ReduceMean",
  "channels last": "Transpose",
};

/** The layer as an ONNX file: input `x` [N, IC, IH, IW], output `y`. */
export function onnxOf(layer: Layer, data: LayerData, N = 1): Uint8Array {
  const constants = constantsOf(layer, data);
  const inputs = layer.kind.endsWith("resize") ? ["x", "", "scales"] : ["x", ...constants.map(({ name }) => name)];
  return writeOnnx({
    name: layer.name,
    nodes: [{ op: OPERATORS[layer.kind], inputs, output: "y", attributes: attributesOf(layer) }],
    constants,
    input: { name: "x", shape: [N, layer.IC, layer.IH, layer.IW] },
    output: { name: "y", shape: outputShape(layer, N) },
  });
}

function outputShape({ kind, OC, OH, OW }: Layer, N: number): number[] {
  return kind === "channels last" ? [N, OH, OW, OC] : [N, OC, OH, OW];
}

function constantsOf({ kind, IC, IH, IW, OC, groups, KH, KW }: Layer, { other, filter, bias }: LayerData): Constant[] {
  if (other) return [{ name: "other", shape: kind === "sum" ? [1, IC, IH, IW] : [1, IC, 1, 1], data: other }];
  if (kind.endsWith("resize")) return [{ name: "scales", shape: [4], data: Float32Array.of(1, 1, 2, 2) }];
  if (!filter || !bias) return [];
  const shape = kind === "conv" ? [OC, IC / groups, KH, KW] : [IC, OC, KH, KW];
  return [
    { name: "filter", shape, data: filter },
    { name: "bias", shape: [OC], data: bias },
  ];
}

function attributesOf(layer: Layer): Record<string, AttributeValue> {
  const { kind, KH, KW, PH, PW, stride, dilation, groups } = layer;
  const window = { kernel_shape: [KH, KW], pads: [PH, PW, PH, PW], strides: [stride, stride] };
  switch (kind) {
    case "conv":
    case "transposed conv":
      return { ...window, dilations: [dilation, dilation], group: groups };
    case "max pool":
      return window;
    case "average pool":
    case "sum":
    case "scale":
    case "sigmoid":
      return {};
    case "softmax":
      return { axis: 1 };
    case "channel mean":
      return { axes: [1] };
    case "channels last":
      return { perm: [0, 2, 3, 1] };
    case "nearest resize":
      return { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    case "linear resize":
      return { mode: "linear", coordinate_transformation_mode: "half_pixel" };
  }
}
