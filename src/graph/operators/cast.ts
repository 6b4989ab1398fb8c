import { bytesPerElement, type DataType, type HostTensor } from "../../dtype.ts";
import { castHost } from "../../ops/cast.ts";
import { isReadable, prepareDequantize } from "../../ops/stored.ts";
import { isHalf } from "../halves.ts";
import type { NodeView, Operator } from "../operator.ts";

function casting(typeOf: (node: NodeView) => DataType): Operator {
  return {
    infer: (node) => [{ type: typeOf(node), shape: node.input(0).shape }],
    lower(node) {
      const { type, shape } = node.input(0);
      const to = typeOf(node);
      if (to === type) return "alias";
      // 16-bit floats are carried as float32, and have all integers of 8 bits.
      const exact = to === "float32" || (isHalf(to) && bytesPerElement(type) === 1);
      if (!exact || !isReadable(type)) return undefined;
      return { prepared: prepareDequantize(shape, type), inputs: [0, -1, -1] };
    },
    evaluate: (node, [x]) => [castHost(x as HostTensor, typeOf(node))],
  };
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
