// Small networks in the manner of known ones, with seeded weights, as ONNX files.
import { Builder } from "./network-builder.ts";

// Codes of element types in ONNX files.
const [UINT8, INT32, INT64, FLOAT16] = [2, 6, 7, 10];

/** Squeeze and expand: 1x1 convolutions beside 3x3 ones, concatenated; pooling with rounding up. */
function squeezeNet(): Uint8Array {
  const b = new Builder("squeezenet-like", 11, [1, 3, 47, 47]);
  const pool = (x: string) => b.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 });
  const relu = (x: string) => b.node("Relu", [x]);
  const fire = (x: string, IC: number, squeeze: number, expand: number) => {
    const s = relu(b.conv(x, IC, squeeze, 1));
    return b.node("Concat", [relu(b.conv(s, squeeze, expand, 1)), relu(b.conv(s, squeeze, expand, 3))], { axis: 1 });
  };
  let x = pool(relu(b.conv("x", 3, 32, 3, 2)));
  x = fire(x, 32, 8, 24);
  x = pool(fire(x, 48, 8, 24));
  x = fire(x, 48, 12, 31);
  x = relu(b.conv(b.node("Dropout", [x]), 62, 37, 1));
  x = b.node("Flatten", [b.node("GlobalAveragePool", [x])]);
  return b.file([b.node("Softmax", [x], { axis: 1 }), [1, 37]]);
}

/** Inverted residuals with depthwise windows of 3 and 5; batch, height and width left open. */
function mobileNet(): Uint8Array {
  const b = new Builder("mobilenet-like", 12, ["batch", 3, "height", "width"]);
  const block = (x: string, IC: number, OC: number, K: number, stride: number) => {
    const wide = IC * 3;
    const depthwise = b.relu6(b.conv(b.relu6(b.conv(x, IC, wide, 1)), wide, wide, K, stride, wide));
    const y = b.conv(depthwise, wide, OC, 1);
    return stride === 1 && IC === OC ? b.node("Add", [x, y]) : y;
  };
  let x = b.relu6(b.conv("x", 3, 16, 3, 2));
  x = block(x, 16, 12, 3, 2);
  x = block(x, 12, 12, 3, 1);
  x = block(x, 12, 20, 5, 2);
  x = block(x, 20, 20, 5, 1);
  x = b.relu6(b.conv(x, 20, 52, 1));
  x = b.node("Reshape", [b.node("GlobalAveragePool", [x]), b.integers(0, -1)]);
  const scores = b.node("Gemm", [x, b.weight([10, 52], 0.3), b.weight([10], 1)], { transB: 1 });
  return b.file([scores, ["batch", 10]]);
}

/** A stem of 7x7, residual blocks of 3x3, groups. */
function resNet(): Uint8Array {
  const b = new Builder("resnet-like", 13, [1, 3, 56, 40]);
  const relu = (x: string) => b.node("Relu", [x]);
  const block = (x: string, IC: number, OC: number, stride: number, groups: number) => {
    const y = b.conv(relu(b.conv(x, IC, OC, 3, stride)), OC, OC, 3, 1, groups);
    const straight = stride === 1 && IC === OC ? x : b.conv(x, IC, OC, 1, stride);
    return relu(b.node("Add", [y, straight]));
  };
  let x = relu(b.conv("x", 3, 16, 7, 2));
  x = b.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  x = block(x, 16, 16, 1, 1);
  x = block(x, 16, 32, 2, 4);
  x = block(x, 32, 48, 2, 3);
  const features = x;
  x = b.node("Flatten", [b.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] })]);
  const scores = b.node("Gemm", [x, b.weight([48 * 2, 10], 0.2)]);
  return b.file([scores, [1, 10]], [features, [1, 48, 4, 3]]);
}

/** Down, up again by a transposed convolution, and joined with what was there before. */
function uNet(): Uint8Array {
  const b = new Builder("unet-like", 14, [1, 1, 24, 20]);
  const leaky = (x: string) => b.node("LeakyRelu", [x], { alpha: 0.125 });
  const top = leaky(b.conv("x", 1, 9, 3));
  const bottom = leaky(b.conv(leaky(b.conv(top, 9, 18, 3, 2)), 18, 18, 3));
  const up = b.node("ConvTranspose", [bottom, b.weight([18, 9, 2, 2], 0.3)], { kernel_shape: [2, 2], strides: [2, 2] });
  const joined = leaky(b.conv(b.node("Concat", [top, up], { axis: 1 }), 18, 9, 3));
  return b.file([b.node("Sigmoid", [b.conv(joined, 9, 2, 1)]), [1, 2, 24, 20]]);
}

