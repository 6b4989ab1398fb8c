import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { WeightStore } from "../../src/graph/weights.ts";
import { Heap } from "../../src/memory.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { graphOf, type Line, MODULE, weights } from "./graphs.ts";

function store(byContent: boolean) {
  const { kernels, memory, heapBase } = instantiateKernels(MODULE);
  const heap = new Heap(memory, heapBase);
  const whole = new WeightStore(kernels, heap);
  return { heap, whole, weights: whole.lease(byContent) };
}

const tensor = (...values: number[]): HostTensor => ({
  type: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

describe("a store", () => {
  test("keeps a constant once, byte for byte", () => {
    const { heap, weights, whole } = store(false);
    const at = weights.upload("a", tensor(1, 2, 3));
    expect(weights.upload("a", tensor(1, 2, 3))).toBe(at);
    expect([...new Float32Array(heap.memory.buffer, at, 3)]).toEqual([1, 2, 3]);
    expect(whole.bytes).toBe(12);
  });

  test("tells equal names with other elements apart, where several plans share it", () => {
    const { weights } = store(true);
    const at = weights.upload("a", tensor(1, 2, 3));
    const others = [
      tensor(1, 2, 4),
      tensor(3, 2, 1),
      tensor(1, 2),
      { ...tensor(1, 2, 3), shape: [3, 1] },
      tensor(-1, 2, 3),
      tensor(2, 1, 3),
    ];
    const addresses = [at, ...others.map((other) => weights.upload("a", other))];
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(weights.upload("a", tensor(1, 2, 3))).toBe(at);
  });

  test("knows lasting constants, and what was made of them, without a look at their elements", () => {
    const { kernels, memory, heapBase } = instantiateKernels(MODULE);
    const [one, same] = [tensor(1, 2), tensor(1, 2)];
    const weights = new WeightStore(kernels, new Heap(memory, heapBase), [one, same]).lease(true);
    const at = weights.upload("a", one);
    expect(weights.upload("a", same)).not.toBe(at);
    expect(weights.upload("a", one)).toBe(at);
    const turned = (of: HostTensor, how: string) => weights.upload("b", { ...tensor(2, 1), of, how } as HostTensor);
    const first = turned(one, "1,0");
    expect(turned(one, "1,0")).toBe(first);
    expect(new Set([first, turned(one, "0,1"), turned(same, "1,0"), turned(tensor(1, 2), "1,0")]).size).toBe(4);
    expect(turned(tensor(1, 2), "1,0")).toBe(turned(tensor(1, 2), "1,0"));
  });

  test("frees what no plan holds any more", () => {
    const { heap, weights, whole } = store(true);
    const other = whole.lease(true);
    const [a, b] = [tensor(1, 2, 3), tensor(4, 5)];
    const shared = weights.upload("a", a);
    expect([weights.upload("a", a), other.upload("a", a)]).toEqual([shared, shared]);
    other.upload("b", b);
    expect(whole.bytes).toBe(20);
    weights.end();
    weights.end();
    expect(whole.bytes).toBe(20);
    expect([...new Float32Array(heap.memory.buffer, shared, 3)]).toEqual([1, 2, 3]);
    other.end();
    expect([whole.bytes, heap.used]).toEqual([0, 0]);
  });

  test("packs pieces through a little memory, which it gives back", () => {
    const { heap, weights } = store(false);
    const filter = tensor(...Array.from({ length: 1000 }, (_, i) => i));
    const asked: number[][] = [];
    const address = weights.pack(
      "sum",
      {
        key: "sum",
        bytes: 8,
        write(_, source, to) {
          const out = new Float32Array(heap.memory.buffer, to, 2);
          expect([source.has(0), source.has(1)]).toEqual([true, false]);
          asked.push([...new Float32Array(heap.memory.buffer, source.at(0, 990, 3), 3)]);
          const { at, step } = source.rows(0, 5, 2, 3, 100);
          asked.push(
            Array.from({ length: 3 }, (_, row) => new Float32Array(heap.memory.buffer, at + row * step * 4, 2)[1]),
          );
          out.set([7, 8]);
        },
      },
      [filter, undefined],
    );
    expect(asked).toEqual([
      [990, 991, 992],
      [6, 106, 206],
    ]);
    expect([...new Float32Array(heap.memory.buffer, address, 2)]).toEqual([7, 8]);
    expect(heap.used).toBe(64);
  });
});

describe("a model", () => {
  const w = weights([16, 8, 3, 3]);
  const free = (graph: Graph): Graph => ({
    ...graph,
    inputs: graph.inputs.map((input) => ({ ...input, shape: [1, 8, "h", "w"] })),
  });
  const conv = graphOf({ inputs: { x: [1, 8, 9, 9] }, lines: ["Conv x w -> y"], constants: { w } });

  test("shares packed weights between plans that pack them alike", () => {
    const model = new Model(free(conv), MODULE, { numerics: "direct" });
    const image = (side: number) => ({ x: { data: new Float32Array(8 * side * side), shape: [1, 8, side, side] } });
    model.runSync(image(9));
    const { weights: once } = model.memory;
    model.runSync(image(12));
    model.runSync(image(5));
    expect(model.memory.weights).toBe(once);
    expect(once).toBeGreaterThan(w.data.byteLength);
  });

  test("does not take a folded weight for another of its name", () => {
    // The shape of x decides what is multiplied into the filter.
    const lines: Line[] = [
      "Shape x -> s",
      ["Cast s -> f", { to: 1 }],
      ["ReduceProd f -> p", { keepdims: 0 }],
      "Reciprocal p -> q",
      "Conv x w -> a",
      "Mul a q -> y",
    ];
    const graph = graphOf({ inputs: { x: [1, 8, 9, 9] }, lines, constants: { w } });
    const model = new Model(free(graph), MODULE);
    for (const side of [4, 5, 4]) {
      const x = weights([1, 8, side, side]);
      const plain = new Model(free(conv), MODULE).runSync({ x }).y.data as Float32Array;
      const got = model.runSync({ x }).y.data as Float32Array;
      for (const [i, value] of got.entries()) expect(value).toBeCloseTo(plain[i] / (8 * side * side), 6);
    }
  });
});
