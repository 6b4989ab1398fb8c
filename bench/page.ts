/** Runs a suite in a page of a browser: the page is served here, and tells its report to its server. */

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { BROWSERS, withBrowser } from "../test/runtimes/browsers.ts";
import type { SuiteOptions } from "./bench.ts";
import { bundleForPage, MODULES, SHARED_MODELS } from "./bundle.ts";
import type { Report } from "./report.ts";

const LIMIT_MS = 3_600_000;

export async function runInBrowser(name: string, options: SuiteOptions): Promise<Report> {
  const browser = BROWSERS.find((each) => each.name.toLowerCase() === name);
  if (!browser?.program) throw new Error(`bench: --runtime ${name} expected ${browser?.packages} to be installed`);
  const server = await serve(await bundleForPage(), options);
  try {
    return await withBrowser(browser, server.url, server.report, LIMIT_MS);
  } finally {
    server.close();
  }
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** The page, its script, the peers' .wasm files and the shared models, isolated from other origins so that the clock is fine. */
async function serve(
  script: string,
  options: SuiteOptions,
): Promise<{ url: string; report: Promise<Report>; close(): void }> {
  const folders: Readonly<Record<string, string>> = {
    onnxruntime: join(MODULES, "onnxruntime-web", "dist"),
    tfjs: join(MODULES, "@tensorflow", "tfjs-backend-wasm", "dist"),
    shared: SHARED_MODELS,
  };
  const load = async (path: string): Promise<Uint8Array | string> => {
    if (path === "/")
      return '<!doctype html><title>bench</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
    if (path === "/page.js") return readFile(script);
    if (path === "/options") return JSON.stringify(options);
    const [, folder, ...rest] = path.split("/");
    return readFile(join(folders[folder] ?? "", normalize(rest.join("/"))));
  };
  let settle: { resolve(report: Report): void; reject(error: Error): void };
  const report = new Promise<Report>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const hear = (path: string, text: string) => {
    if (path === "/report") settle.resolve(JSON.parse(text) as Report);
    else if (path === "/failure") settle.reject(new Error(`bench: the page expected to finish, got ${text}`));
    else process.stderr.write(`${text}\n`);
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Content-Type", TYPES[extname(path) || ".html"] ?? "application/octet-stream");
    if (request.method === "POST") {
      textOf(request).then((text) => {
        response.end();
        hear(path, text);
      });
      return;
    }
    load(path).then(
      (body) => response.end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    report,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
