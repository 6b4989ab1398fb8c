import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

type Byte = "int8" | "uint8";
const RANGE = { int8: [-128, 127], uint8: [0, 255] } as const;
const random = new Random(20260410);

function bytes(
  type: Byte,
  shape: readonly number[],
  least: number = RANGE[type][0],
  most: number = RANGE[type][1],
): HostTensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    type,
    shape,
    Array.from({ length: count }, () => random.integer(least, most)),
  );
}

const scalar = (type: DataType, value: number) => tensor(type, [], [value]);
const numbers = ({ data }: HostTensor) => Array.from(data as ArrayLike<number>);

/** Less its zero point, one for all or one for each index of the first axis: exact in float64. */
function centred(x: HostTensor, zero: HostTensor | undefined) {
  const zeros = zero ? numbers(zero) : [0];
  const each = x.data.length / x.shape[0];
  const at = (i: number) => zeros[zeros.length === 1 ? 0 : Math.floor(i / each)];
  return { shape: x.shape, data: Float64Array.from(numbers(x), (value, i) => value - at(i)) };
}

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly group?: number;
  readonly strides?: [number, number];
  /** Top, left, bottom, right. */
  readonly pads?: [number, number, number, number];
  readonly dilations?: [number, number];
}

/** Around the tile of 5 pixels by 8 channels, pairs of input channels, and blocks of 60 pixels. */
const CASES: readonly Case[] = [
  { name: "one of everything", x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { name: "an odd number of channels", x: [1, 3, 5, 7], w: [9, 3, 3, 3], pads: [1, 1, 1, 1] },
  { name: "a batch, strides, uneven pads", x: [2, 4, 9, 8], w: [16, 4, 3, 2], strides: [2, 3], pads: [2, 0, 1, 1] },
  { name: "dilation beyond the image", x: [1, 5, 6, 6], w: [7, 5, 2, 3], dilations: [3, 2], pads: [2, 2, 2, 2] },
  { name: "more than a block of pixels", x: [1, 2, 11, 13], w: [17, 2, 1, 1] },
  { name: "groups of odd size", x: [1, 6, 4, 5], w: [10, 3, 3, 3], group: 2, pads: [1, 1, 1, 1] },
  { name: "groups with one channel and two results", x: [1, 3, 4, 5], w: [6, 1, 2, 2], group: 3 },
  { name: "depthwise, 5 channels", x: [2, 5, 7, 6], w: [5, 1, 3, 3], group: 5, pads: [1, 1, 1, 1] },
  {
    name: "depthwise, 16 channels, stride",
    x: [1, 16, 9, 9],
    w: [16, 1, 5, 5],
    group: 16,
    strides: [2, 2],
    pads: [2, 2, 2, 2],
  },
  { name: "depthwise, several blocks", x: [1, 8, 31, 31], w: [8, 1, 3, 3], group: 8, pads: [1, 1, 1, 1] },
  {
    name: "depthwise, several blocks, stride",
    x: [1, 24, 30, 30],
    w: [24, 1, 3, 3],
    group: 24,
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  },
  { name: "depthwise, dilated", x: [1, 9, 8, 8], w: [9, 1, 3, 3], group: 9, dilations: [3, 2] },
];

function attributesOf({ group = 1, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] }: Case) {
  return { group, strides, pads, dilations } satisfies Record<string, Attribute>;
}

function sums(each: Case, x: HostTensor, xZero: HostTensor | undefined, w: HostTensor, wZero: HostTensor | undefined) {
  const { group: groups = 1, strides = [1, 1], pads: padding = [0, 0, 0, 0], dilations = [1, 1] } = each;
  return reference.conv2d(centred(x, xZero), centred(w, wZero), { groups, strides, padding, dilations });
}

/** With weights packed once, and packed at every run. */
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
  ["uint8", "uint8"],
  ["uint8", "int8"],
  ["int8", "int8"],
  ["int8", "uint8"],
];

