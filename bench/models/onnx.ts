/** ONNX files from plain lists of nodes. */

import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  encodeText,
  type NodeProto,
  type TensorProto,
} from "../../src/onnx/proto.ts";
import { encodeTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";

/** Integers, a list of integers, a text, or a float marked as such. */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly Constant[];
  /** An extent that is a name is free. */
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[] };
  readonly output: { readonly name: string; readonly shape: readonly (number | string)[] };
}

const FLOAT = 1; // TensorProto.DataType
const OPSET = 13;

/** The bytes of an ONNX file with one float32 input and one float32 output. */
export function writeOnnx({ name, nodes, constants, input, output }: OnnxGraph): Uint8Array {
  const extent = (size: number | string) => (typeof size === "string" ? { dimParam: size } : { dimValue: size });
  const value = ({ name, shape }: OnnxGraph["input"]) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map(extent) } } },
  });
  return writeModel({
    irVersion: 7,
    producerName: "lanewise bench",
    opsetImport: [{ domain: "", version: OPSET }],
    functions: [],
    graph: {
      name,
      node: nodes.map(nodeProto),
      initializer: constants.map(tensorProto),
      input: [value(input)],
      output: [value(output)],
      valueInfo: [],
    },
  });
}

function nodeProto({ op, inputs, output, attributes = {} }: OnnxNode): NodeProto {
  return {
    opType: op,
    name: output,
    domain: "",
    input: [...inputs],
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  };
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(value) };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

function tensorProto({ name, shape, data }: Constant): TensorProto {
  return encodeTensor({ type: data instanceof BigInt64Array ? "int64" : "float32", shape, data }, name);
}
