import { allocate, type HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { prepareArgReduce } from "../../ops/arg-reduce.ts";
import type { Fold } from "../../ops/reduce.ts";
import { elementCount, formatShape, normaliseAxis, type Shape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { resultShape } from "./reduction.ts";
import { axisError } from "./shapes.ts";
import { softmaxFold } from "./softmax.ts";
import { FLOATS, floatKernel, NUMBERS, typedInput } from "./types.ts";

/** The place of the greatest or least element along an axis, as int64. */
function argReduction(kind: "max" | "min"): Operator {
  return {
    infer: (node) => [{ type: "int64", shape: along(node).result }],
    lower(node) {
      const { fold, last, result } = along(node);
      return floatKernel(node, [0], () => prepareArgReduce(kind, last, fold, result));
    },
    evaluate: (node, [x]: readonly HostTensor[]) => {
      const { fold, last, result } = along(node);
      return [{ type: "int64", shape: result, data: placesOf(x, fold, kind, last) }];
    },
  };
}

function along(node: NodeView) {
  const { shape } = typedInput(node, 0, NUMBERS);
  const given = node.number("axis", 0);
  const axis = normaliseAxis(given, shape.length);
  if (axis === undefined) throw axisError(node, given, shape.length);
  if (shape[axis] === 0) {
    throw new ShapeError(expected(node.where, `axis ${given}`, "at least one element", formatShape(shape)));
  }
  return {
    fold: foldAt(shape, axis),
    last: node.number("select_last_index", 0) !== 0,
    result: resultShape(node, shape, [axis]),
  };
}

/** A tensor as [outer, length, inner] around an axis. */
export function foldAt(shape: Shape, axis: number): Fold {
  return { outer: elementCount(shape.slice(0, axis)), length: shape[axis], inner: elementCount(shape.slice(axis + 1)) };
}

/** Along [outer, length, inner]: of equal elements the first or last, NaN before all. */
export function placesOf({ data }: HostTensor, { outer, length, inner }: Fold, kind: "max" | "min", last: boolean) {
  const places = new BigInt64Array(outer * inner);
  for (let to = 0; to < places.length; to++) {
    const from = Math.floor(to / inner) * length * inner + (to % inner);
    let best = 0;
    for (let l = 1; l < length; l++) {
      const [value, held] = [data[from + l * inner], data[from + best * inner]];
      const [isNumber, heldIsNumber] = [!Number.isNaN(value), !Number.isNaN(held)];
      const better = kind === "max" ? value > held : value < held;
      const equal = isNumber ? value === held : !heldIsNumber;
      if ((heldIsNumber && (better || !isNumber)) || (equal && last)) best = l;
    }
    places[to] = BigInt(best);
  }
  return places;
}

/** 1 where the first greatest element is, 0 elsewhere. */
const Hardmax: Operator = {
  infer: (node) => {
    softmaxFold(node);
    return [typedInput(node, 0, FLOATS)];
  },
  evaluate: (node, [x]: readonly HostTensor[]) => {
    const fold = softmaxFold(node);
    const y: HostTensor = { type: x.type, shape: x.shape, data: allocate(x.type, x.data.length) };
    if (y.data.length === 0) return [y];
    placesOf(x, fold, "max", false).forEach((place, to) => {
      const outer = Math.floor(to / fold.inner);
      y.data[(outer * fold.length + Number(place)) * fold.inner + (to % fold.inner)] = 1 as never;
    });
    return [y];
  },
};

export const GREATEST = { ArgMax: argReduction("max"), ArgMin: argReduction("min"), Hardmax };
