import { convTranspose2d } from "../../ops/conv-transpose2d.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { mul } from "../../ops/elementwise.ts";
import { col2im } from "../../ops/im2col.ts";
import { reshape, slice, transpose } from "../../ops/movement.ts";
import { reduceSum } from "../../ops/reduction.ts";
import type { Window } from "../../ops/window.ts";
import type { Tensor } from "../../tensor.ts";
import type { Workspace } from "../../workspace.ts";
import type { Convolution } from "../layer.ts";
import type { Forward, Pass } from "./pass.ts";

/** Every product is computed and added, so that the error of a gradient is that of a direct convolution. */
const numerics = "direct";

export function forwardConvolution(pass: Pass, unit: Convolution, x: Tensor): Forward {
  const { w } = pass;
  const { groups, window: v, weight, bias } = unit;
  const filter = pass.tensor(weight);
  const y = conv2d(w, x, filter, {
    ...{ strides: [v.SH, v.SW], dilations: [v.DH, v.DW], padding: [v.PT, v.PB, v.PL, v.PR], groups, numerics },
    bias: bias && pass.tensor(bias),
  });
  return {
    y,
    backward(dy) {
      if (bias) pass.keep(bias, reduceSum(w, dy, { axes: [0, 2, 3] }));
      pass.keep(weight, filterGradient(w, unit, x, dy));
      if (x === pass.batch) return undefined;
      return groups === unit.inputShape[0] ? channelsGradient(w, unit, filter, dy) : imageGradient(w, unit, filter, dy);
    },
  };
}

/**
 * dw[oc, ic, kh, kw] = sum over n, oh, ow of dy[n, oc, oh, ow] * x[n, ic, oh * SH + kh * DH - top, ow * SW + kw * DW - left]: a convolution of
 * the images with dy as its filter, with batch and channels exchanged, and strides and dilations.
 */
function filterGradient(w: Workspace, { groups, window: v, weight }: Convolution, x: Tensor, dy: Tensor): Tensor {
  const [N, IC, H, W] = x.shape;
  const [OC, ICG, KH, KW] = weight.shape;
  const byGroups = reshape(w, x, [N, groups, IC / groups, H * W]);
  const images = reshape(w, transpose(w, byGroups, { permutation: [2, 1, 0, 3] }), [ICG, groups * N, H, W]);
  const { bottom, right } = reachedPadding(v);
  const sums = conv2d(w, images, transpose(w, dy, { permutation: [1, 0, 2, 3] }), {
    ...{ strides: [v.DH, v.DW], dilations: [v.SH, v.SW], padding: [v.PT, bottom, v.PL, right], groups, numerics },
  });
  // Rows and columns of the image that no window reaches make more places than the filter has.
  return transpose(w, slice(w, sums, [0, 0, 0, 0], [ICG, OC, KH, KW]), { permutation: [1, 0, 2, 3] });
}

/** Padding at the bottom and right that windows reach. */
export function reachedPadding(v: Window): { bottom: number; right: number } {
  return {
    bottom: Math.max(0, (v.OH - 1) * v.SH + v.DH * (v.KH - 1) + 1 - v.IH - v.PT),
    right: Math.max(0, (v.OW - 1) * v.SW + v.DW * (v.KW - 1) + 1 - v.IW - v.PL),
  };
}

/** dx[n, ic, oh * SH + kh * DH - top, ...] += dy[n, oc, oh, ow] * filter[oc, ic, kh, kw]: the transposed convolution. */
function imageGradient(w: Workspace, { groups, window: v }: Convolution, filter: Tensor, dy: Tensor): Tensor {
  return convTranspose2d(w, dy, filter, {
    ...{ strides: [v.SH, v.SW], dilations: [v.DH, v.DW], padding: [v.PT, v.PB, v.PL, v.PR], groups },
    outputSizes: [v.IH, v.IW],
  });
}

/** The same where each channel is convolved by itself: the few products of each window place, added into the image. */
function channelsGradient(w: Workspace, { groups: C, window: v }: Convolution, filter: Tensor, dy: Tensor): Tensor {
  const [N, OC] = dy.shape;
  const M = OC / C;
  const [taps, places] = [v.KH * v.KW, v.OH * v.OW];
  const products = mul(w, reshape(w, dy, [N, C, M, 1, places]), reshape(w, filter, [C, M, taps, 1]));
  const columns = M === 1 ? products : reduceSum(w, products, { axes: [2] });
  return addWindows(w, reshape(w, columns, [N, C * taps, places]), v);
}

/** Adds columns [N, C * KH * KW, OH * OW], what each window gives to each of its places, into images [N, C, IH, IW]. */
export function addWindows(w: Workspace, columns: Tensor, v: Window): Tensor {
  const { bottom, right } = reachedPadding(v);
  return col2im(w, columns, {
    ...{ windowDimensions: [v.KH, v.KW], strides: [v.SH, v.SW], dilations: [v.DH, v.DW] },
    ...{ padding: [v.PT, bottom, v.PL, right], outputSizes: [v.IH, v.IW] },
  });
}
