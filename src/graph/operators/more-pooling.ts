import { type Pool2dSpec, type PoolKind, preparePool2d } from "../../ops/pool.ts";
import type { Addresses, Prepared } from "../../ops/prepared.ts";
import { isStored, prepareThroughFloats } from "../../ops/stored.ts";
import type { Kernels } from "../../wasm/kernels.ts";
import type { NodeView, Operator } from "../operator.ts";
import { withSequences } from "./one-dimensional.ts";
import { globalPool, POOLS, type PoolOf, pool, poolOperator } from "./pooling.ts";

/** A pool of sequences too, of stored integers if it is for maxima, and with the places of these. */
function everyPool(specOf: PoolOf): Operator {
  return withSequences({
    ...poolOperator(specOf),
    lower(node) {
      const { type, shape } = node.input(0);
      const spec = specOf(node);
      if (type !== "float32" && !(spec.kind === "max" && isStored(type))) return undefined;
      const columnMajor = node.number("storage_order", 0) !== 0;
      const prepared = node.node.outputs[1] ? withFlatIndices(spec, columnMajor) : preparePool2d(spec);
      const { outputShapes } = preparePool2d(spec);
      const all = isStored(type) ? prepareThroughFloats(prepared, type, [shape], outputShapes) : prepared;
      return { prepared: all, inputs: [0] };
    },
  });
}

/** Max pooling whose output 1 takes, as int64, the place of each maximum in the whole tensor as if it were [N, C, H, W]. */
function withFlatIndices(spec: Pool2dSpec, columnMajor: boolean): Prepared {
  const prepared = preparePool2d({ ...spec, indices: true });
  const { N, C, window } = spec;
  const { IH, IW, OH, OW } = window;
  const count = N * OH * OW * C;
  const widen = (k: Kernels, from: number, to: number) => {
    const places = new Int32Array(k.memory.buffer, from, count);
    const indices = new BigInt64Array(k.memory.buffer, to, count);
    for (let i = 0; i < count; i++) {
      const place = places[i];
      const inPlane = columnMajor ? (place % IW) * IH + Math.floor(place / IW) : place;
      const plane = Math.floor(i / (OH * OW * C)) * C + (i % C);
      indices[i] = BigInt(plane * IH * IW + inPlane);
    }
  };
  return {
    ...prepared,
    scratchBytes: count * 4,
    run(k: Kernels, at: Addresses) {
      prepared.run(k, { ...at, outputs: [at.outputs[0], at.scratch] });
      widen(k, at.scratch, at.outputs[1]);
    },
  };
}

/** The root of the sum of squares, or the sum of absolute values. */
function lpKind(node: NodeView): PoolKind {
  const p = node.number("p", 2);
  if (p !== 1 && p !== 2) throw node.unsupported(`p = ${p} is not supported, only 1 and 2`);
  return p === 1 ? "l1" : "l2";
}

export const MORE_POOLING = {
  MaxPool: everyPool(POOLS.MaxPool),
  AveragePool: everyPool(POOLS.AveragePool),
  LpPool: everyPool(pool(lpKind)),
  GlobalMaxPool: everyPool(POOLS.GlobalMaxPool),
  GlobalAveragePool: everyPool(POOLS.GlobalAveragePool),
  GlobalLpPool: everyPool(globalPool(lpKind)),
};
