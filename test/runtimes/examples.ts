// Starts each program of examples/ as its README says; servers are asked for digits.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { BROWSERS, withBrowser } from "./browsers.ts";
import { check } from "./check.ts";
import { answerOf, Running, run } from "./process.ts";
import { APP, copyIn, ROOT, tool } from "./project.ts";
import { edgeHost, freePort, wasmBeside, wasmGlobal } from "./runtimes.ts";
import { servePages } from "./server.ts";
import type { Tally } from "./tally.ts";

const png = (digit: number) => readFileSync(join(ROOT, `examples/digits/${digit}.png`));
const MODEL = join(ROOT, "models/digits.onnx");

export async function testExamples(tally: Tally): Promise<void> {
  await tally.test("example: Node service with a pool", () =>
    asServer("node-service", process.execPath, ["service.js"]),
  );
  await tally.test("example: Deno server", () => {
    const permissions = ["--allow-net", "--allow-read", "--allow-env=PORT"];
    return asServer("deno-server", tool(".bin/deno"), [
      "run",
      "--no-lock",
      "--cached-only",
      ...permissions,
      "server.js",
    ]);
  });
  await tally.test("example: Bun server", () => asServer("bun-server", tool(".bin/bun"), ["server.js"]));
  await tally.test("example: LeNet-5 trained and exported", training);
  await tally.test("example: Cloudflare Worker", cloudflare);
  await tally.test("example: Vercel Edge Function", vercel);
  const pages = await builtPage(tally);
  for (const browser of BROWSERS) {
    const name = `example: page with a Web Worker, ${browser.name}`;
    if (!browser.program) tally.skip(name, `not installed (apt-get install ${browser.packages})`);
    else if (pages) await tally.test(name, () => page(browser, pages));
  }
}

/** Posts digits, several at a time, and checks what is read; also that anything but a post is refused. */
async function askForDigits(running: Running, url: string): Promise<string> {
  const refused = await answerOf(running, url);
  check(refused.status === 405, `GET expected status 405, got ${refused.status}`);
  const digits = [3, 7, 1, 8, 0];
  const answers = await Promise.all(digits.map((digit) => fetch(url, { method: "POST", body: png(digit) })));
  for (const [i, answer] of answers.entries()) {
    const text = await answer.text();
    check(answer.status === 200, `digit ${digits[i]} expected status 200, got ${answer.status}: ${text}`);
    const best = JSON.parse(text)[0];
    check(best.class === digits[i] && best.score > 0.9, `digit ${digits[i]} expected, got ${text}`);
  }
  const rubbish = await fetch(url, { method: "POST", body: "no PNG" });
  check(rubbish.status >= 400, `what is no PNG expected to be refused, got status ${rubbish.status}`);
  const after = await fetch(url, { method: "POST", body: png(4) });
  check(after.ok, `the server expected to go on after that, got status ${after.status}`);
  return `${digits.length} digits read`;
}

async function asServer(example: string, command: string, args: string[]): Promise<string> {
  const cwd = copyIn(`examples/${example}`, example);
  const port = await freePort();
  const running = new Running(command, args, { cwd, env: { PORT: String(port), WORKERS: "2" } });
  try {
    return await askForDigits(running, `http://127.0.0.1:${port}/`);
  } finally {
    await running.stop();
  }
}

/** In each runtime with files, whose ONNX files must be the same. */
async function training(): Promise<string> {
  const cwd = copyIn("examples/train-lenet", "train-lenet");
  copyIn("examples/digits", "digits");
  const commands = [
    [process.execPath],
    [tool(".bin/deno"), "run", "--no-lock", "--cached-only", "--allow-read", "--allow-write"],
    [tool(".bin/bun")],
  ];
  const files: Buffer[] = [];
  for (const [command, ...args] of commands) {
    const output = await run(command, [...args, "train.js"], { cwd });
    check(output.trim().endsWith("read as 0 1 2 3 4 5 6 7 8 9"), `all digits expected to be read, got ${output}`);
    files.push(readFileSync(join(cwd, "lenet5.onnx")));
    rmSync(join(cwd, "lenet5.onnx"));
  }
  check(
    files.every((file) => file.equals(files[0])),
    "files of Node, Deno and Bun expected to be the same",
  );
  return `${files[0].length} bytes, the same from Node, Deno and Bun`;
}

