"use client";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import { conv2d, flatten, network } from "lanewise/nn";
import { useEffect, useState } from "react";

async function read() {
  const model = await loadModel(new URL("/digits.onnx", location.href));
  const bitmap = await createImageBitmap(await (await fetch("/3.png")).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
  const { scores } = await model.run({ image });
  const net = network({ input: [1, 28, 28] }, [conv2d(2, 5, { padding: 2 }), flatten()]);
  const wasm = new URL("/lanewise.wasm", location.href);
  const built = await loadModel(net.toOnnx(), { wasm });
  const size = Object.values(built.runSync({ [built.inputs[0].name]: image }))[0].data.length;
  return `digit ${topK(scores.data, 1)[0].class}, ${size} outputs`;
}

export default function Page() {
  const [text, setText] = useState("");
  useEffect(() => void read().then(setText, (error) => setText(String(error))), []);
  return <output>{text}</output>;
}
