// Networks whose shapes depend on data, run by onnxruntime-web and by lanewise.
import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { loadModel } from "../../src/onnx/load.ts";
import { DETECTOR, detectorFeeds } from "../graph/detector.ts";
import { bytesOf, type Line, scalar, type Words } from "../graph/graphs.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

type Feed = { readonly data: Float32Array; readonly shape: readonly number[] };

/** Integers as outputs, which bytesOf declares as floats. */
const asFloats = (name: string): Line => [`Cast ${name} -> ${name}_numbers`, { to: 1 }];

/** Expects every output to be the same within a millionth. Gives the shapes of the first. */
async function agree(words: Words, all: readonly Readonly<Record<string, Feed>>[]): Promise<number[][]> {
  const bytes = bytesOf(words);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const model = await loadModel(bytes, { wasm: compileBuild("release") });
  const shapes: number[][] = [];
  for (const [i, feeds] of all.entries()) {
    const theirs = Object.entries(feeds).map(([name, { data, shape }]) => [name, new ort.Tensor(data, shape)] as const);
    const want = await session.run(Object.fromEntries(theirs));
    const got = await model.run(feeds);
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
    for (const [name, { dims, data }] of Object.entries(want)) {
      const what = `${name} of draw ${i}`;
      expect(got[name].shape, what).toEqual([...dims]);
      for (const [at, value] of (data as Float32Array).entries()) {
        expect(Math.abs(Number(got[name].data[at]) - value), what).toBeLessThanOrEqual(
          1e-6 * Math.max(1, Math.abs(value)),
        );
      }
    }
    shapes.push([...Object.values(want)[0].dims]);
  }
  model.dispose();
  await session.release();
  return shapes;
}

test("a detector with its suppression", async () => {
  const words = { ...DETECTOR, lines: [...DETECTOR.lines, asFloats("rows")], outputs: "kept features rows_numbers" };
  const draws = Array.from({ length: 100 }, (_, i) => detectorFeeds(i, [0, 0.5, 0.52, 0.55, 1][i % 5]) as never);
  const shapes = await agree(words, draws);
  expect(shapes.some(([count]) => count === 0)).toBe(true);
  expect(new Set(shapes.map(([count]) => count)).size).toBeGreaterThan(10);
});

test("a chain of NonZero, Compress and TopK of as many as were counted", async () => {
  const words: Words = {
    inputs: { x: [2, 9] },
    lines: [
      "Greater x zero -> positive",
      "NonZero positive -> places",
      "Transpose places -> rows",
      "GatherND x rows -> some",
      ["ReduceMean some -> mean", { keepdims: 0 }],
      "Greater some mean -> above",
      ["Compress some above -> large", { axis: 0 }],
      "Less large limit -> small",
      ["Cast small -> ones", { to: 7 }],
      ["ReduceSum ones -> k", { keepdims: 1 }],
      "TopK large k -> best where",
      asFloats("where"),
      asFloats("places"),
    ],
    outputs: "best where_numbers some places_numbers",
    constants: { zero: scalar(0), limit: scalar(0.75) },
  };
  const random = new Random(17);
  const shapes = await agree(
    words,
    Array.from({ length: 100 }, () => ({ x: random.tensor([2, 9]) })),
  );
  expect(new Set(shapes.map(([count]) => count)).size).toBeGreaterThan(3);
});
