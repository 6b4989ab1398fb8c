import { describe, expect, it } from "vitest";
import { BUILDS, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";

const RANGE = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535] } as const;
type Stored = keyof typeof RANGE;
const CODES = { int8: 1, uint8: 2, int16: 3, uint16: 4, int32: 5 } as const;
const ARRAYS = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array };
const STORED = Object.keys(RANGE) as Stored[];
const COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17];

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

describe.each(BUILDS)("quantize, %s build", (build) => {
  it.each(STORED)("%s: every length, nothing beside it", (type) => {
    const [least, most] = RANGE[type];
    const zero = least + 100;
    const scale = Math.fround(0.3);
    const values = new Random(1).values(17, (most - least) / 4);
    values.set([Infinity, -Infinity, Number.NaN, 0.5 * scale, 1.5 * scale, -0.5 * scale], 2);
    const want = Array.from(values, (value) => {
      if (Number.isNaN(value)) return zero;
      return Math.min(Math.max(roundHalfEven(Math.fround(value / scale)) + zero, least), most);
    });
    for (const count of COUNTS) {
      const { kernels, memory, heapBase } = instance(build);
      const arena = new GuardedArena(memory, heapBase);
      const x = arena.put(values.slice(0, count), "x");
      const y = arena.reserve(count, ARRAYS[type], "y");
      kernels.quantize(CODES[type], x, y, count, scale, zero, least, most);
      arena.check();
      expect(Array.from(arena.read(y))).toEqual(want.slice(0, count));
    }
  });

  it.each([...STORED, "int32"] as const)("dequantize %s: every length, nothing beside it", (type) => {
    const [least, most] = type === "int32" ? [-(2 ** 30), 2 ** 30] : RANGE[type];
    const random = new Random(2);
    const values = new ARRAYS[type](Array.from({ length: 17 }, () => random.integer(least, most)));
    const zero = type === "int32" ? 3 : least + 100;
    const scale = Math.fround(0.3);
    const want = Array.from(values, (value) => Math.fround(Math.fround(value - zero) * scale));
    for (const count of COUNTS) {
      const { kernels, memory, heapBase } = instance(build);
      const arena = new GuardedArena(memory, heapBase);
      const x = arena.put(values.slice(0, count), "x");
      const y = arena.reserve(count, Float32Array, "y");
      kernels.dequantize(CODES[type], x, y, count, scale, zero);
      arena.check();
      expect(Array.from(arena.floats(y))).toEqual(want.slice(0, count));
    }
  });

  it("refuses codes that it does not know", () => {
    const { kernels, heapBase } = instance(build);
    if (build !== "debug") return;
    expect(() => kernels.quantize(5, heapBase, heapBase, 4, 1, 0, 0, 1)).toThrow("unreachable");
    expect(() => kernels.dequantize(6, heapBase, heapBase, 4, 1, 0)).toThrow("unreachable");
  });
});

interface Images {
  readonly N: number;
  readonly IH: number;
  readonly IW: number;
  readonly C: number;
  readonly OC: number;
  readonly KH: number;
  readonly KW: number;
  readonly SH: number;
  readonly SW: number;
  readonly DH: number;
  readonly DW: number;
  readonly PT: number;
  readonly PL: number;
}

const PLAIN = { N: 1, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PL: 0 };
const CASES: Images[] = [
  { ...PLAIN, IH: 1, IW: 1, C: 2, OC: 1, KH: 1, KW: 1 },
  { ...PLAIN, IH: 3, IW: 2, C: 4, OC: 8, KH: 1, KW: 1 },
  { ...PLAIN, N: 2, IH: 7, IW: 9, C: 6, OC: 13, KH: 3, KW: 2, PT: 1, PL: 1 },
  { ...PLAIN, IH: 9, IW: 8, C: 2, OC: 9, KH: 3, KW: 3, SH: 2, SW: 3, DH: 2, DW: 2, PT: 2, PL: 1 },
  { ...PLAIN, IH: 13, IW: 11, C: 2, OC: 17, KH: 1, KW: 1 },
];

