// Convolution of 8-bit images, exact in int32, channels last.
//
//   sum[n][oh][ow][oc] = sum over kh, kw, ic of x[n][oh*SH + kh*DH - PT][ow*SW + kw*DW - PL][ic] * w[kh][kw][ic][oc]
//   y = sum (int32), or saturate(nearest((sum + b[oc]) * multiplier[oc]) + zero) in 8 bits
//
// x and w are stored less their zero points, in 16 bits (`widen` makes x so), and pixels outside the image are zeros. Channels are
// taken in pairs: each 32-bit lane of a product adds two of them. Differences of 8-bit numbers are at most 255 in size, so
// nothing overflows below 33000 terms; beyond that int32 wraps.

import { BLOCK, lineAddresses, repeatLast, TABLE } from "./conv2d";
import { loadLanes } from "../lanes";
import { storeBytes, stored4 } from "../numeric/quantize";

const WIDTH: i32 = 8; // columns of a panel

/** y[row][c] = x[row][c] - zero for c < C, then zeros up to CP; x of 8 bits, y of 16. */
export function widen(signed: i32, x: usize, y: usize, rows: i32, C: i32, CP: i32, zero: i32): void {
  assert(C > 0 && CP >= C);
  if (C == CP) { C *= rows; CP = C; rows = 1; }
  const z = i16x8.splat(<i16>zero);
  for (; rows > 0; rows--) {
    let c = 0;
    for (; c <= C - 8; c += 8) {
      v128.store(y, i16x8.sub(signed ? v128.load_ext<i8>(x) : v128.load_ext<u8>(x), z));
      x += 8;
      y += 16;
    }
    for (; c < C; c++) {
      store<i16>(y, <i16>((signed ? <i32>load<i8>(x) : <i32>load<u8>(x)) - zero));
      x += 1;
      y += 2;
    }
    for (; c < CP; c++) {
      store<i16>(y, 0);
      y += 2;
    }
  }
}

/**
 * 5 rows by 8 columns of sums. Rows are found as in gemm.ts; each holds `kBytes / 4` pairs of channels. `w` is a panel: for each pair of
 * each tap, 8 columns of two. `live` rows are stored, `yStride` bytes apart.
 */
export function tileInteger(
  rows: usize, tapStride: usize, taps: i32, kBytes: usize, w: usize, y: usize, yStride: usize, live: i32
): void {
  let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00;
  let c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00;
  do {
    let a0 = load<usize>(rows), a1 = load<usize>(rows, 4), a2 = load<usize>(rows, 8);
    let a3 = load<usize>(rows, 12), a4 = load<usize>(rows, 16);
    const end = a0 + kBytes;
    rows += tapStride;
    do {
      const b0 = v128.load(w), b1 = v128.load(w, 16);
      let a = v128.load_splat<i32>(a0);
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(a, b0));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(a, b1));
      a = v128.load_splat<i32>(a1);
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(a, b0));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(a, b1));
      a = v128.load_splat<i32>(a2);
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(a, b0));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(a, b1));
      a = v128.load_splat<i32>(a3);
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(a, b0));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(a, b1));
      a = v128.load_splat<i32>(a4);
      c40 = i32x4.add(c40, i32x4.dot_i16x8_s(a, b0));
      c41 = i32x4.add(c41, i32x4.dot_i16x8_s(a, b1));
      w += 32;
      a0 += 4; a1 += 4; a2 += 4; a3 += 4; a4 += 4;
    } while (a0 < end);
  } while (--taps);

  v128.store(y, c00); v128.store(y, c01, 16);
  if (live > 1) { y += yStride; v128.store(y, c10); v128.store(y, c11, 16); }
  if (live > 2) { y += yStride; v128.store(y, c20); v128.store(y, c21, 16); }
  if (live > 3) { y += yStride; v128.store(y, c30); v128.store(y, c31, 16); }
  if (live > 4) { y += yStride; v128.store(y, c40); v128.store(y, c41, 16); }
}

/** A row of C sums as the result: int32 if `multipliers` is 0. b is 0 without a bias. */
function finish(
  sums: usize, C: i32, b: usize, multipliers: usize, zero: i32, lo: i32, hi: i32, y: usize
): void {
  if (!multipliers) {
    memory.copy(y, sums, <usize>C << 2);
    return;
  }
  const z = i32x4.splat(zero), l = f32x4.splat(<f32>(lo - zero)), h = f32x4.splat(<f32>(hi - zero));
  for (; C > 0; C -= 4) {
    let sum = v128.load(sums);
    let m: v128;
    if (C >= 4) {
      if (b) sum = i32x4.add(sum, v128.load(b));
      m = v128.load(multipliers);
    } else {
      if (b) sum = i32x4.add(sum, loadLanes(b, C));
      m = loadLanes(multipliers, C);
    }
    storeBytes(y, stored4(f32x4.mul(f32x4.convert_i32x4_s(sum), m), l, h, z), C);
    sums += 16;
    multipliers += 16;
    if (b) b += 16;
    y += 4;
  }
}

/** Bytes of scratch for `conv2dInteger` with a window of `taps` places. */
export function integerScratch(taps: i32, OC: i32): usize {
  return <usize>taps * TABLE + <usize>BLOCK * rowBytesOf(OC);
}

/** Bytes of scratch for `depthwiseInteger`. */
export function depthwiseIntegerScratch(taps: i32, C: i32): usize {
  return <usize>(taps + 1) * TABLE + rowBytesOf(C);
}

