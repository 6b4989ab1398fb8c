import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import type { Attribute } from "../../src/graph/graph.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExactly, int64, type NodeSpec, refusal, run, tensor } from "./movement-graphs.ts";

const random = new Random(20260301);

function floats(...shape: number[]): HostTensor & { data: Float32Array<ArrayBuffer> } {
  return { type: "float32", shape, data: new Float32Array(random.tensor(shape).data) };
}

type Want = { shape: readonly number[]; data: ArrayLike<number> };

/** Input 0 fed and the rest constant: moved by kernels. All constant: on the host. Then the same with other element types. */
function check(spec: NodeSpec, want: Want): void {
  const rest = spec.inputs.map((_, i) => i).slice(1);
  const fed = run({ ...spec, constant: rest });
  expectExactly(fed.results[0], want);
  expect(fed.algorithms).not.toContain("host");
  expectExactly(run({ ...spec, constant: "all" }).results[0], want);

  const [x] = spec.inputs as [HostTensor];
  const integers = Array.from({ length: x.data.length }, (_, i) => ((i * 7) % 251) - 125);
  const moved = (["int32", "int64", "int8"] as const).map((type) => {
    const inputs = spec.inputs.map((input) => (input?.type === "float32" ? tensor(type, [], [7]) : input));
    const { results } = run({ ...spec, inputs: [tensor(type, x.shape, integers), ...inputs.slice(1)], constant: rest });
    return Array.from(results[0].data as ArrayLike<number | bigint>, Number);
  });
  const floats = run({
    ...spec,
    inputs: spec.inputs.map((input, i) =>
      i === 0 ? tensor("float32", x.shape, integers) : input?.type === "float32" ? tensor("float32", [], [7]) : input,
    ),
    constant: rest,
  });
  for (const each of moved) expect(each).toEqual(Array.from(floats.results[0].data as Float32Array));
}

describe("Slice", () => {
  const x = floats(5, 6, 7);
  test.each<[string, number[], number[], number[] | undefined, number[] | undefined]>([
    ["a range of each axis", [1, 2, 3], [4, 5, 6], undefined, undefined],
    ["one axis, from the end", [-3], [-1], [-1], undefined],
    ["ends beyond the tensor", [2, 0], [1000, 2 ** 40], [1, 2], undefined],
    ["steps", [0, 1], [5, 7], [0, 2], [2, 3]],
    ["backwards", [-1, 4], [-1000, 0], [2, 1], [-1, -2]],
    ["nothing", [3], [3], [0], undefined],
    ["starts beyond the tensor", [9], [12], [1], undefined],
  ])("%s", (_, starts, ends, axes, steps) => {
    const inputs = [x, int64(...starts), int64(...ends), axes && int64(...axes), steps && int64(...steps)];
    check({ op: "Slice", inputs }, reference.slice(x, starts, ends, axes, steps));
  });

  test("a start before the tensor is its first element, backwards too", () => {
    const inputs = [x, int64(-100), int64(-200), int64(0), int64(-1)];
    check({ op: "Slice", inputs }, reference.slice(x, [0], [-200], [0], [-1]));
  });

  test("all of it needs no step", () => {
    expect(run({ op: "Slice", inputs: [x, int64(0), int64(5)], constant: [1, 2] }).algorithms).toEqual([]);
  });

  test.each<[string, (HostTensor | undefined)[], string]>([
    [
      "steps of 0",
      [int64(0), int64(1), int64(0), int64(0)],
      'Slice "node": steps expected values other than 0, got [0]',
    ],
    [
      "ends that are too few",
      [int64(0, 1), int64(1)],
      'Slice "node": ends expected 2 values, one for each start, got [1]',
    ],
    ["an axis too many", [int64(0), int64(1), int64(3)], 'Slice "node": axis expected an axis of rank 3, got 3'],
    [
      "an axis twice",
      [int64(0, 0), int64(1, 1), int64(2, -1)],
      'Slice "node": axes expected different axes, got [2, -1]',
    ],
    [
      "too many starts",
      [int64(0, 0, 0, 0), int64(1, 1, 1, 1)],
      'Slice "node": starts expected at most 3 values, got [0, 0, 0, 0]',
    ],
  ])("refuses %s", (_, rest, message) => {
    expect(refusal({ op: "Slice", inputs: [x, ...rest], constant: [1, 2, 3, 4] })).toBe(message);
  });

  test("takes starts that are fed", () => {
    const { results } = run({ op: "Slice", inputs: [x, int64(1), int64(2)], constant: [2] });
    expectExactly(results[0], reference.slice(x, [1], [2]));
  });
});

