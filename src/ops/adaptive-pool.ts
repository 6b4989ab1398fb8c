import type { Prepared } from "./prepared.ts";

/** An adaptive pooling of channels-last images in numbers. */
export interface AdaptivePool2dSpec {
  readonly kind: "max" | "average";
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly OH: number;
  readonly OW: number;
}

/** Makes an adaptive pooling ready: input [x] [N, H, W, C], output [N, OH, OW, C]. The bounds of its windows are packed as tables. */
export function prepareAdaptivePool2d({ kind, N, C, H, W, OH, OW }: AdaptivePool2dSpec): Prepared {
  const bounds = Int32Array.from([...adaptiveBounds(H, OH), ...adaptiveBounds(W, OW)]);
  return {
    algorithm: `adaptive ${kind}`,
    outputShapes: [[N, OH, OW, C]],
    macs: 0,
    scratchBytes: 0,
    packing: {
      key: `adaptive ${H}x${W} to ${OH}x${OW}`,
      bytes: bounds.byteLength,
      write: (k, _, to) => new Int32Array(k.memory.buffer, to, bounds.length).set(bounds),
    },
    run(k, { inputs: [x], outputs: [y], packed }) {
      if (N * C === 0) return;
      const average = kind === "average" ? 1 : 0;
      // biome-ignore format: one line a subject
      k.adaptivePool2d(average, x, N, H, W, C, C * 4, y, OH, OW, C * 4, packed, packed + OH * 8, 0, 0);
    },
  };
}

function* adaptiveBounds(input: number, output: number): Generator<number> {
  for (let i = 0; i < output; i++) {
    yield Math.floor((i * input) / output);
    yield Math.ceil(((i + 1) * input) / output);
  }
}