/** Operators that few networks use, some of them in forms of an old operator set. */
function rare(): Uint8Array {
  const b = new Builder("rare", 16, [1, 4, 12, 10], 9);
  const local = b.node("LRN", ["x"], { size: 3, alpha: 0.25, beta: 0.75, bias: 1.5 });
  const normal = b.node("InstanceNormalization", [local, b.weight([4], 1), b.weight([4], 1)], { epsilon: 0.001 });
  const large = b.node("Upsample", [normal, b.floats(1, 1, 2, 1.5)], { mode: "linear" });
  const padded = b.node("Pad", [large], { mode: "reflect", pads: [0, 0, 1, 2, 0, 0, 2, 1] });
  const gates = b.node("Mul", [b.node("HardSigmoid", [padded]), b.node("Tanh", [b.node("Elu", [padded])])]);
  const blocks = b.node("SpaceToDepth", [b.node("Slice", [gates], { axes: [2, 3], starts: [0, 0], ends: [26, 18] })], {
    blocksize: 2,
  });
  const means = b.node("ReduceMean", [blocks], { axes: [1], keepdims: 0 });
  const norms = b.node("ReduceL2", [blocks], { axes: [2, 3], keepdims: 0 });
  const places = b.node("ArgMax", [blocks], { axis: 1, keepdims: 0 });
  const roots = b.node("Sqrt", [b.node("Abs", [b.node("Erf", [means])])]);
  return b.file([roots, [1, 13, 9]], [norms, [1, 16]], [places, [1, 13, 9], 7]);
}

/** 16-bit floats from the input to the output, with infinities on the way. */
function halves(): Uint8Array {
  const b = new Builder("halves", 18, [1, 3, 12, 10], 13, FLOAT16);
  const pads = [1, 1, 1, 1];
  const x = b.node("Conv", ["x", b.half([8, 3, 3, 3], 0.5), b.half([8], 0.5)], { kernel_shape: [3, 3], pads });
  const y = b.node("Add", [b.node("Conv", [b.node("Relu", [x]), b.half([8, 8, 3, 3], 0.3)], { pads }), x]);
  const means = b.node("GlobalAveragePool", [b.node("HardSigmoid", [y])]);
  const scores = b.node("Gemm", [b.node("Flatten", [means]), b.half([8, 5], 1)]);
  const undefinedOnes = b.node("Sqrt", [b.node("Mul", [y, b.half([1], 60000)])]);
  return b.file([scores, [1, 5], FLOAT16], [undefinedOnes, [1, 8, 12, 10], FLOAT16]);
}

/** Boxes and scores of three classes at each of 48 places, and those that are kept: shapes depend on values. */
function detector(): Uint8Array {
  const b = new Builder("detector", 19, [1, 3, 16, 12]);
  const features = b.node("Relu", [b.conv("x", 3, 8, 3, 2)]);
  const rows = (channels: number, scale: number, ...shape: number[]) => {
    const image = b.node("Conv", [features, b.weight([channels, 8, 1, 1], scale)]);
    return b.node("Sigmoid", [b.node("Reshape", [image, b.integers(...shape)])]);
  };
  const scores = rows(3, 0.5, 1, 3, -1);
  const boxes = b.node("Transpose", [rows(4, 2, 1, 4, -1)], { perm: [0, 2, 1] });
  const limits = [b.integers(6), b.scalar(0.4), b.scalar(0.45)];
  const kept = b.node("NonMaxSuppression", [boxes, scores, ...limits]);
  const places = b.node("Gather", [kept, b.integers(2)], { axis: 1 });
  const flat = b.node("Squeeze", [boxes, b.integers(0)]);
  const chosen = b.node("Reshape", [b.node("Gather", [flat, places]), b.integers(-1, 4)]);
  const large = b.node("Exp", [
    b.node("Resize", [b.node("Unsqueeze", [chosen, b.integers(0, 1)]), "", b.floats(1, 1, 2, 1)]),
  ]);
  return b.file([kept, ["kept", 3], INT64], [chosen, ["kept", 4]], [large, [1, 1, "rows", 4]]);
}

