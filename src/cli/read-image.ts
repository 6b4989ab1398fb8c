/** PNG and JPEG files as RGBA pixels. */
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { ArgumentError, expected } from "../errors.ts";
import type { Picture } from "../image/index.ts";
import { readOrientation, turnUpright } from "./orientation.ts";
import { kindOf, readBytes } from "./read-file.ts";

const WANTED = "a PNG or JPEG file";

/** Reads a picture; its first bytes, not its name, say which kind it is. Photos are turned as their EXIF says. */
export async function readImage(path: string): Promise<Picture> {
  const bytes = await readBytes(path, "picture", WANTED);
  const kind = kindOf(bytes);
  if (kind !== "PNG" && kind !== "JPEG") {
    throw new ArgumentError(expected(path, "picture", WANTED, kind === "ONNX" ? "an ONNX model" : kind));
  }
  try {
    return kind === "PNG" ? decodePng(bytes) : decodeJpeg(bytes);
  } catch (error) {
    throw new ArgumentError(expected(path, "picture", `a whole ${kind} file`, brokenBy(error)), { cause: error });
  }
}

function brokenBy(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  // pngjs at the end of a file that is too short speaks of its own machinery.
  return /read requests/.test(reason) ? "one that ends early" : `a broken one (${reason})`;
}

function decodePng(bytes: Uint8Array): Picture {
  const { data, height, width } = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { data, height, width, channels: 4 };
}

function decodeJpeg(bytes: Uint8Array): Picture {
  const decoded: jpeg.UintArrRet & { exifBuffer?: Uint8Array } = jpeg.decode(bytes, {
    useTArray: true,
    tolerantDecoding: false,
    maxMemoryUsageInMB: 2048,
  });
  const { data, height, width, exifBuffer } = decoded;
  // The buffer begins with the second zero after "Exif"; the TIFF data follow.
  const orientation = exifBuffer ? readOrientation(exifBuffer.subarray(1)) : 1;
  return turnUpright({ data, height, width, channels: 4 }, orientation);
}
