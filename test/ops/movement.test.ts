import { expect, test } from "vitest";
import * as reference from "../reference.ts";
import { Random } from "../support/random.ts";
import { expectExact } from "../support/tolerance.ts";
import { describeBuilds } from "./engines.ts";
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
});
