// Every operator refuses every kind of wrong operand and every wrong option in words.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { engineOf, errorOf } from "./engines.ts";
import { BINARY, type Name, type Operand, REDUCTIONS, SAMPLES, type Size, upload } from "./samples.ts";

const engine = await engineOf("release");
const other = await engineOf("release");
afterAll(() => engine.dispose());
afterEach(() => expect(engine.memory).toMatchObject({ tensors: 0, bytes: 0 }));

const NAMES = Object.keys(SAMPLES) as Name[];
const SIZE: Size = [2, 5, 3];

/** The error of a sample with something else in place of operand `at`. */
function errorWith(name: Name, at: number, make: (operand: Operand) => unknown) {
  return engine.scope(() => {
    const operands = SAMPLES[name].operands(...SIZE);
    const given = operands.map((each, i) => (i === at ? make(each) : upload(engine, each)));
    return errorOf(() => SAMPLES[name].run(engine, given as never, SIZE));
  });
}

const EACH = NAMES.flatMap((name) =>
  SAMPLES[name].operands(...SIZE).map((operand, at) => ({ name, at, operand, what: operand.what })),
);

describe("operands", () => {
  test.each(EACH)("$name without a usable $what", ({ name, at, operand }) => {
    const begin = `${name}: ${operand.what} expected`;
    const disposed = (each: Operand) => {
      const x = upload(engine, each);
      x.dispose();
      return x;
    };
    expect(errorWith(name, at, disposed)).toEqual({
      ...{ name: "DisposedError", code: "disposed" },
      message: `${begin} a live tensor, got a disposed one`,
    });
    expect(errorWith(name, at, (each) => upload(other, each))).toEqual({
      ...{ name: "ArgumentError", code: "argument" },
      message: `${begin} a tensor of this engine, got one of another engine`,
    });
    const wanted = operand.orNumber ? "a Tensor or a number" : "a Tensor";
    for (const [wrong, got] of [
      ["x", "x"],
      [true, "true"],
      [[1, 2], "[1, 2]"],
      [new Float32Array(3), "Float32Array of 3"],
    ] as const) {
      expect(errorWith(name, at, () => wrong)).toEqual({
        ...{ name: "ArgumentError", code: "argument" },
        message: `${begin} ${wanted}, got ${got}`,
      });
    }
  });

  test.each(EACH.filter(({ operand }) => operand.types))(
    "$name with $what of another type",
    ({ name, at, operand }) => {
      const ints = ({ shape }: Operand) => engine.tensor(new Int8Array(shape.reduce((a, b) => a * b, 1)), shape);
      const types = operand.types?.includes("bool") ? "bool or uint8" : operand.types?.join(" or ");
      expect(errorWith(name, at, ints)).toEqual({
        ...{ name: "ArgumentError", code: "argument" },
        message: `${name}: ${operand.what} expected ${types}, got int8`,
      });
    },
  );
});

const pairs = "a and b expected shapes that broadcast, got [2, 3, 5, 3] and [7, 1]";
const images = (x = "images of rank 4 (nchw)") => ({ x: `x expected ${x}, got [7, 1]` });
const fixed = (shape: string, ...operands: string[]) =>
  Object.fromEntries(operands.map((what) => [what, `${what} expected shape ${shape}, got [7, 1]`]));
const all = (names: readonly Name[], misfits: Record<string, string>) =>
  Object.fromEntries(names.map((name) => [name, misfits]));

