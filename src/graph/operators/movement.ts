import type { HostTensor } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { prepareCopies } from "../../ops/copies.ts";
import { keepsOrder, prepareTranspose } from "../../ops/transpose.ts";
import { elementCount, formatShape, normaliseAxis, permute, type Shape, stridesOf } from "../../shape.ts";
import { pickHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { axisError } from "./shapes.ts";

const Transpose: Operator = {
  infer(node) {
    const { type, shape } = node.input(0);
    return [{ type, shape: permute(shape, permutationOf(node)) }];
  },
  lower(node) {
    const { type, shape } = node.input(0);
    const permutation = permutationOf(node);
    if (keepsOrder(shape, permutation)) return "alias";
    return type === "float32" ? { prepared: prepareTranspose(shape, permutation), inputs: [0] } : undefined;
  },
  evaluate(node, inputs) {
    const x = inputs[0] as HostTensor;
    const permutation = permutationOf(node);
    return [pickHost(x, permute(x.shape, permutation), permute(stridesOf(x.shape), permutation))];
  },
};

export function permutationOf(node: NodeView): number[] {
  const rank = node.input(0).shape.length;
  const permutation = node.numbers("perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const seen = new Set(permutation);
  if (
    permutation.length !== rank ||
    seen.size !== rank ||
    permutation.some((axis) => normaliseAxis(axis, rank) !== axis)
  ) {
    throw new ArgumentError(expected(node.where, "perm", `a permutation of ${rank} axes`, permutation));
  }
  return permutation;
}

const Concat: Operator = {
  infer(node) {
    const { shapes, axis } = concatenation(node);
    const extent = shapes.reduce((sum, shape) => sum + shape[axis], 0);
    return [{ type: node.input(0).type, shape: shapes[0].map((e, i) => (i === axis ? extent : e)) }];
  },
  lower(node) {
    if (node.input(0).type !== "float32") return undefined;
    const { shapes, axis } = concatenation(node);
    const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
    const inner = elementCount(shapes[0].slice(axis + 1));
    const outer = elementCount(shapes[0].slice(0, axis));
    let offset = 0;
    const copies = shapes.map((shape, input) => {
      const run = shape[axis] * inner;
      const copy = {
        input,
        output: 0,
        offset: 0,
        to: offset,
        walk: { shape: [outer, run], from: [run, 1], to: [total * inner, 1] },
      };
      offset += run;
      return copy;
    });
    const shape = shapes[0].map((e, i) => (i === axis ? total : e));
    return { prepared: prepareCopies([shape], copies), inputs: shapes.map((_, i) => i) };
  },
  evaluate(node, inputs) {
    const { shapes, axis } = concatenation(node);
    const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
    const shape = shapes[0].map((e, i) => (i === axis ? total : e));
    const inner = elementCount(shape.slice(axis + 1));
    const result = pickHost(
      inputs[0] as HostTensor,
      shape,
      shape.map(() => 0),
    );
    let at = 0;
    for (let outer = 0; outer < elementCount(shape.slice(0, axis)); outer++) {
      shapes.forEach((each, i) => {
        const run = each[axis] * inner;
        const from = (inputs[i] as HostTensor).data.subarray(outer * run, outer * run + run);
        result.data.set(from as never, at);
        at += run;
      });
    }
    return [result];
  },
};

function concatenation(node: NodeView): { shapes: Shape[]; axis: number } {
  const shapes = node.node.inputs.map((_, i) => node.input(i).shape);
  const given = node.number("axis", 1);
  const axis = normaliseAxis(given, shapes[0].length);
  if (axis === undefined) throw axisError(node, given, shapes[0].length);
  for (const shape of shapes) {
    if (shape.length !== shapes[0].length || shape.some((extent, i) => i !== axis && extent !== shapes[0][i])) {
      const wanted = `shapes that differ only along axis ${axis}`;
      throw new ShapeError(expected(node.where, "inputs", wanted, shapes.map(formatShape).join(" and ")));
    }
  }
  return { shapes, axis };
}

export const MOVEMENT = { Transpose, Concat };
