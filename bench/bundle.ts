/** Builds what the bench runs: one file for Node and Deno, a page for browsers, and small programs. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

export const BENCH = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
export const ROOT = join(BENCH, "..");
export const OUT = join(BENCH, "build");
export const MODULES = join(BENCH, "node_modules");
export const SHARED_MODELS = join(ROOT, "..", "shared", "models");

/** Installs the peers unless they are there, and builds lanewise. Prints on stderr only. */
export function prepare(): void {
  const run = (folder: string, command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, stdio: ["ignore", 2, 2] });
  if (!existsSync(join(MODULES, "onnxruntime-web"))) run(BENCH, "npm", "ci");
  run(ROOT, "npm", "run", "--silent", "build");
}

/** lanewise is what was built, whatever the bench's sources import for its types. */
function builtLanewise(path: string, external: boolean): Plugin {
  const built = { path, external };
  return {
    name: "built-lanewise",
    setup: ({ onResolve }) => onResolve({ filter: /\/src\/index\.ts$/ }, () => built),
  };
}

/** Chunks of lanewise are imported for their names only. */
const SILENT = { "ignored-bare-import": "silent" } as const;

const COMMON = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: OUT,
  logLevel: "warning",
  logOverride: SILENT,
} as const;

export async function bundleForProcess(): Promise<string> {
  await build({
    ...COMMON,
    entryPoints: [join(BENCH, "shell-process.ts")],
    platform: "node",
    external: ["onnxruntime-web", "@tensorflow/*"],
    plugins: [builtLanewise("../../dist/index.js", true)],
    outExtension: { ".js": ".mjs" },
  });
  return join(OUT, "shell-process.mjs");
}

export async function bundleForPage(): Promise<string> {
  await build({
    ...COMMON,
    entryPoints: [join(BENCH, "shell-page.ts")],
    platform: "browser",
    alias: { "onnxruntime-web": "onnxruntime-web/wasm" },
    plugins: [builtLanewise(join(ROOT, "dist", "index.js"), false)],
  });
  return join(OUT, "shell-page.js");
}

/** Programs of a folder of the bench, each to be run in processes of its own; gives the folder they are in. */
export async function bundlePrograms(folder: string, names: readonly string[]): Promise<string> {
  const out = join(OUT, folder);
  await build({
    ...COMMON,
    entryPoints: names.map((name) => join(BENCH, folder, `${name}.ts`)),
    platform: "node",
    outdir: out,
    external: ["onnxruntime-web", "@tensorflow/*"],
    plugins: [builtLanewise("../../../dist/index.js", true)],
    outExtension: { ".js": ".mjs" },
  });
  return out;
}
