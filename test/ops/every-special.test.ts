// What every operator makes of NaN and of the infinities: as PyTorch, in numbers.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Shape } from "../../src/shape.ts";
import type { Tensor } from "../../src/tensor.ts";
import { engineOf } from "./engines.ts";
import { type Name, type Result, SAMPLES, tensorsOf, UNARY } from "./samples.ts";

const engine = await engineOf("release");
afterAll(() => engine.dispose());
afterEach(() => expect(engine.memory).toMatchObject({ tensors: 0, bytes: 0 }));

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;
const T = (data: readonly number[], shape?: Shape) => engine.tensor(Float32Array.from(data), shape ?? [data.length]);
/** One image of one channel. */
const image = (...rows: readonly (readonly number[])[]) => T(rows.flat(), [1, 1, rows.length, rows[0].length]);

function numbersOf(run: () => Result): number[][] {
  return engine.scope(() =>
    tensorsOf(run()).map((y) => Array.from<number | bigint, number>(y.data, (value) => Number(value) + 0)),
  );
}

/** f(NaN), f(Infinity), f(-Infinity). */
const OF_SPECIALS: Readonly<Record<(typeof UNARY)[number], readonly [number, number, number]>> = {
  celu: [NAN, INF, -1],
  clamp: [NAN, INF, -INF],
  elu: [NAN, INF, -1],
  erf: [NAN, 1, -1],
  exp: [NAN, INF, 0],
  // A product of -Infinity and 0, as of the next three.
  gelu: [NAN, INF, NAN],
  hardSwish: [NAN, INF, NAN],
  mish: [NAN, INF, NAN],
  silu: [NAN, INF, NAN],
  hardSigmoid: [NAN, 1, 0],
  leakyRelu: [NAN, INF, -INF],
  linear: [NAN, INF, -INF],
  log: [NAN, INF, NAN],
  relu: [NAN, INF, 0],
  relu6: [NAN, 6, 0],
  selu: [NAN, INF, Math.fround(-1.6732632423543772 * 1.0507009873554805)],
  sigmoid: [NAN, 1, 0],
  softplus: [NAN, INF, 0],
  softsign: [NAN, NAN, NAN],
  tanh: [NAN, 1, -1],
  thresholdedRelu: [NAN, INF, 0],
  abs: [NAN, INF, INF],
  acos: [NAN, NAN, NAN],
  acosh: [NAN, INF, NAN],
  asin: [NAN, NAN, NAN],
  asinh: [NAN, INF, -INF],
  atan: [NAN, Math.fround(Math.PI / 2), Math.fround(-Math.PI / 2)],
  atanh: [NAN, NAN, NAN],
  ceil: [NAN, INF, -INF],
  cos: [NAN, NAN, NAN],
  cosh: [NAN, INF, INF],
  floor: [NAN, INF, -INF],
  isInfinite: [0, 1, 1],
  isNaN: [1, 0, 0],
  neg: [NAN, -INF, INF],
  reciprocal: [NAN, 0, 0],
  round: [NAN, INF, -INF],
  // PyTorch has 0 for NaN.
  sign: [NAN, 1, -1],
  sin: [NAN, NAN, NAN],
  sinh: [NAN, INF, -INF],
  sqrt: [NAN, INF, NAN],
  tan: [NAN, NAN, NAN],
};

test.each(UNARY)("%s", (name) => {
  // In the body of the loop, and in its tail.
  const x = [0, 1, NAN, INF, -INF, NAN, INF, -INF, 1, NAN, -INF];
  const [got] = numbersOf(() => (engine[name] as (x: Tensor) => Tensor)(T(x)));
  x.forEach((value, i) => {
    if (Number.isFinite(value)) return;
    expect(got[i], `${name}(${value})`).toBe(OF_SPECIALS[name][Number.isNaN(value) ? 0 : value > 0 ? 1 : 2]);
  });
});

