import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { float16ToFloat32, float32ToFloat16 } from "../../src/half.ts";
import { Random } from "../support/random.ts";
import { expectExactly, MODULE, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

const RANGE = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535] } as const;
type Stored = keyof typeof RANGE;
const STORED = Object.keys(RANGE) as Stored[];
const random = new Random(20260412);
const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
const numbers = ({ data }: HostTensor) => Array.from(data as ArrayLike<number>);
const scalar = (type: DataType, value: number) => tensor(type, [], [value]);

function floats(shape: readonly number[], scale = 1): HostTensor {
  return tensor("float32", shape, random.values(size(shape), scale));
}

function integers(type: Stored, shape: readonly number[]): HostTensor {
  return tensor(
    type,
    shape,
    Array.from({ length: size(shape) }, () => random.integer(RANGE[type][0], RANGE[type][1])),
  );
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** The definition, for one element; the quotient is rounded to float32 as ONNX has it. */
function stored(x: number, scale: number, zero: number, type: Stored): number {
  const [least, most] = RANGE[type];
  return Math.min(Math.max(roundHalfEven(Math.fround(x / scale)) + zero, least), most);
}

/** Fed at the run, with a constant scale, and all constant. */
function check(spec: NodeSpec, want: { shape: readonly number[]; data: ArrayLike<number> }, algorithm: string): void {
  const rest = spec.inputs.map((_, i) => i).slice(1);
  for (const constant of [[], rest]) {
    const { results, algorithms } = run({ ...spec, constant });
    expectExactly(results[0], want);
    expect(algorithms).toEqual([algorithm]);
  }
  expectExactly(run({ ...spec, constant: "all" }).results[0], want);
}

describe("QuantizeLinear", () => {
  test.each(STORED)("to %s, at every length", (type) => {
    const zero = tensor(type, [1], [type.startsWith("u") ? RANGE[type][1] >> 1 : -7]);
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 13]) {
      const x = floats([count], 40);
      const scale = scalar("float32", 0.3);
      const data = numbers(x).map((value) => stored(value, numbers(scale)[0], numbers(zero)[0], type));
      check({ op: "QuantizeLinear", inputs: [x, scale, zero] }, { shape: [count], data }, "quantize");
    }
  });

  test.each(STORED)("to %s: halves to even, saturation, infinities, NaN as the zero point", (type) => {
    const [least, most] = RANGE[type];
    const zero = type.startsWith("u") ? 3 : -3;
    const values = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e9, -1e9, 3e38, -3e38, Infinity, -Infinity, -0, NaN].map(
      (v) => v * 2,
    );
    const near = [0, 2, 2, 0, -2, -2].map((value) => value + zero);
    const far = [most, least, most, least, most, least];
    const data = [...near, ...far, zero, zero];
    const inputs = [tensor("float32", [values.length], values), scalar("float32", 2), scalar(type, zero)];
    check({ op: "QuantizeLinear", inputs }, { shape: [values.length], data }, "quantize");
  });

  test("to uint8 without a zero point, or to the type that is named", () => {
    const x = floats([6], 10);
    const scale = scalar("float32", 0.1);
    const wanted = (type: Stored) => ({
      shape: [6],
      data: numbers(x).map((v) => stored(v, numbers(scale)[0], 0, type)),
    });
    check({ op: "QuantizeLinear", inputs: [x, scale] }, wanted("uint8"), "quantize");
    check({ op: "QuantizeLinear", inputs: [x, scale], attributes: { output_dtype: 3 } }, wanted("int8"), "quantize");
  });

  test("by channel, and by blocks", () => {
    const x = floats([2, 3, 5], 20);
    const perChannel = tensor("float32", [3], [0.1, 0.2, 0.3]);
    const zero = tensor("int8", [3], [1, -2, 3]);
    const channel = (i: number) => Math.floor(i / 5) % 3;
    const data = numbers(x).map((v, i) =>
      stored(v, numbers(perChannel)[channel(i)], numbers(zero)[channel(i)], "int8"),
    );
    for (const axis of [1, -2]) {
      const spec = { op: "QuantizeLinear", inputs: [x, perChannel, zero], attributes: { axis } };
      check(spec, { shape: [2, 3, 5], data }, "host");
    }
    const blocks = floats([2, 3, 3]);
    for (let i = 0; i < 18; i++) blocks.data[i] = 0.05 + i / 50;
    const block = (i: number) => Math.floor(i / 5) * 3 + Math.floor((i % 5) / 2);
    const blocked = numbers(x).map((v, i) => stored(v, numbers(blocks)[block(i)], 0, "uint8"));
    const spec = { op: "QuantizeLinear", inputs: [x, blocks], attributes: { axis: 2, block_size: 2 } };
    check(spec, { shape: [2, 3, 5], data: blocked }, "host");
  });

  test("float16 divides in float32, or in float16 where an attribute says so", () => {
    const halves = (values: number[]): HostTensor => {
      return tensor("float16", [values.length], float32ToFloat16(Float32Array.from(values)));
    };
    const round = (value: number) => float16ToFloat32(float32ToFloat16(Float32Array.of(value)))[0];
    const x = halves(Array.from({ length: 40 }, (_, i) => 60 + i * 0.37));
    const scale = halves([0.7]);
    const [values, step] = [float16ToFloat32(x.data as Uint16Array), float16ToFloat32(scale.data as Uint16Array)[0]];
    const data = Array.from(values, (value) => stored(round(value / step) * 1, 1, 5, "uint8"));
    const plain = Array.from(values, (value) => stored(value, step, 5, "uint8"));
    expect(data).not.toEqual(plain);
    const spec = { op: "QuantizeLinear", inputs: [x, scale, tensor("uint8", [1], [5])] };
    check({ ...spec, attributes: { precision: 10 } }, { shape: [40], data }, "host");
    check(spec, { shape: [40], data: plain }, "quantize");
  });

  test("says what does not fit", () => {
    const refused = (inputs: HostTensor[], attributes = {}) => refusal({ op: "QuantizeLinear", inputs, attributes });
    const x = floats([2, 3]);
    expect(refused([x, floats([4])])).toBe('QuantizeLinear "node": scale expected shape [] or [3], got [4]');
    expect(refused([x, floats([3]), scalar("int8", 0)])).toBe(
      'QuantizeLinear "node": zero point expected shape [3], got []',
    );
    expect(refused([x, floats([3])], { axis: 2 })).toContain('QuantizeLinear "node": axis expected');
    expect(refused([x, floats([2, 1])], { axis: 1, block_size: 2 })).toBe(
      'QuantizeLinear "node": scale expected shape [2, 2], got [2, 1]',
    );
    expect(refused([x, scalar("float32", 1)], { output_dtype: 17 })).toContain("storing as type 17 is not supported");
    expect(refused([x, scalar("float32", 1), scalar("int8", 0)], { output_dtype: 2 })).toBe(
      'QuantizeLinear "node": output_dtype expected int8, got uint8',
    );
    expect(refused([tensor("bool", [1], [1]), scalar("float32", 1)])).toBe(
      'QuantizeLinear "node": input 0 expected a tensor of floats or int32, got bool',
    );
  });
});

