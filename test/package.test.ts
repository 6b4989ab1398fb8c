// What a user gets: the export map, no dependencies, types that work, and a size. Tests the built package in dist/.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, type OutputFile } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../src/onnx/write.ts";
import { model, node, value } from "./support/onnx-model.ts";

const root = new URL("../", import.meta.url);
const inRoot = (path: string) => new URL(path, root);
const manifest = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));

beforeAll(() => {
  if (!existsSync(inRoot("dist/index.d.ts"))) throw new Error("dist/ expected to be built, got none (npm run build)");
});

/** Every file that a part of the manifest leads to. */
function targets(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Object.values(value as object).flatMap(targets);
}

const OPTIONS = { bundle: true, minify: true, format: "esm", write: false, logLevel: "silent" } as const;

/** A program bundled as a user's bundler does it, minified; throws unless it stands alone. */
async function bundle(program: string, conditions: string[] = []): Promise<string> {
  const result = await build({
    stdin: { contents: program, resolveDir: root.pathname },
    ...OPTIONS,
    conditions,
    loader: { ".wasm": "empty" }, // with ?module too
  });
  return result.outputFiles[0].text;
}

/** Sizes of the parts of a program that a user's bundler splits: those that it starts with, and those that come on demand. */
async function split(program: string): Promise<{ first: Part[]; later: Part[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root.pathname },
    ...OPTIONS,
    splitting: true,
    chunkNames: "[name]-[hash]",
    outdir: "bundle",
    metafile: true,
  });
  const names = Object.keys(metafile.outputs);
  const first = new Set<string>();
  const follow = (name: string) => {
    if (first.has(name)) return;
    first.add(name);
    for (const { path, kind } of metafile.outputs[name].imports) if (kind === "import-statement") follow(path);
  };
  follow("bundle/stdin.js");
  const part = (name: string): Part => {
    const file = outputFiles.find(({ path }) => path.endsWith(name)) as OutputFile;
    return { name: name.replace(/^bundle\/|-[A-Z0-9]{8}|\.js$/g, ""), bytes: gzipped(file.contents) };
  };
  return { first: [...first].map(part), later: names.filter((name) => !first.has(name)).map(part) };
}

/** The files that lead from the first ones to each other: `link` finds names in them, `target` the file that a name means. */
function reached(first: readonly string[], link: RegExp, target: (name: string, file: URL) => URL): string[] {
  const seen = new Set<string>();
  const follow = (file: URL) => {
    if (seen.has(file.pathname)) return;
    seen.add(file.pathname);
    for (const [, name] of readFileSync(file, "utf8").matchAll(link)) follow(target(name, file));
  };
  for (const path of first) follow(inRoot(path));
  return [...seen];
}

interface Part {
  readonly name: string;
  /** Gzipped. */
  readonly bytes: number;
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0);
}

function gzipped(content: Uint8Array): number {
  return gzipSync(content, { level: 9 }).length;
}

/** What a pattern finds in code, with its surroundings, or "". */
function found(code: string, pattern: RegExp): string {
  const at = code.search(pattern);
  return at < 0 ? "" : code.slice(Math.max(0, at - 30), at + 40);
}

/** What the package opens, and under which conditions. */
const DOORS: Record<string, string[]> = {
  ".": ["types", "default"],
  "./image": ["types", "default"],
  "./nn": ["types", "default"],
  "./lanewise.wasm": ["types", "default"],
  "./lanewise-relaxed.wasm": ["types", "default"],
  "./digits.onnx": [],
  "./package.json": [],
};

describe("the manifest", () => {
  test("has the same doors under every condition", () => {
    expect(Object.keys(manifest.exports)).toEqual(Object.keys(DOORS));
    for (const [door, value] of Object.entries(manifest.exports)) {
      const kinds = typeof value === "string" ? [] : Object.keys(value as object);
      expect(kinds, door).toEqual(DOORS[door]);
    }
  });

  test("lets only #wasm depend on the runtime", () => {
    expect(Object.keys(manifest.imports)).toEqual(["#wasm"]);
    const { types: _, ...conditions } = manifest.imports["#wasm"];
    expect(conditions).toEqual({
      workerd: "./dist/wasm/workerd.js",
      "edge-light": "./dist/wasm/edge-light.js",
      default: "./dist/wasm/embedded.js",
    });
  });

  test("names files that exist and are shipped", () => {
    const { types: _, ...wasm } = manifest.imports["#wasm"];
    const files = [...targets(manifest.exports), ...targets(manifest.bin), ...targets(wasm)];
    for (const file of files) {
      expect(existsSync(inRoot(file)), file).toBe(true);
      const shipped = [...manifest.files, "package.json"].some((each) => file.startsWith(`./${each}`));
      expect(shipped, file).toBe(true);
    }
    for (const file of manifest.files) expect(existsSync(inRoot(file)), file).toBe(true);
  });

  test("is ESM without side effects and without dependencies", () => {
    expect(manifest.type).toBe("module");
    expect(manifest.sideEffects).toBe(false);
    for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies"]) {
      expect(manifest[kind]).toBeUndefined();
    }
  });
});

