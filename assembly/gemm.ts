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

import { CONTEXT, HI, K_BYTES, LO, R_STRIDE, TAPS, Y_STRIDE } from "./gemm-context";
import { tile3x12, tile4x8, tile5x8, tile8x4 } from "./gemm-tiles";

/** Bytes of the largest tile. */
const SPARE: usize = 5 * 8 * 4;
/** Bytes that a context needs, with room for tiles that are not stored whole. */
export const CONTEXT_BYTES: usize = 2 * CONTEXT + SPARE;
/** Entries behind the last live row that the tallest tile may look at. */
export const DEAD: i32 = 7;

/** Rows of the tile that is `N` columns wide, for `left` rows. */
// @ts-ignore: decorator
@inline
function tileRows(N: i32, left: i32): i32 {
  if (N != 8) return N == 12 ? 3 : 8;
  // As many fours as leave no lane of the fives idle.
  const fours = (5 - left % 5) % 5;
  return left <= 4 || (fours && left >= 4 * fours) ? 4 : 5;
}

// @ts-ignore: decorator
@inline
function tile(N: i32, M: i32, rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  if (N == 12) tile3x12(rows, w, y, r, live, context);
  else if (N == 4) tile8x4(rows, w, y, r, live, context);
  else if (M == 4) tile4x8(rows, w, y, r, live, context);
  else tile5x8(rows, w, y, r, live, context);
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
  const yStride = load<usize>(context, Y_STRIDE), rStride = r ? load<usize>(context, R_STRIDE) : 0;
  if (columns < N) raggedContext(N, context);
  for (let left = count; left > 0; ) {
    const M = tileRows(N, left), live = min(M, left);
    if (columns == N) tile(N, M, rows, w, y, r, live, context);
    else raggedTile(N, M, columns, rows, w, y, r, live, context);
    rows += <usize>M << 2;
    y += <usize>M * yStride;
    r += <usize>M * rStride;
    left -= M;
  }
}

/** Behind the context: another for tiles that are stored whole into SPARE bytes behind that. */
function raggedContext(N: i32, context: usize): void {
  memory.copy(context + CONTEXT, context, CONTEXT);
  store<usize>(context + CONTEXT, <usize>N << 2, Y_STRIDE);
  store<f32>(context + CONTEXT, -Infinity, LO);
  store<f32>(context + CONTEXT, Infinity, HI);
}

function raggedTile(N: i32, M: i32, columns: i32, rows: usize, w: usize, y: usize, r: usize, live: i32, context: usize): void {
  const spare = context + 2 * CONTEXT;
  tile(N, M, rows, w, spare, 0, live, context + CONTEXT);
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
