import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { prepareLrn, prepareLrnChannelsFirst } from "../../ops/lrn.ts";
import { type NormaliseSpec, prepareLpNorm, prepareNormalise } from "../../ops/normalise.ts";
import { broadcastShapes, elementCount, formatShape, normaliseAxis, sameShape } from "../../shape.ts";
import type { TensorType } from "../graph.ts";
import type { NodeView, Operator } from "../operator.ts";
import { checkVector } from "./batch-normalisation.ts";
import { isChannelsLast } from "./image.ts";
import { axesOf, axisError } from "./shapes.ts";
import { FLOATS, floatKernel, sameTyped, typedInput } from "./types.ts";

/** A normalisation by statistics of x itself; extra outputs are its mean and 1 / deviation. */
function normalisation(infer: (node: NodeView) => TensorType[], specOf: (node: NodeView) => NormaliseSpec): Operator {
  return {
    infer,
    lower(node) {
      const spec = specOf(node);
      const inputs = [0, 1, 2].filter((i) => node.has(i));
      const prepared = () => ({ ...prepareNormalise(spec), outputShapes: infer(node).map(({ shape }) => shape) });
      return floatKernel(node, inputs, prepared);
    },
  };
}

/** A batch of images as [N, C, places]; their extents follow in whichever order the node has. */
function batchOf(node: NodeView): { N: number; C: number; places: number } {
  const { shape } = typedInput(node, 0, FLOATS);
  if (shape.length < 3) {
    throw new ShapeError(expected(node.where, "input 0", "a batch of images of rank 3 or more", formatShape(shape)));
  }
  const last = isChannelsLast(node);
  const C = last ? shape[shape.length - 1] : shape[1];
  return { N: shape[0], C, places: elementCount(last ? shape.slice(1, -1) : shape.slice(2)) };
}

/** Over the places of each image and channel; scale and bias [C]. */
const InstanceNormalization = normalisation(
  (node) => {
    const { C } = batchOf(node);
    sameTyped(node, FLOATS, [0, 1, 2]);
    checkVector(node, 1, "scale", C);
    checkVector(node, 2, "bias", C);
    return [node.input(0)];
  },
  (node) => {
    const { N, C, places } = batchOf(node);
    const shapes = isChannelsLast(node)
      ? { shape: [N, places, C], axes: [1], scale: [C], bias: [C] }
      : { shape: [N, C, places], axes: [2], scale: [C, 1], bias: [C, 1] };
    return { ...shapes, centred: true, epsilon: node.number("epsilon", 1e-5), epsilonTo: "variance" };
  },
);

/** Over the channels of a group and their places; scale and bias [C] (or, as in operator set 18, one for each group). */
const GroupNormalization = normalisation(
  (node) => {
    const { C } = batchOf(node);
    sameTyped(node, FLOATS, [0, 1, 2]);
    const groups = groupsOf(node, C);
    const each = node.input(1).shape[0] === groups ? groups : C;
    checkVector(node, 1, "scale", each);
    checkVector(node, 2, "bias", each);
    return [node.input(0)];
  },
  (node) => {
    const { N, C, places } = batchOf(node);
    const groups = groupsOf(node, C);
    const last = isChannelsLast(node);
    const shape = last ? [N, places, groups, C / groups] : [N, groups, C / groups, places];
    const own = node.input(1).shape[0] === C ? C / groups : 1;
    const scale = last ? [groups, own] : [groups, own, 1];
    const epsilon = node.number("epsilon", 1e-5);
    const axes = last ? [1, 3] : [3, 2];
    return { shape, axes, inTurn: true, scale, bias: scale, centred: true, epsilon, epsilonTo: "variance" };
  },
);

function groupsOf(node: NodeView, C: number): number {
  const groups = node.number("num_groups", 0);
  if (Number.isInteger(groups) && groups > 0 && C % groups === 0) return groups;
  throw new ArgumentError(expected(node.where, "num_groups", `a divisor of ${C} channels`, groups));
}

