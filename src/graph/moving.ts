import { allocate, bytesPerElement, type DataType, type HostTensor, type TypedArray } from "../dtype.ts";
import { ArgumentError, expected } from "../errors.ts";
import { type Copy, keepsElements, type Movement, prepareCopies, ZERO } from "../ops/copies.ts";
import type { Prepared } from "../ops/prepared.ts";
import { isStored, prepareThroughFloats } from "../ops/stored.ts";
import { collapse } from "../ops/strided.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Lowered, NodeView, Operator } from "./operator.ts";

/** An operator that only moves elements of its inputs, all of the type of input 0. */
export function moving(describe: (node: NodeView) => Movement): Operator {
  return {
    infer: (node) => describe(node).outputShapes.map((shape) => ({ type: node.input(0).type, shape })),
    lower: (node) => lowerMovement(node, describe(node)),
    evaluate: (node, inputs) => evaluateMovement(describe(node), inputs),
  };
}

/**
 * The kernel of a movement whose copies name inputs of the node; undefined for elements of 8 bytes and floats of 2. Outputs that are
 * dense parts of input 0 are no work, nor are copies of inputs that attribute "inPlace" lists: they lie where they belong already.
 */
export function lowerMovement(node: NodeView, { outputShapes, copies }: Movement): Lowered | undefined {
  const { type, shape } = node.input(0);
  const bytes = bytesPerElement(type);
  const inPlace = node.numbers("inPlace") ?? [];
  const wanted = copies.filter(({ input, output }) => node.node.outputs[output] && !inPlace.includes(input));
  const within = copies
    .filter(({ input }) => inPlace.includes(input))
    .map(({ input, to }) => ({ input, offset: to * bytes }));
  if (within.length === 0) {
    if (keepsElements(shape, { outputShapes, copies: wanted })) return "alias";
    const views = viewsOf(node, { outputShapes, copies: wanted });
    if (views) return { views: views.map((offset) => offset * bytes) };
  } else if (wanted.length === 0) return { within };
  const inputs = [...new Set(wanted.map(({ input }) => input))].filter((input) => input !== ZERO);
  const renumbered = wanted.map((copy) => ({ ...copy, input: inputs.indexOf(copy.input) }));
  const shapes = inputs.map((input) => node.input(input).shape);
  const prepared = prepareCopies({ outputShapes, copies: renumbered });
  if (bytes === 4) return { prepared, inputs, within };
  // Through floats all of an output is written, also what lies there already.
  const through = within.length === 0 ? movingAny(prepared, type, shapes) : undefined;
  return through && { prepared: through, inputs };
}

/** First elements in input 0 of the outputs that are wanted, if each is a dense part of it, or need not be (attribute "views"). */
function viewsOf(node: NodeView, { outputShapes, copies }: Movement): number[] | undefined {
  const anyLayout = node.has(0) && node.number("views", 0) !== 0;
  const offsets = outputShapes.map((shape, output) => {
    if (!node.node.outputs[output]) return 0;
    const [copy, ...more] = copies.filter((each) => each.output === output);
    if (copy?.input !== 0 || copy.to !== 0 || more.length > 0) return undefined;
    return anyLayout || isDense(copy, elementCount(shape)) ? copy.offset : undefined;
  });
  return offsets.some((offset) => offset === undefined) ? undefined : (offsets as number[]);
}

function isDense({ walk }: Copy, count: number): boolean {
  const { shape, from, to } = collapse(walk);
  return (
    count > 0 &&
    elementCount(shape) === count &&
    (shape.length === 0 || (shape.length === 1 && from[0] === 1 && to[0] === 1))
  );
}

/** What moves elements of 4 bytes, for elements of `type`; undefined for elements of 8 bytes and floats of 2. */
export function movingAny(prepared: Prepared, type: DataType, inputs: readonly Shape[]): Prepared | undefined {
  if (bytesPerElement(type) === 4) return prepared;
  const stored = type === "bool" ? "uint8" : type;
  return isStored(stored) ? prepareThroughFloats(prepared, stored, inputs, prepared.outputShapes) : undefined;
}

/** The outputs of a movement of host tensors. */
export function evaluateMovement(
  { outputShapes, copies }: Movement,
  inputs: readonly (HostTensor | undefined)[],
): HostTensor[] {
  const type = (inputs[0] as HostTensor).type;
  const outputs = outputShapes.map((shape) => ({ type, shape, data: allocate(type, elementCount(shape)) }));
  for (const copy of copies) {
    const from = inputs[copy.input];
    if (from) copyOnHost(from.data, outputs[copy.output].data, copy);
  }
  return outputs;
}

function copyOnHost(from: TypedArray, to: TypedArray, { offset, to: start, walk }: Copy): void {
  const axes = collapse(walk);
  const rank = axes.shape.length;
  if (axes.shape.includes(0)) return;
  const visit = (axis: number, i: number, o: number) => {
    if (axis === rank) to[o] = from[i] as never;
    else if (axis === rank - 1 && axes.from[axis] === 1 && axes.to[axis] === 1) {
      to.set(from.subarray(i, i + axes.shape[axis]) as never, o);
    } else {
      for (let n = 0; n < axes.shape[axis]; n++) visit(axis + 1, i + n * axes.from[axis], o + n * axes.to[axis]);
    }
  };
  visit(0, offset, start);
}

/** Throws unless the named inputs that are given have one element type. */
export function checkSameType(node: NodeView, indices: readonly number[]): void {
  const type = node.input(indices[0]).type;
  for (const index of indices) {
    const other = node.optionalInput(index);
    if (other && other.type !== type) {
      throw new ArgumentError(
        expected(node.where, `input ${index}`, `type ${type} as input ${indices[0]}`, other.type),
      );
    }
  }
}

/** The single integer of an input that must be known before the run. */
export function integerInput(node: NodeView, index: number, what: string): number {
  const values = node.integers(index, what);
  if (values?.length !== 1) throw new ArgumentError(expected(node.where, what, "one integer", values ?? "none"));
  return values[0];
}
