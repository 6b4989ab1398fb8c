/** ONNX files as plain objects. */

import { MalformedModelError } from "../errors.ts";
import { MessageReader } from "./proto-reader.ts";
import type { Message } from "./proto-schema.ts";
import { MODEL, TENSOR } from "./proto-schema.ts";
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  SparseTensorProto,
  TensorProto,
  TypeProto,
  ValueInfoProto,
} from "./proto-types.ts";
import { ATTRIBUTE_TYPE } from "./proto-types.ts";

export type * from "./proto-types.ts";
export { ATTRIBUTE_TYPE };

/**
 * Reads an .onnx file. Large tensors stay where they are: `rawData` is a view on `bytes`.
 *
 * @throws MalformedModelError if the bytes are no ONNX file (what else they are is for `not-onnx.ts` to say), or at which byte and in
 * which field they stop being one.
 */
export function readModel(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw notOnnx("no bytes");
  const message: Message = {};
  try {
    new MessageReader(plainBytes(bytes), "model").read(MODEL, message);
  } catch (error) {
    if (message["irVersion"] !== undefined || message["opsetImport"]?.length || message["graph"]) throw error;
    throw notOnnx(countBytes(bytes), error);
  }
  if (!message["graph"]) throw notOnnx(`${countBytes(bytes)} without a graph`);
  if (message["irVersion"] === undefined && message["opsetImport"].length === 0) {
    throw notOnnx("a graph without ir_version and opset_import");
  }
  return message as ModelProto;
}

/**
 * Reads a .pb file that holds one tensor, as the ONNX test suites have them.
 *
 * @throws MalformedModelError saying at which byte and in which field reading failed.
 */
export function readTensorProto(bytes: Uint8Array): TensorProto {
  const message: Message = {};
  new MessageReader(plainBytes(bytes), "tensor").read(TENSOR, message);
  return message as TensorProto;
}

export type AttributeValue =
  | number
  | string
  | TensorProto
  | GraphProto
  | SparseTensorProto
  | number[]
  | string[]
  | TensorProto[]
  | GraphProto[]
  | SparseTensorProto[];

/** The value of an attribute, text decoded; undefined for a reference, a type, or a missing tensor or graph. */
export function attributeValue(attribute: AttributeProto): AttributeValue | undefined {
  switch (attribute.type) {
    case ATTRIBUTE_TYPE.float:
      return attribute.f;
    case ATTRIBUTE_TYPE.int:
      return attribute.i;
    case ATTRIBUTE_TYPE.string:
      return attribute.s && decodeText(attribute.s);
    case ATTRIBUTE_TYPE.tensor:
      return attribute.t;
    case ATTRIBUTE_TYPE.graph:
      return attribute.g;
    case ATTRIBUTE_TYPE.floats:
      return attribute.floats;
    case ATTRIBUTE_TYPE.ints:
      return attribute.ints;
    case ATTRIBUTE_TYPE.strings:
      return attribute.strings?.map(decodeText);
    case ATTRIBUTE_TYPE.tensors:
      return attribute.tensors;
    case ATTRIBUTE_TYPE.graphs:
      return attribute.graphs;
    case ATTRIBUTE_TYPE.sparseTensor:
      return attribute.sparseTensor;
    case ATTRIBUTE_TYPE.sparseTensors:
      return attribute.sparseTensors;
    default:
      return undefined;
  }
}

export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export type ValueKind = "tensor" | "sequence" | "map" | "opaque" | "sparse tensor" | "optional" | "unknown";

/** What kind of value a type describes; "unknown" where the file does not say. */
export function kindOf(type: TypeProto | undefined): ValueKind {
  if (type?.tensorType) return "tensor";
  if (type?.sequenceType) return "sequence";
  if (type?.mapType) return "map";
  if (type?.opaqueType) return "opaque";
  if (type?.sparseTensorType) return "sparse tensor";
  if (type?.optionalType) return "optional";
  return "unknown";
}

/**
 * The declared shape of a tensor: an extent, the name of one, or undefined for each axis; undefined as a whole if even
 * the rank is not declared. A negative extent, which some exporters write, counts as undefined.
 */
export function declaredShape(info: ValueInfoProto): (number | string | undefined)[] | undefined {
  return info.type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => {
    if (dimValue !== undefined) return dimValue < 0 ? undefined : dimValue;
    return dimParam || undefined;
  });
}

/** The same bytes as a bare Uint8Array (not a subclass of it) on memory that is not shared. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
  return new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
}

/** The error for bytes that are no ONNX file. */
export function notOnnx(got: string, cause?: unknown): MalformedModelError {
  return new MalformedModelError(
    `model: expected an ONNX file, got ${got}`,
    cause === undefined ? undefined : { cause },
  );
}

export function countBytes({ length }: Uint8Array): string {
  return length === 1 ? "1 byte" : `${length} bytes`;
}