describe("Split", () => {
  const x = floats(4, 7, 3);
  const outputs = ["a", "b", "c"];
  test.each<[string, number, number[] | undefined, Record<string, Attribute>, number[]]>([
    ["by sizes", 1, [2, 4, 1], {}, [2, 4, 1]],
    ["a piece of nothing", 1, [2, 0, 5], {}, [2, 0, 5]],
    ["in equal pieces", 2, undefined, {}, [1, 1, 1]],
    ["the last piece smaller", -2, undefined, { num_outputs: 3 }, [3, 3, 1]],
  ])("%s", (_, axis, sizes, attributes, want) => {
    const spec = { op: "Split", inputs: [x, sizes && int64(...sizes)], attributes: { axis, ...attributes }, outputs };
    for (const constant of [[1], "all"] as const) {
      const { results } = run({ ...spec, constant });
      for (const [i, piece] of reference.split(x, axis, want).entries()) expectExactly(results[i], piece);
    }
  });

  test("an output that nobody wants is not written", () => {
    const spec = { op: "Split", inputs: [x, int64(2, 4, 1)], attributes: { axis: 1 }, constant: [1] };
    const { results } = run({ ...spec, outputs: ["a", "", "c"] });
    const [a, , c] = reference.split(x, 1, [2, 4, 1]);
    expectExactly(results[0], a);
    expectExactly(results[1], c);
  });

  test("refuses sizes that do not fill the axis", () => {
    const message = refusal({
      op: "Split",
      inputs: [x, int64(2, 4)],
      attributes: { axis: 1 },
      outputs: ["a", "b"],
      constant: [1],
    });
    expect(message).toBe(
      'Split "node": split expected sizes that add up to 7, the extent of axis 1 of [4, 7, 3], got [2, 4]',
    );
  });

  test("refuses more outputs than sizes", () => {
    const message = refusal({ op: "Split", inputs: [x, int64(3, 4)], attributes: { axis: 1 }, outputs, constant: [1] });
    expect(message).toBe('Split "node": split expected 3 sizes, got [3, 4]');
  });
});

describe("Pad", () => {
  const x = floats(2, 3, 5, 4);
  const cases: [string, number[]][] = [
    ["an image's sides", [0, 0, 1, 2, 0, 0, 2, 1]],
    ["all axes", [1, 2, 3, 1, 0, 1, 2, 3]],
    ["some taken away", [0, -1, 2, -1, 1, 1, -2, 2]],
    ["only taken away", [0, 0, -1, -1, 0, -1, -2, 0]],
    ["nothing", [0, 0, 0, 0, 0, 0, 0, 0]],
  ];
  for (const mode of ["constant", "reflect", "edge", "wrap"] as const) {
    test.each(cases)(`${mode}: %s`, (_, pads) => {
      const inputs = [x, int64(...pads), mode === "constant" ? tensor("float32", [], [-1.5]) : undefined];
      check({ op: "Pad", inputs, attributes: { mode } }, reference.pad(x, pads, mode, -1.5));
    });
  }

  test("by more than the tensor holds", () => {
    const line = floats(1, 3);
    for (const mode of ["reflect", "wrap", "edge"] as const) {
      const want = reference.pad(line, [0, 7, 0, 8], mode);
      check({ op: "Pad", inputs: [line, int64(0, 7, 0, 8)], attributes: { mode } }, want);
    }
  });

  test("zeros where no constant is given, along the axes that are named", () => {
    check(
      { op: "Pad", inputs: [x, int64(1, 2, 3, 0), undefined, int64(-1, 1)] },
      reference.pad(x, [0, 2, 0, 1, 0, 0, 0, 3]),
    );
  });

  test("a constant that is computed", () => {
    const inputs = [x, int64(0, 0, 1, 1, 0, 0, 1, 1), tensor("float32", [1], [Number.NaN])];
    expectExactly(
      run({ op: "Pad", inputs, constant: [1] }).results[0],
      reference.pad(x, [0, 0, 1, 1, 0, 0, 1, 1], "constant", Number.NaN),
    );
  });

  test.each<[string, (HostTensor | undefined)[], string, string]>([
    ["too few pads", [int64(1, 1)], "constant", "pads expected 8 values, two for each axis, got [1, 1]"],
    [
      "pads that take all",
      [int64(0, 0, -3, 0, 0, 0, -3, 0)],
      "edge",
      "pads expected values that leave something of [2, 3, 5, 4], got 0 and 0, 0 and 0, -3 and -3, 0 and 0",
    ],
    ["an unknown mode", [int64(1, 1)], "mirror", "mode expected constant, reflect, edge, wrap, got mirror"],
    [
      "nothing to show",
      [int64(2, -5), undefined, int64(2)],
      "edge",
      "pads expected something to edge along axis 2 of [2, 3, 5, 4], got 2 and -5",
    ],
    [
      "a constant of another type",
      [int64(1, 1, 1, 1, 1, 1, 1, 1), int64(4)],
      "constant",
      "input 2 expected type float32 as input 0, got int64",
    ],
  ])("refuses %s", (_, rest, mode, message) => {
    expect(refusal({ op: "Pad", inputs: [x, ...rest], attributes: { mode }, constant: [1, 2, 3] })).toBe(
      `Pad "node": ${message}`,
    );
  });
});

