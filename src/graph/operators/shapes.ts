import { allocate, type HostTensor } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { elementCount, formatShape, normaliseAxis, type Shape } from "../../shape.ts";
import { int64Vector, reshapeHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";

/** An operator whose output is its input under another shape. */
function reshaping(shapeOf: (node: NodeView) => Shape): Operator {
  return {
    infer: (node) => [{ type: node.input(0).type, shape: shapeOf(node) }],
    lower: () => "alias",
    evaluate: (node, [x]) => [reshapeHost(x as HostTensor, shapeOf(node))],
  };
}

const Reshape = reshaping((node) => {
  const { shape } = node.input(0);
  const wanted = node.integers(1, "the shape") ?? [];
  const keepZero = node.number("allowzero", 0) !== 0;
  const result = wanted.map((extent, i) => (extent === 0 && !keepZero ? (shape[i] ?? 0) : extent));
  const free = result.indexOf(-1);
  if (free >= 0) {
    const known = result.reduce((product, extent, i) => (i === free ? product : product * extent), 1);
    result[free] = known === 0 ? 0 : elementCount(shape) / known;
  }
  if (
    result.some((extent) => !Number.isInteger(extent) || extent < 0) ||
    elementCount(result) !== elementCount(shape)
  ) {
    const elements = `a shape of ${elementCount(shape)} elements for ${formatShape(shape)}`;
    throw new ShapeError(expected(node.where, "shape", elements, wanted));
  }
  return result;
});

const Flatten = reshaping((node) => {
  const { shape } = node.input(0);
  const axis = node.number("axis", 1);
  const at = axis === shape.length ? axis : normaliseAxis(axis, shape.length);
  if (at === undefined) throw axisError(node, axis, shape.length);
  return [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))];
});

const Squeeze = reshaping((node) => {
  const { shape } = node.input(0);
  const axes = axesOf(node, node.integers(1, "the axes"), shape.length);
  if (!axes) return shape.filter((extent) => extent !== 1);
  const wide = axes.find((axis) => shape[axis] !== 1);
  if (wide !== undefined) throw new ShapeError(expected(node.where, `axis ${wide}`, "extent 1", shape[wide]));
  return shape.filter((_, i) => !axes.includes(i));
});

const Unsqueeze = reshaping((node) => {
  const { shape } = node.input(0);
  const given = node.integers(1, "the axes") ?? [];
  const rank = shape.length + given.length;
  const axes = axesOf(node, given, rank) ?? [];
  let next = 0;
  return Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : shape[next++]));
});

const Identity = reshaping((node) => node.input(0).shape);

/** At inference dropout passes its input on; the mask, if asked for, is all true. */
const Dropout: Operator = {
  ...Identity,
  infer(node) {
    const training = node.constant(2)?.data[0];
    if (training) throw node.unsupported("training mode is not supported");
    const { type, shape } = node.input(0);
    if (node.node.outputs[1]) throw node.unsupported("the mask is not supported");
    return [{ type, shape }];
  },
};

const ShapeOf: Operator = {
  infer: (node) => [{ type: "int64", shape: [extents(node).length] }],
  fold: (node) => [int64Vector(extents(node))],
};

function extents(node: NodeView): Shape {
  const { shape } = node.input(0);
  const clamp = (axis: number) => Math.min(Math.max(axis < 0 ? axis + shape.length : axis, 0), shape.length);
  return shape.slice(clamp(node.number("start", 0)), clamp(node.number("end", shape.length)));
}

const Size: Operator = {
  infer: () => [{ type: "int64", shape: [] }],
  fold: (node) => [{ type: "int64", shape: [], data: BigInt64Array.of(BigInt(elementCount(node.input(0).shape))) }],
};

const Constant: Operator = {
  infer(node) {
    const { type, shape } = constantOf(node);
    return [{ type, shape }];
  },
  fold: (node) => [constantOf(node)],
};

function constantOf(node: NodeView): HostTensor {
  const { value, value_int, value_ints, value_float, value_floats } = node.node.attributes;
  if (typeof value === "object" && "data" in value) return value;
  if (typeof value_int === "number") return reshapeHost(int64Vector([value_int]), []);
  if (Array.isArray(value_ints)) return int64Vector(value_ints as number[]);
  if (typeof value_float === "number") return { type: "float32", shape: [], data: Float32Array.of(value_float) };
  if (Array.isArray(value_floats)) {
    return { type: "float32", shape: [value_floats.length], data: Float32Array.from(value_floats as number[]) };
  }
  throw node.unsupported("constants other than tensors and numbers are not supported");
}

const ConstantOfShape: Operator = {
  infer(node) {
    const { type } = fillValue(node);
    return [{ type, shape: node.integers(0, "the shape") ?? [] }];
  },
  fold(node) {
    const { type, data } = fillValue(node);
    const shape = node.integers(0, "the shape") ?? [];
    return [{ type, shape, data: allocate(type, elementCount(shape)).fill(data[0] as never) }];
  },
};

function fillValue(node: NodeView): HostTensor {
  const value = node.attribute("value");
  if (value === undefined) return { type: "float32", shape: [1], data: new Float32Array(1) };
  if (typeof value === "object" && "data" in value && value.data.length === 1) return value;
  throw new ArgumentError(expected(node.where, "value", "a tensor of one element", value));
}

/** Axes counted from the front, or undefined if none are given. */
export function axesOf(node: NodeView, axes: readonly number[] | undefined, rank: number): number[] | undefined {
  return axes?.map((axis) => {
    const at = normaliseAxis(axis, rank);
    if (at === undefined) throw axisError(node, axis, rank);
    return at;
  });
}

export function axisError(node: NodeView, axis: number, rank: number): ShapeError {
  return new ShapeError(expected(node.where, "axis", `an axis of rank ${rank}`, axis));
}

export const SHAPES = {
  Reshape,
  Flatten,
  Squeeze,
  Unsqueeze,
  Identity,
  Dropout,
  Shape: ShapeOf,
  Size,
  Constant,
  ConstantOfShape,
};
