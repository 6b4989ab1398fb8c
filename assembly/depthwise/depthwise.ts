// Depthwise convolution of channels-last images: each channel has a filter of its own.
//
//   y[n][oh][ow][c] = act(clamp(b[c] + sum over kw of (sum over kh of x[n][oh*SH + kh*DH - PT][ow*SW + kw*DW - PL][c] * w[c][kh][kw])))
//
// Order of addition, in every path: window columns from left to right, each from top to bottom. The products go onto the bias one by one,
// but where windows are at most three places high, each column is added up by itself first: a shorter chain of dependent additions. Places
// outside the image are left out.
//
// Four channels are one vector. Where C >= 4 is no multiple of 4, the last block holds channels C-4 .. C-1 and computes up to three of
// them a second time, to the same bits.
//
// Windows of 3 x 3, undilated, of stride 1 or 2, go three output rows at a time in the order of memory (rows3.ts). For all others, and for
// rows whose windows are cut off above or below, a call of a micro-kernel covers a band of output rows for one block of channels: few enough
// rows that the input lines it touches are still in the cache when the next block of channels, which shares them, comes.

import { BLOCK, CHANNELS, rows3x3, strideRows3x3 } from "./rows3";
import { slide3 } from "./slide3";
import { slide5, slide5x5, stride5, stride5x5 } from "./slide5";
import { madd } from "../fma";
import { clamp, loadLanes, storeLanes } from "../lanes";
import { unary, unaryPixels } from "../numeric/unary";
import { firstInside } from "../window";

const LOW = 3; // places of windows whose columns are added up by themselves

/** Pixels of input that a tile of the image may have: one line of 64 bytes each, which fill three quarters of a cache of 32 KiB. */
const TILE_PIXELS = 384;

/**
 * Bytes of images that surely come from memory. It answers faster to reads in order than to steps from pixel to pixel for a few
 * channels, so that the lines of a band are read before they are used (96 channels of 224 x 224, 5x5: 212 -> 164 ns a pixel). Where the
 * caches hold the images, that would cost up to a tenth.
 */
const FAR: usize = 12 << 20;

/** Reads a word of every cache line from `from` to `end`, which compilers may not leave out: it could trap. */
function fetch(from: usize, end: usize): void {
  for (; from < end; from += 64) load<i32>(from);
}

/** First channel of the block that starts at channel `c`. */
// @ts-ignore: decorator
@inline
function blockStart(c: i32, C: i32): i32 {
  return C < 4 ? 0 : min(c, C - 4);
}

/**
 * Packs a filter of `C` channels by `taps` places (kh, kw in row-major order) into blocks of four channels: four bias values, then
 * four weights for each tap; (taps + 1) * 16 bytes a block, ceil(C / 4) blocks. Strides are bytes in the source from channel to channel
 * and from tap to tap. b is 0 if there is no bias.
 */
export function packDepthwise(filter: usize, cStride: usize, tapStride: usize, b: usize, C: i32, taps: i32, to: usize): void {
  for (let block = 0; block < C; block += 4) {
    const first = blockStart(block, C);
    for (let lane = 0; lane < 4; lane++) {
      const c = first + lane;
      const live = c < C;
      store<f32>(to, live && b ? load<f32>(b + (<usize>c << 2)) : 0);
      let from = filter + <usize>c * cStride;
      let at = to + 16;
      for (let t = 0; t < taps; t++) {
        store<f32>(at, live ? load<f32>(from) : 0);
        from += tapStride;
        at += 16;
      }
      to += 4;
    }
    to += <usize>taps << 4;
  }
}

/**
 * x: [N, IH, IW] pixels of C floats, `xStride` bytes apart. y: [N, OH, OW] pixels of C floats, `yStride` bytes apart. w: made by
 * `packDepthwise`. PT, PL: zero padding at the top and left; what hangs over at the bottom and right is padding too.
 * act: 0, or an activation of unary.ts applied after the clamp to [lo, hi].
 */
