// Just enough of ONNX to write a network down: nodes, float32 initialisers, one input and one output. Field numbers as in onnx.proto.
import { PbfWriter } from "pbf";

const FLOAT = 1; // TensorProto.DataType
const INT = 2; // AttributeProto.AttributeType
const INTS = 7;

/** A node: `attributes` are integers or lists of integers. */
export interface Node {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A value of the graph; a string in the shape names a size that is known only when the network runs. */
export interface Value {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** A constant, row-major. */
export interface Initialiser {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Network {
  readonly name: string;
  readonly doc: string;
  readonly opset: number;
  readonly nodes: readonly Node[];
  readonly initialisers: readonly Initialiser[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

type Attribute = readonly [name: string, value: number | readonly number[]];

/** A number field. */
function number(pbf: PbfWriter, tag: number, value: number): void {
  pbf.writeTag(tag, 0);
  pbf.writeVarint(value);
}

/** A field of text or of bytes. */
function bytes(pbf: PbfWriter, tag: number, value: string | Uint8Array): void {
  pbf.writeTag(tag, 2);
  if (typeof value === "string") pbf.writeString(value);
  else pbf.writeBytes(value);
}

function writeAttribute([name, value]: Attribute, pbf: PbfWriter): void {
  bytes(pbf, 1, name);
  if (typeof value === "number") number(pbf, 3, value);
  else for (const item of value) number(pbf, 8, item);
  number(pbf, 20, typeof value === "number" ? INT : INTS);
}

function writeNode(node: Node, pbf: PbfWriter): void {
  for (const input of node.inputs) bytes(pbf, 1, input);
  for (const output of node.outputs) bytes(pbf, 2, output);
  bytes(pbf, 3, node.name);
  bytes(pbf, 4, node.operator);
  for (const attribute of Object.entries(node.attributes ?? {})) pbf.writeMessage(5, writeAttribute, attribute);
}

function writeInitialiser({ name, shape, data }: Initialiser, pbf: PbfWriter): void {
  const raw = new DataView(new ArrayBuffer(4 * data.length));
  for (const [i, value] of data.entries()) raw.setFloat32(4 * i, value, true);
  for (const size of shape) number(pbf, 1, size);
  number(pbf, 2, FLOAT);
  bytes(pbf, 8, name);
  bytes(pbf, 9, new Uint8Array(raw.buffer));
}

function writeDimension(size: number | string, pbf: PbfWriter): void {
  if (typeof size === "number") number(pbf, 1, size);
  else bytes(pbf, 2, size);
}

function writeShape(shape: Value["shape"], pbf: PbfWriter): void {
  for (const size of shape) pbf.writeMessage(1, writeDimension, size);
}

function writeTensorType(shape: Value["shape"], pbf: PbfWriter): void {
  number(pbf, 1, FLOAT);
  pbf.writeMessage(2, writeShape, shape);
}

function writeType(shape: Value["shape"], pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, shape);
}

function writeValue({ name, shape }: Value, pbf: PbfWriter): void {
  bytes(pbf, 1, name);
  pbf.writeMessage(2, writeType, shape);
}

function writeGraph(network: Network, pbf: PbfWriter): void {
  for (const node of network.nodes) pbf.writeMessage(1, writeNode, node);
  bytes(pbf, 2, network.name);
  for (const initialiser of network.initialisers) pbf.writeMessage(5, writeInitialiser, initialiser);
  for (const value of network.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of network.outputs) pbf.writeMessage(12, writeValue, value);
}

function writeOpset(version: number, pbf: PbfWriter): void {
  bytes(pbf, 1, "");
  number(pbf, 2, version);
}

/** The bytes of an ONNX file, IR version 7. */
export function writeOnnx(network: Network): Uint8Array {
  const pbf = new PbfWriter();
  number(pbf, 1, 7);
  bytes(pbf, 2, "lanewise");
  bytes(pbf, 6, network.doc);
  pbf.writeMessage(7, writeGraph, network);
  pbf.writeMessage(8, writeOpset, network.opset);
  return pbf.finish();
}
