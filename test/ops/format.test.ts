// Which operators leave images channels last: a chain of them converts once at each end.
import { expect, test } from "vitest";
import { OPERATORS } from "../../src/ops/index.ts";
import type { Tensor } from "../../src/tensor.ts";
import { Workspace } from "../../src/workspace.ts";
import { compileBuild } from "../support/builds.ts";

const w = new Workspace("test", compileBuild("release"));

function images(format: "dense" | "channels-last"): Tensor {
  const x = w.create("test", [2, 4, 6, 5], format);
  w.kernels.fill(w.address(x), 240, 0.5);
  return x;
}

const o = OPERATORS;
const KEEP: Record<string, (x: Tensor) => Tensor> = {
  relu: (x) => o.relu(w, x),
  gelu: (x) => o.gelu(w, x),
  sqrt: (x) => o.sqrt(w, x),
  "add of two": (x) => o.add(w, x, x),
  "add of a number": (x) => o.add(w, 1, x),
  "add of a dense one": (x) => o.add(w, x, w.create("test", [2, 4, 6, 5])),
  "mul by a value a channel": (x) => o.mul(w, x, w.create("test", [4, 1, 1])),
  "mul by a row": (x) => o.mul(w, w.create("test", [5]), x),
  prelu: (x) => o.prelu(w, x, w.create("test", [4, 1, 1])),
  softmax: (x) => o.softmax(w, x, 1),
  batchNormalization: (x) => o.batchNormalization(w, x, w.create("test", [4]), w.create("test", [4])),
  instanceNormalization: (x) => o.instanceNormalization(w, x),
  groupNormalization: (x) => o.groupNormalization(w, x, 2),
  localResponseNormalization: (x) => o.localResponseNormalization(w, x, 3),
  identity: (x) => o.identity(w, x),
  tile: (x) => o.tile(w, x, [1, 2, 1, 1]),
  concat: (x) => o.concat(w, [x, w.create("test", [2, 3, 6, 5])], 1),
  split: (x) => o.split(w, x, 2, { axis: 1 })[1],
  slice: (x) => o.slice(w, x, [0, 1, 0, 0], [2, 2, 6, 5]),
  reverse: (x) => o.reverse(w, x, { axes: [3] }),
  crop: (x) => o.crop(w, x, [1, 1], [3, 3]),
  pad: (x) => o.pad(w, x, [0, 0, 1, 1], [0, 0, 1, 1]),
  depthToSpace: (x) => o.depthToSpace(w, x, 2),
  spaceToDepth: (x) => o.spaceToDepth(w, x, 1),
  resample2d: (x) => o.resample2d(w, x, { scales: 2 }),
  topK: (x) => o.topK(w, x, 2, { axis: 1 }).values,
};

test.each(Object.entries(KEEP))("%s leaves x as it lies", (_, body) => {
  const x = images("channels-last");
  const y = body(x);
  expect(w.format(y)).toBe("channels-last");
  expect(w.format(x)).toBe("channels-last");
});

/** An operand that cannot lie channels last as the others do. */
const DENSE: Record<string, (x: Tensor) => Tensor> = {
  "add of one image": (x) => o.add(w, x, w.create("test", [4, 6, 5])),
  reshape: (x) => o.reshape(w, x, [2, 4, 30]),
  transpose: (x) => o.transpose(w, x),
  equal: (x) => o.equal(w, x, x),
  "argMax over channels": (x) => o.argMax(w, x, 1),
};

test.each(Object.entries(DENSE))("%s gives a dense result", (_, body) => {
  expect(w.format(body(images("channels-last")))).toBe("dense");
});

test.each([
  ["reduceMean over places", (x: Tensor) => o.reduceMean(w, x, { axes: [2, 3] })],
  ["reduceMax over channels", (x: Tensor) => o.reduceMax(w, x, { axes: [1] })],
  ["transpose", (x: Tensor) => o.transpose(w, x)],
])("%s reads images where they lie", (_, body) => {
  const x = images("channels-last");
  expect(w.format(body(x))).toBe("dense");
  expect(w.format(x)).toBe("channels-last");
});
