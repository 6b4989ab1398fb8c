// What the functions that make layers check.

import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { formatShape, type Shape } from "../shape.ts";
import type { Layer, Site } from "./layer.ts";

/** A name given to a layer: letters, digits, - and _, so that dots can part the names of layers within layers. */
export function layerName(where: string, name: string | undefined): string | undefined {
  if (name === undefined || (typeof name === "string" && /^[\w-]+$/.test(name))) return name;
  throw new ArgumentError(expected(where, "name", "letters, digits, - and _", name));
}

/** Layers to run one after another. */
export function layerList(where: string, what: string, layers: readonly Layer[]): readonly Layer[] {
  if (!Array.isArray(layers) || layers.some((layer) => typeof layer?.place !== "function")) {
    throw new ArgumentError(expected(where, what, "an array of layers", layers));
  }
  return [...layers];
}

/** Channels, height and width of a layer's input. */
export function imageShape({ where, inputShape }: Site): readonly [number, number, number] {
  if (inputShape.length === 3) return inputShape as readonly number[] as readonly [number, number, number];
  throw new ShapeError(expected(where, "input", "images [channels, height, width]", formatShape(inputShape)));
}

/** A number of `low` <= value < `high`. */
export function numberWithin(where: string, what: string, value: number, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value < high) return value;
  const wanted = high === Infinity ? `a number >= ${low}` : `a number >= ${low} and below ${high}`;
  throw new ArgumentError(expected(where, what, wanted, value));
}

/** Yes or no. */
export function truth(where: string, what: string, value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(expected(where, what, "true or false", value));
}

/** The shape of one example: extents of at least 1. */
export function exampleShape(where: string, what: string, shape: Shape): Shape {
  const fits = Array.isArray(shape) && shape.length > 0;
  if (fits && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) return [...shape];
  throw new ShapeError(expected(where, what, "extents of one example, each an integer >= 1", shape));
}
