import { allocate, type DataType, type HostTensor } from "../../dtype.ts";
import { prepareReduce, type Reduction, reducedShape } from "../../ops/reduce.ts";
import { elementCount, type Shape, stridesOf } from "../../shape.ts";
import { walk } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { ANY, greater, isBig, isFloat, lesser } from "./more-types.ts";
import { axesOf } from "./shapes.ts";
import { FLOATS, floatKernel, NUMBERS, type TypeSet, typedInput } from "./types.ts";

type Scalar = number | bigint;

/** A reduction on the host: what it starts from, how an element is added, and what becomes of the sum of `count` elements. */
interface Rule {
  readonly start: (type: DataType) => Scalar;
  readonly add: (sum: number, x: number) => number;
  readonly addBig: (sum: bigint, x: bigint) => bigint;
  readonly end?: (sum: number, count: number) => number;
}

/** Axes as input 1, keepdims and noop_with_empty_axes as attributes. */
function reduction(kind: Reduction, rule?: Rule, set: TypeSet = NUMBERS): Operator {
  const operator: Operator = {
    infer(node) {
      const { type, shape } = typedInput(node, 0, set);
      const axes = axesToReduce(node);
      return [{ type, shape: resultShape(node, shape, axes) }];
    },
    lower(node) {
      const { shape } = node.input(0);
      const axes = axesToReduce(node);
      if (keepsValues(kind) && axes.every((axis) => shape[axis] === 1)) return "alias";
      return floatKernel(node, [0], () => prepareReduce(kind, shape, axes));
    },
  };
  if (!rule) return operator;
  return {
    ...operator,
    evaluate: (node, [x]: readonly HostTensor[]) => {
      const axes = axesToReduce(node);
      const data = reduceHost(x, axes, rule);
      return [{ type: x.type, shape: resultShape(node, x.shape, axes), data }];
    },
  };
}

/** Whether a reduction of one element gives that element. */
function keepsValues(kind: Reduction): boolean {
  return kind === "sum" || kind === "mean" || kind === "max" || kind === "min" || kind === "prod";
}

function axesToReduce(node: NodeView): number[] {
  const rank = node.input(0).shape.length;
  const given = node.integers(1, "the axes");
  if (given && given.length > 0) return [...new Set(axesOf(node, given, rank))];
  return node.number("noop_with_empty_axes", 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** The shape that reducing `axes` leaves. */
export function resultShape(node: NodeView, shape: Shape, axes: readonly number[]): Shape {
  if (node.number("keepdims", 1)) return reducedShape(shape, axes);
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** In float64 or exact integers, in the order of the elements; the result is rounded once. */
function reduceHost(x: HostTensor, axes: readonly number[], { start, add, addBig, end }: Rule) {
  const kept = reducedShape(x.shape, axes);
  const count = elementCount(kept);
  const length = axes.reduce((product, axis) => product * x.shape[axis], 1);
  const steps = stridesOf(kept).map((step, axis) => (axes.includes(axis) ? 0 : step));
  const f = (isBig(x.type) ? addBig : add) as (sum: Scalar, value: Scalar) => Scalar;
  const sums = new Array<Scalar>(count).fill(start(x.type));
  walk(x.shape, [steps], (at, [to]) => {
    sums[to] = f(sums[to], x.data[at]);
  });
  const data = allocate(x.type, count);
  sums.forEach((sum, i) => {
    data[i] = finished(sum, length, x.type, end) as never;
  });
  return data;
}

/** Integers are truncated; 64-bit ones go through float64 for functions that have an end. */
function finished(sum: Scalar, count: number, type: DataType, end: Rule["end"]): Scalar {
  if (typeof sum === "bigint") {
    const value = end ? end(Number(sum), count) : 0;
    return end ? BigInt(Number.isFinite(value) ? Math.trunc(value) : 0) : sum;
  }
  const value = end ? end(sum, count) : sum;
  return isFloat(type) ? value : Math.trunc(value);
}

const zero = (type: DataType): Scalar => (isBig(type) ? 0n : 0);
const one = (type: DataType): Scalar => (isBig(type) ? 1n : 1);

/** The least or greatest value of a type. */
function limit(type: DataType, least: boolean): Scalar {
  if (isFloat(type)) return least ? -Infinity : Infinity;
  if (type === "bool") return least ? 0 : 1;
  const bits = Number(type.replace(/\D/g, ""));
  const low = type.startsWith("u") ? 0n : -(2n ** BigInt(bits - 1));
  const value = least ? low : low + 2n ** BigInt(bits) - 1n;
  return isBig(type) ? value : Number(value);
}

const SUM: Rule = { start: zero, add: (sum, x) => sum + x, addBig: (sum, x) => sum + x };
const SQUARES: Rule = { start: zero, add: (sum, x) => sum + x * x, addBig: (sum, x) => sum + x * x };
const MAX: Rule = {
  start: (type) => limit(type, true),
  add: Math.max,
  addBig: greater,
};
const MIN: Rule = {
  start: (type) => limit(type, false),
  add: Math.min,
  addBig: lesser,
};

export const REDUCTION = {
  ReduceSum: reduction("sum", SUM),
  ReduceMean: reduction("mean", { ...SUM, end: (sum, count) => sum / count }),
  ReduceMax: reduction("max", MAX, ANY),
  ReduceMin: reduction("min", MIN, ANY),
  ReduceProd: reduction("prod", { start: one, add: (p, x) => p * x, addBig: (p, x) => p * x }),
  ReduceSumSquare: reduction("sumSquare", SQUARES),
  ReduceL1: reduction("l1", {
    start: zero,
    add: (sum, x) => sum + Math.abs(x),
    addBig: (sum, x) => sum + (x < 0n ? -x : x),
  }),
  ReduceL2: reduction("l2", { ...SQUARES, end: Math.sqrt }),
  ReduceLogSum: reduction("logSum", undefined, FLOATS),
  ReduceLogSumExp: reduction("logSumExp", undefined, FLOATS),
};
