import type { Prepared } from "./prepared.ts";
import type { Window } from "./window.ts";

export type PoolKind = "max" | "average";

/** A pooling of channels-last images, checked and in numbers. */
export interface Pool2dSpec {
  readonly kind: PoolKind;
  readonly N: number;
  readonly C: number;
  readonly window: Window;
  /** Average only: whether places in the padding count. */
  readonly countPadding: boolean;
}

/** Makes a pooling ready: input [x] [N, IH, IW, C], output [N, OH, OW, C]. */
export function preparePool2d({ kind, N, C, window: v, countPadding }: Pool2dSpec): Prepared {
  const whole = v.OH === 1 && v.OW === 1 && v.KH === v.IH && v.KW === v.IW && v.PT + v.PL === 0;
  const result = { outputShapes: [[N, v.OH, v.OW, C]], macs: 0, scratchBytes: 0 };
  if (kind === "max") {
    return {
      ...result,
      algorithm: `max ${v.KH}x${v.KW}`,
      run(k, { inputs, outputs }) {
        // biome-ignore format: one line a subject
        k.maxPool2d(inputs[0], N, v.IH, v.IW, C, C * 4, outputs[0], v.OH, v.OW, C * 4,
          v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, 0);
      },
    };
  }
  if (whole) {
    return {
      ...result,
      algorithm: "global average",
      run: (k, { inputs, outputs }) => k.globalAveragePool2d(inputs[0], N, v.IH, v.IW, C, C * 4, outputs[0]),
    };
  }
  return {
    ...result,
    algorithm: `average ${v.KH}x${v.KW}`,
    run(k, { inputs, outputs }) {
      // biome-ignore format: one line a subject
      k.averagePool2d(inputs[0], N, v.IH, v.IW, C, C * 4, outputs[0], v.OH, v.OW, C * 4,
        v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, v.PB, v.PR, countPadding ? 1 : 0);
    },
  };
}
