// Graphs of one node, built by hand, run on a model and checked against the oracle.
import { expect } from "vitest";
import type { DataType, HostTensor } from "../../src/dtype.ts";
import { allocate } from "../../src/dtype.ts";
import type { Attribute, Graph } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/model.ts";
import { compileBuild } from "../support/builds.ts";

export const MODULE = compileBuild("release");

export interface NodeSpec {
  op: string;
  /** Fed at the run. A missing one is an optional input that is not given. */
  inputs: (HostTensor | undefined)[];
  attributes?: Record<string, Attribute>;
  outputs?: string[];
  /** Places of the inputs that are constants. */
  constant?: readonly number[] | "all";
}

export function tensor(type: DataType, shape: readonly number[], values: ArrayLike<number | bigint>): HostTensor {
  const data = allocate(type, values.length);
  for (let i = 0; i < values.length; i++) {
    data[i] = (
      data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(values[i]) : values[i]
    ) as never;
  }
  return { type, shape, data };
}

export function int64(...values: number[]): HostTensor {
  return tensor("int64", [values.length], values);
}

export function graphOf({ op, inputs, attributes = {}, outputs = ["y"], constant = [] }: NodeSpec): Graph {
  const isConstant = (i: number) => constant === "all" || constant.includes(i);
  const given = inputs.flatMap((value, i) => (value ? [{ name: `x${i}`, i, value }] : []));
  return {
    name: op,
    inputs: given
      .filter(({ i }) => !isConstant(i))
      .map(({ name, value }) => ({ name, type: value.type, shape: value.shape })),
    outputs: outputs.filter(Boolean).map((name) => ({ name, type: "float32", shape: undefined })),
    nodes: [{ op, name: "node", inputs: inputs.map((value, i) => (value ? `x${i}` : "")), outputs, attributes }],
    constants: new Map(given.filter(({ i }) => isConstant(i)).map(({ name, value }) => [name, value])),
  };
}

/** Runs the node and gives its outputs in order, with the way in which it ran. */
export function run(spec: NodeSpec): { results: HostTensor[]; algorithms: string[] } {
  const graph = graphOf(spec);
  const model = new Model(graph, MODULE);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name }) => [name, spec.inputs[Number(name.slice(1))] as HostTensor]),
  );
  const results = model.runSync(feeds);
  const algorithms = model.layers().map(({ algorithm }) => algorithm);
  model.dispose();
  return { results: graph.outputs.map(({ name }) => results[name]), algorithms };
}

/** The message of the error that the node is refused with. */
export function refusal(spec: NodeSpec): string {
  try {
    run(spec);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the node was not refused");
}

export function expectExactly(got: HostTensor, want: { shape: readonly number[]; data: ArrayLike<number> }): void {
  expect(got.shape).toEqual(want.shape);
  expect(Array.from(got.data as ArrayLike<number | bigint>, Number)).toEqual(Array.from(want.data));
}
