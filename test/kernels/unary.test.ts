import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { UnaryName } from "../../src/ops/epilogue.ts";
import { UNARY } from "../../src/ops/unary-codes.ts";
import { scalar } from "../reference/activation.ts";
import { BUILDS, type Build, instance } from "../support/builds.ts";
import { GuardedArena } from "../support/guarded.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";

type Scalar = (x: number, alpha: number, beta: number) => number;

/** Every function, for the float32 values of its parameters. */
const WANT: Record<UnaryName, Scalar> = {
  ...scalar,
  linear: (x, alpha, beta) => alpha * x + beta,
  silu: (x, alpha) => x * scalar.sigmoid(alpha * x),
  // Written so that nothing cancels, nor overflows on the way.
  geluTanh: (x) => x * scalar.sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
  pow: (x, alpha) => (x === 1 || (x === -1 && !Number.isFinite(alpha) && !Number.isNaN(alpha)) ? 1 : x ** alpha),
  // Divides in float32, as what is to be imitated does, and as there has no -0.
  roundTo: (x, alpha, beta) => (scalar.round(Math.fround(x / alpha)) + 0) * beta,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
};

const NAMES = Object.keys(UNARY) as UnaryName[];
const EXACT: UnaryName[] = ["clamp", "thresholdedRelu", "abs", "neg", "floor", "ceil", "round", "sign"];
/** Where the sign of a 0 is nobody's business, or the oracle has none. */
const SIGNLESS: UnaryName[] = ["clamp", "linear", "hardSigmoid", "round"];
const INFINITY = Number.POSITIVE_INFINITY;

/** alpha and beta for each function; functions that are not listed have none, and get values that would be noticed. */
const PARAMETERS: Partial<Record<UnaryName, [number, number][]>> = {
  clamp: [
    [0, 6],
    [-0.5, 0.25],
    [0, INFINITY],
    [-INFINITY, 1],
  ],
  linear: [[-2.5, 0.75]],
  leakyRelu: [[0.01, 0]],
  thresholdedRelu: [
    [1, 0],
    [-0.5, 0],
  ],
  hardSigmoid: [
    [0.2, 0.5],
    [1 / 6, 0.5],
  ],
  elu: [
    [1, 0],
    [0.3, 0],
  ],
  selu: [
    [1.6732632423543772, 1.0507009873554805],
    [2, 3],
  ],
  celu: [
    [1, 0],
    [0.5, 0],
  ],
  silu: [
    [1, 0],
    [1.702, 0],
  ],
  roundTo: [
    [0.25, 0.25],
    [0.3, 2],
  ],
  pow: [
    [2, 0],
    [3, 0],
    [-1, 0],
    [0.5, 0],
    [1.7, 0],
  ],
};

function parameters(name: UnaryName): [number, number][] {
  return (PARAMETERS[name] ?? [[7, 7]]).map(([alpha, beta]) => [Math.fround(alpha), Math.fround(beta)]);
}

function run(build: Build, name: UnaryName, x: Float32Array, [alpha, beta]: [number, number]): Float32Array {
  const { kernels, memory, heapBase } = instance(build);
  const arena = new GuardedArena(memory, heapBase);
  const xAt = arena.put(x, "x");
  const yAt = arena.reserve(x.length, Float32Array, "y");
  kernels.unary(UNARY[name], xAt, yAt, x.length, alpha, beta);
  arena.check([yAt, { data: Array.from(x, (value) => WANT[name](value, alpha, beta)) }]);
  return arena.floats(yAt);
}

