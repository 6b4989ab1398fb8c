// npm run bench | bench:models | bench:start: see README.md.
import { parseArgs } from "node:util";
import { prepare } from "./bundle.ts";
import { ENGINES } from "./engines/engine.ts";
import { markdownTable, plainTable, tableOf, toJson } from "./report.ts";
import { saveResults } from "./results.ts";
import { RUNTIMES, type Runtime, runIn } from "./runtimes.ts";
import { runStarts, startTable } from "./start.ts";

const HEADERS = {
  layers:
    "Layers of one image, one thread, float32. Milliseconds, least and median over the rounds. lanewise: the steps of a loaded\n" +
    "one-node model but for changes of layout, on data in its memory. onnxruntime-web: all of session.run (copies and layout\n" +
    "included). tfjs-wasm: the operator on channels-last tensors in its memory. Rates and shares are lanewise's.",
  models:
    "Whole networks on one image, one thread, float32: all of model.runSync and of session.run, copies in and out included.\n" +
    "Milliseconds, least and median over the rounds. Rates and shares are lanewise's.",
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
  const only = values.only === undefined ? {} : { only: values.only };
  const report = await runIn(runtime, { suite, rounds, first: values.first, ...only });
  const engines = suite === "layers" ? ENGINES : ENGINES.slice(0, 2);
  finish(
    `${report.runtime}, peak ${report.peak.toFixed(1)} GFLOP/s`,
    tableOf(report, engines),
    toJson(report),
    report.notes,
  );
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
