// Graphs in a few words for tests of passes: what becomes of their nodes, and whether the results stay what they were.
import { expect } from "vitest";
import type { HostTensor } from "../../src/dtype.ts";
import { Draft } from "../../src/graph/draft.ts";
import type { Feeds } from "../../src/graph/feeds.ts";
import type { Graph, GraphNode } from "../../src/graph/graph.ts";
import { inferTypes } from "../../src/graph/infer.ts";
import { Model } from "../../src/graph/model.ts";
import { PASSES } from "../../src/graph/passes/all.ts";
import { LAYOUT_ONLY, type Pass, runPasses } from "../../src/graph/passes/index.ts";
import { importModel } from "../../src/onnx/import.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { compileBuild } from "../support/builds.ts";
import { floats, model, node, type Parts, type Value, value } from "../support/onnx-model.ts";
import { Random } from "../support/random.ts";

export const MODULE = compileBuild("release");
export const random = new Random(99);

/** Nodes as "Conv x w -> y", with attributes. */
export type Line = string | readonly [string, Record<string, Value>];

/** A convolution with so much padding on every side: by 1, one of 3x3 keeps the size. */
export const conv = (text: string, pad = 1): Line => [text, { pads: [pad, pad, pad, pad] }];

export interface Words {
  /** Shapes of the inputs by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly lines: readonly Line[];
  readonly outputs?: string;
  readonly constants?: Readonly<Record<string, HostTensor>>;
}

/** A graph, by way of the bytes of a file. Without `outputs` the last node's output is the graph's. */
export function graphOf(words: Words): Graph {
  return importModel(readModel(bytesOf(words)));
}

export function bytesOf({ inputs, lines, outputs, constants = {} }: Words): Uint8Array {
  const nodes = lines.map((line) => {
    const [text, attributes] = typeof line === "string" ? [line, {}] : line;
    const [left, right] = text.split(" -> ");
    const [op, ...names] = left.split(" ");
    return node(op, names.join(" "), right, attributes, { name: right.split(" ")[0] });
  });
  const parts: Parts = {
    nodes,
    inputs: Object.entries(inputs).map(([name, shape]) => value(name, shape)),
    outputs: outputs ?? nodes[nodes.length - 1].output[0],
    constants,
  };
  return writeModel(model({ ...parts, opset: 20 }));
}

export function weights(shape: readonly number[], scale = 1, shift = 0): HostTensor {
  const { data } = random.tensor(shape, scale);
  return { type: "float32", shape, data: data.map((v) => v + shift) };
}

export const scalar = (v: number): HostTensor => floats([], v);

function draftOf(graph: Graph, passes: readonly Pass[]): Draft {
  const types = new Map(graph.inputs.map(({ name, type, shape }) => [name, { type, shape: shape as number[] }]));
  const draft = new Draft(graph, types);
  inferTypes(draft);
  runPasses(draft, passes);
  return draft;
}

/** The nodes left by one pass, or by all. */
export function nodesAfter(graph: Graph, pass?: Pass["run"]): readonly GraphNode[] {
  return draftOf(graph, pass ? [{ name: "alone", run: pass }] : PASSES).nodes;
}

export function opsAfter(graph: Graph, pass?: Pass["run"]): string[] {
  return nodesAfter(graph, pass).map(({ op }) => op);
}

export function feedsFor(graph: Graph, seed = 1): Feeds {
  const r = new Random(seed);
  return Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, r.tensor(shape as number[], 2)]));
}

/** Expects what all passes together leave to give what the graph gives without them, and tells the ways in which it runs. */
export function expectSame(graph: Graph, tolerance = 1e-5): string[] {
  const feeds = feedsFor(graph);
  const [plain, rewritten] = [LAYOUT_ONLY, PASSES].map((passes) => new Model(graph, MODULE, { passes }));
  const want = plain.runSync(feeds);
  const got = rewritten.runSync(feeds);
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, { shape, type, data }] of Object.entries(want)) {
    expect([got[name].type, got[name].shape]).toEqual([type, shape]);
    const largest = Array.from(data, Number).reduce((most, v) => Math.max(most, Math.abs(v)), 0.01);
    const values = Array.from(got[name].data, Number);
    const at = values.findIndex((v, i) => !(Math.abs(v - Number(data[i])) <= tolerance * largest));
    if (at >= 0) throw new Error(`${name} at ${at}: got ${values[at]}, want ${data[at]}`);
  }
  const algorithms = rewritten.layers().map(({ algorithm }) => algorithm);
  for (const each of [plain, rewritten]) each.dispose();
  return algorithms;
}
