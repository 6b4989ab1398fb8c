import type { HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { elementCount, formatShape, normaliseAxis, type Shape } from "../../shape.ts";
import type { GraphNode } from "../graph.ts";
import { int64Vector, reshapeHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";

/** An operator whose output is its input under another shape. */
export function reshaping(shapeOf: (node: NodeView) => Shape): Operator {
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

const Constant: Operator = {
  infer(node) {
    const { type, shape } = constantValue(node);
    return [{ type, shape }];
  },
  fold: (node) => [constantValue(node)],
};

function constantValue(node: NodeView): HostTensor {
  const value = constantOf(node.node.attributes);
  if (value) return value;
  throw node.unsupported(ODD_CONSTANT);
}

export const ODD_CONSTANT = "constants other than tensors and numbers are not supported";

/** The value of a Constant with these attributes; undefined for values that are neither tensors nor numbers. */
export function constantOf({
  value,
  value_int,
  value_ints,
  value_float,
  value_floats,
}: GraphNode["attributes"]): HostTensor | undefined {
  if (typeof value === "object" && "data" in value) return value;
  if (typeof value_int === "number") return reshapeHost(int64Vector([value_int]), []);
  if (Array.isArray(value_ints)) return int64Vector(value_ints as number[]);
  const floats = typeof value_float === "number" ? [value_float] : (value_floats as number[] | undefined);
  const shape = floats === value_floats ? [floats?.length ?? 0] : [];
  return floats && { type: "float32", shape, data: Float32Array.from(floats) };
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

export const SHAPES = { Flatten, Identity, Dropout, Constant };

/** What passes make of others. */
export const RESHAPES = { Reshape, Unsqueeze };
