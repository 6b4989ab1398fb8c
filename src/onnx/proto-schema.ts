/** Field numbers of onnx.proto, for reading and writing alike. */

import type {
  AttributeProto,
  DimensionProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  SparseTensorProto,
  StringStringEntryProto,
  TensorProto,
  TensorShapeProto,
  TensorTypeProto,
  TypeProto,
  ValueInfoProto,
} from "./proto-types.ts";
import { ATTRIBUTE_TYPE } from "./proto-types.ts";

/** "float32" and below are packed lists held in the typed array of that element. */
export type Kind =
  | "int"
  | "float"
  | "string"
  | "bytes"
  | "message"
  | "float32"
  | "float64"
  | "int32"
  | "int64"
  | "uint64";

export interface Field {
  /** camelCase; the file format's own name is the same in snake_case. */
  readonly name: string;
  readonly number: number;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** Given its default value (0, "", []) when absent; not written when it has it. */
  readonly always: boolean;
  /** The schema of a message, as a function because messages contain each other. */
  readonly schema: (() => Schema) | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: reader and writer treat all messages alike
export type Message = Record<string, any>;

export interface Schema {
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly always: readonly Field[];
  /** Completes a message after its last field has been read. */
  readonly finish: ((message: Message) => void) | undefined;
}

type Unnamed = Omit<Field, "name"> & { name: string };

interface FieldOptions {
  readonly repeated?: boolean;
  readonly always?: boolean;
}

function field(
  number: number,
  kind: Kind,
  { repeated = false, always = false }: FieldOptions = {},
  schema?: () => Schema,
): Unnamed {
  return { name: "", number, kind, repeated, always, schema };
}

const once = {};
const always = { always: true };
const list = { repeated: true };
const alwaysList = { repeated: true, always: true };

/** The parameter makes the compiler check that each field of the interface has its number. */
function schemaOf<T>(fields: { [K in keyof Required<T>]: Unnamed }, finish?: (message: Message) => void): Schema {
  const byNumber = new Map<number, Field>();
  for (const [name, each] of Object.entries<Unnamed>(fields)) {
    each.name = name;
    byNumber.set(each.number, each);
  }
  const named = [...byNumber.values()];
  return { fields: named, byNumber, always: named.filter((each) => each.always), finish };
}

const ENTRY = schemaOf<StringStringEntryProto>({ key: field(1, "string", always), value: field(2, "string", always) });

const OPERATOR_SET = schemaOf<OperatorSetIdProto>({
  domain: field(1, "string", always),
  version: field(2, "int", always),
});

export const TENSOR = schemaOf<TensorProto>({
  dims: field(1, "int", alwaysList),
  dataType: field(2, "int", always),
  segment: field(3, "bytes"),
  floatData: field(4, "float32"),
  int32Data: field(5, "int32"),
  stringData: field(6, "bytes", list),
  int64Data: field(7, "int64"),
  name: field(8, "string", always),
  rawData: field(9, "bytes"),
  doubleData: field(10, "float64"),
  uint64Data: field(11, "uint64"),
  docString: field(12, "string"),
  externalData: field(13, "message", list, () => ENTRY),
  dataLocation: field(14, "int"),
});

const SPARSE_TENSOR = schemaOf<SparseTensorProto>({
  values: field(1, "message", once, () => TENSOR),
  indices: field(2, "message", once, () => TENSOR),
  dims: field(3, "int", alwaysList),
});

const DIMENSION = schemaOf<DimensionProto>({
  dimValue: field(1, "int"),
  dimParam: field(2, "string"),
  denotation: field(3, "string"),
});

const TENSOR_SHAPE = schemaOf<TensorShapeProto>({
  dim: field(1, "message", alwaysList, () => DIMENSION),
});

const TENSOR_TYPE = schemaOf<TensorTypeProto>({
  elemType: field(1, "int", always),
  shape: field(2, "message", once, () => TENSOR_SHAPE),
});

const TYPE = schemaOf<TypeProto>({
  tensorType: field(1, "message", once, () => TENSOR_TYPE),
  sequenceType: field(4, "bytes"),
  mapType: field(5, "bytes"),
  denotation: field(6, "string"),
  opaqueType: field(7, "bytes"),
  sparseTensorType: field(8, "bytes"),
  optionalType: field(9, "bytes"),
});

const VALUE_INFO = schemaOf<ValueInfoProto>({
  name: field(1, "string", always),
  type: field(2, "message", once, () => TYPE),
  docString: field(3, "string"),
});

const ATTRIBUTE = schemaOf<AttributeProto>(
  {
    name: field(1, "string", always),
    f: field(2, "float"),
    i: field(3, "int"),
    s: field(4, "bytes"),
    t: field(5, "message", once, () => TENSOR),
    g: field(6, "message", once, () => GRAPH),
    floats: field(7, "float", list),
    ints: field(8, "int", list),
    strings: field(9, "bytes", list),
    tensors: field(10, "message", list, () => TENSOR),
    graphs: field(11, "message", list, () => GRAPH),
    docString: field(13, "string"),
    type: field(20, "int", always),
    refAttrName: field(21, "string"),
    sparseTensor: field(22, "message", once, () => SPARSE_TENSOR),
    sparseTensors: field(23, "message", list, () => SPARSE_TENSOR),
  },
  finishAttribute,
);

/** The value field of each attribute type, and what an absent one means. */
const ATTRIBUTE_VALUES: readonly [type: number, name: keyof AttributeProto, empty: (() => unknown) | undefined][] = [
  [ATTRIBUTE_TYPE.float, "f", () => 0],
  [ATTRIBUTE_TYPE.int, "i", () => 0],
  [ATTRIBUTE_TYPE.string, "s", () => new Uint8Array(0)],
  [ATTRIBUTE_TYPE.tensor, "t", undefined],
  [ATTRIBUTE_TYPE.graph, "g", undefined],
  [ATTRIBUTE_TYPE.floats, "floats", () => []],
  [ATTRIBUTE_TYPE.ints, "ints", () => []],
  [ATTRIBUTE_TYPE.strings, "strings", () => []],
  [ATTRIBUTE_TYPE.tensors, "tensors", () => []],
  [ATTRIBUTE_TYPE.graphs, "graphs", () => []],
  [ATTRIBUTE_TYPE.sparseTensor, "sparseTensor", undefined],
  [ATTRIBUTE_TYPE.sparseTensors, "sparseTensors", () => []],
];

function finishAttribute(attribute: Message): void {
  if (attribute["refAttrName"]) return;
  for (const [type, name, empty] of ATTRIBUTE_VALUES) {
    if (attribute["type"] === 0 && attribute[name] !== undefined) attribute["type"] = type;
    if (attribute["type"] === type && attribute[name] === undefined && empty) attribute[name] = empty();
  }
}

const NODE = schemaOf<NodeProto>({
  input: field(1, "string", alwaysList),
  output: field(2, "string", alwaysList),
  name: field(3, "string", always),
  opType: field(4, "string", always),
  attribute: field(5, "message", alwaysList, () => ATTRIBUTE),
  docString: field(6, "string"),
  domain: field(7, "string", always),
  overload: field(8, "string"),
});

const GRAPH: Schema = schemaOf<GraphProto>({
  node: field(1, "message", alwaysList, () => NODE),
  name: field(2, "string", always),
  initializer: field(5, "message", alwaysList, () => TENSOR),
  docString: field(10, "string"),
  input: field(11, "message", alwaysList, () => VALUE_INFO),
  output: field(12, "message", alwaysList, () => VALUE_INFO),
  valueInfo: field(13, "message", alwaysList, () => VALUE_INFO),
  sparseInitializer: field(15, "message", list, () => SPARSE_TENSOR),
});

const FUNCTION = schemaOf<FunctionProto>({
  name: field(1, "string", always),
  input: field(4, "string", alwaysList),
  output: field(5, "string", alwaysList),
  attribute: field(6, "string", alwaysList),
  node: field(7, "message", alwaysList, () => NODE),
  docString: field(8, "string"),
  opsetImport: field(9, "message", alwaysList, () => OPERATOR_SET),
  domain: field(10, "string", always),
  attributeProto: field(11, "message", alwaysList, () => ATTRIBUTE),
  valueInfo: field(12, "message", alwaysList, () => VALUE_INFO),
  overload: field(13, "string"),
});

export const MODEL = schemaOf<ModelProto>({
  irVersion: field(1, "int"),
  producerName: field(2, "string"),
  producerVersion: field(3, "string"),
  domain: field(4, "string"),
  modelVersion: field(5, "int"),
  docString: field(6, "string"),
  graph: field(7, "message", once, () => GRAPH),
  opsetImport: field(8, "message", alwaysList, () => OPERATOR_SET),
  metadataProps: field(14, "message", list, () => ENTRY),
  functions: field(25, "message", alwaysList, () => FUNCTION),
});
