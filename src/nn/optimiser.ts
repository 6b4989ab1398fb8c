// How training moves parameters. Sums, products, quotients and square roots of float64 alone, which are the same in every engine.

import { checkOptions } from "../ops/call.ts";
import { numberWithin, truth } from "./checks.ts";

/** Moves the values of one parameter by the gradient of one batch; `factor` scales the rate. */
export type Move = (values: Float32Array, gradient: Float32Array, factor: number) => void;

/** A way to move parameters. */
export interface Optimiser {
  /** Begins with a parameter of `size` values; weights decay, biases and the like do not. */
  begin(size: number, isWeight: boolean): Move;
}

export interface SgdOptions {
  /** Default 0.01. */
  readonly rate?: number | undefined;
  /** Share of the last step that goes on. Default 0. */
  readonly momentum?: number | undefined;
  /** Whether the gradient counts as if the step had gone on already. Default false. */
  readonly nesterov?: boolean | undefined;
  /** This share of each weight is added to its gradient. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Steepest descent: v = momentum * v + gradient, value -= rate * v.
 *
 * @throws ArgumentError for bad options
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export function sgd(options: SgdOptions = {}): Optimiser {
  const where = "sgd";
  checkOptions(where, options, ["rate", "momentum", "nesterov", "weightDecay"]);
  const rate = numberWithin(where, "rate", options.rate ?? 0.01, 0, Infinity);
  const momentum = numberWithin(where, "momentum", options.momentum ?? 0, 0, 1);
  const nesterov = truth(where, "nesterov", options.nesterov ?? false);
  const weightDecay = numberWithin(where, "weightDecay", options.weightDecay ?? 0, 0, Infinity);
  return {
    begin(size, isWeight) {
      const steps = new Float32Array(size);
      const decay = isWeight ? weightDecay : 0;
      return (values, gradient, factor) => {
        for (let i = 0; i < size; i++) {
          const g = gradient[i] + decay * values[i];
          steps[i] = momentum * steps[i] + g;
          values[i] -= rate * factor * (nesterov ? g + momentum * steps[i] : steps[i]);
        }
      };
    },
  };
}

export interface AdamOptions {
  /** Default 0.001. */
  readonly rate?: number | undefined;
  /** How much of the mean of gradients is kept from step to step. Default 0.9. */
  readonly beta1?: number | undefined;
  /** How much of the mean of their squares is kept. Default 0.999. */
  readonly beta2?: number | undefined;
  /** Added to the root of the latter. Default 1e-8. */
  readonly epsilon?: number | undefined;
  /** This share of each weight, times the rate, is taken off at each step (AdamW). Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Adam: steps along the mean of gradients, divided by the root of the mean of their squares.
 *
 * @throws ArgumentError for bad options
 * @see https://arxiv.org/abs/1412.6980
 * @see https://arxiv.org/abs/1711.05101 (weight decay)
 */
export function adam(options: AdamOptions = {}): Optimiser {
  const where = "adam";
  checkOptions(where, options, ["rate", "beta1", "beta2", "epsilon", "weightDecay"]);
  const rate = numberWithin(where, "rate", options.rate ?? 0.001, 0, Infinity);
  const beta1 = numberWithin(where, "beta1", options.beta1 ?? 0.9, 0, 1);
  const beta2 = numberWithin(where, "beta2", options.beta2 ?? 0.999, 0, 1);
  const epsilon = numberWithin(where, "epsilon", options.epsilon ?? 1e-8, 0, Infinity);
  const weightDecay = numberWithin(where, "weightDecay", options.weightDecay ?? 0, 0, Infinity);
  return {
    begin(size, isWeight) {
      const means = new Float32Array(size);
      const squares = new Float32Array(size);
      const decay = isWeight ? weightDecay : 0;
      // What is left of the zeros that the means began with.
      let [left1, left2] = [1, 1];
      return (values, gradient, factor) => {
        left1 *= beta1;
        left2 *= beta2;
        const step = rate * factor;
        for (let i = 0; i < size; i++) {
          const g = gradient[i];
          means[i] = beta1 * means[i] + (1 - beta1) * g;
          squares[i] = beta2 * squares[i] + (1 - beta2) * g * g;
          const slope = means[i] / (1 - left1) / (Math.sqrt(squares[i] / (1 - left2)) + epsilon);
          values[i] -= step * (slope + decay * values[i]);
        }
      };
    },
  };
}
