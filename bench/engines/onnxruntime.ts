import * as ort from "onnxruntime-web";
import type { Outputs } from "../agree.ts";
import type { Contestant, Feed } from "./engine.ts";

/** @param wasm address of its .wasm file, where it does not find that itself */
export function setUpOnnxRuntime(wasm?: string): void {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  if (wasm) ort.env.wasm.wasmPaths = { wasm };
}

/** A session on one thread; times all of `session.run`, into output tensors that are made beforehand. */
export async function openOnnxRuntime(bytes: Uint8Array, feed: Feed): Promise<Contestant> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  const feeds = { [feed.name || session.inputNames[0]]: new ort.Tensor("float32", feed.data, feed.shape) };
  let fetches: Record<string, ort.Tensor> | undefined;
  const results = async () => {
    fetches ??= await session.run(feeds);
    return session.run(feeds, fetches);
  };
  return {
    engine: "onnxruntime-web",
    async run() {
      fetches = await session.run(feeds);
      const outputs = Object.entries(fetches).map(([name, { data }]) => [name, (data as Float32Array).slice()]);
      return Object.fromEntries(outputs) as Outputs;
    },
    async time(runs) {
      const start = performance.now();
      for (let i = 0; i < runs; i++) await results();
      return performance.now() - start;
    },
    dispose: () => session.release(),
  };
}
