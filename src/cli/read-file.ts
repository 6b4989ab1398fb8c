/** Files, and what they hold judged by their first bytes. */
import { readFile } from "node:fs/promises";
import { ArgumentError, expected } from "../errors.ts";

export type FileKind =
  | "PNG"
  | "JPEG"
  | "ONNX"
  | "a GIF picture"
  | "a WebP picture"
  | "text"
  | "an empty file"
  | "other data";

/** The bytes of a file; `what` and `wanted` are for the error: `x.png: picture expected a PNG file, got no such file`. */
export async function readBytes(path: string, what: string, wanted: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const got =
      { ENOENT: "no such file", ENOTDIR: "no such file", EISDIR: "a directory", EACCES: "a file it may not read" }[
        code ?? ""
      ] ?? String(code ?? error);
    throw new ArgumentError(expected(path, what, wanted, got), { cause: error });
  }
}

/** What a file seems to hold. ONNX has no magic number: its first field is the version and a known field follows. */
export function kindOf(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return "an empty file";
  const starts = (...values: number[]) => values.every((value, i) => bytes[i] === value);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return "PNG";
  if (starts(0xff, 0xd8, 0xff)) return "JPEG";
  if (starts(0x47, 0x49, 0x46, 0x38)) return "a GIF picture";
  if (starts(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57 && bytes[9] === 0x45) return "a WebP picture";
  const fields = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]; // of ModelProto: number * 8 + wire type
  if (starts(0x08) && bytes[1] > 0 && bytes[1] < 0x40 && fields.includes(bytes[2])) return "ONNX";
  return isText(bytes.subarray(0, 1024)) ? "text" : "other data";
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}
