import { QUANTIZE } from "./quantize.ts";
import { QUANTIZED_CONVOLUTION } from "./quantized-convolution.ts";
import { QUANTIZED_MATRIX } from "./quantized-matrix.ts";

/** What quantised networks are made of: they become each other in passes, and are loaded together. */
export const QUANTIZED = { ...QUANTIZE, ...QUANTIZED_CONVOLUTION, ...QUANTIZED_MATRIX };
