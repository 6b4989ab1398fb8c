import { OnDemand } from "../../on-demand.ts";
import type { Family } from "./index.ts";

/** Families that few networks need, by the names of their operators. What they expand to is of the core, `MORE` or the same family. */
const FAMILIES: readonly (readonly [names: string, family: OnDemand<Family>])[] = [
  ["If", new OnDemand(async () => (await import("./branch.ts")).BRANCH)],
  ["NonMaxSuppression", new OnDemand(async () => (await import("./boxes.ts")).BOXES)],
  ["ConvTranspose", new OnDemand(async () => (await import("./conv-transpose.ts")).CONV_TRANSPOSE)],
  [
    "Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift",
    new OnDemand(async () => (await import("./compare.ts")).COMPARISON),
  ],
  [
    "GatherElements GatherND Compress",
    new OnDemand(async () => (await import("./gather-elements.ts")).GATHER_ELEMENTS),
  ],
  ["ScatterElements ScatterND", new OnDemand(async () => (await import("./scatter.ts")).SCATTER)],
  ["ArgMax ArgMin Hardmax", new OnDemand(async () => (await import("./greatest.ts")).GREATEST)],
  [
    "InstanceNormalization GroupNormalization LayerNormalization RMSNormalization MeanVarianceNormalization LpNormalization LRN",
    new OnDemand(async () => (await import("./normalisation.ts")).NORMALISATION),
  ],
  ["Where TopK OneHot NonZero", new OnDemand(async () => (await import("./selection.ts")).SELECTION)],
  [
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear lanewise.FakeQuantize ConvInteger QLinearConv MatMulInteger QLinearMatMul",
    new OnDemand(async () => (await import("./quantized.ts")).QUANTIZED),
  ],
  ["Range CumSum ReverseSequence Trilu EyeLike", new OnDemand(async () => (await import("./sequence.ts")).SEQUENCE)],
];

/** Those families by the name of an operator. */
export const RARE: ReadonlyMap<string, OnDemand<Family>> = new Map(
  FAMILIES.flatMap(([names, family]) => names.split(" ").map((name) => [name, family])),
);
