/** ONNX tensors to and from typed arrays. */

import type { DataType, HostTensor, TypedArray } from "../dtype.ts";
import { allocate, bytesPerElement, viewOf } from "../dtype.ts";
import { expected, MalformedModelError, UnsupportedError } from "../errors.ts";
import { LazyTensor } from "../graph/lazy.ts";
import { OnDemand } from "../on-demand.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { TensorProto } from "./proto-types.ts";

/** Element types by their code in onnx.proto. */
const DATA_TYPES: ReadonlyMap<number, DataType> = new Map([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
  [4, "uint16"],
  [5, "int16"],
  [6, "int32"],
  [7, "int64"],
  [9, "bool"],
  [10, "float16"],
  [11, "float64"],
  [12, "uint32"],
  [13, "uint64"],
  [16, "bfloat16"],
]);

const UNSUPPORTED_TYPES: ReadonlyMap<number, string> = new Map([
  [8, "string"],
  [14, "complex64"],
  [15, "complex128"],
  [17, "float8e4m3fn"],
  [18, "float8e4m3fnuz"],
  [19, "float8e5m2"],
  [20, "float8e5m2fnuz"],
  [21, "uint4"],
  [22, "int4"],
  [23, "float4e2m1"],
  [24, "float8e8m0"],
  [25, "uint2"],
  [26, "int2"],
]);

const CODES: ReadonlyMap<DataType, number> = new Map(Array.from(DATA_TYPES, ([code, type]) => [type, code]));

/** The element type of a code of onnx.proto; undefined if lanewise does not have it. */
export function dataTypeOf(code: number): DataType | undefined {
  return DATA_TYPES.get(code);
}

/** The code of an element type in onnx.proto. */
export function codeOf(type: DataType): number {
  return CODES.get(type)!;
}

/** The name of any element type code, supported or not, for messages. */
export function nameOfCode(code: number): string {
  return DATA_TYPES.get(code) ?? UNSUPPORTED_TYPES.get(code) ?? `type ${code}`;
}

/** Contents of the files that a model keeps its weights in, by the location that the model gives. */
export type ExternalData = Readonly<Record<string, Uint8Array>>;

/** For models that keep weights in other files. */
export const EXTERNAL_DATA = new OnDemand(() => import("./external-data.ts"));

export interface DecodeOptions {
  readonly externalData?: ExternalData | undefined;
  /** Whether large float32 tensors that lie askew in the file are copied only when asked for, each time anew. */
  readonly lazy?: boolean;
}

/** Bytes from which on a tensor is large. */
const LARGE = 65536;

/**
 * The elements of a tensor, wherever the file keeps them. Data in the file's bytes stay there as a view if their
 * alignment allows; float16 stays float16.
 *
 * @throws UnsupportedError for an element type that lanewise does not have.
 * @throws MalformedModelError if the elements are not as many as the shape says.
 * @throws ArgumentError if the elements are in a file that `externalData` does not have.
 */
export function decodeTensor(proto: TensorProto, options: DecodeOptions = {}): HostTensor {
  const where = `tensor ${proto.name || "without a name"}`;
  const type = dataTypeOf(proto.dataType);
  if (!type) throw typeError(proto, where);
  if (proto.segment) throw unsupported(proto, where, "elements in one piece", "a segment");
  const shape = proto.dims;
  if (shape.some((extent) => extent < 0)) {
    throw new MalformedModelError(expected(where, "dims", "extents of at least 0", shape));
  }
  const bytes = proto.rawData;
  if (options.lazy && type === "float32" && proto.dataLocation !== 1 && bytes && bytes.length >= LARGE) {
    const elements = () => fromBytes(bytes, type, shape, where, "raw_data");
    if (bytes.byteOffset % 4 !== 0 && bytes.length === elementCount(shape) * 4) {
      return new LazyTensor(type, [...shape], elements);
    }
  }
  const data =
    proto.dataLocation === 1
      ? fromBytes(
          EXTERNAL_DATA.loaded.externalBytes(proto, type, where, options.externalData),
          type,
          shape,
          where,
          "external data",
        )
      : (fromField(proto, type, where) ??
        fromBytes(proto.rawData ?? new Uint8Array(0), type, shape, where, "raw_data"));
  if (data.length !== elementCount(shape)) {
    const wanted = `${elementCount(shape)} elements of ${type} for shape ${formatShape(shape)}`;
    throw new MalformedModelError(expected(where, "data", wanted, data.length));
  }
  return { type, shape: [...shape], data };
}

/** A tensor for a file; the elements are not copied. */
export function encodeTensor({ type, shape, data }: HostTensor, name: string): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: [...shape], dataType: codeOf(type), name, rawData };
}

/** Elements from the list that holds `type`; undefined if the file has none there. */
function fromField(proto: TensorProto, type: DataType, where: string): TypedArray | undefined {
  if (proto.rawData?.length) return undefined;
  const lists = { floatData: proto.floatData, int32Data: proto.int32Data, int64Data: proto.int64Data };
  const all = { ...lists, doubleData: proto.doubleData, uint64Data: proto.uint64Data };
  const wanted = listOf(type);
  const list = all[wanted];
  if (!list) {
    const other = Object.entries(all).find(([, each]) => each?.length)?.[0];
    if (other) throw new MalformedModelError(expected(where, "elements", `${type} in ${snake(wanted)}`, snake(other)));
    return undefined;
  }
  if (type === "uint32") return Uint32Array.from(list as BigUint64Array, Number);
  if (type === "bool") return Uint8Array.from(list as Int32Array, (value) => (value ? 1 : 0));
  const data = allocate(type, 0);
  if (data.constructor === list.constructor) return list as TypedArray;
  const converted = allocate(type, list.length);
  (converted as Int32Array).set(list as Int32Array);
  return converted;
}

function listOf(type: DataType): "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data" {
  switch (type) {
    case "float32":
      return "floatData";
    case "float64":
      return "doubleData";
    case "int64":
      return "int64Data";
    case "uint32":
    case "uint64":
      return "uint64Data";
    default:
      return "int32Data";
  }
}

function snake(name: string): string {
  return name.replace("Data", "_data");
}

function fromBytes(
  bytes: Uint8Array,
  type: DataType,
  shape: readonly number[],
  where: string,
  what: string,
): TypedArray {
  const size = bytesPerElement(type);
  const wanted = elementCount(shape) * size;
  if (bytes.length !== wanted) {
    const message = expected(where, what, `${wanted} bytes for ${type} ${formatShape(shape)}`, bytes.length);
    throw new MalformedModelError(message);
  }
  if (type === "bool" && bytes.some((byte) => byte > 1)) return bytes.map((byte) => (byte ? 1 : 0));
  const aligned = bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
  return viewOf(type, aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / size);
}

function typeError(proto: TensorProto, where: string): UnsupportedError | MalformedModelError {
  if (proto.dataType === 0) return new MalformedModelError(expected(where, "data_type", "an element type", "none"));
  return unsupported(proto, where, "an element type that lanewise has", nameOfCode(proto.dataType));
}

function unsupported(proto: TensorProto, where: string, wanted: string, got: string): UnsupportedError {
  const message = expected(where, "data", wanted, got);
  return new UnsupportedError(message, [{ node: proto.name, operator: "", reason: `tensor of ${got}` }]);
}