describe("the library", () => {
  const LOAD = 'export { loadModel } from "lanewise";';

  test("bundles alone, with nothing left to import", async () => {
    for (const door of [".", "./image", "./nn"]) {
      const code = await bundle(`export * from "${door.replace(".", "lanewise")}";`);
      expect(found(code, /\bimport\s*[("{*]|\bfrom\s*"|\brequire\(/)).toBe("");
    }
  });

  test("uses no eval, no Node API and no asynchronous module", async () => {
    const code = await bundle(LOAD);
    expect(found(code, /\beval\(|\bnew Function\(|\bprocess\.|\bBuffer\.|["']node:/)).toBe("");
    // esbuild refuses to make a script of what awaits outside functions.
    await expect(build({ ...OPTIONS, stdin: { contents: code }, format: "iife" })).resolves.toBeDefined();
  });

  test("compiles no bytes where the runtime imports .wasm files", async () => {
    const ordinary = await bundle(LOAD);
    for (const condition of ["workerd", "edge-light"]) {
      expect((await bundle(LOAD, [condition])).length).toBeLessThan(ordinary.length - 30_000);
    }
  });

  test("drops what is not used", async () => {
    expect(await bundle('import "lanewise"; import "lanewise/image"; import "lanewise/nn";')).toBe("");
    const topK = await bundle('export { topK } from "lanewise/image";');
    expect(gzipSync(topK).length).toBeLessThan(2000);
  });

  test("loads models in at most 60 KB, kernels in at most 40 KB, gzipped", async () => {
    const { first, later } = await split(LOAD);
    const whole = gzipSync(await bundle(LOAD), { level: 9 }).length;
    const kernels = gzipped(readFileSync(inRoot("dist/lanewise.wasm")));
    console.log(
      [
        `loadModel with its kernels: ${sum(first)} bytes gzipped; lanewise.wasm: ${kernels} bytes gzipped`,
        `all in one file, with what comes on demand and the relaxed kernels: ${whole} bytes gzipped`,
        `on demand: ${sum(later)} bytes gzipped: ${later.map(({ name, bytes }) => `${name} ${bytes}`).join(", ")}`,
      ].join("\n"),
    );
    expect(later.map(({ name }) => name)).toContain("conv-transpose");
    expect(sum(first)).toBeLessThanOrEqual(60 * 1024);
    expect(kernels).toBeLessThanOrEqual(40 * 1024);
  });

  test("loads what a model needs on demand, from one file as from several", async () => {
    const whole = `data:text/javascript;base64,${Buffer.from(await bundle(LOAD)).toString("base64")}`;
    const nodes = [node("Trilu", "x", "upper"), node("Exp", "upper", "y")];
    const bytes = writeModel(model({ inputs: [value("x", [2, 2])], outputs: "y", nodes }));
    const x = { data: Float32Array.of(0, 0, 5, 0), shape: [2, 2] };
    for (const file of [whole, inRoot("dist/index.js").href]) {
      const { loadModel }: typeof import("../src/index.ts") = await import(file);
      const loaded = await loadModel(bytes);
      expect(loaded.runSync({ x })["y"].data).toEqual(Float32Array.of(1, 1, 1, 1));
    }
  });

  test("creates an engine with operators that come on demand, from one file as from several", async () => {
    const program = await bundle('export { createEngine } from "lanewise";');
    const whole = `data:text/javascript;base64,${Buffer.from(program).toString("base64")}`;
    for (const file of [whole, inRoot("dist/index.js").href]) {
      const { createEngine }: typeof import("../src/index.ts") = await import(file);
      const engine = await createEngine();
      expect(engine.relu(engine.tensor([-1, 2])).data).toEqual(Float32Array.of(0, 2));
    }
  });

  test("starts with few files, none of which is of an engine's operators", () => {
    const files = reached(["dist/index.js"], /^(?:import|export|\}).* from "([^"]+)";$/gm, (name, file) =>
      name === "#wasm" ? inRoot("dist/wasm/embedded.js") : new URL(name, file),
    );
    expect(files.some((file) => /^\/\/ src\/(graph\/model|wasm\/kernels)\.ts$/m.test(readFileSync(file, "utf8")))).toBe(
      true,
    );
    expect(files.filter((file) => /^\/\/ src\/ops\/(conv2d|index)\.ts$/m.test(readFileSync(file, "utf8")))).toEqual([]);
    expect(files.length).toBeLessThanOrEqual(9);
  });

  test("has declarations that name only each other", () => {
    const doors = ["dist/index.d.ts", "dist/image/index.d.ts", "dist/nn/index.d.ts"];
    const files = reached(doors, /(?:from |import\()"([^"]+)"/g, (name, file) => {
      expect(name, file.pathname).toMatch(/^\.{1,2}\/.*\.js$/);
      return new URL(name.replace(/\.js$/, ".d.ts"), file);
    });
    expect(files.length).toBeGreaterThan(10);
  });
});
