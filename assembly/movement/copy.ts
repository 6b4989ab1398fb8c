// Movement of 4-byte elements: strided copies of up to six dimensions, transposition of planes, filling.
// Bits are moved, never computed with: a NaN keeps its payload, and int32 goes through as well as float32.

import { loadLanes, storeLanes } from "../lanes";

const LONG: usize = 1024; // bytes from which memory.copy is faster than a loop of v128

/** Copies `bytes` (a multiple of 4) from x to y. The two do not overlap. */
// @ts-ignore: decorator
@inline
export function copyRow(x: usize, y: usize, bytes: usize): void {
  if (bytes >= LONG) return memory.copy(y, x, bytes);
  const end = x + (bytes & ~15);
  while (x < end) {
    v128.store(y, v128.load(x));
    x += 16; y += 16;
  }
  const left = <i32>(bytes & 15) >> 2;
  if (left) storeLanes(y, loadLanes(x, left), left);
}

/** Writes `count` floats of `value` to y. */
export function fill(y: usize, count: i32, value: f32): void {
  assert(count >= 0);
  fillRow(y, count, f32x4.splat(value));
}

function fillRow(y: usize, count: i32, v: v128): void {
  const end = y + (<usize>(count & ~3) << 2);
  while (y < end) {
    v128.store(y, v);
    y += 16;
  }
  const left = count & 3;
  if (left) storeLanes(y, v, left);
}

/**
 * y[i0]..[i5] = x[i0]..[i5] for i0 < d0 .. i5 < d5. Strides in bytes, 0 or negative allowed; x and y do not overlap.
 * The innermost plane is fast where xs5 = ys5 = 4 (rows copied), xs5 = 0 and ys5 = 4 (rows filled), xs4 = ys5 = 4 (plane transposed).
 * Dimensions of 1 belong outside, so that the two innermost are the ones that matter.
 */
export function copyStrided(
  x: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32, d4: i32, d5: i32,
  xs0: i32, xs1: i32, xs2: i32, xs3: i32, xs4: i32, xs5: i32,
  ys0: i32, ys1: i32, ys2: i32, ys3: i32, ys4: i32, ys5: i32
): void {
  assert(d0 >= 0 && d1 >= 0 && d2 >= 0 && d3 >= 0 && d4 >= 0 && d5 >= 0);
  for (let i0 = 0; i0 < d0; i0++) {
    let x1 = x, y1 = y;
    for (let i1 = 0; i1 < d1; i1++) {
      let x2 = x1, y2 = y1;
      for (let i2 = 0; i2 < d2; i2++) {
        let x3 = x2, y3 = y2;
        for (let i3 = 0; i3 < d3; i3++) {
          copyPlane(x3, y3, d4, d5, xs4, xs5, ys4, ys5);
          x3 += xs3; y3 += ys3;
        }
        x2 += xs2; y2 += ys2;
      }
      x1 += xs1; y1 += ys1;
    }
    x += xs0; y += ys0;
  }
}

/** The innermost plane of `copyStrided`. */
export function copyPlane(x: usize, y: usize, d0: i32, d1: i32, xs0: i32, xs1: i32, ys0: i32, ys1: i32): void {
  if (xs1 == 4 && ys1 == 4) {
    const bytes = <usize>d1 << 2;
    for (let i = 0; i < d0; i++) {
      copyRow(x, y, bytes);
      x += xs0; y += ys0;
    }
  } else if (xs1 == 0 && ys1 == 4) {
    if (!d1) return;
    for (let i = 0; i < d0; i++) {
      fillRow(y, d1, v128.load32_splat(x));
      x += xs0; y += ys0;
    }
  } else if (xs0 == 4 && ys1 == 4) {
    transposePlane(x, y, d1, d0, xs1, ys0);
  } else {
    for (let i = 0; i < d0; i++) {
      let from = x, to = y;
      for (let j = 0; j < d1; j++) {
        store<u32>(to, load<u32>(from));
        from += xs1; to += ys1;
      }
      x += xs0; y += ys0;
    }
  }
}

/** y[b][c][r] = x[b][r][c] for `batch` dense planes of `rows` by `columns` elements: NCHW to NHWC with C rows, back with C columns. */
export function transpose2d(x: usize, y: usize, batch: i32, rows: i32, columns: i32): void {
  assert(batch >= 0 && rows >= 0 && columns >= 0);
  const plane = <usize>rows * <usize>columns << 2;
  if (rows == 1 || columns == 1) return memory.copy(y, x, <usize>batch * plane);
  for (let b = 0; b < batch; b++) {
    transposePlane(x, y, rows, columns, columns << 2, rows << 2);
    x += plane; y += plane;
  }
}

const BAND = 64; // rows of x a band: four cache lines of each row of y

/**
 * y[c][r] = x[r][c]. Rows of x are `xs` bytes apart, rows of y `ys`. Within a band of rows the columns pass by a cache line (16) at a time,
 * so that every line of x and of y is touched within one step and then left. Where rows of y lie a multiple of 2 or 4 KiB apart they
 * share few places of a first-level cache, and fewer columns a step are up to three times faster (1024 x 196: 133 -> 48 us).
 */
