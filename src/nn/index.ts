/** Convolutional networks in code: what they are made of, what they cost, training, and ONNX files of them. */

export type { HostTensor } from "../dtype.ts";
export type { Model } from "../graph/model.ts";
export type { LoadOptions } from "../onnx/load.ts";
export type { Padding, Pair, Rounding } from "../ops/window.ts";
export type { Shape } from "../shape.ts";
export { activation, type LayerActivation } from "./activation.ts";
export { parallel, type ResidualOptions, residual, sequence } from "./combine.ts";
export {
  type Conv2dLayerOptions,
  conv2d,
  type DepthwiseLayerOptions,
  depthwiseConv2d,
  separableConv2d,
  type WeightOptions,
} from "./convolution.ts";
export { dense, flatten, softmax } from "./dense.ts";
export type { ExportOptions } from "./export.ts";
export type { Layer, LayerOptions } from "./layer.ts";
export { Network, type NetworkOptions, network } from "./network.ts";
export { type BatchNormLayerOptions, batchNorm, dropout } from "./normalise.ts";
export { type AdamOptions, adam, type Move, type Optimiser, type SgdOptions, sgd } from "./optimiser.ts";
export { type Initialisation, Parameter } from "./parameter.ts";
export {
  type AveragePoolLayerOptions,
  averagePool2d,
  globalAveragePool,
  maxPool2d,
  type PoolLayerOptions,
} from "./pool.ts";
export type { Summary, SummaryRow } from "./summary.ts";
export { leNet5, mobileNetV2, resNet18, vgg16 } from "./textbook.ts";
export { type Examples, evaluate, type Score, type TrainOptions, type TrainProgress, train } from "./train.ts";
