// Well-known networks with fresh weights, for images of the size in which they were published.

import { residual, sequence } from "./combine.ts";
import { conv2d, depthwiseConv2d } from "./convolution.ts";
import { dense, flatten } from "./dense.ts";
import type { Layer } from "./layer.ts";
import { type Network, network } from "./network.ts";
import { batchNorm, dropout } from "./normalise.ts";
import { averagePool2d, globalAveragePool, maxPool2d } from "./pool.ts";

export interface TextbookOptions {
  /** Outputs of the last layer: logits, one a class. */
  readonly classes?: number | undefined;
  /** As for `network`. */
  readonly seed?: number | undefined;
}

/**
 * LeNet-5 for grey images of 28x28, padded to 32x32, with every map of the third convolution seeing every map before it: 61,706 parameters for
 * 10 classes, the default.
 *
 * @see http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf
 */
export function leNet5({ classes = 10, seed }: TextbookOptions = {}): Network {
  const activation = "tanh";
  return network({ input: [1, 28, 28], seed }, [
    conv2d(6, 5, { padding: 2, activation }),
    averagePool2d(2),
    conv2d(16, 5, { activation }),
    averagePool2d(2),
    conv2d(120, 5, { activation }),
    flatten(),
    dense(84, { activation }),
    dense(classes),
  ]);
}

/**
 * ResNet-18 for images of 224x224: 11,689,512 parameters for 1000 classes, the default.
 *
 * @see https://arxiv.org/abs/1512.03385
 */
export function resNet18({ classes = 1000, seed }: TextbookOptions = {}): Network {
  const stage = (channels: number, strides: number) => [
    basicBlock(channels, strides, strides > 1),
    basicBlock(channels, 1, false),
  ];
  return network({ input: [3, 224, 224], seed }, [
    ...convolutionNorm(64, 7, 2, "relu"),
    maxPool2d(3, { strides: 2, padding: 1 }),
    ...stage(64, 1),
    ...stage(128, 2),
    ...stage(256, 2),
    ...stage(512, 2),
    globalAveragePool(),
    flatten(),
    dense(classes),
  ]);
}

/** Two 3x3 convolutions and a way around them, which `projects` by a 1x1 convolution where shapes differ. */
function basicBlock(channels: number, strides: number, projects: boolean): Layer {
  const body = [...convolutionNorm(channels, 3, strides, "relu"), ...convolutionNorm(channels, 3, 1)];
  const shortcut = projects ? convolutionNorm(channels, 1, strides) : undefined;
  return residual(body, { shortcut, activation: "relu" });
}

/** A convolution without a bias, padded by half its window, and batch normalisation. */
function convolutionNorm(channels: number, window: number, strides: number, activation?: "relu" | "relu6"): Layer[] {
  return [conv2d(channels, window, { strides, padding: (window - 1) / 2, bias: false }), batchNorm({ activation })];
}

/**
 * MobileNetV2 of width 1 for images of 224x224: 3,504,872 parameters for 1000 classes, the default.
 *
 * @see https://arxiv.org/abs/1801.04381
 */
export function mobileNetV2({ classes = 1000, seed }: TextbookOptions = {}): Network {
  // Expansion, output channels, blocks, strides of the first of them.
  const stages = [
    ...([
      [1, 16, 1, 1],
      [6, 24, 2, 2],
      [6, 32, 3, 2],
      [6, 64, 4, 2],
    ] as const),
    ...([
      [6, 96, 3, 1],
      [6, 160, 3, 2],
      [6, 320, 1, 1],
    ] as const),
  ];
  const blocks: Layer[] = [];
  let channels = 32;
  for (const [expansion, outputs, count, first] of stages) {
    for (let i = 0; i < count; i++) {
      blocks.push(invertedResidual(channels, outputs, expansion, i === 0 ? first : 1));
      channels = outputs;
    }
  }
  return network({ input: [3, 224, 224], seed }, [
    ...convolutionNorm(32, 3, 2, "relu6"),
    ...blocks,
    ...convolutionNorm(1280, 1, 1, "relu6"),
    globalAveragePool(),
    flatten(),
    dropout(0.2),
    dense(classes),
  ]);
}

/** Channels widened by a 1x1 convolution, each convolved by itself, and narrowed again; with a way around where shapes allow. */
function invertedResidual(inputs: number, outputs: number, expansion: number, strides: number): Layer {
  const body = [
    ...(expansion > 1 ? convolutionNorm(inputs * expansion, 1, 1, "relu6") : []),
    depthwiseConv2d(3, { strides, padding: 1, bias: false }),
    batchNorm({ activation: "relu6" }),
    ...convolutionNorm(outputs, 1, 1),
  ];
  return strides === 1 && inputs === outputs ? residual(body) : sequence(body);
}

/**
 * VGG-16 for images of 224x224: 138,357,544 parameters for 1000 classes, the default.
 *
 * @see https://arxiv.org/abs/1409.1556
 */
export function vgg16({ classes = 1000, seed }: TextbookOptions = {}): Network {
  const activation = "relu";
  const stage = (channels: number, count: number) => [
    ...Array.from({ length: count }, () => conv2d(channels, 3, { padding: 1, activation })),
    maxPool2d(2),
  ];
  return network({ input: [3, 224, 224], seed }, [
    ...stage(64, 2),
    ...stage(128, 2),
    ...stage(256, 3),
    ...stage(512, 3),
    ...stage(512, 3),
    flatten(),
    dense(4096, { activation }),
    dropout(0.5),
    dense(4096, { activation }),
    dropout(0.5),
    dense(classes),
  ]);
}
