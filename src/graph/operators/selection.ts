import { allocate, bytesPerElement, type HostTensor, toIntegers } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { prepareTopK } from "../../ops/top-k.ts";
import { prepareWhere } from "../../ops/where.ts";
import { elementCount, formatShape, normaliseAxis, type Shape, stridesOf } from "../../shape.ts";
import { broadcastSteps, walk } from "../host.ts";
import { checkSameType, integerInput } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { broadcastShape } from "./arithmetic.ts";
import { axisOf } from "./movement.ts";
import { axisError } from "./shapes.ts";

/** Inputs condition (bool), a, b, which broadcast: a where the condition holds, else b. */
const Where: Operator = {
  infer(node) {
    const { type } = node.input(1);
    checkSameType(node, [1, 2]);
    if (node.input(0).type !== "bool") {
      throw new ArgumentError(expected(node.where, "condition", "type bool", node.input(0).type));
    }
    return [{ type, shape: chosenShape(node) }];
  },
  lower(node) {
    const [condition, a, b] = shapesOf(node);
    if (bytesPerElement(node.input(1).type) !== 4) return undefined;
    return { prepared: prepareWhere(condition, a, b, chosenShape(node)), inputs: [0, 1, 2] };
  },
  evaluate(node, inputs) {
    const [condition, a, b] = inputs as [HostTensor, HostTensor, HostTensor];
    const shape = chosenShape(node);
    const data = allocate(a.type, elementCount(shape));
    const steps = shapesOf(node).map((operand) => broadcastSteps(operand, shape));
    walk(shape, steps, (at, [c, i, j]) => {
      data[at] = (condition.data[c] ? a.data[i] : b.data[j]) as never;
    });
    return [{ type: a.type, shape, data }];
  },
};

function shapesOf(node: NodeView): [Shape, Shape, Shape] {
  return [node.input(0).shape, node.input(1).shape, node.input(2).shape];
}

function chosenShape(node: NodeView): Shape {
  return broadcastShape(node, ...shapesOf(node));
}

/** Inputs x and how many; outputs the greatest (or least) elements along `axis`, best first, and their places as int64. */
const TopK: Operator = {
  infer(node) {
    const { type, shape, axis, k } = ranking(node);
    const result = shape.map((extent, i) => (i === axis ? k : extent));
    return [
      { type, shape: result },
      { type: "int64", shape: result },
    ];
  },
  lower(node) {
    const { type, shape, axis, k, largest } = ranking(node);
    return type === "float32" ? { prepared: prepareTopK(shape, axis, k, largest), inputs: [0] } : undefined;
  },
  evaluate(node, [x]) {
    const { type, shape, axis, k, largest } = ranking(node);
    const { data } = x as HostTensor;
    const keys: ArrayLike<number | bigint> = (x as HostTensor).data;
    const length = shape[axis];
    const inner = elementCount(shape.slice(axis + 1));
    const result = shape.map((extent, i) => (i === axis ? k : extent));
    const values = allocate(type, elementCount(result));
    const places = new BigInt64Array(values.length);
    for (let lane = 0; lane < data.length / length; lane++) {
      const start = Math.floor(lane / inner) * length * inner + (lane % inner);
      const order = Array.from({ length }, (_, i) => i);
      order.sort((i, j) => {
        const difference = compare(keys[start + i * inner], keys[start + j * inner]);
        return (largest ? -difference : difference) || i - j;
      });
      const to = Math.floor(lane / inner) * k * inner + (lane % inner);
      for (let i = 0; i < k; i++) {
        values[to + i * inner] = data[start + order[i] * inner] as never;
        places[to + i * inner] = BigInt(order[i]);
      }
    }
    return [
      { type, shape: result, data: values },
      { type: "int64", shape: result, data: places },
    ];
  },
};

function ranking(node: NodeView) {
  const { type, shape } = node.input(0);
  const axis = axisOf(node, -1, shape.length);
  const k = integerInput(node, 1, "k");
  if (k < 0 || k > shape[axis]) {
    const wanted = `0 to ${shape[axis]}, the extent of axis ${axis} of ${formatShape(shape)}`;
    throw new ArgumentError(expected(node.where, "k", wanted, k));
  }
  return { type, shape, axis, k, largest: node.number("largest", 1) !== 0 };
}

/** A NaN is greater than everything else. */
function compare(a: number | bigint, b: number | bigint): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Inputs indices, the number of classes, [off, on]: a new axis along which the class that an index names is on. */
const OneHot: Operator = {
  infer(node) {
    const { shape } = oneHot(node);
    return [{ type: node.input(2).type, shape }];
  },
  evaluate(node, inputs) {
    const [indices, , values] = inputs as [HostTensor, HostTensor, HostTensor];
    const { shape, axis, depth } = oneHot(node);
    const data = allocate(values.type, elementCount(shape)).fill(values.data[0] as never);
    const inner = stridesOf(shape)[axis];
    toIntegers(indices).forEach((value, i) => {
      const index = Math.trunc(value);
      if (index < -depth || index >= depth) return;
      const place = index < 0 ? index + depth : index;
      data[Math.floor(i / inner) * depth * inner + place * inner + (i % inner)] = values.data[1] as never;
    });
    return [{ type: values.type, shape, data }];
  },
};

function oneHot(node: NodeView): { shape: Shape; axis: number; depth: number } {
  const { shape } = node.input(0);
  const depth = integerInput(node, 1, "depth");
  if (depth < 1) throw new ArgumentError(expected(node.where, "depth", "at least 1", depth));
  const values = node.input(2).shape;
  if (elementCount(values) !== 2) {
    throw new ShapeError(expected(node.where, "values", "shape [2]", formatShape(values)));
  }
  const given = node.number("axis", -1);
  const axis = normaliseAxis(given, shape.length + 1);
  if (axis === undefined) throw axisError(node, given, shape.length + 1);
  return { shape: [...shape.slice(0, axis), depth, ...shape.slice(axis)], axis, depth };
}

/** The coordinates of the elements of x that are not 0, one a column, as int64: their number depends on x. */
const NonZero: Operator = {
  infer(node) {
    const x = node.constant(0) as HostTensor;
    return [{ type: "int64", shape: [x.shape.length, nonZero(x).length] }];
  },
  waits: (node) => !node.constant(0),
  evaluate(_, [x]) {
    const { shape } = x as HostTensor;
    const places = nonZero(x as HostTensor);
    const rows = stridesOf(shape).map((stride, axis) => places.map((at) => Math.floor(at / stride) % shape[axis]));
    const data = BigInt64Array.from(rows.flat(), (place) => BigInt(place));
    return [{ type: "int64", shape: [shape.length, places.length], data }];
  },
};

function nonZero(x: HostTensor): number[] {
  const values: ArrayLike<number | bigint> = x.data;
  return Array.from({ length: values.length }, (_, i) => i).filter((i) => Number(values[i]) !== 0);
}

export const SELECTION = { Where, TopK, OneHot, NonZero };
