/** When results of two engines count as the same. Nothing is timed before they do. */

/**
 * For one layer: |a - b| <= 2 * (terms + 1) * 2^-24 * magnitude for every element, where magnitude is the layer's sum of absolute
 * products: each of the two sums in any order is within half of that of the exact one.
 */
export function layersAgree(
  a: Float32Array,
  b: Float32Array,
  magnitude: Float32Array,
  terms: number,
): string | undefined {
  if (a.length !== b.length) return `${a.length} values and ${b.length}`;
  for (let i = 0; i < a.length; i++) {
    const bound = 2 * (terms + 1) * 2 ** -24 * magnitude[i];
    // Written so that NaN does not agree.
    if (!(Math.abs(a[i] - b[i]) <= bound)) return `${a[i]} and ${b[i]} at ${i}, bound ${bound}`;
  }
  return undefined;
}

const MODEL_TOLERANCE = 1e-4;

/** For a whole network: no element of an output differs by more than 1e-4 of the output's greatest absolute value. */
export function modelsAgree(a: Outputs, b: Outputs): string | undefined {
  const names = Object.keys(b);
  for (const name of names) {
    const [x, y] = [a[name], b[name]];
    if (!x || x.length !== y.length) return `"${name}": ${x ? `${x.length} values` : "nothing"} and ${y.length} values`;
    const bound = MODEL_TOLERANCE * y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!(bound > 0 && Number.isFinite(bound))) return `"${name}": nothing but zeros, or values that are not finite`;
    for (let i = 0; i < y.length; i++) {
      if (!(Math.abs(x[i] - y[i]) <= bound)) return `"${name}": ${x[i]} and ${y[i]} at ${i}, bound ${bound}`;
    }
  }
  return names.length === 0 ? "no outputs" : undefined;
}

/** Values by output name, channels first. */
export type Outputs = Readonly<Record<string, Float32Array>>;
