import { describe, expect, test } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import type { Attribute, Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { gemm, matmul, scalar, through } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact } from "../support/tolerance.ts";
import { MODULE, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260406);

type Float = HostTensor & { data: Float32Array<ArrayBuffer> };

function floats(shape: readonly number[], scale = 1): Float {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape, scale).data) };
}

/** With all operands fed, with the weights constant, and all constant (on the host). */
const VARIANTS = [[], [1], [1, 2], "all"] as const;

function inAllWays(spec: NodeSpec, check: (y: HostTensor) => void): void {
  for (const constant of VARIANTS) {
    const { results, algorithms } = run({ ...spec, constant });
    check(results[0]);
    expect(algorithms).not.toContain("host");
  }
}

const SIZES: readonly [M: number, K: number, N: number][] = [
  [1, 1, 1],
  [1, 17, 13],
  [5, 8, 12],
  [7, 3, 25],
  [64, 10, 1],
  [13, 1, 9],
];

describe("Gemm", () => {
  test.each(SIZES)("of %i x %i x %i, both orders of each", (M, K, N) => {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        const a = floats(transA ? [K, M] : [M, K]);
        const b = floats(transB ? [N, K] : [K, N]);
        const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0 };
        const want = gemm(a, b, { transA, transB });
        inAllWays({ op: "Gemm", inputs: [a, b], attributes }, (y) => {
          expect(y.shape).toEqual([M, N]);
          expectClose(y.data as Float32Array, want);
        });
      }
    }
  });

  test.each([[[5]], [[1, 5]], [[7, 1]], [[7, 5]], [[]], [[1]], [[1, 1]]])("plus c of shape %j", (shape) => {
    const [a, b, c] = [floats([7, 4]), floats([4, 5]), floats(shape)];
    for (const [alpha, beta] of [
      [1, 1],
      [0.5, 1],
      [1, -2],
      [0.25, 0.75],
    ]) {
      const want = gemm(a, b, { alpha, beta, c });
      inAllWays({ op: "Gemm", inputs: [a, b, c], attributes: { alpha, beta } }, (y) =>
        expectClose(y.data as Float32Array, want, want.terms + 1),
      );
    }
  });

  test("all at once", () => {
    const [a, b, c] = [floats([4, 7]), floats([5, 4]), floats([7, 1])];
    const options = { transA: true, transB: true, alpha: 0.25, beta: 0.5 };
    const want = gemm(a, b, { ...options, c });
    const attributes = { ...options, transA: 1, transB: 1 };
    inAllWays({ op: "Gemm", inputs: [a, b, c], attributes }, (y) =>
      expectClose(y.data as Float32Array, want, want.terms + 1),
    );
  });

  test("of no rows, no columns, no terms", () => {
    for (const [M, K, N] of [
      [0, 3, 2],
      [2, 3, 0],
      [2, 0, 3],
    ]) {
      const c = floats([N]);
      inAllWays({ op: "Gemm", inputs: [floats([M, K]), floats([K, N]), c] }, (y) => {
        expect(y.shape).toEqual([M, N]);
        expectExact(y.data as Float32Array, gemm(floats([M, K]), floats([K, N]), { c }));
      });
    }
  });

  test.each<DataType>(["float64", "int32", "int64", "uint8"])("of %s, on the host", (type) => {
    const inputs = [tensor(type, [2, 2], [1, 2, 3, 4]), tensor(type, [2, 2], [5, 6, 7, 8]), tensor(type, [2], [1, 2])];
    const { results } = run({ op: "Gemm", inputs, attributes: { transA: 1, beta: 2 } });
    expect(results[0]).toEqual(tensor(type, [2, 2], [28, 34, 40, 48]));
  });

  test("what is refused", () => {
    const a = floats([3, 4]);
    expect(refusal({ op: "Gemm", inputs: [a, floats([3, 4])] })).toBe(`Gemm "node": b expected 4 rows, got [3, 4]`);
    expect(refusal({ op: "Gemm", inputs: [a, floats([4, 3])], attributes: { transB: 1 } })).toBe(
      `Gemm "node": b expected 4 columns, got [4, 3]`,
    );
    expect(refusal({ op: "Gemm", inputs: [a, floats([4, 5]), floats([3])] })).toBe(
      `Gemm "node": c expected a shape that broadcasts to [3, 5], got [3]`,
    );
    expect(refusal({ op: "Gemm", inputs: [floats([2, 3, 4]), floats([4, 5])] })).toBe(
      `Gemm "node": inputs expected two matrices, got [2, 3, 4] and [4, 5]`,
    );
    expect(refusal({ op: "Gemm", inputs: [a, tensor("int32", [4, 1], [1, 1, 1, 1])] })).toBe(
      `Gemm "node": inputs expected the same element type, got [float32, int32]`,
    );
  });
});

