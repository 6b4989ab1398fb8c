// Every operator of an engine gives the same bits whether its images lie densely or channels last.
import { expect, test } from "vitest";
import { OPERATORS as o } from "../../src/ops/index.ts";
import type { Tensor } from "../../src/tensor.ts";
import { Workspace } from "../../src/workspace.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";

const w = new Workspace("test", compileBuild("release"));
type Name = keyof typeof o;
type Shapes = readonly (readonly number[])[];

interface Case {
  readonly name: Name;
  /** Of the operands that may lie either way. */
  readonly shapes: Shapes;
  readonly run: (...operands: Tensor[]) => Tensor | readonly Tensor[];
}

/** Images whose channels and places are fewer and more than a block of sums (256), and of odd extents. */
const IMAGES = [
  [2, 12, 5, 7],
  [1, 6, 19, 23],
  [2, 270, 3, 2],
  [1, 1, 4, 4],
  [3, 4, 1, 1],
] as const;

const random = new Random(31);

/** Signed values of very different sizes, so that each order of addition rounds differently. */
function values(count: number): Float32Array {
  const data = random.values(count);
  return data.map((v, i) => v * 2 ** (i % 13));
}

function dense(shape: readonly number[], data = values(shape.reduce((a, b) => a * b, 1))): Tensor {
  const x = w.create("test", shape);
  w.view(x).set(data as never);
  return x;
}

const each = (name: Name, run: Case["run"], more: Shapes = []): Case[] =>
  IMAGES.map((shape) => ({ name, shapes: [shape, ...more], run }));
const pairs = (name: Name, run: Case["run"]): Case[] =>
  IMAGES.flatMap((shape) => [
    { name, shapes: [shape, shape], run },
    { name, shapes: [shape, [1, shape[1], 1, 1]], run },
    { name, shapes: [[shape[0], 1, shape[2], shape[3]], shape], run },
    { name, shapes: [shape, shape.slice(1)], run },
  ]);

const UNARY =
  `celu clamp elu erf exp gelu hardSigmoid hardSwish leakyRelu linear log mish relu relu6 selu sigmoid silu softplus
  softsign tanh thresholdedRelu abs acos acosh asin asinh atan atanh ceil cos cosh floor isInfinite isNaN neg reciprocal round sign sin
  sinh sqrt tan identity`.split(/\s+/) as Name[];
const BINARY =
  `add div fmod max min mod mul pow sub squaredDifference equal greater greaterOrEqual lesser lesserOrEqual notEqual prelu`.split(
    " ",
  ) as Name[];
const REDUCTIONS =
  "reduceL1 reduceL2 reduceLogSum reduceLogSumExp reduceMax reduceMean reduceMin reduceProduct reduceSum reduceSumSquare".split(
    " ",
  ) as Name[];
const AXES = [[0], [1], [2], [3], [0, 1], [1, 2], [2, 3], [0, 2, 3], [1, 2, 3], [0, 1, 2, 3], [1, 3]];
const call = (name: Name) => o[name] as unknown as (w: Workspace, ...rest: unknown[]) => Tensor;
const truth = (x: Tensor) => o.greater(w, x, 0);
const window = { windowDimensions: [2, 3], padding: 1 } as const;

