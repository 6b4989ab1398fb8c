import { expect, test } from "vitest";
import { plain, type ResizeOptions, resize } from "../reference.ts";

const ROW = plain([1, 1, 1, 4], [1, 2, 3, 4]);

function row(options: ResizeOptions, x = ROW): number[] {
  return [...resize(x, { ...options, axes: [3] }).data];
}

function expectRow(got: number[], want: number[]): void {
  expect(got).toHaveLength(want.length);
  for (let i = 0; i < want.length; i++) expect(got[i]).toBeCloseTo(want[i], 12);
}

test.each([
  // Places of the 8 outputs: -0.25, 0.25, 0.75, 1.25 ...
  ["half_pixel", 8, [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]],
  ["asymmetric", 8, [1, 1.5, 2, 2.5, 3, 3.5, 4, 4]],
  ["align_corners", 7, [1, 1.5, 2, 2.5, 3, 3.5, 4]],
  ["align_corners", 1, [1]],
  ["half_pixel", 1, [2.5]],
  ["pytorch_half_pixel", 1, [1]],
  ["pytorch_half_pixel", 2, [1.5, 3.5]],
] as const)("linear, %s, to %d", (coordinates, size, want) => {
  expectRow(row({ sizes: [size], mode: "linear", coordinates }), [...want]);
});

test("scales that do not fill a whole element", () => {
  // floor(4 * 0.6) = 2 outputs. half_pixel: places 1 / 3 and 2; symmetric: shifted by 2 * (1 - 2 / 2.4) = 1 / 3.
  const options = { scales: [0.6], mode: "linear" } as const;
  expectRow(row({ ...options, coordinates: "half_pixel" }), [1 + 1 / 3, 3]);
  expectRow(row({ ...options, coordinates: "half_pixel_symmetric" }), [1 + 2 / 3, 3 + 1 / 3]);
  expectRow(row({ ...options, coordinates: "align_corners" }), [1, 1 + 3 / 1.4]);
});

test.each([
  // Places 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5.
  ["floor", [1, 1, 2, 2, 3, 3, 4, 4]],
  ["ceil", [1, 2, 2, 3, 3, 4, 4, 4]],
  ["round_prefer_floor", [1, 1, 2, 2, 3, 3, 4, 4]],
  ["round_prefer_ceil", [1, 2, 2, 3, 3, 4, 4, 4]],
] as const)("nearest by %s", (nearest, want) => {
  expect(row({ sizes: [8], nearest, coordinates: "asymmetric" })).toEqual(want);
});

test("rounding looks at more than the half", () => {
  // Places 0.25, 0.75, ... less 0.5: -0.25, 0.25, 0.75, 1.25.
  expect(row({ sizes: [8], nearest: "round_prefer_floor" })).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  expect(row({ sizes: [8], nearest: "round_prefer_ceil" })).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  expect(row({ sizes: [8], nearest: "floor" })).toEqual([1, 1, 1, 2, 2, 3, 3, 4]);
  expect(row({ sizes: [8], nearest: "ceil" })).toEqual([1, 2, 2, 3, 3, 4, 4, 4]);
});

test("cubic: weights at the half, edges, other coefficients", () => {
  const impulse = plain([1, 1, 1, 6], [0, 0, 0, 1, 0, 0]);
  // At a distance of 1/2 the kernel with a = -0.5 is 9/16, at 3/2 it is -1/16.
  const options = { sizes: [12], mode: "cubic", coordinates: "asymmetric", cubic: -0.5 } as const;
  expectRow(row(options, impulse), [0, 0, 0, -1 / 16, 0, 9 / 16, 1, 9 / 16, 0, -1 / 16, 0, 0]);
  // With a = -0.75: 19/32 and -3/32. The last place, 5.5, sees elements 4, 5, 6, 7; the last two show the edge.
  expectRow(row({ ...options, cubic: -0.75 }, impulse), [0, 0, 0, -3 / 32, 0, 19 / 32, 1, 19 / 32, 0, -3 / 32, 0, 0]);
  const edge = plain([1, 1, 1, 6], [0, 0, 0, 0, 0, 1]);
  expectRow(row(options, edge).slice(-3), [9 / 16 - 1 / 16, 1, 9 / 16 + 9 / 16 - 1 / 16]);
  // Without the outside: 9/16 of element 5 and -1/16 of element 4, over their sum of 1/2.
  expectRow(row({ ...options, excludeOutside: true }, edge).slice(-1), [9 / 8]);
});

test("antialias widens the kernel", () => {
  const x = plain([1, 1, 1, 8], [0, 0, 0, 1, 0, 0, 0, 0]);
  // To 4: places 0.5, 2.5, 4.5, 6.5; a tent of radius 2 gives elements at distances 1/2 and 3/2 the weights 3/8 and 1/8.
  const options = { sizes: [4], mode: "linear", antialias: true } as const;
  expectRow(row(options, x), [0, 3 / 8, 1 / 8, 0]);
  expectRow(row({ ...options, antialias: false }, x), [0, 1 / 2, 0, 0]);
  const ones = plain([1, 1, 1, 8], [1, 0, 0, 0, 0, 0, 0, 0]);
  // Element -1 shows element 0, or gives its 1/8 to the others.
  expectRow(row(options, ones).slice(0, 1), [1 / 2]);
  expectRow(row({ ...options, excludeOutside: true }, ones).slice(0, 1), [3 / 7]);
  const constant = plain([1, 1, 1, 8], new Array(8).fill(5));
  expectRow(row({ ...options, mode: "cubic" }, constant), [5, 5, 5, 5]);
  // Enlarging, it changes nothing.
  expectRow(row({ sizes: [16], mode: "linear", antialias: true }, x), row({ sizes: [16], mode: "linear" }, x));
});

test("both axes, with magnitudes and terms", () => {
  const x = plain([1, 1, 2, 2], [1, -2, 3, 4]);
  const y = resize(x, { sizes: [3, 3], mode: "linear", coordinates: "align_corners" });
  expect(y.shape).toEqual([1, 1, 3, 3]);
  expect([...y.data]).toEqual([1, -0.5, -2, 2, 1.5, 1, 3, 3.5, 4]);
  expect([...y.magnitude]).toEqual([1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4]);
  expect(y.terms).toBe(4);
  expect(resize(x, { scales: [2, 3] }).shape).toEqual([1, 1, 4, 6]);
  expect(resize(x, { scales: [2, 3] }).terms).toBe(0);
});

test("tf_crop_and_resize", () => {
  const options = {
    sizes: [3],
    mode: "linear",
    coordinates: "tf_crop_and_resize",
    roi: { starts: [1 / 3], ends: [4 / 3] },
    extrapolation: -9,
  } as const;
  // Places 1, 2.5, 4; the last lies outside.
  expectRow(row(options), [2, 3.5, -9]);
});
