// Random small CNNs give what onnxruntime-web gives, with all passes and without. LANEWISE_RANDOM_GRAPHS says how many: more find more.
import fc from "fast-check";
import * as ort from "onnxruntime-web";
import { expect, test } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import { Model } from "../src/graph/model.ts";
import { LAYOUT_ONLY } from "../src/graph/passes/index.ts";
import { importModel } from "../src/onnx/import.ts";
import { readModel } from "../src/onnx/proto.ts";
import { writeModel } from "../src/onnx/write.ts";
import { compileBuild } from "./support/builds.ts";
import { buildModel, graphRecipe, type RandomModel } from "./support/random-graph.ts";

const RUNS = Number(process.env["LANEWISE_RANDOM_GRAPHS"] ?? 300);
const SEED = Number(process.env["LANEWISE_RANDOM_SEED"] ?? 2024);
const module = compileBuild("release");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

type Results = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

test(`${RUNS} random graphs agree with onnxruntime-web`, { timeout: 600_000 }, async () => {
  const property = fc.asyncProperty(graphRecipe, async (recipe) => {
    const random = buildModel(recipe);
    const bytes = writeModel(random.proto);
    const want = await runOrt(bytes, random);
    const graph = importModel(readModel(bytes));
    for (const [name, options] of Object.entries({ "all passes": {}, "no passes": { passes: LAYOUT_ONLY } })) {
      const model = new Model(graph, module, options);
      const got = model.runSync(random.feeds);
      model.dispose();
      const difference = differenceOf(got, want);
      if (difference) throw new Error(`${name}: ${difference}\n  ${random.summary}`);
    }
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
});

async function runOrt(bytes: Uint8Array, { feeds }: RandomModel): Promise<Results> {
  // Optimised, it moves zero padding into max pools, where it is no zero.
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 3 });
  const inputs = Object.entries(feeds).map(([name, { data, shape }]) => [name, new ort.Tensor("float32", data, shape)]);
  const outputs = await session.run(Object.fromEntries(inputs));
  const results = Object.entries(outputs).map(([name, { data, dims }]) => [
    name,
    { shape: dims, data: (data as Float32Array).slice() },
  ]);
  await session.release();
  return Object.fromEntries(results);
}

/** What the first output that differs differs by; undefined if all agree to 2^-15 of their largest value. */
function differenceOf(got: Readonly<Record<string, HostTensor>>, want: Results): string | undefined {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  for (const [name, { shape, data }] of Object.entries(want)) {
    expect(got[name].shape, name).toEqual([...shape]);
    const largest = Array.from(data).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const bound = 2 ** -15 * Math.max(largest, 0.01);
    const values = got[name].data as Float32Array;
    const at = values.findIndex((v, i) => !(Math.abs(v - data[i]) <= bound));
    if (at >= 0) return `${name} of [${shape}] at ${at}: got ${values[at]}, want ${data[at]}, bound ${bound}`;
  }
  return undefined;
}
