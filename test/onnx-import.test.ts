import { describe, expect, it } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import type { UnsupportedError } from "../src/errors.ts";
import { importModel } from "../src/onnx/import.ts";
import { readModel } from "../src/onnx/proto.ts";
import { encodeTensor } from "../src/onnx/tensor.ts";
import { writeModel } from "../src/onnx/write.ts";
import { floats, graph, integers, model, modelFunction, node, truth, value } from "./support/onnx-model.ts";
import { outer, run, X, x } from "./support/vector-model.ts";

describe("what a model needs and lanewise has not", () => {
  it("is listed at once, with names and hints", () => {
    const proto = outer([
      node("LSTM", "x", "a", {}, { name: "memory" }),
      node("FancyOp", "a", "b"),
      node("Gelu", "b", "c", {}, { domain: "com.microsoft", name: "fused" }),
      node("Constant", "", "d", { value_string: "text" }),
      node("Sum", "c d", "y"),
    ]);
    expect(() => importModel(proto)).toThrow(
      [
        "model: expected supported operators only, got",
        '  LSTM "memory": operator is not supported (lanewise has no recurrent layers)',
        '  FancyOp "b": operator is not supported (docs/operators.md lists those that are)',
        `  Gelu "fused": operators of domain "com.microsoft" are not supported (ONNX Runtime's optimiser puts them in; save the model without it or at its basic level)`,
        '  Constant "d": constants other than tensors and numbers are not supported',
      ].join("\n"),
    );
  });

  it("includes attributes and types of the operators that it has, where they can be told", () => {
    const nodes = [
      node("LSTM", "x", "a"),
      node("Conv", "image filter", "b", { pads: [-1, 0, 0, 0] }, { name: "shrinking" }),
      node("Celu", "image", "c", { alpha: { float: -1 } }, { name: "bent" }),
      node("Sum", "a b c", "y"),
    ];
    const inputs = [...X, value("image", ["N", 3, 8, 8])];
    const proto = outer(nodes, { inputs, constants: { filter: floats([1, 3, 1, 1], 1, 2, 3) } });
    const lines = [
      '  LSTM "a": operator is not supported (lanewise has no recurrent layers)',
      '  Conv "shrinking": negative pads are not supported',
      '  Celu "bent": alpha of -1 is not supported',
    ];
    expect(() => importModel(proto)).toThrow(`got\n${lines.join("\n")}`);
  });

  it("is grouped by operator and reason, and counted", () => {
    const nodes = Array.from({ length: 5 }, (_, i) =>
      node("GRU", i ? `h${i - 1}` : "x", `h${i}`, {}, { name: `g${i}` }),
    );
    const proto = outer([...nodes, node("FancyOp", "h4", "m"), node("FancyOp", "m", "y", {}, { name: "last" })]);
    expect(() => importModel(proto)).toThrow(
      [
        "got",
        '  GRU "g0", "g1", "g2" and 2 more: operator is not supported (lanewise has no recurrent layers)',
        '  FancyOp "m", "last": operator is not supported (docs/operators.md lists those that are)',
      ].join("\n"),
    );
    try {
      importModel(proto);
    } catch (error) {
      expect((error as UnsupportedError).items.map(({ node }) => node)).toEqual([
        "g0",
        "g1",
        "g2",
        "g3",
        "g4",
        "m",
        "last",
      ]);
    }
    expect.assertions(2);
  });

  it("includes types, kinds of attributes and sparse or odd initializers", () => {
    const text = { name: "words", dataType: 8, dims: [1], stringData: [Uint8Array.of(65)] };
    const proto = outer([node("Identity", "x", "y")], { outputs: "y words" });
    const strange = { name: "sparse", type: 11, sparseTensor: { values: encodeTensor(x, "s"), dims: [2] } };
    proto.graph.initializer.push(text);
    proto.graph.input.push(
      { name: "letters", type: { tensorType: { elemType: 8 } } },
      { name: "list", type: { sequenceType: Uint8Array.of() } },
    );
    proto.graph.node[0].attribute.push(strange);
    proto.graph.sparseInitializer = [{ values: encodeTensor(x, "thin"), dims: [2] }];
    proto.graph.output.push(value("thin"));
    expect(() => importModel(proto)).toThrow(
      [
        "got",
        '  initializer "words": tensor of string',
        '  initializer "thin": sparse tensors are not supported',
        '  Identity "y": attribute sparse of kind sparseTensor is not supported',
        '  value "letters": element type string is not supported',
        '  value "list": values of kind sequence are not supported',
      ].join("\n"),
    );
  });

  it("does not matter where no output needs it", () => {
    const proto = outer([node("LSTM", "x", "a"), node("FancyOp", "a", "b"), node("Relu", "x", "y")]);
    proto.graph.initializer.push({ name: "words", dataType: 8, dims: [1], stringData: [Uint8Array.of(65)] });
    const imported = importModel(proto);
    expect(imported.nodes.map(({ op }) => op)).toEqual(["Relu"]);
    expect([...imported.constants.keys()]).toEqual([]);
  });

  it("leaves optional outputs blank that nobody reads", () => {
    const scale = floats([1], 1);
    const proto = model({
      inputs: [value("x", [1, 1, 1, 2])],
      outputs: "y mask2",
      constants: { scale },
      opset: 9,
      nodes: [
        node("Dropout", "x", "a mask", { ratio: { float: 0.5 } }),
        node("BatchNormalization", "a scale scale scale scale", "y mean var saved_mean saved_var"),
        node("Dropout", "x", "b mask2"),
      ],
    });
    const outputs = importModel(proto).nodes.map((each) => each.outputs);
    expect(outputs).toEqual([
      ["a", ""],
      ["y", "", "", "", ""],
      ["b", "mask2"],
    ]);
  });
});

