// What networks beyond plain chains of convolutions need, in one module that is loaded for them: see needs.ts.

import { BATCH_NORMALISATION } from "./operators/batch-normalisation.ts";
import { CASTS } from "./operators/cast.ts";
import { CONVOLUTION } from "./operators/convolution.ts";
import { GATHER } from "./operators/gather.ts";
import { MORE_ARITHMETIC } from "./operators/more-arithmetic.ts";
import { MORE_ELEMENTWISE } from "./operators/more-elementwise.ts";
import { MORE_MATRIX } from "./operators/more-matrix.ts";
import { MORE_POOLING } from "./operators/more-pooling.ts";
import { MORE_SHAPES } from "./operators/more-shapes.ts";
import { MOVEMENT } from "./operators/movement.ts";
import { withSequences } from "./operators/one-dimensional.ts";
import { PADDING } from "./operators/pad.ts";
import { REDUCTION } from "./operators/reduction.ts";
import { RESIZE } from "./operators/resize.ts";

/** Operators, some of which take the place of those of the core: they have further forms. */
export const OPERATORS = {
  ...BATCH_NORMALISATION,
  ...CASTS,
  Conv: withSequences(CONVOLUTION.Conv, [0, 1]),
  ...GATHER,
  ...MORE_ARITHMETIC,
  ...MORE_ELEMENTWISE,
  ...MORE_MATRIX,
  ...MORE_POOLING,
  ...MORE_SHAPES,
  ...MOVEMENT,
  ...PADDING,
  ...REDUCTION,
  ...RESIZE,
};

export { HALF_VALUES } from "./half-values.ts";
export { RARE } from "./operators/rare.ts";
export { PASSES, QUANTIZE_PASSES } from "./passes/all.ts";
export { MAY_BE_IDLE } from "./passes/more-identity.ts";
export { FurtherLayout } from "./passes/more-layout.ts";
