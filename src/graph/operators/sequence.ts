import { allocate, type DataType, type HostTensor } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { castHost } from "../../ops/cast.ts";
import { type Copy, type Movement, ZERO } from "../../ops/copies.ts";
import { resolveAxes } from "../../ops/slice.ts";
import { elementCount, formatShape, type Shape, stridesOf } from "../../shape.ts";
import { checkSameType, integerInput, moving } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { TYPES_BY_CODE } from "./cast.ts";
import { isBig } from "./more-types.ts";

/** Inputs start, limit, step: start, start + step, ... before the limit. */
const Range: Operator = {
  infer(node) {
    const { type } = node.input(0);
    return [{ type, shape: [progression(node).count] }];
  },
  waits(node) {
    checkSameType(node, [0, 1, 2]);
    return [0, 1, 2].some((index) => node.input(index) && !node.constant(index));
  },
  fold(node) {
    const { type } = node.input(0);
    const { start, step, count } = progression(node);
    const values = Array.from({ length: count }, (_, i) =>
      typeof start === "bigint" ? start + BigInt(i) * BigInt(step) : start + i * Number(step),
    );
    return [tensorOf(type, [count], values)];
  },
};

function progression(node: NodeView) {
  checkSameType(node, [0, 1, 2]);
  const [start, limit, step] = [0, 1, 2].map((index) => {
    const what = ["the start", "the limit", "the step"][index];
    const value = node.constant(index);
    if (!value) throw node.needsValue(index, what);
    if (value.data.length !== 1) throw new ShapeError(expected(node.where, what, "a scalar", formatShape(value.shape)));
    return value.data[0];
  });
  if (Number(step) === 0) throw new ArgumentError(expected(node.where, "the step", "a number other than 0", step));
  const count = Math.max(0, Math.ceil(Number(difference(limit, start)) / Number(step)));
  if (!Number.isFinite(count)) {
    throw new ArgumentError(expected(node.where, "start, limit and step", "finite numbers", [start, limit, step]));
  }
  return { start, step, count };
}

function difference(a: number | bigint, b: number | bigint): number | bigint {
  return typeof a === "bigint" && typeof b === "bigint" ? a - b : Number(a) - Number(b);
}

/** A tensor of any type from numbers, or from bigints for 64-bit integers. */
function tensorOf(type: DataType, shape: Shape, values: readonly (number | bigint)[]): HostTensor {
  if (!isBig(type)) return castHost({ type: "float64", shape, data: Float64Array.from(values, Number) }, type);
  const data = allocate(type, values.length);
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]) as never;
  return { type, shape, data };
}

/** Inputs x and an axis: the sum of the elements so far along it, in their order. */
const CumSum: Operator = {
  infer(node) {
    const { type, shape } = node.input(0);
    if (type === "bool") throw new ArgumentError(expected(node.where, "x", "a tensor of numbers", type));
    summedAxis(node);
    return [{ type, shape }];
  },
  evaluate: (node, [x]: readonly HostTensor[]) => [sumsSoFar(node, x)],
};

function sumsSoFar(node: NodeView, x: HostTensor): HostTensor {
  const axis = summedAxis(node);
  const length = x.shape[axis];
  const stride = stridesOf(x.shape)[axis];
  const backwards = node.number("reverse", 0) !== 0;
  const exclusive = node.number("exclusive", 0) !== 0;
  const data = allocate(x.type, x.data.length);
  for (let lane = 0; lane < x.data.length / length; lane++) {
    const first = Math.floor(lane / stride) * length * stride + (lane % stride);
    const at = (i: number) => first + (backwards ? length - 1 - i : i) * stride;
    // Each sum is stored before the next is made from it, so that the array rounds or wraps it.
    if (!exclusive) data[at(0)] = x.data[at(0)] as never;
    for (let i = 1; i < length; i++) {
      const next = x.data[at(exclusive ? i - 1 : i)];
      data[at(i)] = ((data[at(i - 1)] as number) + (next as number)) as never;
    }
  }
  return { ...x, data };
}

function summedAxis(node: NodeView): number {
  return resolveAxes(node.where, [integerInput(node, 1, "axis")], node.input(0).shape.length)[0];
}

