// Reductions, normalisations and products.

import {
  argMax,
  argMin,
  batchNorm,
  gemm,
  groupNorm,
  instanceNorm,
  layerNorm,
  logSoftmax,
  lrn,
  matmul,
  type Plain,
  type Reduction,
  type Reference,
  reduce,
  softmax,
  topK,
} from "../reference.ts";
import type { Random } from "../support/random.ts";
import { axisOf, type Drawing, pairOf, shapeOf, someAxes } from "./draws.ts";
import { type Attribute, integers } from "./onnx.ts";

/** Roundings behind the sums: divisions, roots, and exponentials that are a few units off. */
const FURTHER = 8;

const positive = ({ shape, data }: Plain) => ({
  shape,
  data: Float32Array.from(data, (value) => Math.abs(value) + 0.1),
});

type Method =
  `reduce${"Sum" | "Mean" | "Max" | "Min" | "Product" | "L1" | "L2" | "SumSquare" | "LogSum" | "LogSumExp"}`;

function reduction(method: Method, kind: Reduction): Drawing {
  return (random) => {
    const drawn = random.tensor(shapeOf(random, 1, 5), 2);
    const x = kind === "logSum" ? positive(drawn) : drawn;
    const axes = someAxes(random, x.shape.length);
    const keepDimensions = random.integer(0, 1) === 1;
    const want = reduce(x, kind, { axes, keepDims: keepDimensions });
    return {
      ...{ inputs: [x, integers(axes)], attributes: { keepdims: keepDimensions ? 1 : 0 }, want: [want] },
      extra: want.terms && FURTHER,
      run: (engine, [t]) => engine[method](t, { axes, keepDimensions }),
    };
  };
}

/** Of few different values, so that there are ties. */
function ties(random: Random) {
  const x = random.tensor(shapeOf(random, 1, 4), 3);
  return { ...x, data: x.data.map(Math.round) };
}

function place(method: "argMax" | "argMin", f: typeof argMax): Drawing {
  return (random) => {
    const x = ties(random);
    const axis = axisOf(random, x.shape.length);
    const [keepDimensions, selectLastIndex] = [random.integer(0, 1) === 1, random.integer(0, 1) === 1];
    const attributes = { axis, keepdims: keepDimensions ? 1 : 0, select_last_index: selectLastIndex ? 1 : 0 };
    const want = f(x, { axis, keepDims: keepDimensions, selectLastIndex });
    const run = { inputs: [x], attributes, outputs: ["int64"] as const, want: [want] };
    return { ...run, run: (engine, [t]) => engine[method](t, axis, { keepDimensions, selectLastIndex }) };
  };
}

function alongAxis(method: "softmax" | "logSoftmax", f: (x: Plain, axis: number) => Reference): Drawing {
  return (random) => {
    const x = random.tensor(shapeOf(random, 1, 4, 9), 5);
    const axis = axisOf(random, x.shape.length);
    const run = { inputs: [x], attributes: { axis }, want: [f(x, axis)], extra: FURTHER };
    return { ...run, run: (engine, [t]) => engine[method](t, axis) };
  };
}

const epsilonOf = (random: Random) => Math.fround(random.pick([1e-5, 1e-3, 0.1]));

function image(random: Random, most = 7): number[] {
  const places = shapeOf(random, 1, 2, most);
  return [random.integer(1, 3), random.integer(1, 9), ...places];
}

