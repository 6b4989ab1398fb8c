// One call of every operator of an engine, for a batch of N images of HxW and with every tensor that it takes.

import type { DataType } from "../../src/dtype.ts";
import type { Engine } from "../../src/engine.ts";
import type { OPERATORS } from "../../src/ops/index.ts";
import type { Shape } from "../../src/shape.ts";
import type { Tensor } from "../../src/tensor.ts";
import { Random } from "../support/random.ts";

export type Name = keyof typeof OPERATORS;
export type Result = Tensor | readonly Tensor[] | { readonly values: Tensor; readonly indices: Tensor };

export interface Operand {
  /** What messages call it. */
  readonly what: string;
  readonly shape: Shape;
  /** The types that it may have, the one of the sample first; undefined: any, float32 in the sample. */
  readonly types?: readonly DataType[];
  /** Whether a number may stand in its place. */
  readonly orNumber?: boolean;
  readonly values?: (count: number) => ArrayLike<number>;
}

/** N, H, W. */
export type Size = readonly [number, number, number];

export interface Sample {
  readonly operands: (N: number, H: number, W: number) => readonly Operand[];
  /** `more` are options besides those of the sample; operators without options pass them over. */
  readonly run: (engine: Engine, x: readonly Tensor[], size: Size, more?: object) => Result;
  /** Shapes of the results; undefined where the values of the operands decide them. */
  readonly shapes: (N: number, H: number, W: number) => readonly (Shape | undefined)[];
}

const FLOAT: readonly DataType[] = ["float32"];
const TRUTH: readonly DataType[] = ["uint8", "bool"];

const random = new Random(53);
const positive = (count: number) => Float32Array.from(random.values(count), Math.abs);

function float(what: string, shape: Shape, more: Partial<Operand> = {}): Operand {
  return { what, shape, types: FLOAT, ...more };
}

/** The tensors of a sample, on an engine. */
export function upload(engine: Engine, { shape, types = FLOAT, values }: Operand): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = values?.(count) ?? (types[0] === "float32" ? random.values(count) : new Uint8Array(count));
  const Made = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array }[types[0] as "float32"];
  return engine.tensor(Made.from(data), shape);
}

export function tensorsOf(result: Result): readonly Tensor[] {
  if ("indices" in result) return [result.values, result.indices];
  return "length" in result ? result : [result];
}

function images(N: number, C: number, H: number, W: number): Operand {
  return float("x", [N, C, H, W]);
}

const method = (engine: Engine, name: Name) => engine[name] as (...rest: unknown[]) => Result;

/** Functions of the elements of one float32 tensor. */
function unary(name: Name): Sample {
  return {
    operands: (N, H, W) => [float("x", [N, 3, H, W])],
    run: (engine, [x], _, more) => method(engine, name)(x, more),
    shapes: (N, H, W) => [[N, 3, H, W]],
  };
}

function binary(name: Name): Sample {
  return {
    operands: (N, H, W) => [float("a", [N, 3, H, W], { orNumber: true }), float("b", [3, 1, 1], { orNumber: true })],
    run: (engine, [a, b]) => method(engine, name)(a, b),
    shapes: (N, H, W) => [[N, 3, H, W]],
  };
}

function logical(name: Name): Sample {
  return {
    operands: (N, H, W) =>
      [
        { what: "a", shape: [N, 3, H, W], types: TRUTH },
        { what: "b", shape: [3, 1, 1], types: TRUTH },
      ].slice(0, name === "logicalNot" ? 1 : 2),
    run: (engine, x) => method(engine, name)(...x),
    shapes: (N, H, W) => [[N, 3, H, W]],
  };
}

/** Over the three axes behind the batch. */
function reduction(name: Name): Sample {
  return {
    operands: (N, H, W) => [float("x", [N, 3, H, W])],
    run: (engine, [x], _, more) => method(engine, name)(x, { axes: [1, 2, 3], ...more }),
    shapes: (N) => [[N]],
  };
}

/** Movements of a tensor of any type. */
function movement(
  run: (engine: Engine, x: Tensor, size: Size, more?: object) => Result,
  shapes: Sample["shapes"],
  C = 3,
): Sample {
  return {
    operands: (N, H, W) => [{ what: "x", shape: [N, C, H, W] }],
    run: (engine, [x], size, more) => run(engine, x, size, more),
    shapes,
  };
}

const WINDOW = { windowDimensions: 3, padding: 1 } as const;

