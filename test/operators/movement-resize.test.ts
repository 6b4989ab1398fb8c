import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectClose } from "../support/tolerance.ts";
import { expectExactly, int64, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(77);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

/** ONNX's attributes for the oracle's options. */
function attributesOf(options: reference.ResizeOptions): Record<string, Attribute> {
  const { mode = "nearest", coordinates = "half_pixel", nearest = "round_prefer_floor", cubic = -0.75 } = options;
  return {
    mode,
    coordinate_transformation_mode: coordinates,
    nearest_mode: nearest,
    cubic_coeff_a: cubic,
    exclude_outside: options.excludeOutside ? 1 : 0,
    antialias: options.antialias ? 1 : 0,
    extrapolation_value: options.extrapolation ?? 0,
    ...(options.axes && { axes: options.axes }),
  };
}

function specOf(x: HostTensor, options: reference.ResizeOptions): NodeSpec {
  const { sizes, scales, roi } = options;
  const inputs = [
    x,
    roi && tensor("float32", [roi.starts.length * 2], [...roi.starts, ...roi.ends]),
    scales && tensor("float32", [scales.length], scales),
    sizes && int64(...sizes),
  ];
  return { op: "Resize", inputs, attributes: attributesOf(options), constant: [1, 2, 3] };
}

/** By kernels, then on the host: the same bits. */
function check(x: HostTensor & { data: Float32Array }, options: reference.ResizeOptions): void {
  const spec = specOf(x, options);
  const fed = run(spec);
  expect(fed.algorithms).not.toContain("host");
  const want = reference.resize(x, { axes: x.shape.map((_, i) => i), ...options });
  expect(fed.results[0].shape).toEqual(want.shape);
  expectClose(fed.results[0].data as Float32Array, want);
  const known = run({ ...spec, constant: "all" });
  expect(known.results[0].data).toEqual(fed.results[0].data);
}

const modes = ["nearest", "linear", "cubic"] as const;
const coordinateModes = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
] as const;
const roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] as const;

describe.each(modes)("%s", (mode) => {
  describe.each(coordinateModes)("%s", (coordinates) => {
    test.each([[[2, 3, 7, 9]], [[1, 5, 2, 4]], [[2, 3, 13, 6]], [[2, 3, 1, 1]], [[2, 3, 5, 18]]])("to %s", (sizes) => {
      const x = floats(sizes[0], sizes[1], 5, 6);
      check(x, { mode, coordinates, sizes });
    });

    test("by factors that do not divide evenly", () => {
      check(floats(1, 4, 5, 7), { mode, coordinates, scales: [1, 1, 0.625, 1.75] });
    });
  });

  test("any rank and any axes", () => {
    check(floats(5), { mode, sizes: [9] });
    check(floats(4, 6), { mode, sizes: [3, 11] });
    check(floats(3, 4, 5), { mode, sizes: [6, 2, 5] });
    check(floats(3, 4, 5), { mode, scales: [2, 2], axes: [2, 0] });
    check(floats(2, 3, 4, 3, 5), { mode, sizes: [2, 2, 7, 4, 6] });
    check(floats(2, 17, 3, 4), { mode, sizes: [7, 5], axes: [3, -2] });
  });

  test("a part of the axes, with a constant outside", () => {
    const options = { mode, coordinates: "tf_crop_and_resize" as const, extrapolation: 10 };
    const roi = { starts: [0.25, -0.375], ends: [0.875, 1.125] };
    check(floats(2, 4, 6, 5), { ...options, sizes: [5, 8], axes: [2, 3], roi, extrapolation: 0 });
    check(floats(6, 5), { ...options, sizes: [1, 8], roi: { starts: [0.25, -0.375], ends: [0.625, 1.125] } });
    check(floats(6, 4), { ...options, scales: [1.5, 1], roi: { starts: [0.875, 0], ends: [0.125, 1] } });
  });
});

describe.each(roundings)("nearest by %s", (nearest) => {
  test.each(coordinateModes)("%s", (coordinates) => {
    check(floats(1, 3, 5, 6), { coordinates, nearest, sizes: [1, 3, 10, 3] });
    // A third is no float32, but places are what they would be if it were.
    check(floats(1, 3, 9, 4), { coordinates, nearest, scales: [1, 1, 1 / 3, 2.5] });
  });
});

describe.each(["linear", "cubic"] as const)("%s", (mode) => {
  test("without what lies outside", () => {
    check(floats(1, 2, 5, 6), { mode, excludeOutside: true, sizes: [1, 2, 9, 4] });
    check(floats(1, 2, 5, 6), { mode, excludeOutside: true, cubic: -0.5, scales: [1, 1, 0.75, 2] });
  });

  test("antialiased", () => {
    check(floats(1, 2, 13, 9), { mode, antialias: true, sizes: [1, 2, 4, 12] });
    check(floats(1, 2, 13, 9), { mode, antialias: true, excludeOutside: true, scales: [1, 1, 0.375, 0.625] });
  });

  test("an infinite element spoils no place that it has no part in", () => {
    const x = tensor("float32", [4], [1, 2, Number.POSITIVE_INFINITY, 4]);
    const [y] = run(specOf(x, { mode, coordinates: "align_corners", sizes: [4] })).results;
    expectExactly(y, x as reference.Plain);
    const [shrunk] = run(specOf(x, { mode: "linear", coordinates: "asymmetric", sizes: [2] })).results;
    expectExactly(shrunk, { shape: [2], data: [1, Number.POSITIVE_INFINITY] });
  });
});

