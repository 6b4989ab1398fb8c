/** Convolutional networks in code: each call adds a layer with seeded weights, and gives the value it computes. */

import { Random } from "../random.ts";
import { type AttributeValue, type Constant, type OnnxNode, writeOnnx } from "./onnx.ts";

/** A value of one image: its name, and its shape without the batch. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ConvOptions {
  readonly kernel: number;
  readonly stride?: number;
  /** Default: half the window, as in most networks. */
  readonly padding?: number;
  readonly groups?: number;
}

/** How batch normalisation is written: as a node of its own, or already folded into the convolution before it. */
export type BatchNorm = "separate" | "folded";

export interface GeneratedModel {
  readonly bytes: Uint8Array;
  readonly input: Value;
  /** Multiply-adds of convolutions and dense layers for one image. */
  readonly macs: number;
  /** Elements of the constants that are weights. */
  readonly weights: number;
}

export class Network {
  readonly input: Value;
  readonly #name: string;
  readonly #random: Random;
  readonly #batchNorm: BatchNorm;
  readonly #nodes: OnnxNode[] = [];
  readonly #constants: Constant[] = [];
  #macs = 0;

  /** @param shape of the input image, [channels, height, width] */
  constructor(name: string, seed: number, shape: readonly number[], batchNorm: BatchNorm = "folded") {
    this.#name = name;
    this.#random = new Random(seed);
    this.#batchNorm = batchNorm;
    this.input = { name: "data", shape };
  }

  /** A convolution with a bias. */
  conv(x: Value, OC: number, { kernel: K, stride = 1, padding = K >> 1, groups = 1 }: ConvOptions, bias = true): Value {
    const [IC, IH, IW] = x.shape;
    const extent = (size: number) => Math.floor((size + 2 * padding - K) / stride) + 1;
    const shape = [OC, extent(IH), extent(IW)];
    const fanIn = (IC / groups) * K * K;
    const inputs = [x.name, this.#weights([OC, IC / groups, K, K], fanIn)];
    if (bias) inputs.push(this.#constant([OC], this.#random.values(OC, -0.1, 0.1)));
    this.#macs += OC * shape[1] * shape[2] * fanIn;
    return this.#add("Conv", inputs, shape, {
      dilations: [1, 1],
      group: groups,
      kernel_shape: [K, K],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    });
  }

  /** A convolution and batch normalisation. */
  convNorm(x: Value, OC: number, options: ConvOptions): Value {
    if (this.#batchNorm === "folded") return this.conv(x, OC, options);
    const y = this.conv(x, OC, options, false);
    const draw = (low: number, high: number) => this.#constant([OC], this.#random.values(OC, low, high));
    const inputs = [y.name, draw(0.8, 1.2), draw(-0.1, 0.1), draw(-0.1, 0.1), draw(0.8, 1.2)];
    return this.#add("BatchNormalization", inputs, y.shape, { epsilon: { float: 1e-5 } });
  }

  relu(x: Value): Value {
    return this.#add("Relu", [x.name], x.shape);
  }

  /** max(0, min(x, 6)). */
  relu6(x: Value): Value {
    const bound = (value: number) => this.#constant([], Float32Array.of(value));
    return this.#add("Clip", [x.name, bound(0), bound(6)], x.shape);
  }

  sigmoid(x: Value): Value {
    return this.#add("Sigmoid", [x.name], x.shape);
  }

  /** x * sigmoid(x), in the two nodes that exporters write. */
  swish(x: Value): Value {
    return this.multiply(x, this.sigmoid(x));
  }

  /** `b` may be [C, 1, 1]. */
  multiply(a: Value, b: Value): Value {
    return this.#add("Mul", [a.name, b.name], a.shape);
  }

  add(a: Value, b: Value): Value {
    return this.#add("Add", [a.name, b.name], a.shape);
  }

  concat(values: readonly Value[]): Value {
    const channels = values.reduce((sum, { shape }) => sum + shape[0], 0);
    const names = values.map(({ name }) => name);
    return this.#add("Concat", names, [channels, ...values[0].shape.slice(1)], { axis: 1 });
  }

  maxPool(x: Value, K: number, stride: number, padding = 0, rounding: "floor" | "ceil" = "floor"): Value {
    const [C, IH, IW] = x.shape;
    const extent = (size: number) => Math[rounding]((size + 2 * padding - K) / stride) + 1;
    return this.#add("MaxPool", [x.name], [C, extent(IH), extent(IW)], {
      ceil_mode: rounding === "ceil" ? 1 : 0,
      kernel_shape: [K, K],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    });
  }

  globalAveragePool(x: Value): Value {
    return this.#add("GlobalAveragePool", [x.name], [x.shape[0], 1, 1]);
  }

  flatten(x: Value): Value {
    return this.#add("Flatten", [x.name], [x.shape.reduce((a, b) => a * b, 1)], { axis: 1 });
  }

  dense(x: Value, outputs: number): Value {
    const [F] = x.shape;
    const inputs = [x.name, this.#weights([outputs, F], F), this.#constant([outputs], this.#random.values(outputs))];
    this.#macs += outputs * F;
    return this.#add("Gemm", inputs, [outputs], { transB: 1 });
  }

  softmax(x: Value): Value {
    return this.#add("Softmax", [x.name], x.shape, { axis: 1 });
  }

  /** The file of the network that computes `output`, for one image or, of images, for any batch and size. */
  finish(output: Value, sizes: "fixed" | "free" = "fixed"): GeneratedModel {
    const batch = ({ name, shape }: Value) => {
      return { name, shape: sizes === "fixed" ? [1, ...shape] : ["N", shape[0], `H ${name}`, `W ${name}`] };
    };
    const bytes = writeOnnx({
      name: this.#name,
      nodes: this.#nodes,
      constants: this.#constants,
      input: batch(this.input),
      output: batch(output),
    });
    const weights = this.#constants.reduce((sum, { shape, data }) => sum + (shape.length > 0 ? data.length : 0), 0);
    return { bytes, input: this.input, macs: this.#macs, weights };
  }

  #weights(shape: readonly number[], fanIn: number): string {
    return this.#constant(
      shape,
      this.#random.he(
        shape.reduce((a, b) => a * b, 1),
        fanIn,
      ),
    );
  }

  #constant(shape: readonly number[], data: Float32Array<ArrayBuffer>): string {
    const name = `c${this.#constants.length}`;
    this.#constants.push({ name, shape, data });
    return name;
  }

  #add(
    op: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Record<string, AttributeValue> = {},
  ): Value {
    const output = `${op.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, output, attributes });
    return { name: output, shape };
  }
}
