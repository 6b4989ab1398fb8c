import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, type Wanted } from "../support/tolerance.ts";
import { refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260413);
const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.values(size(shape))) };
}

type Triple = readonly [number, number, number];

interface Sliding {
  readonly x: readonly number[];
  readonly kernel: Triple;
  readonly strides?: Triple;
  readonly dilations?: Triple;
  /** Front, top, left, back, bottom, right. */
  readonly pads?: readonly [number, number, number, number, number, number];
  readonly ceil?: boolean;
}

/** For each output place its window: places of the volume, and how many places of it lie in the padded volume. */
function windows({ x, kernel, strides = [1, 1, 1], dilations = [1, 1, 1], pads = [0, 0, 0, 0, 0, 0], ceil }: Sliding) {
  const image = x.slice(2);
  const counts = image.map((extent, i) => {
    const room = extent + pads[i] + pads[i + 3] - dilations[i] * (kernel[i] - 1) - 1;
    if (!ceil) return Math.floor(room / strides[i]) + 1;
    const count = Math.ceil(room / strides[i]) + 1;
    return (count - 1) * strides[i] >= extent + pads[i] ? count - 1 : count;
  });
  const along = image.map((extent, i) =>
    Array.from({ length: counts[i] }, (_, o) => {
      const all = Array.from({ length: kernel[i] }, (_, k) => ({ k, at: o * strides[i] + k * dilations[i] - pads[i] }));
      const padded = all.filter(({ at }) => at < extent + pads[i + 3]).length;
      return { padded, taps: all.filter(({ at }) => at >= 0 && at < extent) };
    }),
  );
  return { counts, along };
}

/** Calls `visit` for every output place with its taps: index in the volume and in the kernel. */
function slide(spec: Sliding, visit: (at: number, taps: [place: number, tap: number][], padded: number) => void): void {
  const { along } = windows(spec);
  const [, , , H, W] = spec.x;
  const [, KH, KW] = spec.kernel;
  let at = 0;
  for (const d of along[0]) {
    for (const h of along[1]) {
      for (const w of along[2]) {
        const taps = d.taps.flatMap((a) =>
          h.taps.flatMap((b) =>
            w.taps.map((c): [number, number] => [(a.at * H + b.at) * W + c.at, (a.k * KH + b.k) * KW + c.k]),
          ),
        );
        visit(at++, taps, d.padded * h.padded * w.padded);
      }
    }
  }
}

function attributesOf({ kernel, strides, dilations, pads, ceil }: Sliding): Record<string, Attribute> {
  const given = { kernel_shape: kernel, strides, dilations, pads, ceil_mode: ceil ? 1 : undefined };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<
    string,
    Attribute
  >;
}

const CASES: [string, Sliding][] = [
  ["one place", { x: [1, 1, 1, 1, 1], kernel: [1, 1, 1] }],
  ["a window of 2", { x: [2, 3, 5, 4, 6], kernel: [2, 2, 2] }],
  ["uneven everything", { x: [1, 5, 6, 7, 5], kernel: [3, 2, 1], strides: [2, 1, 3], pads: [1, 0, 0, 2, 1, 0] }],
  ["dilation", { x: [1, 2, 9, 8, 7], kernel: [2, 3, 2], dilations: [3, 2, 4], pads: [0, 1, 1, 1, 1, 0] }],
  [
    "a last window over the edge",
    { x: [2, 2, 8, 9, 7], kernel: [3, 3, 2], strides: [2, 3, 3], pads: [1, 1, 0, 1, 0, 1], ceil: true },
  ],
];

/** The oracle's value for each window of each image and channel. */
function pooled(spec: Sliding, x: HostTensor, value: (window: number[], padded: number) => [number, number]): Wanted {
  const volume = size(x.shape.slice(2));
  const { counts } = windows(spec);
  const shape = [...x.shape.slice(0, 2), ...counts];
  const data = new Float64Array(size(shape));
  const magnitude = new Float64Array(data.length);
  for (let plane = 0; plane < x.shape[0] * x.shape[1]; plane++) {
    slide(spec, (at, taps, padded) => {
      const window = taps.map(([place]) => x.data[plane * volume + place] as number);
      const i = plane * size(counts) + at;
      [data[i], magnitude[i]] = value(window, padded);
    });
  }
  return { shape, data, magnitude, terms: size(spec.kernel) + 2 };
}

