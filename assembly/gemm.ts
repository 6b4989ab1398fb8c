// The micro-kernels of every dense convolution, matrix product and fully connected layer.
//
//   y[m][n] = clamp(bias[n] + sum over t, k of a[t][m][k] * w[t][k][n]  (+ residual[m][n]), lo, hi)
//
// for one tile of M rows (output pixels) by N columns (output channels). Row m of tap t starts `offset` bytes behind the address that
// stands at `rows + t * tapStride + m * 4`, and holds `kBytes / 4` contiguous floats. `w` is a packed panel: N bias values, then N weights for
// each k of each tap. Products are added in the order t, k, starting from the bias, in every tile: all tiles give the same bits.
//
// Where fewer than M rows are left (`live` < M), the dead rows are computed as copies of the last live one: their addresses in `rows`
// must be readable (the caller repeats the last), and they are stored over the last live row before it.
//
// Where a table of rows is used, it has room for the most dead rows a tile can have behind its end: DEAD entries.
//
// Each tile is exported and stays a function of its own: inlined into the driver, its accumulators would spill.

import { madd } from "./fma";

// What stays the same for all tiles of a layer lies in memory, so that a call has few enough parameters for registers.
const TAP_STRIDE: usize = 0; // bytes
const TAPS: usize = 4;
const K_BYTES: usize = 8;
const OFFSET: usize = 12; // bytes
const Y_STRIDE: usize = 16; // bytes from row to row of y
const R_STRIDE: usize = 20; // and of the residual
const LO: usize = 24;
const HI: usize = 28;
const CONTEXT: usize = 32;

/** Bytes of the largest tile. */
const SPARE: usize = 5 * 8 * 4;
/** Bytes that a context needs, with room for tiles that are not stored whole. */
export const CONTEXT_BYTES: usize = 2 * CONTEXT + SPARE;
/** Entries behind the last live row that the tallest tile may look at. */
export const DEAD: i32 = 7;

/** Writes the context of a layer's tiles. */
export function tileContext(
  context: usize, tapStride: usize, taps: i32, kBytes: usize, yStride: usize, rStride: usize, lo: f32, hi: f32
): void {
  store<usize>(context, tapStride, TAP_STRIDE);
  store<i32>(context, taps, TAPS);
  store<usize>(context, kBytes, K_BYTES);
  store<usize>(context, 0, OFFSET);
  store<usize>(context, yStride, Y_STRIDE);
  store<usize>(context, rStride, R_STRIDE);
  store<f32>(context, lo, LO);
  store<f32>(context, hi, HI);
}

/** Sets the offset of a group's channels within each row. */
// @ts-ignore: decorator
@inline
export function setOffset(context: usize, offset: usize): void {
  store<usize>(context, offset, OFFSET);
}

// @ts-ignore: decorator
@inline
function clamp(v: v128, lo: v128, hi: v128): v128 {
  // pmax(v, lo) is v < lo ? lo : v, so a NaN in v stays a NaN.
  return f32x4.pmin(f32x4.pmax(v, lo), hi);
}

