// Networks that are planned in stages, because shapes in them follow from values that a run computes.
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { AbortedError, DisposedError, MemoryLimitError, UnsupportedError } from "../../src/errors.ts";
import type { Feeds } from "../../src/graph/feeds.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { MOST_PLANS } from "../../src/graph/stage.ts";
import { float32ToFloat16, toFloat32 } from "../../src/half.ts";
import { nonMaxSuppression } from "../reference/boxes.ts";
import { integers } from "../support/onnx-model.ts";
import { Random } from "../support/random.ts";
import { DETECTOR, detectorFeeds } from "./detector.ts";
import { graphOf, type Line, MODULE, scalar, weights } from "./graphs.ts";

const numbers = ({ data }: HostTensor): number[] => Array.from(data as ArrayLike<number | bigint>, Number);
const vector = (...data: number[]): Feeds => ({ x: { data, shape: [data.length] } });

describe("a detector that ends in NonMaxSuppression", () => {
  const graph = graphOf(DETECTOR);
  const model = new Model(graph, MODULE);

  /** What a model that ends at boxes and scores gives, selected by the oracle. */
  function selected(feeds: Feeds, least: number): { rows: number[]; boxes: number[] } {
    const ends = new Model(graphOf({ ...DETECTOR, outputs: "boxes scores features" }), MODULE).runSync(feeds);
    const { boxes, scores } = ends as Record<string, HostTensor & { data: Float32Array }>;
    const rows = nonMaxSuppression(boxes, scores, {
      maxOutputBoxesPerClass: 20,
      iouThreshold: Math.fround(0.4),
      scoreThreshold: Math.fround(least),
    });
    return {
      rows: rows.flat(),
      boxes: rows.flatMap(([batch, , box]) => [
        ...boxes.data.slice((batch * 64 + box) * 4, (batch * 64 + box + 1) * 4),
      ]),
    };
  }

  test.each([0, 0.5, 0.52, 0.6, 1])("selects what the oracle selects, of scores above %f", (least) => {
    for (const seed of [1, 2, 3]) {
      const feeds = detectorFeeds(seed, least);
      const want = selected(feeds, least);
      const got = model.runSync(feeds);
      expect(got["rows"].shape).toEqual([want.rows.length / 3, 3]);
      expect(numbers(got["rows"])).toEqual(want.rows);
      expect(got["kept"].shape).toEqual([want.rows.length / 3, 4]);
      expect(numbers(got["kept"])).toEqual(want.boxes);
      expect(got["features"].shape).toEqual([1, 8, 8, 8]);
      expect(Object.keys(got)).toEqual(["kept", "features", "rows"]);
      if (least === 1) expect(want.rows).toEqual([]);
      if (least === 0) expect(want.rows.length).toBeGreaterThan(30);
    }
  });

  test("run, runSync and profile give the same, in any order of feeds", async () => {
    const all = [1, 2, 3].map((seed) => detectorFeeds(seed, 0.51));
    const want = all.map((feeds) => new Model(graph, MODULE).runSync(feeds));
    const { signal } = new AbortController();
    for (const i of [0, 1, 2, 1, 0]) {
      expect(model.runSync(all[i])).toEqual(want[i]);
      expect(await model.run(all[i], { signal })).toEqual(want[i]);
      expect(model.profile(all[i]).outputs).toEqual(want[i]);
    }
  });

  test("its layers are all there after a run, those of the first stage before", () => {
    const fresh = new Model(graph, MODULE);
    const names = () => fresh.layers().map(({ operator }) => operator);
    expect(names()).toContain("Conv");
    expect(names()).not.toContain("NonMaxSuppression");
    const passes = fresh.passes().length;
    const { layers } = fresh.profile(detectorFeeds(1, 0.5));
    expect(names()).toEqual(layers.map(({ operator }) => operator));
    const suppression = layers.find(({ operator }) => operator === "NonMaxSuppression");
    expect(suppression).toMatchObject({ name: "rows", algorithm: "host", macs: 0, parameters: 0 });
    expect(suppression?.outputShape[0]).toBeGreaterThan(0);
    expect(names().indexOf("NonMaxSuppression")).toBeLessThan(names().lastIndexOf("Gather"));
    expect(fresh.passes().length).toBe(2 * passes);
  });

  test("says so", () => {
    const note = 'stages: a run plans what is behind NonMaxSuppression "rows", where shapes depend on data';
    expect(model.notes).toEqual([note]);
    expect(new Model(graph, MODULE, {}, ["other"]).notes).toEqual(["other", note]);
    expect(new Model(graphOf({ ...DETECTOR, outputs: "boxes scores" }), MODULE).notes).toEqual([]);
  });

  test("its weights are packed once, however many boxes are kept", () => {
    const fresh = new Model(graph, MODULE);
    const { weights: atFirst } = fresh.memory;
    fresh.runSync(detectorFeeds(1, 0.5));
    const { weights: once, arena, arenaLowerBound, total } = fresh.memory;
    expect(atFirst).toBeGreaterThan(0);
    expect(once - atFirst).toBeLessThan(64);
    const counts = Array.from({ length: 30 }, (_, i) => fresh.runSync(detectorFeeds(i, 0.5))["rows"].shape[0]);
    expect(new Set(counts).size).toBeGreaterThan(3);
    expect(fresh.memory).toEqual({ weights: once, arena, arenaLowerBound, total });
  });

  test("of a size that is free", () => {
    const [x, least] = graph.inputs;
    const free = new Model({ ...graph, inputs: [{ ...x, shape: [1, 3, "h", "w"] }, least] }, MODULE);
    expect(free.notes).toEqual([]);
    const feeds = detectorFeeds(4, 0.5);
    expect(free.runSync(feeds)).toEqual(model.runSync(feeds));
    expect(free.notes).toEqual(model.notes);
    expect(free.layers({ x: [1, 3, 16, 16], least: [1] }).length).toBeGreaterThan(0);
  });
});

