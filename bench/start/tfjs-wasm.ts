import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { answer, picture } from "./answer.ts";

console.log = console.info = console.warn = console.error;

const tensors = JSON.parse(readFileSync(process.argv[2], "utf8")) as { shape: number[]; base64: string }[];
await tf.setBackend("wasm");
await tf.ready();
const [filter1, bias1, filter2, bias2, dense1, dense1Bias, dense2, dense2Bias] = tensors.map(({ shape, base64 }) => {
  const { buffer, byteOffset, length } = Buffer.from(base64, "base64");
  return tf.tensor(new Float32Array(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer), shape);
});

const convPool = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor, P: number) => {
  const pad: tf.Pads = [
    [0, 0],
    [P, P],
    [P, P],
    [0, 0],
  ];
  const y = tf.fused.conv2d({ x, filter, bias, strides: [1, 1], dilations: [1, 1], pad, activation: "relu" });
  return tf.maxPool(y, [2, 2], [2, 2], "valid");
};
let x = convPool(tf.tensor(picture(), [1, 28, 28, 1]), filter1, bias1, 2);
x = tf.reshape(convPool(x, filter2, bias2, 0), [1, 600]);
x = tf.fused.matMul({ a: x, b: dense1, bias: dense1Bias, activation: "relu" });
answer(tf.softmax(tf.fused.matMul({ a: x, b: dense2, bias: dense2Bias })).dataSync());
