import { prepareConv2d } from "./convolve.ts";
import type { Epilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { prepareUnary } from "./unary.ts";

/** A product of a matrix [M, K] and a packed one, in numbers: y [M, N] = act(x * w + b). */
export interface ProductSpec {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** Whether w is stored as [N, K] rather than [K, N]. */
  readonly transposed: boolean;
  readonly epilogue: Epilogue;
}

/**
 * Makes a product ready: input [x], weights [w, b?]. It is a 1x1 convolution of an image M high and 1 wide. A product of no terms is 0
 * whatever b is.
 */
export function prepareProduct({ M, K, N, transposed, epilogue }: ProductSpec): Prepared {
  if (M * K * N === 0) return prepareZeros(M, N, epilogue);
  const window = { IH: M, IW: 1, OH: M, OW: 1, KH: 1, KW: 1, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PB: 0, PL: 0, PR: 0 };
  const filter = transposed ? { oc: K, ic: 1, tap: 0 } : { oc: 1, ic: N, tap: 0 };
  const prepared = prepareConv2d({ N: 1, IC: K, OC: N, groups: 1, window, filter, epilogue, residual: false });
  return { ...prepared, outputShapes: [[M, N]] };
}

function prepareZeros(M: number, N: number, epilogue: Epilogue): Prepared {
  const activation = prepareUnary([M, N], epilogue);
  return {
    ...activation,
    algorithm: "zeros",
    packing: { key: "nothing", bytes: 0, write: () => undefined },
    run(k, at) {
      k.fill(at.outputs[0], M * N, 0);
      activation.run(k, { ...at, inputs: at.outputs });
    },
  };
}