describe("DequantizeLinear", () => {
  test.each([...STORED, "int32"] as const)("from %s, at every length", (type) => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 13]) {
      const values = Array.from({ length: count }, () => random.integer(-(2 ** 31), 2 ** 31 - 1));
      const x = type === "int32" ? tensor(type, [count], values) : integers(type, [count]);
      const zero = scalar(type, type === "int32" ? 0 : type.startsWith("u") ? 200 : -100);
      const scale = scalar("float32", 0.3);
      const data = numbers(x).map((v) => Math.fround(Math.fround(v - numbers(zero)[0]) * numbers(scale)[0]));
      check({ op: "DequantizeLinear", inputs: [x, scale, zero] }, { shape: [count], data }, "dequantize");
      const unmoved = numbers(x).map((v) => Math.fround(Math.fround(v) * numbers(scale)[0]));
      check({ op: "DequantizeLinear", inputs: [x, scale] }, { shape: [count], data: unmoved }, "dequantize");
    }
  });

  test("by channel, by blocks, and to float16", () => {
    const x = integers("int8", [2, 4, 3]);
    const perChannel = floats([4]);
    const zero = integers("int8", [4]);
    const channel = (i: number) => Math.floor(i / 3) % 4;
    const data = numbers(x).map((v, i) =>
      Math.fround((v - numbers(zero)[channel(i)]) * numbers(perChannel)[channel(i)]),
    );
    check({ op: "DequantizeLinear", inputs: [x, perChannel, zero] }, { shape: [2, 4, 3], data }, "host");
    const blocks = floats([2, 2, 3]);
    const block = (i: number) => Math.floor(i / 12) * 6 + Math.floor((Math.floor(i / 3) % 4) / 3) * 3 + (i % 3);
    const blocked = numbers(x).map((v, i) => Math.fround(v * numbers(blocks)[block(i)]));
    const spec = { op: "DequantizeLinear", inputs: [x, blocks], attributes: { axis: 1, block_size: 3 } };
    check(spec, { shape: [2, 4, 3], data: blocked }, "host");
    const half = scalar("float16", float32ToFloat16(Float32Array.of(0.3))[0]);
    const step = float16ToFloat32(half.data as Uint16Array)[0];
    const bits = float32ToFloat16(Float32Array.from(numbers(x), (v) => v * step));
    check({ op: "DequantizeLinear", inputs: [x, half] }, { shape: [2, 4, 3], data: bits }, "dequantize");
  });

  test("says what does not fit", () => {
    const inputs = [integers("int8", [2]), scalar("float32", 1), scalar("uint8", 0)];
    expect(refusal({ op: "DequantizeLinear", inputs })).toBe(
      'DequantizeLinear "node": zero point expected int8, got uint8',
    );
    expect(refusal({ op: "DequantizeLinear", inputs: [floats([2]), scalar("float32", 1)] })).toBe(
      'DequantizeLinear "node": input 0 expected a tensor of int8, uint8, int16, uint16 or int32, got float32',
    );
  });
});

