import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Activation, DEFAULTS } from "../../src/ops/activation.ts";
import { OPERATORS } from "../../src/ops/index.ts";
import type { Tensor } from "../../src/tensor.ts";
import { map, scalar } from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose, expectExact, expectSameBits } from "../support/tolerance.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";
import { one } from "./stored.ts";

const random = new Random(7);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

interface Case {
  /** As the activation of another operator, and as a method with these options. */
  activation: Exclude<Activation, string>;
  want: (x: number) => number;
  /** Whether it is exact. */
  exact?: boolean;
  /** Whether summands of a size of 1 and more can cancel out. */
  cancels?: boolean;
}

const f = Math.fround;

const CASES: Case[] = [
  { activation: { type: "relu" }, want: scalar.relu, exact: true },
  { activation: { type: "relu6" }, want: (x) => scalar.clamp(x, 0, 6), exact: true },
  { activation: { type: "clamp" }, want: (x) => x, exact: true },
  { activation: { type: "clamp", minValue: -1, maxValue: 2.5 }, want: (x) => scalar.clamp(x, -1, 2.5), exact: true },
  { activation: { type: "clamp", minValue: 0.5 }, want: (x) => scalar.clamp(x, 0.5, INF), exact: true },
  { activation: { type: "clamp", maxValue: 0.5 }, want: (x) => scalar.clamp(x, -INF, 0.5), exact: true },
  { activation: { type: "linear" }, want: (x) => x, exact: true },
  { activation: { type: "linear", alpha: 2, beta: -0.5 }, want: (x) => 2 * x - 0.5, cancels: true },
  { activation: { type: "leakyRelu" }, want: (x) => scalar.leakyRelu(x, f(0.01)) },
  { activation: { type: "leakyRelu", alpha: 0.3 }, want: (x) => scalar.leakyRelu(x, f(0.3)) },
  { activation: { type: "thresholdedRelu" }, want: scalar.thresholdedRelu, exact: true },
  { activation: { type: "thresholdedRelu", alpha: -1 }, want: (x) => scalar.thresholdedRelu(x, -1), exact: true },
  { activation: { type: "elu" }, want: scalar.elu },
  { activation: { type: "elu", alpha: 0.7 }, want: (x) => scalar.elu(x, f(0.7)) },
  { activation: { type: "selu" }, want: (x) => scalar.selu(x) },
  { activation: { type: "selu", alpha: 2, gamma: 0.5 }, want: (x) => scalar.selu(x, 2, 0.5) },
  { activation: { type: "celu" }, want: scalar.celu },
  { activation: { type: "celu", alpha: 2 }, want: (x) => scalar.celu(x, 2) },
  { activation: { type: "gelu" }, want: scalar.gelu },
  { activation: { type: "gelu", approximate: "none" }, want: scalar.gelu },
  { activation: { type: "gelu", approximate: "tanh" }, want: (x) => x * scalar.sigmoid(twiceTanhArgument(x)) },
  { activation: { type: "sigmoid" }, want: scalar.sigmoid },
  { activation: { type: "hardSigmoid" }, want: (x) => scalar.hardSigmoid(x, f(0.2), 0.5), cancels: true },
  {
    activation: { type: "hardSigmoid", alpha: 1 / 6 },
    want: (x) => scalar.hardSigmoid(x, f(1 / 6), 0.5),
    cancels: true,
  },
  { activation: { type: "hardSwish" }, want: scalar.hardSwish, cancels: true },
  { activation: { type: "silu" }, want: scalar.silu },
  { activation: { type: "silu", alpha: 1.5 }, want: (x) => x * scalar.sigmoid(1.5 * x) },
  { activation: { type: "mish" }, want: scalar.mish },
  { activation: { type: "softplus" }, want: scalar.softplus },
  { activation: { type: "softsign" }, want: scalar.softsign },
  { activation: { type: "tanh" }, want: scalar.tanh },
  { activation: { type: "erf" }, want: scalar.erf },
  { activation: { type: "exp" }, want: scalar.exp },
  { activation: { type: "log" }, want: scalar.log },
];

function twiceTanhArgument(x: number): number {
  return 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}

/** Roundings of a value: the worst function is within 7 units in the last place for arguments of this size. */
const TERMS = 40;

function method(engine: Engine, { type, ...options }: Exclude<Activation, string>) {
  const call = engine[type] as (x: Tensor, options?: object) => Tensor;
  return (x: Tensor) => (Object.keys(options).length > 0 ? call(x, options) : call(x));
}

const named = CASES.map((each): [string, Case] => [JSON.stringify(each.activation), each]);

