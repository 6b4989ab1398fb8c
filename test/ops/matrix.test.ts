import fc from "fast-check";
import { expect, test } from "vitest";
import { gemm, logSoftmax, matmul, softmax } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, permuted, upload } from "./engines.ts";
import { one } from "./stored.ts";

const random = new Random(17);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;
const EXTENTS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17];

const PRODUCTS: [number[], number[]][] = [
  ...EXTENTS.flatMap((n): [number[], number[]][] => [
    [
      [3, 5],
      [5, n],
    ],
    [
      [n, 4],
      [4, 6],
    ],
    [
      [6, n],
      [n, 13],
    ],
  ]),
  [[5], [5]],
  [[5], [5, 3]],
  [[2, 5], [5]],
  [[2, 3, 5], [5]],
  [[5], [2, 5, 3]],
  [
    [2, 3, 5],
    [5, 4],
  ],
  [
    [2, 3, 5],
    [2, 5, 4],
  ],
  [
    [3, 5],
    [2, 5, 4],
  ],
  [
    [2, 1, 3, 5],
    [1, 4, 5, 6],
  ],
  [
    [2, 4, 3, 5],
    [2, 4, 5, 6],
  ],
  [
    [2, 4, 3, 5],
    [4, 5, 6],
  ],
  [
    [1, 3, 5],
    [1, 5, 4],
  ],
  [
    [3, 0],
    [0, 4],
  ],
  [
    [0, 3],
    [3, 4],
  ],
  [
    [3, 4],
    [4, 0],
  ],
  [
    [0, 3, 5],
    [0, 5, 4],
  ],
  [
    [0, 3, 5],
    [5, 4],
  ],
];

