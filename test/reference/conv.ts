import {
  blank,
  four,
  numbers,
  type PaddingMode,
  type Pair,
  type Plain,
  pair,
  type Reference,
  reflected,
  type Sides,
  sides,
  windowCount,
} from "./plain.ts";

export interface WindowOptions {
  strides?: Pair;
  /** [top, left, bottom, right] or one number. */
  padding?: Sides;
  dilations?: Pair;
}

export interface Conv2dOptions extends WindowOptions {
  groups?: number;
  paddingMode?: PaddingMode;
  /** [OC] */
  bias?: Plain | undefined;
  /** Added to the output; of the output's shape. */
  residual?: Plain | undefined;
}

/**
 * y[n, oc, oh, ow] = b[oc] + r[n, oc, oh, ow]
 *   + sum over ic, kh, kw of x[n, first + ic, oh * SH + kh * DH - top, ow * SW + kw * DW - left] * w[oc, ic, kh, kw]
 * with first = floor(oc / (OC / groups)) * (IC / groups). x [N, IC, IH, IW], w [OC, IC / groups, KH, KW].
 * Taps in zero padding are left out, so that an infinite weight meets no zero.
 */
export function conv2d(x: Plain, w: Plain, options: Conv2dOptions = {}): Reference {
  const [N, IC, IH, IW] = four(x);
  const [OC, GIC, KH, KW] = four(w);
  const { groups = 1, paddingMode = "zeros", bias, residual } = options;
  const [SH, SW] = pair(options.strides);
  const [DH, DW] = pair(options.dilations);
  const [top, left, bottom, right] = sides(options.padding);
  if (GIC * groups !== IC || OC % groups !== 0) throw new Error("conv2d: groups do not divide the channels");
  const OH = windowCount(IH, KH, SH, DH, top, bottom);
  const OW = windowCount(IW, KW, SW, DW, left, right);
  const y = blank([N, OC, OH, OW], GIC * KH * KW + (residual ? 1 : 0));
  const xs = numbers(x.data);
  const ws = numbers(w.data);
  let out = 0;
  for (let n = 0; n < N; n++) {
    for (let oc = 0; oc < OC; oc++) {
      const first = Math.floor(oc / (OC / groups)) * GIC;
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++, out++) {
          let sum = bias ? bias.data[oc] : 0;
          let magnitude = Math.abs(sum);
          for (let ic = 0; ic < GIC; ic++) {
            for (let kh = 0; kh < KH; kh++) {
              const ih = reflected(oh * SH + kh * DH - top, IH, paddingMode);
              if (ih < 0) continue;
              for (let kw = 0; kw < KW; kw++) {
                const iw = reflected(ow * SW + kw * DW - left, IW, paddingMode);
                if (iw < 0) continue;
                const product =
                  xs[((n * IC + first + ic) * IH + ih) * IW + iw] * ws[((oc * GIC + ic) * KH + kh) * KW + kw];
                sum += product;
                magnitude += Math.abs(product);
              }
            }
          }
          if (residual) {
            sum += residual.data[out];
            magnitude += Math.abs(residual.data[out]);
          }
          y.data[out] = sum;
          y.magnitude[out] = magnitude;
        }
      }
    }
  }
  return y;
}

export interface ConvTranspose2dOptions extends WindowOptions {
  groups?: number;
  /** Rows and columns added at the bottom and right. */
  outputPadding?: Pair;
  /** [OC] */
  bias?: Plain | undefined;
}

/**
 * Every x[n, ic, ih, iw] adds x * w[ic, oc, kh, kw] to y[n, first + oc, ih * SH + kh * DH - top, iw * SW + kw * DW - left], with
 * first = floor(ic / (IC / groups)) * (OC / groups). x [N, IC, IH, IW], w [IC, OC / groups, KH, KW].
 * OH is the extent that these places span, less the padding, plus the output padding.
 */
