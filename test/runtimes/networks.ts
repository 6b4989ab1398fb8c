// Small networks in the manner of known ones, with seeded weights, as ONNX files.
import { ATTRIBUTE_TYPE, type AttributeProto, encodeText, type ValueInfoProto } from "../../src/onnx/proto.ts";
import { encodeTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { Random } from "../support/random.ts";

type Attributes = Readonly<Record<string, number | readonly number[] | string>>;

/** Writes a network down from the first node to the last. Every method gives the name of the value it makes. */
class Builder {
  readonly #random: Random;
  readonly #graph: Parameters<typeof writeModel>[0]["graph"];
  readonly #opset: number;

  constructor(name: string, seed: number, input: readonly (number | string)[], opset = 13) {
    this.#opset = opset;
    this.#random = new Random(seed);
    this.#graph = { name, node: [], initializer: [], input: [value("x", input)], output: [], valueInfo: [] };
  }

  node(op: string, input: string[], attributes: Attributes = {}): string {
    const name = `${op}${this.#graph.node.length}`;
    const attribute = Object.entries(attributes).map(([key, each]) => attributeOf(key, each));
    this.#graph.node.push({ input, output: [name], name, opType: op, domain: "", attribute });
    return name;
  }

  weight(shape: number[], scale: number): string {
    return this.#constant("w", { type: "float32", shape, data: this.#random.tensor(shape, scale).data.slice() });
  }

  integers(...values: number[]): string {
    return this.#constant("i", { type: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  floats(...values: number[]): string {
    return this.#constant("f", { type: "float32", shape: [values.length], data: Float32Array.from(values) });
  }

  byte(value: number): string {
    return this.#constant("u", { type: "uint8", shape: [], data: Uint8Array.of(value) });
  }

  /** A convolution with bias; "same" padding for odd windows. */
  conv(x: string, IC: number, OC: number, K: number, stride = 1, groups = 1): string {
    const fan = (IC / groups) * K * K;
    const weights = [this.weight([OC, IC / groups, K, K], Math.sqrt(6 / fan)), this.weight([OC], 0.5)];
    const pads = new Array(4).fill((K - 1) / 2);
    return this.node("Conv", [x, ...weights], { kernel_shape: [K, K], strides: [stride, stride], pads, group: groups });
  }

  relu6(x: string): string {
    return this.node("Clip", [x, this.scalar(0), this.scalar(6)]);
  }

  file(...outputs: [name: string, shape: readonly (number | string)[], elemType?: number][]): Uint8Array {
    this.#graph.output.push(...outputs.map((output) => value(...output)));
    return writeModel({
      irVersion: 8,
      opsetImport: [{ domain: "", version: this.#opset }],
      producerName: "lanewise tests",
      graph: this.#graph,
      functions: [],
    });
  }

  scalar(number: number): string {
    return this.#constant("s", { type: "float32", shape: [], data: Float32Array.of(number) });
  }

  #constant(letter: string, tensor: Parameters<typeof encodeTensor>[0]): string {
    const name = `${letter}${this.#graph.initializer.length}`;
    this.#graph.initializer.push(encodeTensor(tensor, name));
    return name;
  }
}

function attributeOf(name: string, each: number | readonly number[] | string): AttributeProto {
  if (typeof each === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(each) };
  if (typeof each !== "number") return { name, type: ATTRIBUTE_TYPE.ints, ints: [...each] };
  return Number.isInteger(each)
    ? { name, type: ATTRIBUTE_TYPE.int, i: each }
    : { name, type: ATTRIBUTE_TYPE.float, f: each };
}

function value(name: string, shape: readonly (number | string)[], elemType = 1): ValueInfoProto {
  const dim = shape.map((extent) => (typeof extent === "number" ? { dimValue: extent } : { dimParam: extent }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** Squeeze and expand: 1x1 convolutions beside 3x3 ones, concatenated; pooling with rounding up. */
function squeezeNet(): Uint8Array {
  const b = new Builder("squeezenet-like", 11, [1, 3, 47, 47]);
  const pool = (x: string) => b.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 });
  const relu = (x: string) => b.node("Relu", [x]);
  const fire = (x: string, IC: number, squeeze: number, expand: number) => {
    const s = relu(b.conv(x, IC, squeeze, 1));
    return b.node("Concat", [relu(b.conv(s, squeeze, expand, 1)), relu(b.conv(s, squeeze, expand, 3))], { axis: 1 });
  };
  let x = pool(relu(b.conv("x", 3, 32, 3, 2)));
  x = fire(x, 32, 8, 24);
  x = pool(fire(x, 48, 8, 24));
  x = fire(x, 48, 12, 31);
  x = relu(b.conv(b.node("Dropout", [x]), 62, 37, 1));
  x = b.node("Flatten", [b.node("GlobalAveragePool", [x])]);
  return b.file([b.node("Softmax", [x], { axis: 1 }), [1, 37]]);
}

/** Inverted residuals with depthwise windows of 3 and 5; batch, height and width left open. */
function mobileNet(): Uint8Array {
  const b = new Builder("mobilenet-like", 12, ["batch", 3, "height", "width"]);
  const block = (x: string, IC: number, OC: number, K: number, stride: number) => {
    const wide = IC * 3;
    const depthwise = b.relu6(b.conv(b.relu6(b.conv(x, IC, wide, 1)), wide, wide, K, stride, wide));
    const y = b.conv(depthwise, wide, OC, 1);
    return stride === 1 && IC === OC ? b.node("Add", [x, y]) : y;
  };
  let x = b.relu6(b.conv("x", 3, 16, 3, 2));
  x = block(x, 16, 12, 3, 2);
  x = block(x, 12, 12, 3, 1);
  x = block(x, 12, 20, 5, 2);
  x = block(x, 20, 20, 5, 1);
  x = b.relu6(b.conv(x, 20, 52, 1));
  x = b.node("Reshape", [b.node("GlobalAveragePool", [x]), b.integers(0, -1)]);
  const scores = b.node("Gemm", [x, b.weight([10, 52], 0.3), b.weight([10], 1)], { transB: 1 });
  return b.file([scores, ["batch", 10]]);
}

/** A stem of 7x7, residual blocks of 3x3, groups. */
function resNet(): Uint8Array {
  const b = new Builder("resnet-like", 13, [1, 3, 56, 40]);
  const relu = (x: string) => b.node("Relu", [x]);
  const block = (x: string, IC: number, OC: number, stride: number, groups: number) => {
    const y = b.conv(relu(b.conv(x, IC, OC, 3, stride)), OC, OC, 3, 1, groups);
    const straight = stride === 1 && IC === OC ? x : b.conv(x, IC, OC, 1, stride);
    return relu(b.node("Add", [y, straight]));
  };
  let x = relu(b.conv("x", 3, 16, 7, 2));
  x = b.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  x = block(x, 16, 16, 1, 1);
  x = block(x, 16, 32, 2, 4);
  x = block(x, 32, 48, 2, 3);
  const features = x;
  x = b.node("Flatten", [b.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] })]);
  const scores = b.node("Gemm", [x, b.weight([48 * 2, 10], 0.2)]);
  return b.file([scores, [1, 10]], [features, [1, 48, 4, 3]]);
}

