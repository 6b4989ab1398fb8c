import fc from "fast-check";
import { expect, test } from "vitest";
import { ZERO } from "../../src/ops/copies.ts";
import { type PadOptions, padMovement } from "../../src/ops/pad.ts";
import { type PadMode, pad } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";
import { one, type Values } from "./stored.ts";

const random = new Random(31);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const MODES: [NonNullable<PadOptions["mode"]>, PadMode][] = [
  ["constant", "constant"],
  ["reflection", "reflect"],
  ["reflect", "reflect"],
  ["edge", "edge"],
  ["replicate", "edge"],
  ["wrap", "wrap"],
  ["circular", "wrap"],
];

const CASES: [number[], number[], number[]][] = [
  [[], [], []],
  [[5], [2], [3]],
  [
    [3, 4],
    [0, 1],
    [2, 0],
  ],
  [
    [2, 5, 4],
    [0, 0, 3],
    [0, 1, 2],
  ],
  [
    [2, 5, 3, 4],
    [0, 0, 1, 2],
    [0, 0, 2, 1],
  ],
  [
    [2, 5, 3, 4],
    [1, 3, 0, 0],
    [0, 1, 0, 2],
  ],
  [
    [1, 3, 2, 2],
    [0, 0, 5, 4],
    [0, 0, 7, 3],
  ],
  [
    [1, 1, 1, 1],
    [0, 2, 2, 2],
    [0, 1, 3, 0],
  ],
  [
    [2, 2, 2, 2, 3],
    [1, 0, 1, 0, 2],
    [0, 1, 0, 1, 1],
  ],
  [
    [2, 5, 3, 4],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
];

describeBuilds("pad", (engine) => {
  const check = (x: Values, before: number[], after: number[], options: PadOptions, mode: PadMode, value = 0) => {
    const want = pad({ shape: x.shape, data: Float64Array.from(x.data, Number) }, [...before, ...after], mode, value);
    const y = one(engine(), [x], (t) => engine().pad(t, before, after, options));
    expect(y.shape).toEqual(want.shape);
    expectExact([...y.data].map(Number), want);
    return y;
  };

  test.each(MODES)("%s, beyond the tensor too", (mode, plain) => {
    for (const [shape, before, after] of CASES) check(random.tensor(shape), before, after, { mode }, plain);
  });

  test.each(["wrap", "reflect", "edge"] as const)("%s, hundreds of times round a small axis", (mode) => {
    const cases: [number[], number[], number[]][] = [
      [
        [2, 3],
        [400, 301],
        [399, 302],
      ],
      [
        [3, 1, 2],
        [50, 10, 51],
        [2, 11, 64],
      ],
      [[4], [1001], [1003]],
    ];
    for (const [shape, before, after] of cases) check(random.tensor(shape), before, after, { mode }, mode);
    for (const [shape, before, after] of cases) {
      const { copies } = padMovement("pad", shape, { before, after, mode, value: ZERO });
      expect(copies.length).toBeLessThanOrEqual(4 ** shape.length);
    }
  });

  test("by a value", () => {
    for (const value of [1.5, -0, INF, -INF, NAN]) {
      for (const [shape, before, after] of CASES) {
        check(random.tensor(shape), before, after, { value }, "constant", value);
      }
    }
    const nothing = { shape: [0, 2], data: new Float32Array(0) };
    check(nothing, [1, 1], [1, 0], { value: 3 }, "constant", 3);
    check(nothing, [0, 1], [0, 1], { mode: "edge" }, "edge");
  });

  test.each(MODES)("other types, %s", (mode, plain) => {
    const shape = [2, 3, 4];
    const numbers = Int32Array.from({ length: 24 }, (_, i) => i + 1);
    for (const data of [numbers, Uint8Array.from(numbers), BigInt64Array.from(numbers, BigInt)]) {
      const y = check({ shape, data }, [1, 2, 0], [0, 1, 3], { mode, value: 7 }, plain, 7);
      expect(y.data.constructor).toBe(data.constructor);
    }
  });

  test("random paddings", () => {
    const axis = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(7), fc.nat(7));
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 5 }), fc.constantFrom(...MODES), (axes, [mode, plain]) => {
        const [shape, before, after] = [0, 1, 2].map((i) =>
          axes.map((each) => (axes.length > 3 ? each[i] % 4 : each[i])),
        );
        const extents = shape.map((extent) => Math.max(1, extent));
        check(random.tensor(extents), before, after, { mode }, plain);
      }),
      { numRuns: 100 },
    );
  });

  test("what is refused", () => {
    engine().scope(() => {
      const x = upload(engine(), random.tensor([2, 3]));
      const none = engine().tensor([], [2, 0]);
      const cases: [() => unknown, string, string][] = [
        [() => engine().pad(x, [1], [1, 1]), "ArgumentError", "beginning expected 2 integers >= 0, got [1]"],
        [() => engine().pad(x, [1, 1], [1, -1]), "ArgumentError", "ending expected 2 integers >= 0, got [1, -1]"],
        [() => engine().pad(x, 1 as never, [1, 1]), "ArgumentError", "beginning expected 2 integers >= 0, got 1"],
        [
          () => engine().pad(x, [1, 1], [1, 1], { mode: "symmetric" as never }),
          "ArgumentError",
          'mode expected "constant", "reflection", "reflect", "edge", "replicate", "wrap" or "circular", got symmetric',
        ],
        [
          () => engine().pad(x, [1, 1], [1, 1], { value: "0" as never }),
          "ArgumentError",
          "value expected a number, got 0",
        ],
        [
          () => engine().pad(x, [1, 1], [1, 1], { constant: 1 } as never),
          "ArgumentError",
          "option expected mode, value, got constant",
        ],
        [
          () => engine().pad(none, [0, 1], [0, 0], { mode: "edge" }),
          "ShapeError",
          "x expected something to repeat along axis 1, got [2, 0]",
        ],
        [() => engine().pad([1] as never, [0], [0]), "ArgumentError", "x expected a Tensor, got [1]"],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) {
        expect(errorOf(body)).toMatchObject({ name, message: `pad: ${message}` });
      }
      expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });
});
