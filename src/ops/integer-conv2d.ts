import type { DataType } from "../dtype.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { FilterStrides } from "./convolve.ts";
import { scratchBytes as tableBytes } from "./panels.ts";
import { type Addresses, type Packing, type Prepared, residentWeights, type WeightSource } from "./prepared.ts";
import { integerAt, rangeOf, readFloats } from "./stored.ts";
import type { Window } from "./window.ts";

/** A type that integer convolutions read. */
export type ByteType = "int8" | "uint8";

export function isByte(type: DataType): type is ByteType {
  return type === "int8" || type === "uint8";
}

/** A convolution of channels-last images of 8 bits, checked and in numbers. */
export interface IntegerConv2dSpec {
  readonly N: number;
  readonly IC: number;
  readonly OC: number;
  readonly groups: number;
  readonly window: Window;
  readonly filter: FilterStrides;
  readonly x: ByteType;
  /** What the sums are brought to; undefined for the int32 sums themselves. */
  readonly y: ByteType | undefined;
  /** How many scales the filter has: 1 or OC. */
  readonly scales: number;
  /** How many zero points the filter has: 0, 1 or OC. */
  readonly zeros: number;
  /** Least and greatest result, within the range of y. Default: that range. */
  readonly bounds?: readonly [number, number] | undefined;
}

/**
 * Makes an integer convolution ready, exact in int32: inputs [x, its zero point or none] for int32 sums, or [x, zero point, scale of x,
 * scales of w, scale of y, zero point of y or none, bias int32 or none] for 8 bits; weights [filter, its zero points or none].
 * In 8 bits y = saturate(nearest((sum + b) * (scale of x * scale of w / scale of y)) + zero point), the factor in float32.
 */
export function prepareIntegerConv2d(spec: IntegerConv2dSpec): Prepared {
  const { N, IC, OC, groups, window: v, x: type } = spec;
  const depthwise = groups === IC && OC === IC && groups > 1;
  const ICG = IC / groups;
  const each = depthwise ? Math.ceil(IC / 8) * 8 : Math.ceil(ICG / 2) * 2; // channels as they are widened
  const rows = N * v.IH * v.IW * (depthwise ? 1 : groups);
  const packing = depthwise ? depthwisePacking(spec, each) : panelPacking(spec, each);
  const wideBytes = round64(rows * each * 2);
  const factorBytes = round64(OC * 4);
  const sumBytes = depthwise
    ? tableBytes(v.KH * v.KW + 1) + each * 4
    : tableBytes(v.KH * v.KW) + 60 * (OC / groups + 8) * 4;
  const run = depthwise ? runDepthwise : runPanels;
  return {
    algorithm: depthwise ? `integer depthwise ${v.KH}x${v.KW}` : "integer gemm",
    outputShapes: [[N, v.OH, v.OW, OC]],
    macs: N * v.OH * v.OW * OC * ICG * v.KH * v.KW,
    scratchBytes: wideBytes + factorBytes + sumBytes,
    packing,
    run(k, at) {
      if (N * v.OH * v.OW * OC === 0) return;
      const result = resultOf(k, spec, at, at.scratch + wideBytes);
      const own = depthwise ? IC : ICG;
      if (rows > 0)
        k.widen(type === "int8" ? 1 : 0, at.inputs[0], at.scratch, rows, own, each, integerAt(k, at.inputs[1], type));
      run(k, spec, at, { ...result, each, scratch: at.scratch + wideBytes + factorBytes, packing });
    },
  };
}

interface Result {
  readonly bias: number;
  /** Address of the factors, or 0 for int32 results. */
  readonly factors: number;
  readonly zero: number;
  readonly lowest: number;
  readonly highest: number;
}

interface Run extends Result {
  readonly each: number;
  readonly scratch: number;
  readonly packing: IntegerPacking;
}

/** Writes the factors, and finds the rest of what the sums are finished with. */
function resultOf(k: Kernels, { y, OC, scales, bounds }: IntegerConv2dSpec, { inputs }: Addresses, to: number): Result {
  if (!y) return { bias: 0, factors: 0, zero: 0, lowest: 0, highest: 0 };
  const [, , xScale, wScale, yScale, zero, bias] = inputs;
  const floats = (at: number, count: number) => new Float32Array(k.memory.buffer, at, count);
  writeFactors(floats(to, OC), floats(xScale, 1)[0], floats(wScale, scales), floats(yScale, 1)[0]);
  return {
    bias,
    factors: to,
    zero: integerAt(k, zero, y),
    lowest: bounds?.[0] ?? rangeOf(y).lowest,
    highest: bounds?.[1] ?? rangeOf(y).highest,
  };
}

/** factors[i] = xScale * wScale[i] / yScale, every step rounded to float32. */
export function writeFactors(factors: Float32Array, xScale: number, wScale: Float32Array, yScale: number): void {
  for (let i = 0; i < factors.length; i++) {
    factors[i] = Math.fround(xScale * wScale[wScale.length === 1 ? 0 : i]) / yScale;
  }
}

function runPanels(k: Kernels, spec: IntegerConv2dSpec, at: Addresses, r: Run): void {
  const { N, OC, groups, window: v, y } = spec;
  const size = y ? 1 : 4;
  const OCG = OC / groups;
  for (let g = 0; g < groups; g++) {
    const first = g * OCG;
    // biome-ignore format: one line a subject
    k.conv2dInteger(at.scratch + g * r.each * 2, N, v.IH, v.IW, r.each * 2, groups * r.each * 2,
      at.packed + g * r.packing.groupBytes, at.outputs[0] + first * size, v.OH, v.OW, OCG, OC * size,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL,
      r.bias && r.bias + first * 4, r.factors && r.factors + first * 4, r.zero, r.lowest, r.highest,
      at.packed + r.packing.zeros, r.scratch);
  }
}