/** Over `axis` and all axes behind it; scale and bias broadcast to x. */
function layerNormalisation(centred: boolean): Operator {
  return normalisation(
    (node) => {
      node.input(1);
      const inputs = sameTyped(node, FLOATS, centred ? [0, 1, 2] : [0, 1]);
      const [{ type, shape }] = inputs;
      if (node.number("stash_type", 1) !== 1)
        throw node.unsupported("computing in another type than float32 is not supported");
      inputs.slice(1).forEach((input, i) => {
        if (sameShape(broadcastShapes(shape, input.shape) ?? [-1], shape)) return;
        const wanted = `a shape that broadcasts to ${formatShape(shape)}`;
        throw new ShapeError(expected(node.where, i === 0 ? "scale" : "bias", wanted, formatShape(input.shape)));
      });
      const axes = trailingAxes(node);
      const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
      const statistics: TensorType = { type: "float32", shape: kept };
      return centred ? [{ type, shape }, statistics, statistics] : [{ type, shape }];
    },
    (node) => ({
      shape: node.input(0).shape,
      axes: trailingAxes(node),
      centred,
      epsilon: node.number("epsilon", 1e-5),
      epsilonTo: "variance",
      scale: node.input(1).shape,
      bias: node.optionalInput(2)?.shape,
      statistics: centred,
    }),
  );
}

function trailingAxes(node: NodeView): number[] {
  const rank = node.input(0).shape.length;
  const first = oneAxis(node, node.number("axis", -1));
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

function oneAxis(node: NodeView, axis: number): number {
  const rank = node.input(0).shape.length;
  const at = normaliseAxis(axis, rank);
  if (at === undefined) throw axisError(node, axis, rank);
  return at;
}

const same = (node: NodeView): TensorType[] => [typedInput(node, 0, FLOATS)];

/** Over batch and places by default; epsilon, of a fixed size, is added to the deviation. */
const MeanVarianceNormalization = normalisation(
  (node) => {
    meanVarianceAxes(node);
    return same(node);
  },
  (node) => ({
    shape: node.input(0).shape,
    axes: meanVarianceAxes(node),
    centred: true,
    epsilon: 1e-9,
    epsilonTo: "deviation",
  }),
);

function meanVarianceAxes(node: NodeView): number[] {
  return axesOf(node, node.numbers("axes") ?? [0, 2, 3], node.input(0).shape.length) ?? [];
}

/** x divided by its norm of order 1 or 2 along one axis; 0 where that is 0. */
const LpNormalization: Operator = {
  infer(node) {
    lpNorm(node);
    return same(node);
  },
  lower(node) {
    const { axis, p } = lpNorm(node);
    return floatKernel(node, [0], () => prepareLpNorm(node.input(0).shape, axis, p));
  },
};

function lpNorm(node: NodeView): { axis: number; p: 1 | 2 } {
  const p = node.number("p", 2);
  if (p !== 1 && p !== 2) throw new ArgumentError(expected(node.where, "p", "1 or 2", p));
  return { axis: oneAxis(node, node.number("axis", -1)), p };
}

/** Over neighbouring channels, as many as `size` says. */
const LRN: Operator = {
  infer(node) {
    batchOf(node);
    const size = node.number("size", 0);
    if (!Number.isInteger(size) || size < 1) throw new ArgumentError(expected(node.where, "size", "1 or more", size));
    return [node.input(0)];
  },
  lower(node) {
    const { shape } = node.input(0);
    const { C } = batchOf(node);
    const number = (name: string, fallback: number) => node.number(name, fallback);
    const spec = {
      size: number("size", 1),
      alpha: number("alpha", 1e-4),
      beta: number("beta", 0.75),
      bias: number("bias", 1),
    };
    const prepare = () => (isChannelsLast(node) ? prepareLrn(shape, C, spec) : prepareLrnChannelsFirst(shape, spec));
    return floatKernel(node, [0], prepare);
  },
};

export const NORMALISATION = {
  InstanceNormalization,
  GroupNormalization,
  LayerNormalization: layerNormalisation(true),
  RMSNormalization: layerNormalisation(false),
  MeanVarianceNormalization,
  LpNormalization,
  LRN,
};
