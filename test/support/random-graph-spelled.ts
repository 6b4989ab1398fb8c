/** Steps of random networks that exporters spell out in several nodes. */
import { floats, integers } from "./onnx-model.ts";
import type { Random } from "./random.ts";
import type { Builder, Image } from "./random-graph.ts";

const scalar = (v: number) => floats([], v);

export function shuffle(b: Builder, x: Image): void {
  const [N, C, H, W] = x.shape;
  if (C % 2) return;
  const wide = b.emit("Reshape", [x.name, b.constant(integers(N, 2, C / 2, H, W))]);
  const turned = b.emit("Transpose", [wide], { perm: [0, 2, 1, 3, 4] });
  b.image("Reshape", [turned, b.constant(integers(N, C, H, W))], x.shape);
}

export function hardSwish(b: Builder, x: Image, r: Random): void {
  const raised = b.emit("Add", [x.name, b.constant(scalar(3))]);
  const gate = b.emit("Clip", [raised, b.constant(scalar(0)), b.constant(scalar(6))]);
  const six = b.constant(scalar(6));
  if (r.uniform() < 0.5) b.image("Div", [b.emit("Mul", [x.name, gate]), six], x.shape);
  else b.image("Mul", [b.emit("Div", [gate, six]), x.name], x.shape);
}

export function gelu(b: Builder, x: Image, r: Random): void {
  const half = b.constant(scalar(0.5));
  const gate = (f: string) => b.emit("Add", [f, b.constant(scalar(1))]);
  if (r.uniform() < 0.5) {
    const erf = b.emit("Erf", [b.emit("Div", [x.name, b.constant(scalar(Math.SQRT2))])]);
    b.image("Mul", [b.emit("Mul", [x.name, gate(erf)]), half], x.shape);
  } else {
    const cube = b.emit("Mul", [b.emit("Pow", [x.name, b.constant(scalar(3))]), b.constant(scalar(0.044715))]);
    const inner = b.emit("Mul", [b.constant(scalar(Math.sqrt(2 / Math.PI))), b.emit("Add", [x.name, cube])]);
    b.image("Mul", [b.emit("Mul", [half, x.name]), gate(b.emit("Tanh", [inner]))], x.shape);
  }
}

/** Squeeze and excitation. */
export function gate(b: Builder, x: Image, r: Random): void {
  const [N, C] = x.shape;
  const pooled = b.emit("GlobalAveragePool", [x.name]);
  const filter = b.weights(r, [C, C, 1, 1], 1.7 / Math.sqrt(C));
  const weights = b.emit("Sigmoid", [b.emit("Conv", [pooled, filter])]);
  b.images.push({ name: weights, shape: [N, C, 1, 1] });
  b.image("Mul", [x.name, weights], x.shape);
}

export function thereAndBack(b: Builder, x: Image, r: Random): void {
  const there = b.emit("Transpose", [x.name], { perm: [0, 2, 3, 1] });
  const done = r.uniform() < 0.5 ? b.emit("Relu", [there]) : b.emit("Add", [there, b.weights(r, [x.shape[1]], 0.5)]);
  b.image("Transpose", [done], x.shape, { perm: [0, 3, 1, 2] });
}

/** Flatten, one or two fully connected layers, softmax. */
export function addHead(b: Builder, head: number, r: Random): void {
  const x = b.images[b.images.length - 1];
  const [N, C, H, W] = x.shape;
  const K = C * H * W;
  const flat =
    head === 2 ? b.emit("Reshape", [x.name, b.constant(integers(N, K))]) : b.emit("Flatten", [x.name], { axis: 1 });
  const transB = r.integer(0, 1);
  const weights = b.weights(r, transB ? [7, K] : [K, 7], 1.7 / Math.sqrt(K));
  if (head === 3) {
    const sum = b.emit("Add", [
      b.emit("MatMul", [flat, b.weights(r, [K, 7], 1.7 / Math.sqrt(K))]),
      b.weights(r, [7], 0.5),
    ]);
    b.emit("Relu", [sum]);
  } else {
    const y = b.emit("Gemm", [flat, weights, b.weights(r, [7], 0.5)], { transB });
    b.emit("Softmax", [y], { axis: 1 });
  }
}
