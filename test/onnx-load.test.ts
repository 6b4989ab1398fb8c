import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadOptions, type LoadProgress, loadModel, type ModelSource } from "../src/onnx/load.ts";
import type { NodeProto } from "../src/onnx/proto.ts";
import { writeModel } from "../src/onnx/write.ts";
import { compileBuild } from "./support/builds.ts";
import { floats, graph, model, node, truth, value } from "./support/onnx-model.ts";

const wasm = compileBuild("release");
const bytes = writeModel(
  model({
    inputs: [value("x", ["n"])],
    outputs: "y",
    nodes: [node("Add", "x w", "y")],
    constants: { w: floats([1], 10) },
  }),
);

const load = (source: ModelSource, options: LoadOptions = {}) => loadModel(source, { wasm, ...options });

async function sum(source: ModelSource, options?: LoadOptions): Promise<number[]> {
  const { y } = (await load(source, options)).runSync({ x: floats([2], 1, 2) });
  return Array.from(y.data, Number);
}

/** The bytes in chunks of `size`; after `failing` chunks an error, if that is given. */
function stream(size: number, failing?: Error): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (failing && at > 0) return controller.error(failing);
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

describe("sources of a model", () => {
  it("may be bytes, a view on some, a blob, a response or a stream", async () => {
    const padded = new Uint8Array(bytes.length + 20);
    padded.set(bytes, 11);
    const sources: ModelSource[] = [
      bytes,
      bytes.slice().buffer,
      padded.subarray(11, 11 + bytes.length),
      Buffer.from(bytes),
      new Blob([bytes.slice()]),
      new Response(bytes.slice()),
      stream(7),
      stream(bytes.length),
    ];
    for (const source of sources) expect(await sum(source)).toEqual([11, 12]);
  });

  it("are refused if they are something else", async () => {
    const kinds = "loadModel: source expected a Uint8Array, ArrayBuffer, Blob, Response, ReadableStream or URL, got";
    const path = "model.onnx" as unknown as ModelSource;
    await expect(load(path)).rejects.toThrow(`${kinds} "model.onnx" (give a URL as new URL("..."))`);
    for (const [wrong, name] of [
      [null, "null"],
      [undefined, "undefined"],
      [[1, 2], "[1, 2]"],
      [{}, "Object"],
    ]) {
      await expect(load(wrong as unknown as ModelSource)).rejects.toThrow(`${kinds} ${name}`);
    }
  });

  it("must not be empty, or read before", async () => {
    const empty = (name: string) => `loadModel: ${name} expected an ONNX file, got no bytes`;
    await expect(load(new Response(""))).rejects.toThrow(empty("the response"));
    await expect(load(new Response(null))).rejects.toThrow(empty("the response"));
    await expect(load(new Blob([]))).rejects.toThrow(empty("the blob"));
    await expect(load(new Blob([]).stream())).rejects.toThrow(empty("the stream"));
    await expect(load(new Uint8Array(0))).rejects.toThrow("model: expected an ONNX file, got no bytes");
    const read = new Response(bytes.slice());
    await read.arrayBuffer();
    await expect(load(read)).rejects.toThrow(
      "loadModel: body of the response expected to be unread, got one read before",
    );
    const locked = stream(7);
    locked.getReader();
    await expect(load(locked)).rejects.toThrow(
      "loadModel: the stream expected to be unread, got one that is being read",
    );
  });

  it("may break off, or give something else than bytes", async () => {
    const cause = new Error("connection lost");
    const broken = await load(stream(7, cause)).catch((error) => error);
    expect(broken).toMatchObject({ name: "RuntimeError", cause });
    expect(broken.message).toBe("loadModel: the stream expected to be read to its end, got Error: connection lost");
    const text = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    await expect(load(text)).rejects.toThrow("loadModel: chunk of the stream expected a Uint8Array, got text");
  });
});

