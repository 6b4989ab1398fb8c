import { describe, expect, test } from "vitest";
import { GuardedArena } from "./guarded.ts";

describe("guarded memory", () => {
  function arena(): { buffer: ArrayBuffer; floats: Float32Array; guarded: GuardedArena; x: number; y: number } {
    const buffer = new ArrayBuffer(4096);
    const guarded = new GuardedArena(buffer, 100);
    const x = guarded.put(Float32Array.of(1, 2, 3, 4, 5), "x");
    const y = guarded.reserve(3, Float32Array, "y");
    return { buffer, floats: new Float32Array(buffer), guarded, x, y };
  }

  test("a run that keeps to its regions passes", () => {
    const { floats, guarded, x, y } = arena();
    expect(x % 16).toBe(0);
    expect(y % 16).toBe(0);
    expect(y - (x + 20)).toBeGreaterThanOrEqual(128);
    floats.set([6, 7, 8], y / 4);
    guarded.check();
    expect([...guarded.floats(x)]).toEqual([1, 2, 3, 4, 5]);
    expect([...guarded.floats(y)]).toEqual([6, 7, 8]);
  });

  test("what lies beside an operand is NaN", () => {
    const { floats, x } = arena();
    for (let i = 1; i <= 16; i++) {
      expect(floats[x / 4 - i]).toBeNaN();
      expect(floats[x / 4 + 4 + i]).toBeNaN();
    }
  });

  test("each fault is found", () => {
    const fault = (f: (floats: Float32Array, x: number, y: number) => void): (() => void) => {
      const { floats, guarded, x, y } = arena();
      floats.set([6, 7, 8], y / 4);
      f(floats, x / 4, y / 4);
      return () => guarded.check();
    };
    expect(fault((floats, _x, y) => (floats[y + 3] = Number.NaN))).toThrow("byte 0 after y was overwritten");
    expect(fault((floats, _x, y) => (floats[y + 4] = 0))).toThrow("byte 4 after y was overwritten");
    expect(fault((floats, x) => (floats[x - 1] = 0))).toThrow("byte -4 before x was overwritten");
    expect(fault((floats, x) => (floats[x + 2] = 0))).toThrow("element 2 of x was overwritten");
    expect(fault((floats, x, y) => (floats[y + 1] = floats[x - 1] + 1))).toThrow("element 1 of y is NaN");
    const { guarded } = arena();
    expect(() => guarded.check()).toThrow("element 0 of y is NaN: not written");
  });

  test("NaN is allowed where the reference has it", () => {
    const { floats, guarded, y } = arena();
    floats.set([6, Number.NaN, 8], y / 4);
    guarded.check([y, { data: [6, Number.NaN, 8] }]);
    expect(() => guarded.check([y, { data: [6, 7, Number.NaN] }])).toThrow("element 1 of y is NaN");
  });

  test("memory grows, other types are guarded to the byte, mutable operands may change", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const guarded = new GuardedArena(memory, 65000);
    const a = guarded.put(Int8Array.of(1, 2, 3), "a");
    const b = guarded.putMutable(Float32Array.of(1, 2), "b");
    guarded.scratch(70000);
    expect(memory.buffer.byteLength).toBe(3 * 65536);
    new Float32Array(memory.buffer)[b / 4] = 9;
    guarded.check();
    expect([...guarded.floats(b)]).toEqual([9, 2]);
    expect([...guarded.read(a)]).toEqual([1, 2, 3]);
    new Uint8Array(memory.buffer)[a + 3] = 0;
    expect(() => guarded.check()).toThrow("byte 0 after a was overwritten");
  });
});
