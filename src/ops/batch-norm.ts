import type { Shape } from "../shape.ts";
import { prepareBinary } from "./binary.ts";
import { Chain } from "./chain.ts";
import { unaryEpilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { prepareUnary } from "./unary.ts";

/**
 * Makes y = (x - mean) / sqrt(variance + epsilon) * scale + bias ready for given statistics: inputs [x, scale, bias, mean, variance],
 * the last four of shape `channels`, which broadcasts to `shape`.
 */
export function prepareBatchNorm(shape: Shape, channels: Shape, epsilon: number): Prepared {
  const chain = new Chain();
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => chain.input(i, channels));
  const y = chain.output(0, shape);
  const gain = chain.held(channels);
  chain.run(prepareUnary(channels, unaryEpilogue("linear", 1, epsilon)), [variance], gain);
  chain.run(prepareUnary(channels, unaryEpilogue("sqrt")), [gain], gain);
  chain.run(prepareBinary("div", channels, channels, channels), [scale, gain], gain);
  chain.run(prepareBinary("sub", shape, channels, shape), [chain.input(0, shape), mean], y);
  chain.run(prepareBinary("mul", shape, channels, shape), [y, gain], y);
  chain.run(prepareBinary("add", shape, channels, shape), [y, bias], y);
  return chain.finish("normalise", [shape]);
}
