/** Plain objects to ONNX files. */

import { PbfWriter } from "pbf";
import { ArgumentError, expected } from "../errors.ts";
import type { Field, Message, Schema } from "./proto-schema.ts";
import { MODEL, TENSOR } from "./proto-schema.ts";
import type { ModelProto, TensorProto } from "./proto-types.ts";

/**
 * The bytes of an .onnx file. `readModel` gives the same model back, except that empty optional lists are left out.
 *
 * @throws ArgumentError if a number is not one that its field can hold.
 */
export function writeModel(model: ModelProto): Uint8Array {
  return write(MODEL, model, "writeModel");
}

/** The bytes of a .pb file with one tensor. */
export function writeTensorProto(tensor: TensorProto): Uint8Array {
  return write(TENSOR, tensor, "writeTensorProto");
}

function write(schema: Schema, message: object, where: string): Uint8Array {
  const pbf = new PbfWriter();
  writeMessage(pbf, schema, message as Message, where);
  return pbf.finish().slice();
}

function writeMessage(pbf: PbfWriter, schema: Schema, message: Message, where: string): void {
  for (const field of schema.fields) {
    const value = message[field.name];
    if (value === undefined || (field.always && (value === 0 || value === ""))) continue;
    if (field.repeated) for (const each of value) writeField(pbf, field, each, where);
    else writeField(pbf, field, value, where);
  }
}

function writeField(pbf: PbfWriter, field: Field, value: unknown, where: string): void {
  const { number, kind, name } = field;
  switch (kind) {
    case "int":
      if (!Number.isSafeInteger(value)) throw new ArgumentError(expected(where, name, "an integer", value));
      pbf.writeVarintField(number, value as number);
      break;
    case "float":
      if (typeof value !== "number") throw new ArgumentError(expected(where, name, "a number", value));
      pbf.writeFloatField(number, value);
      break;
    case "string":
      if (typeof value !== "string") throw new ArgumentError(expected(where, name, "a string", value));
      pbf.writeStringField(number, value);
      break;
    case "message":
      pbf.writeMessage(number, (each, inner) => writeMessage(inner, field.schema!(), each, where), value as Message);
      break;
    default:
      if (!ArrayBuffer.isView(value)) throw new ArgumentError(expected(where, name, "a typed array", value));
      writeArray(pbf, field, value);
  }
}

function writeArray(pbf: PbfWriter, { kind, number }: Field, array: ArrayBufferView): void {
  if (kind === "bytes" || kind === "float32" || kind === "float64") {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (kind === "bytes" || bytes.length > 0) pbf.writeBytesField(number, bytes);
  } else if (kind === "int32") {
    pbf.writePackedVarint(number, Array.from(array as Int32Array));
  } else if (array.byteLength > 0) {
    const list = array as BigInt64Array | BigUint64Array;
    pbf.writeMessage(number, writeVarints64, list);
  }
}

/** 64-bit integers, exactly; negative ones as their two's complement. */
function writeVarints64(list: BigInt64Array | BigUint64Array, pbf: PbfWriter): void {
  for (const value of list) {
    pbf.realloc(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      pbf.buf[pbf.pos++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    pbf.buf[pbf.pos++] = Number(rest);
  }
}
