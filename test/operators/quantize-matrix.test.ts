import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

type Byte = "int8" | "uint8";
const RANGE = { int8: [-128, 127], uint8: [0, 255] } as const;
const random = new Random(20260411);
const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
const numbers = ({ data }: HostTensor) => Array.from(data as ArrayLike<number>);

function bytes(type: Byte, shape: readonly number[]): HostTensor {
  const [least, most] = RANGE[type];
  return tensor(
    type,
    shape,
    Array.from({ length: size(shape) }, () => random.integer(least, most)),
  );
}

function scales(shape: readonly number[]): HostTensor {
  return tensor(
    "float32",
    shape,
    Array.from({ length: size(shape) }, () => 0.5 + random.uniform()),
  );
}

interface Case {
  readonly name: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Shapes of parameters by row of a and by column of b. */
  readonly rows?: readonly number[];
  readonly columns?: readonly number[];
}

const CASES: readonly Case[] = [
  { name: "one number", a: [1, 1], b: [1, 1] },
  { name: "one row, odd terms", a: [1, 7], b: [7, 9], columns: [9] },
  { name: "rows and columns around the tile", a: [11, 4], b: [4, 17], rows: [11], columns: [17] },
  { name: "many terms", a: [6, 1030], b: [1030, 8], rows: [6, 1], columns: [1, 8] },
  { name: "more than a block of rows", a: [131, 3], b: [3, 5] },
  { name: "batches that broadcast", a: [2, 1, 3, 5], b: [4, 5, 2], rows: [2, 1, 3, 1], columns: [4, 1, 2] },
  { name: "a batch against one matrix", a: [3, 2, 6], b: [6, 10], rows: [3, 2, 1], columns: [10] },
];

/** Each parameter for each element: by row of a, by column of b, or one for all. */
const byRow = (a: HostTensor, values: number[]) => (i: number) =>
  values[values.length === 1 ? 0 : Math.floor(i / (a.shape.at(-1) as number))];
function byColumn(b: HostTensor, values: number[]): (i: number) => number {
  const [K, N] = b.shape.slice(-2);
  return (i) => values[values.length === 1 ? 0 : Math.floor(i / (K * N)) * N + (i % N)];
}

/** The sums, exact in float64. */
function sums(a: HostTensor, aZero: HostTensor | undefined, b: HostTensor, bZero: HostTensor | undefined) {
  const [row, column] = [byRow(a, aZero ? numbers(aZero) : [0]), byColumn(b, bZero ? numbers(bZero) : [0])];
  const left = { shape: a.shape, data: numbers(a).map((value, i) => value - row(i)) };
  const right = { shape: b.shape, data: numbers(b).map((value, i) => value - column(i)) };
  return reference.matmul(left, right);
}

function check(
  spec: NodeSpec,
  weights: readonly number[],
  want: { shape: readonly number[]; data: ArrayLike<number> },
) {
  const rest = spec.inputs.map((_, i) => i).slice(1);
  for (const constant of [rest, rest.filter((i) => !weights.includes(i)), []]) {
    const { results, algorithms } = run({ ...spec, constant });
    expectExactly(results[0], want);
    expect(algorithms.some((algorithm) => algorithm.startsWith("integer"))).toBe(true);
  }
}

const PAIRS: [Byte, Byte][] = [
  ["uint8", "int8"],
  ["int8", "uint8"],
];

describe("MatMulInteger", () => {
  test.each(CASES)("$name: the sums in float64", ({ a: aShape, b: bShape, rows = [], columns = [1] }) => {
    for (const [aType, bType] of PAIRS) {
      const [a, b] = [bytes(aType, aShape), bytes(bType, bShape)];
      check({ op: "MatMulInteger", inputs: [a, b] }, [1], sums(a, undefined, b, undefined));
      for (const aZero of [bytes(aType, []), bytes(aType, rows)]) {
        const bZero = bytes(bType, columns);
        check({ op: "MatMulInteger", inputs: [a, b, aZero, bZero] }, [1, 3], sums(a, aZero, b, bZero));
      }
    }
  });

  test("vectors are a row and a column", () => {
    const [a, b] = [bytes("uint8", [6]), bytes("int8", [6, 3])];
    const want = sums({ ...a, shape: [1, 6] }, undefined, b, undefined);
    check({ op: "MatMulInteger", inputs: [a, b] }, [1], { shape: [3], data: want.data });
  });

  test("says what does not fit", () => {
    const refused = (...inputs: HostTensor[]) => refusal({ op: "MatMulInteger", inputs });
    const [a, b] = [bytes("uint8", [2, 6]), bytes("int8", [6, 3])];
    expect(refused(a, bytes("int8", [5, 3]))).toBe('MatMulInteger "node": b expected 6 rows, got [5, 3]');
    expect(refused(a, b, bytes("uint8", [3]))).toBe(
      'MatMulInteger "node": zero point of a expected one value or 2, one a row, got [3]',
    );
    expect(refused(a, b, bytes("uint8", []), bytes("uint8", []))).toBe(
      'MatMulInteger "node": zero point of b expected int8, got uint8',
    );
    expect(refused(bytes("uint8", [2, 0]), bytes("int8", [0, 3]))).toContain("products of no terms are not supported");
  });
});

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

describe("QLinearMatMul", () => {
  test.each(CASES)("$name: sums, scaled in float32, rounded and saturated", (each) => {
    const { a: aShape, b: bShape, rows = [], columns = [1] } = each;
    for (const [aType, bType] of PAIRS) {
      const [a, b] = [bytes(aType, aShape), bytes(bType, bShape)];
      const [aZero, bZero, yZero] = [bytes(aType, rows), bytes(bType, columns), bytes(bType, [])];
      const [aScale, bScale] = [scales(rows), scales(columns)];
      const exact = sums(a, aZero, b, bZero);
      // The scale of each result is found by putting it where the sum is: products with a one of the scales.
      const ones = (shape: readonly number[]) => ({ shape, data: new Array<number>(size(shape)).fill(1) });
      const M = aShape.at(-2) as number;
      const N = bShape.at(-1) as number;
      const [row, column] = [byRow(a, numbers(aScale)), byColumn(b, numbers(bScale))];
      const K = aShape.at(-1) as number;
      const left = {
        shape: [...aShape.slice(0, -1), 1],
        data: ones([...aShape.slice(0, -2), M]).data.map((_, i) => row(i * K)),
      };
      const right = {
        shape: [...bShape.slice(0, -2), 1, N],
        data: ones([...bShape.slice(0, -2), N]).data.map((_, i) => column(Math.floor(i / N) * K * N + (i % N))),
      };
      const product = reference.matmul(left, right);
      const reach = Math.max(...Array.from(exact.data, (sum, i) => Math.abs(sum * product.data[i])), 1);
      const yScale = tensor("float32", [1], [reach / 150]); // some saturate
      const [least, most] = RANGE[bType];
      const data = Array.from(exact.data, (sum, i) => {
        const factor = Math.fround(Math.fround(product.data[i]) / numbers(yScale)[0]);
        const whole = roundHalfEven(Math.fround(Math.fround(sum) * factor)) + numbers(yZero)[0];
        return Math.min(Math.max(whole, least), most);
      });
      expect(new Set(data).size).toBeGreaterThanOrEqual(Math.min(size(exact.shape), 3));
      const spec = { op: "QLinearMatMul", inputs: [a, aScale, aZero, b, bScale, bZero, yScale, yZero] };
      check(spec, [3, 5], { shape: exact.shape, data });
    }
  });
});
