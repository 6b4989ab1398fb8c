// What publint and "are the types wrong" say of the packed package, and a strict program that uses its types.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./process.ts";
import { APP, tool } from "./project.ts";
import type { Tally } from "./tally.ts";

const PROGRAM = `import { createEngine, type HostTensor, loadModel, type Model, ShapeError, type Tensor } from "lanewise";
import { fromPixels, topK } from "lanewise/image";
import wasm from "lanewise/lanewise.wasm";

export async function read(bytes: Uint8Array, picture: ImageData): Promise<string> {
  using model: Model = await loadModel(bytes, { wasm });
  const outputs: Record<string, HostTensor> = await model.run({ image: fromPixels(picture, { size: [28, 28] }) });
  return topK(outputs["scores"]!.data, 1).map((each) => each.class.toFixed(0)).join();
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
