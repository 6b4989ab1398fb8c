import { type HostTensor, toIntegers } from "../dtype.ts";
import { ArgumentError, expected, UnsupportedError } from "../errors.ts";
import type { Numerics } from "../ops/convolve.ts";
import type { Prepared } from "../ops/prepared.ts";
import { type Attribute, type GraphNode, nodeLabel, type TensorType } from "./graph.ts";

/** What the graph knows about one kind of node. */
export interface Operator {
  /** Types of the outputs. Throws an error of errors.ts where inputs or attributes do not fit. */
  infer(node: NodeView): TensorType[];
  /** Nodes that do the same, for operators that are defined by others; undefined where the node stays as it is. */
  expand?(node: NodeView, names: NameMaker): readonly GraphNode[] | undefined;
  /**
   * Whether the shapes of its outputs follow from values that are not known yet. A run then computes it on the host, and what is behind
   * it is planned for what came out.
   */
  waits?(node: NodeView): boolean;
  /** Its value where that follows from shapes alone, such as Shape's. */
  fold?(node: NodeView): HostTensor[] | undefined;
  /** The kernels that compute it on tensors in wasm memory; undefined for types they do not take. */
  lower?(node: NodeView): Lowered | undefined;
  /**
   * Whether an image of it (0: input 0, 1: a residual, 2: output 0) may be some channels of a wider one. Attribute "steps" of a
   * channels-last node then gives the elements from pixel to pixel of each, 0 where it is dense.
   */
  takesSteps?(node: NodeView, which: number): boolean;
  /**
   * Its value computed on the host, for any element type; `inputs[i]` is undefined where an optional input is not given. Of types that
   * `lower` takes it may be undefined: what kernels alone compute stays in the graph, constant or not.
   */
  evaluate?(node: NodeView, inputs: readonly (HostTensor | undefined)[]): HostTensor[] | undefined;
}

/** Makes the values that an expansion needs. */
export interface NameMaker {
  freshName(stem: string): string;
  addConstant(stem: string, tensor: HostTensor): string;
}

/** How a node runs: as a kernel, or not at all ("alias": its output is its first input under another shape). */
export type Lowered = Kernel | NoWork | "alias";

/** A node that has nothing to do, because its outputs are in memory already. */
export interface NoWork {
  readonly prepared?: undefined;
  /** Bytes in input 0 at which the outputs start that lie in it. */
  readonly views?: readonly number[];
  readonly within?: readonly InPlace[];
}

/** An input of a node that is written where it belongs in output 0, from a byte on. */
export interface InPlace {
  readonly input: number;
  readonly offset: number;
}

export interface Kernel {
  readonly prepared: Prepared;
  /** Which inputs of the node are the kernel's inputs, in its order. */
  readonly inputs: readonly number[];
  /** Inputs of the kernel that its first output may overwrite: same bytes, read no later than written. */
  readonly inPlace?: readonly number[];
  readonly within?: readonly InPlace[];
  /** Which inputs of the node are its weights (filter, bias), in the order of `Packing`; -1 where there is none. */
  readonly weights?: readonly number[];
}

/** A node with what is known of its inputs. */
export class NodeView {
  readonly node: GraphNode;
  readonly #types: ReadonlyMap<string, TensorType>;
  readonly #constants: ReadonlyMap<string, HostTensor>;

  /** What the user allows in the way of fast methods. */
  readonly numerics: Numerics;

  constructor(
    node: GraphNode,
    types: ReadonlyMap<string, TensorType>,
    constants: ReadonlyMap<string, HostTensor>,
    numerics: Numerics = "default",
  ) {
    this.node = node;
    this.#types = types;
    this.#constants = constants;
    this.numerics = numerics;
  }

  /** Opens every message about this node. */
  get where(): string {
    return nodeLabel(this.node);
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? "") !== "";
  }

  /** Type of an input that must be there. */
  input(index: number): TensorType {
    const type = this.optionalInput(index);
    if (!type) throw new ArgumentError(`${this.where}: input ${index} expected a tensor, got none`);
    return type;
  }

  optionalInput(index: number): TensorType | undefined {
    return this.has(index) ? this.#types.get(this.node.inputs[index]) : undefined;
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  /** Value of an input that is known before the run. */
  constant(index: number): HostTensor | undefined {
    return this.has(index) ? this.#constants.get(this.node.inputs[index]) : undefined;
  }

  /** Integers of an input that must be known before the run; undefined if the input is not given. */
  integers(index: number, what: string): number[] | undefined {
    if (!this.has(index)) return undefined;
    const value = this.constant(index);
    if (!value) throw this.needsValue(index, what);
    return toIntegers(value);
  }

  /** An error for an input whose value must be known before the run. */
  needsValue(index: number, what: string): UnsupportedError {
    return this.unsupported(`${what} must be known before the run, but is computed from data`, this.node.inputs[index]);
  }

  attribute(name: string): Attribute | undefined {
    return this.node.attributes[name];
  }

  number(name: string, fallback: number): number {
    const value = this.node.attributes[name] ?? fallback;
    if (typeof value !== "number") throw new ArgumentError(expected(this.where, name, "a number", value));
    return value;
  }

  text(name: string, fallback: string): string {
    const value = this.node.attributes[name] ?? fallback;
    if (typeof value !== "string") throw new ArgumentError(expected(this.where, name, "a string", value));
    return value;
  }

  numbers(name: string): number[] | undefined {
    const value = this.node.attributes[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((v) => typeof v !== "number")) {
      throw new ArgumentError(expected(this.where, name, "a list of numbers", value));
    }
    return [...value] as number[];
  }

  /** An error for something that is valid but not supported here. */
  unsupported(reason: string, needs?: string): UnsupportedError {
    const name = this.node.name || this.node.outputs[0];
    const item = { node: name, operator: this.node.op, reason, ...(needs === undefined ? {} : { needs }) };
    return new UnsupportedError(`${this.where}: ${reason}`, [item]);
  }
}