/** Pools by windows that keep the extents. */
function pool2d(name: Name): Sample {
  return {
    operands: (N, H, W) => [images(N, 3, H, W)],
    run: (engine, [x], _, more) => method(engine, name)(x, { ...WINDOW, ...more }),
    shapes: (N, H, W) => new Array(name === "maxPool2dWithIndices" ? 2 : 1).fill([N, 3, H, W]),
  };
}

function pool1d(name: Name): Sample {
  return {
    operands: (N, H, W) => [float("x", [N, H, W])],
    run: (engine, [x], _, more) => method(engine, name)(x, { ...WINDOW, ...more }),
    shapes: (N, H, W) => [[N, H, W]],
  };
}

function adaptive(name: Name): Sample {
  return {
    operands: (N, H, W) => [images(N, 3, H, W)],
    run: (engine, [x], _, more) => method(engine, name)(x, [2, 3], more),
    shapes: (N) => [[N, 3, 2, 3]],
  };
}

function named<K extends Name>(names: readonly K[], make: (name: K) => Sample): Record<K, Sample> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, Sample>;
}

// biome-ignore format: names in rows
export const UNARY = [
  "celu", "clamp", "elu", "erf", "exp", "gelu", "hardSigmoid", "hardSwish", "leakyRelu", "linear", "log", "mish", "relu", "relu6",
  "selu", "sigmoid", "silu", "softplus", "softsign", "tanh", "thresholdedRelu", "abs", "acos", "acosh", "asin", "asinh", "atan",
  "atanh", "ceil", "cos", "cosh", "floor", "isInfinite", "isNaN", "neg", "reciprocal", "round", "sign", "sin", "sinh", "sqrt", "tan",
] as const satisfies readonly Name[];

// biome-ignore format: names in rows
export const BINARY = [
  "add", "div", "fmod", "max", "min", "mod", "mul", "pow", "sub", "squaredDifference",
  "equal", "greater", "greaterOrEqual", "lesser", "lesserOrEqual", "notEqual",
] as const satisfies readonly Name[];

// biome-ignore format: names in rows
export const REDUCTIONS = [
  "reduceL1", "reduceL2", "reduceLogSum", "reduceLogSumExp", "reduceMax", "reduceMean", "reduceMin", "reduceProduct", "reduceSum",
  "reduceSumSquare",
] as const satisfies readonly Name[];

