// The same small page under each bundler and without one, and a Next.js app with its client, its server and its edge.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { BROWSERS, type Browser, withBrowser } from "./browsers.ts";
import { check } from "./check.ts";
import { answerOf, Running, run } from "./process.ts";
import { APP, copyIn, ROOT, tool } from "./project.ts";
import { freePort, IMPORT_MAP } from "./runtimes.ts";
import { servePages } from "./server.ts";
import type { Tally } from "./tally.ts";

/** Bundles main.js and index.html of a folder; the folder with the result. */
type Bundler = (folder: string) => Promise<string>;

const BUNDLERS: Readonly<Record<string, Bundler>> = {
  "script type=module": async (folder) => {
    const html = join(folder, "index.html");
    writeFileSync(html, IMPORT_MAP + readFileSync(html, "utf8"));
    return join(folder, "..");
  },
  async Vite(folder) {
    await run(process.execPath, [tool("vite/bin/vite.js"), "build", "--base", "./"], { cwd: folder });
    return join(folder, "dist");
  },
  async Rollup(folder) {
    const plugin = ["--plugin", tool("@rollup/plugin-node-resolve/dist/cjs/index.js")];
    await run(process.execPath, [tool("rollup/dist/bin/rollup"), "main.js", "--dir", "dist", ...plugin], {
      cwd: folder,
    });
    return withPage(folder);
  },
  async webpack(folder) {
    const { default: webpack } = await import(tool("webpack/lib/index.js"));
    const config = {
      mode: "production",
      context: folder,
      entry: "./main.js",
      output: { path: join(folder, "dist"), filename: "main.js" },
    };
    const stats = await new Promise<{ hasErrors(): boolean; toString(): string }>((resolve, reject) => {
      webpack(config, (error: Error | null, result: { hasErrors(): boolean }) =>
        error ? reject(error) : resolve(result),
      );
    });
    check(!stats.hasErrors(), stats.toString());
    return withPage(folder);
  },
  async esbuild(folder) {
    const entryPoints = [join(folder, "main.js")];
    await esbuild({ entryPoints, outdir: join(folder, "dist"), bundle: true, format: "esm", minify: true });
    return withPage(folder);
  },
};

const KERNELS = join(APP, "node_modules/lanewise/dist/lanewise.wasm");

/** By the model that comes with the package, and of a network made in code. */
const SHOWN = "digit 3, 1568 outputs";

export async function testBundlers(tally: Tally): Promise<void> {
  const browser = BROWSERS.find(({ program }) => program);
  if (!browser) return tally.skip("bundlers", "no browser installed (apt-get install chromium)");
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    await tally.test(`bundler: ${name}`, () => page(name, bundle, browser));
  }
  await tally.test("bundler: Next.js client, server and edge", () => next(browser, "--turbopack", ["node", "edge"]));
  await tally.test("bundler: Next.js by webpack, client and server", () => next(browser, "--webpack", ["node"]));
}

/** Where a bundler writes only the script. */
function withPage(folder: string): string {
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  return join(folder, "dist");
}

/** Reports what the page shows, or why it shows nothing. */
const watch = (base: string) => `
const send = (body) => fetch("${base}report", { method: "POST", body, mode: "no-cors" });
addEventListener("error", (event) => send(event.message ?? "a script failed to load"), true);
addEventListener("unhandledrejection", (event) => send(String(event.reason)));
new MutationObserver(() => {
  const text = document.querySelector("output")?.textContent;
  if (text) send(text);
}).observe(document, { childList: true, subtree: true, characterData: true });
`;

async function page(name: string, bundle: Bundler, browser: Browser): Promise<string> {
  const folder = copyIn("test/runtimes/bundlers", `page-${name.replace(/\W/g, "-")}`);
  const out = await bundle(folder);
  const path = out === join(folder, "..") ? folder.slice(out.length + 1) : "";
  addFiles(join(out, path));
  const server = await servePages(out, `<script>${watch("/")}</script>`);
  try {
    const shown = await withBrowser(browser, `${server.url}${path}/`.replace(/\/+$/, "/"), server.report);
    check(shown === SHOWN, `the page expected to show ${SHOWN}, got ${shown}`);
    return `shows ${shown}`;
  } finally {
    server.close();
  }
}

function addFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, "models/digits.onnx"), join(folder, "digits.onnx"));
  copyFileSync(join(ROOT, "examples/digits/3.png"), join(folder, "3.png"));
  copyFileSync(KERNELS, join(folder, "lanewise.wasm"));
}

/** Builds the app with some of its routes, starts it, posts to these, and opens its page. */
async function next(browser: Browser, bundler: string, routes: readonly string[]): Promise<string> {
  const cwd = copyIn("test/runtimes/bundlers/next", `next${bundler}`);
  // By webpack, Next.js 16 builds no edge routes beside pages, whatever is in them.
  if (!routes.includes("edge")) rmSync(join(cwd, "app/api/edge"), { recursive: true });
  else copyFileSync(KERNELS, join(cwd, "app/api/edge/lanewise.wasm"));
  addFiles(join(cwd, "public"));
  const reports = await servePages(join(cwd, "public"));
  writeFileSync(join(cwd, "public/watch.js"), watch(reports.url));
  writeFileSync(join(cwd, "next.config.mjs"), `export default { turbopack: { root: ${JSON.stringify(ROOT)} } };\n`);
  const options = { cwd, env: { NEXT_TELEMETRY_DISABLED: "1" }, limit: 300_000 };
  const program = tool("next/dist/bin/next");
  let server: Running | undefined;
  try {
    await run(process.execPath, [program, "build", bundler], options);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    server = new Running(process.execPath, [program, "start", "-p", String(port), "-H", "127.0.0.1"], options);
    await answerOf(server, url);
    for (const route of routes) {
      for (const method of ["POST", "PUT"]) {
        const body = readFileSync(join(ROOT, "examples/digits/7.png"));
        const answer = await fetch(`${url}api/${route}`, { method, body });
        const text = await answer.text();
        const found = answer.ok ? JSON.parse(text)[0].class : `${answer.status} ${text} ${server.output.slice(-1500)}`;
        check(found === 7, `${method} of route ${route} expected to read 7, got ${found}`);
        const parameters = answer.headers.get("x-parameters");
        check(
          method === "PUT" || parameters === "8",
          `route ${route} expected to count 8 parameters, got ${parameters}`,
        );
      }
    }
    const shown = await withBrowser(browser, url, reports.report);
    check(shown === SHOWN, `the page expected to show ${SHOWN}, got ${shown}`);
    return "all read their digit";
  } finally {
    reports.close();
    await server?.stop();
  }
}
