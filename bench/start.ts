/** How long a whole process takes to its first answer, and how much memory. */

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModel } from "../src/onnx/proto.ts";
import { decodeTensor } from "../src/onnx/tensor.ts";
import { bundleStarts, OUT, ROOT } from "./bundle.ts";
import { milliseconds } from "./report.ts";
import { programOf, type Runtime } from "./runtimes.ts";

export interface StartRow {
  readonly name: string;
  /** From the start of the process to its answer. */
  readonly ms: number;
  /** Greatest resident memory. */
  readonly mib: number;
}

export interface StartReport {
  readonly runtime: string;
  readonly rows: readonly StartRow[];
}

/** What a start-up program prints. */
interface Answer {
  readonly scores: readonly number[];
  readonly mib: number;
  readonly runtime: string;
}

const PROGRAMS = ["empty", "lanewise", "onnxruntime-web", "tfjs-wasm"];
const TOLERANCE = 1e-4;

export async function runStarts(runtime: Runtime, rounds: number): Promise<StartReport> {
  if (runtime === "chromium")
    throw new Error("bench: --runtime of bench:start expected a runtime with processes, got chromium");
  const folder = await bundleStarts();
  const model = join(ROOT, "models", "digits.onnx");
  const weights = writeWeights(model);
  const rows = new Map(
    PROGRAMS.map((name) => [name, { name, ms: Number.POSITIVE_INFINITY, mib: Number.POSITIVE_INFINITY }]),
  );
  const answers = new Map<string, Answer>();
  for (let round = 0; round < rounds; round++) {
    for (const name of PROGRAMS) {
      const { ms, answer } = await start(runtime, join(folder, `${name}.mjs`), name === "tfjs-wasm" ? weights : model);
      const row = rows.get(name)!;
      row.ms = Math.min(row.ms, ms);
      row.mib = Math.min(row.mib, answer.mib);
      answers.set(name, answer);
    }
    if (round === 0) checkAnswers(answers);
  }
  return { runtime: answers.get("empty")!.runtime, rows: [...rows.values()] };
}

export function startTable({ rows }: StartReport): string[][] {
  return [["", "ms", "MiB"], ...rows.map(({ name, ms, mib }) => [name, milliseconds(ms), mib.toFixed(1)])];
}

/** Runs a program; the time is that of the first line it prints. */
async function start(runtime: Runtime, file: string, input: string): Promise<{ ms: number; answer: Answer }> {
  const { command, args } = programOf(runtime);
  const begin = performance.now();
  const child = spawn(command, [...args, file, input], { stdio: ["ignore", "pipe", "inherit"] });
  let ms = 0;
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    ms ||= performance.now() - begin;
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`bench: ${file} expected to finish, got exit code ${code}`);
  return { ms, answer: JSON.parse(text) as Answer };
}

function checkAnswers(answers: ReadonlyMap<string, Answer>): void {
  const [, own, ...peers] = PROGRAMS;
  const want = answers.get(own)!.scores;
  for (const peer of peers) {
    const got = answers.get(peer)!.scores;
    const bound = TOLERANCE * Math.max(...want.map(Math.abs));
    const same = got.length === want.length && got.every((score, i) => Math.abs(score - want[i]) <= bound);
    if (!same)
      throw new Error(`bench: ${own} and ${peer} disagree on the digit: ${want.join(" ")} and ${got.join(" ")}`);
  }
}

/** The weights of the digits model as JSON, in the order and the layouts in which tfjs wants them. */
function writeWeights(model: string): string {
  const { graph } = readModel(readFileSync(model));
  const tensors = graph.initializer.map((proto) => {
    const { shape, data } = forTfjs(decodeTensor(proto).data as Float32Array, proto.dims);
    return { shape, base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
  });
  mkdirSync(OUT, { recursive: true });
  const file = join(OUT, "digits.json");
  writeFileSync(file, JSON.stringify(tensors));
  return file;
}

/** Filters to [KH, KW, IC, OC], matrices to [inputs, outputs]; the 600 inputs of the first are an image, and come channels last. */
function forTfjs(data: Float32Array, shape: readonly number[]): { data: Float32Array; shape: readonly number[] } {
  if (shape.length < 2) return { data, shape };
  const [OC, IC, KH, KW] =
    shape.length === 4 ? shape : [shape[0], ...(shape[1] === 600 ? [24, 5, 5] : [shape[1], 1, 1])];
  const taps = KH * KW;
  const to = new Float32Array(data.length);
  for (let oc = 0; oc < OC; oc++) {
    for (let ic = 0; ic < IC; ic++) {
      for (let tap = 0; tap < taps; tap++) to[(tap * IC + ic) * OC + oc] = data[(oc * IC + ic) * taps + tap];
    }
  }
  return { data: to, shape: shape.length === 4 ? [KH, KW, IC, OC] : [taps * IC, OC] };
}
