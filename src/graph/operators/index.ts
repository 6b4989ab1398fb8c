import { OnDemand } from "../../on-demand.ts";
import type { Operator } from "../operator.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { BATCH_NORMALISATION } from "./batch-normalisation.ts";
import { CASTS } from "./cast.ts";
import { CONVOLUTION } from "./convolution.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { GATHER } from "./gather.ts";
import { MATRIX } from "./matrix.ts";
import { MOVEMENT } from "./movement.ts";
import { PADDING } from "./pad.ts";
import { POOLING } from "./pooling.ts";
import { REDUCTION } from "./reduction.ts";
import { RESIZE } from "./resize.ts";
import { SHAPES } from "./shapes.ts";
import { SOFTMAX } from "./softmax.ts";

type Family = Readonly<Record<string, Operator>>;

/** What most networks are made of. */
const CORE: readonly Family[] = [
  ARITHMETIC,
  BATCH_NORMALISATION,
  CASTS,
  CONVOLUTION,
  ELEMENTWISE,
  GATHER,
  MATRIX,
  MOVEMENT,
  PADDING,
  POOLING,
  REDUCTION,
  RESIZE,
  SHAPES,
  SOFTMAX,
];

/** Families that few networks need, by the names of their operators. What these expand to is of the core or the same family. */
const RARE: readonly (readonly [names: string, family: OnDemand<Family>])[] = [
  ["If", new OnDemand(async () => (await import("./branch.ts")).BRANCH)],
  ["NonMaxSuppression", new OnDemand(async () => (await import("./boxes.ts")).BOXES)],
  ["ConvTranspose", new OnDemand(async () => (await import("./conv-transpose.ts")).CONV_TRANSPOSE)],
  [
    "Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift",
    new OnDemand(async () => (await import("./compare.ts")).COMPARISON),
  ],
  [
    "GatherElements GatherND Compress",
    new OnDemand(async () => (await import("./gather-elements.ts")).GATHER_ELEMENTS),
  ],
  ["ScatterElements ScatterND", new OnDemand(async () => (await import("./scatter.ts")).SCATTER)],
  ["ArgMax ArgMin Hardmax", new OnDemand(async () => (await import("./greatest.ts")).GREATEST)],
  [
    "InstanceNormalization GroupNormalization LayerNormalization RMSNormalization MeanVarianceNormalization LpNormalization LRN",
    new OnDemand(async () => (await import("./normalisation.ts")).NORMALISATION),
  ],
  ["Where TopK OneHot NonZero", new OnDemand(async () => (await import("./selection.ts")).SELECTION)],
  [
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear lanewise.FakeQuantize ConvInteger QLinearConv MatMulInteger QLinearMatMul",
    new OnDemand(async () => (await import("./quantized.ts")).QUANTIZED),
  ],
  ["Range CumSum ReverseSequence Trilu EyeLike", new OnDemand(async () => (await import("./sequence.ts")).SEQUENCE)],
];

/** For operators of the core in forms that few networks have: volumes, training, norms of any order. */
export const RARE_FORMS = new OnDemand(() => import("./rare-forms.ts"));

const RARE_NAMES = new Map(RARE.flatMap(([names, family]) => names.split(" ").map((name) => [name, family])));

/** Operators by name: those of the core, and those that have been loaded. */
const OPERATORS = new Map<string, Operator>(CORE.flatMap((family) => Object.entries(family)));

/** An operator that is of the core or has been loaded. */
export function findOperator(op: string): Operator | undefined {
  return OPERATORS.get(op);
}

/** Whether lanewise runs an operator of ONNX, loaded or not. */
export function isKnownOperator(op: string): boolean {
  return OPERATORS.has(op) || RARE_NAMES.has(op);
}

/** Loads those of the named operators that are rare, with their families; unknown names are passed over. */
export async function loadOperators(names: Iterable<string>): Promise<void> {
  const missing = [...names].filter((name) => !OPERATORS.has(name));
  const families = new Set(missing.flatMap((name) => RARE_NAMES.get(name) ?? []));
  const loaded = await Promise.all([...families].map((family) => family.load()));
  for (const family of loaded) for (const [name, operator] of Object.entries(family)) OPERATORS.set(name, operator);
}

/** Every operator of ONNX that lanewise runs. */
export function operatorNames(): string[] {
  return [...new Set([...OPERATORS.keys(), ...RARE_NAMES.keys()])].sort();
}
