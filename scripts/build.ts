// Builds everything: kernels (debug and release), the library, its types, and the command line.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [script, ...args], { stdio: "inherit" });

rmSync("dist", { recursive: true, force: true });
mkdirSync("build", { recursive: true });
mkdirSync("dist", { recursive: true });

for (const target of ["debug", "release"]) run("node_modules/assemblyscript/bin/asc.js", "--target", target);
const wasm = readFileSync("build/release.wasm");
writeFileSync("build/wasm-base64.ts", `export default "${wasm.toString("base64")}";\n`);
copyFileSync("build/release.wasm", "dist/lanewise.wasm");

const external = ["#wasm", "*.wasm"];
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  outbase: "src",
  external,
} as const;

await build({
  ...common,
  entryPoints: ["src/index.ts", "src/image/index.ts", "src/wasm/embedded.ts", "src/wasm/imported.ts"],
  platform: "neutral",
  mainFields: ["module", "main"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
await build({
  ...common,
  entryPoints: ["src/cli/main.ts"],
  platform: "node",
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
