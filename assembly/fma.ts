// Multiply and add. The default build rounds the product and then the sum, as plain WebAssembly SIMD does everywhere. The relaxed build
// (asc --use RELAXED=1) leaves it to the processor, which rounds once where it has a fused instruction: faster, but not the same bits
// on every machine.

// @ts-ignore: decorator
@inline
export function madd(c: v128, a: v128, b: v128): v128 {
  if (isDefined(RELAXED)) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}
