import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape, type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkOptions } from "./call.ts";
import type { Copy, Movement } from "./copies.ts";
import { moveElements } from "./moves.ts";
import { checkIntegers, checkNumber, checkWord, lie } from "./operands.ts";

/** WebNN's names, PyTorch's, and ONNX's. */
const MODES = {
  constant: "constant",
  reflection: "reflect",
  reflect: "reflect",
  edge: "edge",
  replicate: "edge",
  wrap: "wrap",
  circular: "wrap",
} as const satisfies Record<string, PadMode>;

export interface PadOptions {
  /**
   * What lies beyond the edge: `constant` (default) a value; `reflection` or `reflect` the elements mirrored at the first and the last,
   * which are not repeated; `edge` or `replicate` the first and the last; `wrap` or `circular` those from the other end.
   */
  readonly mode?: keyof typeof MODES | undefined;
  /** For "constant". Default 0. */
  readonly value?: number | undefined;
}

/**
 * x with elements added around it.
 *
 * @param x a tensor of any type and shape
 * @param beginning how many to add before each axis, integers of at least 0
 * @param ending how many to add after each axis
 * @throws ShapeError if there is nothing to repeat, ArgumentError for lists that do not fit x or bad options
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-pad
 */
export function pad(
  w: Workspace,
  x: Tensor,
  beginning: readonly number[],
  ending: readonly number[],
  options: PadOptions = {},
): Tensor {
  const where = "pad";
  w.check(where, "x", x);
  checkOptions(where, options, ["mode", "value"]);
  checkIntegers(where, "beginning", beginning, 0, x.shape.length);
  checkIntegers(where, "ending", ending, 0, x.shape.length);
  const words = Object.keys(MODES) as (keyof typeof MODES)[];
  const mode = MODES[checkWord(where, "mode", words, options.mode ?? "constant")];
  const value = options.value ?? 0;
  if (!Number.isNaN(value)) checkNumber(where, "value", value);
  const empty = x.shape.findIndex((extent, axis) => extent === 0 && beginning[axis] + ending[axis] > 0);
  if (empty >= 0 && mode !== "constant") {
    throw new ShapeError(expected(where, "x", `something to repeat along axis ${empty}`, formatShape(x.shape)));
  }
  const constant = w.create(where, [], "dense", x.type);
  const elements = w.view(constant);
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) elements[0] = BigInt(Math.trunc(value));
  else elements[0] = value;
  const lying = lie(w, x);
  const [before, after] = [beginning, ending].map((list) => lying.order.map((axis) => list[axis]));
  const movement = padMovement(where, lying.shape, { before, after, mode, value: 1 });
  return moveElements(w, where, x.type, lying, movement, [lying.address, w.address(constant)])[0];
}

/** What lies beyond the edge: a constant, the tensor mirrored at its first and last element, that element again, or the other end. */
export type PadMode = "constant" | "reflect" | "edge" | "wrap";

export interface PadSpec {
  /** Elements to add before and after each axis; negative ones are taken away. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly mode: PadMode;
  /** The input that holds the constant, or `ZERO`. */
  readonly value: number;
}

/** Consecutive places of an output axis that show start, start + step, ... of the input; without a start they are outside it. */
export interface Piece {
  readonly at: number;
  readonly count: number;
  readonly start: number | undefined;
  readonly step: number;
}

/** The movement of padding a tensor of `shape` (input 0). Throws a ShapeError or ArgumentError that opens with `where`. */
export function padMovement(where: string, shape: Shape, { before, after, mode, value }: PadSpec): Movement {
  const result = shape.map((extent, axis) => before[axis] + extent + after[axis]);
  if (result.some((extent) => extent < 0)) {
    const got = before.map((b, axis) => `${b} and ${after[axis]}`).join(", ");
    throw new ShapeError(expected(where, "pads", `values that leave something of ${formatShape(shape)}`, got));
  }
  const outputShapes = [result];
  if (elementCount(result) === 0) return { outputShapes, copies: [] };
  const bare = shape.findIndex((extent, axis) => keptOf(extent, before[axis], after[axis]) <= 0);
  if (bare >= 0 && mode !== "constant") {
    const wanted = `something to ${mode} along axis ${bare} of ${formatShape(shape)}`;
    throw new ArgumentError(expected(where, "pads", wanted, `${before[bare]} and ${after[bare]}`));
  }
  return {
    outputShapes,
    // Not made where only the shape is asked for, which may be too large.
    get copies() {
      const sources = shape.map((extent, axis) => axisSources(extent, before[axis], after[axis], mode));
      return combine(
        sources.map((each) => gather(piecesOf(each))),
        shape,
        result,
        value,
      );
    },
  };
}

