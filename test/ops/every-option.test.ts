// Every option of every operator refuses what it is not made for, in words.
import { afterAll, describe, expect, test } from "vitest";
import { OPERATORS } from "../../src/ops/index.ts";
import { engineOf, errorOf } from "./engines.ts";
import { type Name, SAMPLES, type Size, upload } from "./samples.ts";

const engine = await engineOf("release");
afterAll(() => engine.dispose());

const NAMES = Object.keys(SAMPLES) as Name[];
const SIZE: Size = [2, 5, 3];

function errorWith(name: Name, more: object): ReturnType<typeof errorOf> | undefined {
  return engine.scope(() => {
    const operands = SAMPLES[name].operands(...SIZE).map((each) => upload(engine, each));
    try {
      return errorOf(() => SAMPLES[name].run(engine, operands, SIZE, more));
    } catch {
      return undefined;
    }
  });
}

/** The options that an operator names where it is given another one; undefined if it has none. */
function optionsOf(name: Name): readonly string[] | undefined {
  const message = errorWith(name, { nonsense: 1 })?.message;
  const list = /^(\w+): option expected (.+), got nonsense$/.exec(message ?? "");
  return list?.[1] === name ? list[2].split(", ") : undefined;
}

const ACTIVATIONS =
  "relu, relu6, clamp, linear, leakyRelu, thresholdedRelu, elu, selu, celu, gelu, sigmoid, hardSigmoid, hardSwish, silu, mish, " +
  "softplus, softsign, tanh, erf, exp, log";
const PAIR = "a pair [height, width] of such";
const BOOLEANS =
  "aTranspose antialias bTranspose centerPointBox countIncludePad excludeOutside keepDimensions largest selectLastIndex";
const TENSORS = "bias c depthwiseBias residual scale";

type Row = readonly [wrong: unknown, wanted: string, kind?: "ShapeError" | undefined, got?: string];

