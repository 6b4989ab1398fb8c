import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../../src/tensor.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";
import { describeBuilds, errorOf, permuted, upload } from "./engines.ts";
import { all, one, type Result, type Values } from "./stored.ts";

const random = new Random(23);
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** Bit patterns that arithmetic would change. */
function tensor(shape: readonly number[]) {
  const x = random.tensor(shape);
  [NAN, INF, -INF, -0].forEach((value, i) => {
    if (x.data.length > 8) x.data[2 * i + 1] = value;
  });
  return x;
}

function expectMoved(got: Result, want: reference.Reference): void {
  expect(got.shape).toEqual(want.shape);
  expectExact(got.data, want);
}

/** Elements 0, 1, 2, ... of a type. */
const counted = {
  uint8: (shape: number[]) => ({ shape, data: Uint8Array.from({ length: reference.count(shape) }, (_, i) => i) }),
  int32: (shape: number[]) => ({ shape, data: Int32Array.from({ length: reference.count(shape) }, (_, i) => i - 5) }),
  int64: (shape: number[]) => ({
    shape,
    data: BigInt64Array.from({ length: reference.count(shape) }, (_, i) => BigInt(i - 5) << 33n),
  }),
};

const SHAPES = [[], [7], [3, 5], [2, 5, 4], [2, 5, 3, 4], [1, 3, 1, 2], [2, 2, 3, 2, 2], [0, 3], [2, 0, 3, 4]];

