// Runs the ONNX backend cases below a folder: npm run conformance -- DIR [--filter PATTERN] [--verbose]
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findCases, runCase } from "../test/conformance.ts";

const USAGE = "usage: npm run conformance -- DIR [--filter PATTERN] [--verbose]";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { filter: { type: "string" }, verbose: { type: "boolean" } },
});
const folder = positionals[0];
if (positionals.length !== 1) stop(USAGE);
if (!existsSync(folder)) stop(`conformance: DIR expected a folder, got ${folder}`);

const kernels = new URL("../build/release.wasm", import.meta.url);
if (!existsSync(kernels)) stop("conformance: kernels expected in build/release.wasm, got none (npm run build)");
const module = new WebAssembly.Module(readFileSync(kernels));

const pattern = new RegExp(values.filter ?? "");
const cases = findCases(folder).filter(({ name }) => pattern.test(name));
if (cases.length === 0)
  stop(`conformance: ${folder} expected to hold cases (folders with model.onnx and test data), got none`);

const counts = { passed: 0, failed: 0, refused: 0 };
const refusals = new Map<string, number>(); // cases by what they are refused for
for (const each of cases) {
  const start = performance.now();
  const { result, reason, items = [] } = runCase(each, module);
  counts[result]++;
  for (const what of new Set(items.map(({ operator, reason }) => `${operator}: ${reason}`))) {
    refusals.set(what, (refusals.get(what) ?? 0) + 1);
  }
  if (result !== "passed") console.log(`${result} ${each.name}: ${reason}`);
  else if (values.verbose) console.log(`passed ${each.name} (${(performance.now() - start).toFixed(0)} ms)`);
}
if (values.verbose) {
  const byCount = [...refusals].sort(([, a], [, b]) => b - a);
  for (const [what, count] of byCount) console.log(`${count} refused for ${what}`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.refused} refused`);
process.exitCode = counts.failed > 0 ? 1 : 0;

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
