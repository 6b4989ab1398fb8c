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
 * @throws MalformedModelError if the bytes are no ONNX file, or at which byte and in which field they stop being one.
 */
export function readModel(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw notOnnx("no bytes");
  const message: Message = {};
  try {
    new MessageReader(plainBytes(bytes), "model").read(MODEL, message);
  } catch (error) {
    const started = message["irVersion"] !== undefined || message["opsetImport"]?.length || message["graph"];
    const signature = signatureOf(bytes);
    if (started && !signature) throw error;
    throw notOnnx(signature ?? describeStart(bytes), error);
  }
  if (!message["graph"]) throw notOnnx(signatureOf(bytes) ?? `${countBytes(bytes)} without a graph`);
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

function notOnnx(got: string, cause?: unknown): MalformedModelError {
  return new MalformedModelError(
    `model: expected an ONNX file, got ${got}`,
    cause === undefined ? undefined : { cause },
  );
}

/** What people load by mistake: name, place of the signature, signature. */
const SIGNATURES: readonly [name: string, at: number, signature: string][] = [
  ["a PNG image", 0, "\x89PNG"],
  ["a JPEG image", 0, "\xff\xd8\xff"],
  ["a gzip file (decompress it first)", 0, "\x1f\x8b"],
  ["a zip file (such as a PyTorch .pt or Keras .keras file: export it to ONNX)", 0, "PK\x03\x04"],
  ["an HDF5 file (such as a Keras .h5 file: export it to ONNX)", 0, "\x89HDF"],
  ["a TensorFlow Lite model", 4, "TFL3"],
  ["an ONNX Runtime .ort model", 4, "ORTM"],
  ["a WebAssembly module", 0, "\0asm"],
  ["a Git LFS pointer instead of the file it points to", 0, "version https://git-lfs"],
];

function signatureOf(bytes: Uint8Array): string | undefined {
  const found = SIGNATURES.find(([, at, signature]) =>
    [...signature].every((character, i) => bytes[at + i] === character.charCodeAt(0)),
  );
  return found?.[0];
}

function describeStart(bytes: Uint8Array): string {
  const start = bytes.subarray(0, 24);
  const isText = start.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  if (isText) return `text that starts with ${JSON.stringify(decodeText(start))}`;
  const hex = Array.from(start.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0"));
  return `${countBytes(bytes)} that ${bytes.length === 1 ? "starts" : "start"} with ${hex.join(" ")}`;
}

function countBytes({ length }: Uint8Array): string {
  return length === 1 ? "1 byte" : `${length} bytes`;
}
