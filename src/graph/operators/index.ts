import { OnDemand } from "../../on-demand.ts";
import type { Operator } from "../operator.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { CONVOLUTION } from "./convolution.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { MATRIX } from "./matrix.ts";
import { POOLING } from "./pooling.ts";
import { RESHAPES, SHAPES } from "./shapes.ts";
import { SOFTMAX } from "./softmax.ts";
import { TRANSPOSITION } from "./transpose.ts";

type Family = Readonly<Record<string, Operator>>;

/** What plain networks are made of: ResNet, VGG, MobileNet. */
const PLAIN: Family = { ...ARITHMETIC, ...CONVOLUTION, ...ELEMENTWISE, ...MATRIX, ...POOLING, ...SHAPES, ...SOFTMAX };

/** Operators by name: those of the core, and those that have been loaded. Passes make transpositions and reshapes of plain networks too. */
const OPERATORS = new Map<string, Operator>(Object.entries({ ...PLAIN, ...RESHAPES, ...TRANSPOSITION }));

/** What most other networks need, passes included. */
export const MORE = new OnDemand(async () => {
  const more = await import("../more.ts");
  add(more.OPERATORS);
  return more;
});

/** Families that few networks need, by the names of their operators. What they expand to is of the core, `MORE` or the same family. */
const ON_DEMAND: readonly (readonly [names: string, family: OnDemand<Family>])[] = [
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

const NAMES = new Map(ON_DEMAND.flatMap(([names, family]) => names.split(" ").map((name) => [name, family])));

function add(family: Family): void {
  for (const [name, operator] of Object.entries(family)) OPERATORS.set(name, operator);
}

/** Whether an operator is one of those that plain networks are made of. */
export function isPlain(op: string): boolean {
  return Object.hasOwn(PLAIN, op);
}

/** An operator that is of the core or has been loaded. */
export function findOperator(op: string): Operator | undefined {
  return OPERATORS.get(op);
}

/** Whether lanewise runs an operator of ONNX: of the core or `MORE`, if that has been loaded, or of another family, loaded or not. */
export function isKnownOperator(op: string): boolean {
  return OPERATORS.has(op) || NAMES.has(op);
}

/** Loads those of the named operators that are not of the core, with their families; unknown names are passed over. */
export async function loadOperators(names: Iterable<string>): Promise<void> {
  const further = Array.from(names).filter((name) => !isPlain(name));
  const families = new Set(further.flatMap((name) => NAMES.get(name) ?? []));
  const loading = Array.from(families, (family) => family.load());
  if (further.length > 0) await MORE.load();
  for (const family of await Promise.all(loading)) add(family);
}

/** Every operator of ONNX that lanewise runs, once `MORE` is there. */
export function operatorNames(): string[] {
  return [...new Set([...OPERATORS.keys(), ...NAMES.keys()])].sort();
}
