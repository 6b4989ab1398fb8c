// Winograd convolution for 3x3 windows of stride 1: F(4x4, 3x3) and F(2x2, 3x3).
//
//   Y = A' [ sum over ic of (G w G') * (B' d B) ] A,   for each tile of M x M outputs, with * elementwise
//
// d is the tile's (M+2) x (M+2) input. Of its K = (M+2)^2 products each is a GEMM of [tiles, IC] by [IC, OC]. For a block of tiles the
// transformed input, the products and the outputs stay in the cache; nothing is ever as large as the image.
//
// The method of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), with points 0, +-p, +-q, infinity for M = 4,
// where p = 1 / sqrt 2 and q = sqrt 2: their products stay near 1, which halves the error of points +-1, +-2. M = 2 has 0, +-1, infinity.
// Channels are multiples of four. The order of every sum is fixed by this file and that of gemm.ts.

import { panelWidth } from "./conv2d";
import { CONTEXT_BYTES, DEAD, panel } from "./gemm";
import { tileContext } from "./gemm-context";
import { loadLanes, storeLanes } from "../lanes";
import { unaryPixels } from "../numeric/unary";

/** Added between the matrices of one position and the next, so that their rows do not fall on the same cache sets. */
const SKEW: usize = 64;

const P: f32 = 0.7071067811865476; // the points of M = 4
const Q: f32 = 1.4142135623730951;

// @ts-ignore: decorator
@inline
function at(base: usize, index: i32): usize {
  return base + (<usize>index << 4);
}

// @ts-ignore: decorator
@inline
function scaled(v: v128, by: f32): v128 {
  return f32x4.mul(v, f32x4.splat(by));
}

/** Column `from`, `from + step`, ... of six vectors times B', to six vectors at `to`, `to + step`, ... */
// @ts-ignore: decorator
@inline
function input6(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  const a = f32x4.sub(d4, f32x4.add(d2, d2)), b = f32x4.sub(scaled(d3, P), scaled(d1, Q));
  const c = f32x4.sub(d4, scaled(d2, 0.5)), e = f32x4.sub(scaled(d3, Q), scaled(d1, P));
  v128.store(to, f32x4.add(f32x4.sub(d0, scaled(d2, 2.5)), d4));
  v128.store(to + step, f32x4.add(a, b));
  v128.store(to + 2 * step, f32x4.sub(a, b));
  v128.store(to + 3 * step, f32x4.add(c, e));
  v128.store(to + 4 * step, f32x4.sub(c, e));
  v128.store(to + 5 * step, f32x4.add(f32x4.sub(d1, scaled(d3, 2.5)), d5));
}

// @ts-ignore: decorator
@inline
function input4(d0: v128, d1: v128, d2: v128, d3: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.sub(d0, d2));
  v128.store(to + step, f32x4.add(d1, d2));
  v128.store(to + 2 * step, f32x4.sub(d2, d1));
  v128.store(to + 3 * step, f32x4.sub(d1, d3));
}

/** Addresses of the (M+2)^2 input places of a tile at `table`, places outside the image as `zeros`. */
function tilePlaces(x: usize, IH: i32, IW: i32, xStride: usize, ih0: i32, iw0: i32, side: i32, zeros: usize, table: usize): void {
  for (let i = 0, ih = ih0; i < side; i++, ih++) {
    const inside = <u32>ih < <u32>IH;
    const line = x + <usize>ih * <usize>IW * xStride;
    for (let j = 0, iw = iw0; j < side; j++, iw++) {
      store<usize>(table, inside && <u32>iw < <u32>IW ? line + <usize>iw * xStride : zeros);
      table += 4;
    }
  }
}

/** B' d B of one tile for all channels, each of the 36 results `vStride` bytes behind the one before. temp: 36 vectors. */
export function transformInput4(table: usize, IC: i32, v: usize, vStride: usize, temp: usize): void {
  for (let c: usize = 0; c < <usize>IC << 2; c += 16) {
    for (let j = 0; j < 6; j++) {
      const p = table + (<usize>j << 2);
      input6(
        v128.load(load<usize>(p) + c), v128.load(load<usize>(p, 24) + c), v128.load(load<usize>(p, 48) + c),
        v128.load(load<usize>(p, 72) + c), v128.load(load<usize>(p, 96) + c), v128.load(load<usize>(p, 120) + c),
        at(temp, j), 96
      );
    }
    let to = v + c;
    for (let i = 0; i < 6; i++) {
      const row = temp + <usize>i * 96;
      input6(
        v128.load(row), v128.load(row, 16), v128.load(row, 32), v128.load(row, 48), v128.load(row, 64), v128.load(row, 80),
        to, vStride
      );
      to += 6 * vStride;
    }
  }
}

