// Choice of elements: by a mask, by indices, by rank.

import { copyRow } from "./copy";
import { loadLanes, storeLanes } from "../lanes";

/**
 * y[i0][i1][i2][i3] = c[..] ? a[..] : b[..] for 4-byte elements of any type and bytes c. Strides in bytes, 0 repeats an operand
 * along a dimension; along d3 they are 1 or 0 (cs3), 4 or 0 (as3, bs3). y is dense, and may be a or b where that is dense too.
 */
export function where(
  c: usize, a: usize, b: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32,
  cs0: i32, cs1: i32, cs2: i32, cs3: i32, as0: i32, as1: i32, as2: i32, as3: i32, bs0: i32, bs1: i32, bs2: i32, bs3: i32
): void {
  assert(d0 >= 0 && d1 >= 0 && d2 >= 0 && d3 >= 0);
  assert((cs3 == 1 || cs3 == 0) && (as3 == 4 || as3 == 0) && (bs3 == 4 || bs3 == 0));
  if (!d3) return;
  for (let i0 = 0; i0 < d0; i0++) {
    let c1 = c, a1 = a, b1 = b;
    for (let i1 = 0; i1 < d1; i1++) {
      let c2 = c1, a2 = a1, b2 = b1;
      for (let i2 = 0; i2 < d2; i2++) {
        whereRow(c2, cs3, a2, as3, b2, bs3, y, d3);
        y += <usize>d3 << 2;
        c2 += cs2; a2 += as2; b2 += bs2;
      }
      c1 += cs1; a1 += as1; b1 += bs1;
    }
    c += cs0; a += as0; b += bs0;
  }
}

function whereRow(c: usize, cStep: i32, a: usize, aStep: i32, b: usize, bStep: i32, y: usize, count: i32): void {
  let p = v128.load32_splat(a), q = v128.load32_splat(b), m = v128.load8_splat(c);
  for (; count >= 4; count -= 4) {
    if (aStep) p = v128.load(a);
    if (bStep) q = v128.load(b);
    if (cStep) m = v128.load32_zero(c);
    v128.store(y, choose(m, p, q));
    c += cStep << 2; a += aStep << 2; b += bStep << 2; y += 16;
  }
  if (count) {
    if (aStep) p = loadLanes(a, count);
    if (bStep) q = loadLanes(b, count);
    if (cStep) {
      m = v128.load8_splat(c);
      if (count > 1) m = v128.load_lane<u8>(c, m, 1, 1);
      if (count > 2) m = v128.load_lane<u8>(c, m, 2, 2);
    }
    storeLanes(y, choose(m, p, q), count);
  }
}

/** Lane i of p where byte i of m is not 0, else of q. */
// @ts-ignore: decorator
@inline
function choose(m: v128, p: v128, q: v128): v128 {
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(m));
  return v128.bitselect(q, p, i32x4.eq(wide, i32x4.splat(0)));
}

/**
 * y[o][j][..] = x[o][indices[j]][..]: x is [outer, length, inner], y [outer, count, inner], of 4-byte elements; `indices` holds `count`
 * int32, negative ones counting from the end. Returns -1, or the first j whose index is outside; then y is not complete.
 */
export function gather(x: usize, indices: usize, y: usize, outer: i32, length: i32, inner: i32, count: i32): i32 {
  assert(outer >= 0 && length >= 0 && inner >= 0 && count >= 0);
  const bytes = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      let index = load<i32>(indices + (<usize>j << 2));
      if (index < 0) index += length;
      if (<u32>index >= <u32>length) return j;
      const from = x + <usize>index * bytes;
      if (inner == 1) store<u32>(y, load<u32>(from));
      else copyRow(from, y, bytes);
      y += bytes;
    }
    x += <usize>length * bytes;
  }
  return -1;
}

/**
 * The k greatest (`largest` = 1) or least (0) along a dimension, best first, the first of equal ones first: x is [outer, length, inner];
 * y (float32) and `places` (int32, along the dimension) are [outer, k, inner]. A NaN is greater than everything else. k <= length.
 */
export function topK(
  x: usize, y: usize, places: usize, outer: i32, length: i32, inner: i32, k: i32, largest: i32
): void {
  assert(outer >= 0 && length >= 0 && inner >= 0 && k >= 0 && k <= length);
  const stride = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    for (let i: usize = 0; i < stride; i += 4) {
      best(x + i, places + i, stride, length, k, largest ? 0 : -1);
      for (let j: usize = 0; j < <usize>k * stride; j += stride) {
        store<u32>(y + i + j, load<u32>(x + i + <usize>load<i32>(places + i + j) * stride));
      }
    }
    x += <usize>length * stride;
    y += <usize>k * stride;
    places += <usize>k * stride;
  }
}

/** An integer that orders floats as topK wants them; `flip` is -1 to turn the order round. */
// @ts-ignore: decorator
@inline
function rank(at: usize, flip: i32): i32 {
  const v = load<f32>(at);
  if (v != v) return i32.MAX_VALUE ^ flip;
  const bits = reinterpret<i32>(v + 0); // -0 becomes 0
  return (bits ^ ((bits >> 31) & i32.MAX_VALUE)) ^ flip;
}

/** Whether element p goes behind element q. */
// @ts-ignore: decorator
@inline
function behind(x: usize, stride: usize, p: i32, q: i32, flip: i32): bool {
  const a = rank(x + <usize>p * stride, flip), b = rank(x + <usize>q * stride, flip);
  return a < b || (a == b && p > q);
}

/** Lets the element at `at` sink in the heap of n places whose root is the element that goes last. */
function sink(x: usize, heap: usize, stride: usize, at: i32, n: i32, flip: i32): void {
  const p = load<i32>(heap + <usize>at * stride);
  while (true) {
    let child = 2 * at + 1;
    if (child >= n) break;
    let q = load<i32>(heap + <usize>child * stride);
    if (child + 1 < n) {
      const other = load<i32>(heap + <usize>(child + 1) * stride);
      if (behind(x, stride, other, q, flip)) { child++; q = other; }
    }
    if (!behind(x, stride, q, p, flip)) break;
    store<i32>(heap + <usize>at * stride, q);
    at = child;
  }
  store<i32>(heap + <usize>at * stride, p);
}

/** Writes the places of the k best of one line, best first: a heap of the best so far, then heap sort. */
function best(x: usize, heap: usize, stride: usize, length: i32, k: i32, flip: i32): void {
  if (!k) return;
  for (let p = 0; p < k; p++) store<i32>(heap + <usize>p * stride, p);
  for (let p = (k >> 1) - 1; p >= 0; p--) sink(x, heap, stride, p, k, flip);
  let worst = rank(x + <usize>load<i32>(heap) * stride, flip);
  for (let p = k; p < length; p++) {
    if (rank(x + <usize>p * stride, flip) <= worst) continue;
    store<i32>(heap, p);
    sink(x, heap, stride, 0, k, flip);
    worst = rank(x + <usize>load<i32>(heap) * stride, flip);
  }
  for (let n = k - 1; n > 0; n--) {
    const last = load<i32>(heap);
    store<i32>(heap, load<i32>(heap + <usize>n * stride));
    store<i32>(heap + <usize>n * stride, last);
    sink(x, heap, stride, 0, n, flip);
  }
}
