import { coordinates, count, exact, flatten, numbers, type Plain, type Reference } from "./plain.ts";

/** Shapes are aligned at their last axes; an extent of 1, or an axis that is not there, stretches. */
export function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((extent) => extent !== 1);
    if (extents.some((extent) => extent !== extents[0])) throw new Error("broadcast: shapes do not fit");
    return extents[0] ?? 1;
  });
}

/** The place in an array of `shape` of what broadcasts to `at`. */
export function broadcastPlace(at: readonly number[], shape: readonly number[]): number {
  const own = at.slice(at.length - shape.length);
  return flatten(
    own.map((i, axis) => (shape[axis] === 1 ? 0 : i)),
    shape,
  );
}

/** y = f(a, b, ...) with broadcasting; the magnitude is that of the value. */
export function elementwise(inputs: readonly Plain[], f: (...values: number[]) => number): Reference {
  const shape = broadcast(inputs.map((x) => x.shape));
  const data = new Float64Array(count(shape));
  for (let out = 0; out < data.length; out++) {
    const at = coordinates(out, shape);
    data[out] = f(...inputs.map((x) => x.data[broadcastPlace(at, x.shape)]));
  }
  return exact(shape, data, 1);
}

export function binary(a: Plain, b: Plain, f: (a: number, b: number) => number): Reference {
  return elementwise([a, b], f);
}

/** Element by element sum of any number of inputs, with the bound of a sum. */
export function sum(inputs: readonly Plain[]): Reference {
  const y = elementwise(inputs, (...values) => values.reduce((a, b) => a + b, 0));
  const sizes = inputs.map((x) => ({ shape: x.shape, data: numbers(x.data).map(Math.abs) }));
  return {
    ...y,
    magnitude: elementwise(sizes, (...values) => values.reduce((a, b) => a + b, 0)).data,
    terms: inputs.length,
  };
}

/** y = x where x is at least 0, slope * x below; slope broadcasts to x. */
export function prelu(x: Plain, slope: Plain): Reference {
  return binary(x, slope, (value, factor) => (value < 0 ? factor * value : value));
}

export function where(condition: Plain, a: Plain, b: Plain): Reference {
  return elementwise([condition, a, b], (choice, yes, no) => (choice ? yes : no));
}

/** Two numbers into one. A NaN on either side gives NaN; remainders take the sign of the divisor (`mod`) or dividend (`fmod`). */
export const binaryFunctions = {
  add: (a: number, b: number): number => a + b,
  sub: (a: number, b: number): number => a - b,
  mul: (a: number, b: number): number => a * b,
  div: (a: number, b: number): number => a / b,
  pow: (a: number, b: number): number => a ** b,
  max: (a: number, b: number): number => Math.max(a, b),
  min: (a: number, b: number): number => Math.min(a, b),
  mod: (a: number, b: number): number => a - b * Math.floor(a / b),
  fmod: (a: number, b: number): number => a % b,
  equal: (a: number, b: number): number => (a === b ? 1 : 0),
  greater: (a: number, b: number): number => (a > b ? 1 : 0),
  greaterOrEqual: (a: number, b: number): number => (a >= b ? 1 : 0),
  less: (a: number, b: number): number => (a < b ? 1 : 0),
  lessOrEqual: (a: number, b: number): number => (a <= b ? 1 : 0),
} as const;
