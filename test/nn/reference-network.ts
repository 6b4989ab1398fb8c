// The oracle of networks: what a network computes, in float64, from the definitions in test/reference.

import type { ActivationUse } from "../../src/nn/activation.ts";
import type { Unit } from "../../src/nn/layer.ts";
import type { Parameter } from "../../src/nn/parameter.ts";
import {
  averagePool2d,
  batchNorm,
  concat,
  conv2d,
  gemm,
  globalAveragePool,
  map,
  maxPool2d,
  type Plain,
  plain,
  scalar,
  softmax,
  sum,
} from "../reference.ts";

/** Values of a parameter, which may differ from those it has. */
export type ValuesOf = (parameter: Parameter) => ArrayLike<number>;

/** What a unit makes of x [N, ...]; in training batch normalisation takes the statistics of x, and dropout must not occur. */
export function evaluate(unit: Unit, x: Plain, values: ValuesOf, training: boolean): Plain {
  const y = body(unit, x, values, training);
  return unit.activation ? map(y, functionOf(unit.activation)) : y;
}

function body(unit: Unit, x: Plain, values: ValuesOf, training: boolean): Plain {
  const tensor = (parameter: Parameter) => plain(parameter.shape, values(parameter));
  switch (unit.kind) {
    case "conv2d":
    case "depthwiseConv2d": {
      const { window: v, groups } = unit;
      const bias = unit.bias && tensor(unit.bias);
      const options = { strides: [v.SH, v.SW], dilations: [v.DH, v.DW], padding: [v.PT, v.PL, v.PB, v.PR] };
      return conv2d(x, tensor(unit.weight), { ...options, groups, bias });
    }
    case "dense":
      return gemm(x, tensor(unit.weight), { transB: true, c: unit.bias && tensor(unit.bias) });
    case "maxPool2d":
    case "averagePool2d": {
      const { window: v, countPadding } = unit;
      const hangs = (v.OH - 1) * v.SH + v.DH * (v.KH - 1) + 1 > v.IH + v.PT + v.PB;
      const ceilMode = hangs || (v.OW - 1) * v.SW + v.DW * (v.KW - 1) + 1 > v.IW + v.PL + v.PR;
      const options = {
        ...{ window: [v.KH, v.KW], strides: [v.SH, v.SW], dilations: [v.DH, v.DW] },
        ...{ padding: [v.PT, v.PL, v.PB, v.PR], ceilMode },
      };
      if (unit.kind === "maxPool2d") return maxPool2d(x, options);
      return averagePool2d(x, { ...options, countIncludePad: countPadding });
    }
    case "globalAveragePool":
      return globalAveragePool(x);
    case "batchNorm": {
      const own = training ? statistics(x) : { mean: tensor(unit.mean), variance: tensor(unit.variance) };
      return batchNorm(x, tensor(unit.scale), tensor(unit.bias), own.mean, own.variance, unit.epsilon);
    }
    case "softmax":
      return softmax(x, 1);
    case "flatten":
      return plain([x.shape[0], x.data.length / x.shape[0]], x.data);
    case "sequence":
      return unit.units.reduce((value, each) => evaluate(each, value, values, training), x);
    case "residual": {
      const around = unit.shortcut ? evaluate(unit.shortcut, x, values, training) : x;
      return sum([evaluate(unit.body, x, values, training), around]);
    }
    case "parallel":
      return concat(
        unit.branches.map((branch) => evaluate(branch, x, values, training)),
        1,
      );
    case "activation":
      return x;
    case "dropout":
      if (training) throw new Error("dropout is not to be evaluated in training");
      return x;
  }
}

/** Mean and biased variance of each channel of x [N, C, ...]. */
export function statistics(x: Plain): { mean: Plain; variance: Plain } {
  const [N, C] = x.shape;
  const places = x.data.length / (N * C);
  const of = (channel: number) => Array.from(x.data).filter((_, i) => Math.floor(i / places) % C === channel);
  const average = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const mean = Array.from({ length: C }, (_, c) => average(of(c)));
  const variance = mean.map((m, c) => average(of(c).map((value) => (value - m) ** 2)));
  return { mean: plain([C], mean), variance: plain([C], variance) };
}

function functionOf({ name, alpha, beta }: ActivationUse): (x: number) => number {
  switch (name) {
    case "relu6":
      return (x) => scalar.clamp(x, 0, 6);
    case "leakyRelu":
      return (x) => scalar.leakyRelu(x, alpha);
    case "elu":
      return (x) => scalar.elu(x, alpha);
    case "hardSigmoid":
      return (x) => scalar.hardSigmoid(x, alpha, beta);
    default:
      return scalar[name];
  }
}
