import { afterAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import type { AveragePool2dOptions } from "../../src/ops/pool2d.ts";
import type { Tensor } from "../../src/tensor.ts";
import { compute, upload } from "../ops/engines.ts";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  lpPool2d,
  maxPool2d,
  type Plain,
  type Reference,
} from "../reference.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { agree, allByModel, allByOnnxRuntime, byModel, byOnnxRuntime, draws, oneNode, type Values } from "./onnx.ts";

const COUNT = draws(500);
const engine = await createEngine({ wasm: compileBuild("release") });
afterAll(() => engine.dispose());

interface Draw {
  shape: number[];
  window: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** [top, bottom, left, right] */
  padding: [number, number, number, number];
  ceil: boolean;
  countIncludePad: boolean;
}

/** A pool that ONNX can express. onnxruntime wants paddings smaller than the window, as all frameworks do. */
function draw(random: Random): Draw {
  const two = (low: number, high: number) => [random.integer(low, high), random.integer(low, high)] as const;
  const [window, strides, dilations] = [two(1, 4), two(1, 4), two(1, 3)];
  const side = (axis: number) => random.integer(0, window[axis] - 1);
  const padding: Draw["padding"] = [side(0), side(0), side(1), side(1)];
  const ceil = random.integer(0, 2) === 0;
  const least = [0, 1].map(
    (axis) => dilations[axis] * (window[axis] - 1) + 1 - padding[2 * axis] - padding[2 * axis + 1],
  );
  const size = least.map((extent) => Math.max(random.integer(1, 9), extent));
  return {
    ...{ shape: [random.integer(1, 2), random.integer(1, 9), ...size], window, strides, dilations, padding, ceil },
    ...{ countIncludePad: random.integer(0, 1) === 1 },
  };
}

interface Pool {
  /** ONNX's. */
  name: string;
  /** What is special about it. */
  kind?: string;
  oracle(x: Plain, c: Draw): Reference;
  attributes?(c: Draw): Record<string, number>;
  engine?(x: Tensor, options: AveragePool2dOptions, c: Draw): Tensor | undefined;
  /** Roundings beyond those of the sum. */
  extra: number;
}

const sides = ([top, bottom, left, right]: Draw["padding"]) => [top, left, bottom, right];
const options = (c: Draw) => ({ ...c, padding: sides(c.padding), ceilMode: c.ceil });

const POOLS: Pool[] = [
  {
    name: "MaxPool",
    oracle: (x, c) => maxPool2d(x, options(c)),
    engine: (x, o) => engine.maxPool2d(x, o),
    extra: 0,
  },
  {
    name: "AveragePool",
    oracle: (x, c) => averagePool2d(x, options(c)),
    attributes: (c) => ({ count_include_pad: c.countIncludePad ? 1 : 0 }),
    engine: (x, o, c) => engine.averagePool2d(x, { ...o, countIncludePad: c.countIncludePad }),
    extra: 1,
  },
  ...[1, 2].map(
    (p): Pool => ({
      ...{ name: "LpPool", kind: ` of p = ${p}` },
      oracle: (x, c) => lpPool2d(x, { ...options(c), p }),
      attributes: () => ({ p }),
      // The engine has L2 alone.
      engine: (x, o) => (p === 2 ? engine.l2Pool2d(x, o) : undefined),
      extra: 1,
    }),
  ),
];

/** The maximum of no places: onnxruntime takes the least float for it, PyTorch and lanewise -Infinity. */
function withInfinities({ shape, data }: Values): Values {
  return { shape, data: data.map((v) => (v === -(2 ** 128 - 2 ** 104) ? Number.NEGATIVE_INFINITY : v)) };
}

async function check(c: unknown, x: Values, model: Uint8Array, want: Reference, terms: number, direct?: Values) {
  const results: Record<string, Values> = {
    "onnxruntime-web": withInfinities(await byOnnxRuntime(model, [x])),
    model: await byModel(model, [x]),
  };
  if (direct) results["engine"] = direct;
  agree(c, want, results, terms);
  expect(engine.memory.tensors).toBe(0);
}

test.each(POOLS.map((pool) => ({ ...pool, title: pool.name + (pool.kind ?? "") })))(
  `${COUNT} times $title agrees with onnxruntime-web`,
  async (pool) => {
    const random = new Random(pool.name.length);
    for (let i = 0; i < COUNT; i++) {
      const c = draw(random);
      const x = random.tensor(c.shape);
      const { window, strides, dilations, padding, ceil } = c;
      const geometry = { kernel_shape: window, strides, dilations, pads: sides(padding), ceil_mode: ceil ? 1 : 0 };
      const model = oneNode(pool.name, [x], { ...geometry, ...pool.attributes?.(c) });
      const rounding: "ceil" | "floor" = ceil ? "ceil" : "floor";
      const given = { windowDimensions: window, strides, dilations, padding, outputShapeRounding: rounding };
      const want = pool.oracle(x, c);
      let missing = false;
      const direct = compute(engine, [x], (image) => {
        const y = pool.engine?.(image, given, c);
        missing = !y;
        return y ?? image;
      });
      const values = { shape: direct.shape, data: direct.data as Float32Array };
      await check(c, x, model, want, want.terms + pool.extra, missing ? undefined : values);
    }
  },
  60 * COUNT + 60_000,
);

