// Every operator takes empty batches, images of 1x1, and batches whose images do not know of each other.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { OPERATORS } from "../../src/ops/index.ts";
import type { Shape } from "../../src/shape.ts";
import type { Tensor } from "../../src/tensor.ts";
import { engineOf } from "./engines.ts";
import { type Name, SAMPLES, type Size, tensorsOf, upload } from "./samples.ts";

const engine = await engineOf("debug");
afterAll(() => engine.dispose());
afterEach(() => expect(engine.memory).toMatchObject({ tensors: 0, bytes: 0 }));

const NAMES = Object.keys(SAMPLES) as Name[];

test("every operator has a sample", () => {
  expect(NAMES.sort()).toEqual(Object.keys(OPERATORS).sort());
});

interface Result {
  readonly shape: Shape;
  readonly data: number[];
}

function resultsOf(name: Name, size: Size, operands: readonly Tensor[]): Result[] {
  return tensorsOf(SAMPLES[name].run(engine, operands, size)).map(({ shape, data }) => ({
    shape,
    data: Array.from(data, Number),
  }));
}

function sampleAt(name: Name, size: Size): Result[] {
  return engine.scope(() =>
    resultsOf(
      name,
      size,
      SAMPLES[name].operands(...size).map((each) => upload(engine, each)),
    ),
  );
}

describe("shapes", () => {
  test.each(NAMES)("%s of a batch, of an empty one, of images of 1x1 and of one row", (name) => {
    const sizes: Size[] = [
      [2, 5, 3],
      [0, 5, 3],
      [3, 1, 1],
      [0, 1, 1],
      [1, 1, 7],
    ];
    for (const size of sizes) {
      const wanted = SAMPLES[name].shapes(...size);
      const results = sampleAt(name, size);
      expect(results).toHaveLength(wanted.length);
      for (const [i, { shape, data }] of results.entries()) {
        if (wanted[i]) expect(shape, `of ${size}`).toEqual(wanted[i]);
        expect(data).toHaveLength(shape.reduce((product, extent) => product * extent, 1));
      }
    }
  });
});

/** Their results hold the number of the image, turn the batch round, or repeat it. */
const OF_THE_WHOLE: readonly Name[] = ["nonMaxSuppression", "reverse", "expand"];
const BY_IMAGE = NAMES.filter((name) => !OF_THE_WHOLE.includes(name));

describe("a batch gives what its images give one by one", () => {
  test.each(BY_IMAGE)("%s", (name) => {
    for (const [H, W] of [
      [1, 1],
      [5, 3],
    ]) {
      const size: Size = [3, H, W];
      const { operands } = SAMPLES[name];
      // The operands that are one an image.
      const lone = operands(1, H, W);
      const isBatch = operands(...size).map(({ shape }, i) => shape.join() !== lone[i].shape.join());
      engine.scope(() => {
        const all = operands(...size).map((each) => upload(engine, each));
        const data = all.map((x) => x.data);
        const whole = resultsOf(name, size, all);
        for (let n = 0; n < 3; n++) {
          const own = lone.map(({ shape }, i) => {
            const count = data[i].length / 3;
            return engine.tensor(isBatch[i] ? data[i].slice(n * count, (n + 1) * count) : data[i], shape);
          });
          const parts = resultsOf(name, [1, H, W], own);
          for (const [i, part] of parts.entries()) {
            const count = part.data.length;
            expect(part.data, `image ${n} of ${H}x${W}`).toEqual(whole[i].data.slice(n * count, (n + 1) * count));
            expect(whole[i].shape).toEqual([3, ...part.shape.slice(1)]);
          }
        }
      });
    }
  });
});

describe("a tensor that stands for several operands", () => {
  test.each([
    ["conv2d", (x, y) => engine.conv2d(x, y)],
    ["conv2d with its residual", (x, y, z) => engine.conv2d(x, y, { residual: z })],
    [
      "conv2d by a window",
      (x, y, z) => engine.conv2d(x, y, { residual: z, padding: [1, 0, 1, 0], filterLayout: "ohwi" }),
      [2, 2, 2, 2],
    ],
    ["convTranspose2d", (x, y) => engine.convTranspose2d(x, y)],
    ["depthwiseConv2d", (x, y, z) => engine.depthwiseConv2d(x, y, { residual: z, filterLayout: "hwcm" }), [1, 1, 1, 1]],
    [
      "depthwiseSeparableConv2d",
      (x, y, z) => engine.depthwiseSeparableConv2d(x, y, z, { residual: x, depthwiseFilterLayout: "hwcm" }),
      [1, 1, 1, 1],
    ],
    ["conv1d", (x, y, z) => engine.conv1d(x, y, { residual: z }), [2, 2, 1]],
    ["matmul", (x, y) => engine.matmul(x, y)],
    ["gemm", (x, y, z) => engine.gemm(x, y, { c: z, aTranspose: true, beta: 2 }), [3, 3]],
    ["add", (x, y) => engine.add(x, y)],
    ["prelu", (x, y) => engine.prelu(x, y)],
    ["where", (x, y, z) => engine.where(engine.greater(x, 0), y, z)],
    ["concat", (x, y, z) => engine.concat([x, y, z], 1)],
    ["batchNormalization", (x, y, z) => engine.batchNormalization(x, y, z, { axis: 0, scale: x, bias: y }), [3]],
    ["layerNormalization", (x, y, z) => engine.layerNormalization(x, { axes: [0, 1, 2, 3], scale: y, bias: z })],
    ["nonMaxSuppression", (x, y) => engine.nonMaxSuppression(x, y), [2, 4, 4]],
  ] as [string, (...x: Tensor[]) => Tensor, Shape?][])("%s", (_, run, shape = [2, 2, 1, 1]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const make = (which: number) =>
      engine.tensor(
        Float32Array.from({ length: count }, (__, i) => 10 * which + i + 1),
        shape,
      );
    // Every way in which two or three of the operands are one tensor, lying densely or channels last.
    for (const same of ["001", "010", "011", "000"]) {
      for (const convert of [false, true]) {
        engine.scope(() => {
          const places = [...same].map(Number);
          const want = run(...places.map(make));
          const made = [0, 1].map(make);
          if (convert && shape.length === 4) for (const x of made) engine.maxPool2d(x);
          const got = run(...places.map((which) => made[which]));
          expect(got.shape).toEqual(want.shape);
          expect(Array.from(got.data, Number), same).toEqual(Array.from(want.data, Number));
          for (const [which, x] of made.entries()) expect(x.data).toEqual(make(which).data);
        });
      }
    }
  });
});
