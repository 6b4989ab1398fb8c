import { describe, expect, it } from "vitest";
import { UnsupportedError } from "../src/errors.ts";
import { Model } from "../src/graph/model.ts";
import { importModel } from "../src/onnx/import.ts";
import { floats, graph, integers, node, truth, value } from "./support/onnx-model.ts";
import { MODULE, outer, run, X, x } from "./support/vector-model.ts";

describe("If", () => {
  const then_branch = graph({
    nodes: [node("Add", "x w", "r")],
    outputs: "r",
    constants: { w: floats([2], 10, 20) },
  });
  const else_branch = graph({ nodes: [node("Mul", "x w", "r")], outputs: "r", constants: { w: floats([1], 3) } });

  it("becomes the branch that a constant condition takes", () => {
    const choose = (yes: boolean) =>
      run(outer([node("If", "yes", "y", { then_branch, else_branch })], { constants: { yes: truth(yes) } }), { x });
    expect(choose(true)).toEqual({ y: [11, 22] });
    expect(choose(false)).toEqual({ y: [3, 6] });
  });

  it("may depend on shapes, with another branch for other shapes", () => {
    const proto = outer(
      [
        node("Size", "x", "size"),
        node("Sub", "size two", "rest"),
        node("Cast", "rest", "more", { to: 9 }),
        node("If", "more", "y", {
          then_branch: graph({ nodes: [node("Relu", "x", "r")], outputs: "r" }),
          else_branch,
        }),
      ],
      { inputs: [value("x", ["n"])], constants: { two: { ...integers(2), shape: [] } } },
    );
    const made = new Model(importModel(proto), MODULE);
    expect([...made.runSync({ x })["y"].data]).toEqual([3, 6]);
    expect([...made.runSync({ x: floats([3], 1, -2, 3) })["y"].data]).toEqual([1, 0, 3]);
  });

  it("passes constants and outer values on, twice if asked, and nests", () => {
    const inner = graph({ nodes: [node("Add", "v x", "v2")], outputs: "v2" });
    const branch = graph({
      nodes: [node("Relu", "x", "v"), node("If", "yes", "u", { then_branch: inner, else_branch })],
      outputs: "u x k u",
      constants: { k: floats([1], 7) },
    });
    const proto = outer([node("If", "yes", "a b c d", { then_branch: branch, else_branch: branch })], {
      outputs: "a b c d",
      constants: { yes: truth(true) },
    });
    expect(run(proto, { x })).toEqual({ a: [2, 4], b: [1, 2], c: [7], d: [2, 4] });
  });

  it("needs nothing of the branch that is not taken", () => {
    const strange = graph({
      nodes: [node("LSTM", "x", "t"), node("Relu", "t", "r", {}, { domain: "odd" })],
      outputs: "r",
    });
    const proto = (yes: boolean) =>
      outer([node("If", "yes", "y", { then_branch, else_branch: strange })], { constants: { yes: truth(yes) } });
    expect(run(proto(true), { x })).toEqual({ y: [11, 22] });
    expect(() => run(proto(false), { x })).toThrow(
      'got\n  LSTM "y/t": operator is not supported\n  odd.Relu "y": operator is not supported',
    );
  });

  it("may take its condition from what is fed", () => {
    const proto = outer([node("If", "yes", "y", { then_branch, else_branch })], {
      inputs: [...X, { name: "yes", type: { tensorType: { elemType: 9, shape: { dim: [] } } } }],
    });
    const made = new Model(importModel(proto), MODULE);
    expect([...made.runSync({ x, yes: truth(true) })["y"].data]).toEqual([11, 22]);
    expect([...made.runSync({ x, yes: truth(false) })["y"].data]).toEqual([3, 6]);
  });

  it("may take it from data, and values from around it", () => {
    const outside = graph({ nodes: [node("Neg", "around", "r")], outputs: "r" });
    const nodes = [
      node("Relu", "x", "around"),
      node("ReduceMax", "x", "most", { keepdims: 0 }),
      node("Cast", "most", "yes", { to: 9 }),
      node("If", "yes", "y", { then_branch: outside, else_branch: graph({ outputs: "x", nodes: [] }) }),
    ];
    const proto = outer(nodes, { inputs: [value("x", [2])] });
    const made = new Model(importModel(proto), MODULE);
    for (const [values, want] of [
      [
        [3, -1],
        [-3, -0],
      ],
      [
        [0, -2],
        [0, -2],
      ],
      [
        [1, 2],
        [-1, -2],
      ],
    ]) {
      expect([...made.runSync({ x: floats([2], ...values) })["y"].data]).toEqual(want);
    }
  });
});

describe("unsupported branches", () => {
  it("name the items of the error", () => {
    try {
      importModel(outer([node("GRU", "x", "y", {}, { name: "g" })]));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedError);
      const reason = "operator is not supported (lanewise has no recurrent layers)";
      expect((error as UnsupportedError).items).toEqual([{ node: "g", operator: "GRU", reason }]);
    }
  });
});
