// What a start says where it cannot be, made in this runtime by taking things away from it. These cases come first, before a
// start succeeds and its compiled kernels are kept.
import { compiles, kernels, models } from "suite:inputs";
import { createEngine, loadModel } from "lanewise";
import { dense, network, train } from "lanewise/nn";
import { check, equal } from "./check.ts";
import { fails, replacing } from "./fails.ts";
import type { Cases } from "./suite.ts";

const WANTED = "lanewise: runtime expected to compile WebAssembly with SIMD, got";

const image = { data: new Float32Array(784), shape: [1, 1, 28, 28] };

/** Every way to start from bytes, the user's or those inside the JavaScript, fails with a text. */
async function nothingStarts(message: string | RegExp): Promise<void> {
  await fails(() => createEngine({ wasm: kernels }), "runtime", message);
  await fails(() => loadModel(models.digits, { wasm: kernels }), "runtime", message);
  if (!compiles) return;
  await fails(() => createEngine(), "runtime", message);
  await fails(() => loadModel(models.digits), "runtime", message);
  await fails(() => loadModel(models.digits, { numerics: "relaxed" }), "runtime", message);
  const net = network({ input: [2] }, [dense(1)]);
  await fails(() => train(net, { data: Float32Array.of(1, 2), labels: [0] }), "runtime", message);
}

/** `WebAssembly.compile` where the runtime refuses some bytes. */
function compileRefusing(refuses: (bytes: BufferSource) => boolean): (bytes: BufferSource) => Promise<unknown> {
  return async (bytes) => {
    if (refuses(bytes)) throw new WebAssembly.CompileError("not these");
    return {};
  };
}

/** After a start that failed. */
async function starts(): Promise<void> {
  const engine = await createEngine();
  equal(engine.tensor([1, 2, 3]).data[2], 3, "an element");
  engine.dispose();
}

export const startCases: Cases = {
  "no WebAssembly": async () => {
    await replacing(globalThis, "WebAssembly", undefined, async () => {
      await nothingStarts(`${WANTED} no WebAssembly: switch it on (Lockdown Mode and --jitless switch it off)`);
      await fails(() => createEngine(), "runtime", "lanewise: ");
    });
    return [];
  },
  "no SIMD": async () => {
    const compile = compileRefusing(({ byteLength }) => byteLength > 8);
    await replacing(WebAssembly, "compile", compile, () =>
      replacing(
        WebAssembly,
        "validate",
        () => false,
        () =>
          nothingStarts(/^lanewise: runtime .*, got no WebAssembly SIMD: Chrome 91, Firefox 89, Safari 16\.4, Node 16/),
      ),
    );
    return [];
  },
  "compiling forbidden": async () => {
    const text =
      /^lanewise: runtime expected .*, got CompileError: .*: allow "wasm-unsafe-eval" in .*Policy, or pass an imp/;
    if (compiles)
      await replacing(
        WebAssembly,
        "compile",
        compileRefusing(() => true),
        () => nothingStarts(text),
      );
    else await nothingStarts(text);
    return [];
  },
  "other bytes and other modules": async () => {
    if (compiles) {
      const text = "lanewise: wasm expected the bytes of lanewise/lanewise.wasm, got CompileError";
      await fails(() => createEngine({ wasm: kernels.subarray(0, 1000) }), "runtime", text);
      const empty = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
      const other = "lanewise: wasm expected to start as the kernels, got TypeError";
      await fails(() => createEngine({ wasm: empty }), "runtime", other);
    }
    await fails(
      () => createEngine({ wasm: "x" as never }),
      "argument",
      "lanewise: wasm expected a WebAssembly.Module, ",
    );
    return [];
  },
  "no memory to start with": async () => {
    await starts();
    const text = "lanewise: wasm expected to start as the kernels, got RangeError: Out of memory";
    class Instance {
      constructor() {
        throw new RangeError("Out of memory");
      }
    }
    await replacing(WebAssembly, "Instance", Instance, async () => {
      await fails(() => createEngine(), "memory-limit", text);
      await fails(() => loadModel(models.digits), "memory-limit", text);
    });
    return [];
  },
  "a start that failed, tried again": async () => {
    await starts();
    const model = await loadModel(models.digits);
    const { scores } = model.runSync({ image });
    model.dispose();
    return [{ data: scores.data as Float32Array, shape: scores.shape }];
  },
  "memory that does not grow": async () => {
    const engine = await createEngine();
    const remedy = "dispose of what is done with, give smaller inputs, or raise memoryLimit";
    const refused = `memory expected to grow to \\d+ bytes, the runtime refused: ${remedy}$`;
    const grow = () => {
      throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    };
    await replacing(WebAssembly.Memory.prototype, "grow", grow, async () => {
      const large = new Float32Array(1 << 18);
      await fails(() => engine.tensor(large), "memory-limit", new RegExp(`^tensor: ${refused}`));
      await fails(() => loadModel(models.resNet), "memory-limit", new RegExp(`^[a-z]\\w+: ${refused}`));
    });
    equal(engine.tensor([1, 2, 3]).data[2], 3, "an element");
    equal(engine.memory.tensors, 1, "tensors");
    engine.dispose();
    const limited = await createEngine({ memoryLimit: 1 << 20 });
    const text = "tensor: memory expected to stay within 1048576 bytes, needs ";
    await fails(() => limited.tensor(new Float32Array(1 << 18)), "memory-limit", text);
    limited.dispose();
    return [];
  },
  "relaxed numerics where they are not to be had": async () => {
    const model = await replacing(
      WebAssembly,
      "validate",
      () => false,
      () => loadModel(models.digits, { numerics: "relaxed" }),
    );
    check(
      model.notes.join() === "numerics: relaxed SIMD is not to be had in this runtime, the default kernels run instead",
      `notes expected to tell of relaxed SIMD, got ${model.notes}`,
    );
    const { scores } = model.runSync({ image });
    model.dispose();
    return [{ data: scores.data as Float32Array, shape: scores.shape }];
  },
  "a clock that stands still": async () => {
    const model = await loadModel(models.digits);
    const { outputs, notes } = await replacing(
      performance,
      "now",
      () => 7,
      () => model.profile({ image }),
    );
    model.dispose();
    equal(notes.length, 1, "notes");
    equal(notes[0], "profile: performance.now() stood still during the run, so the times say nothing", "note");
    return [{ data: outputs["scores"].data as Float32Array, shape: outputs["scores"].shape }];
  },
};
