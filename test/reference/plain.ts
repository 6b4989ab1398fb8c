/** What goes into an operator of the oracle: elements in row-major order. */
export interface Plain {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** What comes out of one. */
export interface Reference {
  shape: number[];
  data: Float64Array;
  /** For each output element the sum of the absolute values of what was added up; the error bound is a multiple of it. */
  magnitude: Float64Array;
  /** The greatest number of products (or summands) behind one output element, the bias not counted. 0 where nothing is added. */
  terms: number;
}

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly number[];

/** One number for all sides, or [top, left, bottom, right]. */
export type Sides = number | readonly number[];

export function plain(shape: readonly number[], data: ArrayLike<number>): Plain {
  if (count(shape) !== data.length) throw new Error(`plain: ${data.length} elements do not fill [${shape.join(", ")}]`);
  return { shape, data };
}

/** A zero-filled result. */
export function blank(shape: readonly number[], terms: number): Reference {
  const size = count(shape);
  return { shape: [...shape], data: new Float64Array(size), magnitude: new Float64Array(size), terms };
}

/** A result of elements that are moved or rounded once: the magnitude is the value's own. */
export function exact(shape: readonly number[], data: ArrayLike<number>, terms = 0): Reference {
  const values = Float64Array.from(data);
  if (count(shape) !== values.length)
    throw new Error(`exact: ${values.length} elements do not fill [${shape.join(", ")}]`);
  return { shape: [...shape], data: values, magnitude: values.map(Math.abs), terms };
}

/** `f` of every element, with the bound of `y` kept: for an activation of slope at most 1 after a sum. */
export function through(y: Reference, f: (value: number) => number): Reference {
  return { ...y, data: y.data.map((value) => f(value)) };
}

export function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides, in elements. */
export function steps(shape: readonly number[]): number[] {
  return shape.map((_, axis) => count(shape.slice(axis + 1)));
}

/** The coordinates of the element at `flat`. */
export function coordinates(flat: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return at;
}

/** The place of the element at `at`. */
export function flatten(at: readonly number[], shape: readonly number[]): number {
  let place = 0;
  for (let axis = 0; axis < shape.length; axis++) place = place * shape[axis] + at[axis];
  return place;
}

export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank) throw new Error(`axis ${axis} is outside rank ${rank}`);
  return at;
}

export function pair(value: Pair | undefined, otherwise: Pair = 1): [number, number] {
  const given = value ?? otherwise;
  return typeof given === "number" ? [given, given] : [given[0], given[1]];
}

export function sides(value: Sides | undefined): [number, number, number, number] {
  const given = value ?? 0;
  return typeof given === "number" ? [given, given, given, given] : [given[0], given[1], given[2], given[3]];
}

export function four(x: Plain): [number, number, number, number] {
  if (x.shape.length !== 4) throw new Error(`expected four axes, got [${x.shape.join(", ")}]`);
  return [x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
}

export function numbers(x: ArrayLike<number>): Float64Array {
  return x instanceof Float64Array ? x : Float64Array.from(x);
}

/**
 * How many windows fit: position `o` covers `o * stride ... o * stride + dilation * (window - 1)` of the padded extent. In ceil
 * mode a window may hang over the end by less than a stride, if it starts in the input or in the padding before it.
 */
export function windowCount(
  input: number,
  window: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
  ceilMode = false,
): number {
  const padded = before + input + after;
  const reach = dilation * (window - 1);
  const fits = (o: number): boolean =>
    ceilMode ? o * stride + reach < padded + stride - 1 && o * stride < before + input : o * stride + reach < padded;
  let o = 0;
  while (fits(o)) o++;
  return o;
}

export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** The input index that position `i` shows, where `i` may lie outside `0 ... size - 1`; -1 for a zero. */
export function reflected(i: number, size: number, mode: PaddingMode): number {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case "zeros":
      return -1;
    case "replicate":
      return i < 0 ? 0 : size - 1;
    case "circular":
      return ((i % size) + size) % size;
    case "reflect": {
      if (size === 1) return 0;
      // The edge element is not repeated: a b c d is continued as c b a b ...
      const period = 2 * (size - 1);
      const phase = ((i % period) + period) % period;
      return phase < size ? phase : period - phase;
    }
  }
}
