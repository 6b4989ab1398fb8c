import type { DataType, HostTensor, TypedArray } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape, sameShape, stridesOf } from "../../shape.ts";
import { walk } from "../host.ts";
import { checkSameType } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { checkIndices } from "./gather.ts";
import { elementSteps, elementwise, tuples } from "./gather-elements.ts";

/** Inputs x, indices, updates of their shape: y is x, with y[.., indices[.., i, ..], ..] made from updates[.., i, ..]. */
const ScatterElements: Operator = {
  infer(node) {
    const { x, indices } = elementwise(node);
    checkUpdates(node, indices.shape);
    return [x];
  },
  evaluate(node, inputs) {
    const [x, indices, updates] = inputs as [HostTensor, HostTensor, HostTensor];
    const { axis } = elementwise(node);
    const places = checkIndices(node, indices, x.shape[axis]);
    const stride = stridesOf(x.shape)[axis];
    const data = x.data.slice() as TypedArray;
    const write = writerOf(node, data, x.type);
    walk(indices.shape, [elementSteps(x.shape, axis)], (at, [from]) =>
      write(from + places[at] * stride, updates.data[at]),
    );
    return [{ ...x, data }];
  },
};

/** Inputs x, tuples of indices, updates: y is x, with the slices that the tuples name made from the updates. */
const ScatterND: Operator = {
  infer(node) {
    const { outer, slice } = tuples(node, 0);
    checkUpdates(node, [...outer, ...slice]);
    return [node.input(0)];
  },
  evaluate(node, inputs) {
    const [x, indices, updates] = inputs as [HostTensor, HostTensor, HostTensor];
    const { slice, starts } = tuples(node, 0);
    const size = elementCount(slice);
    const data = x.data.slice() as TypedArray;
    const write = writerOf(node, data, x.type);
    starts(indices).forEach((start, n) => {
      for (let i = 0; i < size; i++) write(start + i, updates.data[n * size + i]);
    });
    return [{ ...x, data }];
  },
};

function checkUpdates(node: NodeView, wanted: Shape): void {
  checkSameType(node, [0, 2]);
  reductionOf(node, node.input(0).type);
  const { shape } = node.input(2);
  if (!sameShape(shape, wanted)) {
    throw new ShapeError(expected(node.where, "updates", `shape ${formatShape(wanted)}`, formatShape(shape)));
  }
}

// Elements of x and updates have one type; `any` keeps number and bigint arithmetic in one place.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any;
type Reduction = (old: Any, update: Any) => Any;

/** The array they are stored in rounds sums and products of floats, and wraps those of integers. */
const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  // biome-ignore lint/suspicious/noSelfCompare: a NaN prevails, whichever of the two it is
  max: (old, update) => (update > old || update !== update ? update : old),
  // biome-ignore lint/suspicious/noSelfCompare: a NaN prevails, whichever of the two it is
  min: (old, update) => (update < old || update !== update ? update : old),
};

function reductionOf(node: NodeView, type: DataType): Reduction {
  const name = node.text("reduction", "none");
  const reduction = REDUCTIONS[name];
  if (!reduction) {
    throw new ArgumentError(expected(node.where, "reduction", Object.keys(REDUCTIONS).join(", "), name));
  }
  if (name !== "none" && type === "bool") {
    throw node.unsupported(`reduction ${name} is not supported for ${type}`);
  }
  return name === "mul" && (type === "int32" || type === "uint32") ? Math.imul : reduction;
}

function writerOf(node: NodeView, data: TypedArray, type: DataType) {
  const reduce = reductionOf(node, type);
  return (at: number, update: number | bigint) => {
    data[at] = reduce(data[at], update) as never;
  };
}

export const SCATTER = { ScatterElements, ScatterND };