describeBuilds("activations", (engine) => {
  test.each(named)("%s of every shape", (_, { activation, want, exact, cancels }) => {
    for (const shape of [[], [1], [7], [2, 5], [2, 3, 5], [2, 5, 3, 4], [1, 2, 3, 2, 2], [0, 3], [2, 0, 3, 4]]) {
      const x = random.tensor(shape, 4);
      const y = one(engine(), [x], method(engine(), activation));
      expect(y.shape).toEqual(shape);
      expect(y.type).toBe("float32");
      const wanted = map(x, want);
      if (cancels) wanted.magnitude = wanted.magnitude.map((size) => 1 + size);
      if (exact) expectExact(y.data, wanted);
      else expectClose(y.data, wanted, TERMS);
    }
  });

  test.each(named)("%s of NaN, infinities and zeros", (_, { activation, want, exact }) => {
    const x = {
      shape: [1, 5, 1, 3],
      data: Float32Array.of(NAN, INF, -INF, 0, -0, 1, -1, NAN, 2, 3, INF, -2, 4, -4, -INF),
    };
    const y = one(engine(), [x], method(engine(), activation));
    const wanted = map(x, want);
    if (exact) expectExact(y.data, wanted);
    else expectClose(y.data, wanted, TERMS);
  });

  test.each(named)("%s behind other operators", (_, { activation }) => {
    const [x, filter] = [random.tensor([1, 3, 4, 5], 2), random.tensor([6, 3, 1, 1], 2)];
    const [a, b] = [random.tensor([3, 5], 2), random.tensor([5, 4], 2)];
    const own = method(engine(), activation);
    engine().scope(() => {
      const [images, weights] = [upload(engine(), x), upload(engine(), filter)];
      const [left, right] = [upload(engine(), a), upload(engine(), b)];
      const [mean, variance] = [upload(engine(), random.tensor([3])), engine().tensor([1, 2, 3])];
      const pairs = [
        [engine().conv2d(images, weights, { activation }), engine().conv2d(images, weights)],
        [engine().matmul(left, right, { activation }), engine().matmul(left, right)],
        [engine().gemm(left, right, { activation, alpha: 0.5 }), engine().gemm(left, right, { alpha: 0.5 })],
        [
          engine().batchNormalization(images, mean, variance, { activation }),
          engine().batchNormalization(images, mean, variance),
        ],
      ];
      for (const [fused, bare] of pairs) expectSameBits(fused.data as Float32Array, own(bare).data as Float32Array);
    });
  });

  test("the name alone means the defaults", () => {
    const x = random.tensor([1, 3, 4, 5], 2);
    engine().scope(() => {
      const [images, one] = [upload(engine(), x), engine().tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3, 1, 1])];
      for (const type of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
        const [named, spelt] = [type, { type, ...DEFAULTS[type] } as Activation].map((activation) =>
          engine().conv2d(images, one, { activation }),
        );
        expectSameBits(named.data as Float32Array, spelt.data as Float32Array);
      }
    });
  });

  test("what is refused as a parameter", () => {
    engine().scope(() => {
      const x = engine().tensor([1, 2], [1, 2]);
      const b = engine().tensor([1, 2], [2, 1]);
      const cases: [() => unknown, string][] = [
        [() => engine().elu(x, { alpha: NAN }), "elu: alpha expected a number, got NaN"],
        [() => engine().elu(x, { alpha: "1" as never }), "elu: alpha expected a number, got 1"],
        [() => engine().elu(x, { beta: 1 } as never), "elu: option expected alpha, got beta"],
        [() => engine().elu(x, 2 as never), "elu: options expected an object with alpha, got 2"],
        [() => engine().celu(x, { alpha: 0 }), "celu: alpha expected a number above 0, got 0"],
        [
          () => engine().clamp(x, { minValue: 2, maxValue: 1 }),
          "clamp: minValue expected at most maxValue, which is 1, got 2",
        ],
        [
          () => engine().gelu(x, { approximate: "erf" as never }),
          'gelu: approximate expected "none" or "tanh", got erf',
        ],
        [() => engine().relu(engine().tensor(Int32Array.of(1))), "relu: x expected float32, got int32"],
        [() => engine().relu([1] as never), "relu: x expected a Tensor, got [1]"],
        [
          () => engine().matmul(x, b, { activation: { type: "celu", alpha: -1 } }),
          "matmul: activation.alpha expected a number above 0, got -1",
        ],
        [
          () => engine().matmul(x, b, { activation: { type: "elu", beta: 1 } as never }),
          "matmul: activation.elu expected alpha, got beta",
        ],
        [
          () => engine().matmul(x, b, { activation: { type: "relu", alpha: 1 } as never }),
          "matmul: activation.relu expected no parameters of relu, got alpha",
        ],
        [
          () => engine().matmul(x, b, { activation: "pow" as never }),
          `matmul: activation expected ${Object.keys(DEFAULTS).join(", ")}, got pow`,
        ],
        [
          () => engine().matmul(x, b, { activation: { type: "toString" } as never }),
          `matmul: activation expected ${Object.keys(DEFAULTS).join(", ")}, got toString`,
        ],
        [
          () => engine().matmul(x, b, { activation: null as never }),
          `matmul: activation expected ${Object.keys(DEFAULTS).join(", ")}, got null`,
        ],
      ];
      for (const [body, message] of cases) expect(errorOf(body)).toMatchObject({ name: "ArgumentError", message });
    });
  });

  test("disposed tensors and those of other engines are refused", () => {
    const x = engine().tensor([1]);
    x.dispose();
    expect(errorOf(() => engine().tanh(x)).name).toBe("DisposedError");
  });
});

describe("the list of operators", () => {
  test("has every activation under its name", () => {
    expect(Object.keys(OPERATORS)).toEqual(expect.arrayContaining(Object.keys(DEFAULTS)));
  });

  test("is the list of the documentation", () => {
    const page = readFileSync(new URL("../../docs/operators.md", import.meta.url), "utf8");
    const methods = page.slice(0, page.indexOf("## Coming from"));
    for (const name of Object.keys(OPERATORS)) {
      const short = name.replace("adaptiveMax", "…Max");
      expect(methods.includes(`\`${name}`) || methods.includes(`\`${short}\``), name).toBe(true);
    }
  });

  test("holds functions alone", () => {
    for (const [name, operator] of Object.entries(OPERATORS)) expect(typeof operator, name).toBe("function");
  });
});
