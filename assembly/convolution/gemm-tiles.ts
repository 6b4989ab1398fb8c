// The micro-kernels of gemm.ts: what they compute, and how their operands lie, is told there.
//
// Each tile is exported and stays a function of its own: inlined into the driver, its accumulators would spill.
//
// A row goes through the loop of four for the context's LONG bytes, and through the plain loop for what is left. `if (!long) break` never
// breaks: it keeps asc from interleaving the four steps, which would need more registers than there are, and V8 removes it. Nor does
// `if (!a1) break` in the plain loop, but no engine can know: there V8 of Node 20 may not load all rows before it multiplies any, for
// which registers would not do either (3x12: 35 -> 47 GFLOP/s).

import { madd } from "../fma";
import { HI, K_BYTES, LO, LONG, OFFSET, R_STRIDE, TAP_STRIDE, TAPS, Y_STRIDE } from "./gemm-context";
import { clamp } from "../lanes";

/** 3 rows by 12 columns, again and again down to `count` rows; 9 accumulators. `r` is 0 without a residual. */
export function tile3x12(rows: usize, panel: usize, y: usize, r: usize, count: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  const long = load<usize>(context, LONG);
  do {
    let taps = load<i32>(context, TAPS), w = panel, tap = rows;
    let c00 = v128.load(w), c01 = v128.load(w, 16), c02 = v128.load(w, 32);
    let c10 = c00, c11 = c01, c12 = c02;
    let c20 = c00, c21 = c01, c22 = c02;
    w += 48;
    do {
      let a0 = load<usize>(tap) + offset, a1 = load<usize>(tap, 4) + offset, a2 = load<usize>(tap, 8) + offset;
      const end = a0 + kBytes;
      tap += tapStride;
      let b0: v128, b1: v128, b2: v128, a: v128;
      if (long) {
        const stop = a0 + long;
        do {
          b0 = v128.load(w); b1 = v128.load(w, 16); b2 = v128.load(w, 32);
          a = v128.load_splat<f32>(a0); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1); c02 = madd(c02, a, b2);
          a = v128.load_splat<f32>(a1); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1); c12 = madd(c12, a, b2);
          a = v128.load_splat<f32>(a2); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1); c22 = madd(c22, a, b2);
          if (!long) break;
          b0 = v128.load(w, 48); b1 = v128.load(w, 64); b2 = v128.load(w, 80);
          a = v128.load_splat<f32>(a0, 4); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1); c02 = madd(c02, a, b2);
          a = v128.load_splat<f32>(a1, 4); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1); c12 = madd(c12, a, b2);
          a = v128.load_splat<f32>(a2, 4); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1); c22 = madd(c22, a, b2);
          if (!long) break;
          b0 = v128.load(w, 96); b1 = v128.load(w, 112); b2 = v128.load(w, 128);
          a = v128.load_splat<f32>(a0, 8); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1); c02 = madd(c02, a, b2);
          a = v128.load_splat<f32>(a1, 8); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1); c12 = madd(c12, a, b2);
          a = v128.load_splat<f32>(a2, 8); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1); c22 = madd(c22, a, b2);
          if (!long) break;
          b0 = v128.load(w, 144); b1 = v128.load(w, 160); b2 = v128.load(w, 176);
          a = v128.load_splat<f32>(a0, 12); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1); c02 = madd(c02, a, b2);
          a = v128.load_splat<f32>(a1, 12); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1); c12 = madd(c12, a, b2);
          a = v128.load_splat<f32>(a2, 12); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1); c22 = madd(c22, a, b2);
          w += 192;
          a0 += 16; a1 += 16; a2 += 16;
        } while (a0 < stop);
      }
      while (a0 < end) {
        b0 = v128.load(w); b1 = v128.load(w, 16); b2 = v128.load(w, 32);
        a = v128.load_splat<f32>(a0); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1); c02 = madd(c02, a, b2);
        if (!a1) break;
        a = v128.load_splat<f32>(a1); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1); c12 = madd(c12, a, b2);
        a = v128.load_splat<f32>(a2); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1); c22 = madd(c22, a, b2);
        w += 48;
        a0 += 4; a1 += 4; a2 += 4;
      }
    } while (--taps);

    const yStride = load<usize>(context, Y_STRIDE);
    const y1 = count > 1 ? y + yStride : y;
    const y2 = count > 2 ? y1 + yStride : y1;
    if (r) {
      const rStride = load<usize>(context, R_STRIDE);
      const r1 = count > 1 ? r + rStride : r;
      const r2 = count > 2 ? r1 + rStride : r1;
      c00 = f32x4.add(c00, v128.load(r)); c01 = f32x4.add(c01, v128.load(r, 16)); c02 = f32x4.add(c02, v128.load(r, 32));
      c10 = f32x4.add(c10, v128.load(r1)); c11 = f32x4.add(c11, v128.load(r1, 16)); c12 = f32x4.add(c12, v128.load(r1, 32));
      c20 = f32x4.add(c20, v128.load(r2)); c21 = f32x4.add(c21, v128.load(r2, 16)); c22 = f32x4.add(c22, v128.load(r2, 32));
      r = r2 + rStride;
    }
    const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
    v128.store(y2, clamp(c20, l, h)); v128.store(y2, clamp(c21, l, h), 16); v128.store(y2, clamp(c22, l, h), 32);
    v128.store(y1, clamp(c10, l, h)); v128.store(y1, clamp(c11, l, h), 16); v128.store(y1, clamp(c12, l, h), 32);
    v128.store(y, clamp(c00, l, h)); v128.store(y, clamp(c01, l, h), 16); v128.store(y, clamp(c02, l, h), 32);
    y = y2 + yStride;
    rows += 12;
    count -= 3;
  } while (count > 0);
}

