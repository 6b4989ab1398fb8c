import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../../src/tensor.ts";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";
import { describeBuilds, permuted, upload } from "./engines.ts";
import { one, type Result, type Values } from "./stored.ts";

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

describeBuilds("movement of images, by indices, of other types", (engine) => {
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
    check((t) => engine().spaceToDepth(engine().tile(t, [1, 1, 1, 2]), 2), reference.spaceToDepth(reference.tile(base, [1, 1, 1, 2]), 2)); // biome-ignore format: one case
    check((t) => engine().crop(t, [1, 2], [3, 2]), reference.crop(base, 1, 2, 3, 2));
    check(
      (t) => engine().crop(t, [1, 2], [2, 1], { inputLayout: "nhwc" }),
      reference.slice(base, [1, 2], [3, 3], [1, 2]),
    );
    check((t) => engine().squeeze(engine().crop(t, [0, 0], [1, 5]), [2]), reference.reshape(reference.crop(base, 0, 0, 1, 5), [2, 3, 5])); // biome-ignore format: one case
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
});
