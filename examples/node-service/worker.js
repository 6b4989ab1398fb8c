import { workerData } from "node:worker_threads";
import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

const model = await loadModel(workerData.model, { wasm: workerData.wasm });

/** The likeliest digits in a PNG. */
export default async function classify(png) {
  const image = fromPixels(decode(png), { size: 28, grayscale: true, invert: "auto" });
  const { scores } = await model.run({ image });
  return topK(scores.data, 3);
}
