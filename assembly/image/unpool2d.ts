// Values back to the places that max pooling took them from.
//
//   y[n][indices[n][p][c]][c] = x[n][p][c], and 0 elsewhere; of values for one place the last stays
//
// One kernel for both layouts: images of P pixels and C channels, channel and pixel steps of x, indices and y given in bytes.

/**
 * x, indices (int32): N images of P * C elements, elements of a pixel `cStep` bytes apart, pixels `pStep`. y: N images of Q * C floats of 0,
 * channels `yStep` bytes apart, places `qStep`. An index of -1 belongs to no place. Returns the first element whose index is less than -1
 * or not below Q (then the rest is not written), counted as it lies, or -1.
 */
export function maxUnpool2d(
  x: usize, indices: usize, N: i32, P: i32, C: i32, pStep: usize, cStep: usize, y: usize, Q: i32, qStep: usize, yStep: usize
): i32 {
  assert(N >= 0 && P >= 0 && C > 0 && Q > 0);
  const image = <usize>(P * C) << 2, start = x;
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      let at = <usize>p * pStep;
      let to = y;
      for (let c = 0; c < C; c++) {
        const place = load<i32>(indices + at);
        if (<u32>place < <u32>Q) store<f32>(to + <usize>place * qStep, load<f32>(x + at));
        else if (place != -1) return <i32>((x + at - start) >> 2);
        at += cStep; to += yStep;
      }
    }
    x += image; indices += image;
    y += <usize>(Q * C) << 2;
  }
  return -1;
}
