import { compiles, kernels, models } from "suite:inputs";
import { createEngine, LanewiseError, loadModel } from "lanewise";
import { Random } from "../support/random.ts";
import { check, equal } from "./check.ts";
import type { Cases } from "./suite.ts";

/** Checks the kind and the text of the error that `body` ends with. */
async function fails(body: () => unknown, code: string, message: string): Promise<void> {
  const error: unknown = await Promise.resolve()
    .then(body)
    .catch((caught) => caught);
  check(error instanceof LanewiseError, `expected a LanewiseError, got ${error}`);
  equal(error.code, code, "code");
  check(error.message.startsWith(message), `message expected "${message}", got "${error.message}"`);
}

const digits = () => loadModel(models.digits);
const image = { data: new Float32Array(784), shape: [1, 1, 28, 28] };

export const failureCases: Cases = {
  "errors of operators": async () => {
    const engine = await createEngine();
    const x = engine.tensor(new Float32Array(16), [1, 1, 4, 4]);
    const filter = engine.tensor(new Float32Array(48), [8, 3, 2, 1]);
    await fails(
      () => engine.conv2d(x, filter),
      "shape",
      "conv2d: filter expected shape [oc, 1, kh, kw], got [8, 3, 2, 1]",
    );
    await fails(() => engine.tensor([1, 2], [3]), "shape", "tensor: data expected 3 elements for shape [3], got 2");
    const other = await createEngine();
    await fails(() => other.maxPool2d(x), "argument", "maxPool2d: x expected");
    other.dispose();
    engine.dispose();
    await fails(() => engine.tensor([1]), "disposed", "tensor: engine expected to be in use, got a disposed one");
    return [];
  },
  "errors of models": async () => {
    await fails(() => loadModel(models.unsupported), "unsupported", "model: expected supported operators only, got");
    await fails(() => loadModel(Uint8Array.of(9, 9, 9)), "malformed-model", "");
    await fails(() => loadModel(models.resNet, { memoryLimit: 1 << 17 }), "memory-limit", "");
    const model = await digits();
    await fails(() => model.run({}), "argument", 'run: input "image" expected float32');
    await fails(() => model.run({ image: { ...image, shape: [1, 784] } }), "shape", 'run: "image" expected shape');
    model.dispose();
    await fails(() => model.run({ image }), "disposed", "run: model expected to be in use, got a disposed one");
    return [];
  },
  stopping: async () => {
    const stopped = AbortSignal.abort();
    await fails(() => loadModel(models.digits, { signal: stopped }), "aborted", "");
    const model = await digits();
    await fails(() => model.run({ image }, { signal: stopped }), "aborted", "run: aborted");
    const { scores } = await model.run({ image });
    model.dispose();
    return [{ data: scores.data as Float32Array, shape: scores.shape }];
  },
  "tensors and scopes": async () => {
    const engine = await createEngine();
    const random = new Random(5);
    const x = engine.tensor(random.values(64), [1, 4, 4, 4]);
    const kept = engine.scope(() => {
      const half = engine.averagePool2d(x, { windowDimensions: 2, strides: 2 });
      return engine.maxPool2d(half);
    });
    equal(engine.memory.tensors, 2, "live tensors");
    const numbers = { data: kept.data as Float32Array, shape: kept.shape };
    for (let i = 0; i < 50; i++) engine.tensor(new Float32Array(1 << 16)).dispose();
    check(engine.memory.total < 1 << 21, `memory expected to be used again, got ${engine.memory.total} bytes`);
    kept.dispose();
    equal(kept.disposed, true, "disposed");
    engine.dispose();
    equal(engine.memory.bytes, 0, "bytes");
    return [numbers];
  },
  "many models, one after the other and side by side": async () => {
    for (let i = 0; i < 20; i++) (await digits()).dispose();
    const all = await Promise.all([digits(), digits(), digits()]);
    const results = await Promise.all(all.map((model) => model.run({ image })));
    for (const { scores } of results) equal(String(scores.data), String(results[0].scores.data), "scores");
    for (const model of all) model.dispose();
    return [{ data: results[0].scores.data as Float32Array, shape: results[0].scores.shape }];
  },
  "kernels brought along": async () => {
    if (!compiles) {
      await fails(
        () => createEngine({ wasm: kernels }),
        "runtime",
        "lanewise: runtime expected to compile WebAssembly",
      );
      return [];
    }
    const wasm = await WebAssembly.compile(kernels as BufferSource);
    for (const source of [wasm, kernels, new Response(kernels as BodyInit)]) {
      const engine = await createEngine({ wasm: source });
      equal(engine.tensor([1, 2, 3]).data[2], 3, "an element");
      engine.dispose();
    }
    return [];
  },
};