function runDepthwise(k: Kernels, { N, IC, window: v, y }: IntegerConv2dSpec, at: Addresses, r: Run): void {
  // biome-ignore format: one line a subject
  k.depthwiseInteger(at.scratch, N, v.IH, v.IW, IC, at.packed, at.outputs[0], v.OH, v.OW, IC * (y ? 1 : 4),
    v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL,
    r.bias, r.factors, r.zero, r.lowest, r.highest, at.packed + r.packing.zeros, r.scratch);
}

interface IntegerPacking extends Packing {
  readonly groupBytes: number;
  /** Offset of a pixel of zeros. */
  readonly zeros: number;
}

/** Panels of 8 columns; for each pair of channels of each tap two numbers a column. */
function panelPacking(spec: IntegerConv2dSpec, each: number): IntegerPacking {
  const { IC, OC, groups, window: { KH, KW }, filter } = spec; // biome-ignore format: one line
  const ICG = IC / groups;
  const OCG = OC / groups;
  const taps = KH * KW;
  const columns = Math.ceil(OCG / 8) * 8;
  const groupBytes = columns * taps * each * 2;
  const zeros = groups * groupBytes;
  return {
    key: `integer panels of ${groups} x ${OCG} x ${ICG} x ${KH}x${KW}`,
    groupBytes,
    zeros,
    bytes: zeros + each * 2,
    write(k, weights, to) {
      const packed = new Int16Array(zeros / 2 + each); // memory may grow, and move, while weights are fetched
      const channel = channelsOf(k, spec, weights);
      for (let oc = 0; oc < OC; oc++) {
        const { values, zero } = channel(oc);
        const column = oc % OCG;
        // Where the first pair of the column's panel stands.
        const start =
          (Math.floor(oc / OCG) * groupBytes) / 2 + Math.floor(column / 8) * 8 * taps * each + (column % 8) * 2;
        for (let tap = 0; tap < taps; tap++) {
          for (let ic = 0; ic < ICG; ic++) {
            const pair = (tap * each) / 2 + (ic >> 1);
            packed[start + pair * 16 + (ic & 1)] = values[ic * filter.ic + tap * filter.tap] - zero;
          }
        }
      }
      new Int16Array(k.memory.buffer, to, packed.length).set(packed);
    },
  };
}

/** For each pair of taps two numbers a channel, channels up to a multiple of 8. */
function depthwisePacking(spec: IntegerConv2dSpec, each: number): IntegerPacking {
  const taps = spec.window.KH * spec.window.KW;
  const zeros = Math.ceil(taps / 2) * each * 4;
  return {
    key: `integer depthwise ${spec.window.KH}x${spec.window.KW}`,
    groupBytes: 0,
    zeros,
    bytes: zeros + each * 2,
    write(k, weights, to) {
      const packed = new Int16Array(zeros / 2 + each); // memory may grow, and move, while weights are fetched
      const channel = channelsOf(k, spec, weights);
      for (let oc = 0; oc < spec.OC; oc++) {
        const { values, zero } = channel(oc);
        for (let tap = 0; tap < taps; tap++) {
          packed[((tap >> 1) * each + oc) * 2 + (tap & 1)] = values[tap * spec.filter.tap] - zero;
        }
      }
      new Int16Array(k.memory.buffer, to, packed.length).set(packed);
    },
  };
}

interface Channel {
  readonly values: Float32Array;
  readonly zero: number;
}

/** Gives the numbers of each output channel, from its first on, with their zero point. */
function channelsOf(k: Kernels, spec: IntegerConv2dSpec, weights: WeightSource): (oc: number) => Channel {
  const { filter, IC, groups, window, OC, zeros } = spec;
  const count = (IC / groups) * window.KH * window.KW;
  const floats = (at: number, length: number) => new Float32Array(k.memory.buffer, at, length);
  const zeroPoints = zeros > 0 ? floats(weights.at(1, 0, zeros), zeros).slice() : new Float32Array(1);
  const zero = (oc: number) => zeroPoints[zeros > 1 ? oc : 0];
  if (filter.oc === count) return (oc) => ({ values: floats(weights.at(0, oc * count, count), count), zero: zero(oc) });
  // Channels lie between each other.
  const all = weights.at(0, 0, OC * count);
  return (oc) => ({ values: floats(all + oc * filter.oc * 4, OC * count - oc * filter.oc), zero: zero(oc) });
}

/** A weight tensor of integers that is computed or fed. */
export interface IntegerWeight {
  readonly type: ByteType;
  readonly shape: Shape;
}

/** For weights that follow the inputs, undefined where there is none: packed in scratch at every run. */
export function packedEachRun(
  prepared: Prepared,
  inputCount: number,
  tensors: readonly (IntegerWeight | undefined)[],
): Prepared {
  const packing = prepared.packing;
  if (!packing) return prepared;
  let scratchBytes = round64(prepared.scratchBytes) + round64(packing.bytes);
  const floats = tensors.map((tensor) => {
    const at = scratchBytes;
    if (tensor) scratchBytes += round64(elementCount(tensor.shape) * 4);
    return at;
  });
  return {
    ...prepared,
    packing: undefined,
    scratchBytes,
    run(k, at) {
      let next = inputCount;
      const places = tensors.map((tensor, i) => {
        if (!tensor) return 0;
        readFloats(k, tensor.type, at.inputs[next++], at.scratch + floats[i], elementCount(tensor.shape));
        return at.scratch + floats[i];
      });
      const packed = at.scratch + round64(prepared.scratchBytes);
      packing.write(k, residentWeights(places), packed);
      prepared.run(k, { ...at, inputs: at.inputs.slice(0, inputCount), packed });
    },
  };
}

function round64(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