const CASES: Case[] = [
  ...UNARY.flatMap((name) => each(name, (x) => call(name)(w, x))),
  ...BINARY.flatMap((name) => pairs(name, (a, b) => call(name)(w, a, b))).filter(
    ({ name, shapes: [a, b] }) =>
      name !== "prelu" || a.every((extent, i) => extent >= (b[i - a.length + b.length] ?? 1)),
  ),
  ...(["logicalAnd", "logicalOr", "logicalXor"] as const).flatMap((name) =>
    pairs(name, (a, b) => call(name)(w, truth(a), truth(b))),
  ),
  ...each("logicalNot", (x) => o.logicalNot(w, truth(x))),
  ...pairs("where", (a, b) => o.where(w, truth(b), a, b)),
  ...REDUCTIONS.flatMap((name) => AXES.flatMap((axes) => each(name, (x) => call(name)(w, x, { axes })))),
  ...(["argMax", "argMin"] as const).flatMap((name) =>
    [0, 1, 2, 3].flatMap((axis) => each(name, (x) => o[name](w, x, axis))),
  ),
  ...(["softmax", "logSoftmax"] as const).flatMap((name) =>
    [0, 1, 2, 3].flatMap((axis) => each(name, (x) => o[name](w, x, axis))),
  ),
  ...[0, 1, 2, 3].flatMap((axis) => each("topK", (x) => Object.values(o.topK(w, x, 1, { axis })) as Tensor[])),
  ...IMAGES.flatMap(([, C]): Case[] => {
    const [mean, scale, bias] = [dense([C]), dense([C]), dense([C])];
    const variance = o.abs(w, dense([C]));
    const shapes = IMAGES.filter((shape) => shape[1] === C);
    const groups = [1, 2, 3, C].filter((G) => C % G === 0);
    return [
      { name: "batchNormalization", shapes, run: (x) => o.batchNormalization(w, x, mean, variance, { scale, bias }) },
      { name: "instanceNormalization", shapes, run: (x) => o.instanceNormalization(w, x) },
      { name: "instanceNormalization", shapes, run: (x) => o.instanceNormalization(w, x, { scale, bias }) },
      ...groups.map((G): Case => ({ name: "groupNormalization", shapes, run: (x) => o.groupNormalization(w, x, G) })),
      ...groups.map(
        (G): Case => ({
          name: "groupNormalization",
          shapes,
          run: (x) => o.groupNormalization(w, x, G, { scale, bias }),
        }),
      ),
      { name: "localResponseNormalization", shapes, run: (x) => o.localResponseNormalization(w, x, 3, { beta: 0.7 }) },
    ];
  }),
  ...[[1], [1, 2, 3], [2, 3], [3]].flatMap((axes) =>
    each("layerNormalization", (x) => o.layerNormalization(w, x, { axes })),
  ),
  ...each("concat", (a, b) => o.concat(w, [a, b, a], 1), []).map(({ shapes: [shape], ...rest }) => ({
    ...rest,
    shapes: [shape, [shape[0], 3, shape[2], shape[3]]],
  })),
  ...[0, 1, 2, 3].flatMap((axis) => each("concat", (x) => o.concat(w, [x, x], axis))),
  ...each("crop", (x) => o.crop(w, x, [0, 0], [1, 1])),
  ...each("expand", (x) => o.expand(w, x, [2, ...x.shape])),
  ...each("reshape", (x) =>
    o.reshape(
      w,
      x,
      [-1].map(() => x.shape.reduce((a, b) => a * b, 1)),
    ),
  ),
  ...each("reverse", (x) => o.reverse(w, x, { axes: [1, 3] })),
  ...each("slice", (x) => o.slice(w, x, [0, 0, 0, 0], [1, x.shape[1], 1, x.shape[3]])),
  ...each("split", (x) => o.split(w, x, [1, x.shape[3] - 1].filter(Boolean), { axis: 3 })),
  ...each("split", (x) => o.split(w, x, 1, { axis: 1 })),
  ...each("squeeze", (x) => o.squeeze(w, x)),
  ...each("tile", (x) => o.tile(w, x, [2, 3, 1, 2])),
  ...each("transpose", (x) => o.transpose(w, x, { permutation: [2, 0, 3, 1] })),
  ...each("unsqueeze", (x) => o.unsqueeze(w, x, [1])),
  ...each("cast", (x) => o.cast(w, x, "int32")),
  ...each("gather", (x) => o.gather(w, x, o.cast(w, o.mul(w, dense([2, 1, 1]), 0), "int32"), { axis: 1 })),
  ...each("pad", (x) => o.pad(w, x, [0, 1, 2, 3], [1, 2, 0, 1])),
  ...each("resample2d", (x) => o.resample2d(w, x, { scales: [2, 1.5], mode: "linear" })),
  ...each("resample2d", (x) => o.resample2d(w, x, { sizes: [5, 4], mode: "cubic" })),
  ...each("depthToSpace", (x) => o.depthToSpace(w, o.tile(w, x, [1, 4, 1, 1]), 2)),
  ...each("spaceToDepth", (x) => o.spaceToDepth(w, o.tile(w, x, [1, 1, 2, 2]), 2)),
  ...each("im2col", (x) => o.im2col(w, x, window)),
  ...each("adaptiveAveragePool2d", (x) => o.adaptiveAveragePool2d(w, x, [3, 2])),
  ...each("adaptiveMaxPool2d", (x) => o.adaptiveMaxPool2d(w, x, [3, 2])),
  ...(["averagePool2d", "l2Pool2d", "maxPool2d"] as const).flatMap((name) => each(name, (x) => o[name](w, x, window))),
  ...(["averagePool2d", "l2Pool2d", "maxPool2d"] as const).flatMap((name) => each(name, (x) => o[name](w, x))),
  ...each("maxPool2dWithIndices", (x) => Object.values(o.maxPool2dWithIndices(w, x, window)) as Tensor[]),
  ...each("maxUnpool2d", (x) => {
    const { values, indices } = o.maxPool2dWithIndices(w, x, { windowDimensions: 1 });
    return o.maxUnpool2d(w, values, indices, { outputSizes: [x.shape[2], x.shape[3]] });
  }),
  ...IMAGES.flatMap(([, C]): Case[] => {
    const shapes = IMAGES.filter((shape) => shape[1] === C);
    const [filter, point, up, own] = [
      [5, C, 2, 2],
      [5, C, 1, 1],
      [C, 3, 3, 3],
      [C, 1, 3, 3],
    ].map((shape) => dense(shape));
    const padding = 1;
    return [
      { name: "conv2d", shapes, run: (x) => o.conv2d(w, x, filter, { padding }) },
      { name: "conv2d", shapes, run: (x) => o.conv2d(w, x, point, { activation: "silu" }) },
      { name: "convTranspose2d", shapes, run: (x) => o.convTranspose2d(w, x, up, { strides: 2 }) },
      { name: "depthwiseConv2d", shapes, run: (x) => o.depthwiseConv2d(w, x, own, { padding }) },
      {
        name: "depthwiseSeparableConv2d",
        shapes,
        run: (x) => o.depthwiseSeparableConv2d(w, x, own, point, { padding }),
      },
    ];
  }),
  // The filter and the residual may lie either way too.
  {
    name: "conv2d",
    shapes: [
      [1, 4, 6, 6],
      [8, 4, 3, 3],
      [1, 8, 6, 6],
    ],
    run: (x, filter, residual) => o.conv2d(w, x, filter, { padding: 1, residual }),
  },
  {
    name: "conv1d",
    shapes: [
      [2, 4, 9],
      [3, 4, 2],
    ],
    run: (x, filter) => o.conv1d(w, x, filter),
  },
  { name: "averagePool1d", shapes: [[2, 4, 9]], run: (x) => o.averagePool1d(w, x, { windowDimensions: 2 }) },
  { name: "maxPool1d", shapes: [[2, 4, 9]], run: (x) => o.maxPool1d(w, x, { windowDimensions: 2 }) },
  {
    name: "col2im",
    shapes: [[2, 3 * 4, 12]],
    run: (x) => o.col2im(w, x, { windowDimensions: 2, outputSizes: [4, 5] }),
  },
  {
    name: "matmul",
    shapes: [
      [2, 3, 4, 300],
      [2, 1, 300, 5],
    ],
    run: (a, b) => o.matmul(w, a, b),
  },
  { name: "gemm", shapes: [[3, 4, 5]], run: (x) => o.gemm(w, o.reshape(w, x, [12, 5]), o.reshape(w, x, [5, 12])) },
  {
    name: "nonMaxSuppression",
    shapes: [
      [2, 20, 4],
      [2, 3, 20],
    ],
    run: (boxes, scores) => o.nonMaxSuppression(w, boxes, scores, { maxOutputBoxesPerClass: 5 }),
  },
];

