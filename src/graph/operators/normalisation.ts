import { prepareSoftmax } from "../../ops/softmax.ts";
import { elementCount, normaliseAxis } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { axisError } from "./shapes.ts";

/** Over `axis`; with the attribute `trailing` over all axes from there to the last as one. */
const Softmax: Operator = {
  infer: (node) => {
    softmaxAxis(node);
    return [node.input(0)];
  },
  lower(node) {
    const { type, shape } = node.input(0);
    if (type !== "float32") return undefined;
    const axis = softmaxAxis(node);
    const end = node.number("trailing", 0) ? shape.length : axis + 1;
    const outer = elementCount(shape.slice(0, axis));
    const length = elementCount(shape.slice(axis, end));
    const inner = elementCount(shape.slice(end));
    return { prepared: prepareSoftmax(shape, outer, length, inner), inputs: [0] };
  },
};

function softmaxAxis(node: NodeView): number {
  const rank = node.input(0).shape.length;
  const axis = node.number("axis", -1);
  const at = axis === rank && node.attribute("trailing") ? rank : normaliseAxis(axis, rank);
  if (at === undefined) throw axisError(node, axis, rank);
  return at;
}

export const NORMALISATION = { Softmax };
