// `lanewise run`, `compare` and `inspect --passes`, with the files they read and write.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../src/cli/npy.ts";
import type { DataType, HostTensor } from "../src/dtype.ts";
import { allocate } from "../src/dtype.ts";
import { encodeTensor } from "../src/onnx/tensor.ts";
import { writeModel, writeTensorProto } from "../src/onnx/write.ts";
import { describeShared } from "./support/fixtures.ts";
import { floats, model, node, value } from "./support/onnx-model.ts";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
let folder = "";
const file = (name: string) => join(folder, name);

const x = floats([1, 2, 2, 3], 1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12);
const relu = floats(x.shape, ...Array.from(x.data as Float32Array, (v) => Math.max(v, 0)));

function testSet(name: string, tensors: Record<string, [name: string, tensor: HostTensor]>): void {
  mkdirSync(file(name));
  for (const [stem, [tensorName, tensor]] of Object.entries(tensors)) {
    writeFileSync(file(`${name}/${stem}.pb`), writeTensorProto(encodeTensor(tensor, tensorName)));
  }
}

beforeAll(() => {
  if (!existsSync(main)) throw new Error("dist/cli/main.js is missing: run `npm run build` first");
  folder = mkdtempSync(join(tmpdir(), "lanewise-run-"));
  const one = model({ nodes: [node("Relu", "x", "y/1")], inputs: [value("x", [1, 2, 2, 3])], outputs: "y/1" });
  writeFileSync(file("relu.onnx"), writeModel(one));
  const two = model({
    nodes: [node("Sub", "a b", "less"), node("Concat", "a b", "both", { axis: 0 })],
    inputs: [value("a", [2]), value("b", [2])],
    outputs: "less both",
  });
  writeFileSync(file("two.onnx"), writeModel(two));
  writeFileSync(file("x.npy"), writeNpy(x));
  writeFileSync(file("x.pb"), writeTensorProto(encodeTensor(x, "x")));
  writeFileSync(file("a.pb"), writeTensorProto(encodeTensor(floats([2], 5, 6), "a")));
  writeFileSync(file("b.npy"), writeNpy(floats([2], 1, 3)));
  writeFileSync(
    file("doubles.npy"),
    writeNpy({ type: "float64", shape: x.shape, data: Float64Array.from(x.data as Float32Array) }),
  );
  writeFileSync(file("notes.txt"), "no tensor");
  testSet("good", { input_0: ["", x], output_0: ["", relu] });
  testSet("off", {
    input_0: ["", x],
    output_0: ["", floats(x.shape, ...Array.from(relu.data as Float32Array, (v, i) => v + (i === 10 ? 0.5 : 0)))],
  });
  testSet("shape", { input_0: ["", x], output_0: ["", { ...relu, shape: [12] }] });
  testSet("type", {
    input_0: ["", x],
    output_0: ["", { ...relu, type: "float64", data: Float64Array.from(relu.data as Float32Array) }],
  });
  testSet("swapped", {
    input_0: ["b", floats([2], 1, 3)],
    input_1: ["a", floats([2], 5, 6)],
    output_0: ["both", floats([4], 5, 6, 1, 3)],
    output_1: ["less", floats([2], 4, 3)],
  });
  testSet("nothing", { input_0: ["", x] });
  testSet("extra", { input_0: ["", x], input_1: ["", x], output_0: ["", relu] });
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("weights are read from files beside the model, and from nowhere else", () => {
  const made = (location: string) => {
    const proto = model({ nodes: [node("Add", "x w", "y")], inputs: [value("x", [1, 2, 2, 3])], outputs: "y" });
    const externalData = [{ key: "location", value: location }];
    proto.graph.initializer.push({ name: "w", dims: [1], dataType: 1, dataLocation: 1, externalData });
    return writeModel(proto);
  };
  mkdirSync(file("parts/weights"), { recursive: true });
  writeFileSync(file("parts/split.onnx"), made("weights/w.bin"));
  writeFileSync(file("parts/missing.onnx"), made("none.bin"));
  writeFileSync(file("parts/outside.onnx"), made("../secret.bin"));
  for (const path of ["parts/weights/w.bin", "secret.bin"])
    writeFileSync(file(path), new Uint8Array(Float32Array.of(100).buffer));
  const inputs = ["--input", `x=${file("x.npy")}`, "--output", file("parts/out")];
  expect(run("run", file("parts/split.onnx"), ...inputs).stderr).toBe("");
  const { data } = readNpy(readFileSync(file("parts/out/y.npy")), "y");
  expect([...(data as Float32Array)]).toEqual(Array.from(x.data as Float32Array, (v) => v + 100));
  expect(run("run", file("parts/missing.onnx"), ...inputs).stderr).toBe(
    `lanewise: ${file("parts/none.bin")}: weights expected the file that the model names, got no such file\n`,
  );
  expect(run("run", file("parts/outside.onnx"), ...inputs).stderr).toBe(
    'lanewise: tensor w: externalData expected the bytes of "../secret.bin", got none\n',
  );
});

test("models of float16 take float16 and float32 files, and their numbers are shown", () => {
  const proto = model({ nodes: [node("Neg", "x", "y")], inputs: [value("x", [2])], outputs: "y" });
  for (const { type } of [...proto.graph.input, ...proto.graph.output]) {
    if (type?.tensorType) type.tensorType.elemType = 10;
  }
  writeFileSync(file("half.onnx"), writeModel(proto));
  const bits = Uint16Array.of(0x3c01, 0xc100); // 1 + 2^-10, -2.5
  writeFileSync(file("half.npy"), writeNpy({ type: "float16", shape: [2], data: bits }));
  writeFileSync(file("single.npy"), writeNpy(floats([2], 1 + 2 ** -10 + 2 ** -13, -2.5)));
  for (const name of ["half.npy", "single.npy"]) {
    const { stdout } = run("run", file("half.onnx"), "--input", file(name), "--output", file("out16"), "--json");
    expect(JSON.parse(stdout).outputs).toMatchObject([{ type: "float16", least: -1 - 2 ** -10, largest: 2.5 }]);
    const written = readNpy(readFileSync(file("out16/y.npy")), "y");
    expect(written).toEqual({ type: "float16", shape: [2], data: Uint16Array.of(0xbc01, 0x4100) });
  }
});

describe("npy files", () => {
  const types: DataType[] = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
  ];
  test.each(types)("%s comes back", (type) => {
    const data = allocate(type, 6);
    for (let i = 0; i < 6; i++) data[i] = (type.endsWith("64") && type !== "float64" ? BigInt(i % 2) : i % 2) as never;
    for (const shape of [[2, 3], [6], [1, 6, 1]]) {
      expect(readNpy(writeNpy({ type, shape, data }), "f")).toEqual({ type, shape, data });
    }
  });

  test("scalars and empty tensors", () => {
    for (const tensor of [floats([], 7), floats([0, 4])]) expect(readNpy(writeNpy(tensor), "f")).toEqual(tensor);
  });

  test("the header is what NumPy writes: padded to 64 bytes", () => {
    const bytes = writeNpy(floats([3], 1, 2, 3));
    expect(bytes.length).toBe(128 + 12);
    const text = String.fromCharCode(...bytes.subarray(10, 128));
    expect(text).toBe(`${"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117)}\n`);
  });

  const made = (header: string, data: number[], version = 1) => {
    const text = Array.from(Buffer.from(header));
    const length = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
    return Uint8Array.from([0x93, ...Buffer.from("NUMPY"), version, 0, ...length, ...text, ...data]);
  };
  test("other byte orders, axis orders and versions", () => {
    const big = made("{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", [1, 2, 0, 255], 2);
    expect(readNpy(big, "f")).toEqual({ type: "int16", shape: [2], data: Int16Array.of(258, 255) });
    const columns = made("{'shape': (2, 3), 'fortran_order': True, 'descr': '|u1'}", [1, 4, 2, 5, 3, 6]);
    expect(readNpy(columns, "f").data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    const deep = made("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 1, 2)}", [0, 1, 2, 3]);
    expect(readNpy(deep, "f").data).toEqual(Int8Array.of(0, 2, 1, 3));
  });

  test("what is wrong is said", () => {
    const message = (bytes: Uint8Array) => {
      try {
        readNpy(bytes, "f.npy");
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("not refused");
    };
    expect(message(Uint8Array.of(1, 2))).toBe("f.npy: tensor expected an .npy file, got other data");
    expect(message(made("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", []))).toMatch(
      /^f.npy: element type expected b1, .*, got '<c8'$/,
    );
    expect(message(made("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", [0, 0, 0, 0]))).toBe(
      "f.npy: data expected 8 bytes for float32 [2], got 4",
    );
    expect(message(made("{'descr': '<f4'}", []))).toBe("f.npy: header expected a shape, got {'descr': '<f4'}");
  });
});

describe("run", () => {
  test("writes each output under its name, and lists them", () => {
    const { status, stdout, stderr } = run("run", file("relu.onnx"), "--input", file("x.npy"), "--output", file("out"));
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^output +type +shape +least +largest +mean$/m);
    expect(stdout).toMatch(/^y\/1 +float32 +\[1, 2, 2, 3\] +0 +11 +3 +\S+y_1\.npy$/m);
    expect(readNpy(readFileSync(file("out/y_1.npy")), "out")).toEqual(relu);
  });

  test("takes names from the option or the file; writes .pb", () => {
    const inputs = ["--input", file("a.pb"), "--input", `b=${file("b.npy")}`];
    const { status, stdout } = run(
      "run",
      file("two.onnx"),
      ...inputs,
      "--output",
      file("pb"),
      "--format",
      "pb",
      "--json",
    );
    expect(status).toBe(0);
    const { outputs } = JSON.parse(stdout);
    expect(outputs).toEqual([
      { name: "less", type: "float32", shape: [2], least: 3, largest: 4, mean: 3.5, file: file("pb/less.pb") },
      { name: "both", type: "float32", shape: [4], least: 1, largest: 6, mean: 3.75, file: file("pb/both.pb") },
    ]);
    expect(readdirSync(file("pb")).sort()).toEqual(["both.pb", "less.pb"]);
  });

  test("profiles", () => {
    const { stdout } = run("run", file("relu.onnx"), "--input", file("x.pb"), "--profile");
    expect(stdout).toMatch(/^total /m);
  });

  test.each([
    [["relu.onnx"], /^lanewise: run: input "x" expected float32 \[1, 2, 2, 3\], got none$/m],
    [["relu.onnx", "--input", "none.npy"], /none\.npy: tensor expected an \.npy or \.pb file, got no such file$/m],
    [["relu.onnx", "--input", "notes.txt"], /notes\.txt: tensor expected an \.npy or \.pb file, got /],
    [["relu.onnx", "--input", "doubles.npy"], /run: input "x" expected float32, got Float64Array of 12$/m],
    [["two.onnx", "--input", "b.npy"], /two\.onnx: --input expected NAME=FILE with a name of a, b, got /],
    [["two.onnx", "--input", "a.pb", "--input", "a.pb"], /two\.onnx: --input expected a once, got twice$/m],
  ])("%j is refused", (args, message) => {
    const { status, stdout, stderr } = run("run", ...args.map((arg) => (/\./.test(arg) ? file(arg) : arg)));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  });
});

describe("compare", () => {
  test("agrees", () => {
    const { status, stdout } = run("compare", file("relu.onnx"), "--against", file("good"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^test set +output +absolute +relative +worst at$/m);
    expect(stdout).toMatch(/^\S+good +y\/1 +0\.00e\+0 +0\.00e\+0 +agrees$/m);
  });

  test("tells where it does not, and exits with 1", () => {
    const { status, stdout } = run("compare", file("relu.onnx"), "--against", file("good"), file("off"));
    expect(status).toBe(1);
    expect(stdout).toMatch(/off +y\/1 +5\.00e-1 +4\.35e-2 +\[0, 1, 1, 1\]: got 11, want 11\.5 +1 of 12 beyond$/m);
    expect(stdout).toMatch(/good .* agrees$/m);
  });

  test("as far as is allowed", () => {
    expect(run("compare", file("relu.onnx"), "--against", file("off"), "--atol", "0.5").status).toBe(0);
    expect(run("compare", file("relu.onnx"), "--against", file("off"), "--rtol", "0.05").status).toBe(0);
    expect(run("compare", file("relu.onnx"), "--against", file("off"), "--rtol", "0.04").status).toBe(1);
    expect(run("compare", file("relu.onnx"), "--against", file("off"), "--rtol", "-1").status).toBe(2);
  });

  test("knows tensors by the names they hold; JSON", () => {
    const { status, stdout } = run("compare", file("two.onnx"), "--against", file("swapped"), "--json");
    expect(status).toBe(0);
    const { agrees, outputs } = JSON.parse(stdout);
    expect(agrees).toBe(true);
    expect(outputs.map(({ output }: { output: string }) => output)).toEqual(["both", "less"]);
    expect(outputs[0].difference).toMatchObject({ absolute: 0, relative: 0, beyond: 0, elements: 4 });
  });

  test.each([
    ["shape", /expected shape \[12\], got \[1, 2, 2, 3\]/],
    ["type", /expected type float64, got float32/],
  ])("another %s does not agree", (set, message) => {
    const { status, stdout } = run("compare", file("relu.onnx"), "--against", file(set));
    expect(status).toBe(1);
    expect(stdout).toMatch(message);
  });

  test.each([
    ["nothing", /nothing: test set expected output_0\.pb or \.npy files, got none$/m],
    ["extra", /extra: inputs expected 1 tensors \(x\), got 2$/m],
    ["none", /none: test set expected a folder with input_0, output_0, \.\.\., got no such folder$/m],
    ["x.npy", /x\.npy: test set expected a folder with input_0, output_0, \.\.\., got a file$/m],
  ])("%s is no test set", (set, message) => {
    const { status, stderr } = run("compare", file("relu.onnx"), "--against", file(set));
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describeShared("real models", "models/squeezenet1.1", (path) => {
  const modelFile = join(path, "model.onnx");
  test("compare takes several test sets", () => {
    const sets = [0, 1, 2].map((i) => join(path, `test_data_set_${i}`));
    const { status, stdout } = run("compare", modelFile, "--against", ...sets);
    expect(status).toBe(0);
    expect(stdout.match(/agrees$/gm)).toHaveLength(3);
  });

  test("inspect tells what the passes did and what memory is for", () => {
    const { stdout } = run("inspect", "--passes", modelFile);
    expect(stdout).toMatch(/^pass +changes +nodes after$/m);
    expect(stdout).toMatch(/^fuse activations +26 +\d+$/m);
    expect(stdout).toMatch(/^concatenate in place +16 +\d+$/m);
    expect(stdout).toMatch(/^ {2}the arena could be no smaller than \d.* MiB$/m);
    expect(stdout).toMatch(
      /^ {2}Winograd's method in 8 layers: \d+\.\d+ MiB of weights, 4\.\d times those of the file$/m,
    );
    const { passes } = JSON.parse(run("inspect", "--json", modelFile).stdout);
    expect(passes).toContainEqual({ name: "fuse activations", changes: 26, nodes: expect.any(Number) });
  });
});
