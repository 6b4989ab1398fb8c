// Trains LeNet-5 on ten drawn digits, writes it as an ONNX file, and reads the digits with that file.
import { readFile, writeFile } from "node:fs/promises";
import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import { adam, leNet5, train } from "lanewise/nn";

const SIZE = 28;
const labels = Uint8Array.from({ length: 10 }, (_, digit) => digit);
const images = await Promise.all(
  Array.from(labels, async (digit) => {
    const png = await readFile(new URL(`../digits/${digit}.png`, import.meta.url));
    return fromPixels(decode(png), { size: SIZE, grayscale: true, invert: "auto" });
  }),
);
const data = Float32Array.from(images.flatMap((image) => Array.from(image.data)));

/** Moves a picture by up to two pixels each way, so that ten pictures are many. */
function moveAbout(picture, random) {
  const [down, right] = [0, 0].map(() => Math.floor(random() * 5) - 2);
  const before = picture.slice();
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const inside = y - down >= 0 && y - down < SIZE && x - right >= 0 && x - right < SIZE;
      picture[y * SIZE + x] = inside ? before[(y - down) * SIZE + x - right] : 0;
    }
  }
}

const net = leNet5({ seed: 1 });
console.log(String(net.summary()));

await train(net, {
  data,
  labels,
  epochs: 60,
  batch: 10,
  optimiser: adam({ rate: 0.003 }),
  augment: moveAbout,
  onProgress: ({ epoch, loss }) => epoch % 10 === 0 && console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}`),
});

await writeFile("lenet5.onnx", net.toOnnx());
const model = await loadModel(await readFile("lenet5.onnx"));
const read = images.map((image) => topK(model.runSync({ input: image }).output.data, 1)[0].class);
console.log(`read as ${read.join(" ")}`);
