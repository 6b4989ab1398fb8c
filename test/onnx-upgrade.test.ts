import { describe, expect, it } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import type { Attribute, GraphNode } from "../src/graph/graph.ts";
import { Model } from "../src/graph/model.ts";
import { importModel } from "../src/onnx/import.ts";
import type { NodeProto } from "../src/onnx/proto.ts";
import { upgradeNode } from "../src/onnx/upgrade.ts";
import { compileBuild } from "./support/builds.ts";
import { floats, integers, model, node, value } from "./support/onnx-model.ts";

const MODULE = compileBuild("release");

type Attributes = Record<string, Attribute>;
type Spelled = [op: string, inputs: (string | number[])[], attributes: Attributes];

/** What a node of an old set becomes, with constants spelled as lists of numbers. */
function upgraded(
  op: string,
  opset: number,
  attributes: Attributes = {},
  inputs = "x",
  outputs = "y",
  given: Record<string, HostTensor> = {},
): Spelled[] {
  const constants = new Map(Object.entries(given));
  const names = (text: string) => text.split(" ").map((name) => (name === "_" ? "" : name));
  const old: GraphNode = { op, name: "old", inputs: names(inputs), outputs: names(outputs), attributes };
  let count = 0;
  const fresh = (stem: string) => `${stem}#${++count}`;
  const add = (stem: string, tensor: HostTensor) => {
    const name = fresh(stem);
    constants.set(name, tensor);
    return name;
  };
  const nodes = upgradeNode(old, { opset, constant: (name) => constants.get(name), fresh, add });
  const spell = (name: string) => {
    const constant = constants.get(name);
    return constant ? Array.from(constant.data, Number) : name;
  };
  if (nodes.length === 1) expect(nodes[0].outputs).toEqual(old.outputs);
  else expect(nodes.at(-1)?.outputs).toEqual(old.outputs);
  return nodes.map((each) => [each.op, each.inputs.map(spell), each.attributes]);
}

/** y for float32 feeds and constants. */
function run(
  each: NodeProto,
  opset: number,
  feeds: Record<string, HostTensor>,
  constants: Record<string, HostTensor> = {},
): HostTensor {
  const inputs = Object.entries(feeds).map(([name, { shape }]) => value(name, shape));
  const graph = importModel(model({ opset, inputs, outputs: "y", constants, nodes: [each] }));
  return new Model(graph, MODULE).runSync(feeds)["y"];
}

