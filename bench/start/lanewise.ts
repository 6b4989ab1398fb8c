import { readFileSync } from "node:fs";
import { loadModel } from "../../src/index.ts";
import { answer, picture } from "./answer.ts";

const model = await loadModel(readFileSync(process.argv[2]));
const { name } = model.inputs[0];
const outputs = await model.run({ [name]: { data: picture(), shape: [1, 1, 28, 28] } });
answer(Object.values(outputs)[0].data as Float32Array);
