// npm run bench | bench:models | bench:scale | bench:memory | bench:start: see README.md.
import { parseArgs } from "node:util";
import { prepare } from "./bundle.ts";
import { ENGINES, type EngineName } from "./engines/engine.ts";
import { firstJson, firstTable, memoryJson, memoryTable, runFresh } from "./fresh.ts";
import { HEADERS, type Table } from "./headers.ts";
import { markdownTable, plainTable, ratioNotes, scaleTable, tableOf, toJson } from "./report.ts";
import { saveResults } from "./results.ts";
import { isProcess, PROCESSES, type ProcessRuntime, RUNTIMES, type Runtime, runIn } from "./runtimes.ts";
import { runStarts, startJson, startTable } from "./start.ts";

/** Names of suites, and how many rounds they take unless told. */
const ROUNDS = { layers: 25, models: 10, scale: 15, memory: 3, start: 10, first: 5 } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    runtime: { type: "string", default: "node" },
    rounds: { type: "string" },
    first: { type: "boolean", default: false },
    relaxed: { type: "boolean", default: false },
    results: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
  },
});

const [suite = "layers"] = positionals;
const table = (suite === "models" && values.first ? "first" : suite) as Table;
const runtime = values.runtime as Runtime;
const { only, relaxed } = values;
if (!["layers", "models", "scale", "memory", "start"].includes(suite)) {
  throw fail("bench", "layers, models, scale, memory or start", suite);
}
if (values.first && suite !== "models") throw fail("--first", "the bench of models", suite);
if (relaxed && suite !== "layers") throw fail("--relaxed", "the bench of layers", suite);
if (only && suite === "start") throw fail("--only", "a bench with rows to choose from", suite);
if (!RUNTIMES.includes(runtime)) throw fail("--runtime", RUNTIMES.join(", "), runtime);
const rounds = Number(values.rounds ?? ROUNDS[table]);
if (!Number.isInteger(rounds) || rounds < 1) throw fail("--rounds", "a whole number from 1", values.rounds);

/** What is printed and kept of a bench. */
interface Outcome {
  readonly where: string;
  readonly table: string[][];
  readonly json: string;
  readonly notes: readonly string[];
}

const outcome = table === "layers" || table === "models" || table === "scale" ? rowsOf : processesOf;
if (outcome === processesOf && !isProcess(runtime)) throw fail(`--runtime of ${table}`, PROCESSES.join(", "), runtime);
if (!values["no-build"]) prepare();
finish(await outcome());

/** All rows in one process or page. */
async function rowsOf(): Promise<Outcome> {
  const report = await runIn(runtime, { suite: table as "layers" | "models" | "scale", rounds, only, relaxed });
  const where = `${report.runtime}, peak ${report.peak.toFixed(1)} GFLOP/s`;
  const [own, ...peers] = ENGINES;
  if (table === "scale") return { where, table: scaleTable(report), json: toJson(report), notes: report.notes };
  const wanted: EngineName[] =
    table === "models" ? [own, peers[0]] : relaxed ? [own, "relaxed", ...peers] : [...ENGINES];
  const notes = [...ratioNotes(report, wanted), ...report.notes];
  return { where, table: tableOf(report, wanted), json: toJson(report), notes };
}

/** Each row in processes of its own. */
async function processesOf(): Promise<Outcome> {
  const where = runtime as ProcessRuntime;
  if (table === "start") {
    const report = await runStarts(where, rounds);
    return { where: report.runtime, table: startTable(report), json: startJson(report), notes: [] };
  }
  const report = await runFresh(where, rounds, only);
  const memory = table === "memory";
  return {
    where: report.runtime,
    table: memory ? memoryTable(report) : firstTable(report),
    json: memory ? memoryJson(report) : firstJson(report),
    notes: report.notes,
  };
}

function finish({ where, table: cells, json, notes }: Outcome): void {
  const header = HEADERS[table];
  const what = [title(), ...(only ? [`only ${only}`] : [])].join(", ");
  if (values.json) console.log(json);
  else console.log([header, "", `${what}, ${where}`, "", plainTable(cells), ...notes].join("\n"));
  if (values.results) {
    const list = notes.map((note) => `- ${note}`);
    saveResults(what, where, [header, "", markdownTable(cells), "", ...list]);
  }
}

function title(): string {
  if (table === "first") return "first runs";
  return relaxed ? "layers and relaxed" : table;
}

function fail(what: string, wanted: string, got: unknown): Error {
  return new Error(`bench: ${what} expected ${wanted}, got ${got}`);
}
