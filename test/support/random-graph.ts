/** Random small CNNs as ONNX models, made of recipes that fast-check draws and shrinks. */
import fc from "fast-check";
import type { HostTensor } from "../../src/dtype.ts";
import type { ModelProto, NodeProto } from "../../src/onnx/proto.ts";
import { floats, integers, model, node, type Value, value } from "./onnx-model.ts";
import { Random } from "./random.ts";
import { FURTHER_MAKERS } from "./random-graph-more.ts";
import { addHead, gate, gelu, hardSwish, shuffle, thereAndBack } from "./random-graph-spelled.ts";

/** One node or a few: what to add, to which of the values so far, and a seed for its numbers. */
export interface Recipe {
  readonly kind: number;
  readonly from: number;
  readonly seed: number;
}

export interface GraphRecipe {
  readonly input: number;
  readonly recipes: readonly Recipe[];
  readonly head: number;
  readonly outputs: number;
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  kind: fc.nat(999),
  from: fc.nat(999),
  seed: fc.nat(0xffff),
});

export const graphRecipe: fc.Arbitrary<GraphRecipe> = fc.record({
  input: fc.nat(0xffff),
  recipes: fc.array(recipe, { minLength: 1, maxLength: 14, size: "max" }),
  head: fc.nat(3),
  outputs: fc.nat(0xffff),
});

export interface RandomModel {
  readonly proto: ModelProto;
  readonly feeds: Readonly<Record<string, { data: Float32Array; shape: number[] }>>;
  /** Operators in order, for messages. */
  readonly summary: string;
}

export interface Image {
  readonly name: string;
  readonly shape: readonly [N: number, C: number, H: number, W: number];
}

/** Adds nodes behind an image, if they fit. */
export type Maker = (b: Builder, x: Image, r: Random) => void;

/** Builds a model from a recipe; steps that do not fit are left out. */
export function buildModel({ input, recipes, head, outputs }: GraphRecipe): RandomModel {
  const b = new Builder(new Random(input));
  for (const { kind, from, seed } of recipes) {
    // Mostly the newest value: chains are what passes work on.
    const x = from % 3 === 0 ? b.images[Math.floor(from / 3) % b.images.length] : b.images[b.images.length - 1];
    const [, make] = MAKERS[kind % MAKERS.length];
    make(b, x, new Random(seed));
  }
  if (head > 0) addHead(b, head, new Random(outputs));
  return b.finish(new Random(outputs + 1));
}

/** Operators whose results are no floats, and so no outputs here. */
const NOT_FLOATS = new Set(["Greater", "QuantizeLinear"]);

export class Builder {
  readonly nodes: NodeProto[] = [];
  readonly images: Image[] = [];
  readonly constants: Record<string, HostTensor> = {};
  readonly inputs: Image[] = [];
  /** Values other than images. */
  readonly others: string[] = [];
  #names = 0;

  constructor(r: Random) {
    const shape = [r.pick([1, 1, 2]), r.pick([1, 3, 4, 8, 13, 16]), r.integer(3, 14), r.integer(3, 14)] as const;
    this.addInput(shape);
    if (r.uniform() < 0.2) this.addInput(shape);
  }

  addInput(shape: Image["shape"]): void {
    const image = { name: `x${this.inputs.length}`, shape };
    this.inputs.push(image);
    this.images.push(image);
  }

  name(stem: string): string {
    return `${stem}${this.#names++}`;
  }

  constant(tensor: HostTensor): string {
    const name = this.name("c");
    this.constants[name] = tensor;
    return name;
  }

  weights(r: Random, shape: readonly number[], scale: number, shift = 0): string {
    const { data } = r.tensor(shape, scale);
    return this.constant({ type: "float32", shape, data: data.map((v) => v + shift) });
  }

  /** Adds a node and gives its output's name. */
  emit(op: string, inputs: readonly string[], attributes: Record<string, Value> = {}): string {
    const output = this.name(NOT_FLOATS.has(op) ? `hidden${op}` : op.toLowerCase());
    this.nodes.push(node(op, inputs.map((name) => name || "_").join(" "), output, attributes));
    return output;
  }

  image(op: string, inputs: readonly string[], shape: Image["shape"], attributes: Record<string, Value> = {}): Image {
    const image = { name: this.emit(op, inputs, attributes), shape };
    this.images.push(image);
    return image;
  }

