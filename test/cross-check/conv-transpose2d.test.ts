import { afterAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { compute } from "../ops/engines.ts";
import { convTranspose2d } from "../reference.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { agree, byModel, byOnnxRuntime, draws, oneNode } from "./onnx.ts";

const COUNT = draws(500);
const engine = await createEngine({ wasm: compileBuild("release") });
afterAll(() => engine.dispose());

/** A transposed convolution that ONNX can express, by explicit padding. */
function draw(random: Random) {
  const groups = random.pick([1, 1, 2, 3]);
  const two = (low: number, high: number) => [random.integer(low, high), random.integer(low, high)] as const;
  const [K, strides, dilations, size] = [two(1, 4), two(1, 4), two(1, 3), two(1, 7)];
  // onnxruntime wants an output padding less than the stride; here one less than the dilation will do, as in PyTorch.
  const outputPadding = strides.map((stride) => random.integer(0, stride - 1));
  const full = [0, 1].map(
    (axis) => (size[axis] - 1) * strides[axis] + dilations[axis] * (K[axis] - 1) + 1 + outputPadding[axis],
  );
  const ends = (axis: number) => {
    const before = Math.min(random.integer(0, 3), full[axis] - 1);
    return [before, Math.min(random.integer(0, 3), full[axis] - 1 - before)];
  };
  const padding = [...ends(0), ...ends(1)] as [number, number, number, number];
  return {
    ...{ N: random.integer(1, 2), IC: groups * random.integer(1, 5), OCG: random.integer(1, 6), groups, size },
    ...{ K, strides, dilations, padding, outputPadding: outputPadding as [number, number] },
    bias: random.integer(0, 1) === 1,
  };
}

test(
  `${COUNT} transposed convolutions agree with onnxruntime-web`,
  async () => {
    const random = new Random(500);
    for (let i = 0; i < COUNT; i++) {
      const c = draw(random);
      const { K, strides, dilations, padding, outputPadding, groups } = c;
      const x = random.tensor([c.N, c.IC, ...c.size]);
      const filter = random.tensor([c.IC, c.OCG, ...K]);
      const operands = c.bias ? [x, filter, random.tensor([c.OCG * groups])] : [x, filter];
      const [top, bottom, left, right] = padding;
      const pads = [top, left, bottom, right];
      const want = convTranspose2d(x, filter, {
        strides,
        dilations,
        padding: pads,
        outputPadding,
        groups,
        bias: operands[2],
      });
      const attributes = { kernel_shape: K, strides, dilations, pads, output_padding: outputPadding, group: groups };
      const model = oneNode("ConvTranspose", operands, attributes);
      const direct = compute(engine, operands, (image, f, bias) =>
        engine.convTranspose2d(image, f, { strides, dilations, padding, outputPadding, groups, bias }),
      );
      agree(c, want, {
        "onnxruntime-web": await byOnnxRuntime(model, operands),
        engine: { shape: direct.shape, data: direct.data as Float32Array },
        model: await byModel(model, operands),
      });
      expect(engine.memory.tensors).toBe(0);
    }
  },
  60 * COUNT + 60_000,
);
