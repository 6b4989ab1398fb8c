import type { DataType, HostTensor } from "../dtype.ts";
import type { Shape } from "../shape.ts";

/** What a value is, once shapes are known. */
export interface TensorType {
  readonly type: DataType;
  readonly shape: Shape;
}

/** An input or output of a graph as its file declares it: a dimension is a number, or a name where it is free ("" if unnamed). */
export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  /** undefined where the file says nothing of it. */
  readonly shape: readonly (number | string)[] | undefined;
}

export type Attribute = number | string | readonly number[] | readonly string[] | HostTensor | Graph;

/** One operation. Operators and attributes are ONNX's, in the form of its newest operator set (see onnx/upgrade.ts). */
export interface GraphNode {
  readonly op: string;
  /** For messages and profiles; unique where the file makes it so. */
  readonly name: string;
  /** Names of values; "" for an optional input that is not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A network as data: values are known by name, nodes stand in an order in which they can run. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  /** Weights and other values that never change. */
  readonly constants: ReadonlyMap<string, HostTensor>;
}

/** How messages name a node: `Conv "conv1"`. */
export function nodeLabel(node: GraphNode): string {
  return `${node.op} "${node.name || node.outputs[0]}"`;
}
