/** The benches of layers and of models, in whatever runtime this is. */

import { UnsupportedError } from "../src/index.ts";
import { layersAgree, modelsAgree, type Outputs } from "./agree.ts";
import type { Contestant, EngineName, Feed } from "./engines/engine.ts";
import { openLanewise } from "./engines/lanewise.ts";
import { openOnnxRuntime, setUpOnnxRuntime } from "./engines/onnxruntime.ts";
import { openTfjs, setUpTfjs } from "./engines/tfjs.ts";
import { dataOf, LAYERS, type Layer, type LayerData, magnitudes, onnxOf } from "./layers.ts";
import { race } from "./measure.ts";
import { GENERATED, SHARED } from "./models/index.ts";
import { PeakProbe } from "./peak.ts";
import { Random } from "./random.ts";
import { milliseconds, type Report, type Row } from "./report.ts";

export interface SuiteOptions {
  readonly suite: "layers" | "models";
  /** A regular expression that names of rows must match, without regard to case. */
  readonly only: string;
  readonly rounds: number;
  /** Whether to report the first run of each engine too. */
  readonly first: boolean;
}

/** What the suite needs from the runtime it is in. */
export interface Host {
  readonly runtime: string;
  /** Addresses of the peers' .wasm files, where they do not find them themselves. */
  readonly wasm?: { readonly onnxRuntime: string; readonly tfjsFolder: string };
  /** A file of the folder of shared models; undefined if there is none. */
  readShared(file: string): Promise<Uint8Array | undefined>;
  progress(line: string): void;
}

const SEED = 20;

export async function runSuite(options: SuiteOptions, host: Host): Promise<Report> {
  const bench = new Bench(options, host);
  setUpOnnxRuntime(host.wasm?.onnxRuntime);
  if (options.suite === "layers") {
    setUpTfjs(host.wasm?.tfjsFolder);
    for (const [i, layer] of LAYERS.entries()) {
      if (bench.wants(layer.name)) await bench.layer(layer, dataOf(layer, SEED + i));
    }
  } else {
    for (const [name, generate] of Object.entries(GENERATED)) {
      if (!bench.wants(name)) continue;
      const { bytes, input, macs } = generate(SEED);
      const shape = [1, ...input.shape];
      await bench.model(name, bytes, feedOf(input.name, shape, -1, 1), (2 * macs) / 1e9);
    }
    for (const { name, file, shape, range } of SHARED) {
      if (!bench.wants(name)) continue;
      const bytes = await host.readShared(file);
      if (bytes) await bench.model(name, bytes, feedOf("", shape, ...range));
      else bench.note(`${name}: skipped, there is no ${file} in the folder of shared models`);
    }
  }
  return bench.report();
}

/** Without a name the network's only input is meant. */
function feedOf(name: string, shape: readonly number[], low: number, high: number): Feed {
  const length = shape.reduce((a, b) => a * b, 1);
  return { name, shape, data: new Random(SEED).values(length, low, high) };
}

class Bench {
  readonly #options: SuiteOptions;
  readonly #host: Host;
  readonly #only: RegExp;
  readonly #probe = new PeakProbe();
  readonly #rows: Row[] = [];
  readonly #notes: string[] = [];

  constructor(options: SuiteOptions, host: Host) {
    this.#options = options;
    this.#host = host;
    this.#only = new RegExp(options.only, "i");
    this.#probe.probe(300);
  }

  wants(name: string): boolean {
    return this.#only.test(name);
  }

  note(line: string): void {
    this.#notes.push(line);
    this.#host.progress(line);
  }

  report(): Report {
    this.#probe.probe(300);
    const { runtime } = this.#host;
    return { runtime, peak: this.#probe.peak, rows: this.#rows, notes: this.#notes };
  }

  async layer(layer: Layer, data: LayerData): Promise<void> {
    const { name, IC, IH, IW, terms, flop } = layer;
    const feed: Feed = { name: "x", shape: [1, IC, IH, IW], data: data.x };
    const bytes = onnxOf(layer, data);
    const magnitude = await magnitudeOf(layer, data);
    const own = await this.#open(name, () => openLanewise(bytes, feed, "layer"));
    const contestants = [own, await openOnnxRuntime(bytes, feed), await openTfjs(layer, data)];
    if (!contestants[2]) this.note(`${name}: tfjs-wasm has no such operator`);
    await this.#compare(name, flop / 1e9, contestants, (a, b) => layersAgree(a["y"], b["y"], magnitude, terms));
  }

  async model(name: string, bytes: Uint8Array, feed: Feed, gflop?: number): Promise<void> {
    const own = await this.#open(name, async () => {
      const contestant = await openLanewise(bytes, feed, "model");
      const macs = contestant.model
        .layers({ [contestant.input]: feed.shape })
        .reduce((sum, layer) => sum + layer.macs, 0);
      return { ...contestant, gflop: (2 * macs) / 1e9 };
    });
    const contestants = [own, await openOnnxRuntime(bytes, feed)];
    await this.#compare(name, gflop ?? own?.gflop ?? 0, contestants, modelsAgree);
  }

  /** lanewise, unless it says that it cannot. */
  async #open<T>(name: string, open: () => Promise<T>): Promise<T | undefined> {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      const operators = new Set(error.items.map(({ operator }) => operator));
      this.note(`${name}: lanewise refuses it: ${[...operators].join(", ") || error.message}`);
      return undefined;
    }
  }

  /** Checks that all contestants agree with the first, then times them. */
  async #compare(
    name: string,
    gflop: number,
    all: readonly (Contestant | undefined)[],
    disagreement: (a: Outputs, b: Outputs) => string | undefined,
  ): Promise<void> {
    const contestants = all.filter((contestant) => contestant !== undefined);
    const first: Partial<Record<EngineName, number>> = {};
    const results: Outputs[] = [];
    for (const contestant of contestants) {
      const start = performance.now();
      results.push(await contestant.run());
      first[contestant.engine] = performance.now() - start;
    }
    for (const [i, { engine }] of contestants.entries()) {
      const problem = i > 0 && disagreement(results[0], results[i]);
      if (problem) throw new Error(`${name}: ${contestants[0].engine} and ${engine} disagree: ${problem}`);
    }
    const timings = Object.fromEntries(await race(contestants, this.#options.rounds)) as Row["timings"];
    for (const contestant of contestants) await contestant.dispose();
    this.#probe.probe(20);
    const row = { name, gflop, timings };
    this.#rows.push(this.#options.first ? { ...row, first } : row);
    const summary = Object.entries(timings).map(([engine, { min }]) => `${engine} ${milliseconds(min)}`);
    this.#host.progress(`${name}: ${summary.join(", ")} ms`);
  }
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