describe("DynamicQuantizeLinear", () => {
  test.each([
    ["both signs", [0, 2, -3, -2.5, 1.34, 0.5]],
    ["positive", [1, 2.1, 1.3, 2.5, 3.34, 4]],
    ["negative", [-1, -2.1, -1.3, -2.5, -3.34, -4]],
  ])("%s", (_, values) => {
    const x = tensor("float32", [values.length], values);
    const [least, most] = [Math.min(0, ...numbers(x)), Math.max(0, ...numbers(x))];
    const scale = Math.fround(Math.fround(most - least) / 255);
    const zero = Math.min(Math.max(roundHalfEven(Math.fround(-least / scale)), 0), 255);
    const { results } = run({ op: "DynamicQuantizeLinear", inputs: [x], outputs: ["y", "scale", "zero"] });
    expectExactly(results[0], { shape: [values.length], data: numbers(x).map((v) => stored(v, scale, zero, "uint8")) });
    expectExactly(results[1], { shape: [], data: [scale] });
    expectExactly(results[2], { shape: [], data: [zero] });
    const alone = run({ op: "DynamicQuantizeLinear", inputs: [x] });
    expect(numbers(alone.results[0])).toEqual(numbers(results[0]));
  });
});

describe("numbers of 8 bits in kernels of floats", () => {
  test("MaxPool", () => {
    for (const type of ["int8", "uint8"] as const) {
      const x = integers(type, [2, 3, 6, 5]);
      const attributes = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 1, 1, 0] };
      const got = run({ op: "MaxPool", inputs: [x], attributes, outputs: ["y", "places"] });
      const asFloats = tensor("float32", x.shape, numbers(x));
      const want = run({ op: "MaxPool", inputs: [asFloats], attributes, outputs: ["y", "places"] });
      expect(got.results[0].type).toBe(type);
      for (const i of [0, 1]) {
        const data = Array.from(want.results[i].data as ArrayLike<number | bigint>, Number);
        expectExactly(got.results[i], { shape: want.results[i].shape, data });
      }
      expect(got.algorithms.some((algorithm) => algorithm.includes("through floats"))).toBe(true);
    }
  });

  test("Transpose, Concat and Slice of bool", () => {
    const x = tensor("bool", [3, 2], [1, 0, 0, 1, 1, 0]);
    const moved = run({ op: "Transpose", inputs: [x] });
    expectExactly(moved.results[0], { shape: [2, 3], data: [1, 0, 1, 0, 1, 0] });
    const joined = run({ op: "Concat", inputs: [x, x], attributes: { axis: 1 } });
    expectExactly(joined.results[0], { shape: [3, 4], data: [1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0] });
    expect([...moved.algorithms, ...joined.algorithms]).not.toContain("host");
  });
});