describe("ConvInteger", () => {
  test.each(CASES)("$name: the sums in float64", (each) => {
    for (const [xType, wType] of PAIRS) {
      const x = bytes(xType, each.x);
      const w = bytes(wType, each.w);
      const xZero = bytes(xType, []);
      for (const wZero of [bytes(wType, []), bytes(wType, [each.w[0]])]) {
        const spec = { op: "ConvInteger", inputs: [x, w, xZero, wZero], attributes: attributesOf(each) };
        check(spec, [1, 3], sums(each, x, xZero, w, wZero));
      }
      const spec = { op: "ConvInteger", inputs: [x, w], attributes: attributesOf(each) };
      check(spec, [1], sums(each, x, undefined, w, undefined));
    }
  });

  test("is exact where float32 sums are not: 2^24 and beyond, terms of the largest size", () => {
    const each = {
      name: "",
      x: [1, 512, 3, 3],
      w: [3, 512, 3, 3],
      pads: [1, 1, 1, 1] as [number, number, number, number],
    };
    const x = tensor("uint8", each.x, new Array(512 * 9).fill(255));
    x.data[7] = 254;
    const w = bytes("uint8", each.w, 250, 255);
    const want = sums(each, x, undefined, w, undefined);
    expect(Math.max(...want.data)).toBeGreaterThan(2 ** 28);
    expect(Array.from(want.data).some((sum) => Math.fround(sum) !== sum)).toBe(true);
    check({ op: "ConvInteger", inputs: [x, w], attributes: attributesOf(each) }, [1], want);
  });

  test("a filter for which memory has to grow while it is packed", () => {
    for (const group of [1, 96]) {
      const each = {
        name: "",
        x: [1, 96, 2, 2],
        w: [96, 96 / group, 29, 29],
        group,
        pads: [14, 14, 14, 14] as [number, number, number, number],
      };
      const [x, w] = [bytes("uint8", each.x), bytes("int8", each.w)];
      const spec = { op: "ConvInteger", inputs: [x, w], attributes: attributesOf(each) };
      check(spec, [1], sums(each, x, undefined, w, undefined));
    }
  });

  test("sequences", () => {
    const x = bytes("uint8", [1, 3, 9]);
    const w = bytes("int8", [4, 3, 3]);
    const want = sums(
      { name: "", x: [], w: [] },
      { ...x, shape: [1, 3, 1, 9] },
      undefined,
      { ...w, shape: [4, 3, 1, 3] },
      undefined,
    );
    check({ op: "ConvInteger", inputs: [x, w] }, [1], { shape: [1, 4, 7], data: want.data });
  });

  test("says what does not fit", () => {
    const x = bytes("uint8", [1, 4, 3, 3]);
    const w = bytes("int8", [2, 4, 1, 1]);
    const refused = (...inputs: HostTensor[]) => refusal({ op: "ConvInteger", inputs });
    expect(refused(x, bytes("int8", [2, 3, 1, 1]))).toBe(
      'ConvInteger "node": filter expected shape [a multiple of 1, 4, kh, kw] for 4 channels in 1 groups, got [2, 3, 1, 1]',
    );
    expect(refused(x, w, bytes("uint8", [4]))).toBe('ConvInteger "node": zero point expected one value, got [4]');
    expect(refused(x, w, bytes("int8", []))).toBe('ConvInteger "node": zero point expected uint8, got int8');
    expect(refused(x, w, bytes("uint8", []), bytes("int8", [3]))).toBe(
      'ConvInteger "node": zero point expected one value or shape [2], got [3]',
    );
    expect(refused(tensor("float32", [1, 4, 3, 3], new Float32Array(36)), w)).toBe(
      'ConvInteger "node": input 0 expected a tensor of int8 or uint8, got float32',
    );
  });
});

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

