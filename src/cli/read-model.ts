/** Model files, the embedded one among them. */
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import { ArgumentError, expected } from "../errors.ts";
import { type LoadOptions, loadModel, type Model } from "../index.ts";
import { type FileKind, kindOf, readBytes } from "./read-file.ts";

/** The digit reader that comes with the package. The bundle lies as deep below the package as this file. */
export const BUILT_IN = fileURLToPath(new URL("../../models/digits.onnx", import.meta.url));

const SLOW_BYTES = 8e6; // below this, loading is over before a bar can be read
const WANTED = "an ONNX file";

/** Whether a file is named like a model or, failing that, looks like one. */
export async function isModelFile(path: string): Promise<boolean> {
  if (/\.onnx$/i.test(path)) return true;
  return readBytes(path, "model", WANTED).then(
    (bytes) => kindOf(bytes) === "ONNX",
    () => false,
  );
}

/** Loads a model, with a progress bar on a terminal if that may take a while. */
export async function readModel(path: string, options: LoadOptions = {}): Promise<Model> {
  const bytes = await readBytes(path, "model", WANTED);
  const kind = kindOf(bytes);
  const strangers: Partial<Record<FileKind, string>> = {
    PNG: "a PNG picture",
    JPEG: "a JPEG picture",
    "a GIF picture": "a GIF picture",
    "a WebP picture": "a WebP picture",
    text: "text",
    "an empty file": "an empty file",
  };
  if (strangers[kind]) throw new ArgumentError(expected(path, "model", WANTED, strangers[kind]));
  const all: LoadOptions = { externalData: (location) => readBeside(path, location), ...options };
  if (bytes.length < SLOW_BYTES || !process.stderr.isTTY) return loadModel(bytes, all);

  const bar = new SingleBar({
    stream: process.stderr,
    format: "{phase} [{bar}] {percentage} %",
    barsize: 30,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0, { phase: "load" });
  try {
    return await loadModel(bytes, {
      ...all,
      onProgress({ phase, loaded, total }) {
        bar.setTotal(total);
        bar.update(loaded, { phase });
      },
    });
  } finally {
    bar.stop();
  }
}

/** A file of weights that lies in the folder of the model, or below it; none for a path that leads elsewhere. */
async function readBeside(path: string, location: string): Promise<Uint8Array | undefined> {
  const folder = resolve(dirname(path));
  const file = resolve(folder, location);
  const below = folder.endsWith(sep) ? folder : folder + sep;
  return file.startsWith(below) ? readBytes(file, "weights", "the file that the model names") : undefined;
}
