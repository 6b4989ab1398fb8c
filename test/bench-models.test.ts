import { describe, expect, test } from "vitest";
import { layersAgree, modelsAgree } from "../bench/agree.ts";
import { GENERATED } from "../bench/models/index.ts";
import { readModel } from "../src/onnx/proto.ts";

/** Published sizes: parameters (batch normalisation's scale and shift included), channels that are normalised, and 10^9 multiply-adds. */
const PUBLISHED: Record<string, { parameters: number; normalised: number; separate: boolean; gmacs: string }> = {
  "SqueezeNet 1.1": { parameters: 1_235_496, normalised: 0, separate: false, gmacs: "0.35" },
  MobileNetV1: { parameters: 4_231_976, normalised: 10_944, separate: true, gmacs: "0.57" },
  MobileNetV2: { parameters: 3_504_872, normalised: 17_056, separate: false, gmacs: "0.30" },
  "ResNet-18": { parameters: 11_689_512, normalised: 4_800, separate: false, gmacs: "1.81" },
  "ResNet-50": { parameters: 25_557_032, normalised: 26_560, separate: true, gmacs: "4.09" },
  "EfficientNet-B0": { parameters: 5_288_548, normalised: 21_008, separate: false, gmacs: "0.39" },
};

describe.each(Object.entries(GENERATED))("%s", (name, generate) => {
  const { parameters, normalised, separate, gmacs } = PUBLISHED[name];

  test("has the size of the published network", () => {
    const model = generate(1);
    expect((model.macs / 1e9).toFixed(2)).toBe(gmacs);
    // A separate normalisation adds its mean and variance; a folded one leaves a bias where scale and shift were.
    expect(model.weights).toBe(parameters + (separate ? 2 : -1) * normalised);
    const { graph } = readModel(model.bytes);
    expect(graph.node.filter(({ opType }) => opType === "BatchNormalization").length > 0).toBe(separate);
    const elements = graph.initializer.filter(({ dims }) => dims.length > 0).map(({ rawData }) => rawData!.length / 4);
    expect(elements.reduce((a, b) => a + b, 0)).toBe(model.weights);
  });
});

test("the seed decides the bytes", () => {
  const make = GENERATED["SqueezeNet 1.1"];
  const first = Buffer.from(make(1).bytes);
  expect(first.equals(make(1).bytes)).toBe(true);
  expect(first.equals(make(2).bytes)).toBe(false);
});

describe("what agrees", () => {
  const ones = Float32Array.of(1, 1);

  test("layers: up to 2 (terms + 1) 2^-24 of the magnitude", () => {
    const near = Float32Array.of(1, 1 + 19 * 2 ** -23);
    expect(layersAgree(near, ones, ones, 19)).toBeUndefined();
    expect(layersAgree(near, ones, ones, 17)).toMatch(/^1\.0000\d+ and 1 at 1, bound/);
    expect(layersAgree(Float32Array.of(1, Number.NaN), ones, ones, 1000)).toMatch("NaN and 1 at 1");
    expect(layersAgree(Float32Array.of(1), ones, ones, 9)).toBe("1 values and 2");
  });

  test("models: up to 1e-4 of the greatest output, and no output may be empty of meaning", () => {
    const want = { y: Float32Array.of(0, -10) };
    expect(modelsAgree({ y: Float32Array.of(0.0009, -10) }, want)).toBeUndefined();
    expect(modelsAgree({ y: Float32Array.of(0.0011, -10) }, want)).toMatch(/^"y": 0\.001\d+ and 0 at 0, bound/);
    expect(modelsAgree({ y: Float32Array.of(Number.NaN, -10) }, want)).toMatch("NaN and 0 at 0");
    expect(modelsAgree({}, want)).toBe('"y": nothing and 2 values');
    expect(modelsAgree({}, {})).toBe("no outputs");
    for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const useless = { y: Float32Array.of(value, value) };
      expect(modelsAgree(useless, useless)).toBe('"y": nothing but zeros, or values that are not finite');
    }
  });
});
