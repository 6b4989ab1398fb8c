import { expect, test } from "vitest";
import type { Tensor } from "../../src/tensor.ts";
import { batchNorm, groupNorm, instanceNorm, layerNorm, lrn, type Plain } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose } from "../support/tolerance.ts";
import { describeBuilds, errorOf, permuted, upload } from "./engines.ts";
import { one } from "./stored.ts";

const random = new Random(19);
const { NaN: NAN } = Number;

/** Roundings besides those of the sums. */
const FURTHER = 8;

const ones = (C: number): Plain => ({ shape: [C], data: new Float32Array(C).fill(1) });
const zeros = (C: number): Plain => ({ shape: [C], data: new Float32Array(C) });
const positive = (C: number) => ({ shape: [C], data: random.values(C).map((value) => Math.abs(value) + 0.2) });

/** The axes of [N, C, ...] with the channels last, and back. */
const toLast = (rank: number) => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
const toFirst = (rank: number) => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];

const IMAGES = [
  [2, 5, 3, 4],
  [1, 17, 5, 3],
  [3, 6, 1, 1],
  [2, 4, 7],
  [1, 2, 3, 2, 2],
  [0, 4, 3, 3],
];

describeBuilds("normalisations", (engine) => {
  test("batchNormalization with and without scale and bias", () => {
    for (const shape of [...IMAGES, [3, 7], [2, 0, 3, 4]]) {
      const C = shape[1];
      const x = random.tensor(shape, 2);
      const [mean, variance, scale, bias] = [random.tensor([C]), positive(C), random.tensor([C]), random.tensor([C])];
      for (const epsilon of [undefined, 0, 0.125]) {
        const want = batchNorm(x, scale, bias, mean, variance, epsilon);
        const y = one(engine(), [x, mean, variance, scale, bias], (t, m, v, s, b) =>
          engine().batchNormalization(t, m, v, { scale: s, bias: b, epsilon }),
        );
        expect(y.shape).toEqual(shape);
        expectClose(y.data, want);
        const bare = one(engine(), [x, mean, variance], (t, m, v) => engine().batchNormalization(t, m, v, { epsilon }));
        expectClose(bare.data, batchNorm(x, ones(C), zeros(C), mean, variance, epsilon));
      }
      const scaled = one(engine(), [x, mean, variance, scale], (t, m, v, s) =>
        engine().batchNormalization(t, m, v, { scale: s }),
      );
      expectClose(scaled.data, batchNorm(x, scale, zeros(C), mean, variance));
    }
  });

  test("batchNormalization along another axis", () => {
    const x = random.tensor([2, 5, 3, 4], 2);
    for (const axis of [0, 2, 3, -1]) {
      const at = axis < 0 ? axis + 4 : axis;
      const C = x.shape[at];
      const [mean, variance] = [random.tensor([C]), positive(C)];
      // The oracle wants the channels second.
      const order = [...[0, 1, 2, 3].filter((each) => each !== at).slice(0, 1), at];
      const permutation = [...order, ...[0, 1, 2, 3].filter((each) => !order.includes(each))];
      const want = batchNorm(permuted(x, permutation), ones(C), zeros(C), mean, variance);
      const y = one(engine(), [x, mean, variance], (t, m, v) => engine().batchNormalization(t, m, v, { axis }));
      expectClose(permuted({ shape: y.shape, data: y.data }, permutation).data, want);
    }
  });

  test("instanceNormalization in both layouts, with and without scale and bias", () => {
    for (const shape of IMAGES) {
      const C = shape[1];
      const [x, scale, bias] = [random.tensor(shape, 2), random.tensor([C]), random.tensor([C])];
      const want = instanceNorm(x, scale, bias);
      const y = one(engine(), [x, scale, bias], (t, s, b) => engine().instanceNormalization(t, { scale: s, bias: b }));
      expect(y.shape).toEqual(shape);
      expectClose(y.data, want, want.terms + FURTHER);
      const last = permuted(x, toLast(shape.length));
      const z = one(engine(), [last, scale, bias], (t, s, b) =>
        engine().instanceNormalization(t, { scale: s, bias: b, inputLayout: "nhwc" }),
      );
      expectClose(permuted(z, toFirst(shape.length)).data, want, want.terms + FURTHER);
      const bare = instanceNorm(x, ones(C), zeros(C), 0.5);
      expectClose(
        one(engine(), [x], (t) => engine().instanceNormalization(t, { epsilon: 0.5 })).data,
        bare,
        bare.terms + FURTHER,
      );
      const biased = instanceNorm(x, ones(C), bias);
      expectClose(
        one(engine(), [x, bias], (t, b) => engine().instanceNormalization(t, { bias: b })).data,
        biased,
        biased.terms + FURTHER,
      );
    }
  });

  test("groupNormalization in both layouts", () => {
    for (const [shape, groups] of [
      [[2, 6, 3, 4], 3],
      [[2, 6, 3, 4], 1],
      [[2, 6, 3, 4], 6],
      [[1, 32, 5, 3], 8],
      [[2, 4, 7], 2],
      [[0, 4, 3, 3], 2],
    ] as [number[], number][]) {
      const C = shape[1];
      const [x, scale, bias] = [random.tensor(shape, 2), random.tensor([C]), random.tensor([C])];
      const want = groupNorm(x, groups, scale, bias);
      engine().scope(() => {
        const [t, s, b] = [x, scale, bias].map((each) => upload(engine(), each));
        // The order of additions follows the storage here, so that the bits may differ.
        for (const images of [t, shape.length === 4 && shape[0] ? engine().maxPool2d(t, { windowDimensions: 1 }) : t]) {
          const y = engine().groupNormalization(images, groups, { scale: s, bias: b });
          expect(y.shape).toEqual(shape);
          expectClose(y.data as Float32Array, want, want.terms + FURTHER);
        }
        const last = upload(engine(), permuted(x, toLast(shape.length)));
        const z = engine().groupNormalization(last, groups, { scale: s, bias: b, inputLayout: "nhwc" });
        const back = permuted({ shape: z.shape, data: z.data as Float32Array }, toFirst(shape.length));
        expectClose(back.data, want, want.terms + FURTHER);
      });
    }
  });

  test("layerNormalization over trailing axes", () => {
    for (const [shape, axis] of [
      [[7], 0],
      [[3, 5], 1],
      [[2, 5, 3, 4], 1],
      [[2, 5, 3, 4], 2],
      [[2, 5, 3, 4], 3],
      [[0, 4], 1],
    ] as [number[], number][]) {
      const axes = shape.map((_, each) => each).slice(axis);
      const extents = shape.slice(axis);
      const [x, scale, bias] = [random.tensor(shape, 2), random.tensor(extents), random.tensor(extents)];
      const want = layerNorm(x, scale, bias, axis);
      const y = one(engine(), [x, scale, bias], (t, s, b) =>
        engine().layerNormalization(t, { axes, scale: s, bias: b }),
      );
      expect(y.shape).toEqual(shape);
      expectClose(y.data, want, want.terms + FURTHER);
      const bare = layerNorm(x, ones(want.data.length), undefined, axis, 0.25);
      const z = one(engine(), [x], (t) => engine().layerNormalization(t, { axes, epsilon: 0.25 }));
      expectClose(z.data, bare, bare.terms + FURTHER);
    }
    const x = random.tensor([2, 5, 3]);
    const want = layerNorm(x, ones(15), undefined, 1);
    expectClose(one(engine(), [x], (t) => engine().layerNormalization(t)).data, want, want.terms + FURTHER);
  });

  test("layerNormalization over axes that are no neighbours", () => {
    const [x, scale, bias] = [random.tensor([2, 5, 3, 4], 2), random.tensor([5, 4]), random.tensor([5, 4])];
    const want = layerNorm(permuted(x, [0, 2, 1, 3]), scale, bias, 2);
    for (const axes of [
      [1, 3],
      [3, 1],
      [-1, 1],
    ]) {
      const y = one(engine(), [x, scale, bias], (t, s, b) =>
        engine().layerNormalization(t, { axes, scale: s, bias: b }),
      );
      expectClose(permuted(y, [0, 2, 1, 3]).data, want, want.terms + FURTHER);
    }
  });

  test("localResponseNormalization in both layouts", () => {
    for (const shape of [
      [2, 5, 3, 4],
      [1, 1, 2, 2],
      [1, 17, 3, 2],
      [0, 3, 2, 2],
    ]) {
      for (const size of [1, 2, 3, 5, 20]) {
        for (const options of [{}, { alpha: 0.5, beta: 0.5, bias: 2 }]) {
          const x = random.tensor(shape, 3);
          const want = lrn(x, size, options.alpha, options.beta, options.bias);
          const y = one(engine(), [x], (t) => engine().localResponseNormalization(t, size, options));
          expect(y.shape).toEqual(shape);
          expectClose(y.data, want, want.terms + FURTHER);
          const last = permuted(x, [0, 2, 3, 1]);
          const z = one(engine(), [last], (t) =>
            engine().localResponseNormalization(t, size, { ...options, inputLayout: "nhwc" }),
          );
          expectClose(permuted(z, [0, 3, 1, 2]).data, want, want.terms + FURTHER);
        }
      }
    }
  });

  test("a NaN stays within its own statistics", () => {
    const x = random.tensor([2, 4, 3, 3]);
    x.data[0] = NAN;
    const isNaNs = (data: Float32Array) => [...data].map((value) => Number.isNaN(value));
    const upTo = (count: number) => Array.from({ length: 72 }, (_, i) => i < count);
    const results = engine().scope(() => {
      const t = upload(engine(), x);
      const made = [
        engine().instanceNormalization(t),
        engine().groupNormalization(t, 1),
        engine().layerNormalization(t),
      ];
      return made.map(({ data }) => isNaNs(data as Float32Array));
    });
    expect(results).toEqual([upTo(9), upTo(36), upTo(36)]);
  });

  test("what is refused", () => {
    engine().scope(() => {
      const of = (...shape: number[]) => upload(engine(), random.tensor(shape));
      const [x, c, d, m] = [of(2, 4, 3, 3), of(4), of(3), of(2, 3)];
      const integers = engine().tensor(Int32Array.of(1, 2, 3, 4));
      const cases: [() => unknown, string, string][] = [
        [() => engine().batchNormalization(x, d, c), "ShapeError", "mean expected shape [4], got [3]"],
        [() => engine().batchNormalization(x, c, d), "ShapeError", "variance expected shape [4], got [3]"],
        [() => engine().batchNormalization(x, c, integers), "ArgumentError", "variance expected float32, got int32"],
        [
          () => engine().batchNormalization(x, c, undefined as never),
          "ArgumentError",
          "variance expected a Tensor, got undefined",
        ],
        [() => engine().batchNormalization(x, c, c, { scale: d }), "ShapeError", "scale expected shape [4], got [3]"],
        [() => engine().batchNormalization(x, c, c, { bias: d }), "ShapeError", "bias expected shape [4], got [3]"],
        [
          () => engine().batchNormalization(x, c, c, { epsilon: -1 }),
          "ArgumentError",
          "epsilon expected a number of at least 0, got -1",
        ],
        [
          () => engine().batchNormalization(x, c, c, { axis: 4 }),
          "ShapeError",
          "axis expected an axis of shape [2, 4, 3, 3], got 4",
        ],
        [
          () => engine().batchNormalization(x, c, c, { training: true } as never),
          "ArgumentError",
          "option expected scale, bias, epsilon, axis, activation, got training",
        ],
        [() => engine().instanceNormalization(m), "ShapeError", "x expected images of rank 3 or more, got [2, 3]"],
        [() => engine().instanceNormalization(x, { scale: d }), "ShapeError", "scale expected shape [4], got [3]"],
        [
          () => engine().instanceNormalization(x, { inputLayout: "chwn" as never }),
          "ArgumentError",
          'inputLayout expected "nchw" or "nhwc", got chwn',
        ],
        [
          () => engine().groupNormalization(x, 3),
          "ArgumentError",
          "groups expected a divisor of the 4 channels, got 3",
        ],
        [
          () => engine().groupNormalization(x, 0),
          "ArgumentError",
          "groups expected a divisor of the 4 channels, got 0",
        ],
        [
          () => engine().layerNormalization(x, { axes: [1], bias: d }),
          "ShapeError",
          "bias expected shape [4], got [3]",
        ],
        [() => engine().layerNormalization(x, { axes: [9] }), "ShapeError", "axis expected an axis of rank 4, got 9"],
        [
          () => engine().layerNormalization(x, { epsilon: NAN }),
          "ArgumentError",
          "epsilon expected a number of at least 0, got NaN",
        ],
        [
          () => engine().localResponseNormalization(x, 0),
          "ArgumentError",
          "size expected an integer of at least 1, got 0",
        ],
        [
          () => engine().localResponseNormalization(x, 3, { alpha: NAN }),
          "ArgumentError",
          "alpha expected a number, got NaN",
        ],
        [
          () => engine().localResponseNormalization(m, 3),
          "ShapeError",
          "x expected images of rank 4 (nchw), got [2, 3]",
        ],
        [
          () => engine().localResponseNormalization(x, 3, { k: 1 } as never),
          "ArgumentError",
          "option expected alpha, beta, bias, inputLayout, got k",
        ],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) {
        const error = errorOf(body);
        expect(error.name).toBe(name);
        expect(error.message.replace(/^\w+Normalization: /, "")).toBe(message);
      }
      expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });

  test("statistics may be one tensor with scale and bias", () => {
    const [x, c] = [random.tensor([2, 4, 3, 3]), positive(4)];
    const same = (t: Tensor, s: Tensor) => engine().batchNormalization(t, s, s, { scale: s, bias: s });
    expectClose(one(engine(), [x, c], same).data, batchNorm(x, c, c, c, c));
  });
});