/** In workerd, with a KV namespace that holds one file. */
async function cloudflare(): Promise<string> {
  const cwd = copyIn("examples/cloudflare-worker", "cloudflare-worker");
  await bundle({
    entryPoints: [join(cwd, "worker.js")],
    outfile: join(cwd, "out.js"),
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    plugins: [wasmBeside(cwd)],
  });
  copyFileSync(MODEL, join(cwd, "digits.onnx"));
  writeFileSync(join(cwd, "kv.js"), "export default { fetch: (request, env) => new Response(env.FILE) };\n");
  const port = await freePort();
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
        (name = "out.js", esModule = embed "out.js"),
        (name = "lanewise.wasm", wasm = embed "lanewise.wasm"),
      ],
      bindings = [(name = "MODELS", kvNamespace = "kv")],
      compatibilityDate = "2025-01-01",
    )),
    (name = "kv", worker = (
      modules = [(name = "kv.js", esModule = embed "kv.js")],
      bindings = [(name = "FILE", data = embed "digits.onnx")],
      compatibilityDate = "2025-01-01",
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
  writeFileSync(join(cwd, "workerd.capnp"), config);
  const running = new Running(tool(".bin/workerd"), ["serve", "workerd.capnp"], { cwd });
  try {
    const answers = await askForDigits(running, `http://127.0.0.1:${port}/`);
    const bytes = ["out.js", "lanewise.wasm", "digits.onnx"].reduce(
      (sum, name) => sum + statSync(join(cwd, name)).size,
      0,
    );
    check(bytes < 1e6, `the bundle and the model expected to take less than 1 MB, got ${bytes} bytes`);
    // That of all of workerd, of which the isolate is a part.
    const held = running.peakMemory();
    check(held > 1e6 && held < 128e6, `workerd expected to stay below 128 MB, got ${held} bytes`);
    return `${answers}, bundle and model ${Math.ceil(bytes / 1e3)} KB, memory of all of workerd ${Math.ceil(held / 1e6)} MB`;
  } finally {
    await running.stop();
  }
}

/** In the edge runtime, as a handler of a script; the model comes from a server of static files. */
async function vercel(): Promise<string> {
  const cwd = copyIn("examples/vercel-edge", "vercel-edge");
  mkdirSync(join(cwd, "public"));
  copyFileSync(MODEL, join(cwd, "public/digits.onnx"));
  const outfile = join(cwd, "out.js");
  await bundle({
    stdin: {
      contents: `import classify, { config } from "./api/classify.js";
        if (config.runtime !== "edge") throw new Error("runtime expected to be edge");
        addEventListener("fetch", (event) => event.respondWith(classify(event.request)));`,
      resolveDir: cwd,
    },
    outfile,
    bundle: true,
    format: "iife",
    conditions: ["edge-light", "worker", "browser"],
    plugins: [wasmGlobal],
  });
  const files = await servePages(join(cwd, "public"));
  const digits = [3, 7];
  try {
    const requests = digits.map((digit) => ({
      path: "api/classify",
      body: join(ROOT, `examples/digits/${digit}.png`),
    }));
    const output = await run(process.execPath, [edgeHost(outfile, files.url, requests)], { cwd: APP });
    const answers = [...output.matchAll(/^REPORT (.*)$/gm)].map(([, text]) => JSON.parse(text)[0].class);
    check(String(answers) === String(digits), `digits ${digits} expected, got ${output}`);
    return `${digits.length} digits read`;
  } finally {
    files.close();
  }
}

/** The page as Vite builds it, or undefined if it does not. */
async function builtPage(tally: Tally): Promise<string | undefined> {
  const cwd = copyIn("examples/browser-page", "browser-page");
  let built = false;
  await tally.test("example: page built by Vite", async () => {
    await run(process.execPath, [tool("vite/bin/vite.js"), "build", "--base", "./"], { cwd });
    built = true;
    return "";
  });
  cpSync(join(ROOT, "examples/digits/3.png"), join(cwd, "dist/3.png"));
  return built ? join(cwd, "dist") : undefined;
}

/** Chooses a file as a person would, and waits for the page to show the digit. */
const CHOOSE = `<script type="module">
const send = (text) => fetch("/report", { method: "POST", body: text });
addEventListener("error", (event) => send(event.message));
const transfer = new DataTransfer();
transfer.items.add(new File([await (await fetch("3.png")).blob()], "3.png", { type: "image/png" }));
if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve));
const answer = document.querySelector("#answer");
new MutationObserver(() => send(answer.textContent)).observe(answer, { childList: true });
const file = document.querySelector("#file");
file.files = transfer.files;
file.dispatchEvent(new Event("change"));
</script>`;

async function page(browser: (typeof BROWSERS)[number], folder: string): Promise<string> {
  const server = await servePages(folder, CHOOSE);
  try {
    const shown = await withBrowser(browser, server.url, server.report);
    check(/^3 \(\d\d\.\d %\)/.test(shown), `the page expected to show 3, got ${shown}`);
    return `shows ${shown}`;
  } finally {
    server.close();
  }
}