/** The same for M = 2: 16 results. */
export function transformInput2(table: usize, IC: i32, v: usize, vStride: usize, temp: usize): void {
  for (let c: usize = 0; c < <usize>IC << 2; c += 16) {
    for (let j = 0; j < 4; j++) {
      const p = table + (<usize>j << 2);
      input4(
        v128.load(load<usize>(p) + c), v128.load(load<usize>(p, 16) + c), v128.load(load<usize>(p, 32) + c),
        v128.load(load<usize>(p, 48) + c), at(temp, j), 64
      );
    }
    let to = v + c;
    for (let i = 0; i < 4; i++) {
      const row = temp + <usize>i * 64;
      input4(v128.load(row), v128.load(row, 16), v128.load(row, 32), v128.load(row, 48), to, vStride);
      to += 4 * vStride;
    }
  }
}

/** Six vectors times A', to four vectors. */
// @ts-ignore: decorator
@inline
function output6(m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, to: usize, step: usize): void {
  const a = f32x4.add(m1, m2), b = f32x4.sub(m1, m2), c = f32x4.add(m3, m4), e = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(m0, a), c));
  v128.store(to + step, f32x4.add(scaled(b, P), scaled(e, Q)));
  v128.store(to + 2 * step, f32x4.add(scaled(a, 0.5), f32x4.add(c, c)));
  v128.store(to + 3 * step, f32x4.add(f32x4.add(scaled(b, P / 2), scaled(e, Q * 2)), m5));
}

// @ts-ignore: decorator
@inline
function output4(m0: v128, m1: v128, m2: v128, m3: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.add(f32x4.add(m0, m1), m2));
  v128.store(to + step, f32x4.sub(f32x4.sub(m1, m2), m3));
}

/** A' m A of one tile and four channels, to M^2 vectors at `temp + 24 vectors`, row by row. */
// @ts-ignore: decorator
@inline
function gatherOutput4(m: usize, mStride: usize, temp: usize): void {
  for (let j = 0; j < 6; j++) {
    const p = m + <usize>j * mStride;
    output6(
      v128.load(p), v128.load(p + 6 * mStride), v128.load(p + 12 * mStride), v128.load(p + 18 * mStride),
      v128.load(p + 24 * mStride), v128.load(p + 30 * mStride), at(temp, j), 96
    );
  }
  for (let i = 0; i < 4; i++) {
    const row = temp + <usize>i * 96;
    output6(
      v128.load(row), v128.load(row, 16), v128.load(row, 32), v128.load(row, 48), v128.load(row, 64), v128.load(row, 80),
      at(temp, 24 + 4 * i), 16
    );
  }
}

// @ts-ignore: decorator
@inline
function gatherOutput2(m: usize, mStride: usize, temp: usize): void {
  for (let j = 0; j < 4; j++) {
    const p = m + <usize>j * mStride;
    output4(v128.load(p), v128.load(p + 4 * mStride), v128.load(p + 8 * mStride), v128.load(p + 12 * mStride), at(temp, j), 64);
  }
  for (let i = 0; i < 2; i++) {
    const row = temp + <usize>i * 64;
    output4(v128.load(row), v128.load(row, 16), v128.load(row, 32), v128.load(row, 48), at(temp, 24 + 2 * i), 16);
  }
}

