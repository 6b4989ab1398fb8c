// A service that computes in worker threads: the event loop stays free, and every core is used.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";

const read = (name) => readFile(fileURLToPath(import.meta.resolve(name)));
const threads = Number(process.env.WORKERS ?? availableParallelism());
const pool = new Piscina({
  filename: new URL("worker.js", import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
  maxQueue: 100 * threads, // more that wait would wait too long: they are refused
  workerData: {
    model: await read("lanewise/digits.onnx"),
    wasm: await WebAssembly.compile(await read("lanewise/lanewise.wasm")), // compiled once for all threads
  },
});

const server = createServer(async (request, response) => {
  if (request.method !== "POST") return response.writeHead(405).end("POST a PNG with a handwritten digit\n");
  try {
    const classes = await pool.run(await buffer(request));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(classes));
  } catch (error) {
    const status = error.message === "Task queue is at limit" ? 503 : 400;
    response.writeHead(status).end(`${error.message}\n`);
  }
});
server.listen(Number(process.env.PORT ?? 8000));
