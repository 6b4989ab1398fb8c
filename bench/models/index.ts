import type { Feed } from "../engines/engine.ts";
import { Random } from "../random.ts";
import { efficientNetB0 } from "./efficientnet.ts";
import { mobileNetV1, mobileNetV2 } from "./mobilenet.ts";
import type { GeneratedModel } from "./network.ts";
import { resNet18, resNet50 } from "./resnet.ts";
import { squeezeNet } from "./squeezenet.ts";

export const SEED = 20;

/** Networks made from a seed. */
export const GENERATED: Readonly<Record<string, (seed: number) => GeneratedModel>> = {
  "SqueezeNet 1.1": squeezeNet,
  MobileNetV1: mobileNetV1,
  MobileNetV2: mobileNetV2,
  "ResNet-18": resNet18,
  "ResNet-50": resNet50,
  "EfficientNet-B0": efficientNetB0,
};

/** A trained network in a file beside the project. */
export interface SharedModel {
  readonly name: string;
  /** Relative to the folder of shared models. */
  readonly file: string;
  readonly shape: readonly number[];
  /** What its input's values lie between. */
  readonly range: readonly [number, number];
}

export const SHARED: readonly SharedModel[] = [
  { name: "YOLOX-nano", file: "yolox-nano/model.onnx", shape: [1, 3, 416, 416], range: [0, 255] },
  { name: "UltraFace", file: "ultraface/model.onnx", shape: [1, 3, 240, 320], range: [-1, 1] },
  { name: "super-resolution", file: "super-resolution/model.onnx", shape: [1, 1, 224, 224], range: [0, 1] },
];

/** Looked at for their memory and first run only. */
export const MORE_SHARED: readonly SharedModel[] = [
  { name: "SqueezeNet 1.1, trained", file: "squeezenet1.1/model.onnx", shape: [1, 3, 224, 224], range: [-2, 2] },
  { name: "MNIST CNTK", file: "mnist-8/model.onnx", shape: [1, 1, 28, 28], range: [0, 255] },
  { name: "MNIST PyTorch", file: "mnist-pytorch/model.onnx", shape: [1, 1, 28, 28], range: [-0.4, 2.8] },
  { name: "MobileNetV2 int8", file: "mobilenetv2-int8-qdq/model.onnx", shape: [1, 3, 244, 244], range: [-2, 2] },
];

/** Seeded values to feed; without a name the network's only input is meant. */
export function feedOf(name: string, shape: readonly number[], low: number, high: number): Feed {
  const length = shape.reduce((a, b) => a * b, 1);
  return { name, shape, data: new Random(SEED).values(length, low, high) };
}
