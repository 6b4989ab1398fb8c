// What a model needs beyond the core is loaded with it, and nothing else. Each test starts from modules that nothing was loaded into.
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RuntimeError } from "../src/errors.ts";
import { OnDemand } from "../src/on-demand.ts";
import { type ModelProto, readModel, readTensorProto } from "../src/onnx/proto.ts";
import { decodeTensor } from "../src/onnx/tensor.ts";
import { writeModel } from "../src/onnx/write.ts";
import { findCases } from "./conformance.ts";
import { compileBuild } from "./support/builds.ts";
import { describeShared, readBytes } from "./support/fixtures.ts";
import { floats, graph, model, modelFunction, node, truth, value } from "./support/onnx-model.ts";

const wasm = compileBuild("release");

/** Modules of their own for this test. */
async function fresh() {
  const registry = await import("../src/graph/operators/index.ts");
  const { FUNCTIONS, REFUSALS } = await import("../src/onnx/needs.ts");
  const { OLD_FORMS } = await import("../src/onnx/upgrade.ts");
  const { loadModel } = await import("../src/onnx/load.ts");
  const isLoaded = (part: { loaded: unknown }): boolean => {
    try {
      return part.loaded !== undefined;
    } catch {
      return false;
    }
  };
  const { MORE, RARE_FORMS } = registry;
  const parts = { MORE, FUNCTIONS, REFUSALS, OLD_FORMS, RARE_FORMS };
  const inMore = new Set(Object.keys((await import("../src/graph/more.ts")).OPERATORS));
  return {
    ...registry,
    load: (proto: ModelProto) => loadModel(writeModel(proto), { wasm }),
    loadBytes: (bytes: Uint8Array) => loadModel(bytes, { wasm }),
    /** Names of rare operators and of parts that are there; operators of `MORE` are told as that. */
    loaded: (core: ReadonlySet<string>) => [
      ...registry.operatorNames().filter((name) => !core.has(name) && !inMore.has(name) && registry.findOperator(name)),
      ...Object.entries(parts).flatMap(([name, part]) => (isLoaded(part) ? [name] : [])),
    ],
    core: new Set(registry.operatorNames().filter((name) => registry.findOperator(name))),
  };
}

beforeEach(() => {
  vi.resetModules();
});

const x = value("x", [2]);
const outer = (...nodes: Parameters<typeof model>[0]["nodes"]) => model({ inputs: [x], outputs: "y", nodes });

describe("loading a model", () => {
  it("loads no rare operator for a network of common ones", async () => {
    const { load, loaded, core } = await fresh();
    await load(outer(node("Relu", "x", "a"), node("Add", "a x", "y")));
    expect(loaded(core)).toEqual([]);
  });

  it("loads what stages need where shapes depend on values, or may", async () => {
    const { load } = await fresh();
    const { STAGES } = await import("../src/graph/stage.ts");
    await load(outer(node("Relu", "x", "y")));
    await load(model({ inputs: [value("x", ["n", 3])], outputs: "y", nodes: [node("Relu", "x", "y")] }));
    expect(STAGES.available).toBeUndefined();
    const staged = await load(outer(node("NonZero", "x", "places"), node("Neg", "places", "y")));
    expect(STAGES.available).toBeDefined();
    expect(staged.runSync({ x: floats([2], 0, 3) })["y"].data).toEqual(BigInt64Array.of(-1n));
    vi.resetModules();
    const again = await fresh();
    const free = model({ inputs: [value("x", ["n"])], outputs: "y", nodes: [node("NonZero", "x", "y")] });
    expect((await again.load(free)).runSync({ x: floats([3], 0, 3, 1) })["y"].data).toEqual(BigInt64Array.of(1n, 2n));
  });

  it("loads the families of its operators, those in branches and functions included", async () => {
    const { load, loaded, core } = await fresh();
    const branch = graph({ nodes: [node("Trilu", "m", "z")], outputs: "z" });
    const called = modelFunction("Kept", "a", "b", [node("IsNaN", "a", "nan"), node("Not", "nan", "b")], { opset: 17 });
    const proto = model({
      inputs: [value("m", [2, 2])],
      outputs: "y k",
      constants: { yes: truth(true) },
      nodes: [
        node("If", "yes", "y", { then_branch: branch, else_branch: branch }),
        node("Kept", "m", "kept", {}, { domain: "own" }),
        node("Cast", "kept", "k", { to: 1 }),
      ],
      functions: [called],
    });
    const made = await load(proto);
    const got = made.runSync({ m: floats([2, 2], 1, 2, 3, Number.NaN) });
    expect([...(got["y"].data as Float32Array)]).toEqual([1, 2, 0, Number.NaN]);
    expect([...(got["k"].data as Float32Array)]).toEqual([1, 1, 1, 0]);
    expect(loaded(core)).toEqual(expect.arrayContaining(["FUNCTIONS", "If", "IsNaN", "Trilu"]));
    expect(loaded(core)).not.toContain("ConvTranspose");
  });

  it("loads old forms for old sets only", async () => {
    const sum = (opset: number) => ({
      ...outer(node("Add", "x x", "y")),
      opsetImport: [{ domain: "", version: opset }],
    });
    const newer = await fresh();
    await newer.load(sum(7));
    expect(newer.loaded(newer.core)).toEqual([]);
    await newer.load(sum(6));
    expect(newer.loaded(newer.core)).toEqual(["MORE", "OLD_FORMS"]);
  });

  it("loads what an operator that was renamed becomes", async () => {
    const { load, loaded, core } = await fresh();
    const constants = { i: { type: "int64", shape: [1], data: BigInt64Array.of(1n) } as const, u: floats([1], 7) };
    const proto = model({ inputs: [x], outputs: "y", constants, nodes: [node("Scatter", "x i u", "y")], opset: 9 });
    const got = (await load(proto)).runSync({ x: floats([2], 1, 2) });
    expect(got["y"].data).toEqual(Float32Array.of(1, 7));
    expect(loaded(core)).toEqual(["ScatterElements", "ScatterND", "MORE", "OLD_FORMS"]);
  });

  it.each([
    ["volumes that are fed", "GlobalAveragePool", {}, [1, 1, 2, 2, 2]],
    ["windows of three axes", "MaxPool", { kernel_shape: [2, 2, 2] }, undefined],
    ["filters for volumes", "Conv", {}, undefined],
    ["norms of other orders", "LpPool", { kernel_shape: [2, 2], p: 3 }, [1, 1, 4, 2]],
  ] as const)("loads rare forms of common operators: %s", async (_, op, attributes, shape) => {
    const { load, loaded, core } = await fresh();
    const constants = op === "Conv" ? { w: floats([1, 1, 2, 2, 2], ...new Array<number>(8).fill(1)) } : {};
    const proto = model({
      inputs: [value("x", shape)],
      outputs: "y",
      constants,
      nodes: [node(op, op === "Conv" ? "x w" : "x", "y", attributes)],
    });
    const made = await load(proto);
    expect(loaded(core)).toEqual(["MORE", "RARE_FORMS"]);
    const data = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const got = made.runSync({ x: { data, shape: shape ?? [1, 1, 2, 2, 2] } });
    const want = { GlobalAveragePool: 4.5, MaxPool: 8, Conv: 36, LpPool: (1 + 8 + 27 + 64) ** (1 / 3) };
    expect((got["y"].data as Float32Array)[0]).toBeCloseTo(want[op], 5);
  });

  it("explains operators that it does not have", async () => {
    const { load } = await fresh();
    await expect(load(outer(node("LSTM", "x", "y", {}, { name: "memory" })))).rejects.toThrow(
      'LSTM "memory": operator is not supported (lanewise has no recurrent layers)',
    );
  });
});

