import { PbfWriter } from "pbf";
import { describe, expect, it } from "vitest";
import type { DataType, TypedArray } from "../src/dtype.ts";
import { MalformedModelError, UnsupportedError } from "../src/errors.ts";
import type { TensorProto } from "../src/onnx/proto.ts";
import { readTensorProto } from "../src/onnx/proto.ts";
import { codeOf, dataTypeOf, decodeTensor, encodeTensor, nameOfCode } from "../src/onnx/tensor.ts";

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedModelError);
    return (error as Error).message;
  }
  return "no error";
};

/** A TensorProto written field by field, and read back. */
function tensorBy(write: (pbf: PbfWriter) => void): TensorProto {
  const pbf = new PbfWriter();
  write(pbf);
  return readTensorProto(pbf.finish());
}

describe("decodeTensor", () => {
  const tensor = (rest: Partial<TensorProto>): TensorProto => ({ dims: [2], dataType: 1, name: "w", ...rest });

  it.each<[DataType, Partial<TensorProto>, TypedArray]>([
    ["float32", { floatData: Float32Array.of(1, -2) }, Float32Array.of(1, -2)],
    ["float64", { doubleData: Float64Array.of(1, -2) }, Float64Array.of(1, -2)],
    ["int8", { int32Data: Int32Array.of(-128, 127) }, Int8Array.of(-128, 127)],
    ["uint8", { int32Data: Int32Array.of(255, 1) }, Uint8Array.of(255, 1)],
    ["int16", { int32Data: Int32Array.of(-32768, 1) }, Int16Array.of(-32768, 1)],
    ["uint16", { int32Data: Int32Array.of(65535, 1) }, Uint16Array.of(65535, 1)],
    ["int32", { int32Data: Int32Array.of(-(2 ** 31), 1) }, Int32Array.of(-(2 ** 31), 1)],
    ["bool", { int32Data: Int32Array.of(256, 0) }, Uint8Array.of(1, 0)],
    ["float16", { int32Data: Int32Array.of(0x3c00, 0xfc00) }, Uint16Array.of(0x3c00, 0xfc00)],
    ["bfloat16", { int32Data: Int32Array.of(0x3f80, 0xff80) }, Uint16Array.of(0x3f80, 0xff80)],
    ["int64", { int64Data: BigInt64Array.of(-1n, 2n ** 60n) }, BigInt64Array.of(-1n, 2n ** 60n)],
    ["uint64", { uint64Data: BigUint64Array.of(1n, 2n ** 63n) }, BigUint64Array.of(1n, 2n ** 63n)],
    ["uint32", { uint64Data: BigUint64Array.of(1n, 2n ** 32n - 1n) }, Uint32Array.of(1, 2 ** 32 - 1)],
  ])("reads %s from its list, and from raw data at any alignment", (type, list, data) => {
    const dataType = codeOf(type);
    expect(dataTypeOf(dataType)).toBe(type);
    expect(decodeTensor(tensor({ dataType, ...list }))).toEqual({ type, shape: [2], data });
    const encoded = encodeTensor({ type, shape: [2], data }, "w");
    for (let shift = 0; shift < 8; shift++) {
      const buffer = new Uint8Array(32);
      buffer.set(encoded.rawData!, shift);
      const rawData = buffer.subarray(shift, shift + data.byteLength);
      const decoded = decodeTensor({ ...encoded, rawData });
      expect(decoded).toEqual({ type, shape: [2], data });
      expect(decoded.data.buffer === buffer.buffer).toBe(shift % data.BYTES_PER_ELEMENT === 0);
    }
  });

  it("makes bool 0 or 1", () => {
    expect(decodeTensor(tensor({ dataType: 9, rawData: Uint8Array.of(7, 0) })).data).toEqual(Uint8Array.of(1, 0));
  });

  it("reads scalars and empty tensors", () => {
    expect(decodeTensor(tensor({ dims: [], floatData: Float32Array.of(3) })).data).toEqual(Float32Array.of(3));
    expect(decodeTensor(tensor({ dims: [0, 4] })).data).toEqual(new Float32Array(0));
  });

  it("joins packed and unpacked pieces of a list", () => {
    const read = tensorBy((pbf) => {
      pbf.writePackedVarint(1, [4]);
      pbf.writeVarintField(2, 1);
      pbf.writeFloatField(4, 1);
      pbf.writePackedFloat(4, [2, 3]);
      pbf.writeFloatField(4, 4);
    });
    expect(decodeTensor(read)).toEqual({ type: "float32", shape: [4], data: Float32Array.of(1, 2, 3, 4) });
  });

  it.each<[string, Partial<TensorProto>, string]>([
    ["too few", { floatData: Float32Array.of(1) }, "data expected 2 elements of float32 for shape [2], got 1"],
    ["too few bytes", { rawData: new Uint8Array(7) }, "raw_data expected 8 bytes for float32 [2], got 7"],
    ["none", {}, "raw_data expected 8 bytes for float32 [2], got 0"],
    [
      "a huge shape",
      { dims: [2 ** 40, 2 ** 40] },
      "raw_data expected 4.835703278458517e+24 bytes for float32 [1099511627776, 1099511627776], got 0",
    ],
    [
      "another list",
      { int64Data: BigInt64Array.of(1n, 2n) },
      "elements expected float32 in float_data, got int64_data",
    ],
    ["a negative extent", { dims: [-1] }, "dims expected extents of at least 0, got [-1]"],
    ["no type", { dataType: 0 }, "data_type expected an element type, got none"],
  ])("refuses %s", (_, rest, wanted) => {
    expect(message(() => decodeTensor(tensor(rest)))).toBe(`tensor w: ${wanted}`);
  });

  it("refuses half an element of a packed list", () => {
    const read = () => tensorBy((pbf) => pbf.writeBytesField(4, new Uint8Array(6)));
    expect(message(read)).toBe("tensor: float_data expected a multiple of 4 bytes at byte 2, got 6 bytes");
  });

  it.each([8, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 99])("refuses element type %d by name", (dataType) => {
    const run = () => decodeTensor(tensor({ dataType, rawData: new Uint8Array(2) }));
    expect(run).toThrow(UnsupportedError);
    expect(run).toThrow(`tensor w: data expected an element type that lanewise has, got ${nameOfCode(dataType)}`);
  });

  describe("external data", () => {
    const file = Uint8Array.from(new Uint8Array(Float32Array.of(9, 1, 2, 9).buffer));
    const far = (entries: Record<string, string>) =>
      tensor({ dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) });

    it("comes from a map", () => {
      const proto = far({ location: "w.bin", offset: "4", length: "8" });
      const wanted = Float32Array.of(1, 2);
      expect(decodeTensor(proto, { externalData: { "w.bin": file } }).data).toEqual(wanted);
      expect(decodeTensor(far({ location: "w.bin", offset: "4" }), { externalData: { "w.bin": file } }).data).toEqual(
        wanted,
      );
    });

    it.each<[Record<string, string>, string]>([
      [{}, "external_data expected a location, got none"],
      [{ location: "other.bin" }, 'externalData expected the bytes of "other.bin", got none'],
      [{ location: "constructor" }, 'externalData expected the bytes of "constructor", got none'],
      [
        { location: "w.bin", offset: "12" },
        'external data expected 8 bytes at byte 12 of "w.bin", got a file of 16 bytes',
      ],
      [{ location: "w.bin", offset: "-4" }, 'external_data offset expected a number of bytes, got "-4"'],
      [{ location: "w.bin", length: "4" }, "external data expected 8 bytes for float32 [2], got 4"],
    ])("refuses %j", (entries, wanted) => {
      expect(() => decodeTensor(far(entries), { externalData: { "w.bin": file } })).toThrow(`tensor w: ${wanted}`);
    });
  });
});
