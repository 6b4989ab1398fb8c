// What the cases of the engine's operators share, and the case that none of these operators lacks.
import { createEngine, type Engine, type Tensor } from "lanewise";
import { Random } from "../support/random.ts";
import { check } from "./check.ts";
import type { Numbers } from "./hash.ts";
import type { Cases } from "./suite.ts";

/** A tensor of seeded values in (-1, 1). */
type Draw = (...shape: number[]) => Tensor;
type Body = (engine: Engine, draw: Draw, random: Random) => readonly Tensor[];

const used = new Set<string>();

/** The engine, noting which of its operators are called. */
function watched(engine: Engine): Engine {
  return new Proxy({} as Engine, {
    get(_, name) {
      used.add(String(name));
      const value = Reflect.get(engine, name, engine);
      return typeof value === "function" ? value.bind(engine) : value;
    },
  });
}

/** A case that gives the numbers of the tensors that `body` returns. */
export function operator(seed: number, body: Body): () => Promise<Numbers[]> {
  return async () => {
    const engine = await createEngine();
    try {
      const random = new Random(seed);
      const draw: Draw = (...shape) => engine.tensor(random.tensor(shape).data, shape);
      return body(watched(engine), draw, random).map(({ data, shape }) => ({ data, shape }) as Numbers);
    } finally {
      engine.dispose();
    }
  };
}

/** Images that lie channels last, as a convolution leaves them. */
export function channelsLast(e: Engine, draw: Draw, ...[N, C, H, W]: [number, number, number, number]): Tensor {
  return e.conv2d(draw(N, 2, H, W), draw(C, 2, 1, 1));
}

/** Floats of any size, subnormal numbers, infinities and NaN among them. */
export function anyBits(e: Engine, random: Random, ...shape: number[]): Tensor {
  const odd = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 2.5, -2.5, 88.8, -104];
  const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  const bits = new Uint32Array(data.buffer);
  for (let i = 0; i < data.length; i++) {
    if (i % 7 === 3) data[i] = random.pick(odd);
    else bits[i] = random.bits();
  }
  return e.tensor(data, shape);
}

/** To be run after all other cases of operators. */
export const coverageCases: Cases = {
  "every operator has a case": async () => {
    const engine = await createEngine();
    const others = ["tensor", "scope", "memory", "dispose"];
    const operators = Object.getOwnPropertyNames(engine).filter((name) => !others.includes(name));
    engine.dispose();
    const missing = operators.filter((name) => !used.has(name));
    check(operators.length > 5, `engine expected to have operators, got ${operators.length}`);
    check(
      missing.length === 0,
      `test/runtimes/cases-*.ts expected to have cases of all operators, lack ${missing.join(", ")}`,
    );
    return [];
  },
};