function outputOf({ IH, IW, KH, KW, SH, SW, DH, DW, PT, PL }: Images): [number, number] {
  const size = (extent: number, K: number, S: number, D: number, P: number) =>
    Math.floor((extent + 2 * P - D * (K - 1) - 1) / S) + 1;
  return [size(IH, KH, SH, DH, PT), size(IW, KW, SW, DW, PL)];
}

type Weight = (tap: number, c: number, oc: number) => number;

/** Sums over x [N, IH, IW, C]; of a depthwise convolution over a result's own channel only. */
function sums(v: Images, x: Int16Array, w: Weight, depthwise: boolean): number[] {
  const [OH, OW] = outputOf(v);
  return Array.from({ length: v.N * OH * OW * v.OC }, (_, at) => {
    const oc = at % v.OC;
    const ow = Math.floor(at / v.OC) % OW;
    const oh = Math.floor(at / v.OC / OW) % OH;
    const n = Math.floor(at / v.OC / OW / OH);
    let sum = 0;
    for (let tap = 0; tap < v.KH * v.KW; tap++) {
      const ih = oh * v.SH + Math.floor(tap / v.KW) * v.DH - v.PT;
      const iw = ow * v.SW + (tap % v.KW) * v.DW - v.PL;
      if (ih < 0 || ih >= v.IH || iw < 0 || iw >= v.IW) continue;
      const pixel = ((n * v.IH + ih) * v.IW + iw) * v.C;
      if (depthwise) sum += x[pixel + oc] * w(tap, 0, oc);
      else for (let c = 0; c < v.C; c++) sum += x[pixel + c] * w(tap, c, oc);
    }
    return sum;
  });
}

const differences = (random: Random, length: number) => Int16Array.from({ length }, () => random.integer(-255, 255));

/** Sums of int32, or these brought to 8 bits with a bias, factors, and the zero point 3, within -10 .. 90. */
class Finish {
  readonly bias: Int32Array;
  readonly factors: Float32Array;
  readonly #OC: number;

  constructor(random: Random, OC: number) {
    this.#OC = OC;
    this.bias = Int32Array.from({ length: OC }, () => random.integer(-9999, 9999));
    this.factors = Float32Array.from({ length: OC }, () => 0.0001 + random.uniform() / 2000);
  }

