import type { Activation } from "lanewise";
import { operator } from "./cases-operators.ts";
import type { Cases } from "./suite.ts";

const activations: Activation[] = [
  "relu",
  "relu6",
  "sigmoid",
  "tanh",
  "elu",
  "gelu",
  "hardSwish",
  "softplus",
  { type: "leakyRelu", alpha: 0.1 },
  { type: "clamp", minValue: -0.25, maxValue: 0.75 },
];

export const convolutionCases: Cases = {
  "conv2d around the tiles": operator(1, (e, draw) => {
    const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17];
    return sizes.map((OC, i) => {
      const IC = sizes[(i * 5 + 3) % sizes.length];
      return e.conv2d(draw(1, IC, 7, 6), draw(OC, IC, 3, 3), { padding: 1, bias: draw(OC) });
    });
  }),
  "conv2d windows, strides, dilations": operator(2, (e, draw) => [
    e.conv2d(draw(2, 3, 13, 11), draw(8, 3, 7, 7), { padding: 3, strides: 2 }),
    e.conv2d(draw(1, 12, 9, 10), draw(24, 12, 1, 1)),
    e.conv2d(draw(1, 5, 13, 11), draw(6, 5, 2, 3), { strides: [3, 2], padding: [1, 0, 2, 1] }),
    e.conv2d(draw(1, 4, 13, 11), draw(5, 4, 3, 3), { dilations: [2, 3], padding: "same" }),
    e.conv2d(draw(1, 6, 8, 8), draw(10, 3, 3, 3), { groups: 2, padding: 1 }),
    e.conv2d(draw(1, 8, 1, 1), draw(130, 8, 1, 1), { bias: draw(130) }),
  ]),
  "conv2d by Winograd's method, and without": operator(13, (e, draw) =>
    (
      [
        [8, 12, 30, 29],
        [16, 8, 9, 7],
        [12, 20, 56, 17],
      ] as const
    ).flatMap(([IC, OC, IH, IW]) => {
      const [x, filter] = [draw(1, IC, IH, IW), draw(OC, IC, 3, 3)];
      const options = { padding: 1, bias: draw(OC), activation: "relu" } as const;
      return [e.conv2d(x, filter, options), e.conv2d(x, filter, { ...options, numerics: "direct" })];
    }),
  ),
  "conv2d depthwise": operator(3, (e, draw) => [
    e.conv2d(draw(1, 19, 13, 11), draw(19, 1, 3, 3), { groups: 19, padding: 1, bias: draw(19) }),
    e.conv2d(draw(1, 16, 12, 15), draw(16, 1, 3, 3), { groups: 16, padding: 1, strides: 2, activation: "relu6" }),
    e.conv2d(draw(2, 7, 9, 9), draw(7, 1, 5, 5), { groups: 7, padding: 2 }),
  ]),
  "conv2d layouts, padding modes, residual": operator(4, (e, draw) => [
    e.conv2d(draw(1, 9, 8, 5), draw(3, 3, 5, 7), { inputLayout: "nhwc", filterLayout: "hwio", padding: 1 }),
    e.conv2d(draw(1, 4, 9, 8), draw(6, 4, 3, 3), { padding: 2, paddingMode: "reflect" }),
    e.conv2d(draw(1, 4, 9, 8), draw(6, 4, 3, 3), { padding: 2, paddingMode: "circular" }),
    e.conv2d(draw(1, 4, 9, 8), draw(6, 4, 3, 3), { padding: 1, residual: draw(1, 6, 9, 8), activation: "relu" }),
  ]),
  "conv2d activations": operator(5, (e, draw) =>
    activations.map((activation) => e.conv2d(draw(1, 3, 6, 5), draw(7, 3, 3, 3), { padding: 1, activation })),
  ),
  convTranspose2d: operator(6, (e, draw) => [
    e.convTranspose2d(draw(1, 6, 7, 5), draw(6, 9, 3, 3), { strides: 2, padding: 1, outputPadding: 1, bias: draw(9) }),
    e.convTranspose2d(draw(2, 4, 5, 6), draw(4, 3, 2, 2), { strides: 2 }),
    e.convTranspose2d(draw(1, 8, 5, 6), draw(8, 2, 4, 4), { groups: 4, strides: 3, activation: "relu" }),
  ]),
  pooling: operator(7, (e, draw) => {
    const window = { windowDimensions: 3, strides: 2, padding: 1 } as const;
    const x = draw(1, 13, 11, 14);
    return [
      e.maxPool2d(x, window),
      e.averagePool2d(x, { ...window, countIncludePad: true }),
      e.averagePool2d(x, { ...window, outputShapeRounding: "ceil" }),
      e.averagePool2d(x),
      e.l2Pool2d(x, window),
      ...Object.values(e.maxPool2dWithIndices(x, window)),
      e.adaptiveAveragePool2d(x, [4, 3]),
      e.adaptiveMaxPool2d(x, 5),
    ];
  }),
  sequences: operator(9, (e, draw) => {
    const x = draw(2, 6, 29);
    return [
      e.conv1d(x, draw(10, 6, 5), { padding: 2, strides: 2, bias: draw(10) }),
      e.conv1d(x, draw(6, 2, 3), { groups: 3, dilations: 4 }),
      e.maxPool1d(x, { windowDimensions: 4, strides: 3 }),
      e.averagePool1d(x, { windowDimensions: 3, padding: 1 }),
    ];
  }),
  "depthwise and separable": operator(10, (e, draw) => [
    e.depthwiseConv2d(draw(1, 6, 9, 8), draw(3, 3, 6, 2), { filterLayout: "hwcm", padding: 1 }),
    e.depthwiseSeparableConv2d(draw(1, 9, 12, 7), draw(9, 1, 3, 3), draw(13, 9, 1, 1), {
      padding: 1,
      depthwiseActivation: "relu6",
      bias: draw(13),
    }),
  ]),
  "columns and unpooling": operator(11, (e, draw) => {
    const x = draw(1, 5, 8, 6);
    const columns = e.im2col(x, { windowDimensions: 3, padding: 1 });
    const { values, indices } = e.maxPool2dWithIndices(x, { windowDimensions: 2, strides: 2 });
    return [
      columns,
      e.col2im(columns, { windowDimensions: 3, padding: 1, outputSizes: [8, 6] }),
      e.maxUnpool2d(values, indices, { outputSizes: [8, 6] }),
    ];
  }),
  "NaN and infinities": operator(8, (e, draw) => {
    const odd = [Number.NaN, Infinity, -Infinity, -0, 1e38, -1e38, 1e-40];
    const x = e.tensor(
      Float32Array.from({ length: 5 * 49 }, (_, i) => odd[(i * 3) % 7]),
      [1, 5, 7, 7],
    );
    const one = e.tensor(
      Float32Array.from({ length: 5 * 49 }, (_, i) => (i % 31 === 0 ? odd[i % 7] : i)),
      [1, 5, 7, 7],
    );
    return [
      e.conv2d(x, draw(6, 5, 3, 3), { padding: 1, activation: "relu" }),
      e.conv2d(one, draw(6, 5, 3, 3), { padding: 1 }),
      e.conv2d(one, draw(5, 1, 3, 3), { groups: 5, padding: 1, activation: "sigmoid" }),
      e.maxPool2d(x, { windowDimensions: 2 }),
      e.averagePool2d(one, { windowDimensions: 3 }),
    ];
  }),
  "products of matrices": operator(12, (e, draw) => {
    const [a, b] = [draw(13, 19), draw(19, 17)];
    return [
      e.matmul(a, b),
      e.matmul(draw(2, 1, 5, 7), draw(3, 7, 13), { activation: "relu" }),
      e.matmul(draw(4, 6, 9), draw(9, 3)),
      e.matmul(draw(33), draw(33, 5)),
      e.matmul(draw(33), draw(33)),
      e.gemm(a, b, { c: draw(17), activation: "tanh" }),
      e.gemm(draw(19, 13), b, { aTranspose: true, alpha: 0.75 }),
      e.gemm(a, draw(17, 19), { bTranspose: true, c: draw(13, 1), beta: -0.5 }),
      e.gemm(draw(19, 13), draw(17, 19), { aTranspose: true, bTranspose: true, c: draw(13, 17), alpha: 2 }),
    ];
  }),
};