  /** Values that nobody reads become outputs, and perhaps one more. */
  finish(r: Random): RandomModel {
    const read = new Set(this.nodes.flatMap(({ input }) => input));
    const made = this.nodes.flatMap(({ output }) => output);
    const outputs = made.filter((name) => !read.has(name) || (r.uniform() < 0.08 && !name.includes("hidden")));
    if (outputs.length === 0) outputs.push(this.emit("Identity", [this.inputs[0].name]));
    const used = this.inputs.filter(({ name }) => this.nodes.some(({ input }) => input.includes(name)));
    const feeds = used.map(({ name, shape }, i) => [name, new Random(i + 7).tensor(shape, 2)] as const);
    return {
      proto: model({
        opset: 18,
        nodes: this.nodes,
        inputs: used.map(({ name, shape }) => value(name, shape)),
        outputs: outputs.join(" "),
        constants: this.constants,
      }),
      feeds: Object.fromEntries(feeds),
      summary: this.nodes.map(({ opType, input, output }) => `${output} = ${opType}(${input})`).join("; "),
    };
  }
}

function conv(b: Builder, x: Image, r: Random, groups: number, OC: number): void {
  const [N, C, H, W] = x.shape;
  const [KH, KW] = r.pick([
    [1, 1],
    [3, 3],
    [3, 3],
    [3, 3],
    [5, 5],
    [2, 3],
    [1, 3],
  ]);
  const [S, D] = r.pick([
    [1, 1],
    [1, 1],
    [2, 1],
    [1, 2],
  ]);
  const pads = r.pick([
    [0, 0, 0, 0],
    [KH >> 1, KW >> 1, KH >> 1, KW >> 1],
    [KH >> 1, KW >> 1, KH >> 1, KW >> 1],
    [1, 0, 0, 2],
  ]);
  const extent = (I: number, K: number, P: number) => Math.floor((I + P - (K - 1) * D - 1) / S) + 1;
  const [OH, OW] = [extent(H, KH, pads[0] + pads[2]), extent(W, KW, pads[1] + pads[3])];
  if (OH < 1 || OW < 1) return;
  const filter = b.weights(r, [OC, C / groups, KH, KW], 1.7 / Math.sqrt((C / groups) * KH * KW));
  const bias = r.uniform() < 0.5 ? [b.weights(r, [OC], 0.5)] : [];
  b.image("Conv", [x.name, filter, ...bias], [N, OC, OH, OW], {
    group: groups,
    strides: [S, S],
    dilations: [D, D],
    pads,
  });
}

function pool(op: string): Maker {
  return (b, x, r) => {
    const [N, C, H, W] = x.shape;
    const [K, S, P] = r.pick([
      [2, 2, 0],
      [3, 2, 1],
      [3, 1, 1],
      [2, 1, 0],
    ]);
    const ceil = r.uniform() < 0.2 ? 1 : 0;
    const extent = (I: number) => {
      const whole = (I + 2 * P - K) / S;
      const out = (ceil ? Math.ceil(whole) : Math.floor(whole)) + 1;
      return ceil && (out - 1) * S >= I + P ? out - 1 : out;
    };
    if (H < K || W < K) return;
    const attributes: Record<string, Value> = {
      kernel_shape: [K, K],
      strides: [S, S],
      pads: [P, P, P, P],
      ceil_mode: ceil,
    };
    if (op === "AveragePool" && !ceil) attributes["count_include_pad"] = r.integer(0, 1);
    b.image(op, [x.name], [N, C, extent(H), extent(W)], attributes);
  };
}

function pointwise(op: string, attributes: Record<string, Value> = {}): Maker {
  return (b, x) => void b.image(op, [x.name], x.shape, attributes);
}

const scalar = (v: number) => floats([], v);

/** Another image of the same shape, if there is one; else x itself. */
function twin(b: Builder, x: Image, r: Random): Image {
  return r.pick(b.images.filter(({ shape }) => shape.join() === x.shape.join()));
}

