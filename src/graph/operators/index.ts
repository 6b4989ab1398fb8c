import type { Operator } from "../operator.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { BOXES } from "./boxes.ts";
import { BRANCH } from "./branch.ts";
import { CASTS } from "./cast.ts";
import { COMPARISON } from "./compare.ts";
import { CONVOLUTION } from "./convolution.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { GATHER } from "./gather.ts";
import { MATRIX } from "./matrix.ts";
import { MOVEMENT } from "./movement.ts";
import { NORMALISATION } from "./normalisation.ts";
import { PADDING } from "./pad.ts";
import { POOLING } from "./pooling.ts";
import { QUANTIZE } from "./quantize.ts";
import { QUANTIZED_CONVOLUTION } from "./quantized-convolution.ts";
import { QUANTIZED_MATRIX } from "./quantized-matrix.ts";
import { REDUCTION } from "./reduction.ts";
import { RESIZE } from "./resize.ts";
import { SCATTER } from "./scatter.ts";
import { SELECTION } from "./selection.ts";
import { SEQUENCE } from "./sequence.ts";
import { SHAPES } from "./shapes.ts";
import { SOFTMAX } from "./softmax.ts";

const FAMILIES = [
  ARITHMETIC,
  BOXES,
  BRANCH,
  CASTS,
  COMPARISON,
  CONVOLUTION,
  ELEMENTWISE,
  GATHER,
  MATRIX,
  MOVEMENT,
  NORMALISATION,
  PADDING,
  POOLING,
  QUANTIZE,
  QUANTIZED_CONVOLUTION,
  QUANTIZED_MATRIX,
  REDUCTION,
  RESIZE,
  SCATTER,
  SELECTION,
  SEQUENCE,
  SHAPES,
  SOFTMAX,
];

/** Every operator of ONNX that lanewise runs, by name. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  FAMILIES.flatMap((family) => Object.entries<Operator>(family)),
);

export function findOperator(op: string): Operator | undefined {
  return OPERATORS.get(op);
}

export function isKnownOperator(op: string): boolean {
  return OPERATORS.has(op);
}

export function operatorNames(): string[] {
  return [...OPERATORS.keys()].sort();
}