describe.each(BUILDS)("unary, %s build", (build) => {
  it.each(NAMES)("%s: body and tail of every length", (name) => {
    for (const [alpha, beta] of parameters(name)) {
      const random = new Random(UNARY[name]);
      const whole = random.values(40, 5);
      const wholeRun = run(build, name, whole, [alpha, beta]);
      for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 40]) {
        const x = whole.subarray(0, count);
        const got = run(build, name, x, [alpha, beta]);
        const data = Float64Array.from(x, (value) => WANT[name](value, alpha, beta));
        if (EXACT.includes(name)) expectExact(got, { data });
        // 16 half ulp, of the summands where some cancel.
        else expectClose(got, { data, magnitude: data.map((y, i) => magnitude(name, y, x[i], alpha, beta)) }, 15);
        expectSameBits(got, wholeRun.slice(0, count));
      }
    }
  });

  it.each(NAMES)("%s: in place, and from a place that is no multiple of 16", (name) => {
    const { kernels, memory, heapBase } = instance(build);
    const x = new Random(3).values(11, 3);
    const [alpha, beta] = parameters(name)[0];
    const arena = new GuardedArena(memory, heapBase);
    const at = arena.putMutable(x);
    const shifted = arena.putMutable(new Float32Array([9, ...x, 9]));
    kernels.unary(UNARY[name], at, at, x.length, alpha, beta);
    kernels.unary(UNARY[name], shifted + 4, shifted + 4, x.length, alpha, beta);
    arena.check();
    const want = run(build, name, x, [alpha, beta]);
    expectSameBits(arena.floats(at), want);
    expectSameBits(arena.floats(shifted), new Float32Array([9, ...want, 9]));
  });

  it.each(NAMES)("%s: NaN, infinities and zeros", (name) => {
    const x = new Float32Array([Number.NaN, INFINITY, -INFINITY, 0, -0, 1, -1, 1e38, -1e38, 1e-45, -1e-45]);
    for (const [alpha, beta] of parameters(name)) {
      const got = run(build, name, x, [alpha, beta]);
      x.forEach((value, i) => {
        const want = WANT[name](value, alpha, beta);
        const place = `${name}(${value}; ${alpha}, ${beta})`;
        if (Number.isNaN(want)) expect(got[i], place).toBeNaN();
        else if (!Number.isFinite(Math.fround(want)) || value === 0) {
          if (SIGNLESS.includes(name)) expect(got[i] + 0, place).toBe(Math.fround(want) + 0);
          else expect(got[i], place).toBe(Math.fround(want));
        } else expect(Math.abs(got[i] - want), place).toBeLessThanOrEqual(1e-6 * Math.abs(want) + 2 ** -149);
      });
    }
  });

  it("exp: ends where float32 ends", () => {
    const x = new Float32Array([88.72284, 89, 1e30, -103.97, -103.98, -104, -1e30, 88.72283, -87.4, -100]);
    const got = run(build, "exp", x, [0, 0]);
    expect(Array.from(got.slice(0, 7))).toEqual([INFINITY, INFINITY, INFINITY, 2 ** -149, 0, 0, 0]);
    for (const i of [7, 8, 9]) expect(Math.abs(got[i] / Math.exp(x[i]) - 1)).toBeLessThan(i === 9 ? 0.02 : 2 ** -23);
  });

  it("round: halves go to the even neighbour", () => {
    const x = new Float32Array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609, -8388609.5]);
    expectExact(run(build, "round", x, [0, 0]), { data: [0, 2, 2, 0, -2, -2, 0, 8388609, -8388610] });
  });

  it("pow: the special cases of IEEE 754", () => {
    const cases: [x: number, y: number, want: number][] = [
      ...[Number.NaN, INFINITY, -INFINITY, 0, -0, -1, -2.5].map((x): [number, number, number] => [x, 0, 1]),
      ...[Number.NaN, INFINITY, -INFINITY, -7, 0.5].map((y): [number, number, number] => [1, y, 1]),
      [-1, INFINITY, 1],
      [-1, -INFINITY, 1],
      [0.5, INFINITY, 0],
      [-0.5, INFINITY, 0],
      [0.5, -INFINITY, INFINITY],
      [2, INFINITY, INFINITY],
      [-2, INFINITY, INFINITY],
      [2, -INFINITY, 0],
      [0, 2, 0],
      [0, -2, INFINITY],
      [0, -3, INFINITY],
      [-0, 3, -0],
      [-0, 2, 0],
      [-0, 0.5, 0],
      [-0, -3, -INFINITY],
      [-0, -2, INFINITY],
      [-0, -0.5, INFINITY],
      [0, 1e-40, 0],
      [INFINITY, 1e-40, INFINITY],
      [INFINITY, -1e-40, 0],
      [INFINITY, -2, 0],
      [-INFINITY, 3, -INFINITY],
      [-INFINITY, 2, INFINITY],
      [-INFINITY, 0.5, INFINITY],
      [-INFINITY, -3, -0],
      [-INFINITY, -2, 0],
      [-8, 1 / 3, Number.NaN],
      [-8, 3, -512],
      [-8, 2, 64],
      [-8, -1, -0.125],
      [-2, 16777216, INFINITY],
      [-1, 16777215, -1],
      [-1, 16777214, 1],
      [Number.NaN, 2, Number.NaN],
      [2, Number.NaN, Number.NaN],
      [2, -149, 2 ** -149],
      [2, -150, 0],
      [2, 127, 2 ** 127],
      [2, 128, INFINITY],
      [2 ** -149, -0.5, 2 ** 74.5],
    ];
    for (const [x, y, want] of cases) {
      const [got] = run(build, "pow", new Float32Array([x]), [Math.fround(y), 0]);
      expect(Object.is(got, Math.fround(want)), `${x} ** ${y}: got ${got}, want ${want}`).toBe(true);
    }
  });

  it("refuses a code it does not know", () => {
    const { kernels, heapBase } = instance(build);
    const call = () => kernels.unary(99, heapBase, heapBase, 4, 0, 0);
    if (build === "debug") expect(call).toThrow("unreachable");
  });
});

describe("codes of the unary kernel", () => {
  it("are those of the assembly", () => {
    const found: Record<string, number> = {};
    for (const file of ["unary", "wide"]) {
      const text = readFileSync(new URL(`../../assembly/numeric/${file}.ts`, import.meta.url), "utf8");
      for (const [, name, code] of text.matchAll(/^const ([A-Z_]+) = (\d+);/gm)) found[name] = Number(code);
    }
    const { WIDE, LAST, ...rest } = found;
    const want = NAMES.map((name) => [name.replace(/[A-Z]/g, "_$&").toUpperCase(), UNARY[name]]);
    expect(rest).toEqual(Object.fromEntries(want));
    expect(WIDE).toBe(UNARY.sin);
    expect(LAST).toBe(Math.max(...Object.values(UNARY)));
  });
});

/** What the error is a multiple of: the value, or what it was made of. */
function magnitude(name: UnaryName, y: number, x: number, alpha: number, beta: number): number {
  if (name === "linear" || name === "hardSigmoid") return Math.abs(alpha * x) + Math.abs(beta);
  // The argument of the exponential is rounded.
  if (name === "geluTanh" || name === "silu" || name === "celu") return Math.abs(y) * (1 + Math.abs(x) ** 3);
  return Math.abs(y);
}
