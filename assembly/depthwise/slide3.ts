// The sliding micro-kernel of depthwise.ts for windows three columns wide, of which two or three places lie inside the image from top to
// bottom: for the rows that rows3.ts leaves, mostly the first and the last. The order of addition stands in depthwise.ts.
//
// x: the first live line of the window over the first output row, at column 0; `line` bytes from window row to window row, R live window
// rows, `xStep` bytes from output row to output row. b: four biases; k: the weights of the first live window row. It walks over the columns
// of the image, loads each once and adds what it gives to the outputs that see it: a is the sum of the output that the column completes, c and
// d those of the outputs to come. The first KW - 1 columns complete outputs left of the image; where these are stored, then at the place of
// the first output, which is stored last.
//
// The kernel is exported and stays a function of its own: inlined into the driver it would spill.

import { madd } from "../fma";
import { clamp } from "../lanes";

/** Two places of a column times two of a column of the filter. */
// @ts-ignore: decorator
@inline
function two(x0: v128, x1: v128, w0: v128, w1: v128): v128 {
  return madd(f32x4.mul(x0, w0), x1, w1);
}

/**
 * R x 3, stride 1 or 2 along the row. With stride 2 only every second column completes an output; what the others complete is stored in its
 * place before it.
 */
export function slide3(
  x: usize, xStep: usize, line: usize, R: i32, b: usize, k: usize, y: usize, yStep: usize, rows: i32,
  IW: i32, xStride: usize, SW: i32, OW: i32, yStride: usize, PL: i32, lo: f32, hi: f32
): void {
  const w00 = v128.load(k), w01 = v128.load(k, 16), w02 = v128.load(k, 32);
  const w10 = v128.load(k, 48), w11 = v128.load(k, 64), w12 = v128.load(k, 80);
  const l = f32x4.splat(lo), h = f32x4.splat(hi);
  do {
    let a = v128.load(b), c = a;
    let p = x - <usize>PL * xStride, to = y;
    const end = y + <usize>OW * yStride;
    for (let iw = -PL, left = -2; ; iw++) {
      let d = v128.load(b);
      if (<u32>iw < <u32>IW) {
        const q = p + line;
        let v = v128.load(p), u = v128.load(q);
        let s = two(v, u, w02, w12), t = two(v, u, w01, w11), r = two(v, u, w00, w10);
        if (R == 3) {
          v = v128.load(q + line);
          s = madd(s, v, v128.load(k, 128)); t = madd(t, v, v128.load(k, 112)); r = madd(r, v, v128.load(k, 96));
        }
        a = f32x4.add(a, s); c = f32x4.add(c, t); d = f32x4.add(d, r);
      }
      v128.store(to, clamp(a, l, h));
      if (++left == 1) {
        to += yStride;
        left -= SW;
        if (to == end) break;
      }
      p += xStride;
      a = c; c = d;
    }
    x += xStep; y += yStep;
  } while (--rows);
}
