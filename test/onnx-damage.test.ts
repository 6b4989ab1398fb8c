// Files that are damaged are refused in words, or run as the other network that they have become: nothing else may come out.
import { expect, test } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import { LanewiseError } from "../src/errors.ts";
import type { ValueInfo } from "../src/graph/graph.ts";
import { Model } from "../src/graph/model.ts";
import { importModel } from "../src/onnx/import.ts";
import { readModel } from "../src/onnx/proto.ts";
import { writeModel } from "../src/onnx/write.ts";
import { elementCount, isShape } from "../src/shape.ts";
import { compileBuild } from "./support/builds.ts";
import { floats, graph, integers, model, node, truth, value } from "./support/onnx-model.ts";
import { Random } from "./support/random.ts";

const MODULE = compileBuild("release");
const MEMORY_LIMIT = 32 * 2 ** 20;
/** A file of some hundred bytes has little to do. */
const SLOW = 2000;

const scalar = (v: number): HostTensor => ({ ...integers(v), shape: [] });
const random = new Random(7);
const weights = (...shape: number[]) => floats(shape, ...random.tensor(shape).data);

/** Small networks; in the second most values are shapes, places and counts. */
const files: readonly (readonly [string, Uint8Array])[] = [
  [
    "convolutions",
    writeModel(
      model({
        nodes: [
          node("Conv", "x w b", "c", { pads: [1, 1, 1, 1], strides: [2, 2], kernel_shape: [3, 3] }),
          node("Relu", "c", "r"),
          node("MaxPool", "r", "m", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
          node("ConvTranspose", "m t", "u", { strides: [2, 2] }),
          node("Concat", "r u", "k", { axis: 1 }),
          node("GlobalAveragePool", "k", "g"),
          node("Flatten", "g", "f"),
          node("Gemm", "f d", "y", { transB: 1 }),
        ],
        inputs: [value("x", [1, 2, 8, 8])],
        outputs: "y",
        constants: { w: weights(4, 2, 3, 3), b: weights(4), t: weights(4, 3, 2, 2), d: weights(3, 7) },
      }),
    ),
  ],
  [
    "shapes",
    writeModel(
      model({
        opset: 18,
        nodes: [
          node("Resize", "x _ factors", "r", { mode: "nearest" }),
          node("Resize", "r _ _ sizes", "q", { mode: "linear" }),
          node("Pad", "q pads", "p"),
          node("Slice", "p starts ends axes steps", "s"),
          node("Tile", "s repeats", "t"),
          node("Expand", "t wide", "e"),
          node("Range", "from to by", "n"),
          node("ConstantOfShape", "n", "o", { value: floats([1], 1) }),
          node("Gather", "e index", "h", { axis: 1 }),
          node("Split", "h parts", "v0 v1", { axis: 3 }),
          node("ReduceSum", "v1 axes", "z", { keepdims: 1 }),
          node("Reshape", "z flat", "a"),
          node("If", "yes", "i", {
            then_branch: graph({
              nodes: [node("Add", "a one", "l")],
              outputs: "l",
              constants: { one: floats([1], 1) },
            }),
            else_branch: graph({ nodes: [node("Neg", "a", "l")], outputs: "l" }),
          }),
          node("TopK", "i k", "b places", { axis: 0 }),
          node("Unsqueeze", "b axis", "y"),
        ],
        inputs: [value("x", [1, 2, 3, 4])],
        outputs: "y places o v0",
        constants: {
          factors: floats([4], 1, 1, 2, 2),
          sizes: integers(1, 2, 5, 5),
          pads: integers(0, 0, 1, 1, 0, 0, 1, 1),
          starts: integers(0, 6),
          ends: integers(6, -8),
          axes: integers(2, 3),
          steps: integers(2, -1),
          repeats: integers(1, 1, 2, 1),
          wide: integers(2, 1, 1, 1),
          from: scalar(1),
          to: scalar(4),
          by: scalar(1),
          index: integers(1, 0),
          parts: integers(2, 5),
          flat: integers(-1),
          yes: truth(true),
          k: integers(3),
          axis: integers(0),
        },
      }),
    ),
  ],
];

/** Elements of an input that can be fed, some for any other. */
function sizeOf(shape: ValueInfo["shape"]): number {
  const size = isShape(shape) ? elementCount(shape) : 24;
  return size < 1e6 ? size : 24;
}

/** Loads and runs; gives what became of it. */
function outcome(bytes: Uint8Array): string {
  try {
    const made = new Model(importModel(readModel(bytes)), MODULE, { memoryLimit: MEMORY_LIMIT });
    try {
      const feeds = made.inputs.map(({ name, shape }) => [name, { data: new Float32Array(sizeOf(shape)) }] as const);
      made.runSync(Object.fromEntries(feeds));
    } finally {
      made.dispose();
    }
    return "ran";
  } catch (error) {
    if (error instanceof LanewiseError) return error.code;
    throw error;
  }
}

function expectSound(bytes: Uint8Array, damage: string): string {
  const start = performance.now();
  try {
    return outcome(bytes);
  } catch (error) {
    throw new Error(`${damage}: ${(error as Error).stack}`);
  } finally {
    expect(performance.now() - start, damage).toBeLessThan(SLOW);
  }
}

test.each(files)("%s, cut at every byte", (_, bytes) => {
  const outcomes = Array.from(bytes, (_, n) => expectSound(bytes.slice(0, n), `cut at byte ${n}`));
  // Between two fields of the model itself it is another model.
  expect(outcomes.filter((each) => each !== "malformed-model").length).toBeLessThan(5);
});

test.each(files)("%s, with every byte changed", { timeout: 60_000 }, (_, bytes) => {
  const seen = new Set<string>();
  for (let n = 0; n < bytes.length; n++) {
    const bits = [0x01, 0xff, 0x10, 0x80][(n * 7) % 4];
    const damaged = bytes.slice();
    damaged[n] ^= bits;
    seen.add(expectSound(damaged, `byte ${n} ^ ${bits}`));
  }
  for (const code of ["ran", "malformed-model", "unsupported", "shape"]) expect(seen).toContain(code);
});