/** Input places along an axis that negative pads leave. */
function keptOf(extent: number, before: number, after: number): number {
  return extent - Math.max(0, -before) - Math.max(0, -after);
}

/** For each output place along an axis the input place that it shows; -1 is outside. */
function axisSources(extent: number, before: number, after: number, mode: PadMode): number[] {
  const first = Math.max(0, -before);
  const kept = keptOf(extent, before, after);
  const shift = Math.max(0, before);
  return Array.from({ length: before + extent + after }, (_, o) => {
    const place = show(o - shift, kept, mode);
    return place < 0 ? -1 : place + first;
  });
}

function show(place: number, extent: number, mode: PadMode): number {
  if (place >= 0 && place < extent) return place;
  switch (mode) {
    case "constant":
      return -1;
    case "edge":
      return place < 0 ? 0 : extent - 1;
    case "wrap":
      return modulo(place, extent);
    case "reflect": {
      // Back and forth without repeating the ends.
      const period = Math.max(1, 2 * (extent - 1));
      const at = modulo(place, period);
      return at < extent ? at : period - at;
    }
  }
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** Places joined as long as their sources go on by the same step of -1, 0 or 1. A source of -1 is outside. */
export function piecesOf(sources: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0, end: number; at < sources.length; at = end) {
    const outside = sources[at] < 0;
    const goesOn = (i: number, step: number) =>
      i < sources.length && sources[i] < 0 === outside && sources[i] - sources[i - 1] === step;
    const step = [1, 0, -1].find((candidate) => goesOn(at + 1, candidate)) ?? 1;
    end = at + 1;
    while (goesOn(end, step)) end++;
    pieces.push({ at, count: end - at, start: outside ? undefined : sources[at], step });
  }
  return pieces;
}

/** A piece that stands in so many places, at equal distances. */
interface Repeated extends Piece {
  readonly times: number;
  readonly every: number;
}

/** Pieces that show the same elements as one, so that an axis has few however often its elements come round. */
function gather(pieces: readonly Piece[]): Repeated[] {
  const alike = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const key = piece.start === undefined ? `at ${piece.at}` : [piece.start, piece.step, piece.count].join();
    const known = alike.get(key);
    if (known) known.push(piece);
    else alike.set(key, [piece]);
  }
  return [...alike.values()].map((group) => {
    const [first, second] = group;
    return { ...first, times: group.length, every: second ? second.at - first.at : 0 };
  });
}

/** One copy for each combination of pieces; what is outside along one axis is filled over all of the axes within. */
function combine(pieces: readonly Repeated[][], shape: Shape, result: Shape, value: number): Copy[] {
  const copies: Copy[] = [];
  const from = stridesOf(shape);
  const to = stridesOf(result);
  const visit = (chosen: readonly Repeated[]) => {
    const axis = chosen.length;
    const extents = chosen.flatMap(({ times, count }) => [times, count]);
    const steps = chosen.flatMap(({ every }, i) => [every * to[i], to[i]]);
    if (chosen.at(-1)?.start === undefined && axis > 0) {
      const all = [...extents, ...result.slice(axis)];
      const walk = { shape: all, from: all.map(() => 0), to: [...steps, ...to.slice(axis)] };
      copies.push({ input: value, output: 0, offset: 0, to: dot(chosen, to), walk });
    } else if (axis === pieces.length) {
      const offset = chosen.reduce((sum, { start }, i) => sum + (start ?? 0) * from[i], 0);
      const walk = { shape: extents, from: chosen.flatMap(({ step }, i) => [0, step * from[i]]), to: steps };
      copies.push({ input: 0, output: 0, offset, to: dot(chosen, to), walk });
    } else for (const piece of pieces[axis]) visit([...chosen, piece]);
  };
  visit([]);
  return copies;
}

function dot(pieces: readonly Piece[], steps: readonly number[]): number {
  return pieces.reduce((sum, { at }, i) => sum + at * steps[i], 0);
}