/** 5 rows by 8 columns; 10 accumulators. Parameters as in `tile3x12`. */
export function tile5x8(rows: usize, panel: usize, y: usize, r: usize, count: i32, context: usize): void {
  tileBy8(true, rows, panel, y, r, count, context);
}

/** 4 rows by 8 columns; 8 accumulators. Parameters as in `tile3x12`. */
export function tile4x8(rows: usize, panel: usize, y: usize, r: usize, count: i32, context: usize): void {
  tileBy8(false, rows, panel, y, r, count, context);
}

/** Five rows, or four: what is only for the fifth is left out when it is compiled for four. */
// @ts-ignore: decorator
@inline
function tileBy8(five: bool, rows: usize, panel: usize, y: usize, r: usize, count: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  const long = load<usize>(context, LONG);
  do {
    let taps = load<i32>(context, TAPS), w = panel, tap = rows;
    let c00 = v128.load(w), c01 = v128.load(w, 16);
    let c10 = c00, c11 = c01;
    let c20 = c00, c21 = c01;
    let c30 = c00, c31 = c01;
    let c40 = c00, c41 = c01;
    w += 32;
    do {
      let a0 = load<usize>(tap) + offset, a1 = load<usize>(tap, 4) + offset, a2 = load<usize>(tap, 8) + offset;
      let a3 = load<usize>(tap, 12) + offset, a4: usize = five ? load<usize>(tap, 16) + offset : 0;
      const end = a0 + kBytes;
      tap += tapStride;
      let b0: v128, b1: v128, a: v128;
      if (long) {
        const stop = a0 + long;
        do {
          b0 = v128.load(w); b1 = v128.load(w, 16);
          a = v128.load_splat<f32>(a0); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1);
          a = v128.load_splat<f32>(a1); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1);
          a = v128.load_splat<f32>(a2); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1);
          a = v128.load_splat<f32>(a3); c30 = madd(c30, a, b0); c31 = madd(c31, a, b1);
          if (five) { a = v128.load_splat<f32>(a4); c40 = madd(c40, a, b0); c41 = madd(c41, a, b1); }
          if (!long) break;
          b0 = v128.load(w, 32); b1 = v128.load(w, 48);
          a = v128.load_splat<f32>(a0, 4); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1);
          a = v128.load_splat<f32>(a1, 4); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1);
          a = v128.load_splat<f32>(a2, 4); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1);
          a = v128.load_splat<f32>(a3, 4); c30 = madd(c30, a, b0); c31 = madd(c31, a, b1);
          if (five) { a = v128.load_splat<f32>(a4, 4); c40 = madd(c40, a, b0); c41 = madd(c41, a, b1); }
          if (!long) break;
          b0 = v128.load(w, 64); b1 = v128.load(w, 80);
          a = v128.load_splat<f32>(a0, 8); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1);
          a = v128.load_splat<f32>(a1, 8); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1);
          a = v128.load_splat<f32>(a2, 8); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1);
          a = v128.load_splat<f32>(a3, 8); c30 = madd(c30, a, b0); c31 = madd(c31, a, b1);
          if (five) { a = v128.load_splat<f32>(a4, 8); c40 = madd(c40, a, b0); c41 = madd(c41, a, b1); }
          if (!long) break;
          b0 = v128.load(w, 96); b1 = v128.load(w, 112);
          a = v128.load_splat<f32>(a0, 12); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1);
          a = v128.load_splat<f32>(a1, 12); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1);
          a = v128.load_splat<f32>(a2, 12); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1);
          a = v128.load_splat<f32>(a3, 12); c30 = madd(c30, a, b0); c31 = madd(c31, a, b1);
          if (five) { a = v128.load_splat<f32>(a4, 12); c40 = madd(c40, a, b0); c41 = madd(c41, a, b1); }
          w += 128;
          a0 += 16; a1 += 16; a2 += 16; a3 += 16;
          if (five) a4 += 16;
        } while (a0 < stop);
      }
      while (a0 < end) {
        b0 = v128.load(w); b1 = v128.load(w, 16);
        a = v128.load_splat<f32>(a0); c00 = madd(c00, a, b0); c01 = madd(c01, a, b1);
        a = v128.load_splat<f32>(a1); c10 = madd(c10, a, b0); c11 = madd(c11, a, b1);
        if (five && !a1) break;
        a = v128.load_splat<f32>(a2); c20 = madd(c20, a, b0); c21 = madd(c21, a, b1);
        a = v128.load_splat<f32>(a3); c30 = madd(c30, a, b0); c31 = madd(c31, a, b1);
        if (five && !a2) break;
        if (five) { a = v128.load_splat<f32>(a4); c40 = madd(c40, a, b0); c41 = madd(c41, a, b1); }
        w += 32;
        a0 += 4; a1 += 4; a2 += 4; a3 += 4;
        if (five) a4 += 4;
      }
    } while (--taps);

    const yStride = load<usize>(context, Y_STRIDE);
    const y1 = count > 1 ? y + yStride : y;
    const y2 = count > 2 ? y1 + yStride : y1;
    const y3 = count > 3 ? y2 + yStride : y2;
    const y4 = count > 4 ? y3 + yStride : y3;
    if (r) {
      const rStride = load<usize>(context, R_STRIDE);
      const r1 = count > 1 ? r + rStride : r;
      const r2 = count > 2 ? r1 + rStride : r1;
      const r3 = count > 3 ? r2 + rStride : r2;
      const r4 = count > 4 ? r3 + rStride : r3;
      c00 = f32x4.add(c00, v128.load(r)); c01 = f32x4.add(c01, v128.load(r, 16));
      c10 = f32x4.add(c10, v128.load(r1)); c11 = f32x4.add(c11, v128.load(r1, 16));
      c20 = f32x4.add(c20, v128.load(r2)); c21 = f32x4.add(c21, v128.load(r2, 16));
      c30 = f32x4.add(c30, v128.load(r3)); c31 = f32x4.add(c31, v128.load(r3, 16));
      if (five) { c40 = f32x4.add(c40, v128.load(r4)); c41 = f32x4.add(c41, v128.load(r4, 16)); }
      r = (five ? r4 : r3) + rStride;
    }
    const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
    if (five) { v128.store(y4, clamp(c40, l, h)); v128.store(y4, clamp(c41, l, h), 16); }
    v128.store(y3, clamp(c30, l, h)); v128.store(y3, clamp(c31, l, h), 16);
    v128.store(y2, clamp(c20, l, h)); v128.store(y2, clamp(c21, l, h), 16);
    v128.store(y1, clamp(c10, l, h)); v128.store(y1, clamp(c11, l, h), 16);
    v128.store(y, clamp(c00, l, h)); v128.store(y, clamp(c01, l, h), 16);
    y = (five ? y4 : y3) + yStride;
    rows += five ? 20 : 16;
    count -= five ? 5 : 4;
  } while (count > 0);
}

