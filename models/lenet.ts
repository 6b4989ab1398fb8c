// A LeNet in float64, one picture at a time, forward and backward: what the training needs and no more.
//   image [1, 28, 28] -> conv1 5x5, padding 2 [C1, 28, 28] -> relu -> pool 2x2 [C1, 14, 14]
//   -> conv2 5x5 [C2, 10, 10] -> relu -> pool 2x2 [C2, 5, 5] -> dense1 [H] -> relu -> dense2 [10] -> softmax

export const C1 = 12; // channels of conv1, a multiple of 4
export const C2 = 24; // channels of conv2, a multiple of 4
export const H = 96; // outputs of dense1
export const CLASSES = 10;

const K = 5; // window of both convolutions
const IH = 32; // input height and width, padding included
const OH1 = 28;
const PH1 = 14;
const OH2 = 10;
const PH2 = 5;
const F = C2 * PH2 * PH2;

/** Name, shape and number of inputs of one output element (0 for a bias) of each parameter, in the order they are stored. */
export const PARAMETERS = [
  { name: "conv1.weight", shape: [C1, 1, K, K], fanIn: K * K },
  { name: "conv1.bias", shape: [C1], fanIn: 0 },
  { name: "conv2.weight", shape: [C2, C1, K, K], fanIn: C1 * K * K },
  { name: "conv2.bias", shape: [C2], fanIn: 0 },
  { name: "dense1.weight", shape: [H, F], fanIn: F },
  { name: "dense1.bias", shape: [H], fanIn: 0 },
  { name: "dense2.weight", shape: [CLASSES, H], fanIn: H },
  { name: "dense2.bias", shape: [CLASSES], fanIn: 0 },
] as const;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
export const PARAMETER_COUNT = PARAMETERS.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** One view for each parameter on a vector of PARAMETER_COUNT values. */
export function viewsOf(vector: Float64Array): Float64Array[] {
  let start = 0;
  return PARAMETERS.map(({ shape }) => {
    const view = vector.subarray(start, start + sizeOf(shape));
    start += view.length;
    return view;
  });
}

/** He's initialisation: weights uniform with variance 2 / fan-in, biases 0. */
export function initialise(vector: Float64Array, random: () => number): void {
  for (const [i, view] of viewsOf(vector).entries()) {
    const { fanIn } = PARAMETERS[i]!;
    const limit = fanIn ? Math.sqrt(6 / fanIn) : 0;
    for (let j = 0; j < view.length; j++) view[j] = limit * (2 * random() - 1);
  }
}

/** The windows of x [IC, IH, IH] as rows: cols [OH * OH, IC * K * K]. */
function im2col(x: Float64Array, IC: number, IH: number, cols: Float64Array): void {
  const OH = IH - K + 1;
  let to = 0;
  for (let oh = 0; oh < OH; oh++) {
    for (let ow = 0; ow < OH; ow++) {
      for (let ic = 0; ic < IC; ic++) {
        for (let kh = 0; kh < K; kh++) {
          const from = (ic * IH + oh + kh) * IH + ow;
          for (let kw = 0; kw < K; kw++) cols[to++] = x[from + kw]!;
        }
      }
    }
  }
}

