import { describe, expect, test, vi } from "vitest";
import { AbortedError, ArgumentError, DisposedError, MemoryLimitError, ShapeError } from "../../src/errors.ts";
import type { Feeds } from "../../src/graph/feeds.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { compileBuild } from "../support/builds.ts";
import { feedsFor, graphOf, type Line, MODULE, random, weights } from "./graphs.ts";

const conv: Line = ["Conv x w -> a", { pads: [1, 1, 1, 1] }];
const graph = graphOf({
  inputs: { x: [1, 4, 6, 6], z: [1, 8, 6, 6] },
  lines: [conv, "Add a z -> b", "Relu b -> y"],
  outputs: "y b",
  constants: { w: weights([8, 4, 3, 3]) },
});
const free: Graph = {
  ...graph,
  inputs: graph.inputs.map((input) => ({ ...input, shape: ["n", (input.shape as number[])[1], "", "w"] })),
};
const feeds = feedsFor(graph);

/** Work enough for a run that can be stopped to pause several times. */
const long = graphOf({
  inputs: { x: [1, 64, 56, 56] },
  lines: Array.from(
    { length: 10 },
    (_, i): Line => [`Conv ${i === 0 ? "x" : `a${i - 1}`} w -> a${i}`, { pads: [1, 1, 1, 1] }],
  ),
  constants: { w: weights([64, 64, 3, 3], 0.05) },
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error("nothing was thrown");
}

describe("feeds", () => {
  const model = new Model(graph, MODULE);
  const wrong = (change: Record<string, unknown>) => messageOf(() => model.runSync({ ...feeds, ...change } as Feeds));

  test.each<[string, Record<string, unknown>, string]>([
    ["a missing one", { z: undefined }, 'ArgumentError: run: input "z" expected float32 [1, 8, 6, 6], got none'],
    ["no array", { z: {} }, 'ArgumentError: run: input "z" expected float32 [1, 8, 6, 6], got Object'],
    ["an unknown one", { q: feeds["x"] }, 'ArgumentError: run: feeds expected inputs "x", "z", got q'],
    [
      "too few elements",
      { z: { data: new Float32Array(7) } },
      'ShapeError: run: input "z" expected 288 elements for shape [1, 8, 6, 6], got 7',
    ],
    [
      "another shape",
      { z: { data: new Float32Array(288), shape: [8, 6, 6] } },
      'ShapeError: run: "z" expected shape [1, 8, 6, 6], got [8, 6, 6]',
    ],
    [
      "a shape that is none",
      { z: { data: new Float32Array(288), shape: "288" } },
      'ShapeError: run: "z" expected shape [1, 8, 6, 6], got 288',
    ],
    [
      "another type",
      { z: { data: new Float64Array(288) } },
      'ArgumentError: run: input "z" expected float32, got Float64Array of 288',
    ],
  ])("%s", (_, change, message) => {
    expect(wrong(change)).toBe(message);
    expect(message).toMatch(/^(ArgumentError|ShapeError)/);
    expect([ArgumentError, ShapeError]).toHaveLength(2);
  });

  test("may be plain arrays, and need no shape where the model fixes it", () => {
    const plain = Object.fromEntries(
      Object.entries(feeds).map(([name, { data }]) => [name, { data: Array.from(data as Float32Array) }]),
    );
    expect(model.runSync(plain)).toEqual(model.runSync(feeds));
  });

  test("stay as they are", () => {
    const copy = Float32Array.from(feeds["x"].data as Float32Array);
    model.runSync(feeds);
    expect(feeds["x"].data).toEqual(copy);
  });
});

describe("runs", () => {
  test("run, runSync and profile give the same; each run gives fresh arrays", async () => {
    const model = new Model(graph, MODULE);
    const first = model.runSync(feeds);
    const second = await model.run(feeds);
    const { outputs, layers, notes } = model.profile(feeds);
    expect(notes).toEqual([]);
    expect(second).toEqual(first);
    expect(outputs).toEqual(first);
    expect(second["y"].data.buffer).not.toBe(first["y"].data.buffer);
    expect(Object.keys(first)).toEqual(["y", "b"]);
    expect(first["y"].shape).toEqual([1, 8, 6, 6]);
    expect(layers.map(({ operator }) => operator)).toEqual(model.layers().map(({ operator }) => operator));
    for (const { ms } of layers) expect(ms).toBeGreaterThanOrEqual(0);
  });

  test("a profile says so when the clock stands still", () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(5);
    const { layers, notes } = new Model(graph, MODULE).profile(feeds);
    clock.mockRestore();
    expect(layers.map(({ ms }) => ms)).toEqual(layers.map(() => 0));
    expect(notes).toEqual(["profile: performance.now() stood still during the run, so the times say nothing"]);
  });

  test("the debug build agrees, with all its assertions", () => {
    const debug = new Model(graph, compileBuild("debug"));
    expect(debug.runSync(feeds)).toEqual(new Model(graph, MODULE).runSync(feeds));
  });

  test("several shapes: each gives what a model for it alone gives, in any order", () => {
    const model = new Model(free, MODULE);
    const image = (H: number, W: number, N = 1): Feeds => ({
      x: random.tensor([N, 4, H, W]),
      z: random.tensor([N, 8, H, W]),
    });
    const all = [image(6, 6), image(9, 4), image(2, 3, 2)];
    const alone = all.map((each) => {
      const shapes = Object.fromEntries(Object.entries(each).map(([name, { shape }]) => [name, shape as number[]]));
      return new Model(free, MODULE, { inputShapes: shapes }).runSync(each);
    });
    for (const i of [0, 1, 0, 2, 1, 0]) expect(model.runSync(all[i])).toEqual(alone[i]);
    expect(messageOf(() => model.runSync({ ...all[0], x: random.tensor([1, 5, 6, 6]) }))).toBe(
      'ShapeError: run: "x" expected shape [n, 4, ?, w], got [1, 5, 6, 6]',
    );
  });

  test("free dimensions ask for shapes", () => {
    const model = new Model(free, MODULE);
    expect(messageOf(() => model.layers())).toBe(
      "ArgumentError: layers: inputShapes expected a shape for each input with free dimensions, got none",
    );
    expect(model.layers({ x: [1, 4, 5, 5], z: [1, 8, 5, 5] }).length).toBeGreaterThan(0);
    expect(messageOf(() => new Model(free, MODULE, { inputShapes: { x: [1, 3, 5, 5] } }))).toBe(
      'ShapeError: inputShapes: "x" expected shape [n, 4, ?, w], got [1, 3, 5, 5]',
    );
  });

  test("the same bits in every instance", () => {
    expect(new Model(graph, MODULE).runSync(feeds)).toEqual(new Model(graph, MODULE).runSync(feeds));
  });
});