/** 8 rows by 4 columns; 8 accumulators. For the few channels of a narrow group. Parameters as in `tile3x12`. */
export function tile8x4(rows: usize, panel: usize, y: usize, r: usize, count: i32, context: usize): void {
  const tapStride = load<usize>(context, TAP_STRIDE), kBytes = load<usize>(context, K_BYTES), offset = load<usize>(context, OFFSET);
  const long = load<usize>(context, LONG);
  do {
    let taps = load<i32>(context, TAPS), w = panel, tap = rows;
    let c0 = v128.load(w), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    w += 16;
    do {
      let a0 = load<usize>(tap) + offset, a1 = load<usize>(tap, 4) + offset, a2 = load<usize>(tap, 8) + offset;
      let a3 = load<usize>(tap, 12) + offset, a4 = load<usize>(tap, 16) + offset, a5 = load<usize>(tap, 20) + offset;
      let a6 = load<usize>(tap, 24) + offset, a7 = load<usize>(tap, 28) + offset;
      const end = a0 + kBytes;
      tap += tapStride;
      let b: v128;
      if (long) {
        const stop = a0 + long;
        do {
          b = v128.load(w);
          c0 = madd(c0, v128.load_splat<f32>(a0), b); c1 = madd(c1, v128.load_splat<f32>(a1), b);
          c2 = madd(c2, v128.load_splat<f32>(a2), b); c3 = madd(c3, v128.load_splat<f32>(a3), b);
          c4 = madd(c4, v128.load_splat<f32>(a4), b); c5 = madd(c5, v128.load_splat<f32>(a5), b);
          c6 = madd(c6, v128.load_splat<f32>(a6), b); c7 = madd(c7, v128.load_splat<f32>(a7), b);
          if (!long) break;
          b = v128.load(w, 16);
          c0 = madd(c0, v128.load_splat<f32>(a0, 4), b); c1 = madd(c1, v128.load_splat<f32>(a1, 4), b);
          c2 = madd(c2, v128.load_splat<f32>(a2, 4), b); c3 = madd(c3, v128.load_splat<f32>(a3, 4), b);
          c4 = madd(c4, v128.load_splat<f32>(a4, 4), b); c5 = madd(c5, v128.load_splat<f32>(a5, 4), b);
          c6 = madd(c6, v128.load_splat<f32>(a6, 4), b); c7 = madd(c7, v128.load_splat<f32>(a7, 4), b);
          if (!long) break;
          b = v128.load(w, 32);
          c0 = madd(c0, v128.load_splat<f32>(a0, 8), b); c1 = madd(c1, v128.load_splat<f32>(a1, 8), b);
          c2 = madd(c2, v128.load_splat<f32>(a2, 8), b); c3 = madd(c3, v128.load_splat<f32>(a3, 8), b);
          c4 = madd(c4, v128.load_splat<f32>(a4, 8), b); c5 = madd(c5, v128.load_splat<f32>(a5, 8), b);
          c6 = madd(c6, v128.load_splat<f32>(a6, 8), b); c7 = madd(c7, v128.load_splat<f32>(a7, 8), b);
          if (!long) break;
          b = v128.load(w, 48);
          c0 = madd(c0, v128.load_splat<f32>(a0, 12), b); c1 = madd(c1, v128.load_splat<f32>(a1, 12), b);
          c2 = madd(c2, v128.load_splat<f32>(a2, 12), b); c3 = madd(c3, v128.load_splat<f32>(a3, 12), b);
          c4 = madd(c4, v128.load_splat<f32>(a4, 12), b); c5 = madd(c5, v128.load_splat<f32>(a5, 12), b);
          c6 = madd(c6, v128.load_splat<f32>(a6, 12), b); c7 = madd(c7, v128.load_splat<f32>(a7, 12), b);
          w += 64;
          a0 += 16; a1 += 16; a2 += 16; a3 += 16; a4 += 16; a5 += 16; a6 += 16; a7 += 16;
        } while (a0 < stop);
      }
      while (a0 < end) {
        b = v128.load(w);
        c0 = madd(c0, v128.load_splat<f32>(a0), b); c1 = madd(c1, v128.load_splat<f32>(a1), b);
        c2 = madd(c2, v128.load_splat<f32>(a2), b); c3 = madd(c3, v128.load_splat<f32>(a3), b);
        if (!a1) break;
        c4 = madd(c4, v128.load_splat<f32>(a4), b); c5 = madd(c5, v128.load_splat<f32>(a5), b);
        c6 = madd(c6, v128.load_splat<f32>(a6), b); c7 = madd(c7, v128.load_splat<f32>(a7), b);
        w += 16;
        a0 += 4; a1 += 4; a2 += 4; a3 += 4; a4 += 4; a5 += 4; a6 += 4; a7 += 4;
      }
    } while (--taps);

    const yStride = load<usize>(context, Y_STRIDE);
    const y1 = count > 1 ? y + yStride : y;
    const y2 = count > 2 ? y1 + yStride : y1;
    const y3 = count > 3 ? y2 + yStride : y2;
    const y4 = count > 4 ? y3 + yStride : y3;
    const y5 = count > 5 ? y4 + yStride : y4;
    const y6 = count > 6 ? y5 + yStride : y5;
    const y7 = count > 7 ? y6 + yStride : y6;
    if (r) {
      const rStride = load<usize>(context, R_STRIDE);
      const r1 = count > 1 ? r + rStride : r;
      const r2 = count > 2 ? r1 + rStride : r1;
      const r3 = count > 3 ? r2 + rStride : r2;
      const r4 = count > 4 ? r3 + rStride : r3;
      const r5 = count > 5 ? r4 + rStride : r4;
      const r6 = count > 6 ? r5 + rStride : r5;
      const r7 = count > 7 ? r6 + rStride : r6;
      c0 = f32x4.add(c0, v128.load(r)); c1 = f32x4.add(c1, v128.load(r1));
      c2 = f32x4.add(c2, v128.load(r2)); c3 = f32x4.add(c3, v128.load(r3));
      c4 = f32x4.add(c4, v128.load(r4)); c5 = f32x4.add(c5, v128.load(r5));
      c6 = f32x4.add(c6, v128.load(r6)); c7 = f32x4.add(c7, v128.load(r7));
      r = r7 + rStride;
    }
    const l = v128.load32_splat(context, LO), h = v128.load32_splat(context, HI);
    v128.store(y7, clamp(c7, l, h)); v128.store(y6, clamp(c6, l, h));
    v128.store(y5, clamp(c5, l, h)); v128.store(y4, clamp(c4, l, h));
    v128.store(y3, clamp(c3, l, h)); v128.store(y2, clamp(c2, l, h));
    v128.store(y1, clamp(c1, l, h)); v128.store(y, clamp(c0, l, h));
    y = y7 + yStride;
    rows += 32;
    count -= 8;
  } while (count > 0);
}