/** y [OC, P] = w [OC, D] * cols [P, D] transposed + b [OC]; P even, OC a multiple of 4. */
function multiply(cols: Float64Array, w: Float64Array, b: Float64Array, y: Float64Array, P: number, D: number): void {
  for (let oc = 0; oc < b.length; oc += 4) {
    for (let p = 0; p < P; p += 2) {
      let [s00, s01, s02, s03] = [b[oc]!, b[oc + 1]!, b[oc + 2]!, b[oc + 3]!];
      let [s10, s11, s12, s13] = [s00, s01, s02, s03];
      let at = p * D;
      let w0 = oc * D;
      for (let d = 0; d < D; d++, at++, w0++) {
        const x0 = cols[at]!;
        const x1 = cols[at + D]!;
        const a0 = w[w0]!;
        const a1 = w[w0 + D]!;
        const a2 = w[w0 + 2 * D]!;
        const a3 = w[w0 + 3 * D]!;
        s00 += x0 * a0;
        s01 += x0 * a1;
        s02 += x0 * a2;
        s03 += x0 * a3;
        s10 += x1 * a0;
        s11 += x1 * a1;
        s12 += x1 * a2;
        s13 += x1 * a3;
      }
      const to = oc * P + p;
      y[to] = s00;
      y[to + 1] = s10;
      y[to + P] = s01;
      y[to + P + 1] = s11;
      y[to + 2 * P] = s02;
      y[to + 2 * P + 1] = s12;
      y[to + 3 * P] = s03;
      y[to + 3 * P + 1] = s13;
    }
  }
}

/** Relu and 2x2 pooling of x [C, OH, OH]: y [C, OH/2, OH/2], and in `from` the index in x of each maximum, -1 where it is 0. */
function reluPool(x: Float64Array, C: number, OH: number, y: Float64Array, from: Int32Array): void {
  let to = 0;
  for (let c = 0; c < C; c++) {
    for (let oh = 0; oh < OH; oh += 2) {
      for (let ow = 0; ow < OH; ow += 2, to++) {
        const i = (c * OH + oh) * OH + ow;
        let best = i;
        if (x[i + 1]! > x[best]!) best = i + 1;
        if (x[i + OH]! > x[best]!) best = i + OH;
        if (x[i + OH + 1]! > x[best]!) best = i + OH + 1;
        const active = x[best]! > 0;
        y[to] = active ? x[best]! : 0;
        from[to] = active ? best : -1;
      }
    }
  }
}

/**
 * Backward through relu, pooling and convolution. Only the maxima carry a gradient, so it goes from each of them to its window:
 * dw and db are added to; dx [IC, IH, IH], unless null, is overwritten.
 */
function convBackward(
  dy: Float64Array,
  from: Int32Array,
  cols: Float64Array,
  w: Float64Array,
  dw: Float64Array,
  db: Float64Array,
  dx: Float64Array | null,
  IC: number,
  IH: number,
): void {
  const OH = IH - K + 1;
  const P = OH * OH;
  const D = IC * K * K;
  dx?.fill(0);
  for (let i = 0; i < dy.length; i++) {
    const g = dy[i]!;
    const best = from[i]!;
    if (best < 0 || g === 0) continue;
    const oc = Math.floor(best / P);
    const p = best - oc * P;
    const row = oc * D;
    const col = p * D;
    db[oc] = db[oc]! + g;
    for (let d = 0; d < D; d++) dw[row + d] = dw[row + d]! + g * cols[col + d]!;
    if (!dx) continue;
    const oh = Math.floor(p / OH);
    const ow = p - oh * OH;
    let d = row;
    for (let ic = 0; ic < IC; ic++) {
      for (let kh = 0; kh < K; kh++) {
        const to = (ic * IH + oh + kh) * IH + ow;
        for (let kw = 0; kw < K; kw++, d++) dx[to + kw] = dx[to + kw]! + g * w[d]!;
      }
    }
  }
}

/** y [b.length] = w [b.length, x.length] * x + b. */
function dense(x: Float64Array, w: Float64Array, b: Float64Array, y: Float64Array): void {
  const N = x.length;
  for (let j = 0; j < b.length; j++) {
    let sum = b[j]!;
    for (let i = 0, at = j * N; i < N; i++, at++) sum += w[at]! * x[i]!;
    y[j] = sum;
  }
}

/** Backward through a dense layer: dw and db are added to, dx is overwritten. */
function denseBackward(
  dy: Float64Array,
  x: Float64Array,
  w: Float64Array,
  dw: Float64Array,
  db: Float64Array,
  dx: Float64Array,
): void {
  const N = x.length;
  dx.fill(0);
  for (let j = 0; j < dy.length; j++) {
    const g = dy[j]!;
    if (g === 0) continue;
    db[j] = db[j]! + g;
    for (let i = 0, at = j * N; i < N; i++, at++) {
      dw[at] = dw[at]! + g * x[i]!;
      dx[i] = dx[i]! + g * w[at]!;
    }
  }
}