describeBuilds("products of matrices", (engine) => {
  test("matmul of matrices, batches and vectors", () => {
    for (const [p, q] of PRODUCTS) {
      const [a, b] = [random.tensor(p), random.tensor(q)];
      const want = matmul(a, b);
      const y = one(engine(), [a, b], (s, t) => engine().matmul(s, t));
      expect(y.shape).toEqual(want.shape);
      expectClose(y.data, want);
    }
  });

  test("matmul of matrices that are stored transposed", () => {
    const shapes = PRODUCTS.filter(([p, q]) => p.length >= 2 && q.length >= 2);
    expect(shapes.length).toBeGreaterThan(4);
    for (const [p, q] of shapes) {
      const [a, b] = [random.tensor(p), random.tensor(q)];
      const want = matmul(a, b);
      const [s, t] = [a, b].map((x) => {
        const axes = x.shape.map((_, axis) => axis);
        return permuted(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
      });
      for (const [left, right, options] of [
        [s, b, { aTranspose: true }],
        [a, t, { bTranspose: true, aTranspose: false }],
        [s, t, { aTranspose: true, bTranspose: true }],
      ] as const) {
        const y = one(engine(), [left, right], (u, v) => engine().matmul(u, v, options));
        expect(y.shape).toEqual(want.shape);
        expectClose(y.data, want);
      }
    }
  });

  test("matmul of random batches that broadcast", () => {
    const extent = fc.integer({ min: 1, max: 6 });
    const batch = fc.array(extent, { maxLength: 3 });
    const ones = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(batch, ones, ones, fc.tuple(extent, extent, extent), fc.nat(3), (shape, p, q, [M, K, N], drop) => {
        const stretched = (mask: boolean[]) => shape.map((each, i) => (mask[i] ? 1 : each));
        const a = random.tensor([...stretched(p), M, K]);
        const b = random.tensor([...stretched(q).slice(drop), K, N]);
        const want = matmul(a, b);
        const y = one(engine(), [a, b], (s, t) => engine().matmul(s, t));
        expect(y.shape).toEqual(want.shape);
        expectClose(y.data, want);
      }),
      { numRuns: 80 },
    );
  });

  test("one tensor on both sides", () => {
    const a = random.tensor([2, 4, 4]);
    expectClose(one(engine(), [a], (t) => engine().matmul(t, t)).data, matmul(a, a));
  });

  test("gemm with every combination of options", () => {
    const [M, K, N] = [5, 7, 9];
    for (const aTranspose of [false, true]) {
      for (const bTranspose of [false, true]) {
        const a = random.tensor(aTranspose ? [K, M] : [M, K]);
        const b = random.tensor(bTranspose ? [N, K] : [K, N]);
        for (const shape of [undefined, [], [1], [N], [1, N], [M, 1], [M, N]]) {
          const c = shape && random.tensor(shape);
          for (const [alpha, beta] of [
            [1, 1],
            [0.5, 1],
            [1, -2],
            [-1.5, 0],
          ]) {
            const want = gemm(a, b, { transA: aTranspose, transB: bTranspose, alpha, beta, c });
            const operands = c ? [a, b, c] : [a, b];
            const y = one(engine(), operands, (p, q, r) =>
              engine().gemm(p, q, { aTranspose, bTranspose, alpha, beta, c: r }),
            );
            expect(y.shape).toEqual([M, N]);
            expectClose(y.data, want, want.terms + 1);
          }
        }
      }
    }
  });

  test("gemm of nothing", () => {
    const c = random.tensor([4]);
    const [a, b] = [random.tensor([3, 0]), random.tensor([0, 4])];
    expectExact(one(engine(), [a, b], (p, q) => engine().gemm(p, q)).data, gemm(a, b));
    expectExact(one(engine(), [a, b, c], (p, q, r) => engine().gemm(p, q, { c: r })).data, gemm(a, b, { c }));
    const empty = one(engine(), [random.tensor([0, 3]), random.tensor([3, 4])], (p, q) => engine().gemm(p, q));
    expect(empty.shape).toEqual([0, 4]);
  });

  test("NaN and infinities go through", () => {
    const a = { shape: [2, 3], data: Float32Array.of(1, NAN, 2, INF, 1, 0) };
    const b = { shape: [3, 2], data: Float32Array.of(1, -1, 2, 0, 1, INF) };
    expectExact(one(engine(), [a, b], (p, q) => engine().matmul(p, q)).data, matmul(a, b));
  });

  test.each([
    ["softmax", softmax],
    ["logSoftmax", logSoftmax],
  ] as const)("%s along every axis", (method, oracle) => {
    for (const shape of [[7], [3, 5], [2, 5, 4], [2, 5, 3, 4], [2, 2, 3, 2, 2], [0, 3], [3, 0]]) {
      for (let axis = -shape.length; axis < shape.length; axis++) {
        const x = random.tensor(shape, 8);
        const want = oracle(x, axis);
        const y = one(engine(), [x], (t) => engine()[method](t, axis));
        expect(y.shape).toEqual(shape);
        // 8 for the exponentials, the logarithm and the quotient.
        expectClose(y.data, want, 8 + (shape.at(axis) as number));
      }
    }
    const x = random.tensor([3, 5]);
    expectClose(one(engine(), [x], (t) => engine()[method](t)).data, oracle(x, -1), 13);
    const special = { shape: [3, 2], data: Float32Array.of(1, NAN, INF, 1, -INF, 0) };
    const y = one(engine(), [special], (t) => engine()[method](t)).data;
    expect([...y.subarray(0, 4)]).toEqual([NAN, NAN, NAN, NAN]);
    expect([...y.subarray(4)]).toEqual(method === "softmax" ? [0, 1] : [-INF, 0]);
  });

  test("what is refused", () => {
    engine().scope(() => {
      const of = (...shape: number[]) => upload(engine(), random.tensor(shape));
      const [m23, m34, v3, scalar] = [of(2, 3), of(3, 4), of(3), of()];
      const batches = [of(2, 2, 3), of(3, 3, 2)];
      const integers = engine().tensor(Int32Array.of(1, 2, 3));
      const cases: [() => unknown, string, string][] = [
        [
          () => engine().matmul(m23, m23),
          "ShapeError",
          "matmul: b expected 3 rows, as many as a has columns, got [2, 3] and [2, 3]",
        ],
        [
          () => engine().matmul(scalar, m23),
          "ShapeError",
          "matmul: a and b expected vectors, matrices or batches of matrices, got [] and [2, 3]",
        ],
        [
          () => engine().matmul(batches[0], batches[1]),
          "ShapeError",
          "matmul: a and b expected batches that broadcast, got [2, 2, 3] and [3, 3, 2]",
        ],
        [
          () => engine().matmul(m23, v3, { bTranspose: true }),
          "ShapeError",
          "matmul: b expected matrices to transpose, got [3]",
        ],
        [
          () => engine().matmul(m23, m23, { aTranspose: true, bTranspose: true }),
          "ShapeError",
          "matmul: b expected 2 rows, as many as a has columns, got [3, 2] and [3, 2]",
        ],
        [() => engine().matmul(m23, integers), "ArgumentError", "matmul: b expected float32, got int32"],
        [
          () => engine().matmul(m23, m34, { alpha: 1 } as never),
          "ArgumentError",
          "matmul: option expected aTranspose, bTranspose, activation, got alpha",
        ],
        [() => engine().gemm(v3, m34), "ShapeError", "gemm: a expected a matrix of rank 2, got [3]"],
        [() => engine().gemm(m23, v3), "ShapeError", "gemm: b expected a matrix of rank 2, got [3]"],
        [() => engine().gemm(m23, m23), "ShapeError", "gemm: b expected shape [3, n], got [2, 3]"],
        [
          () => engine().gemm(m23, m34, { bTranspose: true }),
          "ShapeError",
          "gemm: b expected shape [n, 3], got [3, 4]",
        ],
        [
          () => engine().gemm(m23, m34, { c: v3 }),
          "ShapeError",
          "gemm: c expected a shape that broadcasts to [2, 4], got [3]",
        ],
        [() => engine().gemm(m23, m34, { c: integers }), "ArgumentError", "gemm: c expected float32, got int32"],
        [() => engine().gemm(m23, m34, { alpha: NAN }), "ArgumentError", "gemm: alpha expected a number, got NaN"],
        [() => engine().gemm(m23, m34, { beta: "1" as never }), "ArgumentError", "gemm: beta expected a number, got 1"],
        [
          () => engine().gemm(m23, m34, { transA: true } as never),
          "ArgumentError",
          "gemm: option expected c, alpha, beta, aTranspose, bTranspose, activation, got transA",
        ],
        [() => engine().softmax(m23, 2), "ShapeError", "softmax: axis expected an axis of shape [2, 3], got 2"],
        [() => engine().logSoftmax(scalar), "ShapeError", "logSoftmax: axis expected an axis of shape [], got -1"],
        [() => engine().softmax(integers), "ArgumentError", "softmax: x expected float32, got int32"],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) expect(errorOf(body)).toMatchObject({ name, message });
      expect(engine().memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });
  });
});
