import type { Window } from "../ops/window.ts";
import type { Shape } from "../shape.ts";
import type { ActivationUse } from "./activation.ts";
import type { Initialisation, Parameter } from "./parameter.ts";

/** One layer of a network before it knows its input, as `conv2d(...)` and the like make it. It may be used in several networks. */
export interface Layer {
  /** The function that makes it. */
  readonly kind: string;
  /** What it is called in its network; without one it gets `prefix` and a number. */
  readonly name?: string | undefined;
  readonly prefix: string;
  /** Fits the layer to its input. */
  place(site: Site): Unit;
}

/** What every layer takes. */
export interface LayerOptions {
  /** Default: a short form of the kind and a number, as in "conv1". */
  readonly name?: string | undefined;
}

/** Where a layer is placed. */
export interface Site {
  readonly name: string;
  /** Opens error messages: kind and name. */
  readonly where: string;
  /** Of one example: without the batch. */
  readonly inputShape: Shape;
  /** A trainable parameter of constant value. */
  constant(name: string, shape: Shape, value: number): Parameter;
  /** A gathered statistic of constant value. */
  statistic(name: string, shape: Shape, value: number): Parameter;
  /** Seeded weights. */
  weights(name: string, shape: Shape, fans: Fans): Parameter;
  /** Fits layers within this one, each to the output of the one before. */
  within(layers: readonly Layer[]): Sequence;
}

export interface Fans {
  readonly inputs: number;
  readonly outputs: number;
  readonly initialisation: Initialisation;
}

/** What every placed layer has. Shapes are those of one example: without the batch. */
export interface Placed {
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Applied to the result. */
  readonly activation?: ActivationUse | undefined;
}

/** y = x * weight + bias over windows; weight [OC, IC / groups, KH, KW]. */
export interface Convolution extends Placed {
  readonly kind: "conv2d" | "depthwiseConv2d";
  readonly groups: number;
  readonly window: Window;
  readonly weight: Parameter;
  readonly bias?: Parameter | undefined;
}

/** y = weight * x + bias; weight [outputs, inputs]. */
export interface Dense extends Placed {
  readonly kind: "dense";
  readonly weight: Parameter;
  readonly bias?: Parameter | undefined;
}

export interface Pool extends Placed {
  readonly kind: "maxPool2d" | "averagePool2d";
  readonly window: Window;
  /** Of averages: whether places in the padding count. */
  readonly countPadding: boolean;
}

/** Statistics over the batch and all places, for each of the C channels; all parameters [C]. */
export interface BatchNorm extends Placed {
  readonly kind: "batchNorm";
  readonly scale: Parameter;
  readonly bias: Parameter;
  readonly mean: Parameter;
  readonly variance: Parameter;
  readonly epsilon: number;
  readonly momentum: number;
}

export interface Dropout extends Placed {
  readonly kind: "dropout";
  /** Share of elements that training leaves out. */
  readonly rate: number;
}

/** What needs no more than its shapes; an activation by itself is the identity with an activation. */
export interface Plain extends Placed {
  readonly kind: "activation" | "flatten" | "globalAveragePool" | "softmax";
}

export interface Sequence extends Placed {
  readonly kind: "sequence";
  readonly units: readonly Unit[];
}

/** y = body(x) + shortcut(x); without a shortcut x itself. */
export interface Residual extends Placed {
  readonly kind: "residual";
  readonly body: Sequence;
  readonly shortcut?: Sequence | undefined;
}

/** Branches of one input, concatenated along the first axis of an example. */
export interface Parallel extends Placed {
  readonly kind: "parallel";
  readonly branches: readonly Sequence[];
}

/** A layer fitted to its input. */
export type Unit = Convolution | Dense | Pool | BatchNorm | Dropout | Plain | Sequence | Residual | Parallel;

/** The units inside a unit, in the order in which they run. */
export function unitsWithin(unit: Unit): readonly Unit[] {
  switch (unit.kind) {
    case "sequence":
      return unit.units;
    case "residual":
      return unit.shortcut ? [unit.body, unit.shortcut] : [unit.body];
    case "parallel":
      return unit.branches;
    default:
      return [];
  }
}

/** The parameters of a unit itself, in the order in which ONNX takes them. */
export function parametersOf(unit: Unit): Parameter[] {
  switch (unit.kind) {
    case "conv2d":
    case "depthwiseConv2d":
    case "dense":
      return unit.bias ? [unit.weight, unit.bias] : [unit.weight];
    case "batchNorm":
      return [unit.scale, unit.bias, unit.mean, unit.variance];
    default:
      return [];
  }
}

/** Multiply-adds of a unit itself for one example, as `model.layers` counts them: convolutions and matrix products. */
export function macsOf(unit: Unit): number {
  switch (unit.kind) {
    case "conv2d":
    case "depthwiseConv2d":
      return unit.weight.size * unit.window.OH * unit.window.OW;
    case "dense":
      return unit.weight.size;
    default:
      return 0;
  }
}
