// The micro-kernels of every dense convolution, matrix product and fully connected layer.
//
//   y[m][n] = clamp(bias[n] + sum over t, k of a[t][m][k] * w[t][k][n]  (+ residual[m][n]), lo, hi)
//
// for one tile of M rows (output pixels) by N columns (output channels). Row m of tap t starts `offset` bytes behind the address that
// stands at `rows + t * tapStride + m * 4`, and holds `kBytes / 4` contiguous floats. `w` is a packed panel: N bias values, then N weights for
// each k of each tap. Products are added in the order t, k, starting from the bias, in every tile: all tiles give the same bits.
//
// A tile goes over `count` rows, M at a time: for short k the call would take as long as what it computes. Where fewer than M are left,
// the dead rows are computed as copies of the last live one: their addresses in `rows` must be readable (the caller repeats the last),
// and they are stored over the last live row before it.
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

/** `count` rows by the tiles that are `N` columns wide. */
function tiles(N: i32, rows: usize, w: usize, y: usize, r: usize, count: i32, context: usize): void {
  if (N == 12) return tile3x12(rows, w, y, r, count, context);
  if (N == 4) return tile8x4(rows, w, y, r, count, context);
  // As many fours as leave no lane of the fives idle.
  const even = (5 - count % 5) % 5 << 2;
  const fours = count <= 4 ? count : even <= count ? even : 0;
  if (fours) tile4x8(rows, w, y, r, fours, context);
  if (fours < count) {
    if (r) r += <usize>fours * load<usize>(context, R_STRIDE);
    tile5x8(rows + (<usize>fours << 2), w, y + <usize>fours * load<usize>(context, Y_STRIDE), r, count - fours, context);
  }
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
  if (columns == N) return tiles(N, rows, w, y, r, count, context);
  // Behind the context: another, for tiles that are stored whole into SPARE bytes behind that.
  const whole = context + CONTEXT, spare = whole + CONTEXT;
  memory.copy(whole, context, CONTEXT);
  store<usize>(whole, <usize>N << 2, Y_STRIDE);
  store<f32>(whole, -Infinity, LO);
  store<f32>(whole, Infinity, HI);
  const most = N == 12 ? 3 : N == 8 ? 5 : 8;
  for (; count > 0; count -= most, rows += <usize>most << 2) {
    const live = min(most, count);
    tiles(N, rows, w, spare, 0, live, whole);
    for (let from = spare, end = spare + (<usize>(live * N) << 2); from < end; from += <usize>N << 2) {
      finishRow(from, y, r, columns, context);
      y += load<usize>(context, Y_STRIDE);
      if (r) r += load<usize>(context, R_STRIDE);
    }
  }
}

/** The epilogue for the live columns of a ragged tile: the same operations as in the tiles, one float at a time. */
function finishRow(from: usize, y: usize, r: usize, columns: i32, context: usize): void {
  const lo = load<f32>(context, LO), hi = load<f32>(context, HI);
  for (let n: usize = 0; n < <usize>columns << 2; n += 4) {
    let v = load<f32>(from + n);
    if (r) v += load<f32>(r + n);
    v = v < lo ? lo : v;
    store<f32>(y + n, hi < v ? hi : v);
  }
}
