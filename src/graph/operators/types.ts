import type { DataType } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import type { Prepared } from "../../ops/prepared.ts";
import { sameShape } from "../../shape.ts";
import type { TensorType } from "../graph.ts";
import type { Kernel, NodeView } from "../operator.ts";

/** A set of element types, in the words of a message. */
export interface TypeSet {
  readonly wanted: string;
  readonly types: ReadonlySet<DataType>;
}

const FLOAT_TYPES = ["float32", "float64", "float16", "bfloat16"] as const;
const SIGNED_TYPES = ["int8", "int16", "int32", "int64"] as const;
const UNSIGNED_TYPES = ["uint8", "uint16", "uint32", "uint64"] as const;

export const FLOATS: TypeSet = { wanted: "a tensor of floats", types: new Set(FLOAT_TYPES) };
export const SIGNED: TypeSet = {
  wanted: "a tensor of signed numbers",
  types: new Set([...FLOAT_TYPES, ...SIGNED_TYPES]),
};
export const NUMBERS: TypeSet = {
  wanted: "a tensor of numbers",
  types: new Set([...FLOAT_TYPES, ...SIGNED_TYPES, ...UNSIGNED_TYPES]),
};

/** The type of an input, if its elements are of one of these types. */
export function typedInput(node: NodeView, index: number, { wanted, types }: TypeSet): TensorType {
  const input = node.input(index);
  if (types.has(input.type)) return input;
  throw new ArgumentError(expected(node.where, `input ${index}`, wanted, input.type));
}

/** The types of inputs that must have the same element type, one of these; absent optional ones are left out. */
export function sameTyped(node: NodeView, set: TypeSet, indices: readonly number[]): TensorType[] {
  const inputs = indices.filter((i) => i === indices[0] || node.has(i)).map((i) => typedInput(node, i, set));
  const other = inputs.find(({ type }) => type !== inputs[0].type);
  if (other)
    throw new ArgumentError(
      expected(
        node.where,
        "inputs",
        "the same element type",
        inputs.map((i) => i.type),
      ),
    );
  return inputs;
}

/** A kernel for inputs of float32. */
export function floatKernel(node: NodeView, inputs: readonly number[], prepare: () => Prepared): Kernel | undefined {
  return inputs.every((i) => node.input(i).type === "float32") ? { prepared: prepare(), inputs } : undefined;
}

/**
 * Lets the output of a kernel that reads each element of its first two inputs no later than it writes the same place take over their
 * memory, where they are float32 of its shape.
 */
export function overwriting(node: NodeView, kernel: Kernel | undefined): Kernel | undefined {
  if (!kernel) return undefined;
  const [result] = kernel.prepared.outputShapes;
  const fits = (input: number) => {
    const { type, shape } = node.input(input);
    return type === "float32" && sameShape(shape, result);
  };
  return { ...kernel, inPlace: [0, 1].filter((i) => i < kernel.inputs.length && fits(kernel.inputs[i])) };
}