function checkPool(
  op: string,
  spec: Sliding,
  more: Record<string, Attribute>,
  value: Parameters<typeof pooled>[2],
): void {
  const x = floats(...spec.x);
  const want = pooled(spec, x, value);
  const { results } = run({ op, inputs: [x], attributes: { ...attributesOf(spec), ...more } });
  expect(results[0].shape).toEqual(want.shape);
  if (op === "MaxPool") expectExact(results[0].data as Float32Array, want);
  else expectClose(results[0].data as Float32Array, want);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const absolute = (values: number[]) => values.map(Math.abs);

describe("pools of volumes", () => {
  test.each(CASES)("%s", (_, spec) => {
    checkPool("MaxPool", spec, {}, (window) => [Math.max(...window), 0]);
    checkPool("AveragePool", spec, {}, (window) => {
      return [sum(window) / window.length, sum(absolute(window)) / window.length];
    });
    checkPool("AveragePool", spec, { count_include_pad: 1 }, (window, padded) => {
      return [sum(window) / padded, sum(absolute(window)) / padded];
    });
    for (const p of [1, 2]) {
      checkPool("LpPool", spec, { p }, (window) => {
        const norm = sum(window.map((v) => Math.abs(v) ** p)) ** (1 / p);
        return [norm, norm];
      });
    }
  });

  test("auto_pad pads each axis by itself", () => {
    const x = floats(1, 2, 5, 6, 7);
    const spec: Sliding = { x: x.shape, kernel: [3, 2, 2], strides: [2, 2, 1] };
    for (const [rule, pads] of [
      ["SAME_UPPER", [1, 0, 0, 1, 0, 1]],
      ["SAME_LOWER", [1, 0, 1, 1, 0, 0]],
      ["VALID", [0, 0, 0, 0, 0, 0]],
    ] as const) {
      const attributes = { ...attributesOf(spec), auto_pad: rule };
      const { results } = run({ op: "MaxPool", inputs: [x], attributes });
      const want = pooled({ ...spec, pads }, x, (window) => [Math.max(...window), 0]);
      expect(results[0].shape).toEqual(want.shape);
      expectExact(results[0].data as Float32Array, want);
    }
  });

  test("whole volumes, and beyond", () => {
    for (const places of [
      [3, 4, 5],
      [2, 3, 2, 2],
    ]) {
      const x = floats(2, 3, ...places);
      const all = size(places);
      const planes = Array.from({ length: 6 }, (_, i) => Array.from(x.data.subarray(i * all, (i + 1) * all)));
      const shape = [2, 3, ...places.map(() => 1)];
      const most = run({ op: "GlobalMaxPool", inputs: [x] }).results[0];
      expect(most.shape).toEqual(shape);
      expect(Array.from(most.data as Float32Array)).toEqual(planes.map((plane) => Math.max(...plane)));
      const mean = run({ op: "GlobalAveragePool", inputs: [x] }).results[0];
      expect(mean.shape).toEqual(shape);
      const want = {
        data: planes.map((plane) => sum(plane) / all),
        magnitude: planes.map((plane) => sum(absolute(plane)) / all),
      };
      expectClose(mean.data as Float32Array, want, all + 2);
    }
  });

  test("says what does not fit", () => {
    const x = floats(1, 1, 3, 3, 3);
    const attributes = { kernel_shape: [2, 2, 2] };
    expect(refusal({ op: "MaxPool", inputs: [x], attributes, outputs: ["y", "places"] })).toContain(
      "the places of maxima in volumes are not supported",
    );
    expect(refusal({ op: "MaxPool", inputs: [x], attributes: { kernel_shape: [2, 2] } })).toBe(
      'MaxPool "node": kernel_shape expected 3 values, got [2, 2]',
    );
    expect(refusal({ op: "MaxPool", inputs: [x], attributes: { ...attributes, pads: [0, 0] } })).toBe(
      'MaxPool "node": pads expected 6 values, got [0, 0]',
    );
    expect(refusal({ op: "MaxPool", inputs: [x], attributes: { kernel_shape: [4, 2, 2] } })).toBe(
      'MaxPool "node": padded height expected at least 4 for the window, got 3 + 0 + 0',
    );
  });
});

describe("LpPool of any order", () => {
  test.each([3, 4])("p = %i, images and sequences", (p) => {
    const x = floats(1, 3, 6, 5);
    const [spec, attributes] = [
      { x: [1, 3, 1, 6, 5], kernel: [1, 2, 3] as const },
      { kernel_shape: [2, 3], p },
    ];
    const value = (window: number[]): [number, number] => {
      const norm = sum(window.map((v) => Math.abs(v) ** p)) ** (1 / p);
      return [norm, norm];
    };
    const want = pooled(spec, { ...x, shape: spec.x }, value);
    const { results } = run({ op: "LpPool", inputs: [x], attributes });
    expect(results[0].shape).toEqual([1, 3, 5, 3]);
    expectClose(results[0].data as Float32Array, want, 16);
    const row = run({ op: "LpPool", inputs: [{ ...x, shape: [1, 3, 30] }], attributes: { kernel_shape: [4], p } });
    const rows = pooled({ x: [1, 3, 1, 1, 30], kernel: [1, 1, 4] }, { ...x, shape: [1, 3, 1, 1, 30] }, value);
    expectClose(row.results[0].data as Float32Array, rows, 16);
  });

  test("says what does not fit", () => {
    const refused = (p: number) =>
      refusal({ op: "LpPool", inputs: [floats(1, 1, 3, 3)], attributes: { kernel_shape: [2, 2], p } });
    expect(refused(0)).toBe('LpPool "node": p expected 1 or more, got 0');
    expect(refused(1.5)).toBe('LpPool "node": p expected 1 or more, got 1.5');
  });
});

describe("convolutions of volumes", () => {
  test.each([1, 2])("against the definition, %i groups", (group) => {
    for (const [, spec] of CASES) {
      const IC = spec.x[1] * group;
      const OC = 3 * group;
      const x = floats(spec.x[0], IC, ...spec.x.slice(2));
      const w = floats(OC, IC / group, ...spec.kernel);
      const b = floats(OC);
      const { ceil: _, ...rest } = spec;
      const { counts } = windows(rest);
      const shape = [spec.x[0], OC, ...counts];
      const [volume, taps] = [size(x.shape.slice(2)), size(spec.kernel)];
      const data = new Float64Array(size(shape));
      const magnitude = new Float64Array(data.length);
      for (let n = 0; n < spec.x[0]; n++) {
        for (let oc = 0; oc < OC; oc++) {
          const first = Math.floor(oc / 3) * (IC / group);
          slide(rest, (at, seen) => {
            const i = (n * OC + oc) * size(counts) + at;
            data[i] = b.data[oc];
            magnitude[i] = Math.abs(b.data[oc]);
            for (let ic = 0; ic < IC / group; ic++) {
              for (const [place, tap] of seen) {
                const product =
                  x.data[(n * IC + first + ic) * volume + place] * w.data[(oc * (IC / group) + ic) * taps + tap];
                data[i] += product;
                magnitude[i] += Math.abs(product);
              }
            }
          });
        }
      }
      const attributes = { ...attributesOf(rest), group };
      for (const constant of [[], [1, 2]]) {
        const { results } = run({ op: "Conv", inputs: [x, w, b], attributes, constant });
        expect(results[0].shape).toEqual(shape);
        expectClose(results[0].data as Float32Array, { shape, data, magnitude }, (taps * IC) / group);
      }
    }
  });

  test("says what does not fit", () => {
    const inputs = [floats(1, 4, 3, 3, 3), floats(2, 3, 1, 1, 1)];
    expect(refusal({ op: "Conv", inputs })).toBe(
      'Conv "node": filter expected shape [oc, 4, kd, kh, kw] for 4 channels in 1 groups, got [2, 3, 1, 1, 1]',
    );
  });
});

describe("BatchNormalization in training mode", () => {
  test("by its own statistics, which it mixes into the given ones", () => {
    for (const shape of [
      [4, 3, 5, 2],
      [6, 3],
      [2, 3, 7],
    ]) {
      const [x, scale, bias, mean, variance] = [floats(...shape), floats(3), floats(3), floats(3), floats(3)];
      const inner = size(shape.slice(2));
      const values = [0, 1, 2].map((c) => Array.from(x.data).filter((_, i) => Math.floor(i / inner) % 3 === c));
      const own = values.map((list) => sum(list) / list.length);
      const spread = values.map((list, c) => sum(list.map((v) => (v - own[c]) ** 2)) / list.length);
      const attributes = { training_mode: 1, momentum: 0.7, epsilon: 1e-2 };
      const inputs = [x, scale, bias, mean, variance];
      const { results } = run({ op: "BatchNormalization", inputs, attributes, outputs: ["y", "mean", "variance"] });
      const y = Array.from(x.data, (v, i) => {
        const c = Math.floor(i / inner) % 3;
        return ((v - own[c]) / Math.sqrt(spread[c] + 1e-2)) * scale.data[c] + bias.data[c];
      });
      expect(results[0].shape).toEqual(shape);
      expectClose(
        results[0].data as Float32Array,
        { data: y, magnitude: y.map((v) => Math.abs(v) + 4) },
        x.data.length,
      );
      for (const [result, before, now] of [
        [results[1], mean, own],
        [results[2], variance, spread],
      ] as const) {
        const data = now.map((value, c) => 0.7 * before.data[c] + (1 - 0.7) * value);
        expectClose(result.data as Float32Array, { data, magnitude: data.map(() => 2) }, x.data.length);
      }
      const alone = run({ op: "BatchNormalization", inputs, attributes });
      expectExact(alone.results[0].data as Float32Array, { data: Array.from(results[0].data as Float32Array) });
    }
  });

  test("says what it does not do", () => {
    const doubles = Array.from({ length: 5 }, (_, i) => tensor("float64", i ? [1] : [1, 1], [0]));
    expect(refusal({ op: "BatchNormalization", inputs: doubles, attributes: { training_mode: 1 } })).toContain(
      "training mode of float64 is not supported",
    );
  });
});

test("the windows of this file agree with the oracle's for images", () => {
  const x = floats(1, 2, 7, 6);
  const spec: Sliding = { x: [1, 2, 1, 7, 6], kernel: [1, 3, 2], strides: [1, 2, 2], pads: [0, 1, 0, 0, 1, 1] };
  const own = pooled(spec, { ...x, shape: spec.x }, (window) => [Math.max(...window), 0]);
  const want = reference.maxPool2d(x, { window: [3, 2], strides: [2, 2], padding: [1, 0, 1, 1] });
  expect(Array.from(own.data)).toEqual(Array.from(want.data));
});
