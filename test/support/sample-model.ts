/** An ONNX model for tests of reading and writing, not for running. */

import type { AttributeProto, ModelProto } from "../../src/onnx/proto.ts";
import { ATTRIBUTE_TYPE, encodeText } from "../../src/onnx/proto.ts";
import { encodeTensor } from "../../src/onnx/tensor.ts";

export const attribute = (
  name: string,
  type: keyof typeof ATTRIBUTE_TYPE,
  value: Partial<AttributeProto>,
): AttributeProto => ({
  name,
  type: ATTRIBUTE_TYPE[type],
  ...value,
});

export const weights = encodeTensor({ type: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, "w");

/** A model that uses every message and every kind of field. */
export function sampleModel(): ModelProto {
  const inner = { name: "then", node: [], initializer: [weights], input: [], output: [], valueInfo: [] };
  return {
    irVersion: 8,
    producerName: "",
    producerVersion: "1.0",
    modelVersion: -1,
    docString: "ünïcode 🙂 and long enough to be decoded by the platform",
    opsetImport: [
      { domain: "", version: 17 },
      { domain: "com.example", version: 1 },
    ],
    graph: {
      name: "main",
      node: [
        {
          input: ["x", "", "w"],
          output: ["y"],
          name: "first",
          opType: "Conv",
          domain: "",
          attribute: [
            attribute("f", "float", { f: -0.5 }),
            attribute("zero", "int", { i: 0 }),
            attribute("i", "int", { i: -Number.MAX_SAFE_INTEGER }),
            attribute("s", "string", { s: encodeText("SAME_UPPER") }),
            attribute("t", "tensor", { t: weights }),
            attribute("g", "graph", { g: inner }),
            attribute("floats", "floats", { floats: [0, 1.5, Number.POSITIVE_INFINITY] }),
            attribute("ints", "ints", {
              ints: [0, -1, 300, 2 ** 31, -(2 ** 32), 2 ** 52 + 1, Number.MAX_SAFE_INTEGER],
            }),
            attribute("none", "ints", { ints: [] }),
            attribute("strings", "strings", { strings: [encodeText("a"), encodeText("")] }),
            attribute("tensors", "tensors", { tensors: [weights, weights] }),
            attribute("graphs", "graphs", { graphs: [inner] }),
            attribute("sparse", "sparseTensor", { sparseTensor: { values: weights, dims: [4] } }),
          ],
        },
        { input: ["y"], output: ["z"], name: "", opType: "Relu", domain: "com.example", overload: "b", attribute: [] },
      ],
      initializer: [
        { dims: [2], dataType: 1, name: "floats", floatData: Float32Array.of(0.5, -0) },
        { dims: [3], dataType: 6, name: "ints", int32Data: Int32Array.of(0, -1, -(2 ** 31)) },
        {
          dims: [3],
          dataType: 7,
          name: "longs",
          int64Data: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n),
        },
        { dims: [1], dataType: 13, name: "ulongs", uint64Data: BigUint64Array.of(2n ** 64n - 1n) },
        { dims: [], dataType: 11, name: "double", doubleData: Float64Array.of(Math.PI) },
        { dims: [1], dataType: 8, name: "text", stringData: [encodeText("hello")] },
        { dims: [1], dataType: 1, name: "far", dataLocation: 1, externalData: [{ key: "location", value: "w.bin" }] },
        weights,
      ],
      sparseInitializer: [{ values: weights, indices: weights, dims: [5, 5] }],
      input: [
        {
          name: "x",
          docString: "an image",
          type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: "batch" }, { dimValue: 3 }, {}] } } },
        },
        { name: "rankless", type: { tensorType: { elemType: 7 } } },
        { name: "list", type: { sequenceType: Uint8Array.of(10, 0), denotation: "D" } },
      ],
      output: [{ name: "z" }],
      valueInfo: [],
    },
    metadataProps: [{ key: "author", value: "" }],
    functions: [
      {
        name: "Relu",
        domain: "com.example",
        overload: "b",
        input: ["a"],
        output: ["b"],
        attribute: ["alpha"],
        attributeProto: [attribute("beta", "float", { f: 1 })],
        node: [
          {
            input: ["a"],
            output: ["b"],
            name: "",
            opType: "LeakyRelu",
            domain: "",
            attribute: [{ name: "alpha", type: 1, refAttrName: "alpha" }],
          },
        ],
        opsetImport: [{ domain: "", version: 17 }],
        valueInfo: [],
      },
    ],
  };
}
