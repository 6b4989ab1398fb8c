// npm run test:runtimes -- [--update] [--only NAME,NAME]
// The suite in every runtime, whose outputs must have the digests of expected.json, starts where something is
// lacking, the programs of examples/, small pages under each bundler, and what checkers say of the package. Works on dist/.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { testBundlers } from "./bundlers.ts";
import { testExamples } from "./examples.ts";
import { Digest } from "./hash.ts";
import { testLacks } from "./lacks.ts";
import { testPackage } from "./package.ts";
import { HERE, installPackage, installTools, ROOT } from "./project.ts";
import { RUNTIMES, type Runtime } from "./runtimes.ts";
import { serveStalled } from "./server.ts";
import type { Report } from "./suite.ts";
import { Tally } from "./tally.ts";

const { values } = parseArgs({
  options: { update: { type: "boolean", default: false }, only: { type: "string", default: "" } },
});
const wanted = values.only.toLowerCase().split(",");
const expectedFile = join(HERE, "expected.json");
let expected: Record<string, string> = JSON.parse(readFileSync(expectedFile, "utf8"));

const isWanted = (name: string) => wanted.some((part) => name.toLowerCase().includes(part));
const tally = new Tally();
await installTools();
const file = installPackage();

const stalled = await serveStalled(readFileSync(join(ROOT, "models/digits.onnx")));
for (const runtime of RUNTIMES) {
  if (isWanted(runtime.name)) await runIn(runtime);
}
stalled.close();

if (isWanted("lacks")) await testLacks(tally);
if (isWanted("package")) await testPackage(tally, file);
if (isWanted("examples")) await testExamples(tally);
if (isWanted("bundlers")) await testBundlers(tally);

console.log(String(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

async function runIn(runtime: Runtime): Promise<void> {
  if (runtime.missing) return tally.skip(runtime.name, runtime.missing);
  const start = performance.now();
  let version = "";
  let report: Report;
  try {
    version = await runtime.version();
    report = await runtime.report(stalled.url);
  } catch (error) {
    return tally.fail(`${runtime.name} ${version}`, error);
  }
  if (values.update && runtime === RUNTIMES[0]) update(report);
  const differences = Object.keys({ ...expected, ...report.hashes })
    .filter((name) => report.hashes[name] !== expected[name])
    .filter((name) => !report.failures.some((failure) => failure.name === name));
  const passed = Object.keys(report.hashes).filter((name) => !differences.includes(name)).length;
  tally.passed += passed;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const label = `${runtime.name} ${version}`.padEnd(24);
  console.log(`${label} ${String(passed).padStart(3)} passed  outputs ${digestOf(report.hashes)}  ${seconds} s`);
  for (const { name, message } of report.failures) tally.fail(`${runtime.name}: ${name}`, message);
  for (const name of differences) {
    const [want, got] = [expected[name] ?? "none", report.hashes[name] ?? "none"];
    tally.fail(
      `${runtime.name}: ${name}`,
      `outputs expected to have the digest ${want}, got ${got} (--update renews them)`,
    );
  }
}

/** Takes the outputs of a report as those to expect. */
function update({ hashes }: Report): void {
  expected = { ...hashes };
  writeFileSync(expectedFile, `${JSON.stringify(expected, null, 2)}\n`);
}

function digestOf(hashes: Readonly<Record<string, string>>): string {
  const digest = new Digest();
  for (const [name, hash] of Object.entries(hashes)) digest.text(`${name} ${hash}`);
  return String(digest);
}
