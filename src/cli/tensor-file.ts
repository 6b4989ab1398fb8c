/** Tensors in files: NumPy's .npy, and ONNX's .pb with one TensorProto. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArgumentError, expected } from "../errors.ts";
import { toFloat32 } from "../half.ts";
import type { HostTensor } from "../index.ts";
import { readTensorProto } from "../onnx/proto.ts";
import { decodeTensor, encodeTensor } from "../onnx/tensor.ts";
import { writeTensorProto } from "../onnx/write.ts";
import { isNpy, readNpy, writeNpy } from "./npy.ts";
import { readBytes } from "./read-file.ts";

const WANTED = "an .npy or .pb file";

export interface NamedTensor {
  /** As the file says; "" if it does not. */
  readonly name: string;
  readonly tensor: HostTensor;
}

/** Elements as numbers, which 16-bit floats in a tensor are not. */
export function valuesOf(tensor: HostTensor): ArrayLike<number | bigint> {
  return tensor.type === "float16" || tensor.type === "bfloat16" ? toFloat32(tensor) : tensor.data;
}

/** Reads a tensor; its first bytes, not its name, say which kind of file it is. */
export async function readTensor(path: string): Promise<NamedTensor> {
  const bytes = await readBytes(path, "tensor", WANTED);
  if (isNpy(bytes)) return { name: "", tensor: readNpy(bytes, path) };
  try {
    const proto = readTensorProto(bytes);
    return { name: proto.name ?? "", tensor: decodeTensor(proto) };
  } catch (error) {
    const got = error instanceof Error ? error.message : error;
    throw new ArgumentError(expected(path, "tensor", WANTED, got), { cause: error });
  }
}

/** Writes a tensor under its name and gives the path. What file names cannot hold becomes "_". */
export async function writeTensor(
  folder: string,
  name: string,
  tensor: HostTensor,
  format: "npy" | "pb",
): Promise<string> {
  const path = join(folder, `${name.replace(/[^\w.-]+/g, "_")}.${format}`);
  await writeFile(path, format === "npy" ? writeNpy(tensor) : writeTensorProto(encodeTensor(tensor, name)));
  return path;
}

/**
 * The tensors of a test set: files `KIND_0`, `KIND_1`, ... of a folder, or files with the names of the model's inputs or outputs.
 * Numbered ones belong to the names they hold if those are all known, else to the model's in order.
 */
export async function readTensorSet(
  folder: string,
  kind: "input" | "output",
  names: readonly string[],
): Promise<Map<string, HostTensor>> {
  const files = await filesOf(folder);
  const stem = (file: string) => file.replace(/\.(npy|pb)$/, "");
  const numbered = files
    .filter((file) => new RegExp(`^${kind}_\\d+$`).test(stem(file)))
    .sort((a, b) => Number(stem(a).split("_")[1]) - Number(stem(b).split("_")[1]));
  const tensors = await Promise.all(numbered.map((file) => readTensor(join(folder, file))));
  const known =
    tensors.every(({ name }) => names.includes(name)) &&
    new Set(tensors.map(({ name }) => name)).size === tensors.length;
  const set = new Map<string, HostTensor>();
  for (const [i, { name, tensor }] of tensors.entries()) {
    if (!known && i >= names.length) {
      throw new ArgumentError(
        expected(folder, `${kind}s`, `${names.length} tensors (${names.join(", ")})`, tensors.length),
      );
    }
    set.set(known ? name : names[i], tensor);
  }
  for (const name of names) {
    const file = files.find((each) => stem(each) === name.replace(/[^\w.-]+/g, "_"));
    if (file && !set.has(name)) set.set(name, (await readTensor(join(folder, file))).tensor);
  }
  return set;
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /\.(npy|pb)$/.test(name));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const got = code === "ENOENT" ? "no such folder" : code === "ENOTDIR" ? "a file" : String(code);
    throw new ArgumentError(expected(folder, "test set", "a folder with input_0, output_0, ...", got), {
      cause: error,
    });
  }
}
