/** Element types of tensors, and the typed array that holds each. */

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
} as const;

export type DataType = keyof typeof ARRAYS;

/** Any array that can hold tensor elements. `float16` and `bfloat16` are raw bits in a Uint16Array; `bool` is 0 or 1. */
export type TypedArray = InstanceType<(typeof ARRAYS)[DataType]>;

/** A tensor in plain JavaScript memory. */
export interface HostTensor {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Elements in row-major order. */
  readonly data: TypedArray;
}

export function isDataType(name: string): name is DataType {
  return Object.hasOwn(ARRAYS, name);
}

export function bytesPerElement(type: DataType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/** A zero-filled array for `length` elements of `type`. */
export function allocate(type: DataType, length: number): TypedArray {
  return new ARRAYS[type](length);
}

/** A view of `length` elements of `type` at `byteOffset`, which must be a multiple of the element size. */
export function viewOf(type: DataType, buffer: ArrayBuffer, byteOffset: number, length: number): TypedArray {
  return new ARRAYS[type](buffer, byteOffset, length);
}

/** The element type that a typed array holds when nothing else is said: the first of ARRAYS that fits. */
export function typeOfArray(array: TypedArray): DataType {
  for (const [type, ArrayType] of Object.entries(ARRAYS)) {
    if (array instanceof ArrayType) return type as DataType;
  }
  throw new TypeError("not a typed array");
}

/** Whether `array` is the kind of array that holds `type`. */
export function holds(type: DataType, array: unknown): array is TypedArray {
  return array instanceof ARRAYS[type];
}

/** Elements as JavaScript numbers; int64 beyond 2^53 is clamped to it (ONNX writes "to the end" as the largest int64). */
export function toIntegers(tensor: HostTensor): number[] {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Array.from(tensor.data as ArrayLike<number | bigint>, (value) => {
    if (typeof value === "number") return value;
    return Number(value > limit ? limit : value < -limit ? -limit : value);
  });
}
