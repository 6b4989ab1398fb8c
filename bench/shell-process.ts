/** Runs a suite in Node or Deno: options as JSON in the first argument, the report as JSON on stdout, the rest on stderr. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SuiteOptions } from "./bench.ts";
import { runSuite } from "./suite.ts";

console.log = console.info = console.error;

const { shared, ...options } = JSON.parse(process.argv[2]) as SuiteOptions & { shared: string };
const deno = process.versions["deno"];

const report = await runSuite(options, {
  runtime: deno ? `Deno ${deno}` : `Node ${process.versions.node}`,
  readShared: (file) => readFile(join(shared, file)).catch(() => undefined),
  progress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