export const REDUCTIONS: Readonly<Record<string, Drawing>> = {
  ReduceSum: reduction("reduceSum", "sum"),
  ReduceMean: reduction("reduceMean", "mean"),
  ReduceMax: reduction("reduceMax", "max"),
  ReduceMin: reduction("reduceMin", "min"),
  ReduceProd: reduction("reduceProduct", "prod"),
  ReduceL1: reduction("reduceL1", "l1"),
  ReduceL2: reduction("reduceL2", "l2"),
  ReduceSumSquare: reduction("reduceSumSquare", "sumSquare"),
  ReduceLogSum: reduction("reduceLogSum", "logSum"),
  ReduceLogSumExp: reduction("reduceLogSumExp", "logSumExp"),
  ArgMax: place("argMax", argMax),
  ArgMin: place("argMin", argMin),
  TopK: (random) => {
    const x = ties(random);
    const axis = axisOf(random, x.shape.length);
    const k = random.integer(1, x.shape.at(axis) as number);
    const largest = random.integer(0, 1) === 1;
    const { values, indices } = topK(x, k, axis, largest);
    const attributes = { axis, largest: largest ? 1 : 0, sorted: 1 };
    return {
      ...{ inputs: [x, integers([k])], attributes, outputs: ["float32", "int64"], want: [values, indices] },
      run: (engine, [t]) => Object.values(engine.topK(t, k, { axis, largest })),
    };
  },
  Softmax: alongAxis("softmax", softmax),
  LogSoftmax: alongAxis("logSoftmax", logSoftmax),
  BatchNormalization: (random) => {
    const x = random.tensor(image(random));
    const C = [x.shape[1]];
    const [scale, bias, mean, variance] = [
      random.tensor(C),
      random.tensor(C),
      random.tensor(C),
      positive(random.tensor(C)),
    ];
    const epsilon = epsilonOf(random);
    return {
      ...{ inputs: [x, scale, bias, mean, variance], attributes: { epsilon: { float: epsilon } }, extra: FURTHER },
      want: [batchNorm(x, scale, bias, mean, variance, epsilon)],
      run: (engine, [t, s, b, m, v]) => engine.batchNormalization(t, m, v, { scale: s, bias: b, epsilon }),
    };
  },
  InstanceNormalization: (random) => {
    const x = random.tensor(image(random));
    const [scale, bias] = [random.tensor([x.shape[1]]), random.tensor([x.shape[1]])];
    const epsilon = epsilonOf(random);
    return {
      ...{ inputs: [x, scale, bias], attributes: { epsilon: { float: epsilon } }, extra: FURTHER },
      want: [instanceNorm(x, scale, bias, epsilon)],
      run: (engine, [t, s, b]) => engine.instanceNormalization(t, { scale: s, bias: b, epsilon }),
    };
  },
  // In operator set 20 there is one factor a group.
  GroupNormalization: (random) => {
    const groups = random.integer(1, 3);
    const each = random.integer(1, 3);
    const x = random.tensor([random.integer(1, 3), groups * each, random.integer(1, 5), random.integer(1, 5)]);
    const [scale, bias] = [random.tensor([groups]), random.tensor([groups])];
    const spread = ({ data }: Plain) => ({
      shape: [groups * each],
      data: x.shape.slice(1, 2).flatMap((C) => Array.from({ length: C }, (_, c) => data[Math.floor(c / each)])),
    });
    const epsilon = epsilonOf(random);
    const attributes: Record<string, Attribute> = { epsilon: { float: epsilon }, num_groups: groups };
    return {
      ...{ inputs: [x, scale, bias], attributes, extra: FURTHER },
      want: [groupNorm(x, groups, spread(scale), spread(bias), epsilon)],
      run: (engine, [t]) => {
        const [s, b] = [scale, bias].map((own) => engine.tensor(spread(own).data));
        return engine.groupNormalization(t, groups, { scale: s, bias: b, epsilon });
      },
    };
  },
  LayerNormalization: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4, 7));
    const axis = random.integer(0, x.shape.length - 1);
    const own = x.shape.slice(axis);
    const [scale, bias] = [random.tensor(own), random.tensor(own)];
    const axes = own.map((_, i) => axis + i);
    const epsilon = epsilonOf(random);
    return {
      ...{ inputs: [x, scale, bias], attributes: { axis, epsilon: { float: epsilon } }, extra: FURTHER },
      want: [layerNorm(x, scale, bias, axis, epsilon)],
      run: (engine, [t, s, b]) => engine.layerNormalization(t, { axes, scale: s, bias: b, epsilon }),
    };
  },
  LRN: (random) => {
    const x = random.tensor(
      [random.integer(1, 2), random.integer(1, 9), random.integer(1, 5), random.integer(1, 5)],
      4,
    );
    // onnxruntime takes odd sizes only.
    const size = random.pick([1, 3, 5, 7]);
    const [alpha, beta, bias] = [0.3, 0.6, 0.5].map((most) => Math.fround(0.1 + most * random.uniform()));
    const attributes = { size, alpha: { float: alpha }, beta: { float: beta }, bias: { float: bias } };
    const run = { inputs: [x], attributes, want: [lrn(x, size, alpha, beta, bias)], extra: FURTHER, theirs: 4 };
    return { ...run, run: (engine, [t]) => engine.localResponseNormalization(t, size, { alpha, beta, bias }) };
  },
  MatMul: (random) => {
    const [M, K, N] = [random.integer(1, 9), random.integer(1, 20), random.integer(1, 14)];
    const [p, q] = random.integer(0, 1) === 1 ? pairOf(random).map((shape) => shape.slice(-2)) : [[], []];
    // Vectors stand for rows on the left and for columns on the right.
    const left = p.length === 0 && random.integer(0, 4) === 0 ? [K] : [...p, M, K];
    const right = q.length === 0 && random.integer(0, 4) === 0 ? [K] : [...q, K, N];
    const [a, b] = [random.tensor(left), random.tensor(right)];
    return { inputs: [a, b], attributes: {}, want: [matmul(a, b)], run: (engine, [s, t]) => engine.matmul(s, t) };
  },
  Gemm: (random) => {
    const [M, K, N] = [random.integer(1, 9), random.integer(1, 20), random.integer(1, 14)];
    const [aTranspose, bTranspose] = [random.integer(0, 1) === 1, random.integer(0, 1) === 1];
    const a = random.tensor(aTranspose ? [K, M] : [M, K]);
    const b = random.tensor(bTranspose ? [N, K] : [K, N]);
    const c = random.pick([undefined, [N], [1, N], [M, 1], [M, N], [1], []]);
    const addend = c && random.tensor(c);
    const [alpha, beta] = [random.pick([1, Math.fround(0.3)]), random.pick([1, Math.fround(-1.7)])];
    const attributes: Record<string, Attribute> = {
      ...{ transA: aTranspose ? 1 : 0, transB: bTranspose ? 1 : 0, alpha: { float: alpha }, beta: { float: beta } },
    };
    return {
      ...{ inputs: addend ? [a, b, addend] : [a, b], attributes, extra: 3 },
      want: [gemm(a, b, { transA: aTranspose, transB: bTranspose, alpha, beta, c: addend })],
      run: (engine, [s, t, u]) => engine.gemm(s, t, { aTranspose, bTranspose, alpha, beta, c: u }),
    };
  },
};
