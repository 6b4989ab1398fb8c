// What publint and "are the types wrong" say of the packed package, and a strict program that uses its types.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./process.ts";
import { APP, tool } from "./project.ts";
import type { Tally } from "./tally.ts";

const PROGRAM = `import { createEngine, type HostTensor, loadModel, type Model, ShapeError, type Tensor } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import wasm from "lanewise/lanewise.wasm";
import relaxed from "lanewise/lanewise-relaxed.wasm";
import { conv2d, dense, evaluate, flatten, type Network, network, type Summary, sgd, train } from "lanewise/nn";

export async function read(bytes: Uint8Array, picture: ImageData): Promise<string> {
  using model: Model = await loadModel(bytes, { wasm });
  const outputs: Record<string, HostTensor> = await model.run({ image: fromPixels(picture, { size: [28, 28] }) });
  return topK(outputs["scores"]!.data, 1).map((each) => each.class.toFixed(0)).join();
}

export async function host(file: URL, bytes: Uint8Array, response: Response): Promise<void> {
  for (const each of [wasm, relaxed, bytes, response, file]) (await createEngine({ wasm: each })).dispose();
}

export async function learn(data: Float32Array, labels: Uint8Array): Promise<[Summary, number, Uint8Array]> {
  const net: Network = network({ input: [1, 8, 8] }, [conv2d(4, 3, { activation: "relu" }), flatten(), dense(2)]);
  await train(net, { data, labels, epochs: 2, optimiser: sgd({ rate: 0.1 }), wasm });
  const { loss } = await evaluate(net, { data, labels });
  // @ts-expect-error: there is no such activation.
  conv2d(4, 3, { activation: "rely" });
  return [net.summary(), loss, net.toOnnx()];
}

export async function blur(image: Float32Array, height: number, width: number): Promise<Float32Array> {
  using engine = await createEngine();
  const x: Tensor = engine.tensor(image, [1, 1, height, width]);
  const y = engine.averagePool2d(x, { windowDimensions: 3, padding: 1 });
  if (y.shape[2] !== height) throw new ShapeError("blur");
  // @ts-expect-error: the shape of a result cannot be changed.
  y.shape = [1];
  return y.data as Float32Array;
}
`;

export async function testPackage(tally: Tally, file: string): Promise<void> {
  await tally.test("package: publint", async () => {
    await run(process.execPath, [tool(".bin/publint"), "run", file, "--strict"]);
    return "";
  });
  await tally.test("package: are the types wrong", async () => {
    const options = ["--profile", "esm-only", "--exclude-entrypoints", "./digits.onnx", "--no-emoji"];
    await run(process.execPath, [tool(".bin/attw"), file, ...options]);
    return "";
  });
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    await tally.test(`package: types, module resolution ${resolution}`, async () => {
      writeFileSync(join(APP, "types.ts"), PROGRAM);
      const strict = [
        "--ignoreConfig",
        "--strict",
        "--noEmit",
        "--skipLibCheck",
        "false",
        "--exactOptionalPropertyTypes",
      ];
      const target = ["--target", "es2022", "--lib", "es2022,dom", "--types", ""];
      const kind = ["--module", module, "--moduleResolution", resolution];
      await run(process.execPath, [tool("typescript/bin/tsc"), ...strict, ...target, ...kind, "types.ts"], {
        cwd: APP,
      });
      return "";
    });
  }
}