  want(sums: number[]): number[] {
    return sums.map((sum, i) => {
      const scaled = Math.fround(Math.fround(sum + this.bias[i % this.#OC]) * this.factors[i % this.#OC]);
      return Math.min(Math.max(roundHalfEven(scaled) + 3, -10), 90);
    });
  }
}

/** Where a panel holds a weight: 8 columns; taps, pairs of channels, columns, the two of a pair. */
function packedAt(tap: number, c: number, oc: number, taps: number, C: number): number {
  return Math.floor(oc / 8) * 8 * taps * C + ((tap * C) / 2 + (c >> 1)) * 16 + (oc % 8) * 2 + (c & 1);
}

describe.each(BUILDS)("convolutions of integers, %s build", (build) => {
  it.each(CASES)("dense: %j", (v) => {
    const random = new Random(v.OC);
    const [OH, OW] = outputOf(v);
    const taps = v.KH * v.KW;
    const x = differences(random, v.N * v.IH * v.IW * v.C);
    // Columns behind the last are numbers too: they must not be stored.
    const packed = differences(random, Math.ceil(v.OC / 8) * 8 * taps * v.C);
    const exact = sums(v, x, (tap, c, oc) => packed[packedAt(tap, c, oc, taps, v.C)], false);
    const finish = new Finish(random, v.OC);
    for (const bytes of [4, 1]) {
      const { kernels, memory, heapBase } = instance(build);
      const arena = new GuardedArena(memory, heapBase);
      const [xAt, w, zeros] = [arena.put(x, "x"), arena.put(packed, "w"), arena.put(new Int16Array(v.C), "zeros")];
      const [b, f] = bytes === 1 ? [arena.put(finish.bias, "b"), arena.put(finish.factors, "factors")] : [0, 0];
      const y = arena.reserve(exact.length, bytes === 1 ? Int8Array : Int32Array, "y");
      const scratch = arena.scratch(kernels.integerScratch(taps, v.OC));
      // biome-ignore format: one line a subject
      kernels.conv2dInteger(xAt, v.N, v.IH, v.IW, v.C * 2, v.C * 2, w, y, OH, OW, v.OC, v.OC * bytes,
        v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, b, f, 3, -10, 90, zeros, scratch);
      arena.check();
      expect(Array.from(arena.read(y))).toEqual(bytes === 1 ? finish.want(exact) : exact);
    }
  });

  const depthwise = CASES.flatMap((v) => [1, 5, 8, 12, 17].map((OC) => ({ ...v, C: Math.ceil(OC / 8) * 8, OC })));
  it.each(depthwise)("depthwise: %j", (v) => {
    const random = new Random(v.OC);
    const [OH, OW] = outputOf(v);
    const taps = v.KH * v.KW;
    const x = differences(random, v.N * v.IH * v.IW * v.C);
    const packed = differences(random, Math.ceil(taps / 2) * v.C * 2);
    // The missing half of a last pair.
    if (taps % 2) for (let c = 0; c < v.C; c++) packed[((taps >> 1) * v.C + c) * 2 + 1] = 0;
    const exact = sums(v, x, (tap, _, oc) => packed[((tap >> 1) * v.C + oc) * 2 + (tap & 1)], true);
    const finish = new Finish(random, v.OC);
    for (const bytes of [4, 1]) {
      const { kernels, memory, heapBase } = instance(build);
      const arena = new GuardedArena(memory, heapBase);
      const [xAt, w, zeros] = [arena.put(x, "x"), arena.put(packed, "w"), arena.put(new Int16Array(v.C), "zeros")];
      const [b, f] = bytes === 1 ? [arena.put(finish.bias, "b"), arena.put(finish.factors, "factors")] : [0, 0];
      const y = arena.reserve(exact.length, bytes === 1 ? Int8Array : Int32Array, "y");
      const scratch = arena.scratch(kernels.depthwiseIntegerScratch(taps, v.OC));
      // biome-ignore format: one line a subject
      kernels.depthwiseInteger(xAt, v.N, v.IH, v.IW, v.OC, w, y, OH, OW, v.OC * bytes,
        v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, b, f, 3, -10, 90, zeros, scratch);
      arena.check();
      expect(Array.from(arena.read(y))).toEqual(bytes === 1 ? finish.want(exact) : exact);
    }
  });

  it.each(["int8", "uint8"] as const)("widen %s: less the zero point, channels filled up with zeros", (type) => {
    const sizes = [
      [1, 1, 2],
      [3, 7, 8],
      [5, 8, 8],
      [2, 9, 10],
      [3, 17, 24],
      [4, 6, 6],
    ];
    for (const [rows, C, CP] of sizes) {
      const random = new Random(C);
      const numbers = Array.from({ length: rows * C }, () => random.integer(RANGE[type][0], RANGE[type][1]));
      const values = new ARRAYS[type](numbers);
      const { kernels, memory, heapBase } = instance(build);
      const arena = new GuardedArena(memory, heapBase);
      const x = arena.put(values, "x");
      const y = arena.reserve(rows * CP, Int16Array, "y");
      const zero = RANGE[type][1];
      kernels.widen(type === "int8" ? 1 : 0, x, y, rows, C, CP, zero);
      arena.check();
      const want = Array.from({ length: rows * CP }, (_, i) =>
        i % CP < C ? values[Math.floor(i / CP) * C + (i % CP)] - zero : 0,
      );
      expect(Array.from(arena.read(y))).toEqual(want);
    }
  });
});
