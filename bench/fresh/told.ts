import { readFileSync, writeFileSync } from "node:fs";
import type { Outputs } from "../agree.ts";
import type { Feed } from "../engines/engine.ts";
import { feedOf } from "../models/index.ts";
import { greatestResident, runtimeName } from "../resident.ts";

/** What a program of this folder is told, as JSON in its first argument. */
export interface Task {
  /** Path of the model. */
  readonly file: string;
  /** Name of its input, "" where it has only one. */
  readonly input: string;
  readonly shape: readonly number[];
  readonly range: readonly [number, number];
  /** Where to write the values of its outputs, one after the other. */
  readonly outputs: string;
}

/** What it tells, as JSON on stdout. */
export interface Told {
  readonly runtime: string;
  /** Milliseconds of loading, and of the first run after it. */
  readonly load: number;
  readonly first: number;
  /** Greatest resident memory of the process. */
  readonly mib: number;
  /** The wasm memory after the runs. */
  readonly wasmMib: number;
  /** 10^9 operations of a run; 0 where the engine does not count them. */
  readonly gflop: number;
  /** Names and numbers of elements. */
  readonly outputs: readonly (readonly [string, number])[];
}

interface Loaded {
  run(): Promise<Outputs>;
  wasmBytes(): number;
  gflop?(): number;
}

/** Later runs, whose memory counts too. */
const MORE_RUNS = 3;

/** Reads the model, loads it with `load`, runs it, and tells about it. */
export async function tell(load: (bytes: Uint8Array, feed: Feed) => Promise<Loaded>): Promise<void> {
  const task = JSON.parse(process.argv[2]) as Task;
  const feed = feedOf(task.input, task.shape, ...task.range);
  const bytes = readFileSync(task.file);
  const start = performance.now();
  const loaded = await load(bytes, feed);
  const ready = performance.now();
  let outputs = await loaded.run();
  const done = performance.now();
  for (let i = 0; i < MORE_RUNS; i++) outputs = await loaded.run();
  const mib = greatestResident();
  const told: Told = {
    runtime: runtimeName(),
    load: ready - start,
    first: done - ready,
    mib,
    wasmMib: loaded.wasmBytes() / 2 ** 20,
    gflop: loaded.gflop?.() ?? 0,
    outputs: Object.entries(outputs).map(([name, { length }]) => [name, length]),
  };
  const parts = Object.values(outputs).map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  );
  writeFileSync(task.outputs, Buffer.concat(parts));
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