/** The same draw of sequences: the columns alone. */
test.each(POOLS.slice(0, 2))(
  `${COUNT} times $name of sequences agrees with onnxruntime-web`,
  async (pool) => {
    const random = new Random(7 + pool.name.length);
    for (let i = 0; i < COUNT; i++) {
      const drawn = draw(random);
      const [N, C, , W] = drawn.shape;
      const { window, strides, dilations, padding, ceil, countIncludePad } = drawn;
      const c: Draw = {
        ...{ ...drawn, shape: [N, C, 1, W], window: [1, window[1]], strides: [1, strides[1]] },
        ...{ dilations: [1, dilations[1]], padding: [0, 0, padding[2], padding[3]] },
      };
      const x = random.tensor([N, C, W]);
      const geometry = { kernel_shape: [window[1]], strides: [strides[1]], dilations: [dilations[1]] };
      const rest = { pads: padding.slice(2), ceil_mode: ceil ? 1 : 0, ...pool.attributes?.(c) };
      const image = pool.oracle({ shape: c.shape, data: x.data }, c);
      const want = { ...image, shape: [image.shape[0], image.shape[1], image.shape[3]] };
      const rounding: "ceil" | "floor" = ceil ? "ceil" : "floor";
      const given = {
        ...{ windowDimensions: window[1], strides: strides[1], dilations: dilations[1] },
        ...{ padding: [padding[2], padding[3]] as const, outputShapeRounding: rounding },
      };
      const y = compute(engine, [x], (t) =>
        pool.name === "MaxPool" ? engine.maxPool1d(t, given) : engine.averagePool1d(t, { ...given, countIncludePad }),
      );
      const model = oneNode(pool.name, [x], { ...geometry, ...rest });
      await check(c, x, model, want, want.terms + pool.extra, { shape: y.shape, data: y.data as Float32Array });
    }
  },
  60 * COUNT + 60_000,
);

test(
  `${COUNT} times MaxPool with its indices agrees with onnxruntime-web`,
  async () => {
    const random = new Random(77);
    let places = 0;
    for (let i = 0; i < COUNT; i++) {
      const c = draw(random);
      const x = random.tensor(c.shape);
      const { window, strides, dilations, padding, ceil } = c;
      const want = maxPool2d(x, options(c));
      // onnxruntime names a place where the window has none.
      if (want.indices.includes(-1)) continue;
      const geometry = { kernel_shape: window, strides, dilations, pads: sides(padding), ceil_mode: ceil ? 1 : 0 };
      const model = oneNode("MaxPool", [x], geometry, ["float32", "int64"]);
      const exactly = (data: Float64Array): Reference => ({ ...want, data, magnitude: data });
      for (const both of [await allByOnnxRuntime(model, [x]), await allByModel(model, [x])]) {
        agree(c, want, { values: both[0] });
        agree(c, exactly(want.indices), { indices: both[1] }, 0);
      }
      engine.scope(() => {
        const rounding: "ceil" | "floor" = ceil ? "ceil" : "floor";
        const given = { windowDimensions: window, strides, dilations, padding, outputShapeRounding: rounding };
        const { values, indices } = engine.maxPool2dWithIndices(upload(engine, x), given);
        agree(c, want, { engine: { shape: values.shape, data: values.data as Float32Array } });
        expect(Array.from(indices.data, Number)).toEqual(Array.from(want.planeIndices));
      });
      places += want.data.length;
    }
    expect(places).toBeGreaterThan(20 * COUNT);
  },
  60 * COUNT + 60_000,
);

test(`${COUNT} times adaptive pools agree with the reference`, () => {
  const random = new Random(99);
  for (let i = 0; i < COUNT; i++) {
    const shape = [random.integer(1, 2), random.integer(1, 9), random.integer(1, 13), random.integer(1, 13)];
    const size: [number, number] = [random.integer(1, 15), random.integer(1, 15)];
    const x = random.tensor(shape);
    const [mean, most] = [adaptiveAveragePool2d(x, size), adaptiveMaxPool2d(x, size)];
    for (const [want, run, extra] of [
      [mean, (t: Tensor) => engine.adaptiveAveragePool2d(t, size), 1],
      [most, (t: Tensor) => engine.adaptiveMaxPool2d(t, size), 0],
    ] as const) {
      const y = compute(engine, [x], run);
      agree({ shape, size }, want, { engine: { shape: y.shape, data: y.data as Float32Array } }, want.terms + extra);
    }
  }
});

test.each([
  ["GlobalMaxPool", (x: Plain) => globalMaxPool(x), (x: Tensor) => engine.maxPool2d(x)],
  ["GlobalAveragePool", (x: Plain) => globalAveragePool(x), (x: Tensor) => engine.averagePool2d(x)],
  ["GlobalLpPool", (x: Plain) => globalLpPool(x), (x: Tensor) => engine.l2Pool2d(x)],
] as const)(
  `${COUNT} times %s agrees with onnxruntime-web`,
  async (name, oracle, run) => {
    const random = new Random(name.length);
    for (let i = 0; i < COUNT; i++) {
      const shape = [random.integer(1, 3), random.integer(1, 17), random.integer(1, 13), random.integer(1, 13)];
      const x = random.tensor(shape);
      const direct = compute(engine, [x], run);
      const want = oracle(x);
      const values = { shape: direct.shape, data: direct.data as Float32Array };
      await check(shape, x, oneNode(name, [x], {}), want, want.terms + 1, values);
    }
  },
  60 * COUNT + 60_000,
);