describe("downloads", () => {
  let server: Server;
  let base: URL;
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      if (url === "/model.onnx") response.writeHead(200, { "content-length": bytes.length }).end(bytes);
      else if (url === "/short.onnx")
        response.writeHead(200, { "content-length": bytes.length + 1 }).write(bytes, () => response.destroy());
      else if (url === "/page") response.writeHead(200).end("<!doctype html><title>Not the model</title>");
      else if (url === "/slow.onnx") response.writeHead(200).write(bytes.subarray(0, 5));
      else response.writeHead(404).end("no such file");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    base = new URL(`http://127.0.0.1:${address.port}/`);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = (path: string) => new URL(path, base);

  it("come from a URL or a response", async () => {
    expect(await sum(at("model.onnx"))).toEqual([11, 12]);
    expect(await sum(await fetch(at("model.onnx")))).toEqual([11, 12]);
    expect(await sum(new URL(`data:;base64,${Buffer.from(bytes).toString("base64")}`))).toEqual([11, 12]);
  });

  it("fail with the status, the address or what came instead", async () => {
    const missing = `loadModel: ${at("none.onnx")} expected to be found, got HTTP status 404 Not Found`;
    await expect(load(at("none.onnx"))).rejects.toThrow(missing);
    await expect(load(await fetch(at("none.onnx")))).rejects.toThrow(missing);
    await expect(load(at("page"))).rejects.toThrow(
      'model: expected an ONNX file, got text that starts with "<!doctype html><title>N',
    );
    await expect(load(at("short.onnx"))).rejects.toThrow(/short\.onnx expected to be read to its end, got TypeError: /);
    const nobody = new URL("http://127.0.0.1:1/model.onnx");
    await expect(load(nobody)).rejects.toThrow(
      /^loadModel: http:\/\/127\.0\.0\.1:1\/model\.onnx expected to be read to its end, got /,
    );
  });

  it("can be aborted while they wait", async () => {
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const onProgress = ({ loaded }: LoadProgress) => loaded === 5 && controller.abort(reason);
    const error = await load(at("slow.onnx"), { signal: controller.signal, onProgress }).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "AbortedError", code: "aborted", cause: reason });
  });
});

describe("weights in other files", () => {
  const file = new Uint8Array(Float32Array.of(10, 20, 30).buffer);
  const far = (name: string, location: string, offset: number) => ({
    ...{ name, dims: [1], dataType: 1, dataLocation: 1 },
    externalData: [
      { key: "location", value: location },
      { key: "offset", value: String(offset) },
    ],
  });
  const proto = model({
    inputs: [value("x", ["n"])],
    outputs: "y",
    nodes: [
      node("Add", "x w", "a"),
      node("Mul", "a v", "b"),
      node("If", "yes", "y", {
        then_branch: graph({ nodes: [node("Sub", "b u", "t")], outputs: "t" }),
        else_branch: graph({ nodes: [node("Neg", "b", "t")], outputs: "t" }),
      }),
    ],
    constants: { yes: truth(true) },
  });
  proto.graph.initializer.push(far("w", "weights.bin", 0), far("v", "weights.bin", 4));
  proto.graph.node[2].attribute[0].g?.initializer.push(far("u", "branch.bin", 8));
  const split = writeModel(proto);

  it("come from a map, or from somebody who is asked once for each file, now or later", async () => {
    const files: Record<string, Uint8Array> = { "weights.bin": file, "branch.bin": file };
    const wanted = [(1 + 10) * 20 - 30, (2 + 10) * 20 - 30];
    expect(await sum(split, { externalData: files })).toEqual(wanted);
    const asked: string[] = [];
    const now = (location: string) => {
      asked.push(location);
      return files[location];
    };
    expect(await sum(split, { externalData: now })).toEqual(wanted);
    expect(asked.sort()).toEqual(["branch.bin", "weights.bin"]);
    expect(await sum(split, { externalData: async (location) => files[location] })).toEqual(wanted);
  });

  it("are missed by name", async () => {
    const missed = 'tensor w: externalData expected the bytes of "weights.bin", got none';
    await expect(load(split)).rejects.toThrow(missed);
    await expect(load(split, { externalData: {} })).rejects.toThrow(missed);
    await expect(load(split, { externalData: async () => undefined })).rejects.toThrow(missed);
    const short = async () => file.subarray(0, 6);
    await expect(load(split, { externalData: short })).rejects.toThrow(
      'tensor v: external data expected 4 bytes at byte 4 of "weights.bin", got a file of 6 bytes',
    );
  });
});