describe("values by name", () => {
  it("initializers that are listed as inputs are constants", () => {
    const proto = outer([node("Add", "x w", "y")], {
      inputs: [...X, value("w", [2])],
      constants: { w: floats([2], 10, 20) },
    });
    expect(importModel(proto).inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(run(proto, { x })).toEqual({ y: [11, 22] });
  });

  it("keep free dimensions as names, and no shape as none", () => {
    const proto = outer([node("Relu", "x", "y")], { inputs: [value("x", ["batch", 3]), value("z")] });
    proto.graph.input[0].type!.tensorType!.shape!.dim.push({}, { dimValue: -1 });
    expect(importModel(proto).inputs).toEqual([
      { name: "x", type: "float32", shape: ["batch", 3, "", ""] },
      { name: "z", type: "float32", shape: undefined },
    ]);
  });

  it("are computed before they are read, whatever the order of the file", () => {
    const proto = outer([node("Add", "b a", "y"), node("Relu", "a", "b"), node("Add", "x x", "a")]);
    expect(importModel(proto).nodes.map(({ outputs }) => outputs[0])).toEqual(["a", "b", "y"]);
  });

  it("stay in the file where they are large: as a view, or copied each time that they are asked for", () => {
    const data = Float32Array.from({ length: 16384 }, (_, i) => i - 0.5);
    const constants = { w: { type: "float32", shape: [128, 128], data } as const };
    const views = [0, 1, 2, 3].map((length) => {
      const parts = { inputs: [value("x", [1, 128])], outputs: "y", nodes: [node("MatMul", "x w", "y")] };
      const file = writeModel({ ...model({ ...parts, constants }), producerName: "p".repeat(length) });
      const w = importModel(readModel(file)).constants.get("w") as HostTensor;
      expect(w.shape).toEqual([128, 128]);
      expect(w.data).toEqual(data);
      const again = w.data;
      expect(again === w.data).toBe(w.data.buffer === file.buffer);
      return w.data.buffer === file.buffer;
    });
    expect(views.filter(Boolean).length).toBe(1);
  });

  it("must be known, defined once, and not need themselves", () => {
    const unknown = outer([node("Add", "x nowhere", "y", {}, { name: "sum" })]);
    expect(() => importModel(unknown)).toThrow('Add "sum": input expected a value that the model has, got "nowhere"');
    expect(() => importModel(outer([], { outputs: "lost" }))).toThrow(
      'model: output expected a value that the model has, got "lost"',
    );
    const twice = outer([node("Relu", "x", "y"), node("Exp", "x", "y", {}, { name: "second" })]);
    expect(() => importModel(twice)).toThrow('Exp "second": output expected a name of its own, got "y" again');
    expect(() => importModel(outer([node("Relu", "x", "x")], { outputs: "x" }))).toThrow('got "x" again');
    const circle = outer([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")]);
    expect(() => importModel(circle)).toThrow('model: nodes expected to need no later ones, got a cycle at Add "a"');
  });

  it("of Constant nodes become constants of every kind", () => {
    const proto = outer(
      [
        node("Constant", "", "a", { value: floats([2], 1, 2) }),
        node("Constant", "", "b", { value_int: -3 }),
        node("Constant", "", "c", { value_ints: [4, 5] }),
        node("Constant", "", "d", { value_float: { float: 0.5 } }),
        node("Constant", "", "e", { value_floats: [0.5, 1.5] }),
      ],
      { outputs: "a b c d e" },
    );
    const { constants, nodes } = importModel(proto);
    expect(nodes).toEqual([]);
    expect(Object.fromEntries(constants)).toEqual({
      a: floats([2], 1, 2),
      b: { ...integers(-3), shape: [] },
      c: integers(4, 5),
      d: floats([], 0.5),
      e: floats([2], 0.5, 1.5),
    });
  });
});

describe("functions of the model", () => {
  const own = { domain: "own" };
  const leaky = modelFunction("Leaky", "a", "b", [
    node("LeakyRelu", "a", "inner", { alpha: { ref: "slope" } }),
    node("Relu", "inner", "b"),
  ]);

  it("take the place of each call, with its attributes and names of their own", () => {
    const proto = model({
      inputs: X,
      outputs: "y z",
      functions: [leaky],
      nodes: [
        node("Relu", "x", "minus"),
        node("Leaky", "minus", "y", { slope: { float: 0.5 } }, { ...own, name: "first" }),
        node("Leaky", "minus", "z", { slope: { float: 0.25 } }, { ...own, name: "second" }),
      ],
    });
    expect(importModel(proto).nodes.map(({ op, name, outputs }) => [op, name, ...outputs])).toEqual([
      ["Relu", "", "minus"],
      ["LeakyRelu", "first/LeakyRelu", "first/inner"],
      ["Relu", "first/Relu", "y"],
      ["LeakyRelu", "second/LeakyRelu", "second/inner"],
      ["Relu", "second/Relu", "z"],
    ]);
    const slopes = importModel(proto)
      .nodes.filter(({ op }) => op === "LeakyRelu")
      .map((each) => each.attributes);
    expect(slopes).toEqual([{ alpha: 0.5 }, { alpha: 0.25 }]);
  });

  it("use defaults, and leave out attributes that nobody gives", () => {
    const withDefault = { ...leaky, attributeProto: node("", "", "", { slope: { float: 0.125 } }).attribute };
    const call = [node("Leaky", "x", "y", {}, own)];
    const alpha = (functions: (typeof leaky)[]) =>
      importModel({ ...outer(call), functions }).nodes[0].attributes["alpha"];
    expect(alpha([withDefault])).toBe(0.125);
    expect(alpha([leaky])).toBeUndefined();
  });

  it("call each other, in the operator set that each is written for", () => {
    const functions = [
      modelFunction("Outer", "a", "b", [node("Inner", "a", "b", {}, own)]),
      modelFunction("Inner", "a", "b", [node("Squeeze", "a", "b", { axes: [0] })], { opset: 11 }),
    ];
    const proto = outer([node("Outer", "x", "y", {}, own)], { inputs: [value("x", [1, 2])] });
    const imported = importModel({ ...proto, functions });
    expect(imported.nodes.map(({ op }) => op)).toEqual(["Squeeze"]);
    expect(imported.constants.get(imported.nodes[0].inputs[1])).toEqual(integers(0));
    expect(run({ ...proto, functions }, { x: floats([1, 2], 1, 2) })).toEqual({ y: [1, 2] });
  });

  it("take fewer inputs, pass inputs on, and are told apart by overload", () => {
    const functions = [
      modelFunction("Bound", "a lo hi", "b a", [node("Clip", "a lo hi", "b")]),
      modelFunction("Bound", "a", "b", [node("Add", "a a", "b")], { overload: "double" }),
    ];
    const proto = outer(
      [node("Bound", "x _ top", "y copy", {}, own), node("Bound", "y", "z", {}, { ...own, overload: "double" })],
      { outputs: "z copy", constants: { top: floats([], 1.5) } },
    );
    expect(run({ ...proto, functions }, { x })).toEqual({ z: [2, 3], copy: [1, 2] });
  });

  it("must not call themselves", () => {
    const functions = [
      modelFunction("Ping", "a", "b", [node("Pong", "a", "b", {}, own)]),
      modelFunction("Pong", "a", "b", [node("Ping", "a", "b", {}, own)]),
    ];
    const proto = { ...outer([node("Ping", "x", "y", {}, own)]), functions };
    expect(() => importModel(proto)).toThrow("model: function Ping expected not to call itself, got a cycle");
  });

  it("rename what their branches take from the function, and only that", () => {
    const branch = (op: string) => graph({ nodes: [node(op, "a x", "t"), node("Add", "t t", "r")], outputs: "r" });
    // In the branch x is a value of the function, which must not be mistaken for the model's x.
    const choose = modelFunction("Choose", "yes a", "b", [
      node("Add", "a a", "x"),
      node("If", "yes", "b", { then_branch: branch("Add"), else_branch: branch("Mul") }),
    ]);
    const proto = outer([node("Choose", "yes x", "y", {}, own), node("Choose", "no x", "z", {}, own)], {
      outputs: "y z",
      constants: { yes: truth(true), no: truth(false) },
    });
    expect(run({ ...proto, functions: [choose] }, { x })).toEqual({ y: [6, 12], z: [4, 16] });
  });
});