describe("the form of the result", () => {
  const x = floats(1, 2, 4, 6);
  test.each<[string, number[], number[]]>([
    ["not_larger", [8, 9], [6, 9]],
    ["not_smaller", [8, 9], [8, 12]],
    ["not_larger", [1, 9], [1, 2]],
  ])("%s keeps the proportions: %s", (policy, sizes, want) => {
    const attributes = { keep_aspect_ratio_policy: policy, axes: [2, 3] };
    const { results } = run({
      op: "Resize",
      inputs: [x, undefined, undefined, int64(...sizes)],
      attributes,
      constant: [3],
    });
    expect(results[0].shape).toEqual([1, 2, ...want]);
  });

  test("a factor is measured in float32: 0.7 of 10 is 7", () => {
    expect(run(specOf(floats(10), { scales: [0.7] })).results[0].shape).toEqual([7]);
  });

  test("a third of nine shows elements 1, 4 and 7", () => {
    const nine = tensor("float32", [9], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const nearest of roundings) {
      const { results } = run(specOf(nine, { nearest, scales: [Math.fround(1 / 3)] }));
      expectExactly(results[0], { shape: [3], data: [1, 4, 7] });
    }
  });

  test("nothing to do needs no step", () => {
    const line = floats(2, 4, 6);
    expect(run(specOf(line, { mode: "linear", scales: [1, 1, 1] })).algorithms).toEqual([]);
  });

  test("an empty region and empty factors are not given", () => {
    const none = tensor("float32", [0], []);
    const inputs = [x, none, none, int64(1, 2, 8, 12)];
    const { results } = run({ op: "Resize", inputs, constant: [1, 2, 3] });
    expectExactly(results[0], reference.resize(x, { sizes: [1, 2, 8, 12] }));
  });

  test("nearest moves elements of any type", () => {
    const bytes = tensor("uint8", [1, 2, 2, 2], [1, 2, 3, 4, 250, 6, 7, 8]);
    const longs = tensor("int64", [2, 2], [1, -2, 3, 4]);
    expectExactly(run(specOf(longs, { sizes: [2, 4] })).results[0], {
      shape: [2, 4],
      data: [1, 1, -2, -2, 3, 3, 4, 4],
    });
    const want = reference.resize(bytes as reference.Plain, { sizes: [1, 2, 4, 4] });
    expectExactly(run(specOf(bytes, { sizes: [1, 2, 4, 4] })).results[0], want);
  });
});

test("doubles are blended on the host", () => {
  const x = tensor("float64", [3], [0, 1, 4]);
  const { results } = run(specOf(x, { mode: "linear", coordinates: "align_corners", sizes: [5] }));
  expectExactly(results[0], { shape: [5], data: [0, 0.5, 1, 2.5, 4] });
});

describe("refuses", () => {
  const x = floats(1, 2, 4, 6);
  const scales = (...values: number[]) => tensor("float32", [values.length], values);
  test.each<[string, (HostTensor | undefined)[], Record<string, Attribute>, string]>([
    ["neither scales nor sizes", [], {}, "inputs expected either scales or sizes, got none"],
    [
      "both",
      [undefined, scales(1, 1, 1, 1), int64(1, 2, 4, 6)],
      {},
      "inputs expected either scales or sizes, got both",
    ],
    ["too few scales", [undefined, scales(2, 2)], {}, "scales expected 4 values above 0 for [1, 2, 4, 6], got [2, 2]"],
    [
      "a factor of 0",
      [undefined, scales(2, 0)],
      { axes: [2, 3] },
      "scales expected 2 values above 0 for [4, 6], got [2, 0]",
    ],
    [
      "a size of 0",
      [undefined, undefined, int64(0)],
      { axes: [3] },
      "sizes expected 1 values of at least 1 for [6], got [0]",
    ],
    ["an axis twice", [undefined, scales(2, 2)], { axes: [3, -1] }, "axes expected different axes, got [3, -1]"],
    ["an unknown mode", [], { mode: "lanczos" }, "mode expected nearest, linear, cubic, got lanczos"],
    [
      "an unknown rounding",
      [],
      { nearest_mode: "up" },
      "nearest_mode expected round_prefer_floor, round_prefer_ceil, floor, ceil, simple, got up",
    ],
    [
      "a region of one value",
      [scales(0), scales(2)],
      { axes: [3], coordinate_transformation_mode: "tf_crop_and_resize" },
      "region expected 2 values, two for each axis, got [0]",
    ],
  ])("%s", (_, rest, attributes, message) => {
    expect(refusal({ op: "Resize", inputs: [x, ...rest], attributes, constant: [1, 2, 3] })).toBe(
      `Resize "node": ${message}`,
    );
  });

  test("blending integers", () => {
    const message = refusal(specOf(tensor("int32", [2], [1, 2]), { mode: "linear", sizes: [4] }));
    expect(message).toContain('Resize "node": mode linear is not supported for int32');
  });
});

test("lines of any length", () => {
  const length = 200_001;
  const attributes = attributesOf({ mode: "linear", coordinates: "align_corners" });
  const inputs = [tensor("float32", [1, 1, 1, 2], [0, length - 1]), undefined, undefined, int64(1, 1, 1, length)];
  const { data } = run({ op: "Resize", inputs, attributes, constant: [3] }).results[0];
  expect(data.length).toBe(length);
  expect([data[0], data[100_000], data[length - 1]]).toEqual([0, 100_000, length - 1]);
});
