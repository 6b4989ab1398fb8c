import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { align, Heap } from "../src/memory.ts";

const PAGE = 65536;
const memoryOf = (pages: number, maximum?: number) =>
  new WebAssembly.Memory(maximum === undefined ? { initial: pages } : { initial: pages, maximum });

describe("Heap", () => {
  test("hands out aligned blocks behind its base, first fit", () => {
    const heap = new Heap(memoryOf(1), 1000);
    const a = heap.allocate(1, "test");
    const b = heap.allocate(65, "test");
    const c = heap.allocate(0, "test");
    expect([a, b, c]).toEqual([1024, 1088, 1216]);
    expect(heap.used).toBe(64 + 128 + 64);
    heap.free(a);
    heap.free(b);
    expect(heap.used).toBe(64);
    // The freed neighbours are one block again.
    expect(heap.allocate(192, "test")).toBe(1024);
  });

  test("grows by what is missing behind the last free block", () => {
    const heap = new Heap(memoryOf(1), 0);
    expect(heap.allocate(PAGE + 64, "test")).toBe(0);
    expect(heap.memory.buffer.byteLength).toBe(2 * PAGE);
    expect(heap.allocate(PAGE - 64, "test")).toBe(PAGE + 64);
    expect(heap.memory.buffer.byteLength).toBe(2 * PAGE);
    heap.allocate(1, "test");
    expect(heap.memory.buffer.byteLength).toBe(3 * PAGE);
  });

  test("a block that is freed twice, or was never handed out, changes nothing", () => {
    const heap = new Heap(memoryOf(1), 0);
    const a = heap.allocate(64, "test");
    heap.free(a);
    heap.free(a);
    heap.free(12345);
    expect(heap.used).toBe(0);
    expect([heap.allocate(64, "test"), heap.allocate(64, "test")]).toEqual([0, 64]);
  });

  test("refuses to grow beyond its limit, and goes on working", () => {
    const heap = new Heap(memoryOf(1), 0, 2 * PAGE);
    const a = heap.allocate(PAGE, "test");
    expect(() => heap.allocate(PAGE + 1, "conv2d")).toThrow(
      "conv2d: memory expected to stay within 131072 bytes, needs 196608",
    );
    expect(heap.used).toBe(PAGE);
    heap.free(a);
    expect(heap.allocate(2 * PAGE, "test")).toBe(0);
  });

  test("says so when the runtime refuses", () => {
    const heap = new Heap(memoryOf(1, 2), 0);
    const remedy = ": dispose of what is done with, give smaller inputs, or raise memoryLimit";
    const message = `test: memory expected to grow to 262144 bytes, the runtime refused${remedy}`;
    expect(() => heap.allocate(4 * PAGE, "test")).toThrow(
      expect.objectContaining({
        name: "MemoryLimitError",
        code: "memory-limit",
        message,
        cause: expect.any(RangeError),
      }),
    );
    expect(heap.used).toBe(0);
    expect(() => new Heap(memoryOf(1), 0).allocate(2 ** 40, "test")).toThrow(
      "test: memory expected to stay within 4294967296 bytes, needs 1099511627776",
    );
  });

  test("blocks never overlap, and all of them freed leave one", () => {
    const sizes = fc.array(fc.tuple(fc.nat(5000), fc.nat(9)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, (steps) => {
        const heap = new Heap(memoryOf(1), 500);
        const live: { start: number; bytes: number }[] = [];
        for (const [bytes, choice] of steps) {
          const taken = { start: heap.allocate(bytes, "test"), bytes: Math.max(64, align(bytes)) };
          for (const { start, bytes: extent } of live) {
            expect(taken.start + taken.bytes <= start || start + extent <= taken.start).toBe(true);
          }
          expect(taken.start % 64).toBe(0);
          expect(taken.start + taken.bytes).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
          live.push(taken);
          if (choice < 5) heap.free(live.splice(choice % live.length, 1)[0].start);
          expect(heap.used).toBe(live.reduce((sum, block) => sum + block.bytes, 0));
        }
        for (const { start } of live) heap.free(start);
        expect(heap.used).toBe(0);
        const { byteLength } = heap.memory.buffer;
        expect(heap.allocate(byteLength - 512, "test")).toBe(512);
        expect(heap.memory.buffer.byteLength).toBe(byteLength);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

test("align", () => {
  expect([0, 1, 64, 65, 2 ** 33 + 1].map(align)).toEqual([0, 64, 64, 128, 2 ** 33 + 64]);
});
