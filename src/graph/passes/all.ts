import { OnDemand } from "../../on-demand.ts";
import type { Draft } from "../draft.ts";
import { fuseActivations } from "./activation.ts";
import { foldAffine } from "./affine.ts";
import { foldAffineBefore } from "./affine-before.ts";
import { foldBatchNorm } from "./batch-norm.ts";
import { dropDeadNodes } from "./dead-code.ts";
import { permuteRows } from "./flatten.ts";
import { permuteColumns } from "./flatten-columns.ts";
import { dropIdentities } from "./identity.ts";
import { concatInPlace } from "./in-place.ts";
import type { Pass } from "./index.ts";
import { moveChannelsLast } from "./layout.ts";
import { absorbPads } from "./pad.ts";
import { recogniseFunctions } from "./recognise.ts";
import { joinReshapes } from "./reshape.ts";
import { fuseResiduals } from "./residual.ts";
import { sinkTransposes } from "./transpose.ts";

/** Passes that have something to do only in networks with stored integers; to be loaded for graphs with DequantizeLinear. */
export const QUANTIZE_PASSES = new OnDemand(async () => {
  const [{ computeInIntegers }, { fuseQuantization, fuseRounding }] = await Promise.all([
    import("./integer.ts"),
    import("./quantize.ts"),
  ]);
  return { computeInIntegers, fuseQuantization, fuseRounding };
});

/** A pass of theirs, for graphs with an operator `op`. */
function quantized(name: string, op: string, pass: keyof typeof QUANTIZE_PASSES.loaded): Pass {
  const isThere = ({ nodes }: Draft) => nodes.some((node) => node.op === op);
  return { name, run: (draft) => (isThere(draft) ? QUANTIZE_PASSES.loaded[pass](draft) : 0) };
}

/** What is done to networks that are not plain, in order. */
export const PASSES: readonly Pass[] = [
  { name: "drop identities", run: dropIdentities },
  quantized("compute in integers", "DequantizeLinear", "computeInIntegers"),
  quantized("round instead of storing", "DequantizeLinear", "fuseQuantization"),
  { name: "sink transposes", run: sinkTransposes },
  { name: "join reshapes", run: joinReshapes },
  { name: "drop reshapes to the same shape", run: dropIdentities },
  { name: "drop dead nodes", run: dropDeadNodes },
  { name: "recognise functions", run: recogniseFunctions },
  { name: "absorb pads", run: absorbPads },
  { name: "fold batch norms", run: foldBatchNorm },
  { name: "fold multiplications and additions", run: foldAffine },
  { name: "fold multiplications and additions before convolutions", run: foldAffineBefore },
  { name: "drop pieces", run: dropDeadNodes },
  { name: "fuse residuals", run: fuseResiduals },
  { name: "fuse activations", run: fuseActivations },
  quantized("fuse roundings", "lanewise.FakeQuantize", "fuseRounding"),
  { name: "channels last", run: moveChannelsLast },
  { name: "permute weights for flattened images", run: permuteRows },
  { name: "permute weights for images from products", run: permuteColumns },
  { name: "drop conversions", run: dropIdentities },
  { name: "drop what is left over", run: dropDeadNodes },
  { name: "concatenate in place", run: concatInPlace },
];
