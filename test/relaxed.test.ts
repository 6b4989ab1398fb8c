import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadModel } from "../src/index.ts";

const digits = readFileSync(new URL("../models/digits.onnx", import.meta.url));
const supported = WebAssembly.validate(readFileSync(new URL("../build/relaxed.wasm", import.meta.url)));

/** Runs the digits model in a process that has relaxed SIMD, by default and relaxed. */
function inRelaxedProcess(): { notes: string[]; worst: number; differ: boolean } {
  const program = `
    import { readFileSync } from "node:fs";
    import { loadModel } from "./dist/index.js";
    const bytes = readFileSync("models/digits.onnx");
    const data = Float32Array.from({ length: 784 }, (_, i) => Math.fround((i * 7919) % 1000 / 1000));
    const run = async (numerics) => {
      const model = await loadModel(bytes, { numerics });
      return { notes: model.notes, scores: model.runSync({ image: { data, shape: [1, 1, 28, 28] } }).scores.data };
    };
    const [plain, relaxed] = [await run("default"), await run("relaxed")];
    const worst = Math.max(...relaxed.scores.map((score, i) => Math.abs(score - plain.scores[i])));
    console.log(JSON.stringify({ notes: relaxed.notes, worst, differ: worst > 0 }));
  `;
  const flags = supported ? [] : ["--experimental-wasm-relaxed-simd"];
  const args = [...flags, "--input-type=module", "--eval", program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", cwd: new URL("..", import.meta.url) }));
}

describe("relaxed numerics", () => {
  test("run the kernels with fused multiply-add where the runtime has it, to nearly the same scores", () => {
    const { notes, worst } = inRelaxedProcess();
    expect(notes).toEqual([]);
    expect(worst).toBeLessThan(1e-5);
  });

  test.skipIf(supported)("fall back to the default kernels with a note where it has not", async () => {
    const model = await loadModel(digits, { numerics: "relaxed" });
    expect(model.notes).toEqual([
      "numerics: relaxed SIMD is not to be had in this runtime, the default kernels run instead",
    ]);
  });

  test("leave nothing to say when they are not asked for", async () => {
    expect((await loadModel(digits)).notes).toEqual([]);
  });
});