const A = [NAN, 1, NAN, INF, INF, -INF, 1, 0, -5, 5];
const B = [1, NAN, NAN, INF, -INF, 1, INF, INF, INF, -INF];
const window = { windowDimensions: 2 } as const;
const ones = (...shape: number[]) => T(new Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

type Case = readonly [name: Name, run: () => Result, ...want: (readonly number[])[]];

const CASES: readonly Case[] = [
  ["add", () => engine.add(T(A), T(B)), [NAN, NAN, NAN, INF, NAN, -INF, INF, INF, INF, -INF]],
  ["sub", () => engine.sub(T(A), T(B)), [NAN, NAN, NAN, NAN, INF, -INF, -INF, -INF, -INF, INF]],
  ["mul", () => engine.mul(T(A), T(B)), [NAN, NAN, NAN, INF, -INF, -INF, INF, NAN, -INF, -INF]],
  ["div", () => engine.div(T(A), T(B)), [NAN, NAN, NAN, NAN, NAN, -INF, 0, 0, 0, 0]],
  ["div", () => engine.div(T([1, -1, 0, NAN]), 0), [INF, -INF, NAN, NAN]],
  ["min", () => engine.min(T(A), T(B)), [NAN, NAN, NAN, INF, -INF, -INF, 1, 0, -5, -INF]],
  ["max", () => engine.max(T(A), T(B)), [NAN, NAN, NAN, INF, INF, 1, INF, INF, INF, 5]],
  ["pow", () => engine.pow(T(A), T(B)), [NAN, 1, NAN, INF, 0, -INF, 1, 0, INF, 0]],
  ["pow", () => engine.pow(T([NAN, INF, -INF, -INF]), T([0, -1, 2, 3])), [1, 0, INF, -INF]],
  ["mod", () => engine.mod(T(A), T(B)), [NAN, NAN, NAN, NAN, NAN, NAN, 1, 0, INF, -INF]],
  ["fmod", () => engine.fmod(T(A), T(B)), [NAN, NAN, NAN, NAN, NAN, NAN, 1, 0, -5, 5]],
  ["squaredDifference", () => engine.squaredDifference(T(A), T(B)), [NAN, NAN, NAN, NAN, INF, INF, INF, INF, INF, INF]],
  ["equal", () => engine.equal(T(A), T(B)), [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
  ["notEqual", () => engine.notEqual(T(A), T(B)), [1, 1, 1, 0, 1, 1, 1, 1, 1, 1]],
  ["greater", () => engine.greater(T(A), T(B)), [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]],
  ["greaterOrEqual", () => engine.greaterOrEqual(T(A), T(B)), [0, 0, 0, 1, 1, 0, 0, 0, 0, 1]],
  ["lesser", () => engine.lesser(T(A), T(B)), [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]],
  ["lesserOrEqual", () => engine.lesserOrEqual(T(A), T(B)), [0, 0, 0, 1, 0, 1, 1, 1, 1, 0]],
  ["prelu", () => engine.prelu(T([NAN, INF, -INF, -INF, -1]), T([2, 2, 2, 0, NAN])), [NAN, INF, -INF, NAN, NAN]],
  [
    "where",
    () => engine.where(engine.tensor(Uint8Array.of(1, 0, 1, 0)), T([NAN, NAN, INF, 1]), T([1, -INF, NAN, NAN])),
    [NAN, -INF, INF, NAN],
  ],
  ["reduceSum", () => engine.reduceSum(T([1, NAN, 2])), [NAN]],
  ["reduceSum", () => engine.reduceSum(T([1, INF, -INF])), [NAN]],
  ["reduceMean", () => engine.reduceMean(T([1, INF, 2])), [INF]],
  ["reduceMax", () => engine.reduceMax(T([1, NAN, INF])), [NAN]],
  ["reduceMin", () => engine.reduceMin(T([-INF, NAN, 1])), [NAN]],
  ["reduceProduct", () => engine.reduceProduct(T([0, INF])), [NAN]],
  ["reduceL1", () => engine.reduceL1(T([1, -INF])), [INF]],
  ["reduceL2", () => engine.reduceL2(T([1, -INF])), [INF]],
  ["reduceL2", () => engine.reduceL2(T([1, NAN])), [NAN]],
  ["reduceSumSquare", () => engine.reduceSumSquare(T([-INF, 2])), [INF]],
  ["reduceLogSum", () => engine.reduceLogSum(T([-INF, 2])), [NAN]],
  ["reduceLogSum", () => engine.reduceLogSum(T([INF, 2])), [INF]],
  ["reduceLogSumExp", () => engine.reduceLogSumExp(T([-INF, -INF])), [-INF]],
  ["reduceLogSumExp", () => engine.reduceLogSumExp(T([INF, INF, -INF])), [INF]],
  ["reduceLogSumExp", () => engine.reduceLogSumExp(T([NAN, INF])), [NAN]],
  ["argMax", () => engine.argMax(T([INF, 1, NAN, 2, NAN]), 0), [2]],
  ["argMax", () => engine.argMax(T([-INF, -INF]), 0), [0]],
  ["argMin", () => engine.argMin(T([-INF, 1, NAN, 2, NAN]), 0), [2]],
  ["argMin", () => engine.argMin(T([INF, INF]), 0, { selectLastIndex: true }), [1]],
  ["topK", () => engine.topK(T([1, NAN, INF, -INF, NAN]), 4), [NAN, NAN, INF, 1], [1, 4, 2, 0]],
  ["topK", () => engine.topK(T([1, NAN, INF, -INF]), 4, { largest: false }), [-INF, 1, INF, NAN], [3, 0, 2, 1]],
  [
    "softmax",
    () => engine.softmax(T([INF, 1, NAN, 1, -INF, 0, -INF, -INF], [4, 2])),
    [NAN, NAN, NAN, NAN, 0, 1, NAN, NAN],
  ],
  [
    "logSoftmax",
    () => engine.logSoftmax(T([INF, 1, NAN, 1, -INF, 0, -INF, -INF], [4, 2])),
    [NAN, NAN, NAN, NAN, -INF, 0, NAN, NAN],
  ],
  ["cast", () => engine.cast(T([NAN, INF, -INF, 1.5]), "int32"), [0, 0, 0, 1]],
  ["cast", () => engine.cast(T([NAN, INF, 0]), "bool"), [1, 1, 0]],
  ["matmul", () => engine.matmul(T([INF, 1], [1, 2]), T([0, 1], [2, 1])), [NAN]],
  ["matmul", () => engine.matmul(T([INF, 1], [1, 2]), T([1, -INF], [2, 1])), [NAN]],
  ["gemm", () => engine.gemm(T([1, 2], [1, 2]), T([INF, 1], [2, 1]), { c: T([-INF]) }), [NAN]],
  // What is multiplied by 0 still counts.
  ["gemm", () => engine.gemm(ones(1, 1), ones(1, 1), { c: T([NAN]), beta: 0 }), [NAN]],
  ["gemm", () => engine.gemm(ones(1, 1), T([INF], [1, 1]), { alpha: 0 }), [NAN]],
  ["conv1d", () => engine.conv1d(T([NAN, 1, 2, INF], [1, 1, 4]), ones(1, 1, 2)), [NAN, 3, INF]],
  ["conv2d", () => engine.conv2d(image([NAN, 1, 2, INF]), image([0, 1])), [NAN, 2, INF]],
  ["conv2d", () => engine.conv2d(image([NAN, 1, INF, 2]), image([0, 1])), [NAN, INF, NAN]],
  // Padding is not there, whatever it would be multiplied by.
  ["conv2d", () => engine.conv2d(image([1, 2]), image([INF, 0]), { padding: [0, 0, 1, 0] }), [0, INF]],
  ["conv2d", () => engine.conv2d(image([1]), image([1]), { activation: "relu", bias: T([NAN]) }), [NAN]],
  ["depthwiseConv2d", () => engine.depthwiseConv2d(T([NAN, 1, 2, 3], [1, 2, 1, 2]), ones(2, 1, 1, 2)), [NAN, 5]],
  [
    "depthwiseSeparableConv2d",
    () => engine.depthwiseSeparableConv2d(T([NAN, 1, 2, 3], [1, 2, 1, 2]), ones(2, 1, 1, 1), ones(1, 2, 1, 1)),
    [NAN, 4],
  ],
  ["convTranspose2d", () => engine.convTranspose2d(image([NAN, 1, -INF]), image([1, 0])), [NAN, NAN, -INF, NAN]],
  ["maxPool1d", () => engine.maxPool1d(T([1, NAN, 3, INF], [1, 1, 4]), window), [NAN, NAN, INF]],
  ["averagePool1d", () => engine.averagePool1d(T([1, INF, -INF, 2], [1, 1, 4]), window), [INF, NAN, -INF]],
  ["maxPool2d", () => engine.maxPool2d(image([1, NAN, 3], [4, 5, -INF]), window), [NAN, NAN]],
  [
    "maxPool2d",
    () => engine.maxPool2d(image([-INF, -INF]), { ...window, padding: 1 }),
    [-INF, -INF, -INF, -INF, -INF, -INF],
  ],
  [
    "maxPool2dWithIndices",
    () => engine.maxPool2dWithIndices(image([NAN, 3, NAN, INF]), { windowDimensions: [1, 3] }),
    [NAN, NAN],
    [2, 2],
  ],
  [
    "averagePool2d",
    () => engine.averagePool2d(image([1, NAN, 3], [4, 5, INF]), { windowDimensions: [2, 1] }),
    [2.5, NAN, INF],
  ],
  ["l2Pool2d", () => engine.l2Pool2d(image([1, NAN, -INF]), { windowDimensions: 1 }), [1, NAN, INF]],
  ["adaptiveAveragePool2d", () => engine.adaptiveAveragePool2d(image([NAN, 1, 2, INF]), [1, 2]), [NAN, INF]],
  ["adaptiveMaxPool2d", () => engine.adaptiveMaxPool2d(image([NAN, 1, 2, -INF]), [1, 2]), [NAN, 2]],
  [
    "maxUnpool2d",
    () =>
      engine.maxUnpool2d(image([NAN, INF]), engine.tensor(Int32Array.of(2, 0), [1, 1, 1, 2]), { outputSizes: [1, 3] }),
    [INF, 0, NAN],
  ],
  [
    "col2im",
    () => engine.col2im(T([NAN, 1, 2, INF], [1, 2, 2]), { windowDimensions: [1, 2], outputSizes: [1, 3] }),
    [NAN, 3, INF],
  ],
  [
    "batchNormalization",
    () => engine.batchNormalization(T([NAN, INF, -INF, 1], [4, 1]), T([0]), T([1]), { epsilon: 0 }),
    [NAN, INF, -INF, 1],
  ],
  ["batchNormalization", () => engine.batchNormalization(ones(1, 2), T([0, 0]), T([-1, INF])), [NAN, 0]],
  ["instanceNormalization", () => engine.instanceNormalization(T([NAN, 1, 3, 3], [1, 2, 2])), [NAN, NAN, 0, 0]],
  ["groupNormalization", () => engine.groupNormalization(T([INF, 1, 3, 3], [1, 2, 2]), 2), [NAN, NAN, 0, 0]],
  ["layerNormalization", () => engine.layerNormalization(T([1, NAN, 5, 5], [2, 2])), [NAN, NAN, 0, 0]],
  [
    "localResponseNormalization",
    () => engine.localResponseNormalization(T([0, 0, NAN, 0, 0], [1, 5, 1, 1]), 3),
    [0, NAN, NAN, NAN, 0],
  ],
  ["resample2d", () => engine.resample2d(image([NAN, INF]), { sizes: [1, 4] }), [NAN, NAN, INF, INF]],
  [
    "resample2d",
    () => engine.resample2d(image([INF, 1, 1]), { sizes: [1, 6], mode: "linear" }),
    [INF, INF, INF, 1, 1, 1],
  ],
  [
    "nonMaxSuppression",
    () => engine.nonMaxSuppression(T([0, 0, 1, 1, 2, 2, 3, 3], [1, 2, 4]), T([NAN, -INF], [1, 1, 2])),
    [],
  ],
  [
    "nonMaxSuppression",
    () => engine.nonMaxSuppression(T([0, 0, 1, 1, 2, 2, 3, 3], [1, 2, 4]), T([1, INF], [1, 1, 2])),
    [0, 0, 1, 0, 0, 0],
  ],
];

const named = CASES.map(([name, run, ...want]) => ({ name, run, want }));

test.each(named)("$name of NaN and infinities", ({ run, want }) => {
  expect(numbersOf(run)).toEqual(want);
});

/** Their elements are what some elements of x are. */
const MOVEMENTS = [
  ...([
    "identity",
    "reshape",
    "squeeze",
    "unsqueeze",
    "expand",
    "tile",
    "transpose",
    "reverse",
    "slice",
    "split",
  ] as const),
  ...(["crop", "concat", "pad", "gather", "depthToSpace", "spaceToDepth", "im2col"] as const),
] satisfies Name[];

describe("movements keep every bit", () => {
  test.each(MOVEMENTS)("%s", (name) => {
    engine.scope(() => {
      const { operands, run } = SAMPLES[name];
      // A NaN of a pattern of its own in each place; signalling ones too.
      const made = operands(2, 3, 5).map(({ what, shape, types, values }) => {
        const count = shape.reduce((product, extent) => product * extent, 1);
        if (what === "indices") return engine.tensor(Int32Array.from(values?.(count) ?? []), shape);
        expect(types?.[0] ?? "float32").toBe("float32");
        const bits = Uint32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 0x7f800001 : 0xffc00000) + i);
        return engine.tensor(new Float32Array(bits.buffer), shape);
      });
      const results = tensorsOf(run(engine, made, [2, 3, 5]));
      const bitsOf = (x: Tensor) => Array.from(new Uint32Array((x.data as Float32Array).slice().buffer));
      const given = new Set(made.flatMap((x) => (x.type === "float32" ? bitsOf(x) : [])));
      // The zeros around the windows of im2col.
      if (name === "im2col") given.add(0);
      for (const y of results) expect(bitsOf(y).filter((bits) => !given.has(bits))).toEqual([]);
    });
  });
});

/** They take no floats. */
const OF_TRUTHS: readonly Name[] = ["logicalAnd", "logicalNot", "logicalOr", "logicalXor"];

test("every operator is here", () => {
  const here = [...UNARY, ...MOVEMENTS, ...OF_TRUTHS, ...CASES.map(([name]) => name)];
  expect([...new Set(here)].sort()).toEqual(Object.keys(SAMPLES).sort());
});
