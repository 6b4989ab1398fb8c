import type { Draft } from "../draft.ts";
import type { Attribute, GraphNode } from "../graph.ts";
import { findOperator } from "../operators/index.ts";
import { scalarOf } from "./constants.ts";

/** A function with a name, of the value `x`. */
interface Found {
  readonly op: string;
  readonly x: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A value as a constant times other values. */
interface Product {
  readonly constant: number;
  readonly terms: readonly string[];
}

/**
 * Recognises functions that a graph spells out: SiLU, hard sigmoid and hard swish, GELU in both forms, mish, sums of two, PRelu with one
 * slope for all (which convolutions can apply as LeakyRelu). The pieces, if nobody else reads them, are left for the dropping of dead nodes.
 */
export function recogniseFunctions(draft: Draft): number {
  const matcher = new Matcher(draft);
  let found = 0;
  draft.nodes = draft.nodes.map((node) => {
    if (node.op === "Sum" && node.inputs.length === 2) {
      found++;
      return { ...node, op: "Add" };
    }
    const alpha = node.op === "PRelu" ? scalarOf(draft, node.inputs[1]) : undefined;
    if (alpha !== undefined) {
      found++;
      return { ...node, op: "LeakyRelu", inputs: [node.inputs[0]], attributes: { alpha } };
    }
    if (node.op !== "Mul" && node.op !== "Div") return node;
    const match = matcher.find(node);
    if (!match || !findOperator(match.op)) return node;
    found++;
    return { ...node, op: match.op, inputs: [match.x], attributes: match.attributes ?? {} };
  });
  return found;
}

class Matcher {
  readonly #draft: Draft;
  readonly #producers: ReadonlyMap<string, GraphNode>;
  readonly #uses: ReadonlyMap<string, number>;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#producers = draft.producers();
    this.#uses = draft.useCounts();
  }

  find(node: GraphNode): Found | undefined {
    if (this.#draft.types.get(node.outputs[0])?.type !== "float32") return undefined;
    const { constant, terms } = this.#factors(node);
    const isConstant = (wanted: number) => isNear(constant, wanted);
    if (terms.length === 1) {
      const x = isConstant(1 / 6) ? this.#raisedAndClipped(terms[0]) : undefined;
      return x ? { op: "HardSigmoid", x, attributes: { alpha: 1 / 6, beta: 0.5 } } : undefined;
    }
    if (terms.length !== 2) return undefined;
    for (const [x, gate] of [terms, terms.toReversed()]) {
      if (!this.#keepsShape(node, x)) continue;
      if (isConstant(1)) {
        const found = this.#sigmoid(x, gate) ?? this.#hardSigmoid(x, gate) ?? this.#mish(x, gate);
        if (found) return found;
      } else if (isConstant(1 / 6) && this.#raisedAndClipped(gate) === x) return { op: "HardSwish", x };
      else if (isConstant(0.5)) {
        const found = this.#gelu(x, gate);
        if (found) return found;
      }
    }
    return undefined;
  }

  #sigmoid(x: string, gate: string): Found | undefined {
    const sigmoid = this.#made(gate, "Sigmoid");
    const inner = sigmoid && this.#product(sigmoid.inputs[0]);
    return inner?.terms.join() === x ? { op: "Swish", x, attributes: { alpha: inner.constant } } : undefined;
  }

  /** HardSwish is defined with the hard sigmoid of slope 1/6 and offset 1/2 only. */
  #hardSigmoid(x: string, gate: string): Found | undefined {
    const { inputs, attributes } = this.#made(gate, "HardSigmoid") ?? { inputs: [], attributes: {} };
    const { alpha = 0.2, beta = 0.5 } = attributes as { alpha?: number; beta?: number };
    return inputs[0] === x && isNear(alpha, 1 / 6) && isNear(beta, 0.5) ? { op: "HardSwish", x } : undefined;
  }

  #mish(x: string, gate: string): Found | undefined {
    const tanh = this.#made(gate, "Tanh");
    return tanh && this.#made(tanh.inputs[0], "Softplus")?.inputs[0] === x ? { op: "Mish", x } : undefined;
  }

