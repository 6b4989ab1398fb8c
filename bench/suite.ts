/** The benches of layers and of models, in whatever runtime this is. */

import { UnsupportedError } from "../src/index.ts";
import { layersAgree, modelsAgree, type Outputs } from "./agree.ts";
import { Bench, type Host, type SuiteOptions } from "./bench.ts";
import type { Contestant, Feed } from "./engines/engine.ts";
import { openLanewise } from "./engines/lanewise.ts";
import { openLanewiseLayer } from "./engines/lanewise-layer.ts";
import { openOnnxRuntime, setUpOnnxRuntime } from "./engines/onnxruntime.ts";
import { openTfjs, setUpTfjs } from "./engines/tfjs.ts";
import { dataOf, LAYERS, type Layer, type LayerData, magnitudes, onnxOf } from "./layers.ts";
import { race } from "./measure.ts";
import { feedOf, GENERATED, SEED, SHARED } from "./models/index.ts";
import type { Report, Row } from "./report.ts";
import { benchScale } from "./scale.ts";

export async function runSuite(options: SuiteOptions, host: Host): Promise<Report> {
  const bench = new Bench(options, host);
  setUpOnnxRuntime(host.wasm?.onnxRuntime);
  if (options.suite === "layers") {
    setUpTfjs(host.wasm?.tfjsFolder);
    for (const [i, layer] of LAYERS.entries()) {
      if (bench.wants(layer.name)) await benchLayer(bench, layer, dataOf(layer, SEED + i));
    }
  } else if (options.suite === "models") {
    await benchModels(bench, host);
  } else {
    await benchScale(bench);
  }
  return bench.report();
}

async function benchModels(bench: Bench, host: Host): Promise<void> {
  for (const [name, generate] of Object.entries(GENERATED)) {
    if (!bench.wants(name)) continue;
    const { bytes, input, macs } = generate(SEED);
    await benchModel(bench, name, bytes, feedOf(input.name, [1, ...input.shape], -1, 1), (2 * macs) / 1e9);
  }
  for (const { name, file, shape, range } of SHARED) {
    if (!bench.wants(name)) continue;
    const bytes = await host.readShared(file);
    if (bytes) await benchModel(bench, name, bytes, feedOf("", shape, ...range));
    else bench.note(`${name}: skipped, there is no ${file} in the folder of shared models`);
  }
}

async function benchLayer(bench: Bench, layer: Layer, data: LayerData): Promise<void> {
  const { name, IC, IH, IW, terms, flop } = layer;
  const feed: Feed = { name: "x", shape: [1, IC, IH, IW], data: data.x };
  const bytes = onnxOf(layer, data);
  const magnitude = await magnitudeOf(layer, data);
  const relaxed = bench.options.relaxed ? await openLanewiseLayer(bytes, feed, "relaxed") : undefined;
  if (bench.options.relaxed && !relaxed) bench.note("relaxed: there is no relaxed SIMD in this runtime");
  const peers = [await openOnnxRuntime(bytes, feed), await openTfjs(layer, data)];
  if (!peers[1]) bench.note(`${name}: tfjs-wasm has no such operator`);
  const all = [await openLanewiseLayer(bytes, feed), relaxed, ...peers];
  await compare(bench, name, flop / 1e9, all, (a, b) => layersAgree(a["y"], b["y"], magnitude, terms));
}

async function benchModel(bench: Bench, name: string, bytes: Uint8Array, feed: Feed, gflop?: number): Promise<void> {
  const own = await openOwn(bench, name, bytes, feed);
  const contestants = [own, await openOnnxRuntime(bytes, feed)];
  await compare(bench, name, gflop ?? own?.gflop ?? 0, contestants, modelsAgree);
}

/** lanewise and the operations that it counts, unless it says that it cannot run the model. */
async function openOwn(bench: Bench, name: string, bytes: Uint8Array, feed: Feed) {
  try {
    const own = await openLanewise(bytes, feed);
    const macs = own.model.layers({ [own.input]: feed.shape }).reduce((sum, layer) => sum + layer.macs, 0);
    return { ...own, gflop: (2 * macs) / 1e9 };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    const operators = new Set(error.items.map(({ operator }) => operator));
    bench.note(`${name}: lanewise refuses it: ${[...operators].join(", ") || error.message}`);
    return undefined;
  }
}

/** Checks that all contestants agree with the first, then times them. */
async function compare(
  bench: Bench,
  name: string,
  gflop: number,
  all: readonly (Contestant | undefined)[],
  disagreement: (a: Outputs, b: Outputs) => string | undefined,
): Promise<void> {
  const contestants = all.filter((contestant) => contestant !== undefined);
  const results: Outputs[] = [];
  for (const contestant of contestants) results.push(await contestant.run());
  for (const [i, { engine }] of contestants.entries()) {
    const problem = i > 0 && disagreement(results[0], results[i]);
    if (problem) throw new Error(`${name}: ${contestants[0].engine} and ${engine} disagree: ${problem}`);
  }
  const timings = await race(contestants, bench.options.rounds);
  for (const contestant of contestants) await contestant.dispose();
  const byEngine = Object.fromEntries(contestants.map(({ engine }, i) => [engine, timings[i]]));
  bench.add({ name, gflop, timings: byEngine as Row["timings"] });
}

/** What onnxruntime-web gives for the layer without signs. */
async function magnitudeOf(layer: Layer, data: LayerData): Promise<Float32Array> {
  const absolute = magnitudes(data);
  const { IC, IH, IW } = layer;
  const session = await openOnnxRuntime(onnxOf(layer, absolute), {
    name: "x",
    shape: [1, IC, IH, IW],
    data: absolute.x,
  });
  const { y } = await session.run();
  await session.dispose();
  return y;
}