function transposePlane(x: usize, y: usize, rows: i32, columns: i32, xs: i32, ys: i32): void {
  if (rows == 3 && ys == 12) return interleave3(x, y, columns, xs);
  if (columns == 3 && xs == 12) return deinterleave3(x, y, rows, ys);
  const line = ys & 2047 ? 16 : ys & 4095 ? 8 : 4;
  for (let r0 = 0; r0 < rows; r0 += BAND) {
    const r1 = min(r0 + BAND, rows);
    for (let c0 = 0; c0 < columns; c0 += line) {
      const c1 = min(c0 + line, columns);
      for (let r = r0; r < r1; r += 4) {
        const from = x + r * xs + (c0 << 2);
        const to = y + c0 * ys + (r << 2);
        if (r + 4 <= r1) fullTiles(from, to, c1 - c0, xs, ys);
        else narrowTiles(from, to, r1 - r, c1 - c0, xs, ys);
      }
    }
  }
}

/** Four rows of x, `columns` <= 16 columns. */
// @ts-ignore: decorator
@inline
function fullTiles(x: usize, y: usize, columns: i32, xs: i32, ys: i32): void {
  const end = x + (<usize>(columns & ~3) << 2);
  const xs2 = xs << 1, ys2 = ys << 1;
  while (x < end) {
    const x2 = x + xs2;
    const a = v128.load(x), b = v128.load(x + xs), c = v128.load(x2), d = v128.load(x2 + xs);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ba = v128.shuffle<f32>(a, b, 2, 6, 3, 7), dc = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(y, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(y + ys, v128.shuffle<f64>(ab, cd, 1, 3));
    y += ys2;
    v128.store(y, v128.shuffle<f64>(ba, dc, 0, 2));
    v128.store(y + ys, v128.shuffle<f64>(ba, dc, 1, 3));
    y += ys2;
    x += 16;
  }
  const left = columns & 3;
  for (let i = 0; i < left; i++) {
    let v = v128.load32_zero(x);
    v = v128.load_lane<f32>(x + xs, v, 1);
    v = v128.load_lane<f32>(x + xs2, v, 2);
    v128.store(y, v128.load_lane<f32>(x + xs2 + xs, v, 3));
    x += 4; y += ys;
  }
}

/** One to three rows of x, `columns` <= 16 columns. */
function narrowTiles(x: usize, y: usize, rows: i32, columns: i32, xs: i32, ys: i32): void {
  const x1 = rows > 1 ? x + xs : x;
  const x2 = rows > 2 ? x1 + xs : x1;
  const bytes: usize = <usize>columns << 2;
  for (let at: usize = 0; at < bytes; at += 4) {
    store<u32>(y, load<u32>(x + at));
    if (rows > 1) store<u32>(y, load<u32>(x1 + at), 4);
    if (rows > 2) store<u32>(y, load<u32>(x2 + at), 8);
    y += ys;
  }
}

/** y[c][0..3] = x[0..3][c], y dense: three planes to pixels of three. */
function interleave3(x: usize, y: usize, columns: i32, xs: i32): void {
  let x1 = x + xs, x2 = x1 + xs;
  const end = x + (<usize>(columns & ~3) << 2);
  while (x < end) {
    const a = v128.load(x), b = v128.load(x1), c = v128.load(x2);
    v128.store(y, v128.shuffle<f32>(v128.shuffle<f32>(a, b, 0, 4, 0, 4), v128.shuffle<f32>(c, a, 0, 5, 0, 5), 0, 1, 4, 5));
    v128.store(y, v128.shuffle<f32>(v128.shuffle<f32>(b, c, 1, 5, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 2, 6), 0, 1, 4, 5), 16);
    v128.store(y, v128.shuffle<f32>(v128.shuffle<f32>(c, a, 2, 7, 2, 7), v128.shuffle<f32>(b, c, 3, 7, 3, 7), 0, 1, 4, 5), 32);
    x += 16; x1 += 16; x2 += 16; y += 48;
  }
  for (let left = columns & 3; left > 0; left--) {
    store<u32>(y, load<u32>(x));
    store<u32>(y, load<u32>(x1), 4);
    store<u32>(y, load<u32>(x2), 8);
    x += 4; x1 += 4; x2 += 4; y += 12;
  }
}

/** y[0..3][r] = x[r][0..3], x dense: pixels of three to three planes. */
function deinterleave3(x: usize, y: usize, rows: i32, ys: i32): void {
  let y1 = y + ys, y2 = y1 + ys;
  const end = y + (<usize>(rows & ~3) << 2);
  while (y < end) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32);
    // a = 0 1 2 0', b = 1' 2' 0" 1", c = 2" 0 1 2 of the last
    v128.store(y, v128.shuffle<f32>(a, v128.shuffle<f32>(b, c, 2, 5, 2, 5), 0, 3, 4, 5));
    v128.store(y1, v128.shuffle<f32>(v128.shuffle<f32>(a, b, 1, 4, 1, 4), v128.shuffle<f32>(b, c, 3, 6, 3, 6), 0, 1, 4, 5));
    v128.store(y2, v128.shuffle<f32>(v128.shuffle<f32>(a, b, 2, 5, 2, 5), c, 0, 1, 4, 7));
    x += 48; y += 16; y1 += 16; y2 += 16;
  }
  for (let left = rows & 3; left > 0; left--) {
    store<u32>(y, load<u32>(x));
    store<u32>(y1, load<u32>(x, 4));
    store<u32>(y2, load<u32>(x, 8));
    x += 12; y += 4; y1 += 4; y2 += 4;
  }
}
