import { allocate, type HostTensor } from "../dtype.ts";
import { toFloat32 } from "../half.ts";
import { elementCount, type Shape } from "../shape.ts";
import { clampEpilogue, type Epilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { floatAt, integerAt, pointwise, STORED, type StoredType } from "./stored.ts";
import { UNARY } from "./unary-codes.ts";

/** Makes storing floats as integers ready, with one scale: inputs [x float32, scale float32, zero point or none]. */
export function prepareQuantize(shape: Shape, type: StoredType): Prepared {
  const count = elementCount(shape);
  const { code, lowest, highest } = STORED[type];
  return {
    ...pointwise("quantize", shape),
    run(k, { inputs: [x, scale, zero], outputs: [y] }) {
      k.quantize(code, x, y, count, floatAt(k, scale), integerAt(k, zero, type), lowest, highest);
    },
  };
}

/** The number that stands for `value`. */
export function storedValue(value: number, type: StoredType, scale: number, zero: number): number {
  const { lowest, highest } = STORED[type];
  return Math.min(Math.max(roundHalfEven(Math.fround(value / scale)) + zero, lowest), highest);
}

/** What floats become that are stored with `scale` and `zero` as `type`, and read again: the nearest of its values. */
export function roundingEpilogue(type: StoredType, scale: number, zero: number): Epilogue {
  const { lowest, highest } = STORED[type];
  const step = Math.fround(scale);
  // The bounds divided by the step round to whole numbers again, so clamping first is the same as clamping whole numbers.
  const { lo, hi } = clampEpilogue(Math.fround((lowest - zero) * step), Math.fround((highest - zero) * step));
  return { lo, hi, code: UNARY.roundTo, alpha: step, beta: step };
}

/** Scales that may differ from place to place, and the zero points beside them. */
export interface Scales {
  readonly scale: HostTensor;
  readonly zero: HostTensor | undefined;
  /** Which of them an element of x has. */
  readonly at: (element: number) => number;
}

/** As `prepareQuantize`, on the host; `round` gives quotients the precision that they are wanted in. */
export function quantizeOnHost(
  x: HostTensor,
  { scale, zero, at }: Scales,
  type: StoredType,
  round: (value: number) => number,
): HostTensor {
  const { lowest, highest } = STORED[type];
  const values = numbersOf(x);
  const scales = numbersOf(scale);
  const data = allocate(type, values.length);
  for (let i = 0; i < data.length; i++) {
    const z = zero ? Number(zero.data[at(i)]) : 0;
    const whole = roundHalfEven(round(values[i] / scales[at(i)]));
    data[i] = Number.isNaN(whole) ? z : Math.min(Math.max(whole + z, lowest), highest);
  }
  return { type, shape: x.shape, data };
}

/** As `prepareDequantize`, on the host: every product rounded to float32. */
export function dequantizeOnHost(x: HostTensor, { scale, zero, at }: Scales): Float32Array<ArrayBuffer> {
  const values = x.data as Int32Array;
  const scales = numbersOf(scale);
  const zeros = zero?.data as Int32Array | undefined;
  const y = new Float32Array(values.length);
  for (let i = 0; i < y.length; i++) {
    const s = at(i);
    y[i] = Math.fround(zeros ? values[i] - zeros[s] : values[i]) * scales[s];
  }
  return y;
}

function numbersOf(tensor: HostTensor): Float32Array | Int32Array {
  return tensor.type === "int32" ? (tensor.data as Int32Array) : toFloat32(tensor);
}

function roundHalfEven(x: number): number {
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}