/** The network on a parameter vector and a gradient vector of PARAMETER_COUNT values each, with its scratch memory. */
export function createLenet(parameters: Float64Array, gradients: Float64Array) {
  const [w1, b1, w2, b2, w3, b3, w4, b4] = viewsOf(parameters) as Eight;
  const [dw1, db1, dw2, db2, dw3, db3, dw4, db4] = viewsOf(gradients) as Eight;
  const padded = new Float64Array(IH * IH);
  const cols1 = new Float64Array(OH1 * OH1 * K * K);
  const conv1 = new Float64Array(C1 * OH1 * OH1);
  const pool1 = new Float64Array(C1 * PH1 * PH1);
  const from1 = new Int32Array(pool1.length);
  const cols2 = new Float64Array(OH2 * OH2 * C1 * K * K);
  const conv2 = new Float64Array(C2 * OH2 * OH2);
  const pool2 = new Float64Array(F);
  const from2 = new Int32Array(F);
  const hidden = new Float64Array(H);
  const scores = new Float64Array(CLASSES);
  const dscores = new Float64Array(CLASSES);
  const dhidden = new Float64Array(H);
  const dpool2 = new Float64Array(F);
  const dpool1 = new Float64Array(pool1.length);

  /** Probabilities of the ten digits for a picture of 784 values in [0, 1]; valid until the next call. */
  function forward(image: ArrayLike<number>): Float64Array {
    for (let y = 0; y < 28; y++) for (let x = 0; x < 28; x++) padded[(y + 2) * IH + x + 2] = image[y * 28 + x]!;
    im2col(padded, 1, IH, cols1);
    multiply(cols1, w1, b1, conv1, OH1 * OH1, K * K);
    reluPool(conv1, C1, OH1, pool1, from1);
    im2col(pool1, C1, PH1, cols2);
    multiply(cols2, w2, b2, conv2, OH2 * OH2, C1 * K * K);
    reluPool(conv2, C2, OH2, pool2, from2);
    dense(pool2, w3, b3, hidden);
    for (let i = 0; i < H; i++) hidden[i] = Math.max(0, hidden[i]!);
    dense(hidden, w4, b4, scores);
    const top = Math.max(...scores);
    let sum = 0;
    for (let i = 0; i < CLASSES; i++) {
      scores[i] = Math.exp(scores[i]! - top);
      sum += scores[i]!;
    }
    for (let i = 0; i < CLASSES; i++) scores[i] = scores[i]! / sum;
    return scores;
  }

  /**
   * Adds the gradients of the cross-entropy for the picture of the last `forward`, and returns that cross-entropy.
   * `smoothing` is the share of the target that is spread evenly over all digits.
   */
  function backward(label: number, smoothing: number): number {
    let loss = 0;
    for (let i = 0; i < CLASSES; i++) {
      const target = smoothing / CLASSES + (i === label ? 1 - smoothing : 0);
      dscores[i] = scores[i]! - target;
      loss -= target * Math.log(scores[i]! + 1e-30);
    }
    denseBackward(dscores, hidden, w4, dw4, db4, dhidden);
    for (let i = 0; i < H; i++) if (hidden[i] === 0) dhidden[i] = 0;
    denseBackward(dhidden, pool2, w3, dw3, db3, dpool2);
    convBackward(dpool2, from2, cols2, w2, dw2, db2, dpool1, C1, PH1);
    convBackward(dpool1, from1, cols1, w1, dw1, db1, null, 1, IH);
    return loss;
  }

  return { forward, backward };
}

type A = Float64Array;
type Eight = [A, A, A, A, A, A, A, A];
