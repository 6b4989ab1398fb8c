import { allocate, type HostTensor } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { elementCount, type Shape } from "../../shape.ts";
import { int64Vector } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { axesOf, reshaping } from "./shapes.ts";

const Squeeze = reshaping((node) => {
  const { shape } = node.input(0);
  const axes = axesOf(node, node.integers(1, "the axes"), shape.length);
  if (!axes) return shape.filter((extent) => extent !== 1);
  const wide = axes.find((axis) => shape[axis] !== 1);
  if (wide !== undefined) throw new ShapeError(expected(node.where, `axis ${wide}`, "extent 1", shape[wide]));
  return shape.filter((_, i) => !axes.includes(i));
});

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

export const MORE_SHAPES = { Squeeze, Shape: ShapeOf, Size, ConstantOfShape };