export function convTranspose2d(x: Plain, w: Plain, options: ConvTranspose2dOptions = {}): Reference {
  const [N, IC, IH, IW] = four(x);
  const [WIC, GOC, KH, KW] = four(w);
  const { groups = 1, bias } = options;
  const [SH, SW] = pair(options.strides);
  const [DH, DW] = pair(options.dilations);
  const [extraH, extraW] = pair(options.outputPadding, 0);
  const [top, left, bottom, right] = sides(options.padding);
  if (WIC !== IC || IC % groups !== 0) throw new Error("convTranspose2d: groups do not divide the channels");
  const OC = GOC * groups;
  const OH = (IH - 1) * SH + (KH - 1) * DH + 1 - top - bottom + extraH;
  const OW = (IW - 1) * SW + (KW - 1) * DW + 1 - left - right + extraW;
  const perAxis = (K: number, S: number, D: number, I: number): number => {
    const meeting = new Map<number, number>();
    let most = 0;
    for (let i = 0; i < I; i++) {
      for (let k = 0; k < K; k++) {
        const o = i * S + k * D;
        meeting.set(o, (meeting.get(o) ?? 0) + 1);
        most = Math.max(most, meeting.get(o)!);
      }
    }
    return most;
  };
  const y = blank([N, OC, OH, OW], (IC / groups) * perAxis(KH, SH, DH, IH) * perAxis(KW, SW, DW, IW));
  const xs = numbers(x.data);
  const ws = numbers(w.data);
  for (let n = 0; n < N; n++) {
    for (let oc = 0; oc < OC; oc++) {
      const start = bias ? bias.data[oc] : 0;
      const plane = (n * OC + oc) * OH * OW;
      y.data.fill(start, plane, plane + OH * OW);
      y.magnitude.fill(Math.abs(start), plane, plane + OH * OW);
    }
    for (let ic = 0; ic < IC; ic++) {
      const first = Math.floor(ic / (IC / groups)) * GOC;
      for (let ih = 0; ih < IH; ih++) {
        for (let iw = 0; iw < IW; iw++) {
          const value = xs[((n * IC + ic) * IH + ih) * IW + iw];
          for (let oc = 0; oc < GOC; oc++) {
            for (let kh = 0; kh < KH; kh++) {
              const oh = ih * SH + kh * DH - top;
              if (oh < 0 || oh >= OH) continue;
              for (let kw = 0; kw < KW; kw++) {
                const ow = iw * SW + kw * DW - left;
                if (ow < 0 || ow >= OW) continue;
                const product = value * ws[((ic * GOC + oc) * KH + kh) * KW + kw];
                const out = ((n * OC + first + oc) * OH + oh) * OW + ow;
                y.data[out] += product;
                y.magnitude[out] += Math.abs(product);
              }
            }
          }
        }
      }
    }
  }
  return y;
}

/**
 * y[n, (c * KH + kh) * KW + kw, oh * OW + ow] = x[n, c, oh * SH + kh * DH - top, ow * SW + kw * DW - left], 0 outside.
 * x [N, C, IH, IW], y [N, C * KH * KW, OH * OW].
 */
export function im2col(x: Plain, window: Pair, options: WindowOptions = {}): Reference {
  const [N, C, IH, IW] = four(x);
  const [KH, KW] = pair(window);
  const [SH, SW] = pair(options.strides);
  const [DH, DW] = pair(options.dilations);
  const [top, left, bottom, right] = sides(options.padding);
  const OH = windowCount(IH, KH, SH, DH, top, bottom);
  const OW = windowCount(IW, KW, SW, DW, left, right);
  const y = blank([N, C * KH * KW, OH * OW], 0);
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      for (let kh = 0; kh < KH; kh++) {
        for (let kw = 0; kw < KW; kw++) {
          for (let oh = 0; oh < OH; oh++) {
            for (let ow = 0; ow < OW; ow++) {
              const ih = oh * SH + kh * DH - top;
              const iw = ow * SW + kw * DW - left;
              if (ih < 0 || ih >= IH || iw < 0 || iw >= IW) continue;
              const row = (c * KH + kh) * KW + kw;
              const out = ((n * C * KH * KW + row) * OH + oh) * OW + ow;
              y.data[out] = x.data[((n * C + c) * IH + ih) * IW + iw];
              y.magnitude[out] = Math.abs(y.data[out]);
            }
          }
        }
      }
    }
  }
  return y;
}

/**
 * The sum into an image of what `im2col` took from it: x [N, C * KH * KW, L] gives y [N, C, H, W] for `size` [H, W], where L is
 * the number of windows that fit.
 */
export function col2im(x: Plain, size: Pair, window: Pair, options: WindowOptions = {}): Reference {
  const [N, rows, L] = x.shape;
  const [H, W] = pair(size);
  const [KH, KW] = pair(window);
  const [SH, SW] = pair(options.strides);
  const [DH, DW] = pair(options.dilations);
  const [top, left, bottom, right] = sides(options.padding);
  const C = rows / (KH * KW);
  const OH = windowCount(H, KH, SH, DH, top, bottom);
  const OW = windowCount(W, KW, SW, DW, left, right);
  if (OH * OW !== L) throw new Error(`col2im: ${OH} x ${OW} windows fit, got ${L} columns`);
  const y = blank([N, C, H, W], KH * KW);
  for (let n = 0; n < N; n++) {
    for (let row = 0; row < rows; row++) {
      const c = Math.floor(row / (KH * KW));
      const kh = Math.floor(row / KW) % KH;
      const kw = row % KW;
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++) {
          const h = oh * SH + kh * DH - top;
          const w = ow * SW + kw * DW - left;
          if (h < 0 || h >= H || w < 0 || w >= W) continue;
          const value = x.data[((n * rows + row) * OH + oh) * OW + ow];
          const out = ((n * C + c) * H + h) * W + w;
          y.data[out] += value;
          y.magnitude[out] += Math.abs(value);
        }
      }
    }
  }
  return y;
}
