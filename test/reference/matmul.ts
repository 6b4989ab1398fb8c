import { broadcast, broadcastPlace } from "./elementwise.ts";
import { blank, coordinates, count, numbers, type Plain, type Reference } from "./plain.ts";

/**
 * y[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]; the axes before the last two broadcast. A vector on the left is
 * a row, one on the right a column, and that axis is dropped from the result.
 */
export function matmul(a: Plain, b: Plain): Reference {
  const left = a.shape.length === 1 ? [1, a.shape[0]] : [...a.shape];
  const right = b.shape.length === 1 ? [b.shape[0], 1] : [...b.shape];
  const [M, K] = left.slice(-2);
  const [BK, N] = right.slice(-2);
  if (K !== BK) throw new Error(`matmul: ${K} columns do not meet ${BK} rows`);
  const leftBatch = left.slice(0, -2);
  const rightBatch = right.slice(0, -2);
  const batch = broadcast([leftBatch, rightBatch]);
  const y = blank([...batch, M, N], K);
  const as = numbers(a.data);
  const bs = numbers(b.data);
  for (let i = 0; i < count(batch); i++) {
    const at = coordinates(i, batch);
    const aStart = broadcastPlace(at, leftBatch) * M * K;
    const bStart = broadcastPlace(at, rightBatch) * K * N;
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        const out = (i * M + m) * N + n;
        for (let k = 0; k < K; k++) {
          const product = as[aStart + m * K + k] * bs[bStart + k * N + n];
          y.data[out] += product;
          y.magnitude[out] += Math.abs(product);
        }
      }
    }
  }
  y.shape = [...batch, ...(a.shape.length === 1 ? [] : [M]), ...(b.shape.length === 1 ? [] : [N])];
  return y;
}

export interface GemmOptions {
  transA?: boolean;
  transB?: boolean;
  alpha?: number;
  beta?: number;
  /** Broadcast to [M, N]. */
  c?: Plain | undefined;
}

/** y[m, n] = alpha * sum over k of a[m, k] * b[k, n] + beta * c[m, n], a and b transposed first where asked. */
export function gemm(a: Plain, b: Plain, options: GemmOptions = {}): Reference {
  const { transA = false, transB = false, alpha = 1, beta = 1, c } = options;
  const [M, K] = transA ? [a.shape[1], a.shape[0]] : [a.shape[0], a.shape[1]];
  const N = transB ? b.shape[0] : b.shape[1];
  const scaled = (alpha === 1 ? 0 : 1) + (beta === 1 ? 0 : 1);
  const y = blank([M, N], K + scaled);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      let magnitude = 0;
      for (let k = 0; k < K; k++) {
        const product = a.data[transA ? k * M + m : m * K + k] * b.data[transB ? n * K + k : k * N + n];
        sum += product;
        magnitude += Math.abs(product);
      }
      const added = c ? beta * c.data[broadcastPlace([m, n], c.shape)] : 0;
      y.data[m * N + n] = alpha * sum + added;
      y.magnitude[m * N + n] = Math.abs(alpha) * magnitude + Math.abs(added);
    }
  }
  return y;
}
