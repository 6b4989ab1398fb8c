// Trains the digit reader on MNIST and writes it as ONNX; see README.md here.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { randomStream, shuffle } from "../src/nn/random.ts";
import { ATTRIBUTE_TYPE, type ModelProto, type NodeProto, type ValueInfoProto } from "../src/onnx/proto.ts";
import { codeOf, encodeTensor } from "../src/onnx/tensor.ts";
import { writeModel } from "../src/onnx/write.ts";
import { createAugmenter } from "./augment.ts";
import { type DigitSet, readDigits } from "./idx.ts";
import { CLASSES, createLenet, initialise, PARAMETER_COUNT, PARAMETERS, viewsOf } from "./lenet.ts";

const BATCH = 50;
const PEAK_RATE = 2e-3; // Adam's step size after the warm-up
const SMOOTHING = 0.02;

const { values: options } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string", default: join(dirname(fileURLToPath(import.meta.url)), "digits.onnx") },
    epochs: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    limit: { type: "string", default: "Infinity" },
  },
});
if (!options.data)
  throw new Error("train-digits: expected --data DIR, the folder of MNIST's four .gz files, got nothing");
const epochs = Number(options.epochs);

const train = readDigits(options.data, "train");
const test = readDigits(options.data, "t10k");
const trainCount = Math.min(train.count, Number(options.limit));

const random = randomStream(Number(options.seed));
const augment = createAugmenter(random);
const parameters = new Float64Array(PARAMETER_COUNT);
const gradients = new Float64Array(PARAMETER_COUNT);
const first = new Float64Array(PARAMETER_COUNT); // running means of Adam: of the gradients,
const second = new Float64Array(PARAMETER_COUNT); // and of their squares
const network = createLenet(parameters, gradients);
initialise(parameters, random);

/** Step size at `progress` in [0, 1]: a short warm-up, then half a cosine down to 0. */
function rateAt(progress: number): number {
  return PEAK_RATE * Math.min(1, progress * 50) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** One step of Adam with the mean gradient of a batch; `step` counts from 1. */
function update(step: number, rate: number): void {
  const correct1 = 1 - 0.9 ** step;
  const correct2 = 1 - 0.999 ** step;
  for (let i = 0; i < PARAMETER_COUNT; i++) {
    const g = gradients[i]! / BATCH;
    first[i] = 0.9 * first[i]! + 0.1 * g;
    second[i] = 0.999 * second[i]! + 0.001 * g * g;
    parameters[i] = parameters[i]! - (rate * first[i]!) / correct1 / (Math.sqrt(second[i]! / correct2) + 1e-8);
  }
  gradients.fill(0);
}

/** Share of a set that the network reads right. */
function accuracy(set: DigitSet): number {
  const image = new Float64Array(784);
  let right = 0;
  for (let n = 0; n < set.count; n++) {
    for (let i = 0; i < 784; i++) image[i] = set.pixels[784 * n + i]! / 255;
    const scores = network.forward(image);
    if (scores.indexOf(Math.max(...scores)) === set.labels[n]) right++;
  }
  return right / set.count;
}

function nodeOf(
  name: string,
  opType: string,
  input: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
): NodeProto {
  const attribute = Object.entries(attributes).map(([key, value]) =>
    typeof value === "number"
      ? { name: key, type: ATTRIBUTE_TYPE.int, i: value }
      : { name: key, type: ATTRIBUTE_TYPE.ints, ints: value },
  );
  return { name, opType, domain: "", input, output: [output], attribute };
}

/** A float32 value whose first dimension is left open. */
function batchOf(name: string, ...shape: number[]): ValueInfoProto {
  const dim = [{ dimParam: "batch" }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: codeOf("float32"), shape: { dim } } } };
}

/** The trained network as an ONNX model. */
function toModel(): ModelProto {
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  const weighted = (layer: string, input: string) => [input, `${layer}.weight`, `${layer}.bias`];
  const views = viewsOf(parameters);
  const graph: ModelProto["graph"] = {
    name: "digits",
    node: [
      nodeOf("conv1", "Conv", weighted("conv1", "image"), "conv1_out", { kernel_shape: [5, 5], pads: [2, 2, 2, 2] }),
      nodeOf("relu1", "Relu", ["conv1_out"], "relu1_out"),
      nodeOf("pool1", "MaxPool", ["relu1_out"], "pool1_out", pool),
      nodeOf("conv2", "Conv", weighted("conv2", "pool1_out"), "conv2_out", { kernel_shape: [5, 5] }),
      nodeOf("relu2", "Relu", ["conv2_out"], "relu2_out"),
      nodeOf("pool2", "MaxPool", ["relu2_out"], "pool2_out", pool),
      nodeOf("flatten", "Flatten", ["pool2_out"], "flatten_out", { axis: 1 }),
      nodeOf("dense1", "Gemm", weighted("dense1", "flatten_out"), "dense1_out", { transB: 1 }),
      nodeOf("relu3", "Relu", ["dense1_out"], "relu3_out"),
      nodeOf("dense2", "Gemm", weighted("dense2", "relu3_out"), "dense2_out", { transB: 1 }),
      nodeOf("softmax", "Softmax", ["dense2_out"], "scores", { axis: 1 }),
    ],
    initializer: PARAMETERS.map(({ name, shape }, i) =>
      encodeTensor({ type: "float32", shape, data: Float32Array.from(views[i]!) }, name),
    ),
    input: [batchOf("image", 1, 28, 28)],
    output: [batchOf("scores", CLASSES)],
    valueInfo: [],
  };
  return {
    irVersion: 7,
    producerName: "lanewise",
    docString:
      "Reads a handwritten digit: white ink (1) on black (0), 28x28, to the probabilities of 0..9. Trained on MNIST.",
    graph,
    opsetImport: [{ domain: "", version: 13 }],
    functions: [],
  };
}

const order = Uint32Array.from({ length: trainCount }, (_, i) => i);
const stepsPerEpoch = Math.floor(trainCount / BATCH);
const started = performance.now();
for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
  shuffle(order, random);
  let loss = 0;
  for (let batch = 0; batch < stepsPerEpoch; batch++) {
    for (let k = 0; k < BATCH; k++) {
      const n = order[batch * BATCH + k]!;
      network.forward(augment(train.pixels.subarray(784 * n, 784 * (n + 1))));
      loss += network.backward(train.labels[n]!, SMOOTHING);
    }
    update(++step, rateAt(step / (epochs * stepsPerEpoch)));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const right = (100 * accuracy(test)).toFixed(2);
  const mean = (loss / (stepsPerEpoch * BATCH)).toFixed(4);
  console.log(`epoch ${epoch + 1} of ${epochs}: training loss ${mean}, ${right} % of the test set right, ${seconds} s`);
}

const file = writeModel(toModel());
writeFileSync(options.out, file);
console.log(`${options.out}: ${PARAMETER_COUNT} parameters, ${file.length} bytes`);
