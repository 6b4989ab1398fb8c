// Writes networks with seeded weights down as ONNX files.
import { float32ToFloat16 } from "../../src/half.ts";
import { ATTRIBUTE_TYPE, type AttributeProto, encodeText, type ValueInfoProto } from "../../src/onnx/proto.ts";
import { encodeTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { Random } from "../support/random.ts";

type Attributes = Readonly<Record<string, number | readonly number[] | string>>;

/** Writes a network down from the first node to the last. Every method gives the name of the value it makes. */
export class Builder {
  readonly #random: Random;
  readonly #graph: Parameters<typeof writeModel>[0]["graph"];
  readonly #opset: number;

  constructor(name: string, seed: number, input: readonly (number | string)[], opset = 13, elemType = 1) {
    this.#opset = opset;
    this.#random = new Random(seed);
    this.#graph = { name, node: [], initializer: [], input: [value("x", input, elemType)], output: [], valueInfo: [] };
  }

  node(op: string, input: string[], attributes: Attributes = {}): string {
    const name = `${op}${this.#graph.node.length}`;
    const attribute = Object.entries(attributes).map(([key, each]) => attributeOf(key, each));
    this.#graph.node.push({ input, output: [name], name, opType: op, domain: "", attribute });
    return name;
  }

  weight(shape: number[], scale: number): string {
    return this.#constant("w", { type: "float32", shape, data: this.#random.tensor(shape, scale).data.slice() });
  }

  integers(...values: number[]): string {
    return this.#constant("i", { type: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  floats(...values: number[]): string {
    return this.#constant("f", { type: "float32", shape: [values.length], data: Float32Array.from(values) });
  }

  byte(value: number): string {
    return this.#constant("u", { type: "uint8", shape: [], data: Uint8Array.of(value) });
  }

  /** Whole numbers from `least` to `most`. */
  whole(type: "int8" | "uint8" | "int32", shape: number[], least: number, most: number): string {
    const length = shape.reduce((product, extent) => product * extent, 1);
    const values = Array.from({ length }, () => this.#random.integer(least, most));
    const ArrayType = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array }[type];
    return this.#constant("q", { type, shape, data: ArrayType.from(values) });
  }

  /** As `weight`, rounded to 16 bits. */
  half(shape: number[], scale: number): string {
    const data = float32ToFloat16(this.#random.tensor(shape, scale).data).slice();
    return this.#constant("h", { type: "float16", shape, data });
  }

  /** A convolution with bias; "same" padding for odd windows. */
  conv(x: string, IC: number, OC: number, K: number, stride = 1, groups = 1): string {
    const fan = (IC / groups) * K * K;
    const weights = [this.weight([OC, IC / groups, K, K], Math.sqrt(6 / fan)), this.weight([OC], 0.5)];
    const pads = new Array(4).fill((K - 1) / 2);
    return this.node("Conv", [x, ...weights], { kernel_shape: [K, K], strides: [stride, stride], pads, group: groups });
  }

  relu6(x: string): string {
    return this.node("Clip", [x, this.scalar(0), this.scalar(6)]);
  }

  file(...outputs: [name: string, shape: readonly (number | string)[], elemType?: number][]): Uint8Array {
    this.#graph.output.push(...outputs.map((output) => value(...output)));
    return writeModel({
      irVersion: 8,
      opsetImport: [{ domain: "", version: this.#opset }],
      producerName: "lanewise tests",
      graph: this.#graph,
      functions: [],
    });
  }

  scalar(number: number): string {
    return this.#constant("s", { type: "float32", shape: [], data: Float32Array.of(number) });
  }

  #constant(letter: string, tensor: Parameters<typeof encodeTensor>[0]): string {
    const name = `${letter}${this.#graph.initializer.length}`;
    this.#graph.initializer.push(encodeTensor(tensor, name));
    return name;
  }
}

function attributeOf(name: string, each: number | readonly number[] | string): AttributeProto {
  if (typeof each === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(each) };
  if (typeof each !== "number") return { name, type: ATTRIBUTE_TYPE.ints, ints: [...each] };
  return Number.isInteger(each)
    ? { name, type: ATTRIBUTE_TYPE.int, i: each }
    : { name, type: ATTRIBUTE_TYPE.float, f: each };
}

function value(name: string, shape: readonly (number | string)[], elemType = 1): ValueInfoProto {
  const dim = shape.map((extent) => (typeof extent === "number" ? { dimValue: extent } : { dimParam: extent }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
