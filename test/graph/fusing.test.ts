// Residual sums and activations that go into the convolution or product before them.
import { describe, expect, test } from "vitest";
import { conv, expectSame, graphOf, type Line, nodesAfter, opsAfter, weights } from "./graphs.ts";

describe("residuals and activations", () => {
  const w = weights([4, 4, 3, 3]);
  test("the later of two convolutions adds the earlier one and applies what follows", () => {
    const lines = [conv("Conv x w -> a"), conv("Conv a w -> b"), "Add b a -> c", "Relu c -> y"];
    const graph = graphOf({ inputs: { x: [1, 4, 6, 6] }, lines, constants: { w } });
    const nodes = nodesAfter(graph);
    expect(nodes.map(({ op }) => op)).toEqual(["Transpose", "Conv", "Conv", "Transpose"]);
    expect(nodes[2].inputs[3]).toBe(nodes[1].outputs[0]);
    expectSame(graph);
  });

  test("a sum of two is an addition", () => {
    const graph = graphOf({
      inputs: { x: [1, 4, 6, 6] },
      lines: [conv("Conv x w -> a"), "Sum a x -> b", "Relu b -> y"],
      constants: { w },
    });
    expect(opsAfter(graph)).toEqual(["Transpose", "Conv", "Transpose"]);
    expectSame(graph);
  });

  test("not one that stretches, not a constant, not behind an activation or a depthwise convolution", () => {
    const cases: Line[][] = [
      [conv("Conv x w -> a"), "Add a k -> y"],
      [conv("Conv x w -> a"), "GlobalMaxPool a -> g", "Add a g -> y"],
      [conv("Conv x w -> a"), "Relu a -> b", "Add b x -> y"],
      [["Conv x d -> a", { group: 4, pads: [1, 1, 1, 1] }], "Add a x -> y"],
    ];
    for (const lines of cases) {
      const constants = { w, k: weights([1, 1, 6, 6]), d: weights([4, 1, 3, 3]) };
      const graph = graphOf({ inputs: { x: [1, 4, 6, 6] }, lines, constants });
      expect(opsAfter(graph)).toContain("Add");
      expectSame(graph);
    }
  });

  test.each(["Relu", "Sigmoid", "HardSwish", "LeakyRelu", "Exp"])(
    "%s goes into a convolution, a product and, if it clamps, a sum",
    (op) => {
      const constants = { w, v: weights([4, 5]) };
      const one = (line: Line, x: number[]) => graphOf({ inputs: { x }, lines: [line, `${op} a -> y`], constants });
      expect(opsAfter(one(conv("Conv x w -> a"), [1, 4, 6, 6]))).toEqual(["Transpose", "Conv", "Transpose"]);
      expect(opsAfter(one("MatMul x v -> a", [3, 4]))).toEqual(["MatMul"]);
      expect(opsAfter(one("Sub x x -> a", [3, 4]))).toEqual(op === "Relu" ? ["Sub"] : ["Sub", op]);
      expectSame(one(conv("Conv x w -> a"), [1, 4, 6, 6]));
      expectSame(one("MatMul x v -> a", [3, 4]));
      expectSame(one("Sub x x -> a", [3, 4]));
    },
  );
});