it("a part that cannot be loaded gives a RuntimeError, and may be loaded later", async () => {
  let tries = 0;
  const part = new OnDemand(async () => {
    if (tries++ === 0) throw new TypeError("Failed to fetch");
    return "here";
  });
  expect(() => part.loaded).toThrow(RuntimeError);
  await expect(part.load()).rejects.toThrow(RuntimeError);
  await expect(new OnDemand(() => Promise.reject(new TypeError("Failed to fetch"))).load()).rejects.toThrow(
    "lanewise: a part of it expected to load, got TypeError: Failed to fetch",
  );
  expect(await part.load()).toBe("here");
  expect(part.loaded).toBe("here");
});

it("every rare operator is in the family that is loaded for it, and no family has more", async () => {
  const { MORE, operatorNames, loadOperators, findOperator } = await fresh();
  await MORE.load();
  const names = operatorNames();
  for (const name of names) {
    await loadOperators([name]);
    expect(findOperator(name), name).toBeDefined();
  }
  expect(operatorNames()).toEqual(names);
});

describeShared("networks that need nothing rare", "models", (folder) => {
  const networks = ["squeezenet1.1", "mnist-8", "mnist-pytorch", "ultraface", "yolox-nano", "super-resolution"];
  it.each(networks)("%s", async (name) => {
    const { loadBytes, loaded, core } = await fresh();
    (await loadBytes(readBytes(join(folder, name, "model.onnx")))).dispose();
    expect(loaded(core)).toEqual(["MORE"]);
  });

  it.each(["light_resnet50", "light_shufflenet", "light_squeezenet"])("%s", async (name) => {
    const { loadBytes, loaded, core } = await fresh();
    (await loadBytes(readBytes(join(folder, "../conformance/onnx-light", `${name}.onnx`)))).dispose();
    expect(loaded(core)).toEqual(["MORE"]);
  });
});

describeShared("rare operators", "conformance/onnx-node", (folder) => {
  it("run when nothing else was loaded, whatever they expand to", async () => {
    const { MORE, operatorNames, core } = await fresh();
    await MORE.load();
    const rare = new Set(operatorNames().filter((name) => !core.has(name)));
    const seen = new Set<string>();
    for (const each of findCases(folder)) {
      const { node: nodes } = readModel(readBytes(each.model)).graph;
      const names = nodes.map(({ opType }) => opType).filter((name) => rare.has(name) && !seen.has(name));
      if (nodes.length > 1 || names.length === 0) continue;
      for (const name of names) seen.add(name);
      vi.resetModules();
      const { loadBytes } = await fresh();
      const tensors = each.sets[0].inputs.map((file) => decodeTensor(readTensorProto(readBytes(file))));
      const loaded = await loadBytes(readBytes(each.model));
      const results = loaded.runSync(Object.fromEntries(loaded.inputs.map(({ name }, i) => [name, tensors[i]])));
      expect(Object.keys(results).length, each.name).toBeGreaterThan(0);
    }
    expect(seen.size).toBeGreaterThan(20);
  });
});
