import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import jpeg from "jpeg-js";
import { afterAll, expect, it } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import type { Model } from "../src/graph/model.ts";
import { toFloat32 } from "../src/half.ts";
import { type FromPixelsOptions, fromPixels, type Picture, topK } from "../src/image/index.ts";
import { loadModel } from "../src/onnx/load.ts";
import { findCases, runCase } from "./conformance.ts";
import { compileBuild } from "./support/builds.ts";
import { describeShared, readBytes, readTestSets } from "./support/fixtures.ts";

const wasm = compileBuild("release");
const TORCHVISION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** A model of ../shared/models, loaded when first asked for. */
function lazyModel(folder: string): () => Promise<Model> {
  let loaded: Promise<Model> | undefined;
  afterAll(async () => (await loaded)?.dispose());
  return () => {
    loaded ??= loadModel(readBytes(join(folder, "model.onnx")), { wasm });
    return loaded;
  };
}

/** The first output for a tensor as first input. */
async function firstOutput(model: Model, input: HostTensor): Promise<HostTensor> {
  const outputs = await model.run({ [model.inputs[0].name]: input });
  return outputs[model.outputs[0].name];
}

/** Runs the test sets beside a model, and gives the largest difference of any output element, and the outputs. */
async function runTestSets(
  folder: string,
  model: Model,
): Promise<{ got: HostTensor; want: HostTensor; error: number }[]> {
  const results = [];
  for (const { inputs, outputs } of readTestSets(folder)) {
    const got = await firstOutput(model, inputs[0]);
    const want = outputs[0];
    expect(got.shape).toEqual(want.shape);
    const [a, b] = [toFloat32(got), toFloat32(want)];
    results.push({ got, want, error: a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0) });
  }
  return results;
}

/** All photos are JPEG files, kitten.png too. */
const picture = (path: string): Picture => jpeg.decode(readBytes(path), { useTArray: true });

const classes = ({ data }: HostTensor, k: number) => topK(data as Float32Array, k).map((each) => each.class);

describeShared("SqueezeNet 1.1", "models/squeezenet1.1", (folder) => {
  const model = lazyModel(folder);

  it("gives the outputs of its three test sets within 2e-4", async () => {
    const results = await runTestSets(folder, await model());
    expect(results).toHaveLength(3);
    for (const { got, want, error } of results) {
      expect(error).toBeLessThanOrEqual(2e-4);
      expect([classes(got, 1), classes(want, 1)]).toEqual([[490], [490]]);
    }
  });

  const photos: [file: string, wanted: number, among: number][] = [
    ["goldfish.jpg", 1, 1],
    ["hummingbird.jpg", 94, 1],
    ["elephants.jpg", 386, 1],
    ["beagles.jpg", 162, 1],
    ["dog.jpg", 248, 1],
    ["kitten.png", 281, 2],
    ["grace_hopper.jpg", 457, 2],
  ];
  it.each(photos)("sees in %s class %i among its first %i", async (file, wanted, among) => {
    const input = fromPixels(picture(join(folder, "../../images", file)), { resize: 256, crop: 224, ...TORCHVISION });
    expect(classes(await firstOutput(await model(), input), among)).toContain(wanted);
  });
});

/** The 10,000 test images as bytes, and their digits. */
function mnist(folder: string): { images: Uint8Array; labels: Uint8Array } {
  const read = (name: string) => gunzipSync(readFileSync(join(folder, `t10k-${name}-ubyte.gz`)));
  return { images: read("images-idx3").subarray(16), labels: read("labels-idx1").subarray(8) };
}

describeShared("MNIST models", "models/mnist-8", (folder) => {
  const models = { "mnist-8": lazyModel(folder), "mnist-pytorch": lazyModel(join(folder, "../mnist-pytorch")) };

  it("mnist-8 gives the outputs of its three test sets", async () => {
    const results = await runTestSets(folder, await models["mnist-8"]());
    expect(results).toHaveLength(3);
    for (const { got, want } of results) {
      const [a, b] = [toFloat32(got), toFloat32(want)];
      const relative = a.map((value, i) => Math.abs(value - b[i]) / Math.abs(b[i]));
      expect(Math.max(...relative)).toBeLessThanOrEqual(1e-5);
    }
  });

  const counts = [
    ["mnist-8", 9891, (pixel: number) => pixel],
    ["mnist-pytorch", 9907, (pixel: number) => (pixel / 255 - 0.1307) / 0.3081],
  ] as const;
  it.each(counts)("%s reads %i of the 10,000 test images", async (name, wanted, value) => {
    const { images, labels } = mnist(join(folder, "../../datasets/mnist"));
    expect(labels).toHaveLength(10_000);
    const model = await models[name]();
    const [input, output] = [model.inputs[0].name, model.outputs[0].name];
    const data = new Float32Array(784);
    let right = 0;
    for (let i = 0; i < labels.length; i++) {
      for (let j = 0; j < 784; j++) data[j] = value(images[i * 784 + j]);
      const scores = model.runSync({ [input]: { data, shape: [1, 1, 28, 28] } })[output].data as Float32Array;
      if (scores.indexOf(Math.max(...scores)) === labels[i]) right++;
    }
    expect(right).toBe(wanted);
  });
});

