import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textModule } from "../scripts/wasm-text.ts";
import { createEngine } from "../src/engine.ts";
import { ArgumentError, RuntimeError } from "../src/errors.ts";
import { type KernelSource, kernelsFrom } from "../src/wasm/source.ts";
import { type BytesAsText, bytesFromText } from "../src/wasm/text.ts";

const bytes = new Uint8Array(readFileSync(new URL("../build/release.wasm", import.meta.url)));

async function throughText(data: Uint8Array): Promise<Uint8Array> {
  const { js } = textModule(data);
  const packed: BytesAsText = await import(`data:text/javascript,${encodeURIComponent(js)}`);
  return bytesFromText(packed);
}

describe("bytes as text", () => {
  test("come back, whatever they are", async () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(await throughText(all)).toEqual(all);
    expect(await throughText(bytes)).toEqual(bytes);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (data) => {
        expect(await throughText(data)).toEqual(data);
      }),
      { numRuns: 50 },
    );
  });

  test("need no escapes in a string, a template or an inline script", () => {
    const { js } = textModule(bytes);
    expect(js).not.toMatch(/[^\n\x20-\x7e]|[\\`$<']/);
  });
});

describe("kernelsFrom", () => {
  const server = createServer((request, response) => {
    if (request.url === "/lanewise.wasm") response.end(bytes);
    else response.writeHead(404).end("not here");
  });
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const hasKernels = (module: WebAssembly.Module) =>
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toContain("heapBase");

  test("takes a module as it is", async () => {
    const module = new WebAssembly.Module(bytes);
    expect(await kernelsFrom(module)).toBe(module);
  });

  test("compiles bytes, also a part of a buffer and those of another realm", async () => {
    const padded = new Uint8Array(bytes.length + 20);
    padded.set(bytes, 10);
    hasKernels(await kernelsFrom(bytes));
    hasKernels(await kernelsFrom(bytes.slice().buffer));
    hasKernels(await kernelsFrom(padded.subarray(10, 10 + bytes.length)));
    hasKernels(await kernelsFrom(runInNewContext("Uint8Array.from(bytes)", { bytes })));
  });

  test("reads a response and a URL", async () => {
    hasKernels(await kernelsFrom(new Response(bytes)));
    hasKernels(await kernelsFrom(new URL("/lanewise.wasm", base)));
  });

  test("falls back on the module in the package, compiled once", async () => {
    const module = await kernelsFrom();
    hasKernels(module);
    expect(await kernelsFrom(undefined)).toBe(module);
  });

  test("serves engines", async () => {
    const engine = await createEngine({ wasm: new URL("/lanewise.wasm", base) });
    expect(engine.tensor([1, 2]).data).toEqual(Float32Array.of(1, 2));
    engine.dispose();
  });

  test("says what was wrong", async () => {
    const failure = (source: unknown) => kernelsFrom(source as KernelSource).catch((error) => error);
    const missing = await failure(new URL("/other.wasm", base));
    expect(missing).toBeInstanceOf(RuntimeError);
    expect(missing.message).toBe(`lanewise: wasm expected to be found at ${base}/other.wasm, got HTTP status 404`);
    expect((await failure(new Response("", { status: 503 }))).message).toBe(
      "lanewise: wasm expected to be found at the response, got HTTP status 503",
    );
    const unreachable = await failure(new URL("none:x"));
    expect(unreachable).toBeInstanceOf(RuntimeError);
    expect(unreachable.message).toMatch(/^lanewise: wasm expected to be found at none:x, got TypeError/);
    const rubbish = await failure(Uint8Array.of(1, 2, 3));
    expect(rubbish).toBeInstanceOf(RuntimeError);
    expect(rubbish.message).toMatch(
      /^lanewise: wasm expected the bytes of lanewise\/lanewise\.wasm, got CompileError: /,
    );
    const text = await failure("lanewise.wasm");
    expect(text).toBeInstanceOf(ArgumentError);
    expect(text.message).toBe(
      'lanewise: wasm expected a WebAssembly.Module, bytes, a Response or a URL, got "lanewise.wasm"',
    );
    expect((await failure(null)).message).toMatch(/ or a URL, got null$/);
  });
});