/** By operator and operand: what is said if its shape is [7, 1]. The operands that are not here take any shape. */
const MISFITS: Partial<Record<Name, Readonly<Record<string, string>>>> = {
  ...all(BINARY, { b: pairs }),
  ...all(["logicalAnd", "logicalOr", "logicalXor"], { b: pairs }),
  ...all(REDUCTIONS, { x: "axis expected an axis of rank 2, got 2" }),
  topK: { x: "k expected an integer from 0 to 1, the extent of the axis, got 2" },
  prelu: {
    x: "slope expected a shape that broadcasts to [7, 1], got [3, 1, 1]",
    slope: "slope expected a shape that broadcasts to [2, 3, 5, 3], got [7, 1]",
  },
  where: Object.fromEntries(
    ["condition", "a", "b"].map((what, at) => {
      const shapes = ["[2, 3, 5, 3]", "[2, 3, 5, 3]", "[3, 1, 1]"].map((shape, i) => (i === at ? "[7, 1]" : shape));
      return [what, `condition and a and b expected shapes that broadcast, got ${shapes.join(" and ")}`];
    }),
  ),
  concat: {
    "inputs[0]": "inputs[1] expected shape [7, any], got [2, 2, 5, 3]",
    "inputs[1]": "inputs[1] expected shape [2, any, 5, 3], got [7, 1]",
  },
  ...all(["crop", "depthToSpace", "spaceToDepth", "localResponseNormalization", "resample2d"], images()),
  ...all(["im2col", "maxPool2d", "averagePool2d", "l2Pool2d", "maxPool2dWithIndices"], images()),
  ...all(["adaptiveAveragePool2d", "adaptiveMaxPool2d"], images()),
  ...all(["maxPool1d", "averagePool1d"], images("sequences of rank 3 (ncl)")),
  expand: { x: "newShape expected a shape that [7, 1] broadcasts to, got [2, 2, 3, 5, 3]" },
  reshape: { x: "newShape expected 7 elements as in [7, 1], got [-1, 45]" },
  slice: { x: "starts expected 2 integers >= 0, got [0, 1, 0, 0]" },
  split: { x: "splits expected extents that add up to 1, got [1, 2]" },
  tile: { x: "repetitions expected 2 integers >= 0, got [1, 2, 1, 3]" },
  transpose: { x: "permutation expected 2 integers >= 0, got [0, 2, 3, 1]" },
  pad: { x: "beginning expected 2 integers >= 0, got [0, 0, 1, 1]" },
  gather: { x: "indices expected values from -1 to 0, got 2" },
  batchNormalization: {
    x: "scale expected shape [1], got [3]",
    ...fixed("[3]", "mean", "variance", "scale", "bias"),
  },
  ...all(["instanceNormalization", "groupNormalization"], {
    ...images("images of rank 3 or more"),
    ...fixed("[4]", "scale", "bias"),
  }),
  layerNormalization: { x: "scale expected shape [1], got [3, 5, 3]", ...fixed("[3, 5, 3]", "scale", "bias") },
  conv1d: {
    ...images("sequences of rank 3 (ncl)"),
    ...{ ...fixed("[oc, 2, k]", "filter"), ...fixed("[6]", "bias"), ...fixed("[2, 6, 3]", "residual") },
  },
  conv2d: {
    ...{ ...images(), ...fixed("[oc, 2, kh, kw]", "filter") },
    ...{ ...fixed("[6]", "bias"), ...fixed("[2, 6, 5, 3]", "residual") },
  },
  convTranspose2d: { ...images(), ...fixed("[4, oc, kh, kw]", "filter"), ...fixed("[6]", "bias") },
  depthwiseConv2d: {
    ...{ ...images(), ...fixed("[oc, 1, kh, kw]", "filter") },
    ...{ ...fixed("[6]", "bias"), ...fixed("[2, 6, 5, 3]", "residual") },
  },
  depthwiseSeparableConv2d: {
    ...{ ...images(), ...fixed("[oc, 1, kh, kw]", "depthwiseFilter"), ...fixed("[oc, 6, 1, 1]", "pointwiseFilter") },
    ...{ ...fixed("[6]", "depthwiseBias"), ...fixed("[4]", "bias"), ...fixed("[2, 4, 5, 3]", "residual") },
  },
  col2im: fixed("[n, a multiple of 9, 15] for 5x3 windows of 3x3", "x"),
  maxUnpool2d: { ...images(), ...fixed("[2, 3, 5, 3]", "indices") },
  matmul: {
    a: "b expected 1 rows, as many as a has columns, got [7, 1] and [3, 5]",
    b: "b expected 3 rows, as many as a has columns, got [2, 3, 5, 3] and [7, 1]",
  },
  gemm: {
    a: "b expected shape [n, 1], got [5, 15]",
    b: "b expected shape [n, 15], got [7, 1]",
    c: "c expected a shape that broadcasts to [2, 5], got [7, 1]",
  },
  nonMaxSuppression: {
    boxes: "boxes expected shape [images, boxes, 4], got [7, 1]",
    scores: "scores expected shape [2, classes, 15], got [7, 1]",
  },
};

describe("shapes that do not fit", () => {
  test.each(EACH)("$name with $what of shape [7, 1]", ({ name, at, operand }) => {
    const message = MISFITS[name]?.[operand.what];
    const misfit = (each: Operand) =>
      upload(engine, { ...each, shape: [7, 1], values: (count) => new Array(count).fill(2) });
    if (message === undefined) {
      // Nothing is wrong with it.
      expect(() => errorWith(name, at, misfit)).toThrow("expected an error");
      return;
    }
    // Where another argument is what does not fit.
    const isArgument = ["topK", "slice", "tile", "transpose", "pad", "gather"].includes(name);
    const kind = isArgument ? { name: "ArgumentError", code: "argument" } : { name: "ShapeError", code: "shape" };
    expect(errorWith(name, at, misfit)).toEqual({ ...kind, message: `${name}: ${message}` });
  });
});

test("an engine that is disposed of says so", async () => {
  const gone = await engineOf("release");
  gone.dispose();
  for (const name of NAMES) {
    const operands = SAMPLES[name].operands(...SIZE).map((each) => upload(engine, each));
    expect(errorOf(() => SAMPLES[name].run(gone, operands, SIZE))).toEqual({
      ...{ name: "DisposedError", code: "disposed" },
      message: `${name}: engine expected to be in use, got a disposed one`,
    });
    for (const x of operands) x.dispose();
  }
});