/** Inputs x and a length for each batch: so many of its first time steps are turned round. */
const ReverseSequence = moving((node): Movement => {
  const { shape } = node.input(0);
  const [time, batch] = [node.number("time_axis", 0), node.number("batch_axis", 1)];
  if ((time !== 0 || batch !== 1) && (time !== 1 || batch !== 0)) {
    throw new ArgumentError(expected(node.where, "time_axis and batch_axis", "0 and 1 or 1 and 0", [time, batch]));
  }
  if (shape.length < 2) throw new ShapeError(expected(node.where, "x", "at least two axes", formatShape(shape)));
  const lengths = node.integers(1, "the lengths") ?? [];
  if (lengths.length !== shape[batch] || lengths.some((length) => length < 0 || length > shape[time])) {
    const wanted = `${shape[batch]} values from 0 to ${shape[time]} for ${formatShape(shape)}`;
    throw new ShapeError(expected(node.where, "lengths", wanted, lengths));
  }
  const inner = elementCount(shape.slice(2));
  const strides = stridesOf(shape);
  const copies = lengths.flatMap((length, b): Copy[] => {
    const copy = (from: number, step: number, to: number, count: number): Copy => ({
      input: 0,
      output: 0,
      offset: b * strides[batch] + from * strides[time],
      to: b * strides[batch] + to * strides[time],
      walk: { shape: [count, inner], from: [step * strides[time], 1], to: [strides[time], 1] },
    });
    const turned = length > 0 ? [copy(length - 1, -1, 0, length)] : [];
    return [...turned, copy(length, 1, length, shape[time] - length)];
  });
  return { outputShapes: [shape], copies: copies.filter(({ walk }) => !walk.shape.includes(0)) };
});

/** Inputs x and k: the upper (or lower) triangle of each matrix from the k-th diagonal on, 0 elsewhere. */
const Trilu = moving((node): Movement => {
  const { shape } = node.input(0);
  if (shape.length < 2) throw new ShapeError(expected(node.where, "x", "at least two axes", formatShape(shape)));
  const k = node.has(1) ? integerInput(node, 1, "k") : 0;
  const upper = node.number("upper", 1) !== 0;
  const [rows, columns] = shape.slice(-2);
  const batch = elementCount(shape.slice(0, -2));
  const copies = Array.from({ length: rows }, (_, row) => {
    // Where this row's diagonal splits it: the lower triangle includes the diagonal.
    const split = Math.min(Math.max(row + k + (upper ? 0 : 1), 0), columns);
    const part = (input: number, first: number, count: number): Copy => {
      const at = row * columns + first;
      const to = [rows * columns, 1];
      const walk = { shape: [batch, count], from: input === ZERO ? [0, 0] : to, to };
      return { input, output: 0, offset: input === ZERO ? 0 : at, to: at, walk };
    };
    return [part(upper ? ZERO : 0, 0, split), part(upper ? 0 : ZERO, split, columns - split)];
  });
  return { outputShapes: [shape], copies: copies.flat().filter(({ walk }) => !walk.shape.includes(0)) };
});

/** A matrix of x's shape with ones on the k-th diagonal. */
const EyeLike: Operator = {
  infer: (node) => [{ type: eyeType(node), shape: matrixShape(node) }],
  fold(node) {
    const type = eyeType(node);
    const [rows, columns] = matrixShape(node);
    const k = node.number("k", 0);
    const ones = Array.from({ length: rows * columns }, (_, i) =>
      i % columns === Math.floor(i / columns) + k ? 1 : 0,
    );
    return [tensorOf(type, [rows, columns], ones)];
  },
};

function matrixShape(node: NodeView): Shape {
  const { shape } = node.input(0);
  if (shape.length !== 2) throw new ShapeError(expected(node.where, "x", "a matrix", formatShape(shape)));
  return shape;
}

function eyeType(node: NodeView): DataType {
  if (node.attribute("dtype") === undefined) return node.input(0).type;
  const code = node.number("dtype", 0);
  const type = TYPES_BY_CODE[code];
  if (!type) throw node.unsupported(`type ${code} is not supported`);
  return type;
}

export const SEQUENCE = { Range, CumSum, ReverseSequence, Trilu, EyeLike };
