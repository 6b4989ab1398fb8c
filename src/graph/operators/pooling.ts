import { expected, ShapeError } from "../../errors.ts";
import { type Pool2dSpec, type PoolKind, preparePool2d } from "../../ops/pool.ts";
import { resolveWindow } from "../../ops/window.ts";
import type { NodeView, Operator } from "../operator.ts";
import { imageOf, imageShape, pairOf, stepsOf, windowOf } from "./image.ts";

/** What a node pools, and how. */
export type PoolOf = (node: NodeView) => Pool2dSpec;

/** A pool with a window. */
export function pool(kindOf: (node: NodeView) => PoolKind): PoolOf {
  return (node) => {
    const { N, C, H, W } = imageOf(node, 0);
    const kernel = pairOf(node, "kernel_shape");
    if (!kernel) throw new ShapeError(expected(node.where, "kernel_shape", "2 values", "none"));
    const countPadding = node.number("count_include_pad", 0) !== 0;
    const window = windowOf(node, [H, W], kernel);
    return { kind: kindOf(node), N, C, window, countPadding, steps: stepsOf(node) };
  };
}

/** Pools the whole image into one place. */
export function globalPool(kindOf: (node: NodeView) => PoolKind): PoolOf {
  return (node) => {
    const { N, C, H, W } = imageOf(node, 0);
    const window = resolveWindow(node.where, [H, W], [H, W], {});
    return { kind: kindOf(node), N, C, window, countPadding: false, steps: stepsOf(node) };
  };
}

/** Pools of float32 images. */
export function poolOperator(specOf: PoolOf): Operator {
  return {
    infer(node) {
      const { N, C, window } = specOf(node);
      const shape = imageShape(node, N, C, window.OH, window.OW);
      return [
        { type: node.input(0).type, shape },
        { type: "int64", shape },
      ];
    },
    takesSteps: (node) => node.input(0).type === "float32" && !node.node.outputs[1],
    lower: (node) => ({ prepared: preparePool2d(specOf(node)), inputs: [0] }),
  };
}

/** Pools by name, and what they pool. */
export const POOLS = {
  MaxPool: pool(() => "max"),
  AveragePool: pool(() => "average"),
  GlobalMaxPool: globalPool(() => "max"),
  GlobalAveragePool: globalPool(() => "average"),
};

export const POOLING = {
  MaxPool: poolOperator(POOLS.MaxPool),
  AveragePool: poolOperator(POOLS.AveragePool),
  GlobalMaxPool: poolOperator(POOLS.GlobalMaxPool),
  GlobalAveragePool: poolOperator(POOLS.GlobalAveragePool),
};
