import type { Shape } from "../shape.ts";
import { type BinaryName, prepareBinary } from "./binary.ts";
import { Chain } from "./chain.ts";
import type { Prepared } from "./prepared.ts";

/** Makes f(f(f(a, b), c), ...) ready for two or more float32 operands that broadcast to `shape`; `mean` divides by their number. */
export function prepareVariadic(name: BinaryName, operands: readonly Shape[], shape: Shape, mean = false): Prepared {
  const chain = new Chain();
  const y = chain.output(0, shape);
  const inputs = operands.map((operand, i) => chain.input(i, operand));
  chain.run(prepareBinary(name, operands[0], operands[1], shape), inputs.slice(0, 2), y);
  for (let i = 2; i < inputs.length; i++) chain.run(prepareBinary(name, shape, operands[i], shape), [y, inputs[i]], y);
  if (mean) chain.run(prepareBinary("div", shape, [], shape), [y, chain.constant(operands.length)], y);
  return chain.finish("elementwise", [shape]);
}

/** Makes a clamp with bounds that are computed ready: inputs [x, min?, max?], the bounds scalars. Where min > max, it is max. */
export function prepareClamp(shape: Shape, hasMin: boolean, hasMax: boolean): Prepared {
  const chain = new Chain();
  const y = chain.output(0, shape);
  let x = chain.input(0, shape);
  if (hasMin) x = chain.run(prepareBinary("max", shape, [], shape), [x, chain.input(1, [])], y);
  if (hasMax) chain.run(prepareBinary("min", shape, [], shape), [x, chain.input(hasMin ? 2 : 1, [])], y);
  return chain.finish("elementwise", [shape]);
}