describe("stages", () => {
  test("follow each other", () => {
    // x > 0, of these the ones above their mean, of these the greatest so many as there are elements below 3.
    const graph = graphOf({
      inputs: { x: [6] },
      lines: [
        "Greater x zero -> positive",
        "NonZero positive -> places",
        "Transpose places -> rows",
        "GatherND x rows -> some",
        "ReduceMean some -> mean",
        "Greater some mean -> above",
        ["Compress some above -> large", { axis: 0 }],
        "Less large three -> small",
        ["Cast small -> ones", { to: 7 }],
        ["ReduceSum ones -> k", { keepdims: 1 }],
        "TopK large k -> best where",
        "Exp best -> y",
      ],
      outputs: "y large where some x zero",
      constants: { zero: scalar(0), three: scalar(3) },
    });
    const model = new Model(graph, MODULE);
    const check = (x: number[], some: number[], large: number[], where: number[]) => {
      const got = model.runSync(vector(...x));
      expect(numbers(got["some"])).toEqual(some);
      expect(numbers(got["large"])).toEqual(large);
      expect(numbers(got["where"])).toEqual(where);
      expect(got["where"].type).toBe("int64");
      expect(got["y"].shape).toEqual([where.length]);
      numbers(got["y"]).forEach((y, i) => {
        expect(y).toBeCloseTo(Math.exp(large[where[i]]), 4);
      });
      expect([numbers(got["x"]), numbers(got["zero"])]).toEqual([x, [0]]);
      expect(Object.keys(got)).toEqual(["y", "large", "where", "some", "x", "zero"]);
    };
    check([1, -2, 2, 4, 5, -1], [1, 2, 4, 5], [4, 5], []);
    check([0, 1, 2, 1, 2.5, 1], [1, 2, 1, 2.5, 1], [2, 2.5], [1, 0]);
    check([-1, -1, 2.5, 0.25, -3, 0], [2.5, 0.25], [2.5], [0]);
    check([-1, -2, -3, -4, -5, -6], [], [], []);
  });

  test.each<[string, Line[], number[], number[]]>([
    ["a shape", [["Concat at minus -> s", { axis: 0 }], "Reshape m s -> y"], [2, 3], [3, 2]],
    ["bounds", ["Slice m zero at -> y"], [2, 2], [3, 2]],
    ["repeats", [["Concat at one -> s", { axis: 0 }], "Tile m s -> y"], [6, 2], [9, 2]],
    ["an extent", ["ConstantOfShape at -> y"], [2], [3]],
    ["a limit", ["Squeeze at -> n", "Range none n unit -> y"], [2], [3]],
    ["axes", ["Sub at two -> axis", "ReduceSum m axis -> y"], [1, 2], [3, 1]],
  ])("%s that data decide", (_, lines, two, three) => {
    const [one, none] = [integers(1), integers(0)];
    const graph = graphOf({
      inputs: { x: [5] },
      lines: ["ArgMax x -> at", ...lines],
      constants: {
        ...{ m: weights([3, 2]), minus: integers(-1), zero: none, one, two: integers(2) },
        ...{ none: { ...none, shape: [] }, unit: { ...one, shape: [] } },
      },
    });
    const model = new Model(graph, MODULE);
    const first = model.runSync(vector(0, 1, 5, 2, 3))["y"];
    expect(first.shape).toEqual(two);
    expect(model.runSync(vector(0, 1, 5, 9, 3))["y"].shape).toEqual(three);
    expect(model.runSync(vector(3, 0, 5, 2, 3))["y"]).toEqual(first);
  });

  test("16-bit floats stay wide between them, and are rounded at the end", () => {
    const one: HostTensor = { type: "float16", shape: [1], data: float32ToFloat16(Float32Array.of(1)) as never };
    const small: HostTensor = { ...one, data: float32ToFloat16(Float32Array.of(2 ** -11)) as never };
    const graph = graphOf({
      inputs: { x: [4] },
      lines: [
        "NonZero x -> places",
        "Transpose places -> rows",
        "GatherND x rows -> some",
        "Add some small -> more", // needs a bit more than 16-bit floats have
        ["Compress more keep -> kept", { axis: 0 }],
        "NonZero kept -> again",
        "Reshape again minus -> index",
        "Gather kept index -> picked",
        "Sub picked one -> y",
        "Shape again -> counts",
        "ConstantOfShape counts -> zeros",
        "Identity one -> passed",
      ],
      outputs: "y more passed counts",
      constants: { small, one, minus: integers(-1), keep: { type: "bool", shape: [2], data: Uint8Array.of(1, 0) } },
    });
    const halves = graph.inputs.map((input) => ({ ...input, type: "float16" as const }));
    const model = new Model({ ...graph, inputs: halves }, MODULE);
    const { y, more, passed } = model.runSync(vector(0, 1, 0, 2));
    expect([y, more, passed].map(({ type }) => type)).toEqual(["float16", "float16", "float16"]);
    expect(numbers({ ...y, data: toFloat32(y) })).toEqual([2 ** -11]);
    expect(numbers({ ...more, data: toFloat32(more) })).toEqual([1, 2]);
    expect(numbers({ ...passed, data: toFloat32(passed) })).toEqual([1]);
  });

  test("what is wrong behind a stage is said by its run", () => {
    const graph = graphOf({
      inputs: { x: [4] },
      lines: ["NonZero x -> places", "Reshape places shape -> y"],
      constants: { shape: integers(2, 1) },
    });
    const model = new Model(graph, MODULE);
    expect(model.runSync(vector(0, 1, 0, 1))["y"].shape).toEqual([2, 1]);
    expect(() => model.runSync(vector(1, 1, 0, 1))).toThrow('Reshape "y": shape expected a shape of 3 elements');
    expect(numbers(model.runSync(vector(1, 0, 0, 1))["y"])).toEqual([0, 3]);
  });

  test("an operator that is not supported behind a stage is told at once", () => {
    const graph: Graph = graphOf({ inputs: { x: [4] }, lines: ["NonZero x -> places", "Neg places -> y"] });
    const nodes = graph.nodes.map((node) => (node.op === "Neg" ? { ...node, op: "Frobnicate" } : node));
    expect(() => new Model({ ...graph, nodes }, MODULE)).toThrow(UnsupportedError);
    expect(() => new Model({ ...graph, nodes }, MODULE)).toThrow('Frobnicate "y": operator is not supported');
  });

  test("of plans for fed values too only so many are kept", () => {
    const value: HostTensor = { type: "float32", shape: [1], data: Float32Array.of(2) };
    const nodes = [["ConstantOfShape shape -> twos", { value }] as const, "Add twos x -> y"];
    const graph = graphOf({ inputs: { shape: [1], x: [1] }, lines: nodes });
    const inputs = graph.inputs.map((each) => (each.name === "shape" ? { ...each, type: "int64" as const } : each));
    const model = new Model({ ...graph, inputs }, MODULE);
    const run = (count: number) =>
      model.runSync({ shape: { data: [count] }, x: { data: [count] } })["y"].data as Float32Array;
    for (let count = 1; count <= 2 * MOST_PLANS; count++) {
      expect(run(count)).toEqual(new Float32Array(count).fill(count + 2));
    }
    // The twos of the last plans.
    const sum = (MOST_PLANS * (3 * MOST_PLANS + 1)) / 2;
    expect(model.memory.weights).toBe(sum * 4);
    expect(run(1)).toEqual(Float32Array.of(3));
    expect(model.memory.weights).toBe((sum - (MOST_PLANS + 1) + 1) * 4);
  });

  test("only so many plans are kept, and the weights of those", () => {
    const value: HostTensor = { type: "float32", shape: [1], data: Float32Array.of(1) };
    const graph = graphOf({
      inputs: { x: [64] },
      // Ones of each count of places are a constant.
      lines: [
        "NonZero x -> places",
        "Shape places -> shape",
        ["ConstantOfShape shape -> ones", { value }],
        ["Cast places -> floats", { to: 1 }],
        ["Concat ones floats -> both", { axis: 0 }],
        "Exp both -> y",
      ],
    });
    const model = new Model(graph, MODULE);
    const feeds = (count: number) => vector(...Array.from({ length: 64 }, (_, i) => (i < count ? 1 : 0)));
    const want = Array.from({ length: 65 }, (_, count) => new Model(graph, MODULE).runSync(feeds(count))["y"]);
    let most = 0;
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count <= 64; count++) {
        expect(model.runSync(feeds(count))["y"]).toEqual(want[count]);
        if (round === 0) most = Math.max(most, model.memory.weights);
        else expect(model.memory.weights).toBeLessThanOrEqual(most);
      }
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual((MOST_PLANS + 1) * 64 * 4);
  });
});