/** 3 rows by 12 columns; 9 accumulators. `r` is 0 without a residual. */
export function tile3x12(rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  let taps = load<i32>(context, TAPS);
  let c00 = v128.load(w), c01 = v128.load(w, 16), c02 = v128.load(w, 32);
  let c10 = c00, c11 = c01, c12 = c02;
  let c20 = c00, c21 = c01, c22 = c02;
  w += 48;
  do {
    let a0 = load<usize>(rows) + offset, a1 = load<usize>(rows, 4) + offset, a2 = load<usize>(rows, 8) + offset;
    const end = a0 + kBytes;
    rows += tapStride;
    do {
      const b0 = v128.load(w), b1 = v128.load(w, 16), b2 = v128.load(w, 32);
      let a = v128.load_splat<f32>(a0);
      c00 = madd(c00, a, b0);
      c01 = madd(c01, a, b1);
      c02 = madd(c02, a, b2);
      a = v128.load_splat<f32>(a1);
      c10 = madd(c10, a, b0);
      c11 = madd(c11, a, b1);
      c12 = madd(c12, a, b2);
      a = v128.load_splat<f32>(a2);
      c20 = madd(c20, a, b0);
      c21 = madd(c21, a, b1);
      c22 = madd(c22, a, b2);
      w += 48;
      a0 += 4; a1 += 4; a2 += 4;
    } while (a0 < end);
  } while (--taps);

  const yStride = load<usize>(context, Y_STRIDE);
  const y1 = live > 1 ? y + yStride : y;
  const y2 = live > 2 ? y1 + yStride : y1;
  if (r) {
    const rStride = load<usize>(context, R_STRIDE);
    const r1 = live > 1 ? r + rStride : r;
    const r2 = live > 2 ? r1 + rStride : r1;
    c00 = f32x4.add(c00, v128.load(r)); c01 = f32x4.add(c01, v128.load(r, 16)); c02 = f32x4.add(c02, v128.load(r, 32));
    c10 = f32x4.add(c10, v128.load(r1)); c11 = f32x4.add(c11, v128.load(r1, 16)); c12 = f32x4.add(c12, v128.load(r1, 32));
    c20 = f32x4.add(c20, v128.load(r2)); c21 = f32x4.add(c21, v128.load(r2, 16)); c22 = f32x4.add(c22, v128.load(r2, 32));
  }
  const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
  v128.store(y2, clamp(c20, l, h)); v128.store(y2, clamp(c21, l, h), 16); v128.store(y2, clamp(c22, l, h), 32);
  v128.store(y1, clamp(c10, l, h)); v128.store(y1, clamp(c11, l, h), 16); v128.store(y1, clamp(c12, l, h), 32);
  v128.store(y, clamp(c00, l, h)); v128.store(y, clamp(c01, l, h), 16); v128.store(y, clamp(c02, l, h), 32);
}

/** 5 rows by 8 columns; 10 accumulators. Parameters as in `tile3x12`. */
export function tile5x8(rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  let taps = load<i32>(context, TAPS);
  let c00 = v128.load(w), c01 = v128.load(w, 16);
  let c10 = c00, c11 = c01;
  let c20 = c00, c21 = c01;
  let c30 = c00, c31 = c01;
  let c40 = c00, c41 = c01;
  w += 32;
  do {
    let a0 = load<usize>(rows) + offset, a1 = load<usize>(rows, 4) + offset, a2 = load<usize>(rows, 8) + offset;
    let a3 = load<usize>(rows, 12) + offset, a4 = load<usize>(rows, 16) + offset;
    const end = a0 + kBytes;
    rows += tapStride;
    do {
      const b0 = v128.load(w), b1 = v128.load(w, 16);
      let a = v128.load_splat<f32>(a0);
      c00 = madd(c00, a, b0);
      c01 = madd(c01, a, b1);
      a = v128.load_splat<f32>(a1);
      c10 = madd(c10, a, b0);
      c11 = madd(c11, a, b1);
      a = v128.load_splat<f32>(a2);
      c20 = madd(c20, a, b0);
      c21 = madd(c21, a, b1);
      a = v128.load_splat<f32>(a3);
      c30 = madd(c30, a, b0);
      c31 = madd(c31, a, b1);
      a = v128.load_splat<f32>(a4);
      c40 = madd(c40, a, b0);
      c41 = madd(c41, a, b1);
      w += 32;
      a0 += 4; a1 += 4; a2 += 4; a3 += 4; a4 += 4;
    } while (a0 < end);
  } while (--taps);

  const yStride = load<usize>(context, Y_STRIDE);
  const y1 = live > 1 ? y + yStride : y;
  const y2 = live > 2 ? y1 + yStride : y1;
  const y3 = live > 3 ? y2 + yStride : y2;
  const y4 = live > 4 ? y3 + yStride : y3;
  if (r) {
    const rStride = load<usize>(context, R_STRIDE);
    const r1 = live > 1 ? r + rStride : r;
    const r2 = live > 2 ? r1 + rStride : r1;
    const r3 = live > 3 ? r2 + rStride : r2;
    const r4 = live > 4 ? r3 + rStride : r3;
    c00 = f32x4.add(c00, v128.load(r)); c01 = f32x4.add(c01, v128.load(r, 16));
    c10 = f32x4.add(c10, v128.load(r1)); c11 = f32x4.add(c11, v128.load(r1, 16));
    c20 = f32x4.add(c20, v128.load(r2)); c21 = f32x4.add(c21, v128.load(r2, 16));
    c30 = f32x4.add(c30, v128.load(r3)); c31 = f32x4.add(c31, v128.load(r3, 16));
    c40 = f32x4.add(c40, v128.load(r4)); c41 = f32x4.add(c41, v128.load(r4, 16));
  }
  const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
  v128.store(y4, clamp(c40, l, h)); v128.store(y4, clamp(c41, l, h), 16);
  v128.store(y3, clamp(c30, l, h)); v128.store(y3, clamp(c31, l, h), 16);
  v128.store(y2, clamp(c20, l, h)); v128.store(y2, clamp(c21, l, h), 16);
  v128.store(y1, clamp(c10, l, h)); v128.store(y1, clamp(c11, l, h), 16);
  v128.store(y, clamp(c00, l, h)); v128.store(y, clamp(c01, l, h), 16);
}

