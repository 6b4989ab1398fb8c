// Reading MNIST's idx files: a big-endian header (two zero bytes, element type, rank, sizes), then the bytes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Grey pictures of 28x28 pixels, white ink (255) on black (0), one after another, and what each shows. */
export interface DigitSet {
  readonly count: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** The bytes after the header of a gzipped idx file; throws if its sizes are not `[count, ...wanted]`. */
function readIdx(path: string, wanted: readonly number[]): Uint8Array {
  const file = gunzipSync(readFileSync(path));
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const rank = file[3]!;
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const got = `type ${file[2]}, sizes [${sizes.join(", ")}]`;
  if (file[2] !== 8 || sizes.slice(1).join() !== wanted.join()) {
    throw new Error(`${path}: expected type 8, sizes [${["count", ...wanted].join(", ")}], got ${got}`);
  }
  return file.subarray(4 + 4 * rank);
}

/** Reads the training set (`train`) or the test set (`t10k`) from the folder of the four idx files. */
export function readDigits(folder: string, set: "train" | "t10k"): DigitSet {
  const pixels = readIdx(join(folder, `${set}-images-idx3-ubyte.gz`), [28, 28]);
  const labels = readIdx(join(folder, `${set}-labels-idx1-ubyte.gz`), []);
  if (pixels.length !== labels.length * 784) {
    throw new Error(
      `${folder}: expected one label a picture, got ${labels.length} labels, ${pixels.length / 784} pictures`,
    );
  }
  return { count: labels.length, pixels, labels };
}