test("every operator has a case", () => {
  const covered = new Set(CASES.map(({ name }) => name));
  expect(Object.keys(o).filter((name) => !covered.has(name as Name))).toEqual([]);
});

/** The bits of the results, and their shapes. */
function bitsOf(results: Tensor | readonly Tensor[]): string[] {
  return (Array.isArray(results) ? results : [results]).map((y: Tensor) => {
    const { buffer, byteOffset, byteLength } = w.read(y);
    return `${y.type} [${y.shape}] ${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}`;
  });
}

const names = [...new Set(CASES.map(({ name }) => name))];
test.each(names)("%s", (name) => {
  for (const { shapes, run } of CASES.filter((each) => each.name === name)) {
    const data = shapes.map((shape) => values(shape.reduce((a, b) => a * b, 1)));
    const results = Array.from({ length: 2 ** shapes.length }, (_, last) =>
      w.scope("test", () => {
        const operands = shapes.map((shape, i) => dense(shape, data[i]));
        operands.forEach((x, i) => {
          if ((last >> i) & 1 && x.shape.length > 2) w.arrange(x, "channels-last");
        });
        return bitsOf(run(...operands));
      }),
    );
    const different = results.findIndex((result) => result.some((bits, i) => bits !== results[0][i]));
    expect(different, `of ${JSON.stringify(shapes)} channels last, by bits, what differs`).toBe(-1);
  }
});
