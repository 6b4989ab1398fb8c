import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, isShape, type Shape } from "../shape.ts";
import type { FilterLayout } from "./conv2d.ts";

/** A filter in JavaScript memory: a `Tensor` is one too. */
export interface FilterValues {
  readonly data: ArrayLike<number | bigint>;
  readonly shape: Shape;
}

/** What a trained batch norm does to a channel: y = scale * (x - mean) / sqrt(variance + epsilon) + offset. All are [OC]. */
export interface BatchNormStatistics {
  /** The means. */
  readonly mean: ArrayLike<number>;
  /** The variances. */
  readonly variance: ArrayLike<number>;
  /** Default 1 for all. */
  readonly scale?: ArrayLike<number> | undefined;
  /** Default 0 for all. */
  readonly offset?: ArrayLike<number> | undefined;
  /** Default 1e-5 (PyTorch, ONNX; Keras has 1e-3). */
  readonly epsilon?: number;
}

export interface FoldedFilter {
  readonly filter: { readonly data: Float32Array; readonly shape: Shape };
  readonly bias: Float32Array;
}

/**
 * The filter and bias of the convolution that does what a convolution with a batch norm behind it does. Computed in float64, rounded
 * once.
 *
 * @param filter [OC, IC / groups, KH, KW], or as `filterLayout` says; of any rank where "o" is the first or last axis of the layout
 * @param bias [OC], or undefined
 * @throws ShapeError if there are not OC statistics, ArgumentError if a variance is not positive with its epsilon
 */
export function foldBatchNorm(
  filter: FilterValues,
  bias: ArrayLike<number> | undefined,
  statistics: BatchNormStatistics,
  filterLayout: FilterLayout = "oihw",
): FoldedFilter {
  const where = "foldBatchNorm";
  const { data, shape } = filter;
  const first = filterLayout.startsWith("o");
  if (!first && !filterLayout.endsWith("o")) {
    throw new ArgumentError(expected(where, "filterLayout", "oihw, hwio, ohwi, ihwo", filterLayout));
  }
  if (!isShape(shape) || shape.length === 0 || elementCount(shape) !== data.length) {
    throw new ShapeError(expected(where, "filter", `a shape of ${data.length} elements`, shape));
  }
  const OC = first ? shape[0] : shape[shape.length - 1];
  const { mean, variance, scale, offset, epsilon = 1e-5 } = statistics;
  for (const [what, values] of Object.entries({ bias, mean, variance, scale, offset })) {
    const optional = what !== "mean" && what !== "variance";
    if ((values === undefined && optional) || values?.length === OC) continue;
    throw new ShapeError(expected(where, what, `${OC} values for filter ${formatShape(shape)}`, values?.length));
  }
  const factors = Float64Array.from({ length: OC }, (_, oc) => {
    const square = variance[oc] + epsilon;
    if (!(square > 0)) throw new ArgumentError(expected(where, `variance[${oc}]`, `above -${epsilon}`, variance[oc]));
    return (scale ? scale[oc] : 1) / Math.sqrt(square);
  });
  const each = elementCount(shape) / OC;
  const channelOf = (i: number) => (first ? Math.floor(i / each) : i % OC);
  return {
    filter: { shape: [...shape], data: Float32Array.from(data, (value, i) => Number(value) * factors[channelOf(i)]) },
    bias: Float32Array.from(
      factors,
      (factor, oc) => ((bias ? bias[oc] : 0) - mean[oc]) * factor + (offset ? offset[oc] : 0),
    ),
  };
}
