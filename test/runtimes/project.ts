// A project that uses lanewise as its users do: the packed package under node_modules, in build/runtimes/app.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { PNG } from "pngjs";
import { seededNetworks } from "./networks.ts";
import { run } from "./process.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const HERE = join(ROOT, "test/runtimes");
export const APP = join(ROOT, "build/runtimes/app");
const TOOLS = join(HERE, "tools");

/** A program of one of the tools. */
export const tool = (path: string) => join(TOOLS, "node_modules", path);

/** Installs the tools, if they are not there yet. */
export async function installTools(): Promise<void> {
  const lock = readFileSync(join(TOOLS, "package-lock.json"), "utf8");
  const stamp = join(TOOLS, "node_modules/.installed-lock.json");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.log("installing the runtimes and bundlers (several hundred megabytes)");
  await run("npm", ["install", "--no-save", "--no-progress"], { cwd: TOOLS, limit: 900_000 });
  writeFileSync(stamp, lock);
}

/** Packs dist/ as it would be published, and unpacks it where the projects of the tests find it. */
export function installPackage(): string {
  rmSync(join(ROOT, "build/runtimes"), { recursive: true, force: true });
  mkdirSync(join(APP, "node_modules/lanewise"), { recursive: true });
  const packed = join(ROOT, "build/runtimes");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", packed], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", 2],
  });
  const file = join(packed, readdirSync(packed).find((name) => name.endsWith(".tgz")) as string);
  execFileSync("tar", ["xzf", file, "-C", join(APP, "node_modules/lanewise"), "--strip-components=1"]);
  cpSync(join(APP, "node_modules/lanewise"), join(APP, "node_modules/lanewise-copy"), { recursive: true });
  symlinkSync(join(TOOLS, "node_modules"), join(packed, "node_modules"));
  writeFileSync(join(APP, "package.json"), '{ "name": "app", "private": true, "type": "module" }\n');
  return file;
}

/** Copies a folder of the repository into the project. */
export function copyIn(folder: string, name: string): string {
  const to = join(APP, name);
  cpSync(join(ROOT, folder), to, { recursive: true });
  return to;
}

/** Bundles an entry of the suite; what it gets beside the entry depends on the runtime. `stalled` is a server's URL. */
export async function bundleSuite(
  entry: string,
  name: string,
  stalled: string,
  options: BuildOptions,
  compiles = true,
): Promise<string> {
  const outfile = join(APP, name);
  await build({
    entryPoints: [join(HERE, "entries", entry)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    nodePaths: [join(APP, "node_modules")],
    logLevel: "warning",
    ...options,
    plugins: [inputs(compiles, stalled), ...(options.plugins ?? [])],
  });
  return outfile;
}

/** The suite imports "lanewise" from the test project, not from the checkout it lies in. */
export const packed: Plugin = {
  name: "packed",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^lanewise(-copy)?(\/|$)/ }, ({ path, kind, pluginData }) =>
      pluginData ? undefined : resolve(path, { resolveDir: APP, kind, pluginData: "packed" }),
    );
  },
};

function inputs(compiles: boolean, stalled: string): Plugin {
  const bytes = (data: Uint8Array) => `bytes("${Buffer.from(data).toString("base64")}")`;
  const files = { ...seededNetworks(), digits: readFileSync(join(ROOT, "models/digits.onnx")) };
  const models = Object.entries(files).map(([name, data]) => `${name}: ${bytes(data)}`);
  const pictures = Array.from({ length: 10 }, (_, digit) => {
    const { width, height, data } = PNG.sync.read(readFileSync(join(ROOT, `examples/digits/${digit}.png`)));
    const grey = Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]);
    return `{ width: ${width}, height: ${height}, data: ${bytes(grey)} }`;
  });
  const contents = `const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    export const models = { ${models.join(", ")} };
    export const pictures = [${pictures.join(", ")}];
    export const kernels = ${bytes(readFileSync(join(APP, "node_modules/lanewise/dist/lanewise.wasm")))};
    export const compiles = ${compiles};
    export const stalled = ${JSON.stringify(stalled)};
    ${compiles ? "export const module = undefined;" : 'export { default as module } from "lanewise/lanewise.wasm";'}`;
  return {
    name: "inputs",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^suite:inputs$/ }, ({ path }) => ({ path, namespace: "suite" }));
      onLoad({ filter: /.*/, namespace: "suite" }, () => ({ contents, resolveDir: HERE }));
    },
  };
}
