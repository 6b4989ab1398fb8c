import { broadcastShapes, elementCount, type Shape } from "../shape.ts";
import { prepareBinary } from "./binary.ts";
import { Chain, type Link } from "./chain.ts";
import { unaryEpilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { prepareReduce, reducedShape } from "./reduce.ts";
import { prepareUnary } from "./unary.ts";
import { UNARY } from "./unary-codes.ts";

/** A normalisation by the statistics of x itself, in numbers. */
export interface NormaliseSpec {
  readonly shape: Shape;
  /** Axes over which mean and variance are taken. */
  readonly axes: readonly number[];
  /** Whether sums go along one axis after the other, as listed: so that channels first and last give the same bits. */
  readonly inTurn?: boolean;
  /** Whether the mean is taken away. */
  readonly centred: boolean;
  readonly epsilon: number;
  /** Whether epsilon is added to the variance, or to its root. */
  readonly epsilonTo: "variance" | "deviation";
  /** Shapes of inputs 1 and 2, which broadcast to `shape`; undefined where there is none. */
  readonly scale?: Shape | undefined;
  readonly bias?: Shape | undefined;
  /** Whether outputs 1 and 2 (where asked for) are the mean and 1 / deviation, with extent 1 along `axes`. */
  readonly statistics?: boolean;
}

/**
 * Makes y = (x - mean) / sqrt(variance + epsilon) * scale + bias ready: inputs [x, scale?, bias?]. The variance is the mean of the
 * squares of x - mean, found after the mean.
 */
export function prepareNormalise(spec: NormaliseSpec): Prepared {
  const { shape, axes, inTurn, centred, scale, bias } = spec;
  const chain = new Chain();
  const kept = reducedShape(shape, axes);
  const each = spreadShape(shape, kept);
  const spread = (link: Link) =>
    each === kept ? link : chain.run(prepareBinary("max", kept, kept, each), [link, link], chain.held(each));
  const y = chain.output(0, shape);
  let x = chain.input(0, shape);
  if (centred) {
    const mean = spec.statistics ? chain.optionalOutput(1, kept) : chain.held(kept);
    chain.run(prepareReduce("mean", shape, axes, inTurn), [x], mean);
    x = chain.run(prepareBinary("sub", shape, each, shape), [x, spread(mean)], y);
  }
  const deviation = deviationOf(chain, x, spec, kept);
  if (spec.statistics) {
    const inverse = chain.optionalOutput(2, kept);
    chain.run(prepareUnary(kept, unaryEpilogue("reciprocal")), [deviation], inverse);
  }
  // A scale that does not change along `axes` goes into the few factors, not over all of x.
  const few = scale && broadcastShapes(scale, each);
  if (scale && few && elementCount(few) * 2 <= elementCount(shape)) {
    const gain = chain.held(few);
    chain.run(prepareBinary("div", scale, each, few), [chain.input(1, scale), spread(deviation)], gain);
    chain.run(prepareBinary("mul", shape, few, shape), [x, gain], y);
  } else {
    chain.run(prepareBinary("div", shape, each, shape), [x, spread(deviation)], y);
    if (scale) chain.run(prepareBinary("mul", shape, scale, shape), [y, chain.input(1, scale)], y);
  }
  if (bias) chain.run(prepareBinary("add", shape, bias, shape), [y, chain.input(scale ? 2 : 1, bias)], y);
  return chain.finish("normalise", spec.statistics ? [shape, kept, kept] : [shape]);
}

/**
 * Statistics of groups of neighbouring channels are repeated for each channel, where that makes them much fewer than x still: kernels
 * broadcast long rows faster than short ones.
 */
function spreadShape(shape: Shape, kept: Shape): Shape {
  let end = shape.length;
  while (end > 0 && kept[end - 1] !== shape[end - 1]) end--;
  const each = [...kept.slice(0, end), ...shape.slice(end)];
  return elementCount(each) * 4 <= elementCount(shape) ? each : kept;
}

/** sqrt(mean of x^2 + epsilon), or sqrt(mean of x^2) + epsilon. */
function deviationOf(
  chain: Chain,
  x: Link,
  { shape, axes, inTurn, epsilon, epsilonTo }: NormaliseSpec,
  kept: Shape,
): Link {
  const d = chain.held(kept);
  const count = elementCount(shape) / elementCount(kept);
  chain.run(prepareReduce("sumSquare", shape, axes, inTurn), [x], d);
  const plus = (factor: number, term: number) =>
    chain.run(prepareUnary(kept, unaryEpilogue("linear", factor, term)), [d], d);
  plus(1 / count, epsilonTo === "variance" ? epsilon : 0);
  chain.run(prepareUnary(kept, unaryEpilogue("sqrt")), [d], d);
  return epsilonTo === "deviation" ? plus(1, epsilon) : d;
}

/** Makes x / (norm of x along one axis) ready: input [x]; where the norm is 0, so is the result. */
export function prepareLpNorm(shape: Shape, axis: number, p: 1 | 2): Prepared {
  const chain = new Chain();
  const kept = reducedShape(shape, [axis]);
  const x = chain.input(0, shape);
  const norm = chain.run(prepareReduce(p === 1 ? "l1" : "l2", shape, [axis]), [x], chain.held(kept));
  // No norm lies between 0 and the least float, which keeps 0 / 0 away.
  chain.do((k, at) => k.unary(UNARY.clamp, norm.at(at), norm.at(at), elementCount(kept), 2 ** -149, Infinity));
  chain.run(prepareBinary("div", shape, kept, shape), [x, norm], chain.output(0, shape));
  return chain.finish("normalise", [shape]);
}
