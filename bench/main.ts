// npm run bench | bench:models | bench:start: see README.md.
import { parseArgs } from "node:util";
import { prepare } from "./bundle.ts";
import { ENGINES } from "./engines/engine.ts";
import { markdownTable, plainTable, type Report, tableOf, toJson } from "./report.ts";
import { saveResults } from "./results.ts";
import { RUNTIMES, type Runtime, runIn } from "./runtimes.ts";
import { runStarts, startTable } from "./start.ts";
import { rowNames } from "./suite-names.ts";

const HEADERS = {
  layers:
    "Layers of one image, one thread, float32. Milliseconds, least and median over the rounds. lanewise: the steps of a loaded\n" +
    "one-node model but for changes of layout, on data in its memory. onnxruntime-web: all of session.run (copies and layout\n" +
    "included). tfjs-wasm: the operator on channels-last tensors in its memory. Rates and shares are lanewise's, in operations of\n" +
    "the direct algorithm, so that Winograd's can exceed the peak. All engines' results agreed before anything was timed.",
  models:
    "Whole networks on one image, one thread, float32: all of model.runSync and of session.run, copies in and out included.\n" +
    "Milliseconds, least and median over the rounds. Rates and shares are lanewise's, in operations of the direct algorithms.\n" +
    "The engines' results agreed before anything was timed. A first run is that of a fresh process, after loading.",
  start:
    "A whole process, from its start to the first answer of the digits model, and its greatest resident memory. The least of\n" +
    "the runs. tfjs-wasm gets its weights ready to use and has no model format to read.",
} as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    runtime: { type: "string", default: "node" },
    rounds: { type: "string" },
    first: { type: "boolean", default: false },
    results: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
  },
});

const [suite = "layers"] = positionals;
const runtime = values.runtime as Runtime;
if (suite !== "layers" && suite !== "models" && suite !== "start")
  throw fail("bench", "layers, models or start", suite);
if (!RUNTIMES.includes(runtime)) throw fail("--runtime", RUNTIMES.join(", "), runtime);
const rounds = Number(values.rounds ?? (suite === "layers" ? 25 : 10));
if (!Number.isInteger(rounds) || rounds < 1) throw fail("--rounds", "a whole number from 1", values.rounds);

if (!values["no-build"]) prepare();
if (suite === "start") {
  const report = await runStarts(runtime, rounds);
  finish(report.runtime, startTable(report), JSON.stringify({ rows: report.rows }));
} else {
  const report = await runRows(suite, values.only ?? "", values.first);
  const engines = suite === "layers" ? ENGINES : ENGINES.slice(0, 2);
  finish(
    `${report.runtime}, peak ${report.peak.toFixed(1)} GFLOP/s`,
    tableOf(report, engines),
    toJson(report),
    report.notes,
  );
}

/** All rows in one process; with first runs, each row in a process of its own, which has run nothing yet. */
async function runRows(suite: "layers" | "models", only: string, first: boolean): Promise<Report> {
  if (!first) return runIn(runtime, { suite, rounds, only, first });
  const reports: Report[] = [];
  for (const name of rowNames(suite).filter((each) => new RegExp(only, "i").test(each))) {
    const exactly = `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
    reports.push(await runIn(runtime, { suite, rounds, only: exactly, first }));
  }
  return {
    runtime: reports[0]?.runtime ?? runtime,
    peak: Math.max(0, ...reports.map(({ peak }) => peak)),
    rows: reports.flatMap(({ rows }) => rows),
    notes: reports.flatMap(({ notes }) => notes),
  };
}

function finish(where: string, table: string[][], json: string, notes: readonly string[] = []): void {
  const header = HEADERS[suite as keyof typeof HEADERS];
  if (values.json) console.log(json);
  else console.log([header, "", `${suite}, ${where}`, "", plainTable(table), ...notes].join("\n"));
  if (values.results)
    saveResults(suite, where, [header, "", markdownTable(table), "", ...notes.map((note) => `- ${note}`)]);
}

function fail(what: string, wanted: string, got: unknown): Error {
  return new Error(`bench: ${what} expected ${wanted}, got ${got}`);
}