describe("QLinearConv", () => {
  test.each(CASES)("$name: sums, scaled in float32, rounded and saturated", (each) => {
    for (const [xType, wType] of PAIRS) {
      for (const scales of [1, each.w[0]]) {
        const x = bytes(xType, each.x);
        const w = bytes(wType, each.w);
        const [xZero, wZero, yZero] = [bytes(xType, []), bytes(wType, scales > 1 ? [scales] : []), bytes(xType, [])];
        const bias = tensor(
          "int32",
          [each.w[0]],
          Array.from({ length: each.w[0] }, () => random.integer(-20000, 20000)),
        );
        const terms = each.w[1] * each.w[2] * each.w[3];
        const xScale = Math.fround(0.02 + random.uniform());
        const yScale = Math.fround(xScale * 90 * Math.sqrt(terms));
        const wScale = Float32Array.from({ length: scales }, () => 0.5 + random.uniform());
        const exact = sums(each, x, xZero, w, wZero);
        const perChannel = exact.data.length / each.x[0] / each.w[0];
        const [least, most] = RANGE[xType];
        for (const b of [undefined, bias]) {
          const data = exact.data.map((sum, i) => {
            const oc = Math.floor(i / perChannel) % each.w[0];
            const factor = Math.fround(Math.fround(xScale * wScale[scales > 1 ? oc : 0]) / yScale);
            const total = Math.fround(sum + (b ? numbers(b)[oc] : 0));
            const whole = roundHalfEven(Math.fround(total * factor)) + numbers(yZero)[0];
            return Math.min(Math.max(whole, least), most);
          });
          const inputs = [
            x,
            scalar("float32", xScale),
            xZero,
            w,
            tensor("float32", scales > 1 ? [scales] : [], wScale),
          ];
          inputs.push(wZero, scalar("float32", yScale), yZero);
          if (b) inputs.push(b);
          const spec = { op: "QLinearConv", inputs, attributes: attributesOf(each) };
          check(spec, [3, 5], { shape: exact.shape, data });
        }
      }
    }
  });

  test("a bias beyond 2^24 is exact", () => {
    const x = tensor("uint8", [1, 600, 1, 1], new Array(600).fill(255));
    const w = tensor("int8", [1, 600, 1, 1], new Array(600).fill(-127));
    const bias = tensor("int32", [1], [255 * 127 * 600 + 5]);
    expect(Math.fround(bias.data[0] as number)).not.toBe(bias.data[0]);
    const [scale, zero] = [scalar("float32", 1), scalar("uint8", 0)];
    const inputs = [x, scale, zero, w, scale, scalar("int8", 0), scale, zero, bias];
    check({ op: "QLinearConv", inputs }, [3, 5], { shape: [1, 1, 1, 1], data: [5] });
  });

  test("says what does not fit", () => {
    const one = (type: DataType) => scalar(type, 1);
    const x = bytes("uint8", [1, 2, 3, 3]);
    const w = bytes("int8", [4, 2, 1, 1]);
    const inputs = [x, one("float32"), one("uint8"), w, one("float32"), one("int8"), one("float32"), one("uint8")];
    const withInput = (at: number, value: HostTensor) =>
      refusal({ op: "QLinearConv", inputs: Object.assign([...inputs], { [at]: value }) });
    expect(withInput(4, tensor("float32", [3], [1, 1, 1]))).toBe(
      'QLinearConv "node": scale expected one value or shape [4], got [3]',
    );
    expect(withInput(1, one("float64"))).toBe('QLinearConv "node": input 1 expected a tensor of float32, got float64');
    expect(withInput(8, tensor("float32", [4], [1, 1, 1, 1]))).toBe(
      'QLinearConv "node": bias expected int32 [4], got float32 [4]',
    );
    expect(withInput(7, one("int16"))).toBe(
      'QLinearConv "node": input 7 expected a tensor of int8 or uint8, got int16',
    );
  });
});
