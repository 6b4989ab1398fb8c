// One-node ONNX models, run by onnxruntime-web, by lanewise, and by the oracle.

import * as ort from "onnxruntime-web/wasm";
import { loadModel } from "../../src/onnx/load.ts";
import { ATTRIBUTE_TYPE, type AttributeProto, encodeText } from "../../src/onnx/proto.ts";
import { writeModel } from "../../src/onnx/write.ts";
import type { Reference } from "../reference.ts";
import { compileBuild } from "../support/builds.ts";
import { expectClose } from "../support/tolerance.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

const KERNELS = compileBuild("release");

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** ONNX's numbers of the element types. */
const ELEMENT = { float32: 1, int64: 7, bool: 9 } as const;

/** An input of a model: floats if it does not say otherwise. */
export interface Input {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array<ArrayBuffer> | Uint8Array;
  readonly type?: keyof typeof ELEMENT;
}

export function integers(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { type: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** Every attribute as ONNX has it; a number stands for an integer. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

function attributeOf(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(value) };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

/**
 * The bytes of a model with one node, whose operands are the inputs of the model (in the order of `names`, "" for one that it lacks), and
 * which has an output of each of these types.
 */
export function oneNode(
  opType: string,
  operands: readonly Input[],
  attributes: Readonly<Record<string, Attribute>>,
  outputs: readonly (keyof typeof ELEMENT)[] = ["float32"],
  names?: readonly string[],
): Uint8Array {
  const input = operands.map((_, i) => `x${i}`);
  const output = outputs.map((_, i) => `y${i}`);
  const typed = (elemType: number, shape: readonly number[]) => ({
    tensorType: { elemType, shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  });
  return writeModel({
    irVersion: 9,
    opsetImport: [{ domain: "", version: 20 }],
    graph: {
      name: opType,
      node: [
        {
          ...{ input: [...(names ?? input)], output, name: "node", opType, domain: "" },
          attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
        },
      ],
      initializer: [],
      input: operands.map(({ shape, type = "float32" }, i) => ({ name: input[i], type: typed(ELEMENT[type], shape) })),
      output: outputs.map((type, i) => ({ name: output[i], type: { tensorType: { elemType: ELEMENT[type] } } })),
      valueInfo: [],
    },
    functions: [],
  });
}

/** Of every type as floats. */
function asFloats(data: ArrayLike<number | bigint>): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from<number | bigint>(data, Number);
}

/** All that onnxruntime-web makes of a model. */
export async function allByOnnxRuntime(model: Uint8Array, operands: readonly Input[]): Promise<Values[]> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const feeds = operands.map(({ shape, data, type = "float32" }, i) => {
    return [`x${i}`, new ort.Tensor(type as "float32", data as Float32Array, shape)] as const;
  });
  const found = await session.run(Object.fromEntries(feeds));
  const results = session.outputNames.map((name) => ({
    shape: found[name].dims,
    data: asFloats(found[name].data as Float32Array),
  }));
  await session.release();
  return results;
}

/** All that a lanewise model makes of it. */
export async function allByModel(bytes: Uint8Array, operands: readonly Input[]): Promise<Values[]> {
  const model = await loadModel(bytes, { wasm: KERNELS, numerics: "direct" });
  const feeds = operands.map(({ shape, data }, i) => [`x${i}`, { shape, data }] as const);
  const found = await model.run(Object.fromEntries(feeds));
  const results = model.outputs.map(({ name }) => ({ shape: found[name].shape, data: asFloats(found[name].data) }));
  model.dispose();
  return results;
}

/** The first output of each. */
export async function byOnnxRuntime(model: Uint8Array, operands: readonly Input[]): Promise<Values> {
  return (await allByOnnxRuntime(model, operands))[0];
}

export async function byModel(model: Uint8Array, operands: readonly Input[]): Promise<Values> {
  return (await allByModel(model, operands))[0];
}

/** So many draws, times the number in the environment variable LANEWISE_DRAWS (default 1). */
export function draws(count: number): number {
  return Math.ceil(count * Number(process.env["LANEWISE_DRAWS"] ?? 1));
}

/** Holds results against the oracle: each has its shape and is within the bound of the tolerance rule. */
export function agree(what: unknown, want: Reference, results: Readonly<Record<string, Values>>, terms?: number): void {
  for (const [who, { shape, data }] of Object.entries(results)) {
    try {
      if (shape.join() !== want.shape.join()) throw new Error(`shape [${shape}], want [${want.shape}]`);
      expectClose(data, want, terms);
    } catch (error) {
      throw new Error(`${who}: ${JSON.stringify(what)}: ${(error as Error).message}`);
    }
  }
}
