import { describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../src/engine.ts";
import { Tensor } from "../src/tensor.ts";
import { describeBuilds, engineOf, errorOf } from "./ops/engines.ts";
import { BUILDS, compileBuild } from "./support/builds.ts";
import { Random } from "./support/random.ts";

const PAGE = 65536;

describeBuilds("engine.tensor", (engine) => {
  test("copies arrays in and out, whatever their type", () => {
    for (const data of [
      Float32Array.of(1.5, -2, Number.NaN),
      Float64Array.of(1e300, -2, 3),
      Int8Array.of(-1, 2, 3),
      Uint8Array.of(255, 2, 3),
      Int16Array.of(-30000, 2, 3),
      Uint16Array.of(60000, 2, 3),
      Int32Array.of(-(2 ** 31), 2, 3),
      Uint32Array.of(2 ** 32 - 1, 2, 3),
      BigInt64Array.of(-(2n ** 63n), 2n, 3n),
      BigUint64Array.of(2n ** 64n - 1n, 2n, 3n),
    ]) {
      engine().scope(() => {
        const tensor = engine().tensor(data, [3, 1]);
        expect(tensor.data).toEqual(data);
        expect(tensor.data).not.toBe(tensor.data);
        expect(tensor.shape).toEqual([3, 1]);
      });
    }
  });

  test("takes plain arrays as float32, and a vector without a shape", () => {
    using tensor = engine().tensor([1, 2.5, 3]);
    expect([tensor.type, tensor.shape, tensor.data]).toEqual(["float32", [3], Float32Array.of(1, 2.5, 3)]);
    expect(String(tensor)).toBe("Tensor float32 [3]");
  });

  test("takes scalars and nothing at all", () => {
    using scalar = engine().tensor([7], []);
    expect([scalar.shape, scalar.data]).toEqual([[], Float32Array.of(7)]);
    using nothing = engine().tensor(new Int32Array(0), [2, 0, 3]);
    expect([nothing.shape, nothing.data]).toEqual([[2, 0, 3], new Int32Array(0)]);
  });

  test("keeps its own shape when the array given is changed", () => {
    const shape = [2, 1];
    using tensor = engine().tensor([1, 2], shape);
    shape[0] = 9;
    expect(tensor.shape).toEqual([2, 1]);
  });

  const make = (...all: unknown[]) => errorOf(() => (engine().tensor as (...each: unknown[]) => unknown)(...all));
  test.each([
    ["ArgumentError", "tensor: data expected a typed array or an array of numbers, got 5", [5]],
    ["ArgumentError", "tensor: data expected a typed array or an array of numbers, got undefined", []],
    ["ArgumentError", "tensor: data expected a typed array or an array of numbers, got null", [null]],
    ["ArgumentError", "tensor: data expected a typed array or an array of numbers, got abc", ["abc"]],
    ["ArgumentError", "tensor: data expected a typed array or an array of numbers, got [1, x]", [[1, "x"]]],
    [
      "ArgumentError",
      "tensor: data expected a typed array or an array of numbers, got DataView",
      [new DataView(new ArrayBuffer(4))],
    ],
    [
      "ArgumentError",
      "tensor: data expected a typed array or an array of numbers, got Uint8ClampedArray of 4",
      [new Uint8ClampedArray(4)],
    ],
    [
      "ShapeError",
      "tensor: shape expected integers >= 0, got [2, -1]",
      [
        [1, 2],
        [2, -1],
      ],
    ],
    ["ShapeError", "tensor: shape expected integers >= 0, got [1.5]", [[1, 2], [1.5]]],
    ["ShapeError", "tensor: shape expected integers >= 0, got 2", [[1, 2], 2]],
    [
      "ShapeError",
      "tensor: data expected 6 elements for shape [2, 3], got 4",
      [
        [1, 2, 3, 4],
        [2, 3],
      ],
    ],
  ])("%s: %s", (name, message, operands) => {
    expect(make(...operands)).toMatchObject({ name, message });
  });
});

describeBuilds("memory and lifetimes", (engine) => {
  test("memory counts live tensors and the bytes that they take", () => {
    expect(engine().memory).toEqual({ tensors: 0, bytes: 0, total: PAGE });
    const a = engine().tensor(new Float32Array(16));
    expect(engine().memory).toEqual({ tensors: 1, bytes: 64, total: PAGE });
    const b = engine().tensor(new Float32Array(17));
    expect(engine().memory).toEqual({ tensors: 2, bytes: 64 + 128, total: PAGE });
    expect([a.disposed, b.disposed]).toEqual([false, false]);
    a.dispose();
    a.dispose();
    expect([a.disposed, b.disposed]).toEqual([true, false]);
    expect(engine().memory).toEqual({ tensors: 1, bytes: 128, total: PAGE });
    b.dispose();
  });

  test("an operator leaves its result and nothing else", () => {
    const x = engine().tensor(new Random(1).values(3 * 64), [1, 3, 8, 8]);
    const filter = engine().tensor(new Random(2).values(5 * 27), [5, 3, 3, 3]);
    const y = engine().conv2d(x, filter, { padding: 1 });
    expect(engine().memory).toMatchObject({ tensors: 3, bytes: 768 + 576 + 1280 });
    const pooled = engine().maxPool2dWithIndices(y, { windowDimensions: 2, strides: 2 });
    expect(engine().memory.tensors).toBe(5);
    for (const each of [x, filter, y, pooled.values, pooled.indices]) each.dispose();
  });

  test("using lets a tensor go at the end of its block", () => {
    {
      using tensor = engine().tensor([1]);
      expect(tensor.disposed).toBe(false);
      expect(engine().memory.tensors).toBe(1);
    }
    expect(engine().memory.tensors).toBe(0);
  });

  test("a scope keeps what it returns: alone, in arrays, in objects, at any depth", () => {
    const one = engine().scope(() => {
      engine().tensor([1]);
      return engine().tensor([2]);
    });
    expect([one.disposed, engine().memory.tensors]).toEqual([false, 1]);
    const many = engine().scope(() => {
      engine().tensor([1]);
      const cycle: { list: unknown[]; n: number } = { list: [], n: 3 };
      cycle.list.push([engine().tensor([2]), "text", null], engine().tensor([3]), cycle);
      return cycle;
    });
    expect(engine().memory.tensors).toBe(3);
    const [[two], three] = many.list as [[Tensor], Tensor];
    expect([two.data, three.data]).toEqual([Float32Array.of(2), Float32Array.of(3)]);
    for (const each of [one, two, three]) each.dispose();
  });

  test("scopes nest: what an inner one returns belongs to the outer one, what comes from outside to neither", () => {
    const outside = engine().tensor([1]);
    let inner: Tensor | undefined;
    const result = engine().scope(() => {
      inner = engine().scope(() => {
        engine().tensor([2]);
        return [engine().tensor([3]), outside];
      })[0];
      expect(inner.disposed).toBe(false);
      expect(engine().memory.tensors).toBe(2);
      return "done";
    });
    expect(result).toBe("done");
    expect(inner?.disposed).toBe(true);
    expect(outside.disposed).toBe(false);
    outside.dispose();
  });

  test("a scope lets go of its tensors when its body throws", () => {
    const body = () => {
      engine().tensor([1]);
      throw new RangeError("mine");
    };
    expect(() => engine().scope(body)).toThrow(new RangeError("mine"));
    expect(engine().memory.tensors).toBe(0);
    // The scope is closed: what is made now stays.
    const after = engine().tensor([1]);
    expect(after.disposed).toBe(false);
    after.dispose();
  });

  test("a scope refuses an asynchronous body, whose tensors would be gone when it goes on", () => {
    const message = "scope: body expected a function that is done when it returns, got Promise";
    expect(errorOf(() => engine().scope(async () => engine().tensor([1])))).toEqual({
      name: "ArgumentError",
      code: "argument",
      message,
    });
    expect(engine().memory.tensors).toBe(0);
  });

  test("a tensor disposed of within its scope, or returned although it is, does no harm", () => {
    const gone = engine().scope(() => {
      const tensor = engine().tensor([1]);
      tensor.dispose();
      return tensor;
    });
    expect(gone.disposed).toBe(true);
    expect(errorOf(() => gone.data)).toEqual({
      name: "DisposedError",
      code: "disposed",
      message: "tensor.data: tensor expected a live tensor, got a disposed one",
    });
  });

  test("memory is used again and does not grow for ever", () => {
    const round = () =>
      engine().scope(() => {
        const x = engine().tensor(new Float32Array(4 * 30 * 30), [1, 4, 30, 30]);
        const filter = engine().tensor(new Float32Array(8 * 4 * 9), [8, 4, 3, 3]);
        const y = engine().conv2d(x, filter, { padding: 1 });
        return engine().maxPool2d(y, { windowDimensions: 2, strides: 2 }).data.length;
      });
    round();
    const { total } = engine().memory;
    for (let i = 0; i < 20; i++) expect(round()).toBe(8 * 15 * 15);
    expect(engine().memory.total).toBe(total);
  });
});

describe.each(BUILDS)("a memory limit (%s build)", (build) => {
  test("is kept, says what was asked for, and leaves the engine as it was", async () => {
    using engine = await engineOf(build, 2 * PAGE);
    const x = engine.tensor(new Float32Array(8 * 1000), [1, 8, 1, 1000]);
    const remedy = ": dispose of what is done with, give smaller inputs, or raise memoryLimit";
    const message = `tensor: memory expected to stay within 131072 bytes, needs 262144${remedy}`;
    expect(errorOf(() => engine.tensor(new Float32Array(50_000)))).toEqual({
      name: "MemoryLimitError",
      code: "memory-limit",
      message,
    });
    expect(engine.memory.tensors).toBe(1);
    const filter = engine.tensor(new Float32Array(24 * 8), [24, 8, 1, 1]);
    const before = engine.memory;
    expect(errorOf(() => engine.conv2d(x, filter)).message).toMatch(
      /^(conv2d|tensor): memory expected to stay within 131072 bytes, needs \d+: dispose of/,
    );
    expect(engine.memory).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    const small = engine.tensor(new Float32Array(2 * 8), [2, 8, 1, 1]);
    expect(engine.conv2d(x, small).shape).toEqual([1, 2, 1, 1000]);
    expect(engine.memory.total).toBeLessThanOrEqual(2 * PAGE);
  });

  test("must be a size, and large enough for an empty engine", async () => {
    const refused = async (memoryLimit: unknown) => {
      try {
        await createEngine({ wasm: compileBuild(build), memoryLimit: memoryLimit as number });
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("expected an error");
    };
    expect(await refused(1000)).toBe("createEngine: memoryLimit expected at least 65536 bytes, got 1000");
    expect(await refused(-1)).toBe("createEngine: memoryLimit expected a number of bytes above 0, got -1");
    expect(await refused(Number.NaN)).toBe("createEngine: memoryLimit expected a number of bytes above 0, got NaN");
    expect(await refused("64 MB")).toBe("createEngine: memoryLimit expected a number of bytes above 0, got 64 MB");
  });
});

describe.each(BUILDS)("an engine disposed of (%s build)", (build) => {
  const used = async (): Promise<[Engine, Tensor]> => {
    const engine = await engineOf(build);
    return [engine, engine.tensor([1, 2], [1, 1, 1, 2])];
  };

  test("has no tensors and no memory, and says so to whoever asks", async () => {
    const [engine, tensor] = await used();
    engine.dispose();
    engine.dispose();
    expect(engine.memory).toEqual({ tensors: 0, bytes: 0, total: 0 });
    expect(tensor.disposed).toBe(true);
    tensor.dispose();
    const disposed = (where: string) => ({
      name: "DisposedError",
      code: "disposed",
      message: `${where}: engine expected to be in use, got a disposed one`,
    });
    expect(errorOf(() => engine.tensor([1]))).toEqual(disposed("tensor"));
    expect(errorOf(() => engine.scope(() => 1))).toEqual(disposed("scope"));
    expect(errorOf(() => engine.conv2d(tensor, tensor))).toEqual(disposed("conv2d"));
    expect(errorOf(() => engine.maxPool2d(tensor))).toEqual(disposed("maxPool2d"));
    expect(errorOf(() => tensor.data)).toEqual(disposed("tensor.data"));
  });

  test("by using, too, and in the middle of a scope", async () => {
    let kept: Engine;
    {
      using engine = await engineOf(build);
      kept = engine;
      expect(engine.memory.total).toBe(PAGE);
    }
    expect(kept.memory.total).toBe(0);
    const [engine] = await used();
    engine.scope(() => {
      engine.tensor([1]);
      engine.dispose();
    });
    expect(engine.memory.tensors).toBe(0);
  });
});

describe("several engines", () => {
  test("share nothing", async () => {
    using a = await engineOf("release");
    using b = await engineOf("release");
    const x = a.tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    expect(b.memory).toMatchObject({ tensors: 0 });
    expect(errorOf(() => b.maxPool2d(x))).toEqual({
      name: "ArgumentError",
      code: "argument",
      message: "maxPool2d: x expected a tensor of this engine, got one of another engine",
    });
    b.dispose();
    expect(a.maxPool2d(x).data).toEqual(Float32Array.of(4));
    expect(x).toBeInstanceOf(Tensor);
  });

  test("start with the kernels that come with the package", async () => {
    using engine = await createEngine();
    expect(engine.averagePool2d(engine.tensor([1, 3], [1, 1, 1, 2])).data).toEqual(Float32Array.of(2));
  });

  test("refuse options that they do not have", async () => {
    await expect(createEngine({ threads: 4 } as object)).rejects.toThrow(
      "createEngine: option expected wasm, memoryLimit, got threads",
    );
  });
});