/** The outputs of one tile: sums back from the transform, bias, residual, clamp. Only the `rows` x `columns` places inside y. */
export function transformOutput(
  M: i32, m: usize, mStride: usize, OC: i32, b: usize, y: usize, yLine: usize, yStride: usize, rows: i32, columns: i32,
  r: usize, rLine: usize, rStride: usize, lo: f32, hi: f32, temp: usize
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  for (let c: usize = 0; c < <usize>OC << 2; c += 16) {
    const lanes = OC - (<i32>c >> 2);
    if (M == 4) gatherOutput4(m + c, mStride, temp);
    else gatherOutput2(m + c, mStride, temp);
    const bias = v128.load(b + c);
    for (let i = 0; i < rows; i++) {
      let to = y + c + <usize>i * yLine;
      let from = r + c + <usize>i * rLine;
      for (let j = 0; j < columns; j++) {
        let v = f32x4.add(v128.load(at(temp, 24 + M * i + j)), bias);
        if (r) v = f32x4.add(v, lanes < 4 ? loadLanes(from, lanes) : v128.load(from));
        v = f32x4.pmin(f32x4.pmax(v, l), h);
        if (lanes < 4) storeLanes(to, v, lanes);
        else v128.store(to, v);
        to += yStride;
        from += rStride;
      }
    }
  }
}

/** Bytes from one position's matrix to the next for `tiles` rows of `C` floats. */
export function winogradStride(tiles: i32, C: i32): usize {
  return (<usize>tiles * <usize>C << 2) + SKEW;
}

/**
 * 3x3 convolution of stride 1. x: [N, IH, IW] of IC floats a pixel, `xStride` bytes apart; y, r (0 if none): [N, OH, OW] of OC floats,
 * pixels `yStride`, `rStride` bytes apart. w: (M+2)^2 matrices made by `packWinograd`. b: OC floats, in whole vectors. zeros: IC floats of 0.
 * tiles: how many tiles make a block. scratch: as many bytes as src/ops/winograd.ts counts. act: 0 or a function of unary.ts.
 */
export function winograd(
  M: i32, tiles: i32, x: usize, N: i32, IH: i32, IW: i32, IC: i32, xStride: usize,
  w: usize, b: usize, y: usize, OH: i32, OW: i32, OC: i32, yStride: usize, PT: i32, PL: i32,
  r: usize, rStride: usize, lo: f32, hi: f32, act: i32, alpha: f32, beta: f32, zeros: usize, scratch: usize
): void {
  assert((M == 2 || M == 4) && IC > 0 && OC > 0 && (IC & 3) == 0);
  const side = M + 2, K = side * side;
  const OCP = (OC + 3) & ~3; // with the idle columns of the last panel
  const TH = (OH + M - 1) / M, TW = (OW + M - 1) / M;
  const vStride = winogradStride(tiles, IC), mStride = winogradStride(tiles, OCP);
  const temp = (scratch + 15) & ~15;
  const table = temp + (64 << 4);
  const rows = table + (36 << 2);
  const context = rows + (<usize>(tiles + DEAD) << 2);
  const v = context + CONTEXT_BYTES;
  tileContext(context, 0, 1, <usize>IC << 2, <usize>OCP << 2, 0, -Infinity, Infinity);
  const m = v + <usize>K * vStride;
  const all = N * TH * TW;
  for (let first = 0; first < all; first += tiles) {
    const count = min(tiles, all - first);
    for (let t = 0; t < count; t++) {
      const n = (first + t) / (TH * TW), th = (first + t) / TW % TH, tw = (first + t) % TW;
      const image = x + <usize>n * <usize>IH * <usize>IW * xStride;
      tilePlaces(image, IH, IW, xStride, th * M - PT, tw * M - PL, side, zeros, table);
      const to = v + (<usize>t * <usize>IC << 2);
      if (M == 4) transformInput4(table, IC, to, vStride, temp);
      else transformInput2(table, IC, to, vStride, temp);
    }
    multiply(K, count, v, vStride, IC, w, m, mStride, OCP, rows, context);
    for (let t = 0; t < count; t++) {
      const n = (first + t) / (TH * TW), th = (first + t) / TW % TH, tw = (first + t) % TW;
      const place = <usize>((n * OH + th * M) * OW + tw * M);
      const height = min(M, OH - th * M), width = min(M, OW - tw * M);
      const to = y + place * yStride;
      transformOutput(
        M, m + (<usize>t * <usize>OCP << 2), mStride, OC, b, to, <usize>OW * yStride, yStride, height, width,
        r ? r + place * rStride : 0, <usize>OW * rStride, rStride, lo, hi, temp
      );
      if (act) for (let i = 0; i < height; i++) unaryPixels(act, to + <usize>(i * OW) * yStride, yStride, width, OC, alpha, beta);
    }
  }
}

