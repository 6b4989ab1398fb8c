import { mul, sub } from "../../ops/elementwise.ts";
import { gemm } from "../../ops/gemm.ts";
import { reshape } from "../../ops/movement.ts";
import { reduceSum } from "../../ops/reduction.ts";
import { softmax } from "../../ops/softmax.ts";
import type { Tensor } from "../../tensor.ts";
import type { Dense } from "../layer.ts";
import type { Forward, Pass } from "./pass.ts";

/** y [N, outputs] = x * weight transposed + bias. */
export function forwardDense(pass: Pass, { weight, bias }: Dense, x: Tensor): Forward {
  const { w } = pass;
  const matrix = pass.tensor(weight);
  return {
    y: gemm(w, x, matrix, { bTranspose: true, c: bias && pass.tensor(bias) }),
    backward(dy) {
      if (bias) pass.keep(bias, reduceSum(w, dy, { axes: [0] }));
      pass.keep(weight, gemm(w, dy, x, { aTranspose: true }));
      return x === pass.batch ? undefined : gemm(w, dy, matrix);
    },
  };
}

export function forwardFlatten({ w }: Pass, x: Tensor): Forward {
  const y = reshape(w, x, [x.shape[0], -1]);
  return { y, backward: (dy) => reshape(w, dy, x.shape) };
}

/** dx = y * (dy - sum of y * dy), the sum over axis 1. */
export function forwardSoftmax({ w }: Pass, x: Tensor): Forward {
  const y = softmax(w, x, 1);
  return {
    y,
    backward: (dy) => mul(w, y, sub(w, dy, reduceSum(w, mul(w, y, dy), { axes: [1], keepDimensions: true }))),
  };
}
