// Operators of an engine on tensors that lie densely and channels last: the results must be the same bits.

import { expect } from "vitest";
import type { Engine } from "../../src/engine.ts";
import type { Tensor } from "../../src/tensor.ts";
import { expectSameBits } from "../support/tolerance.ts";

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array | BigInt64Array;
}

export interface Result {
  readonly shape: number[];
  readonly type: string;
  readonly data: Float32Array;
}

/** The same elements of images or sequences, lying channels last where there is a difference to be had. */
export function channelsLast(engine: Engine, x: Tensor): Tensor {
  const { shape } = x;
  if (x.type !== "float32" || shape.slice(1).includes(0)) return x;
  if (shape.length === 4) return engine.maxPool2d(x, { windowDimensions: 1 });
  if (shape.length === 3) return engine.maxPool1d(x, { windowDimensions: 1 });
  return x;
}

/** Every way in which `count` operands may lie: all dense, all channels last, the first alone, the others alone. */
function waysOf(count: number): boolean[][] {
  const none = new Array<boolean>(count).fill(false);
  const ways = [none, none.map(() => true)];
  if (count > 1) ways.push(none.map((_, i) => i === 0), none.map((_, i) => i > 0)); // biome-ignore format: two of a kind
  return ways;
}

/** The results of `body` on the values, however they lie. */
export function all(engine: Engine, operands: readonly Values[], body: (...x: Tensor[]) => Tensor[]): Result[] {
  const [first, ...others] = waysOf(operands.length).map((last) =>
    engine.scope(() => {
      const x = operands.map(({ data, shape }, i) => {
        const tensor = engine.tensor(data as Float32Array<ArrayBuffer>, shape);
        return last[i] ? channelsLast(engine, tensor) : tensor;
      });
      const before = x.map((tensor) => tensor.data);
      const results = body(...x).map(({ shape, type, data }) => ({
        shape: [...shape],
        type,
        data: data as Float32Array,
      }));
      // Whatever an operator does to storage, its operands keep their values.
      x.forEach((tensor, i) => {
        expect(tensor.data).toEqual(before[i]);
      });
      return results;
    }),
  );
  for (const other of others) {
    other.forEach(({ shape, type, data }, i) => {
      expect({ shape, type }).toEqual({ shape: first[i].shape, type: first[i].type });
      if (type === "float32") expectSameBits(data, first[i].data);
      else expect(data).toEqual(first[i].data);
    });
  }
  return first;
}

export function one(engine: Engine, operands: readonly Values[], body: (...x: Tensor[]) => Tensor): Result {
  return all(engine, operands, (...x) => [body(...x)])[0];
}
