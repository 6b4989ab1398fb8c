import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Workspace } from "../../workspace.ts";
import type { Parameter } from "../parameter.ts";

/** What a unit computed for a batch, and the way back. */
export interface Forward {
  readonly y: Tensor;
  /**
   * From the gradient of the loss by y to that by x; gives parameters theirs. Called once. undefined where x is the batch itself, whose
   * gradient nobody wants.
   */
  backward(dy: Tensor): Tensor | undefined;
}

/** Values as a tensor of the scope around. */
export function tensorFrom(w: Workspace, values: Float32Array, shape: Shape): Tensor {
  const made = w.create("train", shape);
  w.view(made).set(values as never);
  return made;
}

/** One batch's way through a network and back, on tensors of a scope around it. */
export class Pass {
  readonly w: Workspace;
  /** The batch [N, ...]; undefined where its gradient is wanted too. */
  readonly batch: Tensor | undefined;
  /** What dropout draws from. */
  readonly random: () => number;
  readonly gradients = new Map<Parameter, Float32Array>();

  constructor(w: Workspace, random: () => number, batch?: Tensor) {
    this.w = w;
    this.random = random;
    this.batch = batch;
  }

  /** The values of a parameter as a tensor. */
  tensor({ shape, values }: Parameter): Tensor {
    return this.from(values, shape);
  }

  /** Values as a tensor. */
  from(values: Float32Array, shape: Shape): Tensor {
    return tensorFrom(this.w, values, shape);
  }

  /** Keeps the gradient of the loss by a parameter, a tensor of as many elements. */
  keep(parameter: Parameter, gradient: Tensor): void {
    this.gradients.set(parameter, gradient.data as Float32Array);
  }
}
