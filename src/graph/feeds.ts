import { allocate, type DataType, holds, type TypedArray } from "../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, isShape, type Shape } from "../shape.ts";
import type { TensorType, ValueInfo } from "./graph.ts";
import { isHalf, widenedFeed } from "./halves.ts";

/** What a model is fed: an array with its shape, by input name. */
export interface Feed {
  /** For 16-bit floats their bits in a Uint16Array, or numbers, which are rounded. */
  readonly data: ArrayLike<number> | TypedArray;
  /** May be left out where the model fixes the shape. */
  readonly shape?: Shape;
}

export type Feeds = Readonly<Record<string, Feed>>;

/** Feeds that stay as they are whatever the caller does with its arrays. */
export function copyFeeds(feeds: Feeds): Feeds {
  const copies = Object.entries(feeds).map(([name, feed]) => {
    const data = feed?.data;
    const copy = ArrayBuffer.isView(data) ? (data as Float32Array).slice() : Array.isArray(data) ? [...data] : data;
    return [name, feed && { ...feed, data: copy }] as const;
  });
  return Object.fromEntries(copies);
}

/** Types of all inputs, if no dimension is free. */
export function concreteTypes(inputs: readonly ValueInfo[]): Map<string, TensorType> | undefined {
  const types = new Map<string, TensorType>();
  for (const { name, type, shape } of inputs) {
    if (!isShape(shape)) return undefined;
    types.set(name, { type, shape });
  }
  return types;
}

/** The inputs with these shapes in place of what the file leaves free. */
export function fixShapes(inputs: readonly ValueInfo[], shapes: Readonly<Record<string, Shape>>): ValueInfo[] {
  return inputs.map((input) => {
    const shape = shapes[input.name];
    if (!shape) return input;
    checkShape("inputShapes", input, shape);
    return { ...input, shape };
  });
}

function checkShape(where: string, { name, shape: declared }: ValueInfo, shape: Shape): void {
  const fits =
    isShape(shape) &&
    (!declared ||
      (declared.length === shape.length && declared.every((d, i) => typeof d === "string" || d === shape[i])));
  if (fits) return;
  const wanted = declared ? `shape ${formatShape(declared.map((d) => d || "?"))}` : "a shape";
  throw new ShapeError(expected(where, `"${name}"`, wanted, Array.isArray(shape) ? formatShape(shape) : shape));
}

/** The type of what an input is fed. Throws an ArgumentError or ShapeError where it does not fit. */
export function feedType(input: ValueInfo, feeds: Readonly<Record<string, Feed>>): TensorType {
  const feed = feeds[input.name];
  const { name, type } = input;
  if (!feed?.data) {
    const shape = input.shape ? ` ${formatShape(input.shape.map((d) => d || "?"))}` : "";
    throw new ArgumentError(expected("run", `input "${name}"`, `${type}${shape}`, feed === undefined ? "none" : feed));
  }
  const shape = feed.shape ?? (isShape(input.shape) ? input.shape : [feed.data.length]);
  checkShape("run", input, shape);
  if (feed.data.length !== elementCount(shape)) {
    const wanted = `${elementCount(shape)} elements for shape ${formatShape(shape)}`;
    throw new ShapeError(expected("run", `input "${name}"`, wanted, feed.data.length));
  }
  const fits = holds(type, feed.data) || (isHalf(type) && feed.data instanceof Float32Array);
  if (ArrayBuffer.isView(feed.data) && !fits) {
    throw new ArgumentError(expected("run", `input "${name}"`, type, feed.data));
  }
  return { type, shape };
}

/** Elements as they are carried: an array of `type` (given back as it is if it is one), or of float32 for 16-bit floats. */
export function elementsOf(type: DataType, data: Feed["data"]): TypedArray {
  if (isHalf(type)) return widenedFeed(type, data);
  if (holds(type, data)) return data;
  const array = allocate(type, data.length);
  const big = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < data.length; i++) array[i] = (big ? BigInt(data[i]) : data[i]) as never;
  return array;
}
