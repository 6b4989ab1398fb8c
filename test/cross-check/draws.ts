// What random configurations of operators are made of.

import type { Engine } from "../../src/engine.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { Reference } from "../reference.ts";
import type { Random } from "../support/random.ts";
import type { Attribute, Input } from "./onnx.ts";

/** One configuration of an operator. */
export interface Draw {
  readonly inputs: readonly Input[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** What each output must be. */
  readonly want: readonly Reference[];
  /** Roundings beyond the terms of the oracle. */
  readonly extra?: number;
  /** What onnxruntime adds to and takes away from each element on its way. Default 0. */
  readonly theirs?: number;
  /** Names of the inputs where some are left out: "" for those. Default: x0, x1, ... */
  readonly names?: readonly string[];
  /** Types of the outputs. Default: one of floats. */
  readonly outputs?: readonly ("float32" | "int64" | "bool")[];
  /** The same by the engine; undefined where it has no such operator. */
  readonly run?: (engine: Engine, x: readonly Tensor[]) => Tensor | readonly Tensor[];
}

export type Drawing = (random: Random) => Draw;

/** A shape of `least` to `most` axes. */
export function shapeOf(random: Random, least: number, most: number, extent = 6): number[] {
  return Array.from({ length: random.integer(least, most) }, () => random.integer(1, extent));
}

/** Some of the axes of a rank, at least one, in ascending order. */
export function someAxes(random: Random, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => random.integer(0, 1) === 1);
  return axes.length > 0 ? axes : [random.integer(0, rank - 1)];
}

/** The axes of a rank in any order. */
export function permutationOf(random: Random, rank: number): number[] {
  return Array.from(random.permutation(rank));
}

/** An axis, counted from the front or from the end. */
export function axisOf(random: Random, rank: number): number {
  return random.integer(-rank, rank - 1);
}

/** Two shapes that broadcast: axes of extent 1 here and there, and one of them with fewer axes. */
export function pairOf(random: Random): [number[], number[]] {
  const shape = shapeOf(random, 1, 5, 5);
  const shrunk = () => {
    const own = shape.map((extent) => (random.integer(0, 3) === 0 ? 1 : extent));
    return random.integer(0, 1) === 1 ? own : own.slice(random.integer(0, own.length));
  };
  return random.integer(0, 1) === 1 ? [shape, shrunk()] : [shrunk(), shape];
}
