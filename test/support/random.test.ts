import { expect, test } from "vitest";
import { Random } from "./random.ts";

test("the same seed gives the same signed, differing values", () => {
  const values = new Random(7).values(1000, 2);
  expect(new Random(7).values(1000, 2)).toEqual(values);
  expect(new Random(8).values(1000, 2)).not.toEqual(values);
  expect(values.filter((value) => value > 0).length).toBeGreaterThan(400);
  expect(values.filter((value) => value < 0).length).toBeGreaterThan(400);
  expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1.9);
  expect(Math.max(...values.map(Math.abs))).toBeLessThan(2);
  expect(new Set(values.slice(0, 32)).size).toBe(32);
  expect([...new Random(3).permutation(9)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
