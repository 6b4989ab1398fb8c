/** Small ONNX models in a few words, for tests of importing and loading. */

import type { HostTensor } from "../../src/dtype.ts";
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from "../../src/onnx/proto.ts";
import { ATTRIBUTE_TYPE, encodeText } from "../../src/onnx/proto.ts";
import { codeOf, encodeTensor } from "../../src/onnx/tensor.ts";

export type Value = number | string | readonly number[] | { float: number } | { ref: string } | HostTensor | GraphProto;

/** Attributes by name. A number is an integer, `{ float }` a float, `{ ref }` a reference to one of the function's. */
function attributes(values: Readonly<Record<string, Value>>): AttributeProto[] {
  return Object.entries(values).map(([name, value]): AttributeProto => {
    if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
    if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(value) };
    if ("float" in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
    if ("ref" in value) return { name, type: 0, refAttrName: value.ref };
    if ("node" in value) return { name, type: ATTRIBUTE_TYPE.graph, g: value };
    if ("data" in value) return { name, type: ATTRIBUTE_TYPE.tensor, t: encodeTensor(value, "") };
    const whole = value.every(Number.isInteger);
    if (whole) return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
    return { name, type: ATTRIBUTE_TYPE.floats, floats: [...value] };
  });
}

/** `node("Add", "a b", "y")`: names parted by spaces, "_" for one left out. */
export function node(
  opType: string,
  inputs: string,
  outputs: string,
  values: Readonly<Record<string, Value>> = {},
  more: Partial<NodeProto> = {},
): NodeProto {
  return {
    opType,
    input: names(inputs),
    output: names(outputs),
    name: "",
    domain: "",
    attribute: attributes(values),
    ...more,
  };
}

function names(text: string): string[] {
  return text === "" ? [] : text.split(" ").map((name) => (name === "_" ? "" : name));
}

/** A float32 value of the given shape; without one not even the rank is declared. */
export function value(name: string, shape?: readonly (number | string)[]): ValueInfoProto {
  const dim = shape?.map((extent) => (typeof extent === "number" ? { dimValue: extent } : { dimParam: extent }));
  return { name, type: { tensorType: { elemType: codeOf("float32"), ...(dim && { shape: { dim } }) } } };
}

export const floats = (shape: readonly number[], ...data: number[]): HostTensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(data),
});

export const integers = (...data: number[]): HostTensor => ({
  type: "int64",
  shape: [data.length],
  data: BigInt64Array.from(data, BigInt),
});

export const truth = (yes: boolean): HostTensor => ({ type: "bool", shape: [], data: Uint8Array.of(yes ? 1 : 0) });

export interface Parts {
  readonly nodes: readonly NodeProto[];
  readonly inputs?: readonly ValueInfoProto[];
  /** Names, parted by spaces. */
  readonly outputs: string;
  readonly constants?: Readonly<Record<string, HostTensor>>;
}

export function graph({ nodes, inputs = [], outputs, constants = {} }: Parts): GraphProto {
  const initializer = Object.entries(constants).map(([name, tensor]): TensorProto => encodeTensor(tensor, name));
  return {
    name: "",
    node: [...nodes],
    input: [...inputs],
    output: names(outputs).map((name) => value(name)),
    initializer,
    valueInfo: [],
  };
}

export function model(parts: Parts & { opset?: number; functions?: readonly FunctionProto[] }): ModelProto {
  const opsetImport = [{ domain: "", version: parts.opset ?? 17 }];
  return { irVersion: 8, opsetImport, graph: graph(parts), functions: [...(parts.functions ?? [])] };
}

export function modelFunction(
  name: string,
  inputs: string,
  outputs: string,
  nodes: readonly NodeProto[],
  more: { defaults?: Readonly<Record<string, Value>>; opset?: number; overload?: string } = {},
): FunctionProto {
  return {
    name,
    domain: "own",
    input: names(inputs),
    output: names(outputs),
    attribute: [],
    attributeProto: attributes(more.defaults ?? {}),
    node: [...nodes],
    opsetImport: more.opset === undefined ? [] : [{ domain: "", version: more.opset }],
    valueInfo: [],
    ...(more.overload && { overload: more.overload }),
  };
}
