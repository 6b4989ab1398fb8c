import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

const model = await loadModel(new URL("digits.onnx", document.baseURI));
const bitmap = await createImageBitmap(await (await fetch("3.png")).blob());
const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
context.drawImage(bitmap, 0, 0);
const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
const { scores } = await model.run({ image: fromPixels(picture, { size: 28, grayscale: true, invert: "auto" }) });
document.querySelector("output").textContent = `digit ${topK(scores.data, 1)[0].class}`;