describe("disposing", () => {
  test("ends all use and gives memory back", async () => {
    const model = new Model(graph, MODULE);
    model.dispose();
    model.dispose();
    for (const [where, use] of Object.entries({
      run: () => model.runSync(feeds),
      layers: () => model.layers(),
      passes: () => model.passes(),
    })) {
      expect(messageOf(use)).toBe(`DisposedError: ${where}: model expected to be in use, got a disposed one`);
    }
    await expect(model.run(feeds)).rejects.toThrow(DisposedError);
    expect(model.memory).toEqual({ weights: 0, arena: 0, arenaLowerBound: 0, total: 0 });
  });

  test("by `using`", () => {
    let kept: Model;
    {
      using model = new Model(graph, MODULE);
      kept = model;
      expect(kept.memory.total).toBeGreaterThan(0);
    }
    expect(kept.memory.total).toBe(0);
  });
});

describe("memory", () => {
  test("is limited", () => {
    const big = graphOf({ inputs: { x: [1, 4, 150, 150] }, lines: [conv], constants: { w: weights([8, 4, 3, 3]) } });
    expect(messageOf(() => new Model(big, MODULE, { memoryLimit: 2 ** 20 }))).toMatch(
      /^MemoryLimitError: model: memory expected to stay within 1048576 bytes, needs \d+: dispose of/,
    );
    const model = new Model(free, MODULE, { memoryLimit: 2 ** 20 });
    const side = 300;
    const large = { x: random.tensor([1, 4, 1, 1]), z: random.tensor([1, 8, 1, 1]) };
    model.runSync(large);
    const data = new Float32Array(8 * side * side);
    expect(() =>
      model.runSync({
        x: { data: data.subarray(0, 4 * side * side), shape: [1, 4, side, side] },
        z: { data, shape: [1, 8, side, side] },
      }),
    ).toThrow(MemoryLimitError);
    model.runSync(large); // still in use
  });

  test("is refused before any of it is taken, with what is needed in all", () => {
    const lines: Line[] = Array.from({ length: 6 }, (_, i) => [
      `Conv ${i || "x"} w${i} -> ${i + 1}`,
      { pads: [1, 1, 1, 1] },
    ]);
    const names = lines.map((_, i) => [`w${i}`, weights([96, 96, 3, 3])]);
    const large = graphOf({ inputs: { x: [1, 96, 20, 20] }, lines, constants: Object.fromEntries(names) });
    const { total, weights: packed, arena } = new Model(large, MODULE).memory;
    const needed = Number(/needs (\d+)/.exec(messageOf(() => new Model(large, MODULE, { memoryLimit: 2 ** 20 })))?.[1]);
    expect(needed).toBeGreaterThan(packed + arena);
    expect(needed).toBeLessThanOrEqual(total);
    expect(new Model(large, MODULE, { memoryLimit: total }).memory.total).toBe(total);
  });

  test("is weights, arena and at most 4 MiB", () => {
    const { weights, arena, arenaLowerBound, total } = new Model(long, MODULE).memory;
    expect(arena).toBeGreaterThanOrEqual(arenaLowerBound);
    expect(total).toBeLessThanOrEqual(weights + arena + 4 * 2 ** 20);
  });
});