/** x stored and read, then scaled by a constant 2. */
function pairGraph(shape: readonly number[], readers: { scale: number; zero: number }[], keep = false): Graph {
  const zero = (value: number) => scalar("uint8", value);
  const constants = new Map<string, HostTensor>([
    ["s", scalar("float32", 0.25)],
    ["z", zero(128)],
    ...readers.flatMap((reader, i): [string, HostTensor][] => [
      [`s${i}`, scalar("float32", reader.scale)],
      [`z${i}`, zero(reader.zero)],
    ]),
  ]);
  const outputs = [...readers.map((_, i) => `y${i}`), ...(keep ? ["q"] : [])];
  const node = (op: string, inputs: string[], output: string) => ({
    op,
    name: output,
    inputs,
    outputs: [output],
    attributes: {},
  });
  return {
    name: "pair",
    inputs: [{ name: "x", type: "float32", shape }],
    outputs: outputs.map((name) => ({ name, type: name === "q" ? "uint8" : "float32", shape: undefined })),
    nodes: [
      node("QuantizeLinear", ["x", "s", "z"], "q"),
      ...readers.map((_, i) => node("DequantizeLinear", ["q", `s${i}`, `z${i}`], `d${i}`)),
      ...readers.map((_, i) => node("Abs", [`d${i}`], `y${i}`)),
    ],
    constants,
  };
}

describe("stored only to be read", () => {
  const values = [
    0.1,
    0.12,
    0.125,
    0.375,
    -0.125,
    100,
    -100,
    Infinity,
    -Infinity,
    1e30,
    -0.05,
    31.7,
    31.8,
    -31.9,
    -32.2,
  ];
  const x = tensor("float32", [values.length], values);
  const wanted = numbers(x).map((v) => Math.abs((stored(v, 0.25, 128, "uint8") - 128) * 0.25));

  function operators(graph: Graph): [string[], Record<string, HostTensor>] {
    const model = new Model(graph, MODULE);
    const results = model.runSync({ x });
    const names = model.layers().map(({ operator }) => operator);
    model.dispose();
    return [names, results];
  }

  test("becomes a rounding, shared by readers that agree", () => {
    const [names, { y0, y1 }] = operators(
      pairGraph(x.shape, [
        { scale: 0.25, zero: 128 },
        { scale: 0.25, zero: 128 },
      ]),
    );
    expect(names.filter((name) => name === "lanewise.FakeQuantize")).toHaveLength(1);
    expect(names).not.toContain("QuantizeLinear");
    for (const y of [y0, y1]) expect(numbers(y)).toEqual(wanted);
  });

  test("stays where the reader has another scale or zero point, or someone else reads the numbers", () => {
    for (const graph of [
      pairGraph(x.shape, [{ scale: 0.5, zero: 128 }]),
      pairGraph(x.shape, [{ scale: 0.25, zero: 127 }]),
      pairGraph(x.shape, [{ scale: 0.25, zero: 128 }], true),
    ]) {
      const [names, { y0, q }] = operators(graph);
      expect(names).toEqual(["QuantizeLinear", "DequantizeLinear", "Abs"]);
      if (q) expect(numbers(q)).toEqual(numbers(x).map((v) => stored(v, 0.25, 128, "uint8")));
      else expect(numbers(y0)).not.toEqual(wanted);
      if (q) expect(numbers(y0)).toEqual(wanted);
    }
  });
});
