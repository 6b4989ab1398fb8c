// Loads and stores of 1 to 3 float32 lanes, for the channels left over after blocks of four: they touch exactly `lanes * 4` bytes; missing
// lanes load as 0. And the clamp that kernels end with.

// @ts-ignore: decorator
@inline
export function loadLanes(at: usize, lanes: i32): v128 {
  if (lanes == 1) return v128.load32_zero(at);
  const low = v128.load64_zero(at);
  return lanes == 2 ? low : v128.load_lane<f32>(at, low, 2, 8);
}

// @ts-ignore: decorator
@inline
export function storeLanes(at: usize, v: v128, lanes: i32): void {
  if (lanes == 1) {
    v128.store_lane<f32>(at, v, 0);
  } else {
    v128.store_lane<f64>(at, v, 0);
    if (lanes == 3) v128.store_lane<f32>(at, v, 2, 8);
  }
}

/** v held to [lo, hi]; a NaN stays one. */
// @ts-ignore: decorator
@inline
export function clamp(v: v128, lo: v128, hi: v128): v128 {
  // pmax(v, lo) is v < lo ? lo : v.
  return f32x4.pmin(f32x4.pmax(v, lo), hi);
}
