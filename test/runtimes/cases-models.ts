import { models, pictures } from "suite:inputs";
import { type HostTensor, type LoadOptions, loadModel, type Model } from "lanewise";
import { type FromPixelsOptions, fromPixels, nms, softmax, topK } from "lanewise/image";
import { Random } from "../support/random.ts";
import { check, equal } from "./check.ts";
import type { Numbers } from "./hash.ts";
import type { Cases } from "./suite.ts";

/** Runs a model on seeded data of each shape; gives all outputs. */
function network(name: string, shapes: number[][], options: LoadOptions = {}): () => Promise<Numbers[]> {
  return async () => {
    const model = await loadModel(models[name], options);
    try {
      const random = new Random(shapes.length);
      const results: Numbers[] = [];
      for (const shape of shapes) {
        const feeds = { x: random.tensor(shape) };
        const first = Object.values(await model.run(feeds));
        const second = Object.values(model.runSync(feeds));
        for (const [i, tensor] of first.entries()) same(tensor, second[i]);
        results.push(...(first as Numbers[]));
      }
      return results;
    } finally {
      model.dispose();
    }
  };
}

function same(a: HostTensor, b: HostTensor): void {
  equal(String(a.data), String(b.data), "a second run");
}

async function withDigits<T>(body: (model: Model) => Promise<T>): Promise<T> {
  const model = await loadModel(models.digits);
  try {
    return await body(model);
  } finally {
    model.dispose();
  }
}

const DIGIT: FromPixelsOptions = { size: [28, 28], grayscale: true, invert: "auto" };

/** A colourful picture with soft and hard edges. */
function picture(width: number, height: number) {
  const random = new Random(width);
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => {
    const edge = Math.floor(i / (4 * width)) > height / 2 ? 90 : 0;
    return i % 4 === 3 ? 255 : ((i * (1 + (i % 4))) % 160) + edge + random.integer(0, 5);
  });
  return { width, height, data };
}

export const modelCases: Cases = {
  "a network like SqueezeNet": network("squeezeNet", [[1, 3, 47, 47]]),
  "a network like MobileNet, in three shapes": network("mobileNet", [
    [1, 3, 33, 29],
    [2, 3, 40, 24],
    [1, 3, 33, 29],
  ]),
  "a network like ResNet": network("resNet", [[1, 3, 56, 40]]),
  "a network like U-Net": network("uNet", [[1, 1, 24, 20]]),
  "rare operators, old forms": network("rare", [[1, 4, 12, 10]]),
  "a quantised network": network("quantised", [[1, 3, 11, 9]]),
  "a network of stored 8-bit numbers": network("stored", [[1, 8, 10, 9]]),
  "a network of 16-bit floats": network("halves", [[1, 3, 12, 10]]),
  "a network in stages": network("detector", [[1, 3, 16, 12]]),
  "convolutions of volumes, of sequences, of integers": network("convolutions", [[1, 4, 9, 8]]),
  "a network without Winograd's method": network("resNet", [[1, 3, 56, 40]], { numerics: "direct" }),
  "the digits": () =>
    withDigits(async (model) => {
      const outputs: Numbers[] = [];
      for (const [digit, each] of pictures.entries()) {
        const { scores } = await model.run({ image: fromPixels(each, DIGIT) });
        const [best] = topK(scores.data, 1);
        equal(best.class, digit, "the best class");
        check(best.score > 0.9, `the best score of digit ${digit} expected > 0.9, got ${best.score}`);
        outputs.push(scores as Numbers);
      }
      return outputs;
    }),
  "pixels to tensors": async () => {
    const rgba = picture(57, 41);
    return [
      fromPixels(rgba, { size: [24, 24], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
      fromPixels(rgba, { size: [70, 61], filter: "bicubic", layout: "nhwc", bgr: true }),
      fromPixels(rgba, { size: [19, 23], filter: "nearest", grayscale: true }),
    ];
  },
  "scores and boxes": async () => {
    const random = new Random(9);
    const scores = random.values(40, 4);
    const boxes = Float32Array.from({ length: 160 }, (_, i) => (i % 4 < 2 ? 0 : 0.5) + random.uniform() / 2);
    const ranked = topK(scores, 5).flatMap((each) => [each.class, each.score]);
    return [Float32Array.from(softmax(scores)), Float64Array.from(ranked), Float64Array.from(nms(boxes, scores))].map(
      (data) => ({ data, shape: [data.length] }),
    );
  },
};
