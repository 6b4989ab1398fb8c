// Which places of a window lie inside the image.

/** The least k >= 0 with start + k * D >= 0. */
// @ts-ignore: decorator
@inline
export function firstInside(start: i32, D: i32): i32 {
  return start >= 0 ? 0 : (D - 1 - start) / D;
}
