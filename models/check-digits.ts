// Runs digits.onnx in ONNX Runtime, an engine that shares no code with the training, over MNIST's test set and the drawn digits.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-web";
import { PNG } from "pngjs";
import { drawDigit } from "../examples/digits/draw.ts";
import { readDigits } from "./idx.ts";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { data: { type: "string" }, model: { type: "string", default: join(here, "digits.onnx") } },
});
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(options.model));

/** Probabilities [count, 10] of pictures [count, 1, 28, 28]. */
async function run(images: Float32Array): Promise<Float32Array> {
  const { scores } = await session.run({ image: new ort.Tensor("float32", images, [images.length / 784, 1, 28, 28]) });
  return scores!.data as Float32Array;
}

/** Share of MNIST's test pictures that are read right. */
async function testAccuracy(folder: string): Promise<number> {
  const { count, pixels, labels } = readDigits(folder, "t10k");
  const scores = await run(Float32Array.from(pixels, (value) => value / 255));
  let right = 0;
  for (let n = 0; n < count; n++) {
    const row = scores.subarray(10 * n, 10 * n + 10);
    if (row.indexOf(Math.max(...row)) === labels[n]) right++;
  }
  return right / count;
}

/** A square grey picture, black on white, as 784 values, white (1) on black (0): each is the mean of the area it covers. */
function shrink(grey: Uint8Array): Float32Array {
  const size = Math.sqrt(grey.length);
  const step = size / 28;
  const overlap = (i: number, o: number) => Math.max(0, Math.min(i + 1, (o + 1) * step) - Math.max(i, o * step));
  return Float32Array.from({ length: 784 }, (_, at) => {
    const [oy, ox] = [Math.floor(at / 28), at % 28];
    let sum = 0;
    for (let y = Math.floor(oy * step); y < Math.min(size, (oy + 1) * step); y++) {
      for (let x = Math.floor(ox * step); x < Math.min(size, (ox + 1) * step); x++) {
        sum += overlap(y, oy) * overlap(x, ox) * (1 - grey[y * size + x]! / 255);
      }
    }
    return sum / (step * step);
  });
}

/** What the network says of a picture, and the probability it gives to `digit`. */
async function read(grey: Uint8Array, digit: number): Promise<{ best: number; share: number }> {
  const scores = await run(shrink(grey));
  return { best: scores.indexOf(Math.max(...scores)), share: scores[digit]! };
}

if (options.data) console.log(`MNIST test set: ${(100 * (await testAccuracy(options.data))).toFixed(2)} % right`);

for (let digit = 0; digit < 10; digit++) {
  const { data, width } = PNG.sync.read(readFileSync(join(here, `../examples/digits/${digit}.png`)));
  const grey = Uint8Array.from({ length: width * width }, (_, i) => data[4 * i]!);
  const { best, share } = await read(grey, digit);
  console.log(`${digit}.png: ${best === digit ? "right" : `WRONG, taken for ${best}`}, ${share.toFixed(3)}`);
}

// The same digits with other pens, heights and places.
const variations = [8, 10, 12, 15, 18].flatMap((pen) =>
  [84, 100, 112].flatMap((height) =>
    [-8, 0, 8].flatMap((dy) => [-8, 0, 8].map((dx) => ({ pen, height, centre: [70 + dx, 70 + dy] as const }))),
  ),
);
for (let digit = 0; digit < 10; digit++) {
  let right = 0;
  let sum = 0;
  for (const variation of variations) {
    const { best, share } = await read(drawDigit(digit, variation), digit);
    if (best === digit) right++;
    sum += share;
  }
  const mean = (sum / variations.length).toFixed(3);
  console.log(`${digit} in ${variations.length} variations: ${right} right, mean probability ${mean}`);
}
