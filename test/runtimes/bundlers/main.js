import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import { conv2d, flatten, network } from "lanewise/nn";

const bitmap = await createImageBitmap(await (await fetch("3.png")).blob());
const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
context.drawImage(bitmap, 0, 0);
const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });

/** The class and the score, with the kernels that come with the package or with others. */
async function read(wasm) {
  const model = await loadModel(new URL("digits.onnx", document.baseURI), wasm ? { wasm } : {});
  const { scores } = await model.run({ image });
  model.dispose();
  return topK(scores.data, 1)[0];
}

const kernels = new URL("lanewise.wasm", document.baseURI);
const bytes = await (await fetch(kernels)).arrayBuffer();
const best = await read();
for (const wasm of [await WebAssembly.compile(bytes), bytes, await fetch(kernels), kernels]) {
  const { class: digit, score } = await read(wasm);
  if (digit !== best.class || score !== best.score) throw new Error(`expected ${best.score}, got ${score}`);
}

const net = network({ input: [1, 28, 28] }, [conv2d(2, 5, { padding: 2 }), flatten()]);
const model = await loadModel(net.toOnnx());
const size = Object.values(model.runSync({ [model.inputs[0].name]: image }))[0].data.length;
document.querySelector("output").textContent = `digit ${best.class}, ${size} outputs`;
