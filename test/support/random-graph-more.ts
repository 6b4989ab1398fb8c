/** Further steps of random networks: rarer forms, where layouts meet, and exact arithmetic on stored integers. */

import { floats, graph, integers, node, type Value } from "./onnx-model.ts";
import type { Random } from "./random.ts";
import type { Builder, Image, Maker } from "./random-graph.ts";

type Shape = Image["shape"];

/** Convolutions and pools that say "same", and filters that make several channels of each. */
function same(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  const [K, S] = r.pick([
    [3, 1],
    [3, 2],
    [2, 1],
    [5, 2],
  ]);
  const attributes = { strides: [S, S], auto_pad: r.pick(["SAME_UPPER", "SAME_LOWER"]) };
  const [OH, OW] = [Math.ceil(H / S), Math.ceil(W / S)];
  const kind = r.integer(0, 3);
  if (kind === 0) {
    const op = r.pick(["MaxPool", "AveragePool"]);
    b.image(op, [x.name], [N, C, OH, OW], { ...attributes, kernel_shape: [K, K] });
  } else if (kind === 1 && C <= 16) {
    const filter = b.weights(r, [2 * C, 1, K, K], 1.7 / K);
    b.image("Conv", [x.name, filter], [N, 2 * C, OH, OW], { ...attributes, group: C });
  } else {
    const OC = r.pick([3, 8, 12]);
    const filter = b.weights(r, [OC, C, K, K], 1.7 / Math.sqrt(C * K * K));
    b.image("Conv", [x.name, filter, b.weights(r, [OC], 0.5)], [N, OC, OH, OW], attributes);
  }
}

function transposed(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (H * W > 100) return;
  const [K, S, more] = [r.integer(2, 4), r.integer(2, 3), r.integer(0, 1)];
  const extent = (I: number) => (I - 1) * S + K + more;
  const OC = r.pick([2, 4, 6]);
  const filter = b.weights(r, [C, OC, K, K], 1.7 / Math.sqrt(C * K));
  const attributes = { strides: [S, S], output_padding: [more, more] };
  b.image("ConvTranspose", [x.name, filter], [N, OC, extent(H), extent(W)], attributes);
}

