import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { answer, picture } from "./answer.ts";

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(process.argv[2]), { executionProviders: ["wasm"] });
const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", picture(), [1, 1, 28, 28]) });
answer(Object.values(outputs)[0].data as Float32Array);