describe("attributes that became inputs", () => {
  const table: [what: string, last: number, attributes: Attributes, inputs: unknown[], left?: Attributes][] = [
    ["Clip", 10, { min: -1, max: 6 }, ["x", [-1], [6]]],
    ["Clip without min", 10, { max: 6 }, ["x", "", [6]]],
    ["Clip without bounds", 10, {}, ["x"]],
    ["Slice", 9, { starts: [1, 0], ends: [3, 4], axes: [0, 2] }, ["x", [1, 0], [3, 4], [0, 2]]],
    ["Slice without axes", 9, { starts: [1], ends: [-1] }, ["x", [1], [-1]]],
    ["Pad", 10, { mode: "reflect", pads: [0, 1], value: 2 }, ["x", [0, 1], [2]], { mode: "reflect" }],
    ["Pad of set 1", 1, { paddings: [1, 1] }, ["x", [1, 1]]],
    ["Squeeze", 12, { axes: [0] }, ["x", [0]]],
    ["Squeeze without axes", 12, {}, ["x"]],
    ["Unsqueeze", 12, { axes: [0, -1] }, ["x", [0, -1]]],
    ["Split", 12, { axis: 1, split: [1, 2] }, ["x", [1, 2]], { axis: 1 }],
    ["ReduceSum", 12, { axes: [1], keepdims: 0 }, ["x", [1]], { keepdims: 0 }],
    ["ReduceMean", 17, { axes: [2, 3] }, ["x", [2, 3]]],
    ["ReduceL1", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceL2", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceLogSum", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceLogSumExp", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceMax", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceMin", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceProd", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceSumSquare", 17, { axes: [0] }, ["x", [0]]],
    ["ReduceMax of all", 17, {}, ["x"]],
    ["TopK", 9, { k: 3, axis: 0 }, ["x", [3]], { axis: 0 }],
    ["Reshape", 4, { shape: [0, -1] }, ["x", [0, -1]]],
  ];
  it.each(table)("%s up to set %i", (what, last, attributes, inputs, left = {}) => {
    const op = what.split(" ")[0];
    expect(upgraded(op, last, attributes)).toEqual([[op, inputs, left]]);
    // From the next set on they are inputs already.
    const newer = { op, name: "", inputs: ["x", "w"], outputs: ["y"], attributes: left };
    const context = { opset: Math.max(last, 17) + 1, constant: () => undefined, fresh: String, add: String };
    expect(upgradeNode(newer, context)).toEqual([newer]);
  });

  it("have the types of those inputs", () => {
    const added: HostTensor[] = [];
    const add = (_: string, tensor: HostTensor) => String(added.push(tensor));
    const context = { opset: 9, constant: () => undefined, fresh: String, add };
    const old = (op: string, attributes: Attributes) => ({ op, name: "", inputs: ["x"], outputs: ["y"], attributes });
    upgradeNode(old("Clip", { min: 0.5 }), context);
    upgradeNode(old("TopK", { k: 3 }), context);
    expect(added).toEqual([floats([], 0.5), integers(3)]);
  });
});

describe("operators that changed", () => {
  it("Split tells the number of parts, unless it has their sizes", () => {
    expect(upgraded("Split", 17, {}, "x", "y z u")).toEqual([["Split", ["x"], { num_outputs: 3 }]]);
    expect(upgraded("Split", 13, {}, "x w", "y z")).toEqual([["Split", ["x", "w"], {}]]);
    expect(upgraded("Split", 18, { num_outputs: 2 }, "x", "y z")).toEqual([["Split", ["x"], { num_outputs: 2 }]]);
  });

  it("Softmax ran over all axes from the given one on", () => {
    for (const op of ["Softmax", "LogSoftmax"]) {
      expect(upgraded(op, 12)).toEqual([[op, ["x"], { axis: 1, trailing: 1 }]]);
      expect(upgraded(op, 12, { axis: 2 })).toEqual([[op, ["x"], { axis: 2, trailing: 1 }]]);
      expect(upgraded(op, 13)).toEqual([[op, ["x"], {}]]);
    }
    expect(upgraded("Hardmax", 12)).toEqual([
      ["Flatten", ["x"], { axis: 1 }],
      ["Hardmax", ["y:Flatten#1"], { axis: -1 }],
      ["Shape", ["x"], {}],
      ["Reshape", ["y:Hardmax#2", "y:Shape#3"], {}],
    ]);
    expect(upgraded("Hardmax", 13)).toEqual([["Hardmax", ["x"], {}]]);
  });

  it("Dropout and BatchNormalization lose what was said of training", () => {
    expect(upgraded("Dropout", 11, { ratio: 0.5, is_test: 1 })).toEqual([["Dropout", ["x"], {}]]);
    expect(upgraded("Dropout", 12, { seed: 1 }, "x r")).toEqual([["Dropout", ["x", "r"], { seed: 1 }]]);
    const old = { is_test: 1, spatial: 1, epsilon: 0.5, consumed_inputs: [0, 0] };
    const inputs = "x s b m v";
    expect(upgraded("BatchNormalization", 6, old, inputs, "y _ _")).toEqual([
      ["BatchNormalization", inputs.split(" "), { epsilon: 0.5 }],
    ]);
    expect(() => upgraded("BatchNormalization", 8, { spatial: 0 }, inputs)).toThrow(
      "BatchNormalization: statistics for every place (spatial = 0) are not supported",
    );
    expect(() => upgraded("BatchNormalization", 13, {}, inputs, "y mean")).toThrow("training mode is not supported");
    const training = { training_mode: 1 };
    expect(upgraded("BatchNormalization", 14, training, inputs, "y m v")[0][2]).toEqual(training);
  });

  it("Cast named types, Selu had shorter defaults, Concat an axis, Gemm its broadcasting", () => {
    expect(upgraded("Cast", 5, { to: "FLOAT" })).toEqual([["Cast", ["x"], { to: 1 }]]);
    expect(upgraded("Cast", 5, { to: "int64" })).toEqual([["Cast", ["x"], { to: 7 }]]);
    expect(upgraded("Cast", 9, { to: 9 })).toEqual([["Cast", ["x"], { to: 9 }]]);
    expect(() => upgraded("Cast", 5, { to: "COMPLEX64" })).toThrow("Cast: type COMPLEX64 is not supported");
    expect(upgraded("Selu", 1, { gamma: 2 })[0][2]).toEqual({ alpha: 1.6732, gamma: 2 });
    expect(upgraded("Selu", 6, {})[0][2]).toEqual({});
    expect(upgraded("Concat", 3, {}, "x w")[0][2]).toEqual({ axis: 1 });
    expect(upgraded("Gemm", 6, { broadcast: 1, transB: 1 }, "x w b")[0][2]).toEqual({ transB: 1 });
    expect(() => upgraded("Tile", 5, {}, "x t a")).toThrow("the form of operator sets before 6 is not supported");
  });

  it("Scatter, RoiAlign and GridSample have other names and defaults", () => {
    expect(upgraded("Scatter", 9, { axis: 1 }, "x i u")).toEqual([["ScatterElements", ["x", "i", "u"], { axis: 1 }]]);
    const mode = (op: string, opset: number, attributes: Attributes = {}) => upgraded(op, opset, attributes)[0][2];
    expect(mode("RoiAlign", 15)).toEqual({ coordinate_transformation_mode: "output_half_pixel" });
    expect(mode("RoiAlign", 16)).toEqual({});
    expect(mode("GridSample", 16)).toEqual({ mode: "linear" });
    expect(mode("GridSample", 19, { mode: "bicubic" })).toEqual({ mode: "cubic" });
    expect(mode("GridSample", 19, { mode: "nearest" })).toEqual({ mode: "nearest" });
    expect(mode("GridSample", 20, { mode: "cubic" })).toEqual({ mode: "cubic" });
  });
});

describe("resizing", () => {
  const old = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };

  it("Upsample becomes Resize, wherever it has its factors", () => {
    expect(upgraded("Upsample", 7, { scales: [1, 1, 2, 2] })).toEqual([["Resize", ["x", "", [1, 1, 2, 2]], old]]);
    expect(upgraded("Upsample", 9, { mode: "linear" }, "x s")).toEqual([
      ["Resize", ["x", "", "s"], { ...old, mode: "linear" }],
    ]);
    expect(upgraded("Upsample", 1, { height_scale: 2, width_scale: 3, mode: "bilinear" })).toEqual([
      ["Resize", ["x", "", [1, 1, 2, 3]], { ...old, mode: "linear" }],
    ]);
    expect(() => upgraded("Upsample", 7)).toThrow("Upsample: it has no scales");
  });

  it("of set 10 rounds up where an axis gets smaller", () => {
    const rounding = (...scales: number[]) =>
      upgraded("Resize", 10, {}, "x s", "y", { s: floats([scales.length], ...scales) })[0];
    expect(rounding(1, 1, 2, 2)).toEqual(["Resize", ["x", "", [1, 1, 2, 2]], old]);
    expect(rounding(1, 1, 0.5, 0.5)[2]).toEqual({ ...old, nearest_mode: "ceil" });
    expect(upgraded("Resize", 10, { mode: "linear" }, "x s")).toEqual([
      ["Resize", ["x", "", "s"], { ...old, mode: "linear" }],
    ]);
  });

  it("of set 10 with factors that are mixed or not known grows first, then shrinks", () => {
    expect(upgraded("Resize", 10, {}, "x s")).toEqual([
      ["Max", ["s", [1]], {}],
      ["Resize", ["x", "", "y:Max#2"], old],
      ["Min", ["s", [1]], {}],
      ["Resize", ["y:Resize#3", "", "y:Min#4"], { ...old, nearest_mode: "ceil" }],
    ]);
    const x = floats([1, 1, 1, 4], 0, 1, 2, 3);
    // Column 1 is column 1 / 0.6 = 1.7 of x, rounded up.
    const y = floats([1, 1, 2, 2], 0, 2, 0, 2);
    expect(run(node("Resize", "x s", "y"), 10, { x }, { s: floats([4], 1, 1, 2, 0.6) })).toEqual(y);
  });

  it("of later sets leaves out inputs without elements", () => {
    const given = { r: floats([0]), s: floats([0]), t: integers(1, 2) };
    const inputs = "x r s t";
    expect(upgraded("Resize", 11, { mode: "linear" }, inputs, "y", given)).toEqual([
      ["Resize", ["x", "", "", [1, 2]], { mode: "linear" }],
    ]);
    expect(upgraded("Resize", 13, {}, "x _ s t")).toEqual([["Resize", ["x", "", "s", "t"], {}]]);
  });
});