describeShared("super-resolution", "models/super-resolution", (folder) => {
  it("gives the output of its test set within 1e-6", async () => {
    const results = await runTestSets(folder, await loadModel(readBytes(join(folder, "model.onnx"))));
    expect(results).toHaveLength(1);
    expect(results[0].error).toBeLessThanOrEqual(1e-6);
  });
});

describeShared("UltraFace", "models/ultraface", (folder) => {
  const model = lazyModel(folder);
  const options: FromPixelsOptions = { size: [240, 320], range: [0, 255], mean: 127, std: 128 };
  const photos: [file: string, score: number][] = [
    ["faces.jpg", 0.999],
    ["grace_hopper.jpg", 1],
  ];
  it.each(photos)("finds in %s a face with score %f", async (file, score) => {
    const input = fromPixels(picture(join(folder, "../../images", file)), options);
    const { scores, boxes } = await (await model()).run({ input });
    expect([scores.shape, boxes.shape]).toEqual([
      [1, 4420, 2],
      [1, 4420, 4],
    ]);
    const faces = (scores.data as Float32Array).filter((_, i) => i % 2 === 1);
    const best = faces.indexOf(Math.max(...faces));
    expect(Math.abs(faces[best] - score)).toBeLessThanOrEqual(5e-4);
    const [left, top, right, bottom] = boxes.data.slice(best * 4, best * 4 + 4) as Float32Array;
    expect(right - left).toBeGreaterThan(0.02);
    expect(bottom - top).toBeGreaterThan(0.02);
    expect(Math.min(left, top, 1 - right, 1 - bottom)).toBeGreaterThan(-0.05);
  });
});

describeShared("YOLOX nano", "models/yolox-nano", (folder) => {
  const model = lazyModel(folder);
  // The last one depends on the filter that makes the picture smaller.
  const photos: [file: string, kind: number, score: number, within: number][] = [
    ["beagles.jpg", 16, 0.938, 1e-3],
    ["elephants.jpg", 20, 0.962, 1e-3],
    ["kitten.png", 15, 0.79, 5e-3],
    ["dog.jpg", 16, 0.63, 2e-2],
  ];
  it.each(photos)("finds in %s class %i with score %f, within %f", async (file, kind, score, within) => {
    const image = picture(join(folder, "../../images", file));
    const letterbox = { size: 416, color: 114, align: "start" } as const;
    const output = await firstOutput(await model(), fromPixels(image, { letterbox, range: [0, 255], bgr: true }));
    expect(output.shape).toEqual([1, 3549, 85]);
    const rows = output.data as Float32Array;
    let best = { kind: -1, score: 0 };
    for (let row = 0; row < rows.length; row += 85) {
      for (let i = 0; i < 80; i++) {
        const product = rows[row + 4] * rows[row + 5 + i];
        if (product > best.score) best = { kind: i, score: product };
      }
    }
    expect(best.kind).toBe(kind);
    expect(Math.abs(best.score - score)).toBeLessThanOrEqual(within);
  });
});

describeShared("quantised MobileNetV2", "models/mobilenetv2-int8-qdq", (folder) => {
  const model = lazyModel(folder);
  it("gives the best five of its test set, within two steps of its output", async () => {
    const results = await runTestSets(folder, await model());
    expect(results).toHaveLength(1);
    const [{ got, want, error }] = results;
    expect(classes(got, 5)).toEqual(classes(want, 5));
    expect(error).toBeLessThanOrEqual(0.31);
  });
});

describeShared("whole networks with made-up weights", "conformance/onnx-light", (folder) => {
  const cases = findCases(folder);
  it("are four", () => expect(cases).toHaveLength(4));
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_, each) => {
    expect(runCase(each, wasm)).toEqual({ result: "passed", reason: "" });
  });
});
