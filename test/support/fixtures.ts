/** Data made by others, kept beside the project and not in it: `../shared`. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { readTensorProto } from "../../src/onnx/proto.ts";
import { decodeTensor } from "../../src/onnx/tensor.ts";

const ROOT = resolve(import.meta.dirname, "../../../shared");

/** The absolute path of a file or folder of ../shared; undefined if it is not there. */
export function shared(path: string): string | undefined {
  const absolute = join(ROOT, path);
  return existsSync(absolute) ? absolute : undefined;
}

/** A `describe` whose body gets the absolute path, and that is skipped, saying why, if ../shared lacks it. */
export function describeShared(name: string, path: string, body: (absolute: string) => void): void {
  const absolute = shared(path);
  if (absolute) describe(name, () => body(absolute));
  else describe.skip(`${name} (skipped: ../shared/${path} is absent)`, () => body(join(ROOT, path)));
}

export function readBytes(path: string): Uint8Array {
  const buffer = readFileSync(path);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** A .pb file that holds one TensorProto. */
export function readTensorFile(path: string): HostTensor {
  return decodeTensor(readTensorProto(readBytes(path)));
}

/** Every file below `folder` whose name ends in `suffix`, sorted; none if there is no such folder. */
export function filesBelow(folder: string, suffix: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries
    .filter((entry) => entry.endsWith(suffix))
    .sort()
    .map((entry) => join(folder, entry));
}

/** Names of the folders in `folder` (a suite of ../shared/conformance, say) that hold a model.onnx, sorted. */
export function casesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "model.onnx")))
    .sort();
}

export interface TestSet {
  readonly folder: string;
  /** In the order of the graph's inputs (initializers left out). */
  readonly inputs: HostTensor[];
  readonly outputs: HostTensor[];
}

/** The `test_data_set_N` folders beside a model.onnx. */
export function readTestSets(folder: string): TestSet[] {
  const sets = readdirSync(folder).filter((name) => name.startsWith("test_data_set_"));
  return sets.sort().map((name) => {
    const set = join(folder, name);
    return { folder: set, inputs: readTensors(set, "input"), outputs: readTensors(set, "output") };
  });
}

function readTensors(set: string, kind: string): HostTensor[] {
  const tensors: HostTensor[] = [];
  for (let i = 0; existsSync(join(set, `${kind}_${i}.pb`)); i++) {
    tensors.push(readTensorFile(join(set, `${kind}_${i}.pb`)));
  }
  return tensors;
}
