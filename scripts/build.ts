// Builds everything: kernels (debug and release), the library, its types, and the command line.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { textModule } from "./wasm-text.ts";

const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [script, ...args], { stdio: "inherit" });

rmSync("dist", { recursive: true, force: true });
mkdirSync("build", { recursive: true });
mkdirSync("dist/wasm", { recursive: true });

for (const target of ["debug", "release", "relaxed"]) run("node_modules/assemblyscript/bin/asc.js", "--target", target);
for (const [build, name] of [
  ["release", "wasm"],
  ["relaxed", "relaxed"],
]) {
  const text = textModule(readFileSync(`build/${build}.wasm`));
  writeFileSync(`build/${name}-text.js`, text.js);
  writeFileSync(`build/${name}-text.d.ts`, text.dts);
}
copyFileSync("build/release.wasm", "dist/lanewise.wasm");
copyFileSync("build/relaxed.wasm", "dist/lanewise-relaxed.wasm");

/** The part that other parts on demand build upon, and which is loaded before them. */
const MORE = resolve("src/graph/more.ts");

/** A name from each module that engines and models share, or from one above it. */
const EVERY_PROGRAM = `
  export { kernelsFrom } from "./wasm/source.ts";
  export { expected } from "./errors.ts";
  export { isShape } from "./shape.ts";
  export { DISPOSE } from "./dispose.ts";
  export { residentWeights } from "./ops/prepared.ts";
  export { Heap } from "./memory.ts";
  export { resolveWindow } from "./ops/window.ts";
  export { bytesPerElement } from "./dtype.ts";
  export { prepareBinary } from "./ops/binary.ts";
  export { preparePool2d } from "./ops/pool.ts";
  export { prepareProduct } from "./ops/product.ts";
  export { prepareSoftmax } from "./ops/soften.ts";
  export { prepareTranspose } from "./ops/transpose.ts";
`;

/** Parts of programs that may do without the loader. */
const WITHOUT_LOADER = /src\/(wasm\/|engine-core\.ts$)/;

/** Operators and passes; what is for reading files does not build upon `MORE`. */
const USES_MORE = /src\/graph\/(operators|passes)\//;

/**
 * Has every module that is loaded on demand lead to what is there by then: the loader or what brings the kernels, and the part that
 * most operators need. What they share with these then stays in their chunks; otherwise esbuild, and a user's bundler after it, would
 * make a chunk for each set of modules that share something. Tensors are in every program by its door.
 */
const knowingOthers: Plugin = {
  name: "knowing-others",
  setup({ onResolve, onLoad }) {
    const onDemand = new Set<string>();
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind === "dynamic-import") onDemand.add(join(resolveDir, path));
      return undefined;
    });
    onResolve({ filter: /^the-loader$/ }, () => ({ path: resolve("src/onnx/load.ts"), sideEffects: true }));
    onResolve({ filter: /^every-program$/ }, ({ path }) => ({ path, namespace: "lead", sideEffects: true }));
    onLoad({ filter: /./, namespace: "lead" }, () => ({ contents: EVERY_PROGRAM, resolveDir: resolve("src") }));
    onResolve({ filter: /^the-tensor$/ }, () => ({ path: resolve("src/tensor.ts"), sideEffects: true }));
    onResolve({ filter: /^more$/ }, () => ({ path: MORE, sideEffects: true }));
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!onDemand.has(path)) return undefined;
      const others = [
        WITHOUT_LOADER.test(path) ? 'export * from "every-program";' : 'export { loadModel } from "the-loader";',
      ];
      others.push('export { Tensor } from "the-tensor";');
      if (USES_MORE.test(path)) others.push('export { OPERATORS as MORE } from "more";');
      return { contents: `${readFileSync(path, "utf8")}\n${others.join("\n")}`, loader: "ts" };
    });
  },
};

const common: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  outbase: "src",
  external: ["#wasm", "*.wasm", "*.wasm?module"],
};

// The engine and the loader are files of their own, so that a bundler drops the one that a program does not use.
const modules = [
  "index",
  "engine",
  "onnx/load",
  "image/index",
  "nn/index",
  "wasm/embedded",
  "wasm/workerd",
  "wasm/edge-light",
];
await build({
  ...common,
  plugins: [knowingOthers],
  logOverride: { "ignored-bare-import": "silent" },
  entryPoints: modules.map((name) => `src/${name}.ts`),
  platform: "neutral",
  mainFields: ["module", "main"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
dropBareImports("dist");
await build({
  ...common,
  entryPoints: ["src/cli/main.ts"],
  platform: "node",
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
finishTypes("dist");

/** No module does anything but define: to a bundler an import without names says that one is needed that is not. */
function dropBareImports(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js")) continue;
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(/^import "\.[^"]*";\n/gm, ""));
  }
}

/**
 * Makes the declarations stand alone: they name each other as .js, bring the library they need, and have the compiler's types
 * of the kernels beside them.
 */
function finishTypes(folder: string): void {
  copyFileSync("build/release.d.ts", join(folder, "wasm/release.d.ts"));
  const module =
    "/** The kernels, as runtimes and bundlers import a .wasm file. */\ndeclare const module: WebAssembly.Module;\n";
  for (const name of ["lanewise", "lanewise-relaxed"]) {
    writeFileSync(join(folder, `${name}.wasm.d.ts`), `${module}export default module;\n`);
  }
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    const path = join(folder, file);
    const types = (file === "dispose.d.ts" ? '/// <reference lib="esnext.disposable" />\n' : "")
      .concat(readFileSync(path, "utf8"))
      .replace(/(from |import\()"([^"]*)\.ts"/g, '$1"$2.js"')
      .replaceAll('"../../build/release.js"', '"./release.js"');
    writeFileSync(path, types);
  }
}
