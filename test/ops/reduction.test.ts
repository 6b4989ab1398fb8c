import fc from "fast-check";
import { expect, test } from "vitest";
import { argMax, argMin, type Reduction, reduce, topK } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";
import { all, one } from "./stored.ts";

const random = new Random(13);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const REDUCTIONS = {
  reduceSum: "sum",
  reduceMean: "mean",
  reduceMax: "max",
  reduceMin: "min",
  reduceProduct: "prod",
  reduceL1: "l1",
  reduceL2: "l2",
  reduceSumSquare: "sumSquare",
  reduceLogSum: "logSum",
  reduceLogSumExp: "logSumExp",
} as const satisfies Record<string, Reduction>;

const METHODS = Object.entries(REDUCTIONS) as [keyof typeof REDUCTIONS, Reduction][];

/** Roundings besides those of the sum: means, roots, logarithms, exponentials. */
const FURTHER = 8;

/** Values of both signs, but for a sum whose logarithm is wanted. */
function values(kind: Reduction, shape: readonly number[]) {
  const x = random.tensor(shape, 1.5);
  return kind === "logSum" ? { shape, data: x.data.map((value) => Math.abs(value) + 0.1) } : x;
}

const SHAPES: [number[], number[][]][] = [
  [[], [[]]],
  [[7], [[0], []]],
  [
    [3, 5],
    [[0], [1], [-1], [0, 1], []],
  ],
  [
    [2, 5, 4],
    [[1], [2], [0, 2], [1, 2]],
  ],
  [
    [2, 5, 3, 4],
    [[0], [1], [2], [3], [2, 3], [3, 2], [1, 2], [1, 3], [0, 2, 3], [1, 2, 3], [0, 1, 2, 3], [-3], []],
  ],
  [
    [1, 17, 1, 9],
    [[1], [2, 3], [1, 2, 3]],
  ],
  [
    [2, 2, 3, 2, 2, 3],
    [
      [0, 2, 4],
      [1, 3, 5],
      [2, 3],
    ],
  ],
  [[600], [[0]]],
];

