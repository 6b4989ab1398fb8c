import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { PbfWriter } from "pbf";
import { describe, expect, it } from "vitest";
import { MalformedModelError, UnsupportedError } from "../src/errors.ts";
import { explain } from "../src/onnx/not-onnx.ts";
import type { TensorProto } from "../src/onnx/proto.ts";
import {
  ATTRIBUTE_TYPE,
  attributeValue,
  declaredShape,
  encodeText,
  kindOf,
  readModel,
  readTensorProto,
} from "../src/onnx/proto.ts";
import { decodeTensor } from "../src/onnx/tensor.ts";
import { writeModel, writeTensorProto } from "../src/onnx/write.ts";
import { describeShared, filesBelow, readBytes, shared } from "./support/fixtures.ts";
import { attribute, sampleModel, weights } from "./support/sample-model.ts";

const INT64_MAX = Number.MAX_SAFE_INTEGER;

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedModelError);
    return (error as Error).message;
  }
  return "no error";
};

function readOrExplain(bytes: Uint8Array): unknown {
  try {
    return readModel(bytes);
  } catch (error) {
    throw explain(bytes, error);
  }
}

/** The bytes of a model whose graph has one node with one attribute written by `write`. */
function modelWithAttribute(write: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 7);
  pbf.writeMessage(
    7,
    (_, graph) => graph.writeMessage(1, (_, node) => node.writeMessage(5, (_, a) => write(a), 0), 0),
    0,
  );
  return pbf.finish().slice();
}

describe("writeModel and readModel", () => {
  it("give a model back that uses every field", () => {
    expect(readModel(writeModel(sampleModel()))).toEqual(sampleModel());
  });

  it("read bytes in the middle of a buffer, raw data as a view on them", () => {
    const bytes = writeModel(sampleModel());
    const buffer = new Uint8Array(bytes.length + 20);
    buffer.set(bytes, 7);
    const model = readModel(buffer.subarray(7, 7 + bytes.length));
    expect(model).toEqual(sampleModel());
    expect(model.graph.initializer[7].rawData!.buffer).toBe(buffer.buffer);
  });

  it("refuse numbers that a field cannot hold", () => {
    const model = sampleModel();
    model.graph.node[0].attribute[1].i = 1.5;
    expect(() => writeModel(model)).toThrow("writeModel: i expected an integer, got 1.5");
  });

  it("give any attribute of integers back", () => {
    const integer = fc.maxSafeInteger();
    fc.assert(
      fc.property(fc.array(integer), integer, (ints, i) => {
        const model = sampleModel();
        model.graph.node[1].attribute = [attribute("a", "ints", { ints }), attribute("b", "int", { i })];
        expect(readModel(writeModel(model)).graph.node[1].attribute).toEqual(model.graph.node[1].attribute);
      }),
    );
  });

  it("give any 64-bit integers of a tensor back", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 }), (list) => {
        const tensor: TensorProto = { dims: [list.length], dataType: 7, name: "", int64Data: BigInt64Array.from(list) };
        expect(readTensorProto(writeTensorProto(tensor))).toEqual(tensor);
      }),
    );
  });
});

