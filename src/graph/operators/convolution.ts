import { expected, ShapeError } from "../../errors.ts";
import { type Conv2dSpec, oihwStrides, prepareConv2d, takesSteps } from "../../ops/convolve.ts";
import { formatShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";
import { imageOf, imageShape, stepsOf, windowOf } from "./image.ts";

/** x [N, IC, IH, IW] (or channels last), w [OC, IC / group, KH, KW], b [OC]; a fused residual is input 3. */
const Conv: Operator = {
  infer(node) {
    const { x, N, OC, window } = convolution(node);
    return [{ type: x.type, shape: imageShape(node, N, OC, window.OH, window.OW) }];
  },
  takesSteps: (node) => takesSteps(specOf(node)),
  lower(node) {
    if (node.input(0).type !== "float32") return undefined;
    const spec = specOf(node);
    // Depthwise kernels write y before they read the residual.
    const inPlace = spec.residual && takesSteps(spec) ? [1] : [];
    return {
      prepared: prepareConv2d(spec),
      inputs: spec.residual ? [0, 3] : [0],
      inPlace,
      weights: [1, node.has(2) ? 2 : -1],
    };
  },
};

function specOf(node: NodeView): Conv2dSpec {
  const { N, IC, OC, groups, window } = convolution(node);
  return {
    N,
    IC,
    OC,
    groups,
    window,
    filter: oihwStrides(IC / groups, window.KH * window.KW),
    epilogue: fusedEpilogue(node),
    residual: node.has(3),
    numerics: node.numerics,
    steps: stepsOf(node),
  };
}

function convolution(node: NodeView) {
  const x = node.input(0);
  const w = node.input(1);
  const { N, C: IC, H, W } = imageOf(node, 0);
  const groups = node.number("group", 1);
  if (w.shape.length !== 4 || w.shape[1] * groups !== IC || w.shape[0] % groups !== 0) {
    const wanted = `shape [a multiple of ${groups}, ${IC / groups}, kh, kw] for ${IC} channels in ${groups} groups`;
    throw new ShapeError(expected(node.where, "filter", wanted, formatShape(w.shape)));
  }
  const [OC, , KH, KW] = w.shape;
  const bias = node.optionalInput(2);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== OC)) {
    throw new ShapeError(expected(node.where, "bias", `shape [${OC}]`, formatShape(bias.shape)));
  }
  return { x, N, IC, OC, groups, window: windowOf(node, [H, W], [KH, KW]) };
}

export const CONVOLUTION = { Conv };
