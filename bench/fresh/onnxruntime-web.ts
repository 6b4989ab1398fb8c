import * as ort from "onnxruntime-web";
import { tell } from "./told.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** The memories that are made for modules; onnxruntime-web's imports its own. */
const memories: WebAssembly.Memory[] = [];
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};

await tell(async (bytes, { name, shape, data }) => {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const input = name || session.inputNames[0];
  return {
    async run() {
      const outputs = await session.run({ [input]: new ort.Tensor("float32", data, shape) });
      return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
    },
    wasmBytes: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  };
});