describe("readModel", () => {
  it("clamps INT64_MAX and INT64_MIN to safe integers", () => {
    const INT64_MAX_BYTES = [...new Array(8).fill(0xff), 0x7f];
    const INT64_MIN_BYTES = [...new Array(9).fill(0x80), 0x01];
    const bytes = modelWithAttribute((pbf) => {
      pbf.writeBytesField(8, Uint8Array.from([...INT64_MAX_BYTES, ...INT64_MIN_BYTES]));
    });
    expect(readModel(bytes).graph.node[0].attribute[0].ints).toEqual([INT64_MAX, -INT64_MAX]);
  });

  it("reads packed and unpacked lists alike, mixed too", () => {
    const bytes = modelWithAttribute((pbf) => {
      pbf.writeVarintField(8, 1);
      pbf.writePackedVarint(8, [-2, 3]);
      pbf.writeVarintField(8, 4);
      pbf.writeFloatField(7, 0.5);
      pbf.writePackedFloat(7, [1.5]);
    });
    const [{ ints, floats }] = readModel(bytes).graph.node[0].attribute;
    expect(ints).toEqual([1, -2, 3, 4]);
    expect(floats).toEqual([0.5, 1.5]);
  });

  it("finds the type of attributes of files that give none", () => {
    const bytes = modelWithAttribute((pbf) => pbf.writeBytesField(4, encodeText("VALID")));
    const [read] = readModel(bytes).graph.node[0].attribute;
    expect(read.type).toBe(ATTRIBUTE_TYPE.string);
    expect(attributeValue(read)).toBe("VALID");
  });

  it("gives default values to attributes that a file leaves out", () => {
    const bytes = modelWithAttribute((pbf) => pbf.writeVarintField(20, ATTRIBUTE_TYPE.int));
    expect(attributeValue(readModel(bytes).graph.node[0].attribute[0])).toBe(0);
  });

  it("skips fields it does not know", () => {
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, 7);
    pbf.writeVarintField(99, 2 ** 40);
    pbf.writeStringField(1000, "later");
    pbf.writeFixed32Field(101, 1);
    pbf.writeFixed64Field(102, 1);
    pbf.writeMessage(7, (_, graph) => graph.writeStringField(2, "g"), 0);
    expect(readModel(pbf.finish()).graph.name).toBe("g");
  });

  it("joins a graph that comes in pieces", () => {
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, 7);
    pbf.writeMessage(7, (_, graph) => graph.writeStringField(2, "g"), 0);
    pbf.writeMessage(7, (_, graph) => graph.writeMessage(1, (_, node) => node.writeStringField(4, "Relu"), 0), 0);
    const { graph } = readModel(pbf.finish());
    expect([graph.name, graph.node[0].opType]).toEqual(["g", "Relu"]);
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "no bytes"],
    ["a PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13), "a PNG image"],
    ["text", encodeText("Not Found, sorry"), 'text that starts with "Not Found, sorry"'],
    ["HTML", encodeText("<!doctype html><html>"), 'text that starts with "<!doctype html><html>"'],
    [
      "a Git LFS pointer",
      encodeText("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
      "a Git LFS pointer instead of the file it points to",
    ],
    ["zeros", new Uint8Array(100), "100 bytes that start with 00 00 00 00 00 00 00 00"],
    ["one byte", Uint8Array.of(0x80), "1 byte that starts with 80"],
    ["an IR version alone", Uint8Array.of(8, 7), "2 bytes without a graph"],
    ["a graph alone", Uint8Array.of(0x3a, 0), "a graph without ir_version and opset_import"],
  ])("refuses %s", (_, bytes, got) => {
    expect(message(() => readOrExplain(bytes))).toBe(`model: expected an ONNX file, got ${got}`);
  });

  it("refuses a tensor file", () => {
    expect(message(() => readModel(writeTensorProto(weights)))).toBe(
      "model: producer_name expected wire type 2 at byte 4, got 0",
    );
  });

  it("names the innermost field of a file cut short", () => {
    const bytes = writeModel(sampleModel());
    const at = new TextDecoder("latin1").decode(bytes).indexOf("SAME_UPPER");
    expect(message(() => readModel(bytes.subarray(0, at + 4)))).toBe(
      `model: graph.node[0].attribute[3].s expected 6 more bytes at byte ${at + 4}, got end of file`,
    );
  });

  it("counts the bytes that are missing at every place where a file can be cut", () => {
    const bytes = writeModel(sampleModel());
    let models = 0;
    for (let length = 0; length < bytes.length; length++) {
      const got = message(() => readModel(bytes.subarray(0, length)));
      const cut = new RegExp(`^model: [a-z_.[\\]0-9]+ expected \\d+ more bytes? at byte ${length}, got end of file$`);
      const early = /^model: expected an ONNX file, got (no bytes|1 byte|\d+ bytes without a graph)$/;
      const between = got === "no error" || got.startsWith("model: next field expected 1 more byte at");
      expect(between || [cut, early].some((pattern) => pattern.test(got)), `cut at ${length}: ${got}`).toBe(true);
      if (got === "no error") models++;
    }
    expect(models).toBe(4); // cut after the graph, either operator set, or the metadata
  });

  it("names the message that a length inside it oversteps", () => {
    const bytes = modelWithAttribute((pbf) => {
      pbf.writeTag(4, 2);
      pbf.writeVarint(50);
    });
    const longer = new Uint8Array(bytes.length + 60);
    longer.set(bytes);
    expect(message(() => readModel(longer))).toBe(
      `model: graph.node[0].attribute[0].s expected 50 more bytes at byte ${bytes.length}, got end of graph`,
    );
  });

  it("refuses numbers that do not end", () => {
    const bytes = modelWithAttribute((pbf) => {
      pbf.writeTag(3, 0);
      for (let i = 0; i < 11; i++) pbf.writeVarint(0x7f);
      pbf.buf.fill(0xff, pbf.pos - 11, pbf.pos);
    });
    expect(message(() => readModel(bytes))).toBe(
      "model: graph.node[0].attribute[0].i expected a number of at most 10 bytes at byte 9, got a longer one",
    );
  });

  it("refuses graphs within graphs without end, quickly", () => {
    let bytes: Uint8Array = Uint8Array.of(8, 1);
    for (let depth = 0; depth < 400; depth++) {
      const pbf = new PbfWriter();
      pbf.writeBytesField([1, 6, 5][depth % 3], bytes);
      bytes = pbf.finish();
    }
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, 7);
    pbf.writeBytesField(7, bytes);
    expect(message(() => readModel(pbf.finish()))).toContain(
      "expected at most 100 messages within each other, got more",
    );
  });

  it("reads shapes with names and unknown extents", () => {
    const [x, rankless, list] = readModel(writeModel(sampleModel())).graph.input;
    expect(declaredShape(x)).toEqual(["batch", 3, undefined]);
    expect(declaredShape(rankless)).toBeUndefined();
    expect([kindOf(x.type), kindOf(list.type), kindOf(undefined)]).toEqual(["tensor", "sequence", "unknown"]);
  });
});

