/**
 * The messages of onnx.proto as plain objects, with camelCase names.
 *
 * Names and lists that give a message its structure are always there ("" and [] when the file has none); every
 * other field is there only if the file has it. Integers are JS numbers, those beyond 2^53 clamped to
 * +-Number.MAX_SAFE_INTEGER (INT64_MAX as "to the end" stays beyond every extent); `int64Data` and `uint64Data` are exact.
 */

export interface ModelProto {
  irVersion?: number;
  opsetImport: OperatorSetIdProto[];
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: number;
  docString?: string;
  graph: GraphProto;
  metadataProps?: StringStringEntryProto[];
  functions: FunctionProto[];
}

export interface OperatorSetIdProto {
  /** "" is the standard domain, as is "ai.onnx". */
  domain: string;
  version: number;
}

export interface StringStringEntryProto {
  key: string;
  value: string;
}

export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  sparseInitializer?: SparseTensorProto[];
  docString?: string;
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}

export interface NodeProto {
  /** Names of values; "" stands for an optional input left out. */
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
  overload?: string;
  attribute: AttributeProto[];
  docString?: string;
}

/** Codes of `AttributeProto.type`. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  typeProto: 13,
  typeProtos: 14,
} as const;

/**
 * Exactly one of the value fields is there: the one that `type` names, with its default value (0, no bytes, [])
 * where the file leaves that out. Messages have no default. Files older than `type` get it from the field they use.
 */
export interface AttributeProto {
  name: string;
  /** One of ATTRIBUTE_TYPE. */
  type: number;
  /** In a function: the attribute of the calling node to take the value from. */
  refAttrName?: string;
  docString?: string;
  f?: number;
  i?: number;
  /** UTF-8. */
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparseTensor?: SparseTensorProto;
  sparseTensors?: SparseTensorProto[];
}

export interface TensorProto {
  dims: number[];
  /** Element type code; `dataTypeOf` of tensor.ts names it. */
  dataType: number;
  name: string;
  docString?: string;
  floatData?: Float32Array;
  int32Data?: Int32Array;
  stringData?: Uint8Array[];
  int64Data?: BigInt64Array;
  doubleData?: Float64Array;
  uint64Data?: BigUint64Array;
  /** Elements in little-endian bytes: a view on the bytes that were read, at any alignment. */
  rawData?: Uint8Array;
  externalData?: StringStringEntryProto[];
  /** 1: the elements are where `externalData` says. */
  dataLocation?: number;
  /** Undecoded; there only in tensors cut into pieces. */
  segment?: Uint8Array;
}

export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims: number[];
}

export interface ValueInfoProto {
  name: string;
  type?: TypeProto;
  docString?: string;
}

/** One of the `...Type` fields is there; those other than tensors are left undecoded. */
export interface TypeProto {
  tensorType?: TensorTypeProto;
  sequenceType?: Uint8Array;
  mapType?: Uint8Array;
  opaqueType?: Uint8Array;
  sparseTensorType?: Uint8Array;
  optionalType?: Uint8Array;
  denotation?: string;
}

export interface TensorTypeProto {
  /** Element type code, as in `TensorProto.dataType`. */
  elemType: number;
  /** Absent when not even the rank is known. */
  shape?: TensorShapeProto;
}

export interface TensorShapeProto {
  dim: DimensionProto[];
}

/** `dimValue` is an extent, `dimParam` the name of one; neither: unknown. */
export interface DimensionProto {
  dimValue?: number;
  dimParam?: string;
  denotation?: string;
}

export interface FunctionProto {
  name: string;
  domain: string;
  overload?: string;
  input: string[];
  output: string[];
  /** Names of attributes without a default. */
  attribute: string[];
  attributeProto: AttributeProto[];
  node: NodeProto[];
  docString?: string;
  opsetImport: OperatorSetIdProto[];
  valueInfo: ValueInfoProto[];
}
