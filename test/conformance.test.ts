import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { HostTensor } from "../src/dtype.ts";
import { encodeTensor } from "../src/onnx/tensor.ts";
import { writeModel, writeTensorProto } from "../src/onnx/write.ts";
import { compare, findCases, runCase } from "./conformance.ts";
import { compileBuild } from "./support/builds.ts";
import { describeShared } from "./support/fixtures.ts";

const MODULE = compileBuild("release");

describeShared("the ONNX project's backend cases", "conformance", (folder) => {
  // How many pass at least: refusals are no failures, but must not grow unseen.
  const suites = [
    ["onnx-node", 504],
    ["onnx-pytorch-operator", 35],
    ["onnx-simple", 7],
  ] as const;
  it.each(suites)("%s: none fails, at least %i pass", (suite, least) => {
    const cases = findCases(join(folder, suite));
    const verdicts = cases.map((each) => ({ name: each.name, ...runCase(each, MODULE) }));
    const failed = verdicts.filter(({ result }) => result === "failed");
    expect(failed.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([]);
    expect(verdicts.filter(({ result }) => result === "passed").length).toBeGreaterThanOrEqual(least);
  });
});

const float = (shape: number[], ...data: number[]): HostTensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(data),
});

describe("comparing with what a case wants", () => {
  const want = float([3], 1, -1000, 0);
  it("allows a thousandth of the value and 1e-7", () => {
    expect(compare(float([3], 1.0009, -1000.9, 9e-8), want)).toBeUndefined();
    expect(compare(float([3], 1, -1000, 2e-7), want)).toMatch(/^1 of 3 elements differ: element 2 expected 0, got 2/);
    expect(compare(float([3], 1.002, -1002, 0), want)).toMatch(
      /^2 of 3 elements differ: element 0 expected 1, got 1.00/,
    );
  });
  it("takes NaN for NaN and infinities only for themselves", () => {
    const special = float([3], Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect(compare(special, special)).toBeUndefined();
    for (const [i, other] of [0, 3e38, Number.POSITIVE_INFINITY].entries()) {
      const got = float([3], ...(special.data as Float32Array));
      got.data[i] = other;
      expect(compare(got, special)).toMatch(`1 of 3 elements differ: element ${i} expected ${special.data[i]}`);
    }
    expect(compare(float([3], Number.NaN, -1000, 0), want)).toBe(
      "1 of 3 elements differ: element 0 expected 1, got NaN",
    );
  });
  it("wants the same type and shape, and integers exactly", () => {
    expect(compare(float([1, 3], 1, -1000, 0), want)).toBe("expected shape [3], got [1, 3]");
    expect(compare({ ...want, type: "int32", data: Int32Array.of(1, -1000, 0) }, want)).toBe(
      "expected float32, got int32",
    );
    const longs = (last: bigint): HostTensor => ({ type: "int64", shape: [2], data: BigInt64Array.of(1n, last) });
    expect(compare(longs(2n ** 60n), longs(2n ** 60n))).toBeUndefined();
    expect(compare(longs(2n ** 60n + 1n), longs(2n ** 60n))).toMatch("1 of 2 elements differ: element 1");
  });
  it("reads half floats as numbers", () => {
    const half = (...bits: number[]): HostTensor => ({ type: "float16", shape: [1], data: Uint16Array.from(bits) });
    expect(compare(half(0x3c01), half(0x3c00))).toBeUndefined();
    expect(compare(half(0x3c02), half(0x3c00))).toMatch("element 0 expected 1, got 1.001953125");
  });
});

describe("running a case", () => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A case of one node on two inputs. */
  function makeCase(name: string, opType: string, want: HostTensor, path = name) {
    const set = join(folder, path, "test_data_set_0");
    mkdirSync(set, { recursive: true });
    const info = (value: string) => ({
      name: value,
      type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: "n" }] } } },
    });
    const node = { input: ["a", "b"], output: ["y"], name: "it", opType, domain: "", attribute: [] };
    const graph = {
      name,
      node: [node],
      initializer: [],
      input: [info("a"), info("b")],
      output: [info("y")],
      valueInfo: [],
    };
    const model = { irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph, functions: [] };
    writeFileSync(join(folder, path, "model.onnx"), writeModel(model));
    writeFileSync(join(set, "input_0.pb"), writeTensorProto(encodeTensor(float([2], 1, 2), "a")));
    writeFileSync(join(set, "input_1.pb"), writeTensorProto(encodeTensor(float([2], 10, 20), "b")));
    writeFileSync(join(set, "output_0.pb"), writeTensorProto(encodeTensor(want, "y")));
  }
  makeCase("right", "Add", float([2], 11, 22), "nested/right");
  makeCase("wrong", "Add", float([2], 11, 23));
  makeCase("strange", "NoSuchOperator", float([2], 11, 22));

  it("passes, fails with the difference, or is refused with the operator", () => {
    const verdicts = findCases(folder).map((each) => [each.name, runCase(each, MODULE)] as const);
    expect(Object.fromEntries(verdicts)).toEqual({
      "nested/right": { result: "passed", reason: "" },
      wrong: {
        result: "failed",
        reason: 'weights fed: output "y": 1 of 2 elements differ: element 1 expected 23, got 22',
      },
      strange: {
        result: "refused",
        reason: 'NoSuchOperator "it": operator is not supported (docs/operators.md lists those that are)',
        items: [
          {
            node: "it",
            operator: "NoSuchOperator",
            reason: "operator is not supported (docs/operators.md lists those that are)",
          },
        ],
      },
    });
  });
});
