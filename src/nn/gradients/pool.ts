import { div } from "../../ops/elementwise.ts";
import { expand, reshape } from "../../ops/movement.ts";
import { averagePool2d, maxPool2dWithIndices } from "../../ops/pool2d.ts";
import { maxUnpool2d } from "../../ops/unpool2d.ts";
import type { Window } from "../../ops/window.ts";
import type { Tensor } from "../../tensor.ts";
import type { Pool } from "../layer.ts";
import { addWindows } from "./convolution.ts";
import type { Forward, Pass } from "./pass.ts";

/** The engine's options for a window; its size is rounded up where one hangs over the end. */
function optionsOf(v: Window) {
  const reach = [v.DH * (v.KH - 1) + 1, v.DW * (v.KW - 1) + 1];
  const over = (v.OH - 1) * v.SH + reach[0] > v.IH + v.PT + v.PB || (v.OW - 1) * v.SW + reach[1] > v.IW + v.PL + v.PR;
  return {
    ...({ windowDimensions: [v.KH, v.KW], strides: [v.SH, v.SW], dilations: [v.DH, v.DW] } as const),
    ...({ padding: [v.PT, v.PB, v.PL, v.PR], outputShapeRounding: over ? "ceil" : "floor" } as const),
  };
}

/** The gradient goes to the place of each maximum, the first of equals. */
export function forwardMaxPool(pass: Pass, { window: v }: Pool, x: Tensor): Forward {
  const { w } = pass;
  const { values, indices } = maxPool2dWithIndices(w, x, optionsOf(v));
  const apart = v.SH > v.DH * (v.KH - 1) && v.SW > v.DW * (v.KW - 1);
  return {
    y: values,
    backward(dy) {
      if (x === pass.batch) return undefined;
      if (apart) return maxUnpool2d(w, dy, indices, { outputSizes: [v.IH, v.IW] });
      return pass.from(addAt(dy.data as Float32Array, indices.data as Int32Array, v), x.shape);
    },
  };
}

/** Adds values of planes [OH, OW] at places of planes [IH, IW], in their order: windows that overlap may share a maximum. */
function addAt(values: Float32Array, places: Int32Array, { IH, IW, OH, OW }: Window): Float32Array {
  const planes = values.length / (OH * OW);
  const sums = new Float32Array(planes * IH * IW);
  for (let plane = 0, i = 0; plane < planes; plane++) {
    const start = plane * IH * IW;
    for (const end = i + OH * OW; i < end; i++) if (places[i] >= 0) sums[start + places[i]] += values[i];
  }
  return sums;
}

/** The gradient goes to all places of a window alike. */
export function forwardAveragePool(pass: Pass, { window: v, countPadding }: Pool, x: Tensor): Forward {
  const { w } = pass;
  return {
    y: averagePool2d(w, x, { ...optionsOf(v), countIncludePad: countPadding }),
    backward(dy) {
      if (x === pass.batch) return undefined;
      const [N, C] = x.shape;
      const places = v.OH * v.OW;
      const shares = div(w, reshape(w, dy, [N, C, 1, places]), pass.from(divisors(v, countPadding), [places]));
      const columns = expand(w, shares, [N, C, v.KH * v.KW, places]);
      return addWindows(w, reshape(w, columns, [N, C * v.KH * v.KW, places]), v);
    },
  };
}

/** What the sum of each window is divided by: its places in the image, or in the padded image. */
function divisors(v: Window, countPadding: boolean): Float32Array {
  const along = (O: number, I: number, K: number, S: number, D: number, before: number, after: number) =>
    Array.from({ length: O }, (_, o) => {
      const [low, high] = countPadding ? [-before, I + after] : [0, I];
      const places = Array.from({ length: K }, (_, k) => o * S + k * D - before);
      return places.filter((place) => place >= low && place < high).length;
    });
  const rows = along(v.OH, v.IH, v.KH, v.SH, v.DH, v.PT, v.PB);
  const columns = along(v.OW, v.IW, v.KW, v.SW, v.DW, v.PL, v.PR);
  return Float32Array.from(rows.flatMap((row) => columns.map((column) => Math.max(1, row * column))));
}

export function forwardGlobalAveragePool(pass: Pass, x: Tensor): Forward {
  const { w } = pass;
  const [, , H, W] = x.shape;
  return {
    y: averagePool2d(w, x),
    backward: (dy) => (x === pass.batch ? undefined : expand(w, div(w, dy, H * W), x.shape)),
  };
}