/** What is refused, and what is wanted instead; the first word that fits counts: operator and option, or option. */
const ROWS: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(BOOLEANS.split(" ").map((option) => [option, ["no", "true or false"] as const])),
  "localResponseNormalization bias": [Number.NaN, "a number"],
  ...Object.fromEntries(TENSORS.split(" ").map((option) => [option, [0, "a Tensor"] as const])),
  activation: ["rely", ACTIVATIONS],
  depthwiseActivation: ["rely", ACTIVATIONS],
  "celu alpha": [0, "a number above 0"],
  alpha: [Number.NaN, "a number"],
  approximate: ["erf", '"none" or "tanh"'],
  axes: [[4], "an axis of rank 4", "ShapeError", "4"],
  axis: [4, "an axis of shape [2, 3, 5, 3]", "ShapeError"],
  beta: ["1", "a number"],
  coordinates: ["half", '"half-pixel", "half-pixel-symmetric", "pytorch-half-pixel", "align-corners" or "asymmetric"'],
  cubicCoefficient: [Number.NaN, "a number"],
  "conv1d dilations": [[1, 1], "an integer >= 1"],
  "maxPool1d dilations": [0, "an integer >= 1"],
  "averagePool1d dilations": [0, "an integer >= 1"],
  dilations: [0, `an integer >= 1 or ${PAIR}`],
  epsilon: [-1, "a number of at least 0"],
  "conv1d filterLayout": ["oihw", "oik, kio, oki, iko"],
  "convTranspose2d filterLayout": ["hwio", "iohw, hwoi, ohwi, oihw"],
  "depthwiseConv2d filterLayout": ["oik", "oihw, hwio, ohwi, ihwo, hwcm"],
  filterLayout: ["hwcm", "oihw, hwio, ohwi, ihwo"],
  depthwiseFilterLayout: ["oik", "oihw, hwio, ohwi, ihwo, hwcm"],
  pointwiseFilterLayout: ["hwcm", "oihw, hwio, ohwi, ihwo"],
  gamma: ["1", "a number"],
  groups: [3, "a divisor of the 4 input channels"],
  "conv1d inputLayout": ["nchw", '"ncl" or "nlc"'],
  "maxPool1d inputLayout": ["nchw", '"ncl" or "nlc"'],
  "averagePool1d inputLayout": ["nchw", '"ncl" or "nlc"'],
  inputLayout: ["nwhc", '"nchw" or "nhwc"'],
  iouThreshold: [1.5, "0 to 1"],
  maxOutputBoxesPerClass: ["3", "a number >= 0"],
  maxValue: [Number.NaN, "a number"],
  minValue: [null, "a number"],
  "pad mode": ["mirror", '"constant", "reflection", "reflect", "edge", "replicate", "wrap" or "circular"'],
  mode: ["bilinear", '"nearest-neighbor", "linear" or "cubic"'],
  numerics: ["fast", '"default" or "direct"'],
  order: ["RCD", '"DCR" or "CRD"'],
  outputPadding: [2, "at most [1, 1]", undefined, "[2, 2]"],
  "convTranspose2d outputSizes": [[9, 6], "[10, 6] to [11, 7]"],
  outputSizes: [0, `an integer >= 1 or ${PAIR}`],
  outputShapeRounding: ["up", '"floor" or "ceil"'],
  "conv1d padding": [[1, 1, 1], 'an integer >= 0, [begin, end], "same", "same-lower" or "valid"'],
  "maxPool1d padding": [-1, 'an integer >= 0, [begin, end], "same", "same-lower" or "valid"'],
  "averagePool1d padding": ["full", 'an integer >= 0, [begin, end], "same", "same-lower" or "valid"'],
  padding: [
    [1, 2, 3],
    'an integer >= 0, [vertical, horizontal], [top, bottom, left, right], "same", "same-lower" or "valid"',
  ],
  paddingMode: ["mirror", "zeros, reflect, replicate, circular"],
  permutation: [[0, 1, 1, 3], "each of 0 to 3 once"],
  rounding: ["up", '"round-prefer-floor", "round-prefer-ceil", "floor" or "ceil"'],
  scales: [0, `a number > 0 or ${PAIR}`],
  scoreThreshold: [Number.NaN, "a number"],
  sizes: [3, "either sizes or scales", undefined, "both"],
  "slice strides": [[1, 1, 0, 1], "no 0"],
  "conv1d strides": [1.5, "an integer >= 1"],
  "maxPool1d strides": [0, "an integer >= 1"],
  "averagePool1d strides": [[1, 2], "an integer >= 1"],
  strides: [[1, 2, 3], `an integer >= 1 or ${PAIR}`],
  value: ["0", "a number"],
  "maxPool1d windowDimensions": [[3, 3], "an integer >= 1"],
  "averagePool1d windowDimensions": [0, "an integer >= 1"],
  windowDimensions: [0, `an integer >= 1 or ${PAIR}`],
};

/** What messages call an option, where it is not by its name. */
const CALLED: Readonly<Record<string, string>> = { axes: "axis", sizes: "options" };

function describeValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

const WITH_OPTIONS = NAMES.map((name) => ({ name, options: optionsOf(name) ?? [] })).filter(
  ({ options }) => options.length > 0,
);

test("an operator that takes options refuses unknown ones by naming the known", () => {
  // The parameters of a function stand before its first brace.
  const takesOptions = (name: Name) => String(OPERATORS[name]).split("{")[0].includes("options");
  expect(WITH_OPTIONS.map(({ name }) => name)).toEqual(NAMES.filter(takesOptions));
  expect(WITH_OPTIONS.length).toBeGreaterThan(50);
});

describe.each(WITH_OPTIONS)("$name", ({ name, options }) => {
  test.each(options)("refuses a wrong %s", (option) => {
    const row = ROWS[`${name} ${option}`] ?? ROWS[option];
    const [wrong, wanted, kind = "ArgumentError", got = describeValue(wrong)] = row;
    expect(errorWith(name, { [option]: wrong })).toEqual({
      ...{ name: kind, code: kind === "ShapeError" ? "shape" : "argument" },
      message: `${name}: ${CALLED[option] ?? option} expected ${wanted}, got ${got}`,
    });
  });
});
