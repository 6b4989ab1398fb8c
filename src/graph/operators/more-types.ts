// Element types, as far as only networks beyond plain ones need to tell them apart.

import type { DataType } from "../../dtype.ts";
import { FLOATS, NUMBERS, type TypeSet } from "./types.ts";

export const INTEGERS: TypeSet = {
  wanted: "a tensor of integers",
  types: new Set([...NUMBERS.types].filter((type) => !isFloat(type))),
};
export const BOOLEANS: TypeSet = { wanted: "a tensor of bool", types: new Set(["bool"]) };
export const ANY: TypeSet = { wanted: "a tensor", types: new Set([...NUMBERS.types, "bool"]) };

export function isFloat(type: DataType): boolean {
  return FLOATS.types.has(type);
}

export function isBig(type: DataType): boolean {
  return type === "int64" || type === "uint64";
}

/** Rounds a double to the precision of `type`. */
export function roundingOf(type: DataType): (value: number) => number {
  return type === "float32" ? Math.fround : (value) => value;
}

// Math.max and Math.min do not take 64-bit integers.
export const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
