import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";

const random = new Random(37);

describeBuilds("movement", (engine) => {
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