export function depthwise(
  x: usize, N: i32, IH: i32, IW: i32, C: i32, xStride: usize,
  w: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32,
  lo: f32, hi: f32, act: i32, alpha: f32, beta: f32
): void {
  assert(C > 0 && KH > 0 && KW > 0 && SH > 0 && SW > 0 && DH > 0 && DW > 0 && PT >= 0 && PL >= 0);
  assert(IH > 0 && IW > 0 && xStride >= <usize>C << 2 && yStride >= <usize>C << 2);
  const xRow = <usize>IW * xStride;
  const yRow = <usize>OW * yStride;
  const line = <usize>DH * xRow;
  const xStep = <usize>SH * xRow;
  const reach = (KH - 1) * DH + 1;
  const inOrder = KH == 3 && KW == 3 && SH == SW && DH == 1 && DW == 1 && C >= 4 && SW <= 2;
  const fits = max(1, (TILE_PIXELS / IW - reach) / SH + 1), most = inOrder ? 3 : KW == 5 ? (fits + 1) & ~1 : fits;
  const columns = reach * IW <= TILE_PIXELS ? OW : min(OW, max(8, (TILE_PIXELS / reach - KW) / SW));
  const far = <usize>N * (<usize>IH * xRow + <usize>OH * yRow) > FAR;
  for (let n = 0; n < N; n++) {
    const image = x + <usize>n * <usize>IH * xRow;
    for (let oh = 0; oh < OH; ) {
      // Rows of the window inside the image: kh from `top` to `bottom`; the same for every output row of a band.
      const top = firstInside(oh * SH - PT, DH);
      const bottom = min(KH, firstInside(oh * SH - PT - IH, DH));
      const R = max(0, bottom - top);
      let rows = 1;
      while (rows < most && oh + rows < OH
        && firstInside((oh + rows) * SH - PT, DH) == top
        && min(KH, firstInside((oh + rows) * SH - PT - IH, DH)) == bottom) rows++;
      const from = image + <usize>(oh * SH - PT + top * DH) * xRow;
      if (far && !inOrder && R) {
        // The rows of x that the band before did not need, and those of y; but for the last pixels, which may end within wider ones.
        const end = from + <usize>((rows - 1) * SH + (R - 1) * DH + 1) * xRow - xStride;
        fetch(end - <usize>rows * xStep, end);
        fetch(y, y + <usize>rows * yRow - yStride);
      }
      if (inOrder && R == 3 && rows > 1) {
        rowsInOrder(rows == 3, from, xRow, w, y, yRow, C, IW, xStride, SW, OW, yStride, PL, lo, hi);
      } else for (let ow = 0; ow < OW; ow += columns) {
        const first = ow * SW - PL, start = max(0, min(first, IW - 1));
        tile(
          from + <usize>start * xStride, xStep, line, top, R, w, y + <usize>ow * yStride, yRow, rows, IW - start, C, xStride,
          min(columns, OW - ow), yStride, KH, KW, SW, DW, start - first, lo, hi
        );
      }
      if (act) unaryPixels(act, y, yStride, rows * OW, C, alpha, beta);
      y += <usize>rows * yRow;
      oh += rows;
    }
  }
}

/** Three output rows, or two, of 3 x 3 windows that lie inside the image from top to bottom. */
function rowsInOrder(
  third: bool, x: usize, line: usize, w: usize, y: usize, yStep: usize, C: i32,
  IW: i32, xStride: usize, SW: i32, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  for (let c = 0; c < C; ) {
    const count = max(4, min(CHANNELS, C - c) & ~3), offset = <usize>blockStart(c, C) << 2;
    const k = w + <usize>(c >> 2) * BLOCK;
    if (SW == 1) rows3x3(third, x + offset, line, k, y + offset, yStep, count, IW, xStride, OW, yStride, PL, lo, hi);
    else strideRows3x3(third, x + offset, line, k, y + offset, yStep, count, IW, xStride, OW, yStride, PL, lo, hi);
    c += count;
  }
}

/** `rows` rows of OW outputs, block after block of channels. x, y: the first pixels; `top`: the first of R live window rows. */
function tile(
  x: usize, xStep: usize, line: usize, top: i32, R: i32, w: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, C: i32, xStride: usize, OW: i32, yStride: usize, KH: i32, KW: i32, SW: i32, DW: i32, PL: i32, lo: f32, hi: f32
): void {
  const low = KH <= LOW, slides = C >= 4 && DW == 1 && SW <= 2;
  const three = slides && low && KW == 3 && R > 1, five = slides && !low && KW == 5 && R > 0;
  // Of 5 x 5 windows the rows that go in pairs; what is left over goes row by row.
  const pairs = five && R == 5 && xStep == <usize>SW * line ? rows & ~1 : 0, left = rows - pairs;
  for (let block = 0; block < C; block += 4) {
    const b = w + <usize>(block >> 2) * (<usize>(KH * KW + 1) << 4);
    const k = b + 16 + (<usize>(top * KW) << 4);
    const offset = <usize>blockStart(block, C) << 2;
    let from = x + offset, to = y + offset;
    if (three) {
      slide3(from, xStep, line, R, b, k, to, yStep, rows, IW, xStride, SW, OW, yStride, PL, lo, hi);
      continue;
    }
    if (pairs) {
      if (SW == 1) slide5x5(from, xStep, line, b, k, to, yStep, pairs, IW, xStride, OW, yStride, PL, lo, hi);
      else stride5x5(from, xStep, line, b, k, to, yStep, pairs, IW, xStride, OW, yStride, PL, lo, hi);
      from += <usize>pairs * xStep; to += <usize>pairs * yStep;
    }
    if (!left) continue;
    if (five && SW == 1) slide5(from, xStep, line, R, b, k, to, yStep, left, IW, xStride, OW, yStride, PL, lo, hi);
    else if (five) stride5(from, xStep, line, R, b, k, to, yStep, left, IW, xStride, OW, yStride, PL, lo, hi);
    else anyWindow(low, from, xStep, line, R, b, k, to, yStep, left, IW, xStride, OW, yStride, KW, SW, DW, PL, lo, hi, min(C, 4));
  }
}

