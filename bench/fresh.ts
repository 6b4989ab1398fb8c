/** Each model in processes of its own: how long it takes to load and to run first, and how much memory. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { modelsAgree, type Outputs } from "./agree.ts";
import { bundlePrograms, OUT, SHARED_MODELS } from "./bundle.ts";
import type { Task, Told } from "./fresh/told.ts";
import { GENERATED, MORE_SHARED, SEED, SHARED } from "./models/index.ts";
import { divide, milliseconds, round } from "./report.ts";
import { type ProcessRuntime, runFile } from "./runtimes.ts";

const PROGRAMS = ["empty", "lanewise", "onnxruntime-web"] as const;
type Program = (typeof PROGRAMS)[number];

/** The least of all rounds. */
type Figures = Pick<Told, "load" | "first" | "mib" | "wasmMib">;

export interface FreshRow {
  readonly name: string;
  /** As lanewise counts, 10^9 operations. */
  readonly gflop: number;
  readonly fileMib: number;
  readonly figures: Readonly<Record<Program, Figures>>;
}

export interface FreshReport {
  readonly runtime: string;
  readonly rows: readonly FreshRow[];
  readonly notes: readonly string[];
}

interface Subject extends Omit<Task, "outputs"> {
  readonly name: string;
}

export async function runFresh(runtime: ProcessRuntime, rounds: number, only: string): Promise<FreshReport> {
  const programs = await bundlePrograms("fresh", PROGRAMS);
  const rows: FreshRow[] = [];
  const notes: string[] = [];
  let version: string = runtime;
  for (const subject of subjects(new RegExp(only, "i"))) {
    if (!existsSync(subject.file)) {
      notes.push(`${subject.name}: skipped, its file is not in the folder of shared models`);
      continue;
    }
    const told = await rowOf(runtime, rounds, programs, subject);
    rows.push(told.row);
    version = told.runtime;
    process.stderr.write(`${subject.name}: ${told.row.figures.lanewise.mib.toFixed(1)} MiB\n`);
  }
  return { runtime: version, rows, notes };
}

/** Generated models are written to a file, and deleted when the next one is asked for. */
function* subjects(only: RegExp): Generator<Subject> {
  const folder = join(OUT, "fresh");
  mkdirSync(folder, { recursive: true });
  for (const [name, generate] of Object.entries(GENERATED)) {
    if (!only.test(name)) continue;
    const { bytes, input } = generate(SEED);
    const file = join(folder, "model.onnx");
    writeFileSync(file, bytes);
    yield { name, file, input: input.name, shape: [1, ...input.shape], range: [-1, 1] };
    rmSync(file);
  }
  for (const { file, ...model } of [...SHARED, ...MORE_SHARED]) {
    if (only.test(model.name)) yield { ...model, file: join(SHARED_MODELS, file), input: "" };
  }
}

async function rowOf(
  runtime: ProcessRuntime,
  rounds: number,
  programs: string,
  { name, ...task }: Subject,
): Promise<{ row: FreshRow; runtime: string }> {
  const all = new Map<Program, Told[]>(PROGRAMS.map((program) => [program, []]));
  const results = new Map<Program, Outputs>();
  for (let i = 0; i < rounds; i++) {
    for (const program of PROGRAMS) {
      const outputs = join(OUT, "fresh", `${program}.bin`);
      const file = join(programs, `${program}.mjs`);
      const { text } = await runFile(runtime, file, JSON.stringify({ ...task, outputs } satisfies Task));
      const told = JSON.parse(text) as Told;
      all.get(program)!.push(told);
      results.set(program, readOutputs(outputs, told));
    }
    const problem = modelsAgree(results.get("lanewise")!, results.get("onnxruntime-web")!);
    if (problem) throw new Error(`${name}: lanewise and onnxruntime-web disagree: ${problem}`);
  }
  const figures = Object.fromEntries(PROGRAMS.map((program) => [program, leastOf(all.get(program)!)]));
  const [{ gflop, runtime: version }] = all.get("lanewise")!;
  const fileMib = readFileSync(task.file).byteLength / 2 ** 20;
  return { row: { name, gflop, fileMib, figures: figures as FreshRow["figures"] }, runtime: version };
}

function readOutputs(file: string, { outputs }: Told): Outputs {
  const bytes = readFileSync(file);
  rmSync(file);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  let end = 0;
  const named = outputs.map(([name, length]) => {
    end += length;
    return [name, values.subarray(end - length, end)];
  });
  return Object.fromEntries(named) as Outputs;
}

function leastOf(told: readonly Told[]): Figures {
  const least = (key: keyof Figures) => Math.min(...told.map((each) => each[key]));
  return { load: least("load"), first: least("first"), mib: least("mib"), wasmMib: least("wasmMib") };
}

/** Memory over that of the empty process, and of wasm; ratios are the peer's to ours. */
export function memoryTable({ rows }: FreshReport): string[][] {
  const head = ["", "file", "empty process", "lanewise, over it", "onnxruntime-web, over it", "ratio"];
  head.push("lanewise, wasm", "onnxruntime-web, wasm", "ratio");
  const cells = rows.map(({ name, fileMib, figures: { empty, lanewise, "onnxruntime-web": peer } }) => {
    const [own, other] = [lanewise.mib - empty.mib, peer.mib - empty.mib];
    const resident = [own.toFixed(1), other.toFixed(1), divide(other, own)];
    const wasm = [lanewise.wasmMib.toFixed(2), peer.wasmMib.toFixed(2), divide(peer.wasmMib, lanewise.wasmMib)];
    return [name, fileMib.toFixed(2), empty.mib.toFixed(1), ...resident, ...wasm];
  });
  return [head, ...cells];
}

export function firstTable({ rows }: FreshReport): string[][] {
  const engines = ["lanewise", "onnxruntime-web"] as const;
  const head = ["", "GFLOP", ...engines.flatMap((engine) => [`${engine} load`, "first run", "both"]), "ratio"];
  const cells = rows.map(({ name, gflop, figures }) => {
    const times = engines.flatMap((engine) => {
      const { load, first } = figures[engine];
      return [load, first, load + first];
    });
    return [name, gflop.toFixed(gflop < 0.1 ? 4 : 2), ...times.map(milliseconds), divide(times[5], times[2])];
  });
  return [head, ...cells];
}

/** What `--json` prints for `memory`: MiB of whole processes, and of their wasm memories. */
export function memoryJson({ rows }: FreshReport): string {
  const list = rows.map(({ name, gflop, figures }) => {
    const mib = Object.fromEntries(PROGRAMS.map((program) => [program, round(figures[program].mib)]));
    const { empty: _, ...wasm } = Object.fromEntries(
      PROGRAMS.map((program) => [program, round(figures[program].wasmMib)]),
    );
    return { name, gflop, mib, wasm };
  });
  return JSON.stringify({ rows: list });
}

/** What `--json` prints for first runs: milliseconds of loading and first run together, and of each. */
export function firstJson({ rows }: FreshReport): string {
  const list = rows.map(({ name, gflop, figures: { lanewise, "onnxruntime-web": peer } }) => {
    const both = (of: (figures: Figures) => number) => ({
      lanewise: round(of(lanewise)),
      "onnxruntime-web": round(of(peer)),
    });
    return {
      name,
      gflop,
      ms: both(({ load, first }) => load + first),
      load: both(({ load }) => load),
      first: both(({ first }) => first),
    };
  });
  return JSON.stringify({ rows: list });
}
