// The sum into images of the columns that im2col takes from them.
//
//   y[p][oh*SH + kh*DH - PT][ow*SW + kw*DW - PL] += x[p][kh][kw][oh][ow]
//
// x: P planes of [KH, KW, OH, OW] floats. y: P planes of [H, W] floats. What falls outside the plane is left out.
// Order of addition for each float of y, on to 0: window places kh, kw in row-major order, whatever the path.

import { fill } from "../movement/copy";
import { firstInside } from "../window";

export function col2im(
  x: usize, P: i32, y: usize, H: i32, W: i32, OH: i32, OW: i32,
  KH: i32, KW: i32, SH: i32, SW: i32, DH: i32, DW: i32, PT: i32, PL: i32
): void {
  assert(P >= 0 && H > 0 && W > 0 && KH > 0 && KW > 0 && SH > 0 && SW > 0 && DH > 0 && DW > 0);
  const plane = <usize>(OH * OW) << 2;
  for (let p = 0; p < P; p++) {
    fill(y, H * W, 0);
    for (let kh = 0, h0 = -PT; kh < KH; kh++, h0 += DH) {
      const top = firstInside(h0, SH), bottom = min(OH, firstInside(h0 - H, SH));
      for (let kw = 0, w0 = -PL; kw < KW; kw++, w0 += DW) {
        const left = firstInside(w0, SW), count = min(OW, firstInside(w0 - W, SW)) - left;
        for (let oh = top; oh < bottom; oh++) {
          const from = x + (<usize>(oh * OW + left) << 2);
          const to = y + (<usize>((h0 + oh * SH) * W + w0 + left * SW) << 2);
          if (SW == 1) addRow(from, to, count);
          else addSpread(from, to, count, <usize>SW << 2);
        }
        x += plane;
      }
    }
    y += <usize>(H * W) << 2;
  }
}

/** y[i] += x[i] */
function addRow(x: usize, y: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
    x += 16; y += 16;
  }
  addSpread(x, y, count, 4);
}

/** The same with floats of y `step` bytes apart. */
function addSpread(x: usize, y: usize, count: i32, step: usize): void {
  for (; count > 0; count--) {
    store<f32>(y, load<f32>(y) + load<f32>(x));
    x += 4; y += step;
  }
}