describe("runs in stages", () => {
  const convolutions = (from: string, to: string, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const [x, y] = [i === 0 ? from : `${to}${i - 1}`, i === count - 1 ? to : `${to}${i}`];
      return [`Conv ${x} w -> ${y}`, { pads: [1, 1, 1, 1] }] as const;
    });
  // The images whose mean is positive, one stage; then they are convolved, another.
  const graph = graphOf({
    inputs: { x: [3, 32, 40, 40] },
    lines: [
      ...convolutions("x", "a", 4),
      ["ReduceMean x axes -> mean", { keepdims: 0 }],
      "Greater mean zero -> positive",
      ["Compress a positive -> some", { axis: 0 }],
      ...convolutions("some", "y", 4),
    ],
    constants: { w: weights([32, 32, 3, 3], 0.05), zero: scalar(0), axes: integers(1, 2, 3) },
  });
  const images = (...means: number[]): Feeds => {
    const { shape, data } = new Random(5).tensor([3, 32, 40, 40], 0.1);
    const size = data.length / 3;
    return { x: { shape, data: data.map((value, i) => value + means[Math.floor(i / size)]) } };
  };
  const model = new Model(graph, MODULE, { numerics: "direct" });

  test("each part of the batch is what it is alone", () => {
    const all = model.runSync(images(1, 1, 1))["y"].data as Float32Array;
    const size = all.length / 3;
    const { y } = model.runSync(images(1, -1, 1));
    expect(y.shape).toEqual([2, 32, 40, 40]);
    expect((y.data as Float32Array).slice(0, size)).toEqual(all.slice(0, size));
    expect((y.data as Float32Array).slice(size)).toEqual(all.slice(2 * size));
    expect(model.runSync(images(-1, -1, -1))["y"].shape).toEqual([0, 32, 40, 40]);
  });

  test("the weights of both stages are there once", () => {
    const alone: Graph = { ...graph, nodes: graph.nodes.slice(0, 4), outputs: [{ ...graph.outputs[0], name: "a" }] };
    const once = new Model(alone, MODULE, { numerics: "direct" });
    model.runSync(images(1, 1, 1));
    expect(model.memory.weights).toBeLessThan(once.memory.weights + 1024);
    const { arena, arenaLowerBound } = model.memory;
    expect(arena).toBeGreaterThanOrEqual(arenaLowerBound);
  });

  test("may be stopped in any stage, and are not disturbed by others in their pauses", async () => {
    const want = [images(1, -1, 1), images(1, 1, 1)].map((feeds) => model.runSync(feeds));
    const controller = new AbortController();
    let pauses = 0;
    const count = setInterval(() => pauses++, 0);
    const run = model.run(images(1, 1, 1), { signal: controller.signal });
    setTimeout(() => controller.abort(), 0);
    await expect(run).rejects.toThrow(AbortedError);
    const { signal } = new AbortController();
    const runs = [model.run(images(1, -1, 1), { signal }), model.run(images(1, 1, 1), { signal })];
    await new Promise((resolve) => setTimeout(resolve, 3));
    expect(model.runSync(images(1, 1, 1))).toEqual(want[1]);
    model.layers();
    expect(await Promise.all(runs)).toEqual(want);
    clearInterval(count);
    expect(pauses).toBeGreaterThan(0);
  });

  test("end with the model", async () => {
    const other = new Model(graph, MODULE);
    const run = other.run(images(1, 1, 1), { signal: new AbortController().signal });
    setTimeout(() => other.dispose(), 0);
    await expect(run).rejects.toThrow(DisposedError);
    expect(other.memory).toEqual({ weights: 0, arena: 0, arenaLowerBound: 0, total: 0 });
    expect(other.notes).toEqual([]);
  });

  test("a stage that needs too much memory leaves the model in use", () => {
    const graph = graphOf({
      inputs: { x: [4, 1] },
      lines: [
        ["ReduceMax x -> most", { keepdims: 0 }],
        ["Cast most -> n", { to: 7 }],
        "Reshape n one -> n1",
        "Expand x n1 -> wide",
        "Exp wide -> y",
      ],
      constants: { one: integers(1) },
    });
    const shaped = new Model(graph, MODULE, { memoryLimit: 2 ** 20 });
    const x = (most: number) => ({ x: { data: [0, 0, 0, most], shape: [4, 1] } });
    expect(shaped.runSync(x(3))["y"].shape).toEqual([4, 3]);
    expect(() => shaped.runSync(x(1e6))).toThrow(MemoryLimitError);
    const { y } = shaped.runSync(x(2));
    expect(y.shape).toEqual([4, 2]);
    expect(numbers(y).slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(shaped.runSync(x(3))["y"].shape).toEqual([4, 3]);
  });
});
