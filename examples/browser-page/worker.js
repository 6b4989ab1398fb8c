import { loadModel } from "lanewise";
import digits from "lanewise/digits.onnx?url";
import { fromPixels, topK } from "lanewise/image";

const loading = loadModel(new URL(digits, location.href));

addEventListener("message", async ({ data: picture }) => {
  try {
    const model = await loading;
    const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
    const { scores } = await model.run({ image });
    postMessage({ classes: topK(scores.data, 3) });
  } catch (error) {
    postMessage({ error: error.message });
  }
});
