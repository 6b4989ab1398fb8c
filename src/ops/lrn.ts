import { elementCount, type Shape } from "../shape.ts";
import { Chain } from "./chain.ts";
import type { Prepared } from "./prepared.ts";
import { prepareTranspose } from "./transpose.ts";

/** Parameters of y = x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta. */
export interface LrnSpec {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/** Makes a local response normalisation ready: input [x] of `pixels` places with C channels behind each other. */
export function prepareLrn(shape: Shape, C: number, { size, alpha, beta, bias }: LrnSpec): Prepared {
  const pixels = C === 0 ? 0 : elementCount(shape) / C;
  return {
    algorithm: `normalise ${size} channels`,
    outputShapes: [shape],
    macs: 0,
    scratchBytes: (Math.ceil(C / 4) * 4 + size - 1) * 4,
    run(k, { inputs, outputs, scratch }) {
      if (pixels > 0) k.lrn(inputs[0], pixels, C, C * 4, outputs[0], C * 4, size, alpha, beta, bias, scratch);
    },
  };
}

/** The same for x [N, C, ...]: by way of channels last. */
export function prepareLrnChannelsFirst([N, C, ...places]: Shape, spec: LrnSpec): Prepared {
  const first = [N, C, elementCount(places)];
  const last = [N, first[2], C];
  const chain = new Chain();
  const moved = chain.run(prepareTranspose(first, [0, 2, 1]), [chain.input(0, first)], chain.held(last));
  chain.run(prepareLrn(last, C, spec), [moved], moved);
  chain.run(prepareTranspose(last, [0, 2, 1]), [moved], chain.output(0, first));
  return chain.finish(`normalise ${spec.size} channels`, [[N, C, ...places]]);
}
