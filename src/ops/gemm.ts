import { elementCount, type Shape } from "../shape.ts";
import { type Epilogue, NO_ACTIVATION, unaryEpilogue } from "./activation.ts";
import { prepareBinary } from "./binary.ts";
import { Chain } from "./chain.ts";
import { prepareConv2d } from "./conv2d.ts";
import type { Prepared } from "./prepared.ts";
import { prepareTranspose } from "./transpose.ts";
import { prepareUnary } from "./unary.ts";

/** A product of a matrix [M, K] and a packed one, in numbers: y [M, N] = act(x * w + b). */
export interface GemmSpec {
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
export function prepareGemm({ M, K, N, transposed, epilogue }: GemmSpec): Prepared {
  if (M * K * N === 0) return prepareZeros(M, N, epilogue);
  const window = { IH: M, IW: 1, OH: M, OW: 1, KH: 1, KW: 1, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PB: 0, PL: 0, PR: 0 };
  const filter = transposed ? { oc: K, ic: 1, tap: 0 } : { oc: 1, ic: N, tap: 0 };
  const prepared = prepareConv2d({ N: 1, IC: K, OC: N, groups: 1, window, filter, epilogue, residual: false });
  return { ...prepared, outputShapes: [[M, N]] };
}

function prepareZeros(M: number, N: number, epilogue: Epilogue): Prepared {
  const chain = new Chain();
  const y = chain.output(0, [M, N]);
  chain.do((k, at) => k.fill(y.at(at), M * N, 0));
  chain.run(prepareUnary([M, N], epilogue), [y], y);
  return { ...chain.finish("zeros", [[M, N]]), packing: { key: "nothing", bytes: 0, write: () => undefined } };
}

/** A product in all generality: y [M, N] = act(alpha * x * w + beta * c). */
export interface GeneralGemmSpec extends GemmSpec {
  /** Whether x is stored as [K, M] rather than [M, K]. */
  readonly xTransposed: boolean;
  readonly alpha: number;
  readonly beta: number;
  /** Shape of input 1, which broadcasts to [M, N]; undefined if there is none. */
  readonly c?: Shape | undefined;
}

/** Makes a product that is scaled, or whose addend is no row, ready: inputs [x, c?], weights [w]. */
export function prepareGeneralGemm(spec: GeneralGemmSpec): Prepared {
  const { M, K, N, xTransposed, alpha, beta, c, epilogue } = spec;
  const chain = new Chain();
  const shape = [M, N];
  const y = chain.output(0, shape);
  let x = chain.input(0, xTransposed ? [K, M] : [M, K]);
  if (xTransposed) x = chain.run(prepareTranspose([K, M], [1, 0]), [x], chain.held([M, K]));
  const last = alpha === 1 && !c;
  chain.run(prepareGemm({ ...spec, epilogue: last ? epilogue : NO_ACTIVATION }), [x], y);
  if (last) return chain.finish("gemm", [shape]);
  if (alpha !== 1) chain.run(prepareUnary(shape, unaryEpilogue("linear", alpha)), [y], y);
  if (c && elementCount(c) > 0) {
    let addend = chain.input(1, c);
    if (beta !== 1) addend = chain.run(prepareUnary(c, unaryEpilogue("linear", beta)), [addend], chain.held(c));
    chain.run(prepareBinary("add", shape, c, shape), [y, addend], y);
  }
  chain.run(prepareUnary(shape, epilogue), [y], y);
  return chain.finish("gemm", [shape]);
}
