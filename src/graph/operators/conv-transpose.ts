import { expected, ShapeError } from "../../errors.ts";
import { prepareConvTranspose2d, resolveTransposedWindow, type TransposedWindow } from "../../ops/conv-transpose2d.ts";
import { formatShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";
import { imageOf, imageShape, paddingOf, pairOf, stepsOf } from "./image.ts";
import { withSequences } from "./one-dimensional.ts";

/** x [N, IC, IH, IW] (or channels last), w [IC, OC / group, KH, KW], b [OC]. */
const ConvTranspose: Operator = {
  infer(node) {
    const { x, N, OC, window } = transposed(node);
    return [{ type: x.type, shape: imageShape(node, N, OC, window.OH, window.OW) }];
  },
  takesSteps: () => true,
  lower(node) {
    const { x, N, IC, OC, groups, window } = transposed(node);
    if (x.type !== "float32") return undefined;
    const { KH, KW } = window;
    const filter = { ic: (OC / groups) * KH * KW, oc: KH * KW, kh: KW, kw: 1 };
    const epilogue = fusedEpilogue(node);
    const prepared = prepareConvTranspose2d({ N, IC, OC, groups, window, filter, epilogue, steps: stepsOf(node) });
    return { prepared, inputs: [0], weights: [1, node.has(2) ? 2 : -1] };
  },
};

function transposed(node: NodeView) {
  const x = node.input(0);
  const { shape } = node.input(1);
  const { N, C: IC, H, W } = imageOf(node, 0);
  const groups = node.number("group", 1);
  if (shape.length !== 4 || shape[0] !== IC || IC % groups !== 0) {
    const wanted = `shape [${IC}, oc, kh, kw] for ${IC} channels in ${groups} groups`;
    throw new ShapeError(expected(node.where, "filter", wanted, formatShape(shape)));
  }
  const OC = shape[1] * groups;
  return { x, N, IC, OC, groups, window: transposedWindowOf(node, [H, W], [shape[2], shape[3]]) };
}

/** An output_shape, or auto_pad, fixes the padding: half at each end, the odd place behind for SAME_UPPER, in front otherwise. */
function transposedWindowOf(node: NodeView, image: [number, number], kernel: [number, number]): TransposedWindow {
  const strides = pairOf(node, "strides") ?? [1, 1];
  const dilations = pairOf(node, "dilations") ?? [1, 1];
  const outputPadding = pairOf(node, "output_padding") ?? [0, 0];
  const autoPad = node.text("auto_pad", "NOTSET");
  const same = autoPad.startsWith("SAME");
  const declared = node.numbers("output_shape");
  const sizes = declared ? declared.slice(-2) : same ? image.map((extent, i) => extent * strides[i]) : undefined;
  if (!sizes) {
    const padding = paddingOf(node);
    return resolveTransposedWindow(node.where, image, kernel, { strides, dilations, outputPadding, padding });
  }
  const before = sizes.map((size, i) => {
    const full = strides[i] * (image[i] - 1) + outputPadding[i] + (kernel[i] - 1) * dilations[i] + 1;
    const half = (full - size) / 2;
    return autoPad === "SAME_UPPER" ? Math.floor(half) : Math.ceil(half);
  });
  const [IH, IW] = image;
  const [KH, KW] = kernel;
  const [SH, SW] = strides;
  const [DH, DW] = dilations;
  return { IH, IW, OH: sizes[0], OW: sizes[1], KH, KW, SH, SW, DH, DW, PT: before[0], PL: before[1] };
}

export const CONV_TRANSPOSE = { ConvTranspose: withSequences(ConvTranspose, [0, 1]) };
