import type { Kernels } from "../wasm/kernels.ts";
import type { Addresses, Prepared } from "./prepared.ts";
import type { Window } from "./window.ts";

export type PoolKind = "max" | "average" | "l1" | "l2";

/** A pooling of channels-last images, checked and in numbers. */
export interface Pool2dSpec {
  readonly kind: PoolKind;
  readonly N: number;
  readonly C: number;
  readonly window: Window;
  /** Average only: whether places in the padding count. */
  readonly countPadding?: boolean;
  /** Max only: whether output 1 takes the int32 place h * W + w of each maximum in its image. */
  readonly indices?: boolean;
  /** Elements from pixel to pixel of x and y where they are some channels of wider images. */
  readonly steps?: { readonly x?: number | undefined; readonly y?: number | undefined } | undefined;
}

/** Makes a pooling ready: input [x] [N, IH, IW, C], output [N, OH, OW, C]. */
export function preparePool2d(spec: Pool2dSpec): Prepared {
  const { kind, N, C, window: v } = spec;
  const outputShape = [N, v.OH, v.OW, C];
  const everyPlace = v.KH === v.IH && v.KW === v.IW && v.DH === 1 && v.DW === 1 && v.PT + v.PL === 0;
  const whole = everyPlace && v.OH === 1 && v.OW === 1;
  const empty = N * v.OH * v.OW * C === 0;
  return {
    algorithm: whole && kind === "average" ? "global average" : `${kind} ${v.KH}x${v.KW}`,
    outputShapes: spec.indices ? [outputShape, outputShape] : [outputShape],
    macs: 0,
    scratchBytes: 0,
    run: empty
      ? () => {}
      : (k, at) => (whole && kind === "average" ? runGlobalAverage(k, at, spec) : runPool(k, at, spec)),
  };
}

function runGlobalAverage(k: Kernels, { inputs, outputs }: Addresses, { N, C, window: v, steps }: Pool2dSpec): void {
  k.globalAveragePool2d(inputs[0], N, v.IH * v.IW, C, (steps?.x ?? C) * 4, outputs[0], (steps?.y ?? C) * 4);
}

// biome-ignore format: one line a subject
function runPool(k: Kernels, { inputs: [x], outputs: [y, places] }: Addresses, spec: Pool2dSpec): void {
  const { kind, N, C, window: v, countPadding, indices } = spec;
  const xStep = (spec.steps?.x ?? C) * 4;
  const yStep = (spec.steps?.y ?? C) * 4;
  if (kind === "max") {
    k.maxPool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, indices ? places : 0, C * 4);
  } else if (kind === "average") {
    k.averagePool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, v.PB, v.PR, countPadding ? 1 : 0, 0);
  } else {
    k.lpPool2d(x, N, v.IH, v.IW, C, xStep, y, v.OH, v.OW, yStep,
      v.KH, v.KW, v.SH, v.SW, v.DH, v.DW, v.PT, v.PL, kind === "l1" ? 1 : 2);
  }
}