const MAKERS: readonly (readonly [string, Maker])[] = [
  ...FURTHER_MAKERS,
  ["conv", (b, x, r) => conv(b, x, r, 1, r.pick([1, 4, 5, 8, 16, 16, 20, 24]))],
  ["conv", (b, x, r) => conv(b, x, r, 1, r.pick([4, 8, 16, 16, 20]))],
  ["same conv", (b, x, r) => conv(b, x, r, 1, x.shape[1])],
  ["depthwise", (b, x, r) => conv(b, x, r, x.shape[1], x.shape[1])],
  ["grouped", (b, x, r) => conv(b, x, r, x.shape[1] % 2 ? 1 : 2, r.pick([4, 8, 12]))],
  ["transposed", transposed],
  ["max pool", pool("MaxPool")],
  ["average pool", pool("AveragePool")],
  [
    "global",
    (b, x, r) => void b.image(r.pick(["GlobalAveragePool", "GlobalMaxPool"]), [x.name], [x.shape[0], x.shape[1], 1, 1]),
  ],
  ["relu", pointwise("Relu")],
  ["relu", pointwise("Relu")],
  ["prelu", prelu],
  ["instance norm", instanceNorm],
  ["depth to space", depthToSpace],
  ["mean", (b, x) => void b.image("ReduceMean", [x.name, b.constant(integers(2, 3))], [x.shape[0], x.shape[1], 1, 1])],
  ["leaky", pointwise("LeakyRelu", { alpha: { float: 0.1 } })],
  ["sigmoid", pointwise("Sigmoid")],
  ["tanh", pointwise("Tanh")],
  ["hard sigmoid", pointwise("HardSigmoid")],
  ["hard swish", pointwise("HardSwish")],
  ["softmax", pointwise("Softmax", { axis: 1 })],
  ["dropout", pointwise("Dropout")],
  ["clip", (b, x) => void b.image("Clip", [x.name, b.constant(scalar(-0.5)), b.constant(scalar(1))], x.shape)],
  ["batch norm", batchNorm],
  ["batch norm", batchNorm],
  [
    "add",
    (b, x, r) =>
      void b.image("Add", r.uniform() < 0.5 ? [x.name, twin(b, x, r).name] : [twin(b, x, r).name, x.name], x.shape),
  ],
  ["add", (b, x, r) => void b.image("Add", [x.name, twin(b, x, r).name], x.shape)],
  ["mul", (b, x, r) => void b.image("Mul", [x.name, twin(b, x, r).name], x.shape)],
  ["scale", affine],
  ["concat", concat],
  ["concat", concat],
  ["concat", concat],
  ["resize", resize],
  ["pad", pad],
  ["slice", slice],
  ["split", split],
  ["shuffle", shuffle],
  ["silu", (b, x) => void b.image("Mul", [x.name, b.emit("Sigmoid", [x.name])], x.shape)],
  ["hard swish in pieces", hardSwish],
  ["gelu in pieces", gelu],
  ["gate", gate],
  ["there and back", thereAndBack],
  [
    "reshape",
    (b, x) =>
      void b.image(
        "Reshape",
        [b.emit("Reshape", [x.name, b.constant(integers(x.shape[0], -1))]), b.constant(integers(...x.shape))],
        x.shape,
      ),
  ],
];

function transposed(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (H * W > 200) return;
  const [K, S, P] = r.pick([
    [2, 2, 0],
    [3, 2, 1],
    [4, 2, 1],
    [3, 1, 1],
  ]);
  const groups = C % 2 === 0 && r.uniform() < 0.3 ? 2 : 1;
  const OC = r.pick([2, 4, 8]);
  const extent = (I: number) => (I - 1) * S - 2 * P + K;
  if (extent(H) < 1 || extent(W) < 1) return;
  const filter = b.weights(r, [C, OC / groups, K, K], 1.7 / Math.sqrt((C / groups) * K));
  const bias = r.uniform() < 0.5 ? [b.weights(r, [OC], 0.5)] : [];
  const attributes = { group: groups, strides: [S, S], pads: [P, P, P, P] };
  b.image("ConvTranspose", [x.name, filter, ...bias], [N, OC, extent(H), extent(W)], attributes);
}

function batchNorm(b: Builder, x: Image, r: Random): void {
  const C = [x.shape[1]];
  const statistics = [b.weights(r, C, 1), b.weights(r, C, 0.5), b.weights(r, C, 0.5), b.weights(r, C, 0.5, 1)];
  b.image("BatchNormalization", [x.name, ...statistics], x.shape, { epsilon: { float: 1e-3 } });
}

