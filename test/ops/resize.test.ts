import fc from "fast-check";
import { expect, test } from "vitest";
import type { Resample2dOptions } from "../../src/ops/resample2d.ts";
import { nearestTable } from "../../src/ops/resize-tables.ts";
import { type ResizeOptions, resize } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, permuted, upload } from "./engines.ts";
import { one } from "./stored.ts";

const random = new Random(29);
const { NaN: NAN } = Number;

const MODES = { "nearest-neighbor": "nearest", linear: "linear", cubic: "cubic" } as const;
const COORDINATES = {
  "half-pixel": "half_pixel",
  "half-pixel-symmetric": "half_pixel_symmetric",
  "pytorch-half-pixel": "pytorch_half_pixel",
  "align-corners": "align_corners",
  asymmetric: "asymmetric",
} as const;
const ROUNDINGS = {
  "round-prefer-floor": "round_prefer_floor",
  "round-prefer-ceil": "round_prefer_ceil",
  floor: "floor",
  ceil: "ceil",
} as const;

const keys = <T extends string>(words: Record<T, unknown>) => Object.keys(words) as T[];

/** What the oracle calls the same options; sizes and scales for both axes. */
function oracleOptions({ mode, coordinates, rounding, sizes, scales, ...rest }: Resample2dOptions): ResizeOptions {
  const both = (value: number | readonly number[]) => (typeof value === "number" ? [value, value] : value);
  return {
    mode: MODES[mode ?? "nearest-neighbor"],
    coordinates: COORDINATES[coordinates ?? "half-pixel"],
    nearest: ROUNDINGS[rounding ?? "round-prefer-floor"],
    cubic: rest.cubicCoefficient ?? -0.75,
    excludeOutside: rest.excludeOutside ?? false,
    antialias: rest.antialias ?? false,
    ...(sizes === undefined ? {} : { sizes: both(sizes) }),
    ...(scales === undefined ? {} : { scales: both(scales) }),
  };
}

/** A weight is rounded once, a product and a sum once each for both axes. */
const FURTHER = 6;

const SIZES: [number[], [number, number]][] = [
  [
    [2, 5, 3, 4],
    [6, 8],
  ],
  [
    [1, 3, 7, 5],
    [4, 9],
  ],
  [
    [1, 1, 13, 11],
    [5, 3],
  ],
  [
    [2, 4, 1, 1],
    [3, 2],
  ],
  [
    [1, 17, 4, 6],
    [1, 1],
  ],
  [
    [1, 2, 3, 4],
    [3, 4],
  ],
  [
    [0, 2, 3, 4],
    [5, 5],
  ],
];

