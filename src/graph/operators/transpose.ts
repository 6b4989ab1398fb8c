import { bytesPerElement, type HostTensor } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import { keepsOrder, prepareTranspose } from "../../ops/transpose.ts";
import { normaliseAxis, permute, stridesOf } from "../../shape.ts";
import { pickHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";

/** Of elements of 4 bytes; others are moved on the host. */
const Transpose: Operator = {
  infer(node) {
    const { type, shape } = node.input(0);
    return [{ type, shape: permute(shape, permutationOf(node)) }];
  },
  lower(node) {
    const { type, shape } = node.input(0);
    const permutation = permutationOf(node);
    if (keepsOrder(shape, permutation)) return "alias";
    return bytesPerElement(type) === 4 ? { prepared: prepareTranspose(shape, permutation), inputs: [0] } : undefined;
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

export const TRANSPOSITION = { Transpose };
