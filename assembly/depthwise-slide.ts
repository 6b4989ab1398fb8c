// The sliding micro-kernels of depthwise.ts; the order of addition stands there.
//
// x: the first live line of the window over the first output row, at column 0; `line` bytes from window row
// to window row, R live window rows, `xStep` bytes from output row to output row. b: four biases; k: the weights of the first live window
// row. They walk over the columns of the image, load each once and add what it gives to the outputs that see it: a is the sum of the
// output that the column completes. The first KW - 1 columns complete outputs left of the image; where these are stored, then at the
// place of the first output, which is stored last.
//
// The rows of a column are written out where R is 2 or 3 of 3, or 5 of 5: loops over them cost 30 % (240 channels of 28 x 28, 5x5).
// Each is exported and stays a function of its own: inlined into the driver it would spill.

// @ts-ignore: decorator
@inline
export function clamp(v: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, lo), hi);
}

// @ts-ignore: decorator
@inline
export function times(x: v128, w: usize, tap: usize): v128 {
  return f32x4.mul(x, v128.load(w + (tap << 4)));
}

/** A column of R = 2 or 3 places times a column of the filter. */
// @ts-ignore: decorator
@inline
function column3(R: i32, x0: v128, x1: v128, x2: v128, w0: v128, w1: v128, w2: v128): v128 {
  const s = f32x4.add(f32x4.mul(x0, w0), f32x4.mul(x1, w1));
  return R == 3 ? f32x4.add(s, f32x4.mul(x2, w2)) : s;
}

/** The third place of a column, if there is one. */
// @ts-ignore: decorator
@inline
function third(R: i32, p: usize): v128 {
  return R == 3 ? v128.load(p) : f32x4.splat(0);
}

/** R x 3, stride 1, the weights in registers. Without tests in the loop over inner columns. */
// @ts-ignore: decorator
@inline
function slideRows(
  R: i32, x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const w00 = v128.load(k), w01 = v128.load(k, 16), w02 = v128.load(k, 32);
  const w10 = v128.load(k, 48), w11 = v128.load(k, 64), w12 = v128.load(k, 80);
  const w20 = third(R, k + 96), w21 = third(R, k + 112), w22 = third(R, k + 128);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>PL * xStride, to = y;
    let iw = -PL, ow = -2;
    // Columns before the first output is complete.
    for (; ow < 0; iw++, ow++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        c = f32x4.add(c, column3(R, x0, x1, x2, w01, w11, w21));
        d = f32x4.add(d, column3(R, x0, x1, x2, w00, w10, w20));
      }
      p += xStride;
      a = c; c = d;
    }
    // Windows that end left of the image.
    for (; iw < 0 && ow < OW; iw++, ow++) {
      v128.store(to, clamp(a, l, h));
      to += yStride;
      p += xStride;
    }
    const inside = min(OW - ow, IW - iw);
    if (inside > 0) {
      const end = p + <usize>inside * xStride;
      do {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        v128.store(to, clamp(f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22)), l, h));
        a = f32x4.add(c, column3(R, x0, x1, x2, w01, w11, w21));
        c = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
        to += yStride;
        p += xStride;
      } while (p != end);
      ow += inside;
    }
    // Columns right of the image.
    for (; ow < OW; ow++) {
      v128.store(to, clamp(a, l, h));
      to += yStride;
      a = c; c = v128.load(b);
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** 3 x 3, stride 1. */
export function slide3x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  slideRows(3, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** 2 x 3, stride 1. */
export function slide2x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  slideRows(2, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** R x 3, stride 2 along the row, the weights in registers: two columns a step, the second shared with the next output. */
// @ts-ignore: decorator
@inline
function strideRows(
  R: i32, x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const w00 = v128.load(k), w01 = v128.load(k, 16), w02 = v128.load(k, 32);
  const w10 = v128.load(k, 48), w11 = v128.load(k, 64), w12 = v128.load(k, 80);
  const w20 = third(R, k + 96), w21 = third(R, k + 112), w22 = third(R, k + 128);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a = v128.load(b);
    let p = x - <usize>(PL + 1) * xStride, to = y;
    let iw = -PL - 1, ow = -1;
    do {
      let c = v128.load(b);
      if (<u32>iw < <u32>IW) {
        a = f32x4.add(a, column3(R, v128.load(p), v128.load(p + line), third(R, p + (line << 1)), w01, w11, w21));
      }
      p += xStride;
      if (<u32>(iw + 1) < <u32>IW) {
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
        a = f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22));
        c = f32x4.add(c, column3(R, x0, x1, x2, w00, w10, w20));
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c;
      iw += 2; ow++;
      // Outputs whose columns are all inside.
      const inside = iw < 0 ? 0 : min(OW - ow, (IW - iw) >> 1);
      if (inside > 0) {
        const end = p + (<usize>inside * xStride << 1);
        do {
          let x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w01, w11, w21));
          p += xStride;
          x0 = v128.load(p), x1 = v128.load(p + line), x2 = third(R, p + (line << 1));
          a = f32x4.add(a, column3(R, x0, x1, x2, w02, w12, w22));
          v128.store(to, clamp(a, l, h));
          a = f32x4.add(v128.load(b), column3(R, x0, x1, x2, w00, w10, w20));
          to += yStride;
          p += xStride;
        } while (p != end);
        iw += inside << 1; ow += inside;
      }
    } while (ow < OW);
    x += xStep; y += yStep;
  } while (--rows);
}

