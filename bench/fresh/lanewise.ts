import { loadModel } from "../../src/index.ts";
import { tell } from "./told.ts";

await tell(async (bytes, { name, shape, data }) => {
  const model = await loadModel(bytes);
  const input = name || model.inputs[0].name;
  return {
    async run() {
      const outputs = await model.run({ [input]: { data, shape } });
      return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
    },
    wasmBytes: () => model.memory.total,
    gflop: () => (2 * model.layers({ [input]: shape }).reduce((sum, { macs }) => sum + macs, 0)) / 1e9,
  };
});