/** What the products of a window column are added to. */
// @ts-ignore: decorator
@inline
function begun(low: bool, a: v128): v128 {
  return low ? f32x4.splat(-0.0) : a;
}

/** The sum after a window column whose products made s of `begun`. */
// @ts-ignore: decorator
@inline
function ended(low: bool, a: v128, s: v128): v128 {
  return low ? f32x4.add(a, s) : s;
}

/**
 * Any window, stride and dilation; four outputs of a row at once where all their columns are inside the image. `low`: whether the products
 * of a window column are added up by themselves first. `lanes` 1 to 4.
 */
export function anyWindow(
  low: bool, x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, KW: i32, SW: i32, DW: i32, PL: i32, lo: f32, hi: f32, lanes: i32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const reach = (KW - 1) * DW;
  const full = lanes == 4 && R > 0;
  do {
    for (let ow = 0, to = y; ow < OW; ) {
      const iw = ow * SW - PL;
      if (full && iw >= 0 && ow + 3 < OW && iw + 3 * SW + reach < IW) {
        const at = x + <usize>iw * xStride, apart = <usize>SW * xStride, column = <usize>DW * xStride;
        if (low) fourLow(at, line, R, b, k, to, apart, yStride, KW, column, lo, hi);
        else four(at, line, R, b, k, to, apart, yStride, KW, column, lo, hi);
        ow += 4;
        to += yStride << 2;
      } else {
        const left = firstInside(iw, DW), right = min(KW, firstInside(iw - IW, DW));
        let a = v128.load(b);
        if (R > 0) for (let kw = left; kw < right; kw++) {
          let p = x + <usize>(iw + kw * DW) * xStride;
          let t = k + (<usize>kw << 4);
          let s = begun(low, a);
          for (let kh = 0; kh < R; kh++) {
            s = madd(s, lanes == 4 ? v128.load(p) : loadLanes(p, lanes), v128.load(t));
            p += line; t += <usize>KW << 4;
          }
          a = ended(low, a, s);
        }
        a = clamp(a, l, h);
        if (lanes == 4) v128.store(to, a);
        else storeLanes(to, a, lanes);
        ow++;
        to += yStride;
      }
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** Four outputs whose windows start `apart` bytes from one another; window columns are `column` bytes apart. */
// @ts-ignore: decorator
@inline
function fourOutputs(
  low: bool, x: usize, line: usize, R: i32, b: usize, k: usize, y: usize, apart: usize, yStride: usize, KW: i32, column: usize, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  let a0 = v128.load(b), a1 = a0, a2 = a0, a3 = a0;
  const height = <usize>R * line, down = <usize>KW << 4, apart3 = apart + (apart << 1);
  do {
    let s0 = begun(low, a0), s1 = begun(low, a1), s2 = begun(low, a2), s3 = begun(low, a3);
    let p = x, t = k;
    const end = x + height;
    do {
      const w = v128.load(t);
      s0 = madd(s0, v128.load(p), w); s1 = madd(s1, v128.load(p + apart), w);
      s2 = madd(s2, v128.load(p + (apart << 1)), w); s3 = madd(s3, v128.load(p + apart3), w);
      p += line; t += down;
    } while (p != end);
    a0 = ended(low, a0, s0); a1 = ended(low, a1, s1); a2 = ended(low, a2, s2); a3 = ended(low, a3, s3);
    x += column; k += 16;
  } while (--KW);
  v128.store(y, clamp(a0, l, h)); v128.store(y + yStride, clamp(a1, l, h));
  v128.store(y + (yStride << 1), clamp(a2, l, h)); v128.store(y + yStride + (yStride << 1), clamp(a3, l, h));
}

// A choice between the two inside the loop would cost a tenth (240 channels of 28 x 28, 7x7).

export function four(
  x: usize, line: usize, R: i32, b: usize, k: usize, y: usize, apart: usize, yStride: usize, KW: i32, column: usize, lo: f32, hi: f32
): void {
  fourOutputs(false, x, line, R, b, k, y, apart, yStride, KW, column, lo, hi);
}

export function fourLow(
  x: usize, line: usize, R: i32, b: usize, k: usize, y: usize, apart: usize, yStride: usize, KW: i32, column: usize, lo: f32, hi: f32
): void {
  fourOutputs(true, x, line, R, b, k, y, apart, yStride, KW, column, lo, hi);
}
