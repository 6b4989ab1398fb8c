import { parentPort, workerData } from "node:worker_threads";
import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

const model = await loadModel(workerData.model, { wasm: workerData.wasm });

parentPort.on("message", async (picture) => {
  try {
    const image = fromPixels(decode(picture), { size: 28, grayscale: true, invert: "auto" });
    const { scores } = await model.run({ image });
    parentPort.postMessage({ classes: topK(scores.data, 3) });
  } catch (error) {
    parentPort.postMessage({ error: error.message });
  }
});
