"use client";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import { useEffect, useState } from "react";

async function read() {
  const model = await loadModel(new URL("/digits.onnx", location.href));
  const bitmap = await createImageBitmap(await (await fetch("/3.png")).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const { scores } = await model.run({ image: fromPixels(picture, { size: 28, grayscale: true, invert: "auto" }) });
  return `digit ${topK(scores.data, 1)[0].class}`;
}

export default function Page() {
  const [text, setText] = useState("");
  useEffect(() => void read().then(setText, (error) => setText(String(error))), []);
  return <output>{text}</output>;
}
