import { expected, ShapeError } from "../errors.ts";
import { broadcastShapes, elementCount, formatShape, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Activation, resolveActivation } from "./activation.ts";
import { prepareBinary } from "./binary.ts";
import { call, checkOptions } from "./call.ts";
import { Chain } from "./chain.ts";
import { NO_ACTIVATION, unaryEpilogue } from "./epilogue.ts";
import { checkBoolean, checkNumber, checkTensor } from "./operands.ts";
import type { Prepared } from "./prepared.ts";
import { type ProductSpec, prepareProduct } from "./product.ts";
import { prepareTranspose } from "./transpose.ts";
import { prepareUnary } from "./unary.ts";

export interface GemmOptions {
  /** Added to the product; its shape broadcasts to [M, N]. Default: none. */
  readonly c?: Tensor | undefined;
  /** Factor of the product. Default 1. */
  readonly alpha?: number | undefined;
  /** Factor of c. Default 1. */
  readonly beta?: number | undefined;
  /** Whether a is stored as [K, M]. Default false. */
  readonly aTranspose?: boolean | undefined;
  /** Whether b is stored as [N, K]. Default false. */
  readonly bTranspose?: boolean | undefined;
  /** Applied to the result. Default: none. */
  readonly activation?: Activation | undefined;
}

/**
 * The general product of matrices: alpha * a * b + beta * c.
 *
 * @param a [M, K], or [K, M] with `aTranspose`
 * @param b [K, N], or [N, K] with `bTranspose`
 * @returns [M, N]
 * @throws ShapeError if shapes do not fit each other, ArgumentError for bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-gemm
 */
export function gemm(w: Workspace, a: Tensor, b: Tensor, options: GemmOptions = {}): Tensor {
  const where = "gemm";
  checkTensor(w, where, "a", a);
  checkTensor(w, where, "b", b);
  checkOptions(where, options, ["c", "alpha", "beta", "aTranspose", "bTranspose", "activation"]);
  const { c } = options;
  const aTranspose = checkBoolean(where, "aTranspose", options.aTranspose);
  const bTranspose = checkBoolean(where, "bTranspose", options.bTranspose);
  const alpha = checkNumber(where, "alpha", options.alpha ?? 1);
  const beta = checkNumber(where, "beta", options.beta ?? 1);
  if (a.shape.length !== 2) throw new ShapeError(expected(where, "a", "a matrix of rank 2", formatShape(a.shape)));
  if (b.shape.length !== 2) throw new ShapeError(expected(where, "b", "a matrix of rank 2", formatShape(b.shape)));
  const [M, K] = aTranspose ? [a.shape[1], a.shape[0]] : a.shape;
  const [N, depth] = bTranspose ? b.shape : [b.shape[1], b.shape[0]];
  if (depth !== K) {
    throw new ShapeError(
      expected(where, "b", bTranspose ? `shape [n, ${K}]` : `shape [${K}, n]`, formatShape(b.shape)),
    );
  }
  if (c != null) {
    checkTensor(w, where, "c", c);
    if (!sameShape(broadcastShapes(c.shape, [M, N]) ?? [-1], [M, N])) {
      throw new ShapeError(expected(where, "c", `a shape that broadcasts to [${M}, ${N}]`, formatShape(c.shape)));
    }
  }
  const epilogue = resolveActivation(where, options.activation);
  const spec = { M, K, N, transposed: bTranspose, epilogue };
  const isRow = !c || (c.shape.at(-1) === N && elementCount(c.shape) === N && K > 0);
  const plain = isRow && !aTranspose && alpha === 1 && (!c || beta === 1);
  const [x, filter] = [w.arrange(a, "dense"), w.arrange(b, "dense")];
  const added = c ? [w.arrange(c, "dense")] : [];
  const y = w.create(where, [M, N]);
  if (plain) call(w, where, prepareProduct(spec), { inputs: [x], weights: [filter, ...added], outputs: [y] });
  else {
    const prepared = prepareGeneralGemm({ ...spec, xTransposed: aTranspose, alpha, beta, c: c?.shape });
    call(w, where, prepared, { inputs: [x, ...added], weights: [filter], outputs: [y] });
  }
  return y;
}

/** A product in all generality: y [M, N] = act(alpha * x * w + beta * c). */
export interface GeneralGemmSpec extends ProductSpec {
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
  chain.run(prepareProduct({ ...spec, epilogue: last ? epilogue : NO_ACTIVATION }), [x], y);
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
