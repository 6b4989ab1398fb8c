import { ShapeError } from "../../errors.ts";
import { type PoolKind, preparePool2d } from "../../ops/pool2d.ts";
import { resolveWindow } from "../../ops/window.ts";
import type { NodeView, Operator } from "../operator.ts";
import { imageOf, imageShape, pairOf, windowOf } from "./image.ts";

function pool(kind: PoolKind): Operator {
  const spec = (node: NodeView) => {
    const { N, C, H, W } = imageOf(node, 0);
    const kernel = pairOf(node, "kernel_shape");
    if (!kernel) throw new ShapeError(`${node.where}: kernel_shape expected 2 values, got none`);
    if (node.node.outputs.length > 1 && node.node.outputs[1])
      throw node.unsupported("the indices of maxima are not supported");
    const countPadding = node.number("count_include_pad", 0) !== 0;
    return { kind, N, C, window: windowOf(node, [H, W], kernel), countPadding };
  };
  return poolOperator(spec);
}

/** Pools the whole image into one place. */
function globalPool(kind: PoolKind): Operator {
  return poolOperator((node) => {
    const { N, C, H, W } = imageOf(node, 0);
    return { kind, N, C, window: resolveWindow(node.where, [H, W], [H, W], {}), countPadding: false };
  });
}

function poolOperator(specOf: (node: NodeView) => Parameters<typeof preparePool2d>[0]): Operator {
  return {
    infer(node) {
      const { N, C, window } = specOf(node);
      return [{ type: node.input(0).type, shape: imageShape(node, N, C, window.OH, window.OW) }];
    },
    lower(node) {
      if (node.input(0).type !== "float32") return undefined;
      return { prepared: preparePool2d(specOf(node)), inputs: [0] };
    },
  };
}

export const POOLING = {
  MaxPool: pool("max"),
  AveragePool: pool("average"),
  GlobalMaxPool: globalPool("max"),
  GlobalAveragePool: globalPool("average"),
};