describeBuilds("reductions", (engine) => {
  test.each(METHODS)("%s over any axes", (method, kind) => {
    for (const [shape, lists] of SHAPES) {
      for (const axes of lists) {
        const x = values(kind, shape);
        for (const keepDimensions of [true, false]) {
          const want = reduce(x, kind, { axes, keepDims: keepDimensions });
          const y = one(engine(), [x], (t) => engine()[method](t, { axes, keepDimensions }));
          expect(y.shape).toEqual(want.shape);
          expectClose(y.data, want, want.terms && want.terms + FURTHER);
        }
      }
    }
  });

  test.each(METHODS)("%s over all axes by default, which do not stay", (method, kind) => {
    const x = values(kind, [2, 5, 3, 4]);
    const want = reduce(x, kind, { keepDims: false });
    const y = one(engine(), [x], (t) => engine()[method](t));
    expect(y.shape).toEqual([]);
    expectClose(y.data, want, want.terms && want.terms + FURTHER);
  });

  test.each(METHODS)("%s of nothing", (method, kind) => {
    const x = { shape: [2, 0, 3], data: new Float32Array(0) };
    for (const axes of [[1], [0, 1], [0], [0, 1, 2]]) {
      const want = reduce(x, kind, { axes, keepDims: false });
      const y = one(engine(), [x], (t) => engine()[method](t, { axes }));
      expect(y.shape).toEqual(want.shape);
      expectExact(y.data, want);
    }
  });

  test.each(METHODS)("%s of NaN and infinities", (method, kind) => {
    const rows = [
      [1, NAN, 2],
      [1, INF, 2],
      [-INF, 1, 2],
      [-INF, -INF, -INF],
      [INF, -INF, 1],
    ];
    const x = { shape: [5, 3], data: Float32Array.from(rows.flat()) };
    const want = reduce(x, kind, { axes: [1], keepDims: false });
    expectClose(one(engine(), [x], (t) => engine()[method](t, { axes: [1] })).data, want, FURTHER);
  });

  test("random shapes and axes", () => {
    const extents = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
    const chosen = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        extents,
        chosen,
        fc.boolean(),
        fc.constantFrom(...METHODS),
        (shape, mask, keepDimensions, [method, kind]) => {
          const axes = shape.map((_, axis) => axis).filter((axis) => mask[axis]);
          const x = values(kind, shape);
          const want = reduce(x, kind, { axes, keepDims: keepDimensions });
          const y = one(engine(), [x], (t) => engine()[method](t, { axes, keepDimensions }));
          expect(y.shape).toEqual(want.shape);
          expectClose(y.data, want, want.terms && want.terms + FURTHER);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("argMax and argMin along every axis, of equal elements the first or the last", () => {
    for (const shape of [[7], [3, 5], [2, 5, 4], [2, 5, 3, 4], [2, 2, 3, 2, 2]]) {
      const data = random.tensor(shape, 3).data.map(Math.round);
      data[1] = NAN;
      const x = { shape, data };
      for (let axis = -shape.length; axis < shape.length; axis++) {
        for (const selectLastIndex of [false, true]) {
          for (const keepDimensions of [false, true]) {
            const options = { axis, keepDims: keepDimensions, selectLastIndex };
            for (const [method, oracle] of [
              ["argMax", argMax],
              ["argMin", argMin],
            ] as const) {
              const want = oracle(x, options);
              const y = one(engine(), [x], (t) => engine()[method](t, axis, { selectLastIndex, keepDimensions }));
              expect(y).toEqual({ shape: want.shape, type: "int32", data: Int32Array.from(want.data) });
            }
          }
        }
      }
    }
    const none = { shape: [0, 3], data: new Float32Array(0) };
    expect(one(engine(), [none], (t) => engine().argMax(t, 1)).shape).toEqual([0]);
  });

  test("topK along every axis", () => {
    for (const shape of [[7], [3, 5], [2, 5, 4], [2, 5, 3, 4]]) {
      const data = random.tensor(shape, 3).data.map(Math.round);
      data[2] = NAN;
      const x = { shape, data };
      for (let axis = -shape.length; axis < shape.length; axis++) {
        const extent = shape.at(axis) as number;
        for (const k of [0, 1, 2, extent]) {
          for (const largest of [true, false]) {
            const want = topK(x, k, axis, largest);
            const [values, indices] = all(engine(), [x], (t) => Object.values(engine().topK(t, k, { axis, largest })));
            expect(values.shape).toEqual(want.values.shape);
            expectExact(values.data, want.values);
            const places = Int32Array.from(want.indices.data);
            expect(indices).toEqual({ shape: want.values.shape, type: "int32", data: places });
          }
        }
      }
    }
    const x = random.tensor([2, 9]);
    const [values] = all(engine(), [x], (t) => Object.values(engine().topK(t, 3)));
    expectExact(values.data, topK(x, 3).values);
  });

  test("what is refused", () => {
    engine().scope(() => {
      const x = upload(engine(), random.tensor([2, 3]));
      const none = engine().tensor([], [2, 0]);
      const integers = engine().tensor(Int32Array.of(1, 2));
      const cases: [() => unknown, string, string][] = [
        [() => engine().reduceSum(integers), "ArgumentError", "reduceSum: x expected float32, got int32"],
        [() => engine().reduceSum(x, { axes: [2] }), "ShapeError", "reduceSum: axis expected an axis of rank 2, got 2"],
        [
          () => engine().reduceSum(x, { axes: [0.5] }),
          "ShapeError",
          "reduceSum: axis expected an axis of rank 2, got 0.5",
        ],
        [
          () => engine().reduceMax(x, { axes: [1, -1] }),
          "ArgumentError",
          "reduceMax: axes expected different axes, got [1, -1]",
        ],
        [
          () => engine().reduceL1(x, { axes: 1 as never }),
          "ArgumentError",
          "reduceL1: axes expected an array of axes, got 1",
        ],
        [
          () => engine().reduceL2(x, { axis: 1 } as never),
          "ArgumentError",
          "reduceL2: option expected axes, keepDimensions, got axis",
        ],
        [() => engine().argMax(x, 2), "ShapeError", "argMax: axis expected an axis of shape [2, 3], got 2"],
        [
          () => engine().argMin(none, 1),
          "ShapeError",
          "argMin: x expected at least one element along axis 1, got [2, 0]",
        ],
        [
          () => engine().argMin(x, 1, { last: true } as never),
          "ArgumentError",
          "argMin: option expected keepDimensions, selectLastIndex, got last",
        ],
        [() => engine().argMax(integers, 0), "ArgumentError", "argMax: x expected float32, got int32"],
        [
          () => engine().topK(x, 4),
          "ArgumentError",
          "topK: k expected an integer from 0 to 3, the extent of the axis, got 4",
        ],
        [() => engine().topK(x, 1, { axis: 2 }), "ShapeError", "topK: axis expected an axis of shape [2, 3], got 2"],
        [
          () => engine().topK(x, 1, { sorted: true } as never),
          "ArgumentError",
          "topK: option expected axis, largest, got sorted",
        ],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) expect(errorOf(body)).toMatchObject({ name, message });
      expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });
});
