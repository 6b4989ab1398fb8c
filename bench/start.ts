/** How long a whole process takes to its first answer, and how much memory. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModel } from "../src/onnx/proto.ts";
import { decodeTensor } from "../src/onnx/tensor.ts";
import { bundlePrograms, OUT, ROOT } from "./bundle.ts";
import { milliseconds, round } from "./report.ts";
import { type ProcessRuntime, runFile } from "./runtimes.ts";

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

export async function runStarts(runtime: ProcessRuntime, rounds: number): Promise<StartReport> {
  const folder = await bundlePrograms("start", PROGRAMS);
  const model = join(ROOT, "models", "digits.onnx");
  const weights = writeWeights(model);
  const rows = new Map(
    PROGRAMS.map((name) => [name, { name, ms: Number.POSITIVE_INFINITY, mib: Number.POSITIVE_INFINITY }]),
  );
  const answers = new Map<string, Answer>();
  for (let round = 0; round < rounds; round++) {
    for (const name of PROGRAMS) {
      const { text, ms } = await runFile(runtime, join(folder, `${name}.mjs`), name === "tfjs-wasm" ? weights : model);
      const answer = JSON.parse(text) as Answer;
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

/** What `--json` prints. */
export function startJson({ rows }: StartReport): string {
  return JSON.stringify({ rows: rows.map(({ name, ms, mib }) => ({ name, ms: round(ms), mib: round(mib) })) });
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