function resize(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (H * W > 120 || H < 3 || W < 3) return;
  const mode = r.pick(["nearest", "linear", "cubic"]);
  const [h, w] = r.pick([
    [2, 2],
    [0.5, 0.5],
    [1, 2],
    [2, 1],
    [1.5, 2],
    [3, 0.5],
  ]);
  const shape: Shape = [N, C, Math.floor(H * h), Math.floor(W * w)];
  // Corners of images that would end within a pixel lie elsewhere in onnxruntime than in ONNX's definition.
  const whole = (H * h) % 1 === 0 && (W * w) % 1 === 0;
  const attributes: Record<string, Value> = {
    mode,
    coordinate_transformation_mode: r.pick(["half_pixel", "asymmetric", whole ? "align_corners" : "half_pixel"]),
    nearest_mode: r.pick(["floor", "ceil", "round_prefer_floor"]),
  };
  // Where places fall between two pixels, or nearly, rounding decides.
  if (mode === "nearest" && (h % 1 !== 0 || w % 1 !== 0 || r.uniform() < 0.5)) {
    Object.assign(attributes, { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" });
  } else if (mode === "nearest") attributes["coordinate_transformation_mode"] = "half_pixel";
  const bySize = r.uniform() < 0.4 && h % 1 === 0 && w % 1 === 0;
  const inputs = bySize ? ["", "", b.constant(integers(...shape))] : ["", b.constant(floats([4], 1, 1, h, w))];
  b.image("Resize", [x.name, ...inputs], shape, attributes);
}

function reduce(b: Builder, x: Image, r: Random): void {
  const axes = r.pick([[1], [2], [3], [2, 3], [-1], [1, 2, 3]]);
  const shape = x.shape.map((d, i) => (axes.some((axis) => (axis + 4) % 4 === i) ? 1 : d)) as unknown as Shape;
  const op = r.pick(["ReduceMax", "ReduceMin", "ReduceSum", "ReduceMean", "ReduceL2", "ReduceSumSquare"]);
  b.image(op, [x.name, b.constant(integers(...axes))], shape, { keepdims: 1 });
}

/** A constant, or another value, that is stretched. */
function broadcast(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  const fits = b.images.filter(({ shape }) => shape.every((d, i) => d === 1 || d === x.shape[i]));
  const shape = r.pick([[W], [H, 1], [C, 1, W], [1, 1, H, W], [N, 1, 1, 1], [C, H, W]]);
  const other = r.uniform() < 0.5 ? r.pick(fits).name : b.weights(r, shape, 0.5, 1.5);
  const operands = [x.name, other];
  b.image(r.pick(["Add", "Mul", "Sub", "Max", "Min"]), r.uniform() < 0.5 ? operands : operands.reverse(), x.shape);
}

function slice(b: Builder, x: Image, r: Random): void {
  const axis = r.pick([1, 2, 3]);
  const extent = x.shape[axis];
  const [start, end, step, left] = r.pick([
    [0, extent, 2, Math.ceil(extent / 2)],
    [1, extent, 2, Math.floor(extent / 2)],
    [-1, -extent - 1, -1, extent],
  ]);
  if (left < 1) return;
  const shape = x.shape.map((d, i) => (i === axis ? left : d)) as unknown as Shape;
  const inputs = [start, end, axis - (r.uniform() < 0.3 ? 4 : 0), step].map((v) => b.constant(integers(v)));
  b.image("Slice", [x.name, ...inputs], shape);
}

/** Equal pieces, the last smaller, and back together along the same axis in another order, or along another. */
function splitAndJoin(b: Builder, x: Image, r: Random): void {
  const axis = r.pick([1, 2, 3]);
  const count = r.pick([2, 3]);
  const size = Math.ceil(x.shape[axis] / count);
  const last = x.shape[axis] - size * (count - 1);
  if (last < 1) return;
  const outputs = Array.from({ length: count }, () => b.name("piece"));
  b.nodes.push(node("Split", x.name, outputs.join(" "), { axis, num_outputs: count }));
  const shapeOf = (d: number) => x.shape.map((each, i) => (i === axis ? d : each)) as unknown as Shape;
  outputs.forEach((name, i) => void b.images.push({ name, shape: shapeOf(i < count - 1 ? size : last) }));
  const act = b.emit(r.pick(["Relu", "Tanh", "Neg"]), [outputs[0]]);
  b.image("Concat", [...outputs.slice(1), act].reverse(), x.shape, { axis });
  if (last !== size || x.shape[3] * count > 40) return;
  const wide = r.pick([1, 2, 3]);
  const shape = shapeOf(size).map((d, i) => (i === wide ? d * count : d)) as unknown as Shape;
  b.image("Concat", outputs, shape, { axis: wide - 4 });
}

function pad(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (H < 3 || W < 3 || H * W > 150) return;
  const [top, left, bottom, right] = r.pick([
    [1, 1, 1, 1],
    [2, 0, 1, 2],
    [0, 1, 0, 0],
    [-1, 0, 1, -1],
  ]);
  const mode = Math.min(top, right) < 0 ? "constant" : r.pick(["reflect", "edge", "constant"]);
  const pads = b.constant(integers(0, 0, top, left, 0, 0, bottom, right));
  b.image("Pad", [x.name, pads], [N, C, H + top + bottom, W + left + right], { mode });
}

/** A branch that is known, or that follows from a value. */
function branch(b: Builder, x: Image, r: Random): void {
  const high = b.emit("ReduceMax", [b.inputs[0].name], { keepdims: 0 });
  const bound = b.constant(floats([], r.pick([-1000, 1000])));
  const known = b.constant({ type: "bool", shape: [], data: Uint8Array.of(r.integer(0, 1)) });
  const condition = r.uniform() < 0.5 ? known : b.emit("Greater", [high, bound]);
  const filter = b.weights(r, [x.shape[1], x.shape[1], 1, 1], 1.7 / Math.sqrt(x.shape[1]));
  const [yes, no, from] = [b.name("yes"), b.name("no"), b.emit("Neg", [x.name])];
  const thenNodes = [node("Conv", `${from} ${filter}`, `${yes}c`), node("Relu", `${yes}c`, yes)];
  b.image("If", [condition], x.shape, {
    then_branch: { ...graph({ nodes: thenNodes, outputs: yes }), name: yes },
    else_branch: { ...graph({ nodes: [node("Tanh", from, no)], outputs: no }), name: no },
  });
}

/** Sequences: the places of an image one after the other. */
function sequence(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  const L = H * W;
  const flat = b.emit("Reshape", [x.name, b.constant(integers(N, C, L))]);
  const filter = b.weights(r, [C, C, 3], 1.7 / Math.sqrt(3 * C));
  let y = b.emit("Conv", [flat, filter, b.weights(r, [C], 0.5)], { pads: [1, 1], kernel_shape: [3] });
  if (r.uniform() < 0.5) y = b.emit("Relu", [y]);
  b.image("Reshape", [y, b.constant(integers(N, C, H, W))], x.shape);
}

function gather(b: Builder, x: Image, r: Random): void {
  const axis = r.pick([1, 2, 3]);
  const count = r.integer(1, x.shape[axis]);
  const indices = Array.from({ length: count }, () => r.integer(-x.shape[axis], x.shape[axis] - 1));
  const shape = x.shape.map((d, i) => (i === axis ? count : d)) as unknown as Shape;
  b.image("Gather", [x.name, b.constant(integers(...indices))], shape, { axis });
}

function choose(b: Builder, x: Image, r: Random): void {
  const condition = b.emit("Greater", [x.name, b.constant(floats([], r.pick([-100, 100])))]);
  b.image("Where", [condition, x.name, b.emit("Neg", [x.name])], x.shape);
}

function normalise(b: Builder, x: Image, r: Random): void {
  const [, C, H, W] = x.shape;
  if (r.uniform() < 0.5) {
    b.image("LRN", [x.name], x.shape, { size: r.pick([3, 5]), alpha: { float: 0.1 }, bias: { float: 1 } });
  } else if (C * H * W >= 12) {
    const inputs = [x.name, b.weights(r, [C, H, W], 1), b.weights(r, [C, H, W], 0.5)];
    b.image("LayerNormalization", inputs, x.shape, { axis: 1, epsilon: { float: 0.1 } });
  }
}

/**
 * A convolution of what is stored in 8 bits, stored again. Scales are powers of 2, so that every sum is exact in float32 and rounds
 * alike in any order; windows are those that no fast method computes.
 */
function quantised(b: Builder, _: Image, r: Random): void {
  const x = r.pick(b.inputs);
  const [N, C, H, W] = x.shape;
  const type = r.pick(["uint8", "int8"] as const);
  const zero = () =>
    b.constant({ type, shape: [], data: (type === "int8" ? Int8Array : Uint8Array).of(r.integer(0, 99)) });
  const stored = (value: string, scale: number): string => {
    const [step, point] = [b.constant(floats([], scale)), zero()];
    return b.emit("DequantizeLinear", [b.emit("QuantizeLinear", [value, step, point]), step, point]);
  };
  const [KH, KW] = r.pick([
    [1, 1],
    [2, 3],
    [1, 5],
  ]);
  const OC = r.pick([4, 8, 9]);
  if (H < KH || W < KW) return;
  const numbers = Int8Array.from({ length: OC * C * KH * KW }, () => r.integer(-127, 127));
  const each = r.uniform() < 0.5;
  const scales = each ? floats([OC], ...Array.from({ length: OC }, () => 2 ** -r.integer(8, 11))) : floats([], 2 ** -9);
  const filter = b.constant({ type: "int8", shape: [OC, C, KH, KW], data: numbers });
  const weights = b.emit("DequantizeLinear", [filter, b.constant(scales)], each ? { axis: 0 } : {});
  const bias = b.constant(floats([OC], ...Array.from({ length: OC }, () => r.integer(-64, 64) / 128)));
  let y = b.emit("Conv", [stored(x.name, 2 ** -5), weights, bias]);
  if (r.uniform() < 0.5) y = b.emit("Relu", [y]);
  b.images.push({ name: stored(y, 2 ** -4), shape: [N, OC, H - KH + 1, W - KW + 1] });
}

export const FURTHER_MAKERS: readonly (readonly [string, Maker])[] = [
  ["same padding", same],
  ["same padding", same],
  ["transposed with more", transposed],
  ["resize in other ways", resize],
  ["reduce", reduce],
  ["broadcast", broadcast],
  ["broadcast", broadcast],
  ["slice by steps", slice],
  ["split and join", splitAndJoin],
  ["pad in other ways", pad],
  ["branch", branch],
  ["sequence", sequence],
  ["gather", gather],
  ["choose", choose],
  ["normalise", normalise],
  ["quantised", quantised],
];