/** Convolutions of 3, of 1 and of quantised numbers. */
function convolutions(): Uint8Array {
  const b = new Builder("convolutions", 20, [1, 4, 9, 8]);
  const volume = b.node("Reshape", ["x", b.integers(1, 2, 2, 9, 8)]);
  const deep = b.node("Conv", [volume, b.weight([5, 2, 2, 3, 3], 0.3)], {
    kernel_shape: [2, 3, 3],
    strides: [1, 2, 1],
  });
  const pooled = b.node("MaxPool", [deep], { kernel_shape: [1, 2, 2] });
  const sequence = b.node("Reshape", ["x", b.integers(1, 4, 72)]);
  const line = b.node("Conv", [sequence, b.weight([6, 2, 5], 0.5)], { group: 2, dilations: [3], pads: [2, 4] });
  const scale = b.scalar(0.0125);
  const stored = b.node("QuantizeLinear", ["x", scale, b.byte(120)]);
  const filter = [b.whole("int8", [7, 4, 3, 3], -128, 127), b.scalar(0.01), b.whole("int8", [], 0, 0)];
  const bias = b.whole("int32", [7], -9000, 9000);
  const product = b.node("QLinearConv", [stored, scale, b.byte(120), ...filter, b.scalar(0.05), b.byte(99), bias], {
    pads: [1, 1, 1, 1],
  });
  const sums = b.node("ConvInteger", [product, b.whole("int8", [3, 7, 2, 2], -128, 127), b.byte(99)]);
  const matrix = b.node("MatMulInteger", [stored, b.whole("uint8", [8, 5], 0, 255), b.byte(120)]);
  return b.file(
    [pooled, [1, 5, 1, 3, 5]],
    [line, [1, 6, 66]],
    [product, [1, 7, 9, 8], UINT8],
    [sums, [1, 3, 8, 7], INT32],
    [matrix, [1, 4, 9, 5], INT32],
  );
}

/** A convolution of stored numbers that the passes make one of integers. */
function stored(): Uint8Array {
  const b = new Builder("stored", 21, [1, 8, 10, 9]);
  const through = (x: string, scale: number, zero: number) => {
    const parameters = [b.scalar(scale), b.byte(zero)];
    return b.node("DequantizeLinear", [b.node("QuantizeLinear", [x, ...parameters]), ...parameters]);
  };
  const filter = (...shape: number[]) => {
    const each = [b.whole("int8", shape, -127, 127), b.scalar(0.004), b.whole("int8", [], 0, 0)];
    return b.node("DequantizeLinear", each);
  };
  const pads = [1, 1, 1, 1];
  const first = b.node("Relu", [b.node("Conv", [through("x", 0.008, 128), filter(12, 8, 3, 3)], { pads })]);
  const x = through(first, 0.02, 0);
  const second = through(b.node("Conv", [x, filter(12, 1, 3, 3)], { pads, group: 12 }), 0.01, 131);
  const sum = through(b.node("Add", [second, x]), 0.03, 7);
  const means = b.node("Flatten", [through(b.node("GlobalAveragePool", [sum]), 0.02, 3)]);
  return b.file([through(b.node("MatMul", [means, filter(12, 5)]), 0.01, 128), [1, 5]], [sum, [1, 12, 10, 9]]);
}

/** Quantised to bytes and back. */
function quantised(): Uint8Array {
  const b = new Builder("quantised", 17, [1, 3, 11, 9]);
  const through = (x: string) => {
    const parameters = [b.scalar(0.0375), b.byte(131)];
    return b.node("DequantizeLinear", [b.node("QuantizeLinear", [x, ...parameters]), ...parameters]);
  };
  const x = through(b.node("Relu", [b.conv(through("x"), 3, 8, 3)]));
  return b.file([through(b.node("GlobalAveragePool", [x])), [1, 8, 1, 1]]);
}

/** A network that asks for what no engine has, twice. */
function unsupported(): Uint8Array {
  const b = new Builder("unsupported", 15, [1, 4]);
  return b.file([b.node("Frobnicate", [b.node("Whisk", ["x"])]), [1, 4]]);
}

/** The files, by name. */
export function seededNetworks(): Record<string, Uint8Array> {
  return {
    squeezeNet: squeezeNet(),
    mobileNet: mobileNet(),
    resNet: resNet(),
    uNet: uNet(),
    rare: rare(),
    quantised: quantised(),
    halves: halves(),
    detector: detector(),
    convolutions: convolutions(),
    stored: stored(),
    unsupported: unsupported(),
  };
}