describe("what ran before", () => {
  const x = floats([2, 3, 2], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

  it("second operands lie at the axis that says where", () => {
    const w = floats([3], 100, 200, 300);
    const add = (attributes: Record<string, number>, b: HostTensor, opset = 6) =>
      run(node("Add", "x b", "y", attributes), opset, { x, b });
    expect(add({ broadcast: 1, axis: 1 }, w)).toEqual(
      floats([2, 3, 2], 100, 101, 202, 203, 304, 305, 106, 107, 208, 209, 310, 311),
    );
    const two = floats([2], 100, 200);
    const last = floats([2, 3, 2], 100, 201, 102, 203, 104, 205, 106, 207, 108, 209, 110, 211);
    expect(add({ broadcast: 1, axis: 0 }, two)).toEqual(
      floats([2, 3, 2], 100, 101, 102, 103, 104, 105, 206, 207, 208, 209, 210, 211),
    );
    expect(add({ broadcast: 1, axis: 2 }, two)).toEqual(last);
    expect(add({ broadcast: 1 }, two)).toEqual(last);
    expect(add({ broadcast: 1, axis: -1 }, two)).toEqual(last);
    expect(add({}, two, 7)).toEqual(last);
    expect(() => add({ broadcast: 1, axis: -2 }, two)).toThrow('Add "y": broadcasting at axis -2 is not supported');
  });

  it("slopes of PRelu are one a channel, or one for all", () => {
    const numbers = Array.from(x.data as Float32Array, (each) => -each);
    const minus = floats(x.shape, ...numbers);
    const prelu = (slope: HostTensor) => run(node("PRelu", "x s", "y"), 6, { x: minus }, { s: slope });
    const want = (...slopes: number[]) => numbers.map((each, i) => each * slopes[(i >> 1) % 3]);
    expect([...prelu(floats([3], 1, 2, 4)).data]).toEqual(want(1, 2, 4));
    expect([...prelu(floats([1], 0.5)).data]).toEqual(want(0.5, 0.5, 0.5));
  });

  it("group normalisation had its scale and bias a group", () => {
    const image = floats([1, 4, 1, 2], 1, 2, 3, 4, 5, 7, 9, 11);
    const normalise = (opset: number, s: HostTensor, b: HostTensor) =>
      run(node("GroupNormalization", "x s b", "y", { num_groups: 2 }), opset, { x: image }, { s, b });
    const byGroup = normalise(18, floats([2], 2, 3), floats([2], 10, 20));
    expect(byGroup).toEqual(normalise(21, floats([4], 2, 2, 3, 3), floats([4], 10, 10, 20, 20)));
    expect(byGroup.data[0]).toBeLessThan(10);
    expect(byGroup.data[4]).toBeGreaterThan(14);
  });

  it("operators of the first years still do", () => {
    const cases: [each: NodeProto, want: number[]][] = [
      [node("Affine", "x", "y", { alpha: { float: 2 }, beta: { float: 1 } }), [1, 3, 5, 7]],
      [node("Scale", "x", "y", { scale: { float: 0.5 } }), [0, 0.5, 1, 1.5]],
      [node("ImageScaler", "x", "y", { scale: { float: 2 }, bias: [0.5] }), [0.5, 2.5, 4.5, 6.5]],
      [node("Crop", "x", "y", { border: [1, 0, 0, 0] }), [1, 3]],
      [node("Crop", "x", "y", { border: [0, 1, 1, 0] }), [2]],
      [node("Crop", "x", "y", { border: [0, 1, 0, 0], scale: [1, 2] }), [2, 3]],
      [node("ConstantFill", "x", "y", { value: { float: 3 } }), [3, 3, 3, 3]],
      [node("ConstantFill", "", "y", { value: { float: 3 }, shape: [2] }), [3, 3]],
    ];
    const image = floats([1, 1, 2, 2], 0, 1, 2, 3);
    for (const [each, want] of cases) expect([...run(each, 1, { x: image }).data], each.opType).toEqual(want);
  });

  it("and are refused where they cannot", () => {
    expect(() => upgraded("ParametricSoftplus", 1, { alpha: 2 })).toThrow("alpha and beta other than 1");
    expect(upgraded("ParametricSoftplus", 1, { alpha: 1, beta: 1 })).toEqual([["Softplus", ["x"], {}]]);
    expect(() => upgraded("ConstantFill", 1, { dtype: 7 })).toThrow("types other than float32 are not supported");
    expect(upgraded("ScaledTanh", 1, { alpha: 2, beta: 0.5 })).toEqual([
      ["Mul", ["x", [0.5]], {}],
      ["Tanh", ["y:Mul#2"], {}],
      ["Mul", ["y:Tanh#3", [2]], {}],
    ]);
  });
});