/** 3 x 3, stride 2 along the row. */
export function stride3x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  strideRows(3, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** 2 x 3, stride 2 along the row. */
export function stride2x3(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  strideRows(2, x, xStep, line, b, k, y, yStep, rows, IW, xStride, OW, yStride, PL, lo, hi);
}

/** A column of five places times the column of a 5x5 filter that starts at k. */
// @ts-ignore: decorator
@inline
function column5(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, k: usize): v128 {
  const s = f32x4.add(f32x4.mul(x0, v128.load(k)), f32x4.mul(x1, v128.load(k, 80)));
  const t = f32x4.add(f32x4.add(s, f32x4.mul(x2, v128.load(k, 160))), f32x4.mul(x3, v128.load(k, 240)));
  return f32x4.add(t, f32x4.mul(x4, v128.load(k, 320)));
}

/** 5 x 5, stride 1. */
export function slide5x5(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a = v128.load(b), c = a, d = a, e = a;
    let p = x - <usize>PL * xStride, to = y;
    for (let iw = -PL, ow = -4; ow < OW; iw++, ow++) {
      let f = v128.load(b);
      if (<u32>iw < <u32>IW) {
        const q = p + (line << 1);
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = v128.load(q), x3 = v128.load(q + line), x4 = v128.load(q + (line << 1));
        a = f32x4.add(a, column5(x0, x1, x2, x3, x4, k + 64));
        c = f32x4.add(c, column5(x0, x1, x2, x3, x4, k + 48));
        d = f32x4.add(d, column5(x0, x1, x2, x3, x4, k + 32));
        e = f32x4.add(e, column5(x0, x1, x2, x3, x4, k + 16));
        f = f32x4.add(f, column5(x0, x1, x2, x3, x4, k));
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d; d = e; e = f;
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** R x 5, stride 1. */
export function slide5(
  x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const height = <usize>R * line;
  do {
    let a = v128.load(b), c = a, d = a, e = a;
    let p = x - <usize>PL * xStride, to = y;
    for (let iw = -PL, ow = -4; ow < OW; iw++, ow++) {
      let f = v128.load(b);
      if (<u32>iw < <u32>IW) {
        let s0 = f32x4.splat(-0.0), s1 = s0, s2 = s0, s3 = s0, s4 = s0;
        let q = p, t = k;
        do {
          const v = v128.load(q);
          s0 = f32x4.add(s0, times(v, t, 0));
          s1 = f32x4.add(s1, times(v, t, 1));
          s2 = f32x4.add(s2, times(v, t, 2));
          s3 = f32x4.add(s3, times(v, t, 3));
          s4 = f32x4.add(s4, times(v, t, 4));
          q += line; t += 80;
        } while (q != p + height);
        a = f32x4.add(a, s4);
        c = f32x4.add(c, s3);
        d = f32x4.add(d, s2);
        e = f32x4.add(e, s1);
        f = f32x4.add(f, s0);
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d; d = e; e = f;
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** 5 x 5, stride 2 along the row. */
export function stride5x5(
  x: usize, xStep: usize, line: usize, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>(PL + 1) * xStride, to = y;
    for (let iw = -PL - 1, ow = -2; ow < OW; iw += 2, ow++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        const q = p + (line << 1);
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = v128.load(q), x3 = v128.load(q + line), x4 = v128.load(q + (line << 1));
        a = f32x4.add(a, column5(x0, x1, x2, x3, x4, k + 48));
        c = f32x4.add(c, column5(x0, x1, x2, x3, x4, k + 16));
      }
      p += xStride;
      if (<u32>(iw + 1) < <u32>IW) {
        const q = p + (line << 1);
        const x0 = v128.load(p), x1 = v128.load(p + line), x2 = v128.load(q), x3 = v128.load(q + line), x4 = v128.load(q + (line << 1));
        a = f32x4.add(a, column5(x0, x1, x2, x3, x4, k + 64));
        c = f32x4.add(c, column5(x0, x1, x2, x3, x4, k + 32));
        d = f32x4.add(d, column5(x0, x1, x2, x3, x4, k));
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d;
    }
    x += xStep; y += yStep;
  } while (--rows);
}

/** R x 5, stride 2 along the row. */
export function stride5(
  x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  const height = <usize>R * line;
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>(PL + 1) * xStride, to = y;
    for (let iw = -PL - 1, ow = -2; ow < OW; iw += 2, ow++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        let s1 = f32x4.splat(-0.0), s3 = s1;
        let q = p, t = k;
        do {
          const v = v128.load(q);
          s1 = f32x4.add(s1, times(v, t, 1));
          s3 = f32x4.add(s3, times(v, t, 3));
          q += line; t += 80;
        } while (q != p + height);
        a = f32x4.add(a, s3);
        c = f32x4.add(c, s1);
      }
      p += xStride;
      if (<u32>(iw + 1) < <u32>IW) {
        let s0 = f32x4.splat(-0.0), s2 = s0, s4 = s0;
        let q = p, t = k;
        do {
          const v = v128.load(q);
          s0 = f32x4.add(s0, times(v, t, 0));
          s2 = f32x4.add(s2, times(v, t, 2));
          s4 = f32x4.add(s4, times(v, t, 4));
          q += line; t += 80;
        } while (q != p + height);
        a = f32x4.add(a, s4);
        c = f32x4.add(c, s2);
        d = f32x4.add(d, s0);
      }
      v128.store(to, clamp(a, l, h));
      if (ow >= 0) to += yStride;
      p += xStride;
      a = c; c = d;
    }
    x += xStep; y += yStep;
  } while (--rows);
}
