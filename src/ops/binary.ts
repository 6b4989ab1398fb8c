import { elementCount, type Shape, stridesOf } from "../shape.ts";
import { BINARY } from "./binary-codes.ts";
import type { Prepared } from "./prepared.ts";
import { collapse } from "./strided.ts";

export type BinaryName = keyof typeof BINARY;

/** Loops that the kernel has. */
const LOOPS = 4;

/**
 * Makes y = clamp(f(a, b)) ready for float32 operands that broadcast to `shape`: inputs [a, b]. The clamp to [lo, hi] is for a fused
 * activation.
 */
export function prepareBinary(
  name: BinaryName,
  a: Shape,
  b: Shape,
  shape: Shape,
  [lo, hi]: readonly [number, number] = [-Infinity, Infinity],
): Prepared {
  const code = BINARY[name];
  const loops = broadcastLoops(a, b, shape);
  return {
    algorithm: loops.scalar ? "elementwise" : "elementwise, broadcast",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      loops.each((d, s, t, i, j, at) => {
        // biome-ignore format: extents, steps of a, steps of b
        k.binary(code, inputs[0] + i, inputs[1] + j, outputs[0] + at, d[0], d[1], d[2], d[3],
          s[0], s[1], s[2], s[3], t[0], t[1], t[2], t[3], lo, hi);
      });
    },
  };
}

type LoopBody = (
  extents: readonly number[],
  stepsA: readonly number[],
  stepsB: readonly number[],
  offsetA: number,
  offsetB: number,
  offsetY: number,
) => void;

/** Loops of a broadcast operation over 4-byte elements: `LOOPS` inner ones for the kernel, the rest (rare) for the host. */
export function broadcastLoops(a: Shape, b: Shape, shape: Shape, elementBytes = 4) {
  const merged = collapse({ shape, from: stretchedStrides(a, shape), to: stretchedStrides(b, shape) });
  const inner = Math.min(LOOPS, merged.shape.length);
  const split = merged.shape.length - inner;
  const fill = (values: readonly number[], value: number) => [
    ...new Array<number>(LOOPS - inner).fill(value),
    ...values.slice(split),
  ];
  const extents = fill(merged.shape, 1);
  const steps = [merged.from, merged.to].map((each) => fill(each, 0).map((step) => step * elementBytes));
  // A single element has no steps of its own; the kernel wants dense innermost operands.
  if (inner === 0) for (const each of steps) each[LOOPS - 1] = elementBytes;
  const block = elementCount(extents) * elementBytes;
  const outer = merged.shape.slice(0, split);
  const count = elementCount(outer);
  const strides = stridesOf(outer);
  const offset = (step: readonly number[], n: number) =>
    outer.reduce((sum, extent, i) => sum + (Math.floor(n / strides[i]) % extent) * step[i] * elementBytes, 0);
  return {
    scalar: merged.shape.length <= 1,
    each(body: LoopBody) {
      for (let n = 0; n < count; n++)
        body(extents, steps[0], steps[1], offset(merged.from, n), offset(merged.to, n), n * block);
    },
  };
}

function stretchedStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing]));
}
