// Models of one vector x of two numbers, with the output y.
import type { HostTensor } from "../../src/dtype.ts";
import { Model } from "../../src/graph/model.ts";
import { importModel } from "../../src/onnx/import.ts";
import type { ModelProto } from "../../src/onnx/proto.ts";
import { compileBuild } from "./builds.ts";
import { floats, model, type Parts, value } from "./onnx-model.ts";

export const MODULE = compileBuild("release");

/** Runs a model on float32 feeds, and gives the elements of its outputs. */
export function run(proto: ModelProto, feeds: Record<string, HostTensor>): Record<string, number[]> {
  const outputs = new Model(importModel(proto), MODULE).runSync(feeds);
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]));
}

export const X = [value("x", [2])];
export const x = floats([2], 1, 2);
export const outer = (nodes: Parts["nodes"], more: Partial<Parts> = {}) =>
  model({ inputs: X, outputs: "y", nodes, ...more });