// @ts-ignore: decorator
@inline
function rowBytesOf(C: i32): usize {
  return <usize>((C + 7) & ~7) << 2;
}

/**
 * x: images [N, IH, IW] of `kBytes` bytes of int16 a pixel (an even number of channels), pixels `xStride` bytes apart. w: panels of 8
 * columns. y: [N, OH, OW] pixels of OC results, `yStride` bytes apart. zeros: `kBytes` bytes of 0. b (or 0), multipliers (or 0): [OC].
 * scratch: `integerScratch(KH * KW, OC)` bytes.
 */
export function conv2dInteger(
  x: usize, N: i32, IH: i32, IW: i32, kBytes: usize, xStride: usize,
  w: usize, y: usize, OH: i32, OW: i32, OC: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32,
  b: usize, multipliers: usize, zero: i32, lo: i32, hi: i32, zeros: usize, scratch: usize
): void {
  assert(kBytes > 0 && (kBytes & 3) == 0 && OC > 0 && KH > 0 && KW > 0 && lo <= hi);
  const taps = KH * KW;
  const sums = scratch + <usize>taps * TABLE;
  const rowBytes = rowBytesOf(OC);
  const panelBytes = <usize>taps * kBytes * WIDTH;
  const pixels = N * OH * OW;
  for (let p = 0; p < pixels; p += BLOCK) {
    const count = min(BLOCK, pixels - p);
    blockAddresses(scratch, p, count, x, IH, IW, xStride, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, zeros);
    let panel = w;
    for (let to = sums; to < sums + rowBytes; to += 32) {
      for (let m = 0; m < count; m += 5) {
        tileInteger(scratch + (<usize>m << 2), TABLE, taps, kBytes, panel, to + <usize>m * rowBytes, rowBytes, min(5, count - m));
      }
      panel += panelBytes;
    }
    for (let i = 0; i < count; i++) {
      finish(sums + <usize>i * rowBytes, OC, b, multipliers, zero, lo, hi, y + <usize>(p + i) * yStride);
    }
  }
}

/** The table of rows for output pixels p to p + count, counted through all images. */
function blockAddresses(
  table: usize, p: i32, count: i32, x: usize, IH: i32, IW: i32, xStride: usize, OH: i32, OW: i32,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32, zeros: usize
): void {
  const end = table + (<usize>count << 2);
  let line = p / OW;
  let ow = p - line * OW;
  for (let at = table; at < end; line++) {
    const n = line / OH, oh = line - n * OH;
    const run = min(<i32>((end - at) >> 2), OW - ow);
    const image = x + <usize>n * <usize>IH * <usize>IW * xStride;
    lineAddresses(image, IH, IW, xStride, oh * SH - PT, ow * SW - PL, run, KH, KW, SW, DH, DW, zeros, at);
    at += <usize>run << 2;
    ow = 0;
  }
  repeatLast(end, KH * KW);
}

/**
 * Each channel by itself, taps in pairs. x: images [N, IH, IW] of C8 int16 a pixel, C8 the next multiple of 8 from C. w: for each pair of
 * taps [C8] of two int16, the last of an odd number with 0. y: [N, OH, OW] pixels of C results, `yStride` bytes apart. zeros: C8 int16 of 0.
 * scratch: `depthwiseIntegerScratch(KH * KW, C)` bytes.
 */
export function depthwiseInteger(
  x: usize, N: i32, IH: i32, IW: i32, C: i32,
  w: usize, y: usize, OH: i32, OW: i32, yStride: usize,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32,
  b: usize, multipliers: usize, zero: i32, lo: i32, hi: i32, zeros: usize, scratch: usize
): void {
  assert(C > 0 && KH > 0 && KW > 0 && lo <= hi);
  const pixel = <usize>((C + 7) & ~7) << 1;
  const taps = KH * KW;
  const sums = scratch + <usize>(taps + 1) * TABLE;
  const pixels = N * OH * OW;
  for (let p = 0; p < pixels; p += BLOCK) {
    const count = min(BLOCK, pixels - p);
    blockAddresses(scratch, p, count, x, IH, IW, pixel, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, zeros);
    // What the missing half of a pair meets is multiplied by 0.
    memory.copy(scratch + <usize>taps * TABLE, scratch, TABLE);
    for (let i = 0; i < count; i++) {
      depthwisePixel(scratch + (<usize>i << 2), (taps + 1) >> 1, w, pixel, sums);
      finish(sums, C, b, multipliers, zero, lo, hi, y);
      y += yStride;
    }
  }
}

/** The sums of one output pixel, whose input pixels stand in the table at `rows`. */
export function depthwisePixel(rows: usize, pairs: i32, w: usize, pixel: usize, sums: usize): void {
  for (let c: usize = 0; c < pixel; c += 16) {
    let low = i32x4.splat(0), high = low;
    let at = rows, f = w + (c << 1);
    for (let i = pairs; i > 0; i--) {
      const a0 = v128.load(load<usize>(at) + c), a1 = v128.load(load<usize>(at + TABLE) + c);
      low = i32x4.add(low, i32x4.dot_i16x8_s(i16x8.shuffle(a0, a1, 0, 8, 1, 9, 2, 10, 3, 11), v128.load(f)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(i16x8.shuffle(a0, a1, 4, 12, 5, 13, 6, 14, 7, 15), v128.load(f, 16)));
      at += 2 * TABLE;
      f += pixel << 1;
    }
    v128.store(sums + (c << 1), low);
    v128.store(sums + (c << 1), high, 16);
  }
}