/** Down, up again by a transposed convolution, and joined with what was there before. */
function uNet(): Uint8Array {
  const b = new Builder("unet-like", 14, [1, 1, 24, 20]);
  const leaky = (x: string) => b.node("LeakyRelu", [x], { alpha: 0.125 });
  const top = leaky(b.conv("x", 1, 9, 3));
  const bottom = leaky(b.conv(leaky(b.conv(top, 9, 18, 3, 2)), 18, 18, 3));
  const up = b.node("ConvTranspose", [bottom, b.weight([18, 9, 2, 2], 0.3)], { kernel_shape: [2, 2], strides: [2, 2] });
  const joined = leaky(b.conv(b.node("Concat", [top, up], { axis: 1 }), 18, 9, 3));
  return b.file([b.node("Sigmoid", [b.conv(joined, 9, 2, 1)]), [1, 2, 24, 20]]);
}

/** Operators that few networks use, some of them in forms of an old operator set. */
function rare(): Uint8Array {
  const b = new Builder("rare", 16, [1, 4, 12, 10], 9);
  const local = b.node("LRN", ["x"], { size: 3, alpha: 0.25, beta: 0.75, bias: 1.5 });
  const normal = b.node("InstanceNormalization", [local, b.weight([4], 1), b.weight([4], 1)], { epsilon: 0.001 });
  const large = b.node("Upsample", [normal, b.floats(1, 1, 2, 1.5)], { mode: "linear" });
  const padded = b.node("Pad", [large], { mode: "reflect", pads: [0, 0, 1, 2, 0, 0, 2, 1] });
  const gates = b.node("Mul", [b.node("HardSigmoid", [padded]), b.node("Tanh", [b.node("Elu", [padded])])]);
  const blocks = b.node("SpaceToDepth", [b.node("Slice", [gates], { axes: [2, 3], starts: [0, 0], ends: [26, 18] })], {
    blocksize: 2,
  });
  const means = b.node("ReduceMean", [blocks], { axes: [1], keepdims: 0 });
  const norms = b.node("ReduceL2", [blocks], { axes: [2, 3], keepdims: 0 });
  const places = b.node("ArgMax", [blocks], { axis: 1, keepdims: 0 });
  const roots = b.node("Sqrt", [b.node("Abs", [b.node("Erf", [means])])]);
  return b.file([roots, [1, 13, 9]], [norms, [1, 16]], [places, [1, 13, 9], 7]);
}

/** Quantised to bytes and back. */
function quantised(): Uint8Array {
  const b = new Builder("quantised", 17, [1, 3, 11, 9]);
  const through = (x: string) => {
    const parameters = [b.scalar(0.0375), b.byte(131)];
    return b.node("DequantizeLinear", [b.node("QuantizeLinear", [x, ...parameters]), ...parameters]);
  };
  const x = through(b.node("Relu", [b.conv(through("x"), 3, 8, 3)]));
  return b.file([through(b.node("GlobalAveragePool", [x])), [1, 8, 1, 1]]);
}

/** A network that asks for what no engine has, twice. */
function unsupported(): Uint8Array {
  const b = new Builder("unsupported", 15, [1, 4]);
  return b.file([b.node("Frobnicate", [b.node("Whisk", ["x"])]), [1, 4]]);
}

/** The files, by name. */
export function seededNetworks(): Record<string, Uint8Array> {
  return {
    squeezeNet: squeezeNet(),
    mobileNet: mobileNet(),
    resNet: resNet(),
    uNet: uNet(),
    rare: rare(),
    quantised: quantised(),
    unsupported: unsupported(),
  };
}
