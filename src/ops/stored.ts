import { type DataType, viewOf } from "../dtype.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Prepared } from "./prepared.ts";

/** Integers that floats are stored in: their code in assembly/numeric/quantize.ts, least and greatest value. */
export const STORED = {
  int8: { code: 1, lowest: -128, highest: 127 },
  uint8: { code: 2, lowest: 0, highest: 255 },
  int16: { code: 3, lowest: -32768, highest: 32767 },
  uint16: { code: 4, lowest: 0, highest: 65535 },
} as const;

export type StoredType = keyof typeof STORED;
/** int32 is what sums of products are; it can be read as floats, not written. */
export type ReadableType = StoredType | "int32";

export function isStored(type: DataType): type is StoredType {
  return Object.hasOwn(STORED, type);
}

export function isReadable(type: DataType): type is ReadableType {
  return type === "int32" || isStored(type);
}

export function rangeOf(type: StoredType): { lowest: number; highest: number } {
  return STORED[type];
}

/** Makes reading integers as floats ready, with one scale: inputs [x, scale float32 or none for 1, zero point or none]. */
export function prepareDequantize(shape: Shape, type: ReadableType): Prepared {
  const count = elementCount(shape);
  return {
    ...pointwise("dequantize", shape),
    run(k, { inputs: [x, scale, zero], outputs: [y] }) {
      readFloats(k, type, x, y, count, scale ? floatAt(k, scale) : 1, integerAt(k, zero, type));
    },
  };
}

export function pointwise(algorithm: string, shape: Shape) {
  return { algorithm, outputShapes: [shape], macs: 0, scratchBytes: 0 };
}

/** `count` integers at address x as floats at address y: (x - zero) * scale. */
export function readFloats(
  k: Kernels,
  type: ReadableType,
  x: number,
  y: number,
  count: number,
  scale = 1,
  zero = 0,
): void {
  k.dequantize(type === "int32" ? 5 : STORED[type].code, x, y, count, scale, zero);
}

/**
 * Lets kernels of float32 that only choose among numbers, or move them, work on stored ones: all of `inputs` are of `type`, and so are the
 * first `outputs.length` outputs, which turn from floats to numbers by rounding and saturation.
 */
export function prepareThroughFloats(
  prepared: Prepared,
  type: StoredType,
  inputs: readonly Shape[],
  outputs: readonly Shape[],
): Prepared {
  const { code, lowest, highest } = STORED[type];
  let scratchBytes = Math.ceil(prepared.scratchBytes / 64) * 64;
  const place = (shape: Shape) => {
    const count = elementCount(shape);
    const offset = scratchBytes;
    scratchBytes += Math.ceil((count * 4) / 64) * 64;
    return { count, offset };
  };
  const [before, after] = [inputs.map(place), outputs.map(place)];
  return {
    ...prepared,
    algorithm: `${prepared.algorithm}, through floats`,
    scratchBytes,
    run(k, at) {
      const floats = (list: typeof before, i: number) => at.scratch + list[i].offset;
      before.forEach(({ count }, i) => {
        readFloats(k, type, at.inputs[i], floats(before, i), count);
      });
      const results = at.outputs.map((to, i) => (i < after.length ? floats(after, i) : to));
      prepared.run(k, { ...at, inputs: before.map((_, i) => floats(before, i)), outputs: results });
      after.forEach(({ count }, i) => {
        if (at.outputs[i]) k.quantize(code, results[i], at.outputs[i], count, 1, 0, lowest, highest);
      });
    },
  };
}

/** The float32 at an address. */
export function floatAt(k: Kernels, at: number): number {
  return new Float32Array(k.memory.buffer, at, 1)[0];
}

/** An element of `type` at an address; 0 at address 0. */
export function integerAt(k: Kernels, at: number, type: ReadableType): number {
  return at === 0 ? 0 : (viewOf(type, k.memory.buffer as ArrayBuffer, at, 1)[0] as number);
}