  /** x with the gate 1 + erf(x / sqrt 2), or 1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)). */
  #gelu(x: string, gate: string): Found | undefined {
    const sum = this.#plusConstant(gate, 1);
    const erf = sum && this.#made(sum, "Erf");
    if (erf) {
      const { constant, terms } = this.#product(erf.inputs[0]);
      return terms.join() === x && isNear(constant, Math.SQRT1_2) ? { op: "Gelu", x } : undefined;
    }
    const tanh = sum && this.#made(sum, "Tanh");
    const inner = tanh && this.#product(tanh.inputs[0]);
    if (!inner || !isNear(inner.constant, Math.sqrt(2 / Math.PI))) return undefined;
    const isCubic = inner.terms.some((term, i) => {
      const others = inner.terms.filter((_, j) => j !== i);
      if (others.length === 0) return this.#isSum(term, x, (part) => this.#isPower(part, x, 3));
      const square = others.join() === x ? this.#plusConstant(term, 1) : undefined;
      return square !== undefined && this.#isPower(square, x, 2);
    });
    return isCubic ? { op: "Gelu", x, attributes: { approximate: "tanh" } } : undefined;
  }

  /** Whether a value is 0.044715 x^power. */
  #isPower(value: string, x: string, power: number): boolean {
    const { constant, terms } = this.#product(value);
    const degree = terms.reduce((sum, term) => {
      const pow = this.#made(term, "Pow");
      if (term === x) return sum + 1;
      return pow?.inputs[0] === x ? sum + (scalarOf(this.#draft, pow.inputs[1]) ?? Number.NaN) : Number.NaN;
    }, 0);
    return degree === power && isNear(constant, 0.044715);
  }

  #isSum(value: string, x: string, matches: (other: string) => boolean): boolean {
    const [a, b] = this.#made(value, "Add")?.inputs ?? [];
    return (a === x && matches(b)) || (b === x && matches(a));
  }

  /** The x of clip(x + 3, 0, 6). */
  #raisedAndClipped(value: string): string | undefined {
    const clip = this.#made(value, "Clip");
    if (!clip || scalarOf(this.#draft, clip.inputs[1]) !== 0 || scalarOf(this.#draft, clip.inputs[2]) !== 6)
      return undefined;
    return this.#plusConstant(clip.inputs[0], 3);
  }

  /** The other operand of a value that is made by adding a constant. */
  #plusConstant(value: string, constant: number): string | undefined {
    const [a, b] = this.#made(value, "Add")?.inputs ?? [];
    if (scalarOf(this.#draft, a) === constant) return b;
    return scalarOf(this.#draft, b) === constant ? a : undefined;
  }

  #made(value: string, op: string): GraphNode | undefined {
    const producer = this.#producers.get(value);
    return producer?.op === op ? producer : undefined;
  }

  /** A value taken apart, if it is a product that nobody else reads. */
  #product(value: string): Product {
    const producer = this.#producers.get(value);
    const isProduct = producer && (producer.op === "Mul" || producer.op === "Div") && this.#uses.get(value) === 1;
    return isProduct ? this.#factors(producer) : { constant: 1, terms: [value] };
  }

  #factors({ op, inputs: [a, b] }: GraphNode): Product {
    const [left, right] = [scalarOf(this.#draft, a), scalarOf(this.#draft, b)];
    if (op === "Div") {
      if (right === undefined) return { constant: 1, terms: ["", ""] }; // a quotient of values is no product
      const { constant, terms } = this.#product(a);
      return { constant: constant / right, terms };
    }
    const [p, q] = [left, right].map((value, i) =>
      value === undefined ? this.#product([a, b][i]) : { constant: value, terms: [] },
    );
    return { constant: p.constant * q.constant, terms: [...p.terms, ...q.terms] };
  }

  #keepsShape({ outputs }: GraphNode, x: string): boolean {
    const [from, to] = [x, outputs[0]].map((name) => this.#draft.types.get(name)?.shape.join());
    return from === to;
  }
}

/** Equal up to what rounding to float32, and constants written with few digits, leave. */
function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-5 * Math.abs(b);
}
