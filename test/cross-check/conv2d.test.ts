import { afterAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine.ts";
import { sidesOf } from "../ops/convolutions.ts";
import { compute } from "../ops/engines.ts";
import { conv2d } from "../reference.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import { agree, byModel, byOnnxRuntime, draws, oneNode } from "./onnx.ts";

const COUNT = draws(2000);
const engine = await createEngine({ wasm: compileBuild("release") });
afterAll(() => engine.dispose());

/** A convolution that ONNX can express, with all of its options. */
function draw(random: Random) {
  const groups = random.pick([1, 1, 1, 2, 3]);
  const depthwise = random.integer(0, 4) === 0;
  const C = random.integer(1, depthwise ? 9 : 6);
  const IC = depthwise ? C : C * groups;
  const OC = depthwise ? IC * random.integer(1, 3) : random.integer(1, 7) * groups;
  const K = [random.integer(1, 4), random.integer(1, 4)] as const;
  const rule = random.pick([undefined, undefined, undefined, "same", "same-lower", "valid"] as const);
  // With SAME_UPPER and SAME_LOWER onnxruntime refuses dilations, and where a stride is larger than the window it crops the image
  // (its padding turns negative); here, as in TensorFlow, it is 0 then.
  const same = rule?.startsWith("same");
  const dilations = [random.integer(1, same ? 1 : 3), random.integer(1, same ? 1 : 3)] as const;
  const strides = [random.integer(1, same ? K[0] : 4), random.integer(1, same ? K[1] : 4)] as const;
  const side = () => random.integer(0, 4);
  const padding = rule ?? ([side(), side(), side(), side()] as const);
  const reach = (axis: 0 | 1) => dilations[axis] * (K[axis] - 1) + 1;
  const pads = typeof padding === "string" ? [0, 0, 0, 0] : padding;
  const least = [reach(0) - pads[0] - pads[1], reach(1) - pads[2] - pads[3]];
  const H = Math.max(random.integer(1, 9), least[0]);
  const W = Math.max(random.integer(1, 9), least[1]);
  const bias = random.integer(0, 1) === 1;
  return {
    N: random.integer(1, 2),
    IC,
    OC,
    H,
    W,
    K,
    strides,
    dilations,
    padding,
    groups: depthwise ? IC : groups,
    bias,
  };
}

const AUTO_PAD = { same: "SAME_UPPER", "same-lower": "SAME_LOWER", valid: "VALID" };

test(
  `${COUNT} convolutions agree with onnxruntime-web`,
  async () => {
    const random = new Random(2000);
    for (let i = 0; i < COUNT; i++) {
      const c = draw(random);
      const { strides, dilations, padding, groups } = c;
      const x = random.tensor([c.N, c.IC, c.H, c.W]);
      const filter = random.tensor([c.OC, c.IC / groups, ...c.K]);
      const operands = c.bias ? [x, filter, random.tensor([c.OC])] : [x, filter];
      const [top, bottom, left, right] = sidesOf(c);
      const want = conv2d(x, filter, {
        strides,
        dilations,
        groups,
        padding: [top, left, bottom, right],
        bias: operands[2],
      });
      const where =
        typeof padding === "string" ? { auto_pad: AUTO_PAD[padding] } : { pads: [top, left, bottom, right] };
      const model = oneNode("Conv", operands, { kernel_shape: c.K, strides, dilations, group: groups, ...where });
      const direct = compute(engine, operands, (image, f, bias) =>
        engine.conv2d(image, f, { strides, dilations, padding, groups, bias, numerics: "direct" }),
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