function prelu(b: Builder, x: Image, r: Random): void {
  const shape = r.pick([[1], [x.shape[1], 1, 1]]);
  b.image("PRelu", [x.name, b.weights(r, shape, 0.5)], x.shape);
}

function instanceNorm(b: Builder, x: Image, r: Random): void {
  const [, C, H, W] = x.shape;
  // Of few places, or of equal ones, the deviation says nothing.
  if (H * W < 6) return;
  const C1 = [C];
  b.image("InstanceNormalization", [x.name, b.weights(r, C1, 1), b.weights(r, C1, 0.5)], x.shape, {
    epsilon: { float: 0.1 },
  });
}

function depthToSpace(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (C % 4 === 0 && H * W < 60) {
    b.image("DepthToSpace", [x.name], [N, C / 4, 2 * H, 2 * W], { blocksize: 2, mode: r.pick(["DCR", "CRD"]) });
  } else if (H % 2 === 0 && W % 2 === 0) b.image("SpaceToDepth", [x.name], [N, 4 * C, H / 2, W / 2], { blocksize: 2 });
}

function affine(b: Builder, x: Image, r: Random): void {
  const C = x.shape[1];
  const shape = r.pick([[C, 1, 1], [1, C, 1, 1], [], [1]]);
  const inputs = [x.name, b.weights(r, shape, 0.4, 1)];
  const op = r.pick(["Add", "Sub", "Mul", "Div"]);
  b.image(op, op === "Add" || op === "Mul" ? (r.uniform() < 0.5 ? inputs : inputs.reverse()) : inputs, x.shape);
}

function concat(b: Builder, x: Image, r: Random): void {
  const [N, , H, W] = x.shape;
  const fitting = b.images.filter(({ shape }) => shape[0] === N && shape[2] === H && shape[3] === W && shape[1] < 40);
  const count = r.integer(1, 3);
  const parts = [x, ...Array.from({ length: count }, () => (fitting.length ? r.pick(fitting) : x))];
  if (r.uniform() < 0.5) parts.reverse();
  const C = parts.reduce((sum, { shape }) => sum + shape[1], 0);
  if (C > 90) return;
  const axis = r.pick([1, -3]);
  b.image(
    "Concat",
    parts.map(({ name }) => name),
    [N, C, H, W],
    { axis },
  );
}

function resize(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (H * W > 120) return;
  const mode = r.pick(["nearest", "linear"]);
  const coordinates = mode === "nearest" ? "asymmetric" : r.pick(["half_pixel", "align_corners", "pytorch_half_pixel"]);
  const attributes = { mode, coordinate_transformation_mode: coordinates, nearest_mode: "floor" };
  b.image("Resize", [x.name, "", b.constant(floats([4], 1, 1, 2, 2))], [N, C, 2 * H, 2 * W], attributes);
}

function pad(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  const [top, left, bottom, right] = r.pick([
    [1, 1, 1, 1],
    [0, 0, 1, 1],
    [0, 0, 0, 0],
    [2, 1, 0, 1],
  ]);
  const more = r.uniform() < 0.3 ? [b.constant(scalar(r.pick([0, 0.25])))] : [];
  const pads = b.constant(integers(0, 0, top, left, 0, 0, bottom, right));
  b.image("Pad", [x.name, pads, ...more], [N, C, H + top + bottom, W + left + right]);
}

function slice(b: Builder, x: Image, r: Random): void {
  const axis = r.pick([1, 2, 3]);
  const extent = x.shape[axis];
  const [start, end] = r.pick([
    [0, extent],
    [0, Math.ceil(extent / 2)],
    [Math.floor(extent / 2), extent],
  ]);
  const shape = x.shape.map((d, i) => (i === axis ? end - start : d)) as unknown as Image["shape"];
  b.image("Slice", [x.name, ...[start, end, axis].map((v) => b.constant(integers(v)))], shape);
}

function split(b: Builder, x: Image, r: Random): void {
  const [N, C, H, W] = x.shape;
  if (C < 2) return;
  const first = r.integer(1, C - 1);
  const outputs = [b.name("split"), b.name("split")];
  b.nodes.push(node("Split", `${x.name} ${b.constant(integers(first, C - first))}`, outputs.join(" "), { axis: 1 }));
  b.images.push({ name: outputs[0], shape: [N, first, H, W] }, { name: outputs[1], shape: [N, C - first, H, W] });
}