describe("CenterCropPad", () => {
  const x = floats(5, 8, 3);
  test.each<[number[], number[] | undefined, number[]]>([
    [[3, 11, 3], undefined, [-1, 1, 0, -1, 2, 0]],
    [
      [4, 9],
      [0, 1],
      [0, 0, 0, -1, 1, 0],
    ],
    [[8], [-2], [0, 0, 0, 0, 0, 0]],
  ])("to %s along %s", (shape, axes, pads) => {
    const spec = { op: "CenterCropPad", inputs: [x, int64(...shape)], attributes: axes ? { axes } : {} };
    check(spec, reference.pad(x, pads));
  });

  test("refuses a shape that does not match the axes", () => {
    const message = refusal({ op: "CenterCropPad", inputs: [x, int64(3, 4)], constant: [1] });
    expect(message).toBe('CenterCropPad "node": shape expected 3 extents, got [3, 4]');
  });
});

describe("Expand and Tile", () => {
  const x = floats(3, 1, 4);
  test.each([[[3, 5, 4]], [[2, 3, 1, 4]], [[1]], [[6, 3, 2, 1]], [[2, 2, 1, 1, 1, 2, 1]]])("expand to %s", (shape) => {
    const narrow = shape.length === 7 ? floats(1, 1, 1, 2, 3, 1, 5) : x;
    const target = shape.length === 7 ? [2, 2, 4, 2, 3, 3, 5] : shape;
    check({ op: "Expand", inputs: [narrow, int64(...target)] }, reference.expand(narrow, target));
  });

  test.each([[[2, 3, 1]], [[1, 1, 1]], [[1, 4, 5]], [[2, 0, 1]]])("tile %s", (repeats) => {
    check({ op: "Tile", inputs: [x, int64(...repeats)] }, reference.tile(x, repeats));
  });

  test("refuses what does not fit", () => {
    expect(refusal({ op: "Expand", inputs: [x, int64(2, 1, 4)], constant: [1] })).toBe(
      'Expand "node": shape expected one that broadcasts with [3, 1, 4], got [2, 1, 4]',
    );
    expect(refusal({ op: "Tile", inputs: [x, int64(2, 4)], constant: [1] })).toBe(
      'Tile "node": repeats expected 3 values of at least 0, got [2, 4]',
    );
  });
});

describe("DepthToSpace and SpaceToDepth", () => {
  test.each([1, 2, 3])("blocks of %d", (blocksize) => {
    const deep = floats(2, blocksize * blocksize * 5, 3, 4);
    for (const mode of ["DCR", "CRD"] as const) {
      const spec = { op: "DepthToSpace", inputs: [deep], attributes: { blocksize, mode } };
      check(spec, reference.depthToSpace(deep, blocksize, mode));
    }
    const wide = floats(2, 3, 2 * blocksize, 5 * blocksize);
    check({ op: "SpaceToDepth", inputs: [wide], attributes: { blocksize } }, reference.spaceToDepth(wide, blocksize));
  });

  test.each<[string, string, Record<string, Attribute>, string]>([
    [
      "channels that do not fit",
      "DepthToSpace",
      { blocksize: 2 },
      "input expected a multiple of 4 channels for blocks of 2, got 3",
    ],
    [
      "sides that do not fit",
      "SpaceToDepth",
      { blocksize: 2 },
      "input expected height and width that are multiples of 2, got [5, 4]",
    ],
    ["no block size", "SpaceToDepth", {}, "blocksize expected an integer of at least 1, got 0"],
    ["an unknown mode", "DepthToSpace", { blocksize: 1, mode: "RCD" }, "mode expected DCR or CRD, got RCD"],
  ])("refuses %s", (_, op, attributes, message) => {
    expect(refusal({ op, inputs: [floats(1, 3, 5, 4)], attributes })).toBe(`${op} "node": ${message}`);
  });
});

describe("Concat and Transpose", () => {
  test("concat of integers by the same kernels", () => {
    const a = tensor("int32", [2, 3], [1, 2, 3, 4, 5, 6]);
    const b = tensor("int32", [2, 1], [-7, -8]);
    const { results, algorithms } = run({ op: "Concat", inputs: [a, b], attributes: { axis: -1 } });
    expectExactly(results[0], { shape: [2, 4], data: [1, 2, 3, -7, 4, 5, 6, -8] });
    expect(algorithms).toEqual(["copy"]);
  });

  test("concat refuses other types and shapes", () => {
    const x = floats(2, 3);
    expect(refusal({ op: "Concat", inputs: [x, int64(1)] })).toBe(
      'Concat "node": input 1 expected type float32 as input 0, got int64',
    );
    expect(refusal({ op: "Concat", inputs: [x, floats(2, 2)], attributes: { axis: 0 } })).toBe(
      'Concat "node": inputs expected shapes that differ only along axis 0, got [2, 3] and [2, 2]',
    );
  });

  test("transpose keeps the bits of integers", () => {
    const x = tensor("int32", [2, 3], [-1, 2 ** 31 - 1, 0x7fc00001, 4, 5, -(2 ** 31)]);
    const { results, algorithms } = run({ op: "Transpose", inputs: [x] });
    expectExactly(results[0], { shape: [3, 2], data: [-1, 4, 2 ** 31 - 1, 5, 0x7fc00001, -(2 ** 31)] });
    expect(algorithms).toEqual(["transpose planes"]);
  });
});
