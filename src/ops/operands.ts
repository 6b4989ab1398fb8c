// What public operators do with their tensors before and after they compute: checks, and where elements lie.

import type { DataType } from "../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, normaliseAxis, permute, type Shape } from "../shape.ts";
import type { Format, Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import type { ImageExtents, Layout } from "./layout.ts";
import { resolveAxes } from "./slice.ts";
import { keepsOrder } from "./transpose.ts";

/** Checks a tensor of this engine whose elements are of one of these types. */
export function checkTensor(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor,
  types: readonly DataType[] = ["float32"],
): void {
  w.check(where, what, x);
  if (!types.includes(x.type)) throw new ArgumentError(expected(where, what, types.join(" or "), x.type));
}

/** A list of tensors of this engine. */
export function checkTensors(w: Workspace, where: string, what: string, list: readonly Tensor[]): void {
  if (!Array.isArray(list) || list.length === 0) {
    throw new ArgumentError(expected(where, what, "an array of at least one Tensor", list));
  }
  for (const [i, x] of list.entries()) w.check(where, `${what}[${i}]`, x);
}

/** An axis counted from the front. */
export function checkAxis(where: string, axis: number, shape: Shape): number {
  const at = normaliseAxis(axis, shape.length);
  if (at !== undefined) return at;
  throw new ShapeError(expected(where, "axis", `an axis of shape ${formatShape(shape)}`, axis));
}

/** Different axes counted from the front, in ascending order. */
export function checkAxes(where: string, axes: readonly number[], shape: Shape): number[] {
  if (!Array.isArray(axes)) throw new ArgumentError(expected(where, "axes", "an array of axes", axes));
  return resolveAxes(where, axes, shape.length).sort((a, b) => a - b);
}

/** A list of integers, each at least `least`; `length` of them where that is given. */
export function checkIntegers(
  where: string,
  what: string,
  list: readonly number[],
  least: number,
  length?: number,
): readonly number[] {
  const isList = Array.isArray(list) && list.every((value) => Number.isSafeInteger(value) && value >= least);
  if (isList && list.length === (length ?? list.length)) return list;
  const kind = least === -Infinity ? "integers" : `integers >= ${least}`;
  const count = length === undefined ? "an array of" : `${length}`;
  throw new ArgumentError(expected(where, what, `${count} ${kind}`, list));
}

/** One of a few words. */
export function checkWord<T extends string>(where: string, what: string, words: readonly T[], value: T): T {
  if (words.includes(value)) return value;
  const quoted = words.map((word) => `"${word}"`);
  const wanted = [quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].join(" or ");
  throw new ArgumentError(expected(where, what, wanted, value));
}

/** True or false; `otherwise` where nothing is given. */
export function checkBoolean(where: string, what: string, value: boolean | undefined, otherwise = false): boolean {
  const given = value ?? otherwise;
  if (typeof given === "boolean") return given;
  throw new ArgumentError(expected(where, what, "true or false", value));
}

/** A number, which may be infinite. */
export function checkNumber(where: string, what: string, value: number): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new ArgumentError(expected(where, what, "a number", value));
}

/** A number of at least 0. */
export function checkEpsilon(where: string, epsilon: number): number {
  if (typeof epsilon === "number" && epsilon >= 0) return epsilon;
  throw new ArgumentError(expected(where, "epsilon", "a number of at least 0", epsilon));
}

/** The extents of a batch of images of any type, which may be empty. */
export function checkImages(w: Workspace, where: string, what: string, x: Tensor, layout: Layout): ImageExtents {
  w.check(where, what, x);
  checkWord(where, "inputLayout", ["nchw", "nhwc"], layout);
  if (x.shape.length !== 4) {
    throw new ShapeError(expected(where, what, `images of rank 4 (${layout})`, formatShape(x.shape)));
  }
  const [N, a, b, c] = x.shape;
  return layout === "nchw" ? { N, C: a, H: b, W: c } : { N, H: a, W: b, C: c };
}

/** An optional tensor of a fixed shape: its address with the elements in the order of the axes, or undefined. */
export function optionalOperand(
  w: Workspace,
  where: string,
  what: string,
  x: Tensor | undefined,
  shape: Shape,
): number | undefined {
  if (x == null) return undefined;
  checkTensor(w, where, what, x);
  if (formatShape(x.shape) !== formatShape(shape)) {
    throw new ShapeError(expected(where, what, `shape ${formatShape(shape)}`, formatShape(x.shape)));
  }
  return w.arrange(x, "dense");
}

/** A tensor as its elements lie, the outermost axis first. */
export interface Lying {
  readonly address: number;
  readonly format: Format;
  /** order[i] is the axis that lies at place i. */
  readonly order: readonly number[];
  /** Extents in that order. */
  readonly shape: Shape;
}

/** Which axis lies at which place. */
export function orderOf(format: Format, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return format === "dense" ? axes : [0, ...axes.slice(2), 1];
}

/** Where and how a tensor lies, without moving it. */
export function lie(w: Workspace, x: Tensor): Lying {
  const format = w.format(x);
  const order = orderOf(format, x.shape.length);
  return { address: w.address(x), format, order, shape: permute(x.shape, order) };
}

/** Extents in the order of the axes, from those in the order in which they lie. */
export function axisOrder(order: readonly number[], shape: Shape): number[] {
  return order.map((_, axis) => shape[order.indexOf(axis)]);
}

/** A tensor for a result whose elements a kernel writes in the order in which x lies. */
export function createLike(
  w: Workspace,
  where: string,
  { format, order }: Pick<Lying, "format" | "order">,
  shape: Shape,
  type: DataType,
): Tensor {
  return w.create(where, axisOrder(order, shape), format, type);
}

/** Operands, and the one order in which they and their result lie. */
export interface Together {
  readonly format: Format;
  readonly order: readonly number[];
  /** For each operand its extents in that order, 1 for axes that it lacks. */
  readonly shapes: readonly Shape[];
  readonly addresses: readonly number[];
}

/**
 * Lets operands that broadcast to `rank` axes lie in one order: in that of the largest of them, unless there is one of fewer axes
 * that cannot lie so.
 */
export function lieTogether(w: Workspace, operands: readonly Tensor[], rank: number): Together {
  const full = operands.filter((x) => x.shape.length === rank);
  const most = Math.max(...full.map((x) => elementCount(x.shape)));
  const wanted = full.some((x) => elementCount(x.shape) === most && w.format(x) === "channels-last");
  const last = orderOf("channels-last", rank);
  const padded = operands.map((x) => [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
  const possible = operands.every((x, i) => x.shape.length === rank || keepsOrder(padded[i], last));
  const format = wanted && possible ? "channels-last" : "dense";
  const order = orderOf(format, rank);
  // Elements that stay in the same order either way need no moving.
  const stays = (x: Tensor, i: number) => x.shape.length === rank && keepsOrder(padded[i], last);
  const addresses = operands.map((x, i) => {
    if (stays(x, i)) return w.address(x);
    return w.arrange(x, x.shape.length === rank ? format : "dense");
  });
  return { format, order, shapes: padded.map((shape) => permute(shape, order)), addresses };
}