describe("bytes gone bad", () => {
  const path = shared("models/mnist-8/model.onnx");
  const files: [string, Uint8Array][] = [["the sample model", writeModel(sampleModel())]];
  if (path) files.push(["mnist-8", readBytes(path)]);

  /** Reads and decodes all; false if refused in the one allowed way. */
  function readsOrRefuses(bytes: Uint8Array): boolean {
    try {
      const { graph } = readModel(bytes);
      for (const tensor of graph.initializer) decodes(tensor);
      return true;
    } catch (error) {
      if (error instanceof MalformedModelError) return false;
      throw error;
    }
  }

  function decodes(tensor: TensorProto): void {
    try {
      const locations = tensor.externalData?.map(({ value }) => [value, new Uint8Array(4)] as const) ?? [];
      decodeTensor(tensor, { externalData: Object.fromEntries(locations) });
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
    }
  }

  describe.each(files)("%s", (_, bytes) => {
    const place = fc.nat(bytes.length - 1);

    it("refuses it cut short, or reads it", () => {
      fc.assert(
        fc.property(place, (length) => {
          readsOrRefuses(bytes.subarray(0, length));
        }),
      );
    });

    it("refuses it with bytes changed, or reads it", () => {
      const change = fc.tuple(fc.oneof(place, fc.nat(400)), fc.nat(255));
      let refused = 0;
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
          const changed = bytes.slice();
          for (const [at, value] of changes) changed[at % bytes.length] = value;
          if (!readsOrRefuses(changed)) refused++;
        }),
        { numRuns: 1000 },
      );
      expect(refused).toBeGreaterThan(0);
    });
  });

  it("refuses or reads random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readsOrRefuses(Uint8Array.of(8, 7, 0x3a, ...bytes));
      }),
      { numRuns: 2000 },
    );
  });
});

for (const folder of ["conformance", "models"]) {
  describeShared(`files of ${folder}`, folder, (absolute) => {
    const models = filesBelow(absolute, "model.onnx");
    // Two of the cases hold an optional value, which is no TensorProto.
    const tensors = filesBelow(absolute, ".pb").filter((path) => !path.includes(join("test_identity_opt", "")));

    it("holds models and tensors", () => {
      expect(models.length).toBeGreaterThan(5);
      expect(tensors.length).toBeGreaterThan(5);
    });

    it("reads every model, and writing gives it back", { timeout: 120_000 }, () => {
      for (const path of models) {
        const model = readModel(readBytes(path));
        expect(isDeepStrictEqual(readModel(writeModel(model)), model), path).toBe(true);
        for (const initializer of model.graph.initializer) decodesOrNamesType(initializer, path);
        for (const { attribute: attributes } of model.graph.node) {
          for (const { t, type, refAttrName } of attributes) {
            expect(type !== 0 || refAttrName, path).toBeTruthy();
            if (t) decodesOrNamesType(t, path);
          }
        }
      }
    });

    it("reads every tensor", () => {
      for (const path of tensors) decodesOrNamesType(readTensorProto(readBytes(path)), path);
    });
  });
}

function decodesOrNamesType(proto: TensorProto, path: string): void {
  try {
    expect(decodeTensor(proto).shape, path).toEqual(proto.dims);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw new Error(path, { cause: error });
  }
}
