import type { Tensor } from "lanewise";
import { anyBits, channelsLast, operator } from "./cases-operators.ts";
import type { Cases } from "./suite.ts";

const REDUCTIONS = ["reduceSum", "reduceMean", "reduceMax", "reduceMin", "reduceProduct"] as const;
const NORMS = ["reduceL1", "reduceL2", "reduceSumSquare", "reduceLogSum", "reduceLogSumExp"] as const;

export const reductionCases: Cases = {
  reductions: operator(40, (e, draw) => {
    const xs = [draw(2, 9, 5, 7), channelsLast(e, draw, 2, 9, 5, 7)];
    const options = [{}, { axes: [1] }, { axes: [2, 3] }, { axes: [0, -1], keepDimensions: true }, { axes: [0, 2] }];
    const long = draw(3, 1031);
    return [...REDUCTIONS, ...NORMS].flatMap((name) => [
      ...xs.flatMap((x) => options.map((each) => e[name](x, each))),
      e[name](long, { axes: [1] }),
      e[name](long, { axes: [0] }),
    ]);
  }),
  "reductions of NaN, infinities and nothing": operator(41, (e, draw, random) => {
    const odd = anyBits(e, random, 64, 5);
    const one = draw(7, 33);
    const poisoned = e.where(e.greater(draw(7, 33), 0.95), Number.NaN, one);
    return [...REDUCTIONS, ...NORMS].flatMap((name) => [
      e[name](odd, { axes: [1] }),
      e[name](odd, { axes: [0] }),
      e[name](poisoned, { axes: [-1] }),
      e[name](e.tensor([], [3, 0]), { axes: [1] }),
    ]);
  }),
  "places of the greatest and least": operator(42, (e, draw, random) => {
    const ties = e.round(e.mul(draw(2, 9, 5, 7), 3));
    const xs = [draw(2, 9, 5, 7), channelsLast(e, draw, 2, 9, 5, 7), ties, anyBits(e, random, 2, 9, 5, 7)];
    return (["argMax", "argMin"] as const).flatMap((name) =>
      xs.flatMap((x) => [
        ...[0, 1, 2, -1].map((axis) => e[name](x, axis)),
        e[name](x, 1, { selectLastIndex: true, keepDimensions: true }),
        e[name](x, 3, { selectLastIndex: true }),
      ]),
    );
  }),
  topK: operator(43, (e, draw, random) => {
    const ties = e.round(e.mul(draw(4, 37), 3));
    const all: readonly { values: Tensor; indices: Tensor }[] = [
      e.topK(draw(301), 5),
      e.topK(ties, 11),
      e.topK(ties, 37, { largest: false }),
      e.topK(draw(3, 8, 5), 4, { axis: 1 }),
      e.topK(channelsLast(e, draw, 2, 9, 3, 4), 3, { axis: 1, largest: false }),
      e.topK(anyBits(e, random, 2, 61), 30),
      e.topK(anyBits(e, random, 2, 61), 30, { largest: false }),
    ];
    return all.flatMap(({ values, indices }) => [values, indices]);
  }),
  "softmax and its logarithm": operator(44, (e, draw, random) => {
    const wide = e.tensor(random.values(5 * 101, 120), [5, 101]);
    return [e.softmax, e.logSoftmax].flatMap((f) => [
      f(draw(3, 10)),
      f(wide),
      f(wide, 0),
      f(draw(2, 9, 5, 7), 1),
      f(channelsLast(e, draw, 2, 9, 5, 7), 1),
      f(channelsLast(e, draw, 2, 9, 5, 7), 2),
      f(anyBits(e, random, 31, 4)),
    ]);
  }),
  normalisations: operator(45, (e, draw) => {
    const given = { scale: draw(12), bias: draw(12) };
    const [mean, variance] = [draw(12), e.abs(draw(12))];
    return [draw(2, 12, 5, 7), channelsLast(e, draw, 2, 12, 5, 7)].flatMap((x) => [
      e.batchNormalization(x, mean, variance),
      e.batchNormalization(x, mean, variance, { ...given, epsilon: 1e-3, activation: "relu" }),
      e.batchNormalization(x, draw(7), e.abs(draw(7)), { axis: 3 }),
      e.instanceNormalization(x, { ...given, epsilon: 1e-3 }),
      e.instanceNormalization(x, { inputLayout: "nhwc" }),
      e.groupNormalization(x, 3, given),
      e.groupNormalization(x, 4),
      e.groupNormalization(x, 7, { inputLayout: "nhwc", bias: draw(7) }),
      e.layerNormalization(x),
      e.layerNormalization(x, { axes: [-1], scale: draw(7), bias: draw(7) }),
      e.layerNormalization(x, { axes: [1, 3], scale: draw(12, 7) }),
      e.localResponseNormalization(x, 5),
      e.localResponseNormalization(x, 4, { alpha: 0.5, beta: 0.6, bias: 2, inputLayout: "nhwc" }),
    ]);
  }),
  nonMaxSuppression: operator(46, (e, _, random) => {
    const shape = [2, 60, 4];
    const corners = e.tensor(
      Float32Array.from({ length: 480 }, (__, i) => (i % 4 < 2 ? 0 : 0.4) + random.uniform()),
      shape,
    );
    const centred = e.tensor(
      Float32Array.from({ length: 480 }, () => random.uniform()),
      shape,
    );
    // Some scores are equal.
    const scores = e.tensor(
      Float32Array.from({ length: 360 }, () => random.integer(0, 40) / 40),
      [2, 3, 60],
    );
    return [
      e.nonMaxSuppression(corners, scores),
      e.nonMaxSuppression(corners, scores, { maxOutputBoxesPerClass: 4, iouThreshold: 0.3, scoreThreshold: 0.5 }),
      e.nonMaxSuppression(centred, scores, { centerPointBox: true, iouThreshold: 0.2 }),
    ];
  }),
};
