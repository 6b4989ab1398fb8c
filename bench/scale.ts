/** How the time of a pixel and of an image changes as images and batches grow 64 times. */

import { loadModel } from "../src/index.ts";
import type { Bench } from "./bench.ts";
import type { Contestant, Feed } from "./engines/engine.ts";
import { openLanewiseLayer } from "./engines/lanewise-layer.ts";
import { conv, dataOf, depthwise, type Layer, maxPool, onnxOf } from "./layers.ts";
import { race } from "./measure.ts";
import { feedOf, SEED } from "./models/index.ts";
import { mobileNetV1Trunk } from "./models/mobilenet.ts";
import { type Series, seriesOf } from "./report.ts";

/** Times the smallest side, and the smallest area and batch times their squares. */
const SIDES = [1, 2, 3, 4, 6, 8];

/** Layers by the smallest side of their image. */
const LAYERS: readonly ((side: number) => Layer)[] = [
  (side) => conv("ResNet", 64, side * 28, 64, [3, 3]),
  (side) => conv("ResNet-50", 128, side * 28, 128, [1, 1]),
  (side) => depthwise("MobileNetV2", 96, side * 28, 3),
  (side) => maxPool("ResNet", 64, side * 28),
  (side) => conv("MobileNetV2 stem", 3, side * 56, 32, [3, 3], { stride: 2 }),
];
const MODEL_SIDE = 64;
/** What memory and caches give: a pixel of 64 channels read and written. */
const COPY = "copying 64@28";

/** One size of a series. */
interface Point {
  readonly name: string;
  /** Pixels or images, those of the smallest being 1. */
  readonly scale: number;
  readonly gflop: number;
  readonly contestant: Pick<Contestant, "time" | "run" | "dispose">;
}

export async function benchScale(bench: Bench): Promise<void> {
  for (const [i, layerOf] of LAYERS.entries()) {
    const smallest = layerOf(1);
    if (!bench.wants(smallest.name)) continue;
    const pixels = smallest.IH * smallest.IW;
    const sizes = SIDES.map((side) => pointOf(layerOf(side), 1, side * side, SEED + i));
    await measure(bench, smallest.name, "pixel", pixels, await Promise.all(sizes));
    const batches = SIDES.map((side) => pointOf(smallest, side * side, side * side, SEED + i));
    await measure(bench, smallest.name, "image", 1, await Promise.all(batches));
  }
  if (bench.wants(COPY)) await measure(bench, COPY, "pixel", 28 * 28, SIDES.map(copyOf));
  if (bench.wants(`MobileNetV1 trunk @${MODEL_SIDE}`)) await benchModel(bench);
}

async function benchModel(bench: Bench): Promise<void> {
  const { bytes, input } = mobileNetV1Trunk(SEED);
  const model = await loadModel(bytes);
  const pointOf = (N: number, side: number, scale: number): Point => {
    const [C] = input.shape;
    const { data } = feedOf(input.name, [C, side, side], -1, 1);
    const shape = [N, C, side, side];
    const feeds = { [input.name]: { data: repeat(data, N), shape } };
    const macs = model.layers({ [input.name]: shape }).reduce((sum, layer) => sum + layer.macs, 0);
    return {
      name: `MobileNetV1 trunk @${side}`,
      scale,
      gflop: (2 * macs) / 1e9,
      contestant: {
        async run() {
          return { y: Object.values(model.runSync(feeds))[0].data as Float32Array };
        },
        async time(runs) {
          const start = performance.now();
          for (let i = 0; i < runs; i++) model.runSync(feeds);
          return performance.now() - start;
        },
        dispose() {},
      },
    };
  };
  const sizes = SIDES.map((side) => pointOf(1, side * MODEL_SIDE, side * side));
  await measure(bench, `MobileNetV1 trunk @${MODEL_SIDE}`, "pixel", MODEL_SIDE * MODEL_SIDE, sizes);
  const batches = SIDES.map((side) => pointOf(side * side, MODEL_SIDE, side * side));
  await measure(bench, `MobileNetV1 trunk @${MODEL_SIDE}`, "image", 1, batches);
  model.dispose();
}

function copyOf(side: number): Point {
  const { data } = feedOf("", [64, side * 28, side * 28], -1, 1);
  const copy = new Float32Array(data.length);
  const contestant = {
    run: async () => ({ y: copy }),
    async time(runs: number) {
      const start = performance.now();
      for (let i = 0; i < runs; i++) copy.set(data);
      return performance.now() - start;
    },
    dispose() {},
  };
  return { name: `copying 64@${side * 28}`, scale: side * side, gflop: 0, contestant };
}

async function pointOf(layer: Layer, N: number, scale: number, seed: number): Promise<Point> {
  const data = dataOf(layer, seed);
  const { name, IC, IH, IW, flop } = layer;
  const feed: Feed = { name: "x", shape: [N, IC, IH, IW], data: repeat(data.x, N) };
  const contestant = (await openLanewiseLayer(onnxOf(layer, data, N), feed))!;
  return { name, scale, gflop: (N * flop) / 1e9, contestant };
}

/** `smallest` are the pixels or images of the first point. */
async function measure(
  bench: Bench,
  name: string,
  per: Series["per"],
  smallest: number,
  points: readonly Point[],
): Promise<void> {
  if (per === "image") await checkImages(name, points);
  const timings = await race(
    points.map(({ contestant }) => contestant),
    bench.options.rounds,
  );
  for (const [i, { name, scale, gflop, contestant }] of points.entries()) {
    bench.add({ name: per === "image" ? `${name} x${scale}` : name, gflop, timings: { lanewise: timings[i] } });
    await contestant.dispose();
  }
  const times = points.map(({ scale }, i) => ({ scale, ms: timings[i].min / (scale * smallest) }));
  bench.addSeries(seriesOf(name, per, times));
}

/** Every image of a batch must have the bits of the image alone. */
async function checkImages(name: string, points: readonly Point[]): Promise<void> {
  let alone: Float32Array | undefined;
  for (const { scale, contestant } of points) {
    const { y } = await contestant.run();
    alone ??= y;
    for (let i = 0; i < y.length; i++) {
      if (Object.is(y[i], alone[i % alone.length])) continue;
      throw new Error(`${name}: a batch of ${scale} and one image disagree: ${y[i]} and ${alone[i % alone.length]}`);
    }
    if (y.length !== scale * alone.length) throw new Error(`${name}: a batch of ${scale} gives ${y.length} values`);
  }
}

function repeat(image: Float32Array, times: number): Float32Array<ArrayBuffer> {
  const images = new Float32Array(image.length * times);
  for (let n = 0; n < times; n++) images.set(image, n * image.length);
  return images;
}
