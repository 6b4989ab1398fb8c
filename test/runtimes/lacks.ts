// Runtimes that really lack something, as far as they have switches for it, and pages under a Content-Security-Policy.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { BROWSERS, type Browser, type Switches, withBrowser } from "./browsers.ts";
import { check } from "./check.ts";
import { run } from "./process.ts";
import { APP, HERE, packed, tool } from "./project.ts";
import { servePages } from "./server.ts";
import type { Tally } from "./tally.ts";

const WANTED = "^runtime: lanewise: runtime expected to compile WebAssembly with SIMD, got";

/** What a start says, by what is lacking. */
const SAID = {
  WebAssembly: new RegExp(`${WANTED} no WebAssembly: switch it on`),
  SIMD: new RegExp(`${WANTED} no WebAssembly SIMD: Chrome 91, `),
  memory: /^memory-limit: tensor: memory expected to grow to \d+ bytes, the runtime refused: dispose of what is done/,
};

type Lack = keyof typeof SAID;

/** V8's processors begin with SSE 4.1 to have WebAssembly SIMD. Memory is a count of pages. */
const V8: Readonly<Record<Lack, readonly string[]>> = {
  WebAssembly: ["--jitless"],
  SIMD: ["ssse3", "sse4-1", "sse4-2", "avx", "avx2"].map((each) => `--no-enable-${each}`),
  memory: ["--wasm-max-mem-pages=8"],
};

type Start = (lack: Lack) => Switches | undefined;

const node: Start = (lack) => ({ flags: V8[lack] });
const WITHOUT: Readonly<Record<string, Start>> = {
  Chromium: (lack) => ({ flags: [`--js-flags=${V8[lack].join(" ")}`] }),
  Firefox: (lack) => (lack === "WebAssembly" ? { preferences: { "javascript.options.wasm": false } } : undefined),
  WebKitGTK: (lack) => javaScriptCore("JSC", lack),
};

/** JavaScriptCore has no switch for memory. */
function javaScriptCore(prefix: string, lack: Lack): Switches | undefined {
  return lack === "memory" ? undefined : { env: { [`${prefix}_useWasm${lack === "SIMD" ? "SIMD" : ""}`]: "0" } };
}

const PROGRAMS: readonly { name: string; command: string; args?: readonly string[]; without: Start }[] = [
  { name: "Node", command: process.execPath, without: node },
  { name: "Node 22", command: tool("node22/bin/node"), without: node },
  { name: "Node 24", command: tool("node24/bin/node"), without: node },
  {
    name: "Deno",
    command: tool(".bin/deno"),
    args: ["run", "--no-lock"],
    without: (lack) => ({ flags: [`--v8-flags=${V8[lack].join(",")}`] }),
  },
  { name: "Bun", command: tool(".bin/bun"), without: (lack) => javaScriptCore("BUN_JSC", lack) },
];

/** Policies under which pages start, and what comes of it. */
const POLICIES = {
  "script-src 'self' 'wasm-unsafe-eval'": /^started$/,
  // WebKit compiles, and then refuses to start what it has compiled; it names the remedy itself.
  "script-src 'self'": new RegExp(
    `${WANTED} .*: allow "wasm-unsafe-eval" in the Content-Security-Policy, or pass an|` +
      "^runtime: lanewise: wasm expected to start as the kernels, got .* 'wasm-unsafe-eval' is not an allowed source",
  ),
};

export async function testLacks(tally: Tally): Promise<void> {
  const folder = join(APP, "start");
  await build({
    entryPoints: [join(HERE, "entries/start.ts")],
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    splitting: true,
    plugins: [packed],
  });
  writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="start.js"></script>');
  for (const lack of ["WebAssembly", "SIMD", "memory"] as const) {
    for (const { name, command, args = [], without } of PROGRAMS) {
      const switches = without(lack);
      if (switches)
        await tally.test(`without ${lack}: ${name}`, () => program(command, args, folder, switches, SAID[lack]));
    }
  }
  for (const browser of BROWSERS) {
    if (!browser.program) {
      tally.skip(`without: ${browser.name}`, `not installed (apt-get install ${browser.packages})`);
      continue;
    }
    for (const [policy, said] of Object.entries(POLICIES)) {
      await tally.test(`${browser.name}, ${policy}`, () => page(browser, folder, {}, said, policy));
    }
    for (const lack of ["WebAssembly", "SIMD", "memory"] as const) {
      const switches = WITHOUT[browser.name](lack);
      if (switches) {
        await tally.test(`without ${lack}: ${browser.name}`, () => page(browser, folder, switches, SAID[lack]));
      }
    }
  }
}

async function program(
  command: string,
  args: readonly string[],
  folder: string,
  { flags = [], env }: Switches,
  said: RegExp,
): Promise<string> {
  const output = await run(command, [...args, ...flags, join(folder, "start.js")], env ? { env } : {});
  return told(output.match(/REPORT (.*)/)?.[1] ?? output, said);
}

async function page(
  browser: Browser,
  folder: string,
  switches: Switches,
  said: RegExp,
  policy?: string,
): Promise<string> {
  const server = await servePages(folder, "", policy === undefined ? {} : { "content-security-policy": policy });
  try {
    return told(await withBrowser(browser, server.url, server.report, undefined, switches), said);
  } finally {
    server.close();
  }
}

function told(text: string, said: RegExp): string {
  check(said.test(text), `the start expected to say ${said}, got ${text}`);
  return "";
}
