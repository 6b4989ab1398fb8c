export type { DataType, HostTensor, TypedArray } from "./dtype.ts";
export { type AnyTypedArray, createEngine, type Engine, type EngineOptions } from "./engine.ts";
export * from "./errors.ts";
export type { Feed } from "./graph/feeds.ts";
export type { ValueInfo } from "./graph/graph.ts";
export type { Layer } from "./graph/layers.ts";
export type { LayerTiming, Model, ModelMemory, Profile, RunOptions } from "./graph/model.ts";
export { type LoadOptions, type LoadProgress, loadModel, type ModelSource } from "./onnx/load.ts";
export type { Activation, ActivationName, ActivationOptions } from "./ops/activation.ts";
export {
  type BatchNormStatistics,
  type FilterValues,
  type FoldedFilter,
  foldBatchNorm,
} from "./ops/batch-norm-folding.ts";
export type { TensorOrNumber } from "./ops/broadcast.ts";
export type { ConvTranspose2dOptions, TransposedFilterLayout } from "./ops/conv-transpose2d.ts";
export type { Conv1dOptions, SequenceFilterLayout } from "./ops/conv1d.ts";
export type { Conv2dOptions, FilterLayout } from "./ops/conv2d.ts";
export type { Numerics } from "./ops/convolve.ts";
export type { DepthwiseConv2dOptions, DepthwiseSeparableConv2dOptions } from "./ops/depthwise-conv2d.ts";
export type { GatherOptions } from "./ops/gather.ts";
export type { GemmOptions } from "./ops/gemm.ts";
export type { Col2imOptions, ColumnOptions } from "./ops/im2col.ts";
export type { Layout, LayoutOptions } from "./ops/layout.ts";
export type { MatmulOptions } from "./ops/matmul.ts";
export type { ReverseOptions, SliceOptions, SplitOptions, TransposeOptions } from "./ops/movement.ts";
export type { NonMaxSuppressionOptions } from "./ops/non-max-suppression.ts";
export type {
  BatchNormalizationOptions,
  InstanceNormalizationOptions,
  LayerNormalizationOptions,
  LocalResponseNormalizationOptions,
  NormalisationOptions,
} from "./ops/normalisation.ts";
export type { PadOptions } from "./ops/pad.ts";
export type { PaddingMode } from "./ops/pad-images.ts";
export type { AveragePool1dOptions, Pool1dOptions } from "./ops/pool1d.ts";
export type { AveragePool2dOptions, Pool2dOptions } from "./ops/pool2d.ts";
export type { ArgReduceOptions, ReduceOptions } from "./ops/reduction.ts";
export type { Resample2dOptions } from "./ops/resample2d.ts";
export type { SpaceOptions } from "./ops/space.ts";
export type { TopKOptions } from "./ops/top-k.ts";
export type { Padding, Pair, Rounding, WindowOptions } from "./ops/window.ts";
export type { Shape } from "./shape.ts";
export { Tensor } from "./tensor.ts";
export type { KernelSource } from "./wasm/source.ts";