/** 8 rows by 4 columns; 8 accumulators. For the few channels of a narrow group. Parameters as in `tile3x12`. */
export function tile8x4(rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  let taps = load<i32>(context, TAPS);
  let c0 = v128.load(w), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  w += 16;
  do {
    // One moving address and seven distances: eight moving ones would not stay in registers.
    let a0 = load<usize>(rows) + offset;
    const base = load<usize>(rows);
    const d1 = load<usize>(rows, 4) - base, d2 = load<usize>(rows, 8) - base, d3 = load<usize>(rows, 12) - base;
    const d4 = load<usize>(rows, 16) - base, d5 = load<usize>(rows, 20) - base, d6 = load<usize>(rows, 24) - base;
    const d7 = load<usize>(rows, 28) - base;
    const end = a0 + kBytes;
    rows += tapStride;
    do {
      const b = v128.load(w);
      c0 = madd(c0, v128.load_splat<f32>(a0), b);
      c1 = madd(c1, v128.load_splat<f32>(a0 + d1), b);
      c2 = madd(c2, v128.load_splat<f32>(a0 + d2), b);
      c3 = madd(c3, v128.load_splat<f32>(a0 + d3), b);
      c4 = madd(c4, v128.load_splat<f32>(a0 + d4), b);
      c5 = madd(c5, v128.load_splat<f32>(a0 + d5), b);
      c6 = madd(c6, v128.load_splat<f32>(a0 + d6), b);
      c7 = madd(c7, v128.load_splat<f32>(a0 + d7), b);
      w += 16;
      a0 += 4;
    } while (a0 < end);
  } while (--taps);

  const yStride = load<usize>(context, Y_STRIDE);
  const y1 = live > 1 ? y + yStride : y;
  const y2 = live > 2 ? y1 + yStride : y1;
  const y3 = live > 3 ? y2 + yStride : y2;
  const y4 = live > 4 ? y3 + yStride : y3;
  const y5 = live > 5 ? y4 + yStride : y4;
  const y6 = live > 6 ? y5 + yStride : y5;
  const y7 = live > 7 ? y6 + yStride : y6;
  if (r) {
    const rStride = load<usize>(context, R_STRIDE);
    const r1 = live > 1 ? r + rStride : r;
    const r2 = live > 2 ? r1 + rStride : r1;
    const r3 = live > 3 ? r2 + rStride : r2;
    const r4 = live > 4 ? r3 + rStride : r3;
    const r5 = live > 5 ? r4 + rStride : r4;
    const r6 = live > 6 ? r5 + rStride : r5;
    const r7 = live > 7 ? r6 + rStride : r6;
    c0 = f32x4.add(c0, v128.load(r)); c1 = f32x4.add(c1, v128.load(r1));
    c2 = f32x4.add(c2, v128.load(r2)); c3 = f32x4.add(c3, v128.load(r3));
    c4 = f32x4.add(c4, v128.load(r4)); c5 = f32x4.add(c5, v128.load(r5));
    c6 = f32x4.add(c6, v128.load(r6)); c7 = f32x4.add(c7, v128.load(r7));
  }
  const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
  v128.store(y7, clamp(c7, l, h)); v128.store(y6, clamp(c6, l, h));
  v128.store(y5, clamp(c5, l, h)); v128.store(y4, clamp(c4, l, h));
  v128.store(y3, clamp(c3, l, h)); v128.store(y2, clamp(c2, l, h));
  v128.store(y1, clamp(c1, l, h)); v128.store(y, clamp(c0, l, h));
}

