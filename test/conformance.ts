/** Runs ONNX backend cases: models with inputs and the outputs that they must give. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { HostTensor } from "../src/dtype.ts";
import { LanewiseError, UnsupportedError, type UnsupportedItem } from "../src/errors.ts";
import { Model } from "../src/graph/model.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../src/half.ts";
import { importModel } from "../src/onnx/import.ts";
import { declaredShape, type ModelProto, readModel, readTensorProto, type TensorProto } from "../src/onnx/proto.ts";
import { dataTypeOf, decodeTensor, encodeTensor, nameOfCode } from "../src/onnx/tensor.ts";
import { elementCount, formatShape, isShape, sameShape } from "../src/shape.ts";
import "./support/everything.ts";

/** A model file and the files with its inputs and outputs. */
export interface Case {
  /** Path below the folder that was searched. */
  readonly name: string;
  readonly model: string;
  readonly sets: readonly { readonly inputs: readonly string[]; readonly outputs: readonly string[] }[];
}

/** `reason` says for which variant (weights fed, or weights constant) and why. */
export interface Verdict {
  readonly result: "passed" | "failed" | "refused";
  readonly reason: string;
  /** What a refusal is about. */
  readonly items?: readonly UnsupportedItem[];
}

/** |got - want| <= ATOL + RTOL * |want|, as the ONNX project's own runner has it. */
const RTOL = 1e-3;
const ATOL = 1e-7;

/** All cases below a folder, sorted: folders with a model.onnx, and `light_X.onnx` beside `light_X_output_0.pb`. */
export function findCases(folder: string, name = ""): Case[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const cases: Case[] = [];
  if (existsSync(join(folder, "model.onnx"))) {
    const sets = entries
      .filter((entry) => entry.name.startsWith("test_data_set_"))
      .map((set) => join(folder, set.name));
    if (sets.length > 0) {
      const files = sets.map((set) => ({ inputs: numbered(set, "input_"), outputs: numbered(set, "output_") }));
      cases.push({ name: name || basename(resolve(folder)), model: join(folder, "model.onnx"), sets: files });
    }
  }
  for (const entry of entries) {
    const path = name ? `${name}/${entry.name}` : entry.name;
    const stem = entry.name.replace(/\.onnx$/, "");
    if (entry.isDirectory()) cases.push(...findCases(join(folder, entry.name), path));
    else if (stem !== entry.name && existsSync(join(folder, `${stem}_output_0.pb`))) {
      const outputs = numbered(folder, `${stem}_output_`);
      cases.push({ name: path, model: join(folder, entry.name), sets: [{ inputs: [], outputs }] });
    }
  }
  return cases;
}

function numbered(folder: string, stem: string): string[] {
  const files: string[] = [];
  for (let i = 0; existsSync(join(folder, `${stem}${i}.pb`)); i++) files.push(join(folder, `${stem}${i}.pb`));
  return files;
}

/**
 * Runs a case twice: as it is, and with all inputs but the first made constants, so that weights are packed and folded.
 * Refused means that lanewise says it does not support the model; everything else that is not the wanted result failed.
 */
export function runCase(each: Case, module: WebAssembly.Module): Verdict {
  const verdicts: Verdict[] = [];
  for (const set of each.sets) {
    verdicts.push(attempt("weights fed", () => runSet(each.model, set, module, false)));
    if (set.inputs.length > 1) verdicts.push(attempt("weights constant", () => runSet(each.model, set, module, true)));
  }
  const worst = verdicts.find((v) => v.result === "failed") ?? verdicts.find((v) => v.result === "refused");
  return worst ?? { result: "passed", reason: "" };
}

function attempt(variant: string, run: () => string | undefined): Verdict {
  try {
    const reason = run();
    return reason ? { result: "failed", reason: `${variant}: ${reason}` } : { result: "passed", reason: "" };
  } catch (error) {
    if (error instanceof UnsupportedError) return { result: "refused", reason: reasons(error), items: error.items };
    const text = error instanceof LanewiseError ? error.message : String(error);
    return { result: "failed", reason: `${variant}: ${oneLine(text)}` };
  }
}

/** One part for each thing that is not supported, with the first of the nodes that want it. */
function reasons({ items, message }: UnsupportedError): string {
  if (items.length === 0) return oneLine(message);
  const counts = new Map<string, { item: UnsupportedItem; count: number }>();
  for (const item of items) {
    const group = counts.get(`${item.operator}|${item.reason}`) ?? { item, count: 0 };
    group.count++;
    counts.set(`${item.operator}|${item.reason}`, group);
  }
  const parts = Array.from(counts.values(), ({ item: { operator, node, reason }, count }) => {
    const more = count > 1 ? ` and ${count - 1} more` : "";
    return `${operator} "${node}"${more}: ${reason}`;
  });
  return parts.join("; ");
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " | ").slice(0, 500);
}

