import { bytesPerElement, type DataType } from "../dtype.ts";
import { ArgumentError, expected, MalformedModelError } from "../errors.ts";
import { elementCount } from "../shape.ts";
import type { TensorProto } from "./proto-types.ts";
import type { ExternalData } from "./tensor.ts";

/** The bytes of a tensor in another file; without a length of its own it is as long as its shape says. */
export function externalBytes(
  proto: TensorProto,
  type: DataType,
  where: string,
  externalData: ExternalData | undefined,
): Uint8Array {
  const entries = new Map(proto.externalData?.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (!location) throw new MalformedModelError(expected(where, "external_data", "a location", "none"));
  const file =
    typeof externalData === "function"
      ? externalData(location)
      : externalData && Object.hasOwn(externalData, location)
        ? externalData[location]
        : undefined;
  if (!(file instanceof Uint8Array)) {
    throw new ArgumentError(expected(where, "externalData", `the bytes of "${location}"`, file ?? "none"));
  }
  const offset = byteNumber(entries.get("offset") ?? "0", "offset", where);
  const bytes = elementCount(proto.dims) * bytesPerElement(type);
  const length = entries.has("length") ? byteNumber(entries.get("length")!, "length", where) : bytes;
  if (offset + length > file.length) {
    const wanted = `${length} bytes at byte ${offset} of "${location}"`;
    throw new MalformedModelError(expected(where, "external data", wanted, `a file of ${file.length} bytes`));
  }
  return file.subarray(offset, offset + length);
}

function byteNumber(text: string, what: string, where: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new MalformedModelError(expected(where, `external_data ${what}`, "a number of bytes", `"${text}"`));
}
