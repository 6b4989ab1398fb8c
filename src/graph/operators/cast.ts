import { allocate, type DataType, type HostTensor } from "../../dtype.ts";
import { toFloat32 } from "../../half.ts";
import { rounded } from "../../ops/convert.ts";
import { isReadable, prepareDequantize } from "../../ops/quantize.ts";
import type { NodeView, Operator } from "../operator.ts";
import { isBig, isHalf } from "./types.ts";

function casting(typeOf: (node: NodeView) => DataType): Operator {
  return {
    infer: (node) => [{ type: typeOf(node), shape: node.input(0).shape }],
    lower(node) {
      const { type, shape } = node.input(0);
      if (typeOf(node) === type) return "alias";
      if (typeOf(node) !== "float32" || !isReadable(type)) return undefined;
      return { prepared: prepareDequantize(shape, type), inputs: [0, -1, -1] };
    },
    evaluate: (node, [x]) => [cast(x as HostTensor, typeOf(node))],
  };
}

/** Floats become integers by truncation, and wrap; NaN and infinities become 0. */
export function cast(x: HostTensor, type: DataType): HostTensor {
  if (type === x.type) return x;
  if (isHalf(type)) return rounded(toFloat32(x), { type, shape: x.shape });
  const values = isHalf(x.type) ? toFloat32(x) : x.data;
  const data = allocate(type, values.length);
  const convert = conversionTo(type);
  for (let i = 0; i < values.length; i++) data[i] = convert(values[i]) as never;
  return { type, shape: x.shape, data };
}

function conversionTo(type: DataType): (value: number | bigint) => number | bigint {
  if (type === "bool") return (value) => (Number(value) !== 0 ? 1 : 0);
  if (isBig(type)) {
    return (value) => (typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n);
  }
  if (type === "float32" || type === "float64") return Number;
  return (value) => (typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value);
}

/** Element types by their code in ONNX files, as far as tensors are converted to them. */
export const TYPES_BY_CODE: Readonly<Record<number, DataType>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};

const Cast = casting((node) => {
  const to = node.number("to", 0);
  const type = TYPES_BY_CODE[to];
  if (!type) throw node.unsupported(`casting ${node.input(0).type} to type ${to} is not supported`);
  return type;
});

/** To the type of another tensor. */
const CastLike = casting((node) => node.input(1).type);

export const CASTS = { Cast, CastLike };