describeBuilds("resample2d", (engine) => {
  const check = (x: { shape: number[]; data: Float32Array }, options: Resample2dOptions) => {
    const want = resize(x, oracleOptions(options));
    const y = one(engine(), [x], (t) => engine().resample2d(t, options));
    expect(y.shape).toEqual(want.shape);
    const compare = (data: Float32Array) => {
      if (want.terms === 0) expectExact(data, want);
      else expectClose(data, want, want.terms + FURTHER);
    };
    compare(y.data);
    const last = one(engine(), [permuted(x, [0, 2, 3, 1])], (t) =>
      engine().resample2d(t, { ...options, inputLayout: "nhwc" }),
    );
    compare(permuted(last, [0, 3, 1, 2]).data);
  };

  test.each(keys(COORDINATES))("nearest with every rounding, %s", (coordinates) => {
    for (const rounding of keys(ROUNDINGS)) {
      for (const [shape, sizes] of SIZES) check(random.tensor(shape), { sizes, coordinates, rounding });
    }
  });

  test.each(keys(COORDINATES))("linear and cubic, %s", (coordinates) => {
    for (const mode of ["linear", "cubic"] as const) {
      for (const [shape, sizes] of SIZES) {
        for (const excludeOutside of [false, true]) {
          for (const antialias of [false, true]) {
            check(random.tensor(shape), { sizes, mode, coordinates, excludeOutside, antialias });
          }
        }
      }
    }
  });

  test("by factors", () => {
    const x = random.tensor([1, 3, 10, 7]);
    for (const scales of [2, 0.7, 1, [0.5, 3], [1.5, 0.34]] as (number | [number, number])[]) {
      for (const mode of keys(MODES)) check(x, { scales, mode });
    }
    expect(one(engine(), [x], (t) => engine().resample2d(t, { scales: [0.7, 2] })).shape).toEqual([1, 3, 7, 14]);
    // 28.999999999999996 in float64.
    const line = random.tensor([1, 1, 25, 1]);
    expect(one(engine(), [line], (t) => engine().resample2d(t, { scales: [1.16, 1] })).shape).toEqual([1, 1, 29, 1]);
  });

  test("images of more rows than are blended at once", () => {
    const x = random.tensor([2, 17, 40, 90]);
    check(x, { mode: "linear", sizes: [61, 33] });
    check(x, { mode: "cubic", sizes: [75, 91] });
    check(x, { mode: "linear", sizes: [80, 180], coordinates: "align-corners" });
  });

  test("one size for both axes, and another cubic coefficient", () => {
    check(random.tensor([1, 2, 5, 7]), { sizes: 9, mode: "cubic", cubicCoefficient: -0.5 });
  });

  test("nearest doubles pixels by default", () => {
    const x = { shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const y = one(engine(), [x], (t) => engine().resample2d(t, { scales: 2 }));
    expect([...y.data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  test("a NaN stays where it is looked at", () => {
    const x = { shape: [1, 1, 1, 4], data: Float32Array.of(1, NAN, 2, 4) };
    const y = one(engine(), [x], (t) => engine().resample2d(t, { sizes: [1, 8], mode: "linear" }));
    expect([...y.data]).toEqual([1, NAN, NAN, NAN, NAN, 2.5, 3.5, 4]);
  });

  test("random sizes", () => {
    const extent = fc.integer({ min: 1, max: 9 });
    const options = fc.record({
      mode: fc.constantFrom(...keys(MODES)),
      coordinates: fc.constantFrom(...keys(COORDINATES)),
      antialias: fc.boolean(),
    });
    fc.assert(
      fc.property(extent, extent, extent, extent, extent, options, (C, H, W, OH, OW, rest) => {
        check(random.tensor([1, C, H, W]), { sizes: [OH, OW], ...rest });
      }),
      { numRuns: 80 },
    );
  });

  test("what is refused", () => {
    engine().scope(() => {
      const x = upload(engine(), random.tensor([1, 2, 3, 4]));
      const [none, flat] = [engine().tensor([], [1, 2, 0, 4]), engine().tensor([1, 2])];
      const cases: [() => unknown, string, string][] = [
        [() => engine().resample2d(x, {}), "ArgumentError", "options expected either sizes or scales, got none"],
        [
          () => engine().resample2d(x, undefined as never),
          "ArgumentError",
          "options expected an object with sizes, scales, mode, coordinates, rounding, cubicCoefficient, excludeOutside, antialias, inputLayout, got undefined",
        ],
        [
          () => engine().resample2d(x, { sizes: 2, scales: 2 }),
          "ArgumentError",
          "options expected either sizes or scales, got both",
        ],
        [
          () => engine().resample2d(x, { sizes: 0 }),
          "ArgumentError",
          "sizes expected an integer >= 1 or a pair [height, width] of such, got 0",
        ],
        [
          () => engine().resample2d(x, { scales: [1, -1] }),
          "ArgumentError",
          "scales expected a number > 0 or a pair [height, width] of such, got [1, -1]",
        ],
        [
          () => engine().resample2d(x, { scales: 0.3 }),
          "ShapeError",
          "scales expected to leave something of 3x4, got 0.3",
        ],
        [
          () => engine().resample2d(x, { sizes: 2, mode: "bilinear" as never }),
          "ArgumentError",
          'mode expected "nearest-neighbor", "linear" or "cubic", got bilinear',
        ],
        [
          () => engine().resample2d(x, { sizes: 2, rounding: "up" as never }),
          "ArgumentError",
          'rounding expected "round-prefer-floor", "round-prefer-ceil", "floor" or "ceil", got up',
        ],
        [
          () => engine().resample2d(x, { sizes: 2, coordinates: "half_pixel" as never }),
          "ArgumentError",
          'coordinates expected "half-pixel", "half-pixel-symmetric", "pytorch-half-pixel", "align-corners" or "asymmetric", got half_pixel',
        ],
        [
          () => engine().resample2d(x, { sizes: 2, cubicCoefficient: NAN }),
          "ArgumentError",
          "cubicCoefficient expected a number, got NaN",
        ],
        [() => engine().resample2d(flat, { sizes: 2 }), "ShapeError", "x expected images of rank 4 (nchw), got [2]"],
        [
          () => engine().resample2d(none, { sizes: 2 }),
          "ShapeError",
          "x expected images of at least one channel and one place, got [1, 2, 0, 4]",
        ],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) {
        expect(errorOf(body)).toMatchObject({ name, message: `resample2d: ${message}` });
      }
      expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });
});

test("nearest places by exact fractions, where factors such as 9/7 miss a whole or a half one in float64", () => {
  const floor = (a: number, b: number) => (a - (((a % b) + b) % b)) / b;
  const ceil = (a: number, b: number) => -floor(-a, b);
  // Of a place a / b.
  const roundings = {
    floor,
    ceil,
    round_prefer_floor: (a: number, b: number) => ceil(2 * a - b, 2 * b),
    round_prefer_ceil: (a: number, b: number) => floor(2 * a + b, 2 * b),
  };
  const places = {
    half_pixel: (o: number, I: number, O: number) => [(2 * o + 1) * I - O, 2 * O],
    asymmetric: (o: number, I: number, O: number) => [o * I, O],
    align_corners: (o: number, I: number, O: number) => (O === 1 ? [0, 1] : [o * (I - 1), O - 1]),
  };
  for (let input = 1; input <= 20; input++) {
    for (let output = 1; output <= 20; output++) {
      for (const coordinates of keys(places)) {
        for (const nearest of keys(roundings)) {
          const rules = {
            mode: "nearest",
            coordinates,
            nearest,
            cubic: -0.75,
            excludeOutside: false,
            antialias: false,
          } as const;
          const axis = { axis: 0, output, scale: output / input, start: 0, end: 1 };
          const want = Array.from({ length: output }, (_, o) => {
            const [a, b] = places[coordinates](o, input, output);
            return Math.min(Math.max(roundings[nearest](a, b), 0), input - 1);
          });
          expect([...nearestTable(rules, input, axis)], `${coordinates}, ${nearest}, ${input} to ${output}`).toEqual(
            want,
          );
        }
      }
    }
  }
});
