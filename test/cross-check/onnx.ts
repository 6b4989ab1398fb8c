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

type Attribute = number | string | readonly number[];

/** Every attribute as ONNX has it; a number stands for an integer. */
function attributeOf(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.string, s: encodeText(value) };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

/** The bytes of a model with one node, whose operands are the inputs of the model. */
export function oneNode(
  opType: string,
  operands: readonly Values[],
  attributes: Record<string, Attribute>,
): Uint8Array {
  const input = operands.map((_, i) => `x${i}`);
  const float = (shape: readonly number[]) => ({
    tensorType: { elemType: 1, shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  });
  return writeModel({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 19 }],
    graph: {
      name: opType,
      node: [
        {
          ...{ input, output: ["y"], name: "node", opType, domain: "" },
          attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
        },
      ],
      initializer: [],
      input: operands.map(({ shape }, i) => ({ name: input[i], type: float(shape) })),
      output: [{ name: "y", type: { tensorType: { elemType: 1 } } }],
      valueInfo: [],
    },
    functions: [],
  });
}

/** What onnxruntime-web makes of a model. */
export async function byOnnxRuntime(model: Uint8Array, operands: readonly Values[]): Promise<Values> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const feeds = operands.map(({ shape, data }, i) => [`x${i}`, new ort.Tensor("float32", data, shape)] as const);
  const { y } = await session.run(Object.fromEntries(feeds));
  const result = { shape: y.dims, data: y.data as Float32Array };
  await session.release();
  return result;
}

/** What a lanewise model makes of it. */
export async function byModel(bytes: Uint8Array, operands: readonly Values[]): Promise<Values> {
  const model = await loadModel(bytes, { wasm: KERNELS, numerics: "direct" });
  const { y } = await model.run(Object.fromEntries(operands.map((each, i) => [`x${i}`, each])));
  model.dispose();
  return { shape: y.shape, data: y.data as Float32Array };
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