/** Rows of the tile that is `N` columns wide. */
// @ts-ignore: decorator
@inline
function tileRows(N: i32): i32 {
  return N == 12 ? 3 : N == 8 ? 5 : 8;
}

// @ts-ignore: decorator
@inline
function tile(N: i32, rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  if (N == 12) tile3x12(rows, w, y, r, live, context);
  else if (N == 8) tile5x8(rows, w, y, r, live, context);
  else tile8x4(rows, w, y, r, live, context);
}

/**
 * One panel of N = 12, 8 or 4 columns against `count` rows whose addresses stand in the table at `rows`. `columns` <= N are stored:
 * where it is less, the tile goes through memory of its own and only the live columns reach y.
 */
export function panel(
  N: i32, columns: i32, rows: usize, w: usize, count: i32, y: usize, r: usize, context: usize
): void {
  assert(N == 4 || N == 8 || N == 12);
  assert(columns > 0 && columns <= N && load<i32>(context, TAPS) > 0 && load<usize>(context, K_BYTES) > 0);
  const M = tileRows(N);
  const yStep = <usize>M * load<usize>(context, Y_STRIDE), rStep = r ? <usize>M * load<usize>(context, R_STRIDE) : 0;
  if (columns < N) raggedContext(N, context);
  for (let left = count; left > 0; left -= M) {
    const live = min(M, left);
    if (columns == N) tile(N, rows, w, y, r, live, context);
    else raggedTile(N, columns, rows, w, y, r, live, context);
    rows += <usize>M << 2;
    y += yStep;
    r += rStep;
  }
}

/** Behind the context: another for tiles that are stored whole into SPARE bytes behind that. */
function raggedContext(N: i32, context: usize): void {
  memory.copy(context + CONTEXT, context, CONTEXT);
  store<usize>(context + CONTEXT, <usize>N << 2, Y_STRIDE);
  store<f32>(context + CONTEXT, -Infinity, LO);
  store<f32>(context + CONTEXT, Infinity, HI);
}

function raggedTile(N: i32, columns: i32, rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  const spare = context + 2 * CONTEXT;
  tile(N, rows, w, spare, 0, live, context + CONTEXT);
  const lo = load<f32>(context, LO), hi = load<f32>(context, HI);
  for (let i = 0; i < live; i++) {
    finishRow(spare + (<usize>(i * N) << 2), y, r, columns, lo, hi);
    y += load<usize>(context, Y_STRIDE);
    if (r) r += load<usize>(context, R_STRIDE);
  }
}

/** The epilogue for the live columns of a ragged tile: the same operations as in the tiles, one float at a time. */
function finishRow(from: usize, y: usize, r: usize, columns: i32, lo: f32, hi: f32): void {
  for (let n: usize = 0; n < <usize>columns << 2; n += 4) {
    let v = load<f32>(from + n);
    if (r) v += load<f32>(r + n);
    v = v < lo ? lo : v;
    store<f32>(y + n, hi < v ? hi : v);
  }
}
