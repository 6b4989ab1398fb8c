// How each runtime is started on the suite, and how its report comes back.
import { copyFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { BROWSERS, withBrowser } from "./browsers.ts";
import { answerOf, Running, run } from "./process.ts";
import { APP, bundleSuite, packed, tool } from "./project.ts";
import { servePages } from "./server.ts";
import type { Report } from "./suite.ts";

export interface Runtime {
  readonly name: string;
  /** Why it cannot be had, if so. */
  readonly missing?: string;
  version(): Promise<string>;
  /** Runs the suite. `stalled` is the URL of a server that answers late. */
  report(stalled: string): Promise<Report>;
}

/** "lanewise" is left in the bundle, for the runtime to find. */
const AS_IT_IS = { external: ["lanewise", "lanewise/image", "lanewise/nn", "lanewise-copy"] };

const number = (text: string) => text.match(/\d+(\.\d+)+/)?.[0] ?? text.trim();
const program = (name: string, command: string, ...args: string[]): Runtime => ({
  name,
  version: async () => number(await run(command, ["--version"])),
  async report(stalled) {
    const suite = await bundleSuite("print.ts", "suite.js", stalled, AS_IT_IS);
    const output = await run(command, [...args, suite], { cwd: APP });
    const line = output.split("\n").find((each) => each.startsWith("REPORT "));
    if (!line) throw new Error(`no report: ${output.slice(-1000)}`);
    return JSON.parse(line.slice("REPORT ".length));
  },
});

const workerd: Runtime = {
  name: "workerd",
  version: async () => number((await run(tool(".bin/workerd"), ["--version"])).replaceAll("-", ".")),
  async report(stalled) {
    await bundleSuite(
      "worker.ts",
      "worker.js",
      stalled,
      { conditions: ["workerd", "worker", "browser"], plugins: [packed, wasmBeside(APP)] },
      false,
    );
    const port = await freePort();
    writeFileSync(join(APP, "workerd.capnp"), workerdConfig(port, "worker.js"));
    const server = new Running(tool(".bin/workerd"), ["serve", "workerd.capnp"], { cwd: APP });
    try {
      return (await (await answerOf(server, `http://127.0.0.1:${port}/`)).json()) as Report;
    } finally {
      await server.stop();
    }
  },
};

/** As wrangler does it: an imported .wasm file becomes a module of the worker. */
export function wasmBeside(folder: string): Plugin {
  return {
    name: "wasm",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.wasm$/ }, async ({ path, resolveDir, kind, pluginData }) => {
        if (pluginData === "file") return undefined;
        const file = await resolve(path, { resolveDir, kind, pluginData: "file" });
        copyFileSync(file.path, join(folder, "lanewise.wasm"));
        return { path: "./lanewise.wasm", external: true };
      });
    },
  };
}

function workerdConfig(port: number, script: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
        (name = "${script}", esModule = embed "${script}"),
        (name = "lanewise.wasm", wasm = embed "lanewise.wasm"),
      ],
      compatibilityDate = "2025-01-01",
    )),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
}

const edge: Runtime = {
  name: "edge-runtime",
  version: async () => {
    const { default: manifest } = await import(tool("edge-runtime/package.json"), { with: { type: "json" } });
    return manifest.version;
  },
  async report(stalled) {
    const conditions = ["edge-light", "worker", "browser"];
    const suite = await bundleSuite(
      "edge.ts",
      "edge.js",
      stalled,
      { conditions, format: "iife", plugins: [wasmGlobal, packed] },
      false,
    );
    const output = await run(process.execPath, [edgeHost(suite, "http://localhost/", [{ path: "" }])], { cwd: APP });
    return JSON.parse(output.split("REPORT ")[1]);
  },
};

/** As Vercel does it: the module is compiled at deployment and given to the script as a global. */
export const wasmGlobal: Plugin = {
  name: "wasm",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.wasm(\?module)?$/ }, () => ({ path: "wasm", namespace: "global" }));
    onLoad({ filter: /.*/, namespace: "global" }, () => ({ contents: "export default wasm_module;" }));
  },
};

/** A program that answers requests by the script, in a context that compiles neither bytes nor text. Bodies are files. */
export function edgeHost(script: string, base: string, requests: readonly { path: string; body?: string }[]): string {
  const host = join(APP, "edge-host.mjs");
  const code = `import { readFileSync } from "node:fs";
import { EdgeRuntime } from ${JSON.stringify(tool("edge-runtime/dist/index.js"))};
const wasm = new WebAssembly.Module(readFileSync(${JSON.stringify(join(APP, "node_modules/lanewise/dist/lanewise.wasm"))}));
const runtime = new EdgeRuntime({
  initialCode: readFileSync(${JSON.stringify(script)}, "utf8"),
  codeGeneration: { strings: false, wasm: false },
  extend: (context) => Object.assign(context, { wasm_module: wasm }),
});
for (const { path, body } of ${JSON.stringify(requests)}) {
  const init = body ? { method: "POST", body: readFileSync(body) } : {};
  const response = await runtime.dispatchFetch(${JSON.stringify(base)} + path, init);
  console.log("REPORT " + (await response.text()));
}
`;
  writeFileSync(host, code);
  return host;
}

/** What a page without a bundler needs, if node_modules is served beside it. */
export const IMPORT_MAP = `<script type="importmap">
{
  "imports": {
    "lanewise": "/node_modules/lanewise/dist/index.js",
    "lanewise/image": "/node_modules/lanewise/dist/image/index.js",
    "lanewise/nn": "/node_modules/lanewise/dist/nn/index.js",
    "lanewise-copy": "/node_modules/lanewise-copy/dist/index.js",
    "#wasm": "/node_modules/lanewise/dist/wasm/embedded.js"
  },
  "scopes": {
    "/node_modules/lanewise-copy/": { "#wasm": "/node_modules/lanewise-copy/dist/wasm/embedded.js" }
  }
}
</script>`;

const browsers: Runtime[] = BROWSERS.map((browser) => ({
  name: browser.name,
  ...(browser.program === undefined && { missing: `not installed (apt-get install ${browser.packages})` }),
  version: async () => browser.version(browser.program as string),
  async report(stalled) {
    await bundleSuite("page.ts", "page.js", stalled, AS_IT_IS);
    writeFileSync(join(APP, "page.html"), `<!doctype html>${IMPORT_MAP}<script type="module" src="page.js"></script>`);
    const server = await servePages(APP, REPORT_ERRORS);
    try {
      return JSON.parse(await withBrowser(browser, `${server.url}page.html`, server.report));
    } finally {
      server.close();
    }
  },
}));

/** Lets a page that fails say so. */
const REPORT_ERRORS = `<script>
for (const kind of ["error", "unhandledrejection"]) addEventListener(kind, (event) => {
  const message = String(event.reason ?? event.message ?? event.target?.src);
  fetch("/report", { method: "POST", body: JSON.stringify({ hashes: {}, failures: [{ name: "page", message }] }) });
}, true);
</script>`;

export const RUNTIMES: readonly Runtime[] = [
  program("Node", process.execPath),
  program("Node 22", tool("node22/bin/node")),
  program("Node 24", tool("node24/bin/node")),
  program("Deno", tool(".bin/deno"), "run", "--no-lock", "--node-modules-dir=manual", "--cached-only", "--allow-net"),
  program("Bun", tool(".bin/bun"), "run"),
  workerd,
  edge,
  ...browsers,
];

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
