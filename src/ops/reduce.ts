import { elementCount, type Shape } from "../shape.ts";
import { prepareBinary } from "./binary.ts";
import { Chain, type Link } from "./chain.ts";
import { unaryEpilogue } from "./epilogue.ts";
import type { Prepared } from "./prepared.ts";
import { REDUCE } from "./reduce-codes.ts";
import { prepareUnary } from "./unary.ts";
import { UNARY } from "./unary-codes.ts";

type KernelName = keyof typeof REDUCE;

/** Functions of many elements: those of the kernel, log(sum) and log(sum of e^x). */
export type Reduction = KernelName | "logSum" | "logSumExp";

/** What a reduction becomes when axes that are not neighbours are reduced one after the other: first, further passes, at the end. */
const REPEATED: Readonly<Record<KernelName, readonly [first: KernelName, further: KernelName]>> = {
  sum: ["sum", "sum"],
  mean: ["sum", "sum"],
  max: ["max", "max"],
  min: ["min", "min"],
  prod: ["prod", "prod"],
  sumSquare: ["sumSquare", "sum"],
  l1: ["l1", "sum"],
  l2: ["sumSquare", "sum"],
};

const GREATEST = 3.4028234663852886e38;

/** Extents of what is left when `axes` are reduced, which stay with extent 1. */
export function reducedShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/**
 * Makes a reduction over any axes ready: input [x] of `shape`, output dense without the reduced axes. Neighbouring axes are reduced as
 * one, in the order of assembly/numeric/reduce.ts; several such groups one after the other, the outermost first. `inTurn` reduces one axis
 * after the other instead, as they are listed.
 */
export function prepareReduce(kind: Reduction, shape: Shape, axes: readonly number[], inTurn = false): Prepared {
  if (kind === "logSum") return logarithm(prepareReduce("sum", shape, axes), shape, axes);
  if (kind === "logSumExp") return logSumExp(shape, axes);
  const passes = passesOf(shape, inTurn ? axes.map((axis) => [axis, axis + 1] as const) : runsOf(shape, axes));
  const result = reducedShape(shape, axes);
  if (passes.length === 1) return prepareFold(kind, passes[0], result);
  const chain = new Chain();
  const [first, further] = REPEATED[kind];
  const output = chain.output(0, result);
  let x: Link = chain.input(0, shape);
  passes.forEach((pass, i) => {
    const left = [pass.outer, pass.inner];
    const y = i === passes.length - 1 ? output : chain.held(left);
    x = chain.run(prepareFold(i === 0 ? first : further, pass, left), [x], y);
  });
  const count = passes.reduce((product, { length }) => product * length, 1);
  if (kind === "mean") chain.run(prepareBinary("div", result, [], result), [output, chain.constant(count)], output);
  if (kind === "l2") chain.run(prepareUnary(result, unaryEpilogue("sqrt")), [output], output);
  return chain.finish(`reduce in ${passes.length} passes`, [result]);
}

/** x as [outer, length, inner], to be reduced over `length`. */
export interface Fold {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** One pass of the kernel. */
export function prepareFold(kind: KernelName, { outer, length, inner }: Fold, result: Shape): Prepared {
  return {
    algorithm: "reduce",
    outputShapes: [result],
    macs: 0,
    scratchBytes: 0,
    run: (k, { inputs, outputs }) => k.reduce(REDUCE[kind], inputs[0], outputs[0], outer, length, inner),
  };
}

/** The axes as runs [first, end) of neighbours, extents of 1 between them included. */
function runsOf(shape: Shape, axes: readonly number[]): [first: number, end: number][] {
  const runs: [number, number][] = [];
  const reduced = (axis: number) => axes.includes(axis) || shape[axis] === 1;
  for (let axis = 0; axis < shape.length; axis++) {
    if (!axes.includes(axis) || shape[axis] === 1) continue;
    let end = axis;
    while (end < shape.length && reduced(end)) end++;
    runs.push([axis, end]);
    axis = end - 1;
  }
  return runs;
}

function passesOf(shape: Shape, runs: readonly (readonly [first: number, end: number])[]): Fold[] {
  const left = [...shape];
  const passes = runs.flatMap(([first, end]): Fold[] => {
    const length = elementCount(shape.slice(first, end));
    if (length === 1) return [];
    const pass = { outer: elementCount(left.slice(0, first)), length, inner: elementCount(left.slice(end)) };
    left.fill(1, first, end);
    return [pass];
  });
  return passes.length > 0 ? passes : [{ outer: 1, length: 1, inner: elementCount(shape) }];
}

function logarithm(sum: Prepared, shape: Shape, axes: readonly number[]): Prepared {
  const chain = new Chain();
  const result = reducedShape(shape, axes);
  const y = chain.run(sum, [chain.input(0, shape)], chain.output(0, result));
  chain.run(prepareUnary(result, unaryEpilogue("log")), [y], y);
  return chain.finish("reduce, log", [result]);
}

/** m + log(sum of e^(x - m)), m the greatest element: no overflow. An infinite m is replaced, so that it does not meet itself. */
function logSumExp(shape: Shape, axes: readonly number[]): Prepared {
  const chain = new Chain();
  const result = reducedShape(shape, axes);
  const x = chain.input(0, shape);
  const y = chain.output(0, result);
  const m = chain.run(prepareReduce("max", shape, axes), [x], chain.held(result));
  chain.do((k, at) => k.unary(UNARY.clamp, m.at(at), m.at(at), elementCount(result), -GREATEST, GREATEST));
  const t = chain.run(prepareBinary("sub", shape, result, shape), [x, m], chain.held(shape));
  chain.run(prepareUnary(shape, unaryEpilogue("exp")), [t], t);
  chain.run(prepareReduce("sum", shape, axes), [t], y);
  chain.run(prepareUnary(result, unaryEpilogue("log")), [y], y);
  chain.run(prepareBinary("add", result, result, result), [y, m], y);
  return chain.finish("reduce, log sum exp", [result]);
}
