/** NumPy's .npy files: one tensor each. */
import { bytesPerElement, type DataType, type HostTensor, viewOf } from "../dtype.ts";
import { ArgumentError, expected, UnsupportedError } from "../errors.ts";
import { elementCount, formatShape, permute, stridesOf } from "../shape.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** NumPy's names of element types, without the byte order. */
const TYPES: Readonly<Record<string, DataType>> = {
  b1: "bool",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a file of any version, byte order and axis order; `where` opens the messages.
 *
 * @throws ArgumentError if the bytes are no such file, UnsupportedError for an element type that lanewise does not have.
 */
export function readNpy(bytes: Uint8Array, where: string): HostTensor {
  if (!isNpy(bytes)) throw new ArgumentError(expected(where, "tensor", "an .npy file", "other data"));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, start] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>=|])(\w+)'/.exec(header);
  const shape = /'shape':\s*\(([^)]*)\)/
    .exec(header)?.[1]
    .split(",")
    .filter((extent) => extent.trim() !== "")
    .map(Number);
  if (!shape?.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new ArgumentError(expected(where, "header", "a shape", header.trim()));
  }
  const type = descr ? TYPES[descr[2]] : undefined;
  if (!type || !descr) {
    const found = /'descr':\s*([^}]*?),\s*'/.exec(header)?.[1] ?? "none";
    throw new UnsupportedError(expected(where, "element type", Object.keys(TYPES).join(", "), found));
  }
  const count = elementCount(shape);
  const size = bytesPerElement(type);
  const data = new Uint8Array(bytes.subarray(start + length)); // a copy: a Buffer would only give a view of its own memory
  if (data.length !== count * size) {
    throw new ArgumentError(
      expected(where, "data", `${count * size} bytes for ${type} ${formatShape(shape)}`, data.length),
    );
  }
  if (descr[1] === ">") swapBytes(data, size);
  const tensor: HostTensor = { type, shape, data: viewOf(type, data.buffer, 0, count) };
  return /'fortran_order':\s*True/.test(header) ? fromColumnMajor(tensor) : tensor;
}

/** A file of version 1.0, with the elements where NumPy expects them. bfloat16, which NumPy has not, is a type of 2 bytes there. */
export function writeNpy({ type, shape, data }: HostTensor): Uint8Array {
  const name = Object.entries(TYPES).find(([, each]) => each === type)?.[0] ?? "V2";
  const order = bytesPerElement(type) === 1 ? "|" : "<";
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${name}', 'fortran_order': False, 'shape': (${extents}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** The same tensor with its last axis innermost instead of its first. */
function fromColumnMajor({ type, shape, data }: HostTensor): HostTensor {
  const last = shape.map((_, axis) => shape.length - 1 - axis);
  const steps = permute(stridesOf(permute(shape, last)), last);
  const result = data.slice();
  const strides = stridesOf(shape);
  for (let i = 0; i < data.length; i++) {
    const from = shape.reduce((sum, extent, axis) => sum + (Math.floor(i / strides[axis]) % extent) * steps[axis], 0);
    result[i] = data[from] as never;
  }
  return { type, shape, data: result };
}
