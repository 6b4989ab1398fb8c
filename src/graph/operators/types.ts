import type { DataType, HostTensor } from "../../dtype.ts";
import { ArgumentError, expected } from "../../errors.ts";
import { toFloat32 } from "../../half.ts";
import { prepareConverted, rounded } from "../../ops/convert.ts";
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
export const INTEGERS: TypeSet = {
  wanted: "a tensor of integers",
  types: new Set([...SIGNED_TYPES, ...UNSIGNED_TYPES]),
};
export const SIGNED: TypeSet = {
  wanted: "a tensor of signed numbers",
  types: new Set([...FLOAT_TYPES, ...SIGNED_TYPES]),
};
export const NUMBERS: TypeSet = {
  wanted: "a tensor of numbers",
  types: new Set([...FLOAT_TYPES, ...SIGNED_TYPES, ...UNSIGNED_TYPES]),
};
export const BOOLEANS: TypeSet = { wanted: "a tensor of bool", types: new Set(["bool"]) };
export const ANY: TypeSet = { wanted: "a tensor", types: new Set([...NUMBERS.types, "bool"]) };

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

export function isFloat(type: DataType): boolean {
  return FLOATS.types.has(type);
}

export function isHalf(type: DataType): boolean {
  return type === "float16" || type === "bfloat16";
}

export function isBig(type: DataType): boolean {
  return type === "int64" || type === "uint64";
}

/** Whether `floatKernel` can run a node on such an input. */
export function isKernelFloat(type: DataType): boolean {
  return type === "float32" || isHalf(type);
}

/**
 * A kernel for inputs of float32, or of 16-bit floats, which are widened before and rounded after. `outputs` are the types of the
 * results in that case, undefined where the kernel writes something else than float32; without it there is one, of input 0's type.
 */
export function floatKernel(
  node: NodeView,
  inputs: readonly number[],
  prepare: () => Prepared,
  outputs?: readonly (DataType | undefined)[],
): Kernel | undefined {
  const types = inputs.map((i) => node.input(i));
  if (types.every(({ type }) => type === "float32")) return { prepared: prepare(), inputs };
  if (!types.every(({ type }) => isKernelFloat(type))) return undefined;
  const prepared = prepare();
  const results = (outputs ?? [types[0].type]).map(
    (type, i) => type && { type, shape: prepared.outputShapes[i] ?? types[0].shape },
  );
  return { prepared: prepareConverted(prepared, types, results), inputs };
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

/** Lets a host computation on numbers take 16-bit floats: they are widened, and its float32 results rounded to the first one's type. */
export function onHalves(
  inputs: readonly (HostTensor | undefined)[],
  compute: (inputs: readonly HostTensor[]) => HostTensor[],
): HostTensor[] {
  const half = inputs.find((x) => x && isHalf(x.type))?.type;
  if (!half) return compute(inputs as readonly HostTensor[]);
  const wide = inputs.map((x) => x && (isHalf(x.type) ? widened(x) : x));
  return compute(wide as readonly HostTensor[]).map((y) =>
    y.type === "float32" ? rounded(y.data as Float32Array<ArrayBuffer>, { type: half, shape: y.shape }) : y,
  );
}

function widened(x: HostTensor): HostTensor {
  return { type: "float32", shape: x.shape, data: toFloat32(x) };
}

/** Rounds a double to the precision of `type`. */
export function roundingOf(type: DataType): (value: number) => number {
  return type === "float32" ? Math.fround : (value) => value;
}

// Math.max and Math.min do not take 64-bit integers.
export const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