/** The K products: m[k] [count, OC] = v[k] [count, IC] * w[k] [IC, OC]. */
function multiply(
  K: i32, count: i32, v: usize, vStride: usize, IC: i32, w: usize, m: usize, mStride: usize, OC: i32, rows: usize, context: usize
): void {
  const rowBytes = <usize>IC << 2;
  for (let k = 0; k < K; k++) {
    for (let t = 0; t < count; t++) store<usize>(rows + (<usize>t << 2), v + <usize>t * rowBytes);
    const last = v + <usize>(count - 1) * rowBytes;
    for (let t = count; t < count + DEAD; t++) store<usize>(rows + (<usize>t << 2), last);
    for (let oc = 0; oc < OC; ) {
      const width = panelWidth(OC - oc, 8);
      const columns = min(width, OC - oc);
      panel(width, columns, rows, w, count, m + (<usize>oc << 2), 0, context);
      w += (<usize>IC + 1) * (<usize>width << 2);
      oc += width;
    }
    v += vStride;
    m += mStride;
  }
}

// @ts-ignore: decorator
@inline
function filter3(g0: v128, g1: v128, g2: v128, M: i32, to: usize, step: usize): void {
  if (M == 4) {
    const a = f32x4.sub(scaled(g0, -2.0 / 3), scaled(g2, 1.0 / 3)), b = scaled(g1, -2.0 / 3 * P);
    const c = f32x4.add(scaled(g0, 1.0 / 6), scaled(g2, 1.0 / 3)), d = scaled(g1, Q / 6);
    v128.store(to, g0);
    v128.store(to + step, f32x4.add(a, b));
    v128.store(to + 2 * step, f32x4.sub(a, b));
    v128.store(to + 3 * step, f32x4.add(c, d));
    v128.store(to + 4 * step, f32x4.sub(c, d));
    v128.store(to + 5 * step, g2);
  } else {
    const a = scaled(f32x4.add(g0, g2), 0.5), b = scaled(g1, 0.5);
    v128.store(to, g0);
    v128.store(to + step, f32x4.add(a, b));
    v128.store(to + 2 * step, f32x4.sub(a, b));
    v128.store(to + 3 * step, g2);
  }
}

/**
 * G w G' for output channels 0 .. `columns` of a 3x3 filter, into panel columns of `N` in each of the (M+2)^2 matrices, which are
 * `matrixStride` bytes apart. Strides are bytes in the source; taps are row by row. temp: 64 vectors.
 */
export function packWinograd(
  M: i32, filter: usize, ocStride: usize, tapStride: usize, icStride: usize, N: i32, columns: i32, IC: i32,
  to: usize, matrixStride: usize, temp: usize
): void {
  assert(M == 2 || M == 4);
  const side = M + 2;
  const g = temp + (36 << 4); // the 3x3 filter of four output channels
  for (let k = 0; k < side * side; k++) memory.fill(to + <usize>k * matrixStride, 0, <usize>N << 2); // no bias here
  to += <usize>N << 2;
  for (let ic = 0; ic < IC; ic++) {
    for (let n = 0; n < N; n += 4) {
      for (let tap = 0; tap < 9; tap++) {
        for (let lane = 0; lane < 4; lane++) {
          const from = filter + <usize>(n + lane) * ocStride + <usize>tap * tapStride;
          store<f32>(at(g, tap) + (<usize>lane << 2), n + lane < columns ? load<f32>(from) : 0);
        }
      }
      for (let j = 0; j < 3; j++) {
        filter3(v128.load(at(g, j)), v128.load(at(g, j + 3)), v128.load(at(g, j + 6)), M, at(temp, j), 48);
      }
      let out = to + (<usize>n << 2);
      for (let i = 0; i < side; i++) {
        const row = temp + <usize>i * 48;
        filter3(v128.load(row), v128.load(row, 16), v128.load(row, 32), M, out, matrixStride);
        out += <usize>side * matrixStride;
      }
    }
    to += <usize>N << 2;
    filter += icStride;
  }
}
