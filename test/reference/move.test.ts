import { describe, expect, test } from "vitest";
import * as oracle from "../reference.ts";
import { type Plain, plain } from "../reference.ts";

function ramp(...shape: number[]): Plain {
  return plain(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
}

const x = ramp(2, 3);

describe("moving elements", () => {
  test("transpose", () => {
    expect([...oracle.transpose(x, [1, 0]).data]).toEqual([0, 3, 1, 4, 2, 5]);
    const y = oracle.transpose(ramp(2, 3, 4), [2, 0, 1]);
    expect(y.shape).toEqual([4, 2, 3]);
    // y[3, 1, 2] = x[1, 2, 3], y[1, 0, 2] = x[0, 2, 1]
    expect([y.data[23], y.data[8]]).toEqual([23, 9]);
    const image = ramp(1, 2, 2, 2);
    expect([...oracle.toChannelsLast(image).data]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect(oracle.toChannelsFirst(oracle.toChannelsLast(image)).data).toEqual(Float64Array.from(image.data));
  });

  test("concat and split undo each other", () => {
    const parts = oracle.split(ramp(2, 5), -1, [2, 0, 3]);
    expect(parts.map((part) => [...part.data])).toEqual([[0, 1, 5, 6], [], [2, 3, 4, 7, 8, 9]]);
    expect([...oracle.concat(parts, 1).data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...oracle.concat([x, x], 0).data]).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  });

  test.each([
    ["a range", [1], [4], [1], [1, 2, 3]],
    ["from the end", [-3], [-1], [1], [3, 4]],
    ["clamped", [-99], [99], [1], [0, 1, 2, 3, 4, 5]],
    ["a step", [0], [6], [4], [0, 4]],
    ["backwards", [-1], [-99], [-2], [5, 3, 1]],
    ["backwards to an end", [4], [1], [-1], [4, 3, 2]],
    ["backwards from beyond", [99], [-3], [-1], [5, 4]],
    ["nothing", [3], [3], [1], []],
  ])("slice: %s", (_name, starts, ends, steps, want) => {
    expect([...oracle.slice(ramp(6), starts, ends, [0], steps).data]).toEqual(want);
  });

  test("slice of chosen axes, crop, flip", () => {
    expect([...oracle.slice(x, [1], [3], [-1]).data]).toEqual([1, 2, 4, 5]);
    expect([...oracle.crop(ramp(1, 1, 3, 4), 1, 2, 2, 1).data]).toEqual([6, 10]);
    expect([...oracle.flip(x, [1]).data]).toEqual([2, 1, 0, 5, 4, 3]);
    expect([...oracle.flip(x, [0, 1]).data]).toEqual([5, 4, 3, 2, 1, 0]);
  });

  test("expand and tile", () => {
    expect([...oracle.expand(plain([2, 1], [7, 8]), [3]).data]).toEqual([7, 7, 7, 8, 8, 8]);
    expect(oracle.expand(plain([3], [1, 2, 3]), [2, 1]).shape).toEqual([2, 3]);
    expect([...oracle.tile(plain([1, 2], [7, 8]), [2, 2]).data]).toEqual([7, 8, 7, 8, 7, 8, 7, 8]);
    expect(() => oracle.expand(x, [2, 2])).toThrow("expand: shapes do not broadcast");
  });

  test("gather", () => {
    const y = oracle.gather(x, plain([2, 1], [-1, 0]), 1);
    expect(y.shape).toEqual([2, 2, 1]);
    expect([...y.data]).toEqual([2, 0, 5, 3]);
    expect([...oracle.gather(x, plain([], [1]), 0).data]).toEqual([3, 4, 5]);
    expect([...oracle.gatherElements(x, plain([2, 2], [0, 2, -1, 1]), 1).data]).toEqual([0, 2, 5, 4]);
  });

  test("depth and space", () => {
    // Eight channels of one element: channel = part * 2 + c in DCR, c * 4 + part in CRD.
    const deep = ramp(1, 8, 1, 1);
    expect([...oracle.depthToSpace(deep, 2).data]).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    expect([...oracle.depthToSpace(deep, 2, "CRD").data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const wide = ramp(2, 3, 4, 6);
    const there = oracle.spaceToDepth(wide, 2);
    expect(there.shape).toEqual([2, 12, 2, 3]);
    // Channel 3 is part 1 of channel 0: row 0, column 1 of each block.
    expect(there.data[3 * 6 + 1]).toBe(3);
    expect(oracle.depthToSpace(there, 2).data).toEqual(Float64Array.from(wide.data));
  });
});

describe("pad", () => {
  const row = plain([1, 4], [1, 2, 3, 4]);

  test.each([
    ["constant", [9, 9, 9, 1, 2, 3, 4, 9, 9]],
    ["edge", [1, 1, 1, 1, 2, 3, 4, 4, 4]],
    ["reflect", [4, 3, 2, 1, 2, 3, 4, 3, 2]],
    ["wrap", [2, 3, 4, 1, 2, 3, 4, 1, 2]],
  ] as const)("%s", (mode, want) => {
    expect([...oracle.pad(row, [0, 3, 0, 2], mode, 9).data]).toEqual(want);
  });

  test("padding longer than the input goes on reflecting", () => {
    expect([...oracle.pad(plain([3], [1, 2, 3]), [5, 5], "reflect").data]).toEqual([
      2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2,
    ]);
    expect([...oracle.pad(plain([1], [7]), [1, 1], "reflect").data]).toEqual([7, 7, 7]);
  });

  test("negative extents take away, every axis has its own", () => {
    expect([...oracle.pad(row, [0, -1, 0, 2]).data]).toEqual([2, 3, 4, 0, 0]);
    expect([...oracle.pad(row, [0, -1, 0, 2], "edge").data]).toEqual([2, 3, 4, 4, 4]);
    const y = oracle.pad(plain([2, 1], [1, 2]), [1, 0, 0, 1], "constant", -1);
    expect(y.shape).toEqual([3, 2]);
    expect([...y.data]).toEqual([-1, -1, 1, -1, 2, -1]);
  });
});