describe("MatMul", () => {
  test.each([
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [3, 4, 5],
    ],
    [
      [1, 3, 3, 4],
      [2, 1, 4, 5],
    ],
    [
      [2, 3, 4],
      [1, 4, 5],
    ],
    [[4], [4]],
    [[4], [4, 5]],
    [[3, 4], [4]],
    [[2, 3, 4], [4]],
    [[4], [2, 4, 5]],
    [
      [1, 1],
      [1, 1],
    ],
    [
      [0, 3, 4],
      [0, 4, 5],
    ],
    [
      [2, 3, 0],
      [0, 5],
    ],
    [
      [2, 3, 0],
      [2, 0, 5],
    ],
    [
      [2, 0, 4],
      [2, 4, 5],
    ],
  ])("of %j and %j", (left, right) => {
    const [a, b] = [floats(left), floats(right)];
    const want = matmul(a, b);
    inAllWays({ op: "MatMul", inputs: [a, b] }, (y) => {
      expect(y.shape).toEqual(want.shape);
      expectClose(y.data as Float32Array, want);
    });
  });

  test.each<DataType>(["int32", "uint64", "float64"])("of %s, on the host", (type) => {
    const [a, b] = [tensor(type, [1, 2, 2], [1, 2, 3, 4]), tensor(type, [2, 2, 1], [5, 6, 7, 8])];
    expect(run({ op: "MatMul", inputs: [a, b] }).results[0]).toEqual(tensor(type, [2, 2, 1], [17, 39, 23, 53]));
  });

  test("of integers that wrap", () => {
    const [a, b] = [tensor("int32", [1, 2], [2 ** 30, 3]), tensor("int32", [2, 1], [4, 5])];
    expect(run({ op: "MatMul", inputs: [a, b] }).results[0].data).toEqual(Int32Array.of(15));
  });

  test("of float16", () => {
    const half = (shape: number[], ...values: number[]): HostTensor => ({
      type: "float16",
      shape,
      data: float32ToFloat16(Float32Array.from(values)) as Uint16Array<ArrayBuffer>,
    });
    const { results } = run({ op: "MatMul", inputs: [half([1, 2], 0.5, 2), half([2, 1], 3, 4)] });
    expect([results[0].type, ...toFloat32(results[0])]).toEqual(["float16", 9.5]);
  });

  test("what is refused", () => {
    expect(refusal({ op: "MatMul", inputs: [floats([3, 4]), floats([3, 4])] })).toBe(
      `MatMul "node": b expected 4 rows, got [3, 4]`,
    );
    expect(refusal({ op: "MatMul", inputs: [floats([2, 3, 4]), floats([3, 4, 5])] })).toBe(
      `MatMul "node": inputs expected batches that broadcast, got [2, 3, 4] and [3, 4, 5]`,
    );
    expect(refusal({ op: "MatMul", inputs: [floats([]), floats([1])] })).toBe(
      `MatMul "node": inputs expected vectors, matrices or batches of them, got [] and [1]`,
    );
  });
});

describe("activations behind products", () => {
  const FUNCTIONS: Record<string, (x: number) => number> = {
    Relu: scalar.relu,
    Sigmoid: scalar.sigmoid,
    Elu: scalar.elu,
  };
  const PRODUCTS: [string, Record<string, Attribute>, readonly number[] | undefined][] = [
    ["Gemm", {}, [9]],
    ["Gemm", { alpha: 0.5 }, undefined],
    ["Gemm", { beta: 0.5 }, [5, 1]],
    ["MatMul", {}, undefined],
  ];

  test.each(PRODUCTS)("are applied by %s %j with c of %j", (op, attributes, shape) => {
    const inputs = [floats([5, 6]), floats([6, 9]), ...(shape ? [floats(shape)] : [])];
    const names = inputs.map((_, i) => `x${i}`);
    const options = { alpha: 1, beta: 1, ...attributes } as { alpha: number; beta: number };
    const product =
      op === "Gemm" ? gemm(inputs[0], inputs[1], { ...options, c: inputs[2] }) : matmul(inputs[0], inputs[1]);
    for (const [activation, f] of Object.entries(FUNCTIONS)) {
      const graph: Graph = {
        name: "pair",
        inputs: names.map((name, i) => ({ name, type: "float32", shape: inputs[i].shape })),
        outputs: [{ name: "z", type: "float32", shape: undefined }],
        nodes: [
          { op, name: "product", inputs: names, outputs: ["y"], attributes },
          { op: activation, name: "act", inputs: ["y"], outputs: ["z"], attributes: {} },
        ],
        constants: new Map(),
      };
      const model = new Model(graph, MODULE);
      const z = model.runSync(Object.fromEntries(names.map((name, i) => [name, inputs[i]])))["z"];
      const want = through(product, f);
      expectClose(z.data as Float32Array, { ...want, magnitude: want.magnitude.map((m) => m + 1) }, product.terms + 4);
      expect(model.layers()).toHaveLength(1);
    }
  });
});
