// What stays the same for all tiles of a layer lies in memory, so that a call has few enough parameters for registers.

export const TAP_STRIDE: usize = 0; // bytes
export const TAPS: usize = 4;
export const K_BYTES: usize = 8;
export const OFFSET: usize = 12; // bytes
export const Y_STRIDE: usize = 16; // bytes from row to row of y
export const R_STRIDE: usize = 20; // and of the residual
export const LO: usize = 24;
export const HI: usize = 28;
export const LONG: usize = 32; // bytes of a row that go through the loop of four
/** Bytes of all these. */
export const CONTEXT: usize = 48;

/**
 * Whether tiles use their loop of four. Not every engine compiles it to the faster code; the bits are the same with and without, so the
 * host may choose at any time.
 */
export let unrolled: i32 = 1;

/** Writes the context of a layer's tiles. */
export function tileContext(
  context: usize, tapStride: usize, taps: i32, kBytes: usize, yStride: usize, rStride: usize, lo: f32, hi: f32
): void {
  store<usize>(context, tapStride, TAP_STRIDE);
  store<i32>(context, taps, TAPS);
  store<usize>(context, kBytes, K_BYTES);
  store<usize>(context, 0, OFFSET);
  store<usize>(context, yStride, Y_STRIDE);
  store<usize>(context, rStride, R_STRIDE);
  store<f32>(context, lo, LO);
  store<f32>(context, hi, HI);
  store<usize>(context, unrolled ? kBytes & ~15 : 0, LONG);
}

/** Sets the offset of a group's channels within each row. */
// @ts-ignore: decorator
@inline
export function setOffset(context: usize, offset: usize): void {
  store<usize>(context, offset, OFFSET);
}
