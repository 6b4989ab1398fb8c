import { compiles, kernels, models, module, stalled } from "suite:inputs";
import { createEngine, loadModel, ShapeError } from "lanewise";
import * as copy from "lanewise-copy";
import { Random } from "../support/random.ts";
import { check, equal } from "./check.ts";
import { fails } from "./fails.ts";
import type { Cases } from "./suite.ts";

const digits = () => loadModel(models.digits);
const image = { data: new Float32Array(784), shape: [1, 1, 28, 28] };

/** A URL with the bytes in it. */
function fetchable(bytes: Uint8Array): URL {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return new URL(`data:application/wasm;base64,${text}`);
}

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
    await fails(
      () => other.maxPool2d(x),
      "argument",
      "maxPool2d: x expected a tensor of this engine, got one of another engine",
    );
    other.dispose();
    filter.dispose();
    await fails(() => engine.relu(filter), "disposed", "relu: x expected a live tensor, got a disposed one");
    await fails(() => filter.data, "disposed", "tensor.data: tensor expected a live tensor, got a disposed one");
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
    const between = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => phase === "read" && between.abort("enough");
    const error = await fails(
      () => loadModel(models.digits, { signal: between.signal, onProgress }),
      "aborted",
      "loadModel: aborted",
    );
    equal(error.cause, "enough", "cause");
    const model = await digits();
    await fails(() => model.run({ image }, { signal: stopped }), "aborted", "run: aborted");
    const during = new AbortController();
    const run = model.run({ image }, { signal: during.signal });
    during.abort();
    await fails(() => run, "aborted", "run: aborted");
    const { scores } = await model.run({ image });
    model.dispose();
    return [{ data: scores.data as Float32Array, shape: scores.shape }];
  },
  "a download that is stopped": async () => {
    for (const place of ["nothing", "half"]) {
      const control = new AbortController();
      const url = new URL(place, stalled);
      const onProgress = ({ loaded }: { loaded: number }) => loaded > 0 && control.abort("enough");
      if (place === "nothing") setTimeout(() => control.abort("enough"), 50);
      const error = await fails(
        () => loadModel(url, { signal: control.signal, onProgress }),
        "aborted",
        "loadModel: aborted",
      );
      equal(error.cause, "enough", "cause");
    }
    await fails(
      () => loadModel(new URL("missing", stalled)),
      "runtime",
      /^loadModel: \S+missing expected .* HTTP status 404/,
    );
    return [];
  },
  "a second copy of the library": async () => {
    check(copy.createEngine !== createEngine, "the copy expected to be another one");
    const [engine, other] = await Promise.all([createEngine(), copy.createEngine()]);
    const [x, y] = [engine.tensor([1, 2, 3, 4], [1, 1, 2, 2]), other.tensor([5, 6, 7, 8], [1, 1, 2, 2])];
    const refused = "expected a tensor of this engine, got one of another engine";
    await fails(() => engine.maxPool2d(y), "argument", `maxPool2d: x ${refused}`);
    await fails(() => engine.add(x, y), "argument", `add: b ${refused}`);
    await fails(() => other.maxPool2d(x), "argument", `maxPool2d: x ${refused}`, copy.LanewiseError);
    check(!(new copy.ShapeError("x") instanceof ShapeError), "errors of the copy expected to be of another class");
    equal(engine.maxPool2d(x).data[0], 4, "pooled");
    engine.dispose();
    equal(other.maxPool2d(y).data[0], 8, "pooled by the copy");
    other.dispose();
    await fails(() => other.maxPool2d(x), "disposed", "maxPool2d: engine expected to be in use", copy.LanewiseError);
    const [first, second] = await Promise.all([digits(), copy.loadModel(models.digits)]);
    first.dispose();
    const { scores } = second.runSync({ image });
    second.dispose();
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
  /** Their bits are promised nowhere; what is near them is. */
  "relaxed numerics, as the runtime has them": async () => {
    const [plain, relaxed] = [await digits(), await loadModel(models.digits, { numerics: "relaxed" })];
    const input = new Random(3).tensor([1, 1, 28, 28]);
    const [want, got] = [plain, relaxed].map((model) => model.runSync({ image: input }).scores.data as Float32Array);
    const worst = want.reduce((most, score, i) => Math.max(most, Math.abs(score - got[i])), 0);
    const same = relaxed.notes.length > 0;
    check(worst <= (same ? 0 : 1e-5), `scores expected ${same ? "as" : "near"} those of the default, off by ${worst}`);
    plain.dispose();
    relaxed.dispose();
    return [];
  },
  "kernels brought along": async () => {
    // That bytes are refused here is a case of cases-start.ts.
    const sources = compiles ? [kernels, new Response(kernels as BodyInit), fetchable(kernels)] : [];
    const wasm = module ?? (await WebAssembly.compile(kernels as BufferSource));
    for (const source of [wasm, ...sources]) {
      const engine = await createEngine({ wasm: source });
      equal(engine.tensor([1, 2, 3]).data[2], 3, "an element");
      engine.dispose();
    }
    return [];
  },
};