describe("loading", () => {
  async function progressOf(source: ModelSource): Promise<(string | number)[][]> {
    const seen: (string | number)[][] = [];
    await load(source, { onProgress: ({ phase, loaded, total }) => seen.push([phase, loaded, total]) });
    return seen;
  }
  const steps = [
    ["compile", 0, 3],
    ["read", 1, 3],
    ["prepare", 2, 3],
    ["ready", 3, 3],
  ];

  it("tells the bytes that come, then the steps", async () => {
    const size = Math.ceil(bytes.length / 2);
    const half = [
      ["download", 0, 0],
      ["download", size, 0],
      ["download", bytes.length, 0],
    ];
    expect(await progressOf(stream(size))).toEqual([...half, ...steps]);
    const known = new Response(stream(size), { headers: { "content-length": String(bytes.length) } });
    const total = half.map(([phase, loaded]) => [phase, loaded, bytes.length]);
    expect(await progressOf(known)).toEqual([...total, ...steps]);
    const packed = { "content-length": "5", "content-encoding": "gzip" };
    expect(await progressOf(new Response(stream(size), { headers: packed }))).toEqual([...half, ...steps]);
    const low = new Response(stream(size), { headers: { "content-length": "1" } });
    expect((await progressOf(low))[2]).toEqual(["download", bytes.length, bytes.length]);
    const blob = new Blob([bytes.slice()]);
    expect((await progressOf(blob))[1]).toEqual(["download", bytes.length, bytes.length]);
    expect(await progressOf(bytes)).toEqual(steps);
  });

  it("stops at a signal, before it starts or between two steps", async () => {
    await expect(load(bytes, { signal: AbortSignal.abort("no") })).rejects.toMatchObject({
      name: "AbortedError",
      cause: "no",
    });
    for (const last of ["compile", "read"]) {
      const controller = new AbortController();
      const seen: string[] = [];
      const onProgress = ({ phase }: LoadProgress) => {
        seen.push(phase);
        if (phase === last) controller.abort();
      };
      await expect(load(bytes, { signal: controller.signal, onProgress })).rejects.toThrow("loadModel: aborted");
      expect(seen.at(-1)).toBe(last);
    }
  });

  it("refuses what runs with no extents, although some are free", async () => {
    const conv = node("Conv", "x w", "c", { pads: [-1, 0, 0, 0] });
    const constants = { w: floats([1, 3, 1, 1], 1, 2, 3) };
    const inputs = [value("x", ["N", 3, "H", "W"])];
    const free = (nodes: NodeProto[]) => load(writeModel(model({ inputs, outputs: "y", constants, nodes })));
    await expect(
      free([node("Sum", "c d", "y"), conv, node("Celu", "x", "d", { alpha: { float: -1 } })]),
    ).rejects.toThrow('got\n  Conv "c": negative pads are not supported\n  Celu "d": alpha of -1 is not supported');
    // A window that fits no image of one place, but others.
    const loaded = await free([node("LpPool", "x", "y", { kernel_shape: [3, 3] })]);
    expect(loaded.inputs[0].shape).toEqual(["N", 3, "H", "W"]);
  });

  it("takes shapes for inputs that it has, and a limit for the memory", async () => {
    const fixed = await load(bytes, { inputShapes: { x: [4] } });
    expect(fixed.inputs[0].shape).toEqual([4]);
    await expect(load(bytes, { inputShapes: { X: [4] } })).rejects.toThrow(
      'loadModel: inputShapes expected names of inputs ("x"), got "X"',
    );
    const tooMuch = load(bytes, { inputShapes: { x: [1 << 22] }, memoryLimit: 1 << 20 });
    await expect(tooMuch).rejects.toMatchObject({ name: "MemoryLimitError" });
  });
});