describeBuilds("movement", (engine) => {
  test("identity", () => {
    for (const shape of SHAPES) {
      const x = tensor(shape);
      expectMoved(
        one(engine(), [x], (t) => engine().identity(t)),
        reference.reshape(x, shape),
      );
    }
  });

  test("reshape", () => {
    const x = tensor([2, 5, 3, 4]);
    for (const shape of [[120], [4, 30], [2, 3, 4, 5], [1, 2, 60, 1], [5, 2, 2, 3, 2]]) {
      expectMoved(
        one(engine(), [x], (t) => engine().reshape(t, shape)),
        reference.reshape(x, shape),
      );
    }
    expect(one(engine(), [x], (t) => engine().reshape(t, [2, -1, 4])).shape).toEqual([2, 15, 4]);
    expect(one(engine(), [tensor([1])], (t) => engine().reshape(t, [])).shape).toEqual([]);
    expect(one(engine(), [tensor([0, 3])], (t) => engine().reshape(t, [5, 0])).shape).toEqual([5, 0]);
    expect(one(engine(), [tensor([0, 3])], (t) => engine().reshape(t, [-1, 3])).shape).toEqual([0, 3]);
  });

  test("squeeze and unsqueeze", () => {
    const x = tensor([1, 5, 1, 4]);
    const check = (y: Result, shape: number[]) => expectMoved(y, reference.reshape(x, shape));
    check(
      one(engine(), [x], (t) => engine().squeeze(t)),
      [5, 4],
    );
    check(
      one(engine(), [x], (t) => engine().squeeze(t, [-2])),
      [1, 5, 4],
    );
    check(
      one(engine(), [x], (t) => engine().squeeze(t, [2, 0])),
      [5, 4],
    );
    check(
      one(engine(), [x], (t) => engine().squeeze(t, [])),
      [1, 5, 1, 4],
    );
    check(
      one(engine(), [x], (t) => engine().unsqueeze(t, [0, -1])),
      [1, 1, 5, 1, 4, 1],
    );
    check(
      one(engine(), [x], (t) => engine().unsqueeze(t, [3, 1])),
      [1, 1, 5, 1, 1, 4],
    );
    expect(one(engine(), [tensor([])], (t) => engine().unsqueeze(t, [0])).shape).toEqual([1]);
  });

  test("transpose by every permutation", () => {
    const permutations = (list: number[]): number[][] =>
      list.length === 0
        ? [[]]
        : list.flatMap((first) => permutations(list.filter((each) => each !== first)).map((rest) => [first, ...rest]));
    for (const shape of SHAPES) {
      const x = tensor(shape);
      const axes = shape.map((_, axis) => axis);
      for (const permutation of shape.length === 5 ? [[4, 0, 3, 1, 2]] : permutations(axes)) {
        expectMoved(
          one(engine(), [x], (t) => engine().transpose(t, { permutation })),
          reference.transpose(x, permutation),
        );
      }
      expectMoved(
        one(engine(), [x], (t) => engine().transpose(t)),
        reference.transpose(x, [...axes].reverse()),
      );
    }
  });

  test("expand", () => {
    for (const [from, to] of [
      [[], [3]],
      [
        [1, 4],
        [3, 4],
      ],
      [
        [2, 5, 1, 1],
        [2, 5, 3, 4],
      ],
      [
        [2, 5, 3, 1],
        [2, 2, 5, 3, 4],
      ],
      [
        [5, 1],
        [2, 5, 3],
      ],
      [
        [1, 3],
        [0, 3],
      ],
      [
        [2, 5, 3, 4],
        [2, 5, 3, 4],
      ],
    ]) {
      const x = tensor(from);
      expectMoved(
        one(engine(), [x], (t) => engine().expand(t, to)),
        reference.expand(x, to),
      );
    }
  });

  test("tile", () => {
    for (const [shape, repetitions] of [
      [[], []],
      [[3], [2]],
      [
        [2, 5, 3, 4],
        [1, 2, 3, 1],
      ],
      [
        [2, 5, 3, 4],
        [2, 1, 1, 2],
      ],
      [
        [2, 5, 4],
        [1, 0, 2],
      ],
      [
        [1, 3, 2, 2, 2],
        [2, 1, 2, 1, 3],
      ],
    ]) {
      const x = tensor(shape);
      expectMoved(
        one(engine(), [x], (t) => engine().tile(t, repetitions)),
        reference.tile(x, repetitions),
      );
    }
  });

  test("concat and split along every axis are inverse", () => {
    for (const shape of [[7], [3, 5], [2, 5, 4], [2, 5, 3, 4], [2, 2, 3, 2, 2]]) {
      for (let axis = -shape.length; axis < shape.length; axis++) {
        const at = axis < 0 ? axis + shape.length : axis;
        const sizes = [2, 1, 0, 3];
        const parts = sizes.map((size) => tensor(shape.map((extent, i) => (i === at ? size : extent))));
        const want = reference.concat(parts, axis);
        const whole = one(engine(), parts, (...x) => engine().concat(x, axis));
        expectMoved(whole, want);
        const pieces = all(engine(), [whole as Values], (t) => engine().split(t, sizes, { axis }));
        pieces.forEach((piece, i) => {
          expectMoved(piece, reference.reshape(parts[i], parts[i].shape));
        });
        const halves = all(engine(), [whole as Values], (t) => engine().split(t, 3, { axis }));
        reference.split(want, axis, [2, 2, 2]).forEach((half, i) => {
          expectMoved(halves[i], half);
        });
      }
    }
    const x = tensor([4, 2]);
    expect(all(engine(), [x], (t) => engine().split(t, 2)).map(({ shape }) => shape)).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expectMoved(
      one(engine(), [x], (t) => engine().concat([t], 0)),
      reference.reshape(x, [4, 2]),
    );
    expectMoved(
      one(engine(), [x], (t) => engine().concat([t, t], 1)),
      reference.concat([x, x], 1),
    );
  });

  test("slice with strides of both signs", () => {
    const x = tensor([3, 5, 6, 7]);
    for (const [starts, sizes, strides] of [
      [
        [0, 0, 0, 0],
        [3, 5, 6, 7],
      ],
      [
        [1, 2, 3, 4],
        [1, 2, 3, 3],
      ],
      [
        [0, 1, 0, 0],
        [3, 3, 5, 7],
        [2, 2, 3, 4],
      ],
      [
        [0, 1, 0, 0],
        [3, 3, 5, 7],
        [-1, -2, 3, -4],
      ],
      [
        [0, 0, 1, 2],
        [3, 5, 0, 5],
        [1, -1, -1, 9],
      ],
      [
        [3, 5, 6, 7],
        [0, 0, 0, 0],
      ],
    ]) {
      // The oracle counts from starts to ends; backwards from the last element of the window.
      const by = strides ?? [1, 1, 1, 1];
      const from = starts.map((start, i) => (by[i] > 0 ? start : start + sizes[i] - 1));
      const ends = starts.map((start, i) => (by[i] > 0 ? start + sizes[i] : start === 0 ? -100 : start - 1));
      const empty = sizes.includes(0);
      const want = empty ? undefined : reference.slice(x, from, ends, [0, 1, 2, 3], by);
      const y = one(engine(), [x], (t) => engine().slice(t, starts, sizes, { strides }));
      expect(y.shape).toEqual(sizes.map((size, i) => Math.ceil(size / Math.abs(by[i]))));
      if (want) expectMoved(y, want);
    }
    expect(one(engine(), [tensor([])], (t) => engine().slice(t, [], [])).shape).toEqual([]);
  });

  test("reverse", () => {
    for (const shape of SHAPES) {
      const x = tensor(shape);
      for (const axes of [[], ...shape.map((_, axis) => [axis]), shape.map((_, axis) => -1 - axis)]) {
        expectMoved(
          one(engine(), [x], (t) => engine().reverse(t, { axes })),
          reference.flip(x, axes),
        );
      }
      expectMoved(
        one(engine(), [x], (t) => engine().reverse(t)),
        reference.flip(
          x,
          shape.map((_, axis) => axis),
        ),
      );
    }
  });

  test("crop", () => {
    const x = tensor([2, 5, 6, 7]);
    for (const [start, size] of [
      [
        [0, 0],
        [6, 7],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [1, 1],
      ],
      [
        [2, 3],
        [0, 2],
      ],
    ] as [[number, number], [number, number]][]) {
      const want = reference.crop(x, start[0], start[1], size[0], size[1]);
      expectMoved(
        one(engine(), [x], (t) => engine().crop(t, start, size)),
        want,
      );
      const last = one(engine(), [permuted(x, [0, 2, 3, 1]) as Values], (t) =>
        engine().crop(t, start, size, { inputLayout: "nhwc" }),
      );
      expectMoved(last, reference.toChannelsLast(want));
    }
  });

  test("depthToSpace and spaceToDepth in both layouts and orders", () => {
    for (const block of [1, 2, 3]) {
      const [deep, wide] = [tensor([2, 5 * block * block, 3, 4]), tensor([2, 5, 3 * block, 2 * block])];
      for (const order of ["DCR", "CRD"] as const) {
        const want = reference.depthToSpace(deep, block, order);
        const y = one(engine(), [deep], (t) => engine().depthToSpace(t, block, { order }));
        expectMoved(y, want);
        expectMoved(
          one(engine(), [permuted(deep, [0, 2, 3, 1]) as Values], (t) =>
            engine().depthToSpace(t, block, { order, inputLayout: "nhwc" }),
          ),
          reference.toChannelsLast(want),
        );
        expectMoved(
          one(engine(), [y as Values], (t) => engine().spaceToDepth(t, block, { order })),
          reference.reshape(deep, deep.shape),
        );
      }
      const want = reference.spaceToDepth(wide, block);
      expectMoved(
        one(engine(), [wide], (t) => engine().spaceToDepth(t, block)),
        want,
      );
      expectMoved(
        one(engine(), [permuted(wide, [0, 2, 3, 1]) as Values], (t) =>
          engine().spaceToDepth(t, block, { inputLayout: "nhwc" }),
        ),
        reference.toChannelsLast(want),
      );
      expectMoved(
        one(engine(), [deep], (t) => engine().depthToSpace(t, block)),
        reference.depthToSpace(deep, block),
      );
    }
  });

  test("gather along every axis, by int32 and int64", () => {
    for (const shape of [[7], [3, 5], [2, 5, 3, 4]]) {
      for (let axis = -shape.length; axis < shape.length; axis++) {
        const extent = shape.at(axis) as number;
        for (const places of [[], [3], [2, 4]]) {
          const length = reference.count(places);
          const data = Int32Array.from({ length }, () => random.integer(-extent, extent - 1));
          const x = tensor(shape);
          const want = reference.gather(x, { shape: places, data }, axis);
          for (const indices of [data, BigInt64Array.from(data, BigInt)]) {
            expectMoved(
              one(engine(), [x, { shape: places, data: indices }], (t, i) => engine().gather(t, i, { axis })),
              want,
            );
          }
        }
      }
    }
    const x = counted.int32([4, 3]);
    const rows = { shape: [2], data: Int32Array.of(3, 1) };
    const y = one(engine(), [x, rows], (t, i) => engine().gather(t, i));
    expect(y).toEqual({ shape: [2, 3], type: "int32", data: Int32Array.of(4, 5, 6, -2, -1, 0) });
  });

  test.each(["uint8", "int32", "int64"] as const)("elements of %s", (type) => {
    const x = counted[type]([2, 3, 4, 5]);
    const places = counted.int32([2, 3, 4, 5]);
    const base = { shape: x.shape, data: places.data.map((value) => value + 5) };
    const check = (body: (t: Tensor) => Tensor, want: reference.Reference) => {
      const y = one(engine(), [x], body);
      expect(y.shape).toEqual(want.shape);
      expect(y.type).toBe(type);
      expect([...y.data]).toEqual([...want.data].map((i) => x.data[i]));
    };
    check((t) => engine().identity(t), reference.reshape(base, x.shape));
    check((t) => engine().reshape(t, [5, 24]), reference.reshape(base, [5, 24]));
    check((t) => engine().transpose(t), reference.transpose(base, [3, 2, 1, 0]));
    check((t) => engine().tile(t, [1, 2, 1, 2]), reference.tile(base, [1, 2, 1, 2]));
    check((t) => engine().concat([t, t], 2), reference.concat([base, base], 2));
    check((t) => engine().split(t, 3, { axis: 1 })[1], reference.split(base, 1, [1, 1, 1])[1]);
    check((t) => engine().reverse(t, { axes: [1, 3] }), reference.flip(base, [1, 3]));
    check((t) => engine().depthToSpace(engine().transpose(t, { permutation: [0, 2, 1, 3] }), 2), reference.depthToSpace(reference.transpose(base, [0, 2, 1, 3]), 2)); // biome-ignore format: one case
    check((t) => engine().expand(engine().unsqueeze(t, [0]), [2, 2, 3, 4, 5]), reference.expand(base, [2, 2, 3, 4, 5])); // biome-ignore format: one case
    check(
      (t) => engine().slice(t, [0, 1, 1, 0], [2, 2, 3, 5], { strides: [1, 1, -2, 3] }),
      reference.slice(base, [0, 1, 3, 0], [2, 3, 0, 5], [0, 1, 2, 3], [1, 1, -2, 3]),
    );
  });

  test("integers that lie channels last", () => {
    const x = random.tensor([2, 5, 4, 6]);
    engine().scope(() => {
      const { indices } = engine().maxPool2dWithIndices(upload(engine(), x), { windowDimensions: 2, strides: 2 });
      const { indices: again } = engine().maxPool2dWithIndices(upload(engine(), x), {
        windowDimensions: 2,
        strides: 2,
      });
      const flipped = engine().reverse(engine().concat([indices, again], 1), { axes: [2] });
      const plain = { shape: again.shape, data: Float64Array.from(again.data as Int32Array) };
      const want = reference.flip(reference.concat([plain, plain], 1), [2]);
      expect(flipped.type).toBe("int32");
      expect([...flipped.data]).toEqual([...want.data]);
    });
  });

  test("random slices and transpositions", () => {
    const extents = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
    const parts = fc.array(fc.tuple(fc.nat(5), fc.nat(6), fc.integer({ min: 1, max: 3 })), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(extents, parts, fc.nat(1000), (shape, cuts, seed) => {
        const x = random.tensor(shape);
        const starts = shape.map((extent, i) => Math.min(cuts[i][0], extent));
        const sizes = shape.map((extent, i) => Math.min(cuts[i][1], extent - starts[i]));
        const strides = shape.map((_, i) => cuts[i][2]);
        const ends = starts.map((start, i) => start + sizes[i]);
        const axes = shape.map((_, axis) => axis);
        const permutation = [...new Random(seed).permutation(shape.length)];
        const want = reference.transpose(reference.slice(x, starts, ends, axes, strides), permutation);
        expectMoved(
          one(engine(), [x], (t) => engine().transpose(engine().slice(t, starts, sizes, { strides }), { permutation })),
          want,
        );
      }),
      { numRuns: 150 },
    );
  });

  test("what is refused", () => {
    engine().scope(() => {
      const of = (...shape: number[]) => upload(engine(), random.tensor(shape));
      const [x, m, row] = [of(2, 5, 3, 4), of(2, 3), of(1, 3)];
      const i = engine().tensor(Int32Array.of(0, 3));
      const cases: [() => unknown, string, string][] = [
        [() => engine().identity(1 as never), "ArgumentError", "identity: x expected a Tensor, got 1"],
        [() => engine().reshape(m, [4]), "ShapeError", "reshape: newShape expected 6 elements as in [2, 3], got [4]"],
        [
          () => engine().reshape(m, [4, -1]),
          "ShapeError",
          "reshape: newShape expected 6 elements as in [2, 3], got [4, -1]",
        ],
        [
          () => engine().reshape(m, [0, -1]),
          "ShapeError",
          "reshape: newShape expected 6 elements as in [2, 3], got [0, -1]",
        ],
        [
          () => engine().reshape(m, [-1, -1]),
          "ArgumentError",
          "reshape: newShape expected at most one -1, got [-1, -1]",
        ],
        [
          () => engine().reshape(m, [-2]),
          "ArgumentError",
          "reshape: newShape expected an array of integers >= -1, got [-2]",
        ],
        [
          () => engine().reshape(m, 6 as never),
          "ArgumentError",
          "reshape: newShape expected an array of integers >= -1, got 6",
        ],
        [() => engine().squeeze(m, [0]), "ShapeError", "squeeze: axes expected axes of extent 1 of [2, 3], got [0]"],
        [() => engine().squeeze(m, 0 as never), "ArgumentError", "squeeze: axes expected an array of axes, got 0"],
        [() => engine().unsqueeze(m, [4]), "ShapeError", "unsqueeze: axis expected an axis of rank 3, got 4"],
        [() => engine().unsqueeze(m, [1, 1]), "ArgumentError", "unsqueeze: axes expected different axes, got [1, 1]"],
        [() => engine().unsqueeze(m, 0 as never), "ArgumentError", "unsqueeze: axes expected an array of axes, got 0"],
        [
          () => engine().transpose(m, { permutation: [0, 0] }),
          "ArgumentError",
          "transpose: permutation expected each of 0 to 1 once, got [0, 0]",
        ],
        [
          () => engine().transpose(m, { permutation: [0] }),
          "ArgumentError",
          "transpose: permutation expected 2 integers >= 0, got [0]",
        ],
        [
          () => engine().transpose(m, [1, 0] as never),
          "ArgumentError",
          "transpose: options expected an object with permutation, got [1, 0]",
        ],
        [
          () => engine().expand(m, [3]),
          "ShapeError",
          "expand: newShape expected a shape that [2, 3] broadcasts to, got [3]",
        ],
        [
          () => engine().expand(row, [2, 4]),
          "ShapeError",
          "expand: newShape expected a shape that [1, 3] broadcasts to, got [2, 4]",
        ],
        [
          () => engine().expand(m, [1, 3]),
          "ShapeError",
          "expand: newShape expected a shape that [2, 3] broadcasts to, got [1, 3]",
        ],
        [() => engine().tile(m, [2]), "ArgumentError", "tile: repetitions expected 2 integers >= 0, got [2]"],
        [() => engine().tile(m, [2, -1]), "ArgumentError", "tile: repetitions expected 2 integers >= 0, got [2, -1]"],
        [
          () => engine().concat([], 0),
          "ArgumentError",
          "concat: inputs expected an array of at least one Tensor, got []",
        ],
        [
          () => engine().concat(m as never, 0),
          "ArgumentError",
          "concat: inputs expected an array of at least one Tensor, got Tensor",
        ],
        [() => engine().concat([m, 1 as never], 0), "ArgumentError", "concat: inputs[1] expected a Tensor, got 1"],
        [() => engine().concat([m, row], 1), "ShapeError", "concat: inputs[1] expected shape [2, any], got [1, 3]"],
        [() => engine().concat([m, x], 1), "ShapeError", "concat: inputs[1] expected shape [2, any], got [2, 5, 3, 4]"],
        [() => engine().concat([m, i], 0), "ArgumentError", "concat: inputs[1] expected float32, got int32"],
        [() => engine().concat([m, m], 2), "ShapeError", "concat: axis expected an axis of shape [2, 3], got 2"],
        [() => engine().split(m, [1, 2]), "ShapeError", "split: splits expected extents that add up to 2, got [1, 2]"],
        [
          () => engine().split(m, 2, { axis: 1 }),
          "ArgumentError",
          "split: splits expected a divisor of the extent 3, or extents, got 2",
        ],
        [
          () => engine().split(m, [-1, 3]),
          "ArgumentError",
          "split: splits expected an array of integers >= 0, got [-1, 3]",
        ],
        [() => engine().split(m, 1, { axis: 3 }), "ShapeError", "split: axis expected an axis of shape [2, 3], got 3"],
        [() => engine().slice(m, [0], [2, 3]), "ArgumentError", "slice: starts expected 2 integers >= 0, got [0]"],
        [
          () => engine().slice(m, [0, -1], [2, 3]),
          "ArgumentError",
          "slice: starts expected 2 integers >= 0, got [0, -1]",
        ],
        [
          () => engine().slice(m, [0, 0], [2, 1.5]),
          "ArgumentError",
          "slice: sizes expected 2 integers >= 0, got [2, 1.5]",
        ],
        [
          () => engine().slice(m, [0, 1], [2, 3]),
          "ShapeError",
          "slice: window expected to lie within [2, 3], got starts [0, 1] and sizes [2, 3]",
        ],
        [
          () => engine().slice(m, [0, 0], [2, 3], { strides: [1, 0] }),
          "ArgumentError",
          "slice: strides expected no 0, got [1, 0]",
        ],
        [
          () => engine().slice(m, [0, 0], [2, 3], { strides: [1] }),
          "ArgumentError",
          "slice: strides expected 2 integers, got [1]",
        ],
        [
          () => engine().slice(m, [0, 0], [2, 3], { steps: [1] } as never),
          "ArgumentError",
          "slice: option expected strides, got steps",
        ],
        [() => engine().reverse(m, { axes: [2] }), "ShapeError", "reverse: axis expected an axis of rank 2, got 2"],
        [() => engine().crop(m, [0, 0], [1, 1]), "ShapeError", "crop: x expected images of rank 4 (nchw), got [2, 3]"],
        [
          () => engine().crop(x, [1, 0], [3, 1]),
          "ShapeError",
          "crop: window expected to lie within images of 3x4, got start [1, 0] and size [3, 1]",
        ],
        [
          () => engine().crop(x, [1] as never, [1, 1]),
          "ArgumentError",
          "crop: start expected 2 integers >= 0, got [1]",
        ],
        [
          () => engine().depthToSpace(x, 0),
          "ArgumentError",
          "depthToSpace: block expected an integer of at least 1, got 0",
        ],
        [
          () => engine().depthToSpace(x, 2),
          "ShapeError",
          "depthToSpace: input expected a multiple of 4 channels for blocks of 2, got 5",
        ],
        [
          () => engine().spaceToDepth(x, 2),
          "ShapeError",
          "spaceToDepth: input expected height and width that are multiples of 2, got [3, 4]",
        ],
        [
          () => engine().spaceToDepth(x, 1, { order: "RCD" as never }),
          "ArgumentError",
          'spaceToDepth: order expected "DCR" or "CRD", got RCD',
        ],
        [() => engine().gather(m, i), "ArgumentError", "gather: indices expected values from -2 to 1, got 3"],
        [() => engine().gather(m, m), "ArgumentError", "gather: indices expected int32 or int64, got float32"],
        [
          () => engine().gather(engine().tensor(Uint8Array.of(1)), i),
          "ArgumentError",
          "gather: x expected float32 or int32 or uint32, got uint8",
        ],
        [
          () => engine().gather(m, i, { axis: 2 }),
          "ShapeError",
          "gather: axis expected an axis of shape [2, 3], got 2",
        ],
      ];
      const before = engine().memory;
      for (const [body, name, message] of cases) expect(errorOf(body)).toMatchObject({ name, message });
      // One case makes a tensor of its own.
      expect(engine().memory).toMatchObject({ tensors: before.tensors + 1, bytes: before.bytes + 64 });
    });
  });
});
