import { add } from "../../ops/elementwise.ts";
import { concat, split } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor.ts";
import type { Workspace } from "../../workspace.ts";
import type { Parallel, Residual, Sequence, Unit } from "../layer.ts";
import { forwardActivation } from "./activation.ts";
import { forwardConvolution } from "./convolution.ts";
import { forwardDense, forwardFlatten, forwardSoftmax } from "./dense.ts";
import { forwardBatchNorm, forwardDropout } from "./normalise.ts";
import type { Forward, Pass } from "./pass.ts";
import { forwardAveragePool, forwardGlobalAveragePool, forwardMaxPool } from "./pool.ts";

/** What a unit makes of x [N, ...] in training, and the way back. */
export function forward(pass: Pass, unit: Unit, x: Tensor): Forward {
  const body = forwardBody(pass, unit, x);
  if (!unit.activation) return body;
  const { y, backward } = forwardActivation(pass.w, unit.activation, body.y);
  return { y, backward: (dy) => body.backward(backward(dy) as Tensor) };
}

function forwardBody(pass: Pass, unit: Unit, x: Tensor): Forward {
  switch (unit.kind) {
    case "conv2d":
    case "depthwiseConv2d":
      return forwardConvolution(pass, unit, x);
    case "dense":
      return forwardDense(pass, unit, x);
    case "maxPool2d":
      return forwardMaxPool(pass, unit, x);
    case "averagePool2d":
      return forwardAveragePool(pass, unit, x);
    case "globalAveragePool":
      return forwardGlobalAveragePool(pass, x);
    case "batchNorm":
      return forwardBatchNorm(pass, unit, x);
    case "dropout":
      return forwardDropout(pass, unit, x);
    case "flatten":
      return forwardFlatten(pass, x);
    case "softmax":
      return forwardSoftmax(pass, x);
    case "activation":
      return { y: x, backward: (dy) => dy };
    case "sequence":
      return forwardSequence(pass, unit, x);
    case "residual":
      return forwardResidual(pass, unit, x);
    case "parallel":
      return forwardParallel(pass, unit, x);
  }
}

/** On the way back, what only one unit needs is released behind it. */
function forwardSequence(pass: Pass, { units }: Sequence, x: Tensor): Forward {
  const { w } = pass;
  const steps: Forward[] = [];
  for (const unit of units) steps.push(forward(pass, unit, steps.at(-1)?.y ?? x));
  return {
    y: steps.at(-1)?.y ?? x,
    backward(given) {
      let dy = given;
      for (const step of steps.reverse()) {
        const dx = w.scope("train", () => step.backward(dy));
        if (!dx) return undefined;
        if (dy !== given && dy !== dx) dy.dispose();
        dy = dx;
      }
      return dy;
    },
  };
}

function forwardResidual(pass: Pass, unit: Residual, x: Tensor): Forward {
  const { w } = pass;
  const body = forward(pass, unit.body, x);
  const around: Forward = unit.shortcut ? forward(pass, unit.shortcut, x) : { y: x, backward: (dy) => dy };
  return {
    y: add(w, body.y, around.y),
    backward: (dy) => sum(w, [body.backward(dy), around.backward(dy)]),
  };
}

function forwardParallel(pass: Pass, { branches }: Parallel, x: Tensor): Forward {
  const { w } = pass;
  const parts = branches.map((branch) => forward(pass, branch, x));
  const sizes = branches.map(({ outputShape }) => outputShape[0]);
  const y = concat(
    w,
    parts.map((part) => part.y),
    1,
  );
  return {
    y,
    backward: (dy) => {
      const pieces = split(w, dy, sizes, { axis: 1 });
      return sum(
        w,
        parts.map((part, i) => part.backward(pieces[i])),
      );
    },
  };
}

/** The sum of gradients of one value; undefined if any is, as then nobody wants them. */
function sum(w: Workspace, gradients: readonly (Tensor | undefined)[]): Tensor | undefined {
  const all = gradients.filter((each) => each !== undefined);
  return all.length < gradients.length ? undefined : all.reduce((a, b) => add(w, a, b));
}