/** What is wrong, or undefined. The model is imported first: its refusal comes before anything about the data. */
function runSet(path: string, files: Case["sets"][number], module: WebAssembly.Module, constantWeights: boolean) {
  const proto = readModel(readBytes(path));
  const graph = importModel(proto);
  const names = fedNames(proto, files.inputs.length);
  const tensors = files.inputs.map((file) => readTensorProto(readBytes(file)));
  const feeds = files.inputs.length > 0 || names.length === 0 ? named(names, tensors) : ramps(proto, names);
  const wanted = files.outputs.map((file) => decodeTensor(readTensorProto(readBytes(file))));
  if (!constantWeights) return compareAll(proto, new Model(graph, module).runSync(feeds), wanted);
  const [data, ...weights] = names;
  const model = new Model(importModel(promote(proto, weights, feeds)), module);
  return compareAll(proto, model.runSync({ [data]: feeds[data] }), wanted);
}

function readBytes(path: string): Uint8Array {
  const buffer = readFileSync(path);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** The inputs that the files are for: all, or those that are no initializers. */
function fedNames({ graph }: ModelProto, count: number): string[] {
  const all = graph.input.map(({ name }) => name);
  if (all.length === count) return all;
  const initialized = new Set(graph.initializer.map(({ name }) => name));
  return all.filter((name) => !initialized.has(name)).slice(0, count || undefined);
}

function named(names: readonly string[], tensors: readonly TensorProto[]): Record<string, HostTensor> {
  return Object.fromEntries(names.map((name, i) => [name, decodeTensor(tensors[i])]));
}

/** 0, 1/N, 2/N ... for every input: what cases without input files are fed. */
function ramps(proto: ModelProto, names: readonly string[]): Record<string, HostTensor> {
  const ramp = (name: string): HostTensor => {
    const info = proto.graph.input.find((input) => input.name === name)!;
    const code = info.type?.tensorType?.elemType ?? 0;
    const shape = declaredShape(info);
    if (dataTypeOf(code) !== "float32" || !isShape(shape)) {
      throw new Error(`input ${name} expected float32 of a fixed shape, got ${nameOfCode(code)} ${shape}`);
    }
    const count = elementCount(shape);
    return { type: "float32", shape, data: Float32Array.from({ length: count }, (_, i) => i / count) };
  };
  return Object.fromEntries(names.map((name) => [name, ramp(name)]));
}

/** The model with inputs turned into initializers. */
function promote(proto: ModelProto, names: readonly string[], values: Record<string, HostTensor>): ModelProto {
  const { graph } = proto;
  const added = names.map((name) => encodeTensor(values[name], name));
  const kept = graph.initializer.filter(({ name }) => !names.includes(name));
  const input = graph.input.filter(({ name }) => !names.includes(name));
  return { ...proto, graph: { ...graph, input, initializer: [...kept, ...added] } };
}

function compareAll({ graph }: ModelProto, got: Record<string, HostTensor>, wanted: HostTensor[]): string | undefined {
  for (const [i, want] of wanted.entries()) {
    const { name } = graph.output[i];
    if (!got[name]) return `output "${name}" expected a tensor, got none`;
    const difference = compare(got[name], want);
    if (difference) return `output "${name}": ${difference}`;
  }
  return undefined;
}

/** The first difference of two tensors, or undefined: same type and shape, floats close, everything else equal. */
export function compare(got: HostTensor, want: HostTensor): string | undefined {
  if (got.type !== want.type) return `expected ${want.type}, got ${got.type}`;
  if (!sameShape(got.shape, want.shape)) {
    return `expected shape ${formatShape(want.shape)}, got ${formatShape(got.shape)}`;
  }
  const [a, b] = [values(got), values(want)];
  const exact = !got.type.includes("float");
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    if (!exact && Math.abs(Number(a[i]) - Number(b[i])) <= ATOL + RTOL * Math.abs(Number(b[i]))) {
      if (Number.isFinite(a[i]) && Number.isFinite(b[i])) continue;
    }
    if (wrong++ === 0) first = i;
  }
  if (wrong === 0) return undefined;
  return `${wrong} of ${b.length} elements differ: element ${first} expected ${b[first]}, got ${a[first]}`;
}

function values({ type, data }: HostTensor): ArrayLike<number | bigint> {
  if (type === "float16") return float16ToFloat32(data as Uint16Array);
  if (type === "bfloat16") return bfloat16ToFloat32(data as Uint16Array);
  return data;
}