export const SAMPLES: Readonly<Record<Name, Sample>> = {
  ...named(UNARY, unary),
  ...named(BINARY, binary),
  ...named(["logicalAnd", "logicalNot", "logicalOr", "logicalXor"], logical),
  ...named(REDUCTIONS, reduction),
  ...named(["argMax", "argMin"], (name) => ({
    ...unary(name),
    run: (engine, [x], _, more) => engine[name](x, 1, more),
    shapes: (N, H, W) => [[N, H, W]],
  })),
  ...named(["softmax", "logSoftmax"], (name) => ({ ...unary(name), run: (engine, [x]) => engine[name](x, 1) })),
  topK: {
    ...unary("topK"),
    run: (engine, [x], _, more) => engine.topK(x, 2, { axis: 1, ...more }),
    shapes: (N, H, W) => new Array(2).fill([N, 2, H, W]),
  },
  prelu: {
    operands: (N, H, W) => [float("x", [N, 3, H, W]), float("slope", [3, 1, 1], { orNumber: true })],
    run: (engine, [x, slope]) => engine.prelu(x, slope),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  where: {
    operands: (N, H, W) => [
      { what: "condition", shape: [N, 3, H, W], types: TRUTH },
      { what: "a", shape: [N, 3, H, W], types: ["float32", "int32", "uint32"], orNumber: true },
      float("b", [3, 1, 1], { orNumber: true }),
    ],
    run: (engine, [condition, a, b]) => engine.where(condition, a, b),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  cast: movement(
    (engine, x) => engine.cast(x, "int32"),
    (N, H, W) => [[N, 3, H, W]],
  ),
  concat: {
    operands: (N, H, W) => [
      { what: "inputs[0]", shape: [N, 3, H, W] },
      { what: "inputs[1]", shape: [N, 2, H, W] },
    ],
    run: (engine, inputs) => engine.concat(inputs, 1),
    shapes: (N, H, W) => [[N, 5, H, W]],
  },
  crop: movement(
    (engine, x, _, more) => engine.crop(x, [0, 0], [1, 1], more),
    (N) => [[N, 3, 1, 1]],
    3,
  ),
  expand: movement(
    (engine, x, [N, H, W]) => engine.expand(x, [2, N, 3, H, W]),
    (N, H, W) => [[2, N, 3, H, W]],
  ),
  identity: movement(
    (engine, x) => engine.identity(x),
    (N, H, W) => [[N, 3, H, W]],
  ),
  reshape: movement(
    (engine, x, [, H, W]) => engine.reshape(x, [-1, 3 * H * W]),
    (N, H, W) => [[N, 3 * H * W]],
  ),
  reverse: movement(
    (engine, x, _, more) => engine.reverse(x, more),
    (N, H, W) => [[N, 3, H, W]],
  ),
  slice: movement(
    (engine, x, [N], more) => engine.slice(x, [0, 1, 0, 0], [N, 2, 1, 1], { strides: [1, -1, 1, 1], ...more }),
    (N) => [[N, 2, 1, 1]],
  ),
  split: movement(
    (engine, x, _, more) => engine.split(x, [1, 2], { axis: 1, ...more }),
    (N, H, W) => [
      [N, 1, H, W],
      [N, 2, H, W],
    ],
  ),
  squeeze: movement(
    (engine, x) => engine.squeeze(x, [1]),
    (N, H, W) => [[N, H, W]],
    1,
  ),
  tile: movement(
    (engine, x) => engine.tile(x, [1, 2, 1, 3]),
    (N, H, W) => [[N, 6, H, 3 * W]],
  ),
  transpose: movement(
    (engine, x, _, more) => engine.transpose(x, { permutation: [0, 2, 3, 1], ...more }),
    (N, H, W) => [[N, H, W, 3]],
  ),
  unsqueeze: movement(
    (engine, x) => engine.unsqueeze(x, [1]),
    (N, H, W) => [[N, 1, 3, H, W]],
  ),
  pad: movement(
    (engine, x, _, more) => engine.pad(x, [0, 0, 1, 1], [0, 0, 1, 0], { mode: "edge", ...more }),
    (N, H, W) => [[N, 3, H + 2, W + 1]],
  ),
  depthToSpace: movement(
    (engine, x, _, more) => engine.depthToSpace(x, 2, more),
    (N, H, W) => [[N, 1, 2 * H, 2 * W]],
    4,
  ),
  spaceToDepth: {
    operands: (N, H, W) => [{ what: "x", shape: [N, 1, 2 * H, 2 * W] }],
    run: (engine, [x], _, more) => engine.spaceToDepth(x, 2, more),
    shapes: (N, H, W) => [[N, 4, H, W]],
  },
  gather: {
    operands: (N, H, W) => [
      { what: "x", shape: [N, 3, H, W], types: ["float32", "int32", "uint32"] },
      { what: "indices", shape: [2], types: ["int32", "int64"], values: () => [2, -3] },
    ],
    run: (engine, [x, indices], _, more) => engine.gather(x, indices, { axis: 1, ...more }),
    shapes: (N, H, W) => [[N, 2, H, W]],
  },
  batchNormalization: {
    operands: (N, H, W) => [
      float("x", [N, 3, H, W]),
      float("mean", [3]),
      float("variance", [3], { values: positive }),
      float("scale", [3]),
      float("bias", [3]),
    ],
    run: (engine, [x, mean, variance, scale, bias], _, more) =>
      engine.batchNormalization(x, mean, variance, { scale, bias, ...more }),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  ...named(["instanceNormalization", "groupNormalization"], (name) => ({
    operands: (N, H, W) => [float("x", [N, 4, H, W]), float("scale", [4]), float("bias", [4])],
    run: (engine, [x, scale, bias], _, more) =>
      name === "groupNormalization"
        ? engine.groupNormalization(x, 2, { scale, bias, ...more })
        : engine.instanceNormalization(x, { scale, bias, ...more }),
    shapes: (N, H, W) => [[N, 4, H, W]],
  })),
  layerNormalization: {
    operands: (N, H, W) => [float("x", [N, 3, H, W]), float("scale", [3, H, W]), float("bias", [3, H, W])],
    run: (engine, [x, scale, bias], _, more) => engine.layerNormalization(x, { scale, bias, ...more }),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  localResponseNormalization: {
    operands: (N, H, W) => [images(N, 3, H, W)],
    run: (engine, [x], _, more) => engine.localResponseNormalization(x, 3, more),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  conv1d: {
    operands: (N, _, W) => [
      float("x", [N, 4, W]),
      float("filter", [6, 2, 3]),
      float("bias", [6]),
      float("residual", [N, 6, W]),
    ],
    run: (engine, [x, filter, bias, residual], _, more) =>
      engine.conv1d(x, filter, { bias, residual, groups: 2, padding: 1, ...more }),
    shapes: (N, _, W) => [[N, 6, W]],
  },
  conv2d: {
    operands: (N, H, W) => [
      images(N, 4, H, W),
      float("filter", [6, 2, 3, 3]),
      float("bias", [6]),
      float("residual", [N, 6, H, W]),
    ],
    run: (engine, [x, filter, bias, residual], _, more) =>
      engine.conv2d(x, filter, { bias, residual, groups: 2, padding: 1, ...more }),
    shapes: (N, H, W) => [[N, 6, H, W]],
  },
  convTranspose2d: {
    operands: (N, H, W) => [images(N, 4, H, W), float("filter", [4, 3, 2, 2]), float("bias", [6])],
    run: (engine, [x, filter, bias], _, more) =>
      engine.convTranspose2d(x, filter, { bias, groups: 2, strides: 2, ...more }),
    shapes: (N, H, W) => [[N, 6, 2 * H, 2 * W]],
  },
  depthwiseConv2d: {
    operands: (N, H, W) => [
      images(N, 3, H, W),
      float("filter", [6, 1, 3, 3]),
      float("bias", [6]),
      float("residual", [N, 6, H, W]),
    ],
    run: (engine, [x, filter, bias, residual], _, more) =>
      engine.depthwiseConv2d(x, filter, { bias, residual, padding: 1, ...more }),
    shapes: (N, H, W) => [[N, 6, H, W]],
  },
  depthwiseSeparableConv2d: {
    operands: (N, H, W) => [
      images(N, 3, H, W),
      float("depthwiseFilter", [6, 1, 3, 3]),
      float("pointwiseFilter", [4, 6, 1, 1]),
      float("depthwiseBias", [6]),
      float("bias", [4]),
      float("residual", [N, 4, H, W]),
    ],
    run: (engine, [x, depthwise, pointwise, depthwiseBias, bias, residual], _, more) =>
      engine.depthwiseSeparableConv2d(x, depthwise, pointwise, { depthwiseBias, bias, residual, padding: 1, ...more }),
    shapes: (N, H, W) => [[N, 4, H, W]],
  },
  im2col: {
    operands: (N, H, W) => [images(N, 3, H, W)],
    run: (engine, [x], _, more) => engine.im2col(x, { ...WINDOW, ...more }),
    shapes: (N, H, W) => [[N, 27, H * W]],
  },
  col2im: {
    operands: (N, H, W) => [float("x", [N, 27, H * W])],
    run: (engine, [x], [, H, W], more) => engine.col2im(x, { ...WINDOW, outputSizes: [H, W], ...more }),
    shapes: (N, H, W) => [[N, 3, H, W]],
  },
  ...named(["maxPool2d", "averagePool2d", "l2Pool2d", "maxPool2dWithIndices"], pool2d),
  ...named(["maxPool1d", "averagePool1d"], pool1d),
  ...named(["adaptiveAveragePool2d", "adaptiveMaxPool2d"], adaptive),
  maxUnpool2d: {
    operands: (N, H, W) => [images(N, 3, H, W), { what: "indices", shape: [N, 3, H, W], types: ["int32"] }],
    run: (engine, [x, indices], [, H, W], more) =>
      engine.maxUnpool2d(x, indices, { outputSizes: [2 * H, 2 * W], ...more }),
    shapes: (N, H, W) => [[N, 3, 2 * H, 2 * W]],
  },
  matmul: {
    operands: (N, H, W) => [float("a", [N, 3, H, W]), float("b", [W, 5])],
    run: (engine, [a, b], _, more) => engine.matmul(a, b, more),
    shapes: (N, H) => [[N, 3, H, 5]],
  },
  gemm: {
    operands: (N, H, W) => [float("a", [N, H * W]), float("b", [5, H * W]), float("c", [5])],
    run: (engine, [a, b, c], _, more) => engine.gemm(a, b, { c, bTranspose: true, ...more }),
    shapes: (N) => [[N, 5]],
  },
  nonMaxSuppression: {
    operands: (N, H, W) => [float("boxes", [N, H * W, 4]), float("scores", [N, 2, H * W])],
    run: (engine, [boxes, scores], _, more) => engine.nonMaxSuppression(boxes, scores, more),
    shapes: (N, H, W) => [N === 0 ? [0, 3] : H * W === 1 ? [N * 2, 3] : undefined],
  },
  resample2d: {
    operands: (N, H, W) => [images(N, 3, H, W)],
    run: (engine, [x], _, more) => engine.resample2d(x, { scales: 2, mode: "linear", ...more }),
    shapes: (N, H, W) => [[N, 3, 2 * H, 2 * W]],
  },
};
