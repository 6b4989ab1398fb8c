import type { Fold } from "../../ops/reduce.ts";
import { prepareSoftmax } from "../../ops/soften.ts";
import { elementCount, normaliseAxis } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { axisError } from "./shapes.ts";
import { FLOATS, floatKernel, overwriting, typedInput } from "./types.ts";

function softmax(log: boolean): Operator {
  return {
    infer: (node) => {
      softmaxFold(node);
      return [typedInput(node, 0, FLOATS)];
    },
    lower(node) {
      const { shape } = node.input(0);
      const { outer, length, inner } = softmaxFold(node);
      return overwriting(
        node,
        floatKernel(node, [0], () => prepareSoftmax(shape, outer, length, inner, log)),
      );
    },
  };
}

/** Over `axis`; with the attribute `trailing` over all axes from there to the last as one. */
export function softmaxFold(node: NodeView): Fold {
  const { shape } = node.input(0);
  const rank = shape.length;
  const given = node.number("axis", -1);
  const trailing = node.number("trailing", 0) !== 0;
  const axis = given === rank && trailing ? rank : normaliseAxis(given, rank);
  if (axis === undefined) throw axisError(node, given, rank);
  const end = trailing ? rank : axis + 1;
  return {
    outer: elementCount(shape.slice(0, axis)),
    length: elementCount(shape.slice(axis, end)),
    inner: elementCount(shape.slice(end)),
  };
}

export const SOFTMAX = { Softmax: softmax(false), LogSoftmax: softmax(true) };
