import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import type { Tensor } from "../../src/tensor.ts";
import { BUILDS, type Build, compileBuild } from "../support/builds.ts";

const MODULES = Object.fromEntries(BUILDS.map((build) => [build, compileBuild(build)]));

/** An engine on the kernels of a build. */
export function engineOf(build: Build, memoryLimit?: number): Promise<Engine> {
  const wasm = MODULES[build];
  return createEngine(memoryLimit === undefined ? { wasm } : { wasm, memoryLimit });
}

/** A `describe` for each build; `body` gets a function that gives the engine. After every test no tensor may be left. */
export function describeBuilds(name: string, body: (engine: () => Engine, build: Build) => void): void {
  describe.each(BUILDS)(`${name} (%s build)`, (build) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await engineOf(build);
    });
    afterEach(() => {
      expect(engine.memory).toMatchObject({ tensors: 0, bytes: 0 });
    });
    afterAll(() => engine.dispose());
    body(() => engine, build);
  });
}

interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Runs `body` with the values as tensors, gives what `read` finds in its result, and lets all go. */
export function compute(engine: Engine, operands: readonly Values[], body: (...x: Tensor[]) => Tensor): Values {
  return engine.scope(() => {
    const y = body(...operands.map((each) => upload(engine, each)));
    const result = { shape: y.shape, data: y.data as Float32Array };
    return result;
  });
}

export function upload(engine: Engine, { shape, data }: Values): Tensor {
  return engine.tensor(Float32Array.from(data), shape);
}

/** The values with their axes in the order of `permutation`. */
export function permuted(
  { shape, data }: Values,
  permutation: readonly number[],
): { shape: number[]; data: Float32Array } {
  const to = permutation.map((axis) => shape[axis]);
  const step = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const result = new Float32Array(data.length);
  const at = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < result.length; i++) {
    result[i] = data[permutation.reduce((sum, axis, j) => sum + at[j] * step[axis], 0)];
    for (let axis = at.length - 1; axis >= 0 && ++at[axis] === to[axis]; axis--) at[axis] = 0;
  }
  return { shape: to, data: result };
}

/** What `body` throws, or a failure. */
export function errorOf(body: () => unknown): { name: string; code: string; message: string } {
  try {
    body();
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    return { name, code, message };
  }
  throw new Error("expected an error");
}