describe("stopping", () => {
  const image = feedsFor(long);

  test("before the first layer", async () => {
    const model = new Model(graph, MODULE);
    const cause = new Error("no longer wanted");
    const run = model.run(feeds, { signal: AbortSignal.abort(cause) });
    await expect(run).rejects.toThrow("run: aborted");
    await expect(run).rejects.toMatchObject({ name: "AbortedError", cause });
    expect(model.runSync(feeds)["y"].shape).toEqual([1, 8, 6, 6]);
  });

  test("between layers, when the signal comes while they run", async () => {
    const model = new Model(long, MODULE);
    const want = model.runSync(image);
    const controller = new AbortController();
    const run = model.run(image, { signal: controller.signal });
    setTimeout(() => controller.abort(), 0);
    await expect(run).rejects.toThrow(AbortedError);
    expect(await model.run(image, { signal: new AbortController().signal })).toEqual(want);
  });

  test("a run in a pause is not disturbed by others, nor by changes of its feeds", async () => {
    const model = new Model(long, MODULE);
    const others = feedsFor(long, 2);
    const [want, other] = [model.runSync(image), model.runSync(others)];
    const { signal } = new AbortController();
    const mutable = { x: { ...image["x"], data: Float32Array.from(image["x"].data as Float32Array) } };
    const runs = [model.run(mutable, { signal }), model.run(others, { signal })];
    mutable.x.data.fill(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(model.runSync(others)).toEqual(other);
    expect(await Promise.all(runs)).toEqual([want, other]);
  });

  test("disposing in a pause", async () => {
    const model = new Model(long, MODULE);
    const run = model.run(image, { signal: new AbortController().signal });
    setTimeout(() => model.dispose(), 0);
    await expect(run).rejects.toThrow(DisposedError);
  });
});
