import { allocate, type HostTensor, type TypedArray, toIntegers } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { gatherMovement, gatherShape, indexError } from "../../ops/gather.ts";
import { elementCount, formatShape, type Shape, stridesOf } from "../../shape.ts";
import { reshapeHost, walk } from "../host.ts";
import { lowerMovement } from "../moving.ts";
import type { NodeView, Operator } from "../operator.ts";
import { checkIndices, gatherOnHost, indexInput } from "./gather.ts";
import { axisOf } from "./movement.ts";

/** Inputs x and a vector that says which places along `axis` are kept. Without an axis, x is flat. */
const Compress: Operator = {
  infer(node) {
    const { shape, axis, places } = compression(node);
    return [{ type: node.input(0).type, shape: gatherShape(shape, axis, [places.length]) }];
  },
  waits: (node) => !node.constant(1),
  lower(node) {
    const { shape, axis, places } = compression(node);
    const movement = gatherMovement(shape, axis, places, [places.length]);
    return movement && lowerMovement(node, movement);
  },
  evaluate(node, [x]) {
    const { shape, axis, places } = compression(node);
    return [gatherOnHost(reshapeHost(x as HostTensor, shape), axis, places, [places.length])];
  },
};

function compression(node: NodeView): { shape: Shape; axis: number; places: number[] } {
  const { shape: given } = node.input(0);
  const flat = node.attribute("axis") === undefined;
  const shape = flat ? [elementCount(given)] : given;
  const axis = flat ? 0 : axisOf(node, 0, given.length);
  const condition = node.integers(1, "the condition") ?? [];
  if (condition.length > shape[axis]) {
    const wanted = `at most ${shape[axis]} values for axis ${axis} of ${formatShape(shape)}`;
    throw new ShapeError(expected(node.where, "condition", wanted, condition.length));
  }
  return { shape, axis, places: condition.flatMap((keep, place) => (keep ? [place] : [])) };
}

/** Inputs x and indices of its rank: y[.., i, ..] = x[.., indices[.., i, ..], ..], in the shape of the indices. */
const GatherElements: Operator = {
  infer(node) {
    const { x, indices } = elementwise(node);
    return [{ type: x.type, shape: indices.shape }];
  },
  evaluate(node, inputs) {
    const [x, indices] = inputs as [HostTensor, HostTensor];
    const { axis } = elementwise(node);
    const places = checkIndices(node, indices, x.shape[axis]);
    const data = allocate(x.type, places.length);
    const stride = stridesOf(x.shape)[axis];
    walk(indices.shape, [elementSteps(x.shape, axis)], (at, [from]) => {
      data[at] = x.data[from + places[at] * stride] as never;
    });
    return [{ type: x.type, shape: indices.shape, data }];
  },
};

/** Steps through a tensor of `shape` whose place along `axis` an index tells. */
export function elementSteps(shape: Shape, axis: number): number[] {
  return stridesOf(shape).map((stride, i) => (i === axis ? 0 : stride));
}

/** What GatherElements and ScatterElements have in common: x and indices of the same rank, no wider than x but along `axis`. */
export function elementwise(node: NodeView) {
  const x = node.input(0);
  const indices = indexInput(node, 1);
  const axis = axisOf(node, 0, x.shape.length);
  const fits = indices.shape.length === x.shape.length && indices.shape.every((e, i) => i === axis || e <= x.shape[i]);
  if (!fits) {
    const wanted = `a shape within ${formatShape(x.shape)} but along axis ${axis}`;
    throw new ShapeError(expected(node.where, "indices", wanted, formatShape(indices.shape)));
  }
  return { x, indices, axis };
}

/** Inputs x and tuples of indices (their last axis): each tuple names a slice of x, behind `batch_dims` axes that both share. */
const GatherND: Operator = {
  infer(node) {
    const { type } = node.input(0);
    const { outer, slice } = tuples(node, node.number("batch_dims", 0));
    return [{ type, shape: [...outer, ...slice] }];
  },
  evaluate(node, inputs) {
    const [x, indices] = inputs as [HostTensor, HostTensor];
    const { outer, slice, starts } = tuples(node, node.number("batch_dims", 0));
    const size = elementCount(slice);
    const data: TypedArray = allocate(x.type, elementCount(outer) * size);
    starts(indices).forEach((start, i) => {
      data.set(x.data.subarray(start, start + size) as never, i * size);
    });
    return [{ type: x.type, shape: [...outer, ...slice], data }];
  },
};

/** What GatherND and ScatterND have in common: slices of x that tuples of indices name. */
export function tuples(node: NodeView, batch: number) {
  const { shape } = node.input(0);
  const indices = indexInput(node, 1).shape;
  const length = indices.at(-1) ?? 0;
  const limit = Math.min(shape.length, indices.length);
  if (batch < 0 || batch >= limit || shape.slice(0, batch).some((extent, i) => extent !== indices[i])) {
    const wanted = `equal leading axes, fewer than the rank, of ${formatShape(shape)} and ${formatShape(indices)}`;
    throw new ShapeError(expected(node.where, "batch_dims", wanted, batch));
  }
  if (length < 1 || length > shape.length - batch) {
    const wanted = `a last axis of 1 to ${shape.length - batch} indices into ${formatShape(shape)}`;
    throw new ShapeError(expected(node.where, "indices", wanted, formatShape(indices)));
  }
  const strides = stridesOf(shape).slice(batch, batch + length);
  const outer = indices.slice(0, -1);
  const batches = elementCount(indices.slice(0, batch));
  const perBatch = elementCount(outer.slice(batch));
  const batchSize = elementCount(shape.slice(batch));
  return {
    outer,
    slice: shape.slice(batch + length),
    /** First element of each slice. */
    starts(tensor: HostTensor): number[] {
      const values = toIntegers(tensor);
      return Array.from({ length: batches * perBatch }, (_, i) => {
        let start = Math.floor(i / perBatch) * batchSize;
        for (let j = 0; j < length; j++) {
          const index = values[i * length + j];
          const extent = shape[batch + j];
          if (index < -extent || index >= extent) throw indexError(node.where, extent, index);
          start += (index < 0 ? index + extent : index) * strides[j];
        }
        return start;
      });
    },
  };
}

export const GATHER_ELEMENTS = { GatherElements, GatherND, Compress };
