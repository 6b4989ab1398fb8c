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

export type Family = Readonly<Record<string, Operator>>;

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

/** For operators of the core in forms that few networks have: volumes, training, norms of any order. */
export const RARE_FORMS = new OnDemand(() => import("./rare-forms.ts"));

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

/** Whether lanewise runs an operator: of the core or `MORE`, or of a rare family, loaded or not. `MORE` must be there, but for plain ones. */
export function isKnownOperator(op: string): boolean {
  return OPERATORS.has(op) || (MORE.available?.RARE.has(op) ?? false);
}

/** Loads those of the named operators that are not of the core, with their families; unknown names are passed over. */
export async function loadOperators(names: Iterable<string>): Promise<void> {
  const further = Array.from(names).filter((name) => !isPlain(name));
  if (further.length === 0) return;
  const { RARE } = await MORE.load();
  const families = new Set(further.flatMap((name) => RARE.get(name) ?? []));
  for (const family of await Promise.all(Array.from(families, (each) => each.load()))) add(family);
}

/** Every operator of ONNX that lanewise runs, once `MORE` is there. */
export function operatorNames(): string[] {
  return [...new Set([...OPERATORS.keys(), ...(MORE.available?.RARE.keys() ?? [])])].sort();
}
