// What to say of bytes that are no ONNX file.

import { MalformedModelError } from "../errors.ts";
import { countBytes, decodeText, notOnnx } from "./proto.ts";

/** The error of `readModel` for these bytes, with what they are where that can be told. */
export function explain(bytes: Uint8Array, error: unknown): unknown {
  const signature = signatureOf(bytes);
  if (signature) return notOnnx(signature, error);
  const unread = error instanceof MalformedModelError && error.cause;
  return unread ? notOnnx(describeStart(bytes), unread) : error;
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
