export type { DataType, HostTensor, TypedArray } from "./dtype.ts";
export * from "./errors.ts";
export type { ValueInfo } from "./graph/graph.ts";
export type { Layer } from "./graph/layers.ts";
export type { Feed, LayerTiming, Model, ModelMemory, RunOptions } from "./graph/model.ts";
export { type LoadOptions, loadModel, type ModelSource } from "./onnx/load.ts";
export type { Shape } from "./shape.ts";
